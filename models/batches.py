"""Batches of texts that servers of language models are asked about within a day.

An intent is written, and its most charged, before anything is sent. Each text of it is a line until
its answer is stored: the line is deleted, and what it took is settled, in the transaction that
stores the answer. So nothing is lost or paid twice, whenever a process is killed.

A text whose answer gives no codes is a line of a further intent, which the same transaction writes.
Its answer is stored nevertheless, and stays if the further ones are no better. So is a text that
was paid and has no answer: it says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from core.enums import ENDED
from core.ratelimit.notation import LimitedResource
from models.answers import BATCH_OPERATION, NOBODY
from models.bulk import change_in, scalars_in, select_in
from models.calls import CallRows, Charge, Usage, settled_counts
from models.costs import CapOfRun, ModelUse, charge_run, lock_caps, note_uses
from models.database import Database, clock, clock_minute, insert_new
from models.jobs import Claim, fence
from models.tables import Answer, AnswerDocument, Document, Job
from models.tables.language_models import BatchLine, ModelBatch


@dataclass(frozen=True, kw_only=True)
class LineBound:
    """A text of an intent: its key, and the most that it can take."""

    key: bytes
    tokens: int
    cost: int
    prompt: str
    size: int

    # The ids of the documents that have the text.
    documents: list[int]


@dataclass(frozen=True, kw_only=True)
class LineAnswer:
    """What became of a line: its answer as it is stored, None if it surely cost nothing.

    *is_completion* is False if a model wrote no answer: an earlier one is not replaced. *is_final*
    is False if the text is asked about again. *usage* is None if the server does not say what an
    answer took, which is charged at its bound then.
    """

    stored: str | None
    is_completion: bool = True
    is_final: bool = True
    usage: Usage | None = None
    use: ModelUse | None = None


def intend_batch(
    db: Database,
    claim: Claim,
    uuid: str,
    lines: Sequence[LineBound],
    *,
    coder: str,
    price: str,
) -> list[bytes] | CapOfRun:
    """Write the intent of a batch, and charge its run; return the keys that it has.

    They are the first of *lines* that the caps of the run leave room for; a line that another batch
    has, or whose answer is stored, is left out. Returns the caps if they leave room for none.
    Raises `LeaseLost`.
    """
    with db.write() as connection:
        # The rows of the run and its payers come first, as wherever costs are charged.
        locked = lock_caps(connection, [claim.run_id])
        fence(connection, claim)
        caps = locked[claim.run_id]
        fitting = list(takewhile(lambda line: caps.take(line.cost), lines))
        if not fitting:
            return caps.refusal()

        _insert_batch(connection, claim, uuid, fitting, coder=coder, price=price)
        taken = _take_lines(connection, db, uuid, fitting)
        if not taken:
            connection.execute(delete(ModelBatch).where(ModelBatch.uuid == uuid))
            return []

        charged = sum(line.cost for line in fitting if line.key in taken)
        charge_run(connection, claim.run_id, calls=len(taken), cost=charged)
        return [line.key for line in fitting if line.key in taken]


def _insert_batch(
    connection: Connection, claim: Claim, uuid: str, lines: Sequence[Any], **columns: str
) -> None:
    intent = insert(ModelBatch).values(
        uuid=uuid,
        run_id=claim.run_id,
        job_id=claim.job_id,
        charged_run=claim.run_id,
        tokens=sum(line.tokens for line in lines),
        intended_at=clock(),
        **columns,
    )
    connection.execute(intent)


def _take_lines(
    connection: Connection, db: Database, uuid: str, lines: Sequence[LineBound]
) -> set[bytes]:
    statement = insert_new(BatchLine, is_sqlite=db.is_sqlite).returning(BatchLine.key)
    taken: set[bytes] = set()
    for line in sorted(lines, key=lambda line: line.key):
        row = {**vars(line), "uuid": uuid}
        taken.update(bytes(key) for key in connection.scalars(statement, row))

    return taken


def list_batches(connection: Connection, job_id: int) -> list[Row[Any]]:
    """Return the open batches that a job sees to, oldest first."""
    batches = select(ModelBatch.__table__).where(ModelBatch.job_id == job_id)
    return list(connection.execute(batches.order_by(ModelBatch.intended_at, ModelBatch.uuid)))


def list_lines(connection: Connection, uuid: str) -> list[Row[Any]]:
    """Return the lines of a batch whose answers are not stored, by key."""
    lines = select(BatchLine.__table__).where(BatchLine.uuid == uuid)
    return list(connection.execute(lines.order_by(BatchLine.key)))


def find_retried(connection: Connection) -> set[bytes]:
    """Return the keys of the lines whose answers gave no codes, and that are asked about again."""
    retried = select(BatchLine.key).where(BatchLine.retries > 0)
    return {bytes(key) for key in connection.scalars(retried)}


def find_batched(connection: Connection, keys: Collection[bytes]) -> dict[bytes, str]:
    """Return those of *keys* that are lines of open batches, with the batch of each."""
    lines = select_in(connection, select(BatchLine.key, BatchLine.uuid), BatchLine.key, keys)
    return {bytes(key): uuid for key, uuid in lines}


def list_orphans(connection: Connection, run_id: int, uuids: Collection[str]) -> set[str]:
    """Return those of the batches *uuids*, and of a run, whose own job has ended or is gone."""
    orphans = select(ModelBatch.uuid).where(_IS_ORPHAN)
    of_run = connection.scalars(orphans.where(ModelBatch.run_id == run_id))
    return {*of_run, *scalars_in(connection, orphans, ModelBatch.uuid, uuids)}


def adopt_batches(connection: Connection, claim: Claim, uuids: Collection[str]) -> None:
    """See to those of the batches *uuids* whose own job has ended or is gone."""
    adopted = update(ModelBatch).where(_IS_ORPHAN).values(job_id=claim.job_id)
    change_in(connection, adopted, ModelBatch.uuid, uuids)


_ENDED_JOBS = select(Job.id).where(Job.state.in_(ENDED))
_IS_ORPHAN = or_(ModelBatch.job_id.is_(None), ModelBatch.job_id.in_(_ENDED_JOBS))


def has_open_batches(connection: Connection, run_id: int) -> bool:
    """Return whether a job of the run that has not ended sees to a batch."""
    batches = select(ModelBatch.uuid).where(ModelBatch.run_id == run_id, ~_IS_ORPHAN).limit(1)
    return connection.scalar(batches) is not None


def list_created(connection: Connection, run_id: int) -> list[str]:
    """Return what the server calls the open batches of a run."""
    created = select(ModelBatch.batch).where(ModelBatch.run_id == run_id)
    return [batch for batch in connection.scalars(created) if batch is not None]


def note_batch(connection: Connection, uuid: str, values: Mapping[str, str]) -> None:
    """Record what is known of a batch: the columns `file` and `batch`."""
    connection.execute(update(ModelBatch).where(ModelBatch.uuid == uuid).values(dict(values)))


def note_creating(connection: Connection, uuid: str) -> None:
    """Record that the server is about to be asked to create a batch."""
    connection.execute(
        update(ModelBatch).where(ModelBatch.uuid == uuid).values(creating_at=clock())
    )


def seconds_since_creating(connection: Connection, uuid: str) -> float | None:
    """Return how long ago the server was asked to create a batch; None if it was not."""
    seconds = select(clock() - ModelBatch.creating_at).where(ModelBatch.uuid == uuid)
    return connection.scalar(seconds)


def enqueued_tokens(connection: Connection, coder: str) -> int:
    """Return the most tokens that the open batches of a coder can take."""
    tokens = select(func.coalesce(func.sum(BatchLine.tokens), 0))
    of_coder = tokens.join(ModelBatch, ModelBatch.uuid == BatchLine.uuid)
    return int(connection.scalar(of_coder.where(ModelBatch.coder == coder)) or 0)


def settle_lines(
    connection: Connection,
    db: Database,
    batch: Row[Any],
    answers: Mapping[bytes, LineAnswer],
    *,
    claim: Claim,
    most_retries: int,
    service: str,
    credential: str,
) -> None:
    """Store the answers of lines, by key, and what they took.

    A line that was settled before is left alone. One that surely cost nothing may be asked about
    again. One whose answer is not final becomes a line of a further intent of the *claim*,
    *most_retries* times and as far as the caps of its run leave room; only this raises `LeaseLost`.
    """
    # The runs may have been forgotten meanwhile.
    run_id = batch.charged_run or NOBODY
    lock_caps(connection, {run_id, claim.run_id})
    settled = delete(BatchLine).where(BatchLine.uuid == batch.uuid)
    returning = settled.returning(*BatchLine.__table__.columns)
    lines = select_in(connection, returning, BatchLine.key, answers)
    lines.sort(key=lambda line: bytes(line.key))
    _store_answers(connection, db, lines, answers)

    minute = connection.execute(select(clock_minute())).scalar_one()
    calls = CallRows()
    change = 0
    for line in lines:
        answer = answers[bytes(line.key)]
        change -= line.cost
        if answer.stored is None:
            continue

        charge = Charge(
            run_id=run_id,
            service=service,
            credential=credential,
            operation=BATCH_OPERATION,
            minute=minute,
            weights={LimitedResource.TOKENS: line.tokens, LimitedResource.COST: line.cost},
        )
        counts = settled_counts(charge, answer.usage) | {"retries": int(line.retries > 0)}
        change += counts["charged_cost"]
        calls.add(charge, minute, counts)

    calls.store(connection, db)
    uses = [answers[bytes(line.key)].use for line in lines]
    if charge_run(connection, run_id, cost=change):
        note_uses(connection, db, run_id, [use for use in uses if use is not None])

    repeated_lines = [
        line
        for line in lines
        if not answers[bytes(line.key)].is_final and line.retries < most_retries
    ]
    if repeated_lines:
        _intend_again(connection, batch, claim, repeated_lines)


def _intend_again(
    connection: Connection, batch: Row[Any], claim: Claim, lines: Sequence[Row[Any]]
) -> None:
    """Write the intent of asking again about *lines*, which were deleted."""
    locked = lock_caps(connection, [claim.run_id])
    fence(connection, claim)
    caps = locked[claim.run_id]
    fitting = list(takewhile(lambda line: caps.take(line.cost), lines))
    if not fitting:
        return

    uuid = uuid4().hex
    _insert_batch(connection, claim, uuid, fitting, coder=batch.coder, price=batch.price)
    line_rows = [{**line._asdict(), "uuid": uuid, "retries": line.retries + 1} for line in fitting]
    connection.execute(insert(BatchLine), line_rows)
    charge_run(connection, claim.run_id, calls=caps.taken_calls, cost=caps.taken_cost)


def _store_answers(
    connection: Connection,
    db: Database,
    lines: Sequence[Row[Any]],
    answers: Mapping[bytes, LineAnswer],
) -> None:
    """Store the answers of *lines*, but for those about documents that were erased meanwhile.

    Completions replace earlier answers, which gave no codes.
    """
    # An erasure waits until the answers are stored, and removes them then.
    document_ids = {document for line in lines for document in line.documents}
    locked = select(Document.id).order_by(Document.id)
    locked = locked.with_for_update(read=True, key_share=True)
    stored_documents = set(scalars_in(connection, locked, Document.id, document_ids))
    answer_rows: list[Mapping[str, Any]] = []
    later_answer_rows: list[Mapping[str, Any]] = []
    document_rows: list[Mapping[str, Any]] = []
    for line in lines:
        answer = answers[bytes(line.key)]
        if answer.stored is None or not stored_documents.issuperset(line.documents):
            continue

        is_later = line.retries and answer.is_completion
        answers_of_kind = later_answer_rows if is_later else answer_rows
        answers_of_kind.append({"key": line.key, "value": answer.stored})

        for document in line.documents:
            document_rows.append({"document_id": document, "key": line.key})

    if answer_rows:
        connection.execute(insert_new(Answer, is_sqlite=db.is_sqlite), answer_rows)
    if later_answer_rows:
        insertion = db.upsert(Answer)
        changes = {"value": insertion.excluded.value}
        replacing = insertion.on_conflict_do_update(index_elements=["key"], set_=changes)
        connection.execute(replacing, later_answer_rows)

    if document_rows:
        connection.execute(insert_new(AnswerDocument, is_sqlite=db.is_sqlite), document_rows)


def end_batch(connection: Connection, uuid: str) -> None:
    """Forget a batch all lines of which are settled."""
    has_lines = select(BatchLine.key).where(BatchLine.uuid == uuid).exists()
    connection.execute(delete(ModelBatch).where(ModelBatch.uuid == uuid, ~has_lines))
