"""The jobs of a run as a pack holds them, and the data that their steps work on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Row, select

from analysis.data import MonthData, PostData
from analysis.job_data import read_stored_sample
from analysis.kinds import document_kind_named
from analysis.options import SAMPLE
from analysis.step import Step
from analysis.steps import codes, polarity
from core.enums import DOCUMENTS, StepState
from models.database import Database
from models.jobs import Claim
from models.tables import Job, JobStep
from packs.contents import PackedJob, PackedStep
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, document_scope
from reports.series.reading import list_stored_days

# The states of steps by name.
StepStates = Mapping[str, StepState | str]


def in_order_of_submission(run_data: RunData) -> list[RunJob]:
    """Return the run's jobs as they were submitted: some steps compare a job with the first."""
    return sorted(run_data.jobs, key=lambda job: job.id)


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


def repeatable_steps(run_data: RunData, states: StepStates) -> list[Step]:
    """Return the finished steps in their order; their answers repeat them.

    A job without documents has no finished step. Codes by a network are repeated by no answer, but
    by the network (`packs.coding_network`).
    """
    if states.get(DOCUMENTS) != StepState.COMPLETE:
        return []

    ended: Collection[str] = [
        step for step, state in states.items() if state in (StepState.COMPLETE, StepState.NO_DATA)
    ]
    steps = run_data.kind.pipeline.select(ended)
    is_by_model = run_data.parameters.has_model_coder
    return [step for step in steps if is_by_model or step is not codes.STEP]


def steps_to_verify(run_data: RunData, job: PackedJob, *, texts: bool) -> list[Step]:
    """Return the steps of *job* that its pack repeats.

    Without *texts* these are the steps of polarities, unless documents are selected by their texts.
    The pack does not have the answers of other steps.
    """
    steps = repeatable_steps(run_data, {step.step: step.state for step in job.steps})
    if texts:
        return steps

    return [step for step in steps if step is polarity.MENTIONS_STEP and not run_data.selection]


def pack_job(
    run_data: RunData, job: RunJob, steps: Sequence[Row[Any]], engines: Mapping[str, str | None]
) -> PackedJob:
    """Return *job* with its recorded *steps* and the engine whose answers repeat each of them."""
    packed_steps = []
    for recorded_step in steps:
        packed_steps.append(
            PackedStep(
                step=recorded_step.step,
                state=StepState(recorded_step.state),
                reason=recorded_step.reason,
                documents=recorded_step.documents,
                at=recorded_step.at,
                engine=engines.get(recorded_step.step),
            )
        )

    return PackedJob(
        name=job.name,
        kind=job.kind,
        state=job.state,
        result=read_result(run_data.db, job),
        reason=job.reason,
        options=job.options,
        frozen=job.newest_document is not None,
        steps=tuple(packed_steps),
        stored_days=list_stored_days(run_data, job),
    )


async def load_data(run_data: RunData, job: RunJob) -> MonthData | PostData:
    """Return what the steps of *job* work on."""
    claim = Claim(
        job_id=job.id,
        run_id=run_data.id,
        kind=job.kind,
        queue=run_data.kind.queue,
        name=job.name,
        owner="",
        number=0,
        options=job.options,
        parameters=run_data.parameters.model_dump(mode="json"),
        max_calls=None,
        scope=document_scope(run_data, job),
    )
    parameters = run_data.parameters
    kind = document_kind_named(run_data.kind.name)
    job_data = await kind.load_data(run_data.db, claim, claim.scope, parameters)
    if not parameters.has_model_coder or parameters.coded_part != SAMPLE:
        return job_data

    read_sample = partial(read_stored_sample, run_data.db, run_data.id, parameters.codebook)
    return replace(job_data, read_sample=read_sample)
