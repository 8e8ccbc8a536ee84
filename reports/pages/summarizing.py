"""Read what a report says of a run besides its results."""

from __future__ import annotations

from collections import Counter

from models.runs import get_run
from reports.data.archive_hash import hash_documents
from reports.data.run_command import submit_command
from reports.data.run_data import RunData
from reports.data.selection import count_without, left_out
from reports.data.sources_in_common import read_sources_in_common
from reports.data.tables.calls import read_calls
from reports.data.tables.coverage import count_steps
from reports.data.unread_documents import count_unread
from reports.figures.origin import is_made_up
from reports.pages.run_costs import describe_cost, describe_uncoded, read_models
from reports.pages.run_sources import (
    count_documents,
    count_sources,
    find_median_length,
    list_credits,
    read_imports,
)
from reports.pages.run_summary import RunSummary


def summarize_run(run: RunData) -> RunSummary:
    """Read what a report says of a run besides its results."""
    stored_run = run.db.fetch(get_run, run.id)

    sources, on_site, addressed, days = count_documents(run)
    total = sources.total()
    left_out_by_job = {}
    for job in run.jobs if run.selection else ():
        left_out_of_job = count_sources(run, left_out(run, job))
        left_out_by_job[job.name] = left_out_of_job.total()
        sources.subtract(left_out_of_job)

    unread_by_job = count_unread(run)

    synthetic = is_made_up(run)
    archive_hash = hash_documents(run)
    calls = list(read_calls(run))

    return RunSummary(
        **vars(run),
        state=stored_run.state,
        reason=stored_run.reason,
        ended_at=stored_run.ended_at,
        job_states=Counter(job.state for job in run.jobs),
        sources={source: documents for source, documents in sorted(sources.items()) if documents},
        credits=list_credits(sources, on_site, has_addresses=addressed > 0 or synthetic),
        synthetic=synthetic,
        first=min(days).date().isoformat() if days else None,
        last=max(days).date().isoformat() if days else None,
        median_words=find_median_length(run) if run.keywords else None,
        imports=read_imports(run, sources),
        calls=calls,
        models=read_models(run),
        cost=describe_cost(calls),
        uncoded=describe_uncoded(run),
        command=submit_command(
            run.parameters,
            [job.name for job in run.jobs],
            run.selection,
            grain=run.grain,
            grouping=run.grouping,
        ),
        without=count_without(run),
        left_out=total - sources.total(),
        archive_hash=archive_hash,
        steps=count_steps(run),
        common=[period for period in read_sources_in_common(run) if period.period is None],
        unread=sum(unread_by_job.values(), Counter()),
        unread_by_job=unread_by_job,
        left_out_by_job=left_out_by_job,
    )
