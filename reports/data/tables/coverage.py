"""The table `coverage`, and the grid of jobs and steps that pages show of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated

from sqlalchemy import select

from analysis.pipelines import work_order
from core.enums import DOCUMENTS, State, StepState
from models.tables import JobStep
from reports.data import export_schema as schema
from reports.data.queries import fetch_all, in_batches, index_by
from reports.data.run_data import RunData, RunJob, keep_rows_of_run


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """The outcome of each step of each job; a step that has no row was not requested."""

    run: schema.RunNumber
    job: schema.JobName
    step: Annotated[str, "`documents`, or the name of a step."]
    state: Annotated[
        str | None,
        "`complete`, `failed` or `no-data`; null where the job has not come to the step.",
    ]
    reason: Annotated[
        str | None,
        "Why it failed, why there is no data, or what a complete step left out: sentences of the "
        "Text API that do not stand in their documents.",
    ]
    documents: Annotated[
        int | None,
        "Documents that the step worked on; null where the job has not come to it.",
    ]


@keep_rows_of_run
def read_coverage(data: RunData, names: Collection[str] | None = None) -> Iterator[CoverageRow]:
    """Yield a row per job and step that was requested, the documents step always among them."""
    columns = (JobStep.job_id, JobStep.step, JobStep.state, JobStep.reason, JobStep.documents)
    for jobs in in_batches(data.jobs_named(names)):
        by_id = index_by("id", jobs)
        rows: dict[int, dict[str, CoverageRow]] = defaultdict(dict)
        statement = select(*columns).where(JobStep.job_id.in_(list(by_id)))
        for job_id, step, *outcome in fetch_all(data.db, statement):
            rows[job_id][step] = CoverageRow(data.id, by_id[job_id].name, step, *outcome)

        for job in jobs:
            _add_missing_steps(data, job, rows[job.id])
            yield from COVERAGE.sort(rows[job.id].values())


def _add_missing_steps(data: RunData, job: RunJob, rows: dict[str, CoverageRow]) -> None:
    """Add a row for each step that was requested and has none yet, in the order of work."""
    documents = rows.get(DOCUMENTS)
    has_failed = StepState.FAILED in map(attrgetter("state"), rows.values())

    for step in requested_steps(data):
        if step in rows:
            continue
        state, reason, count = None, None, None
        if documents is not None and documents.state == StepState.NO_DATA:
            state, reason, count = documents.state, documents.reason, 0  # no step is ever reached
        elif job.state == State.FAILED and not has_failed:
            state, reason = StepState.FAILED.value, job.reason  # the job broke off in this step
            has_failed = True
        rows[step] = CoverageRow(data.id, job.name, step, state, reason, count)


def requested_steps(data: RunData) -> list[str]:
    """Return the steps of the run's jobs in the order of work; none for trainings."""
    steps = getattr(data.parameters, "steps", None)
    if steps is None:
        return []
    return [step for step in work_order(data.kind) if step == DOCUMENTS or step in steps]


@dataclass(frozen=True)
class CoverageGrid:
    """A row per job, a column per step."""

    steps: tuple[str, ...]
    jobs: dict[str, dict[str, CoverageRow]]

    def reasons(self, job: str) -> list[str]:
        """Return why steps of *job* failed or have no data, each reason once."""
        reasons = map(attrgetter("reason"), self.jobs.get(job, {}).values())
        return sorted(set(filter(None, reasons)))


def read_coverage_grid(data: RunData, names: Collection[str] | None = None) -> CoverageGrid:
    """Return the coverage rows by job and step."""
    jobs: dict[str, dict[str, CoverageRow]] = {}
    for row in read_coverage(data, names):
        jobs.setdefault(row.job, {})[row.step] = row

    return CoverageGrid(tuple(requested_steps(data)), jobs)


@dataclass(frozen=True)
class StepCount:
    """On how many documents a step worked, and in how many of the jobs it is complete."""

    step: str
    documents: int
    complete: int
    jobs: int


def count_steps(data: RunData) -> list[StepCount]:
    """Return a count for each step of the run, in the order of work."""
    documents, complete, jobs = Counter[str](), Counter[str](), Counter[str]()
    for row in read_coverage(data):
        documents[row.step] += row.documents or 0
        complete[row.step] += row.state == StepState.COMPLETE
        jobs[row.step] += 1

    counts = []
    for step in requested_steps(data):
        counts.append(StepCount(step, documents[step], complete[step], jobs[step]))
    return counts


COVERAGE = schema.Table(
    "coverage", CoverageRow, read_coverage, schema.TEXT_RUNS, key=("job", "step")
)
