"""The answers that a run's results rest on, found by doing its steps again without a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from analysis.data import MonthData, PostData
from analysis.step import NotReady, Step, StepResult
from core.errors import TidingsError
from models.tables import Base
from packs.answers import AnswersMissing, RecordingFetcher, StoredAnswers
from packs.contents import PackedJob
from packs.jobs import (
    in_order_of_submission,
    load_data,
    pack_job,
    read_steps,
    repeatable_steps,
    steps_to_verify,
)
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob

_NO_ENGINE = ""  # of a run whose steps asked nothing


@dataclass
class Recording:
    """The run's jobs, and for each step the answers that it read."""

    jobs: list[PackedJob] = field(default_factory=list)
    answers_by_step: dict[str, StoredAnswers] = field(default_factory=dict)


async def record_run(data: RunData, *, texts: bool) -> Recording:
    """Do the steps of the run's jobs again, each with the engine that gives what is stored.

    The answers are those of the steps that a pack gives again, with or without *texts*. Raises
    `TidingsError` where no engine's stored answers do.
    """
    recording = Recording()
    for job in in_order_of_submission(data):
        steps = read_steps(data.db, job)
        states = {step.step: step.state for step in steps}
        engines: dict[str, str] = {}
        answers: dict[str, StoredAnswers] = {}

        repeatable = repeatable_steps(job.kind, states)
        job_data = await load_data(data, job) if repeatable else None
        for step in repeatable:
            assert job_data is not None  # noqa: S101 - it has steps
            documents = next(row.documents for row in steps if row.step == step.name)
            fetcher = await _record_step(data, job, step, job_data, documents)
            engines[step.name] = fetcher.engine
            answers[step.name] = fetcher.answers

        packed_job = pack_job(data, job, steps, engines)
        recording.jobs.append(packed_job)
        for step in steps_to_verify(packed_job, texts=texts, selected=bool(data.selection)):
            recording.answers_by_step.setdefault(step.name, {}).update(answers[step.name])
    return recording


async def _record_step(
    data: RunData, job: RunJob, step: Step, job_data: MonthData | PostData, documents: int
) -> RecordingFetcher:
    """Return the fetcher that has read what gives the stored rows of the step."""
    reason = "the stored answers give other results than those that are stored"
    for engine in data.engines or [_NO_ENGINE]:
        fetcher = RecordingFetcher(data.db, engine)
        try:
            result = await step.run(job_data, fetcher)
        except AnswersMissing as error:
            reason = str(error)
            continue
        if _is_stored(data, job, result, documents):
            return fetcher

    raise TidingsError(
        f"run {data.id} cannot be packed: {reason} (step {step.name} of {job.name}), because of an "
        "erasure or of another version of Tidings: submit the run again and pack that one; "
        "what is answered already is not asked again"
    )


def _is_stored(data: RunData, job: RunJob, result: StepResult | NotReady, documents: int) -> bool:
    """Return whether the rows of *result* are those that the database has of the job."""
    if isinstance(result, NotReady) or result.documents != documents:
        return False
    return all(_are_stored(data, job, table, rows) for table, rows in result.rows.items())


def _are_stored(
    data: RunData, job: RunJob, table: type[Base], rows: Sequence[dict[str, Any]] | Any
) -> bool:
    of_job = table.__table__.c.job_id == job.id
    if not rows:
        return not fetch_all(data.db, select(func.count()).where(of_job))[0][0]

    # a column that a later step fills is None in all rows
    names = []
    for name in rows[0]:
        if any(row[name] is not None for row in rows):
            names.append(name)

    columns = [table.__table__.c[name] for name in names]
    stored = {repr(tuple(row)) for row in fetch_all(data.db, select(*columns).where(of_job))}
    return stored == {repr(tuple(map(row.__getitem__, names))) for row in rows}
