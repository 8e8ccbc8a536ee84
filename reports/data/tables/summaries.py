"""The table `summaries`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select

from models.tables import PostPolarity, Summary
from reports.data import export_schema as schema
from reports.data.month_counts import read_sentences
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, fetch_of_jobs
from reports.data.selection import left_out
from reports.stats.intervals import mean_polarity, round_figure


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """The summary of each job and keyword."""

    run: schema.RunNumber
    job: schema.JobName
    keyword: schema.KeywordName
    summary: Annotated[str, "The sentences that say most."]
    polarity: Annotated[
        float | None,
        "Mean polarity of the sentences that mention the keyword, or of the job's posts; null "
        "where none is known.",
        schema.POLARITY,
    ]


def read_summaries(run: RunData, job_names: Collection[str] | None = None) -> Iterator[SummaryRow]:
    """Yield a row per job and keyword, with the mean polarity of its sentences or posts."""
    for batch in fetch_of_jobs(run, job_names, Summary.job_id, Summary.keyword, Summary.summary):
        summary_rows = []
        for job, keyword, summary in batch:
            polarity = round_figure(_mean_polarity(run, job, keyword))
            summary_rows.append(SummaryRow(run.id, job.name, keyword or None, summary, polarity))

        yield from SUMMARIES.sort(summary_rows)


def _mean_polarity(run: RunData, job: RunJob, keyword: str) -> float | None:
    if run.kind.has_mentions:
        return mean_polarity(read_sentences(run, job, keyword).values())

    post_polarities = select(PostPolarity.document_id, PostPolarity.polarity)
    without = left_out(run, job)
    polarities = []
    for document, polarity in fetch_all(
        run.db, post_polarities.where(PostPolarity.job_id == job.id)
    ):
        if document not in without:
            polarities.append(schema.valid_polarity(polarity))

    return mean_polarity(polarities)


SUMMARIES = schema.Table(
    "summaries", SummaryRow, read_summaries, schema.TEXT_RUNS, key=("job", "keyword")
)
