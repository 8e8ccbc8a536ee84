"""The jobs of a packed run, how their steps ended, and the data that the steps work on."""

from __future__ import annotations

from collections.abc import Mapping
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
from models.tables import JobStep
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, document_scope

# How the steps of a job ended, by name.
StepStates = Mapping[str, StepState]

_ENDED = (StepState.COMPLETE, StepState.NO_DATA)


def in_order_of_submission(run_data: RunData) -> list[RunJob]:
    """Return the run's jobs as they were submitted: some steps compare a job with the first."""
    return sorted(run_data.jobs, key=lambda job: job.id)


def read_steps(db: Database, job: RunJob) -> dict[str, Row[Any]]:
    """Return the recorded steps of *job* by name."""
    recorded = fetch_all(db, select(JobStep.__table__).where(JobStep.job_id == job.id))
    return {step.step: step for step in recorded}


def read_states(db: Database, job: RunJob) -> StepStates:
    """Return how the steps of *job* ended."""
    return {name: StepState(step.state) for name, step in read_steps(db, job).items()}


def steps_to_repeat(
    run_data: RunData, states: StepStates, *, texts: bool = True, by_network: bool = False
) -> list[Step]:
    """Return the finished steps of a job in their order; their answers repeat them.

    A job without documents has no finished step. Codes by a network are repeated by no answer, but
    *by_network* (`packs.weights`). Without *texts* these are the steps of polarities, unless
    documents are selected by their texts: a pack does not have the answers of other steps.
    """
    if states.get(DOCUMENTS) != StepState.COMPLETE:
        return []

    ended = [step for step, state in states.items() if state in _ENDED]
    steps = []
    for step in run_data.kind.pipeline.select(ended):
        is_of_texts = texts or (step is polarity.MENTIONS_STEP and not run_data.selection)
        if codes_by_network(run_data, step):
            is_of_texts = by_network
        if is_of_texts:
            steps.append(step)

    return steps


def codes_by_network(run_data: RunData, step: Step) -> bool:
    """Whether *step* codes the texts of the run by a network alone."""
    return step is codes.STEP and not run_data.parameters.has_model_coder


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
