"""The table `coverage`, and the grid of jobs and steps that pages show of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select

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
    dictionary_share: Annotated[
        float | None,
        "Of the step `documents` of texts that were read by machine: the share of their words of "
        "four letters and more that an English dictionary has, 0.95 of clean text. Null elsewhere.",
        schema.FRACTION,
    ] = None


@keep_rows_of_run
def read_coverage(run: RunData, job_names: Collection[str] | None = None) -> Iterator[CoverageRow]:
    """Yield a row per job and step that was requested, the documents step always among them."""
    columns = (
        *(JobStep.job_id, JobStep.step, JobStep.state, JobStep.reason, JobStep.documents),
        JobStep.dictionary_share,
    )
    for jobs in in_batches(run.jobs_named(job_names)):
        jobs_by_id = index_by("id", jobs)
        rows_by_job: dict[int, dict[str, CoverageRow]] = defaultdict(dict)
        statement = select(*columns).where(JobStep.job_id.in_(list(jobs_by_id)))
        for recorded in fetch_all(run.db, statement):
            rows_by_job[recorded.job_id][recorded.step] = CoverageRow(
                run=run.id,
                job=jobs_by_id[recorded.job_id].name,
                step=recorded.step,
                state=recorded.state,
                reason=recorded.reason,
                documents=recorded.documents,
                dictionary_share=recorded.dictionary_share,
            )

        for job in jobs:
            _add_missing_steps(run, job, rows_by_job[job.id])
            yield from COVERAGE.sort(rows_by_job[job.id].values())


def _add_missing_steps(run: RunData, job: RunJob, rows_by_step: dict[str, CoverageRow]) -> None:
    """Add a row for each step that was requested and has none yet, in the order of work."""
    documents = rows_by_step.get(DOCUMENTS)
    has_failed = any(row.state == StepState.FAILED for row in rows_by_step.values())

    for step in requested_steps(run):
        if step in rows_by_step:
            continue

        state, reason, count = None, None, None
        if documents is not None and documents.state == StepState.NO_DATA:
            # The job never reaches this step.
            state, reason, count = documents.state, documents.reason, 0
        elif job.state == State.FAILED and not has_failed:
            # The job broke off in this step.
            state, reason = StepState.FAILED.value, job.reason
            has_failed = True

        rows_by_step[step] = CoverageRow(run.id, job.name, step, state, reason, count)


def requested_steps(run: RunData) -> list[str]:
    """Return the steps of the run's jobs in the order of work; none for trainings."""
    steps = getattr(run.parameters, "steps", None)
    if steps is None:
        return []

    return [step for step in run.kind.pipeline.parts if step == DOCUMENTS or step in steps]


@dataclass(frozen=True)
class CoverageGrid:
    """A row per job, a column per step."""

    steps: tuple[str, ...]
    jobs: dict[str, dict[str, CoverageRow]]

    def reasons(self, job: str) -> list[str]:
        """Return why steps of *job* failed or have no data, each reason once."""
        rows_by_step = self.jobs.get(job, {})
        return sorted({row.reason for row in rows_by_step.values() if row.reason})


def read_coverage_grid(run: RunData, job_names: Collection[str] | None = None) -> CoverageGrid:
    """Return the coverage rows by job and step."""
    jobs: dict[str, dict[str, CoverageRow]] = {}
    for coverage_row in read_coverage(run, job_names):
        jobs.setdefault(coverage_row.job, {})[coverage_row.step] = coverage_row

    return CoverageGrid(tuple(requested_steps(run)), jobs)


@dataclass(frozen=True)
class StepCount:
    """On how many documents a step worked, and in how many of the jobs it is complete."""

    step: str
    documents: int
    complete: int
    jobs: int


def count_steps(run: RunData) -> list[StepCount]:
    """Return a count for each step of the run, in the order of work."""
    documents, complete, jobs = Counter[str](), Counter[str](), Counter[str]()
    for coverage_row in read_coverage(run):
        documents[coverage_row.step] += coverage_row.documents or 0
        complete[coverage_row.step] += coverage_row.state == StepState.COMPLETE
        jobs[coverage_row.step] += 1

    counts = []
    for step in requested_steps(run):
        counts.append(StepCount(step, documents[step], complete[step], jobs[step]))

    return counts


COVERAGE = schema.Table(
    "coverage", CoverageRow, read_coverage, schema.TEXT_RUNS, key=("job", "step")
)
