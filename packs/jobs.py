"""The jobs of a run as a pack holds them, and what is needed to do their steps again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from analysis.data import MonthData, PostData
from analysis.kinds import kind_of_jobs
from analysis.step import Step
from analysis.steps import polarity
from core.enums import DOCUMENTS, StepState
from models.database import Database
from models.jobs import Claim
from models.tables import Job, JobStep
from packs.contents import PackedJob, PackedStep
from reports.data.groupings import list_stored_days
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, document_scope

StepStates = Mapping[str, StepState | str]  # by the step's name


def in_order_of_submission(data: RunData) -> list[RunJob]:
    """Return the run's jobs as they were submitted: some steps compare a job with the first."""
    return sorted(data.jobs, key=lambda job: job.id)


def read_steps(db: Database, job: RunJob) -> list[Row[Any]]:
    """Return the recorded steps of *job* by name."""
    columns = (JobStep.step, JobStep.state, JobStep.reason, JobStep.documents, JobStep.at)
    return list(
        fetch_all(db, select(*columns).where(JobStep.job_id == job.id).order_by(JobStep.step))
    )


def read_result(db: Database, job: RunJob) -> str | None:
    """Return "no-data" where *job* had nothing to work on."""
    ((result,),) = fetch_all(db, select(Job.result).where(Job.id == job.id))
    return None if result is None else str(result)


def repeatable_steps(kind: str, states: StepStates) -> list[Step]:
    """Return the steps that were done to their end, in their order: answers give them again.

    Of a job without documents no step was done.
    """
    if states.get(DOCUMENTS) != StepState.COMPLETE:
        return []
    ended: Collection[str] = [
        step for step, state in states.items() if state in (StepState.COMPLETE, StepState.NO_DATA)
    ]
    return kind_of_jobs(kind).pipeline.select(ended)


def steps_to_verify(job: PackedJob, *, texts: bool, selected: bool) -> list[Step]:
    """Return the steps of *job* that its pack gives again.

    Without *texts* those of polarities, unless documents are *selected* by what their texts are
    like. The answers of other steps are not in the pack.
    """
    steps = repeatable_steps(job.kind, {step.step: step.state for step in job.steps})
    if texts:
        return steps
    return [step for step in steps if step is polarity.MENTIONS_STEP and not selected]


def pack_job(
    data: RunData, job: RunJob, steps: Sequence[Row[Any]], engines: Mapping[str, str | None]
) -> PackedJob:
    """Return *job* with its recorded *steps*, and by whose answers each can be done again."""
    packed_steps = []
    for row in steps:
        packed_steps.append(
            PackedStep(
                step=row.step,
                state=StepState(row.state),
                reason=row.reason,
                documents=row.documents,
                at=row.at,
                engine=engines.get(row.step),
            )
        )

    return PackedJob(
        name=job.name,
        kind=job.kind,
        state=job.state,
        result=read_result(data.db, job),
        reason=job.reason,
        options=job.options,
        frozen=job.newest_document is not None,
        steps=tuple(packed_steps),
        stored_days=list_stored_days(data, job),
    )


async def load_data(data: RunData, job: RunJob) -> MonthData | PostData:
    """Return what the steps of *job* work on."""
    claim = Claim(
        job_id=job.id,
        run_id=data.id,
        kind=job.kind,
        queue=data.kind.queue,
        name=job.name,
        owner="",
        number=0,
        options=job.options,
        parameters=data.parameters.model_dump(mode="json"),
        max_calls=None,
    )
    return await data.kind.load_data(data.db, claim, document_scope(data, job), data.parameters)
