"""Where the numbers of runs come from: the line of small print in their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath

from sqlalchemy import ColumnElement, select

from analysis.kinds.kind import DocumentKind
from core.enums import DOCUMENTS
from models.tables import Document, JobStep
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, documents_condition, once_of_run
from reports.figures.panels import SEPARATOR
from reports.figures.sheet import cut
from sources.registry import source_label

# The sources' names, or the runs' numbers, are cut to this many characters, with "…" at the end.
LONGEST = 60
# A run's name is cut to this many characters.
LONGEST_NAME = LONGEST // 2

ON_EXAMPLE_SITE = Document.address.like("%://example.org/%")
_MARKED = Document.identity.like("%:made-up-%")


def describe_origin(runs: Sequence[RunData], job_name: str | None = None) -> str:
    """Return the sources of *runs*, the day as of which they were read, and which runs they are.

    The day is the last on which a job's documents were fixed, so that the line is the same
    whenever the report is made. A picture of one job has the day of that job: an update of a run
    does not change pictures of jobs that had nothing new.
    """
    labels = dict.fromkeys(label for run in runs for label in _source_labels(run))
    day = max(_as_of(run, job_name) for run in runs)
    source = f"Source: {cut(', '.join(labels), LONGEST)}"
    return SEPARATOR.join([source, f"as of {day}", f"Tidings, {_name_runs(runs)}"])


@once_of_run
def is_made_up(run: RunData) -> bool:
    """Return whether the run's texts are the demonstration's: see `sources.synthetic`.

    Every address is one of example.org, or none has one and they are marked.
    """
    is_any_made_up = False
    for job in run.collecting_jobs:
        condition = documents_condition(run, job)
        if _exists(run, condition & Document.address.is_not(None) & ~ON_EXAMPLE_SITE):
            return False

        is_any_made_up = is_any_made_up or _exists(run, condition & (ON_EXAMPLE_SITE | _MARKED))

    return is_any_made_up


def _exists(run: RunData, condition: ColumnElement[bool]) -> bool:
    return bool(fetch_all(run.db, select(Document.id).where(condition).limit(1)))


@once_of_run
def _source_labels(run: RunData) -> list[str]:
    """Return the names of a run's sources for readers; a training's source is its data file."""
    kind = run.kind
    if not isinstance(kind, DocumentKind):
        return [PurePath(run.parameters.data).name]
    if is_made_up(run):
        return ["made-up texts"]
    if archives := kind.archives(run.parameters):
        return [source.label for source in archives]

    sources: set[str] = set()
    for job in run.jobs:
        statement = select(Document.source).where(documents_condition(run, job)).distinct()
        sources.update(fetch_scalars(run.db, statement))

    return [source_label(source) for source in sorted(sources)]


def _as_of(run: RunData, job_name: str | None) -> str:
    """Return the day, UTC, on which documents were fixed, or else of the run's submission."""
    times = _read_times(run)
    job_ids = [job.id for job in run.jobs_named(None if job_name is None else [job_name])]
    latest = max([run.created_at, *(times[job_id] for job_id in job_ids if job_id in times)])
    return datetime.fromtimestamp(latest, UTC).date().isoformat()


@once_of_run
def _read_times(run: RunData) -> dict[int, float]:
    """Return when the documents of each job were fixed, in Unix seconds, by the job's id."""
    times: dict[int, float] = {}
    for job_ids in in_batches(job.id for job in run.jobs):
        is_of_jobs = (JobStep.job_id.in_(job_ids), JobStep.step == DOCUMENTS)
        times.update(
            map(tuple, fetch_all(run.db, select(JobStep.job_id, JobStep.at).where(*is_of_jobs)))
        )

    return times


def _name_runs(runs: Sequence[RunData]) -> str:
    if len(runs) > 1:
        numbers = ", ".join(str(run.id) for run in runs)
        return cut(f"runs {numbers}", LONGEST)

    (run,) = runs
    quoted_name = f" \u201c{cut(run.name, LONGEST_NAME)}\u201d" if run.name else ""
    return f"run {run.id}{quoted_name}"
