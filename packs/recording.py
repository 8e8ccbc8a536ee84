"""The answers that a run's results rest on, found by doing its steps again without a call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from analysis.codebooks.network import CodeNetwork
from analysis.data import MonthData, PostData
from analysis.step import NotReady, Step, StepResult
from core.errors import TidingsError
from core.progress import track
from models.tables import Base, Code, Document, StoredCodebook
from packs.answers import AnswersMissing, RecordingFetcher, StoredAnswers
from packs.jobs import (
    codes_by_network,
    in_order_of_submission,
    load_data,
    read_states,
    read_steps,
    steps_to_repeat,
)
from packs.weights import give_network
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, documents_condition

# The engine of a run whose steps asked nothing.
_NO_ENGINE = ""

# The engines whose answers repeat the steps, by job and step.
Engines = dict[tuple[str, str], str | None]


@dataclass
class Recording:
    """By which engine each step was answered, and for each step the answers that it read."""

    engines: Engines = field(default_factory=dict)
    answers_by_step: defaultdict[str, StoredAnswers] = field(
        default_factory=lambda: defaultdict(dict)
    )


async def record_run(
    run_data: RunData, *, texts: bool, network: CodeNetwork | None = None
) -> Recording:
    """Repeat the steps of the run's jobs, each with the engine that reproduces the stored rows.

    The answers are those of the steps that a pack repeats, with or without *texts*. With texts the
    *network* codes them again. Raises `TidingsError` if no engine's stored answers, or not the
    network, reproduce the rows.
    """
    recording = Recording()
    by_network = texts and network is not None
    for job in track("repeating the steps", in_order_of_submission(run_data)):
        states = read_states(run_data.db, job)
        steps = steps_to_repeat(run_data, states, by_network=by_network)
        kept = steps_to_repeat(run_data, states, texts=texts)
        if not steps:
            continue

        job_data = give_network(await load_data(run_data, job), network if texts else None)
        for step in steps:
            fetcher = await _record_step(run_data, job, step, job_data)
            if not codes_by_network(run_data, step):
                recording.engines[job.name, step.name] = fetcher.engine
            if step in kept:
                recording.answers_by_step[step.name].update(fetcher.answers)

    return recording


async def _record_step(
    run_data: RunData, job: RunJob, step: Step, job_data: MonthData | PostData
) -> RecordingFetcher:
    """Return the fetcher whose answers reproduce the stored rows of the step."""
    documents = read_steps(run_data.db, job)[step.name].documents
    reason = "the stored answers give other results than those that are stored"
    engines = run_data.engines or [_NO_ENGINE]
    if codes_by_network(run_data, step):
        reason = "its network gives other codes than those that are stored"
        engines = [_NO_ENGINE]
    elif step.is_by_coder:
        engines = [run_data.parameters.coder]

    for engine in engines:
        languages = run_data.engine_languages.get(engine)
        fetcher = RecordingFetcher(run_data.db, engine, languages)
        try:
            result = await step.run(job_data, fetcher)
        except AnswersMissing as error:
            reason = str(error)
            continue

        if _is_stored(run_data, job, result, documents):
            return fetcher

    raise TidingsError(
        f"run {run_data.id} cannot be packed: {reason} (step {step.name} of {job.name}), because "
        "of an erasure or of another version of Tidings: submit the run again and pack that one; "
        "what is answered already is not asked again"
    )


def _is_stored(
    run_data: RunData, job: RunJob, result: StepResult | NotReady, documents: int
) -> bool:
    """Return whether the rows of *result* are the rows of the job in the database."""
    if isinstance(result, NotReady) or result.documents != documents:
        return False

    return all(
        _are_stored(run_data, job, table, result_rows) for table, result_rows in result.rows.items()
    )


def _rows_of_job(
    run_data: RunData, job: RunJob, table: type[Base], coders: Collection[str]
) -> ColumnElement[bool]:
    """Return the condition of the rows that a step makes of the job: codes of *coders*."""
    if table is not Code:
        is_of_job: ColumnElement[bool] = table.__table__.c.job_id == job.id
        return is_of_job

    documents = select(Document.id).where(documents_condition(run_data, job))
    hash_of_meaning = bytes.fromhex(run_data.parameters.codebook)
    stored = select(StoredCodebook.id).where(StoredCodebook.hash == hash_of_meaning)
    codebook = stored.scalar_subquery()
    is_by_coder = and_(Code.coder.in_(coders), Code.codebook_id == codebook)
    return and_(Code.run_id == run_data.id, is_by_coder, Code.document_id.in_(documents))


def _are_stored(
    run_data: RunData, job: RunJob, table: type[Base], result_rows: Sequence[dict[str, Any]] | Any
) -> bool:
    coders = {result_row["coder"] for result_row in result_rows} if table is Code else set()
    is_of_job = _rows_of_job(run_data, job, table, coders or {run_data.parameters.coder})
    if not result_rows:
        counted = select(func.count()).select_from(table).where(is_of_job)
        return not fetch_all(run_data.db, counted)[0][0]

    # A column that a later step fills is None in all rows.
    column_names = []
    for column_name in result_rows[0]:
        if any(result_row[column_name] is not None for result_row in result_rows):
            column_names.append(column_name)

    columns = [table.__table__.c[column_name] for column_name in column_names]
    stored = {
        repr(tuple(result_row))
        for result_row in fetch_all(run_data.db, select(*columns).where(is_of_job))
    }
    return stored == {
        repr(tuple(map(result_row.__getitem__, column_names))) for result_row in result_rows
    }
