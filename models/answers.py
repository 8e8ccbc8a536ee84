"""The ledger of answers: what was ever answered, who is asking for what now, and how many calls were made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    Connection,
    Float,
    Integer,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.dml import ReturningInsert

from core.metrics import count_reuse
from models.database import Database, clock
from models.jobs import Claim, note_progress
from models.tables import Answer, AnswerClaim, AnswerDocument, Call, Document

T = TypeVar("T")

KEYS_A_STATEMENT = 900  # SQLite before 3.32 takes 999 variables

# one parameter that grows, and not one for each key: 900 of those cost more than what the database does with them
_KEYS: BindParameter[list[bytes]] = bindparam("keys", expanding=True)
_ANSWERS = select(Answer.key, Answer.value).where(Answer.key.in_(_KEYS))
_KNOWN = select(Answer.key).where(Answer.key.in_(_KEYS))
_DROP = delete(AnswerClaim).where(
    AnswerClaim.key.in_(_KEYS), AnswerClaim.job_id == bindparam("job")
)


@dataclass
class CallCounts:
    """Attempts at a service since the last flush, for one operation."""

    calls: int = 0
    answers_reused: int = 0
    retries: int = 0
    maybe_twice: int = 0
    seconds: float = 0.0


@dataclass
class Batch:
    """What one transaction stores: answers, the documents that they quote, and the calls made since the last."""

    answers: dict[bytes, str] = field(default_factory=dict)
    documents: list[tuple[int, bytes]] = field(default_factory=list)
    call_counts_by_operation: dict[str, CallCounts] = field(default_factory=dict)

    def call_counts(self, operation: str) -> CallCounts:
        """The call_counts of *operation*."""
        return self.call_counts_by_operation.setdefault(operation, CallCounts())


def read_answers(connection: Connection, keys: Collection[bytes]) -> dict[bytes, str]:
    """The stored answers among *keys*, as JSON texts."""
    found: dict[bytes, str] = {}
    for some in _batched(list(keys)):
        found.update(connection.execute(_ANSWERS, {"keys": some}).all())
    return found


def known_keys(connection: Connection, keys: Collection[bytes]) -> set[bytes]:
    """Those of *keys* that are answered."""
    known: set[bytes] = set()
    for some in _batched(list(keys)):
        known.update(connection.scalars(_KNOWN, {"keys": some}))
    return known


def claim_answers(
    db: Database, claim: Claim, keys: Collection[bytes], *, seconds: float
) -> dict[bytes, int]:
    """Claim the right to ask for *keys*: the ones won, each with the number of claimants that may have asked before.

    Won are those that nobody claims, whose claim ran out, or that an earlier claim of this same job left behind;
    an answered one is not won. One statement a batch, keys sorted: unsorted, two batches can wait for each other.
    """
    won: dict[bytes, int] = {}
    rows = [{"key": key} for key in sorted(keys)]
    statement = _claiming(db, claim, seconds)
    compiled: dict[
        Any, Any
    ] = {}  # of this claim alone: in the common cache each job would leave its own
    with db.write() as connection:
        for some in _batched(rows):
            won.update(
                connection.execute(
                    statement, some, execution_options={"compiled_cache": compiled}
                ).all()
            )
        answered = known_keys(
            connection, won
        )  # after claiming: what was answered in between needs no asking
        _drop_claims(connection, claim, answered)
    return {key: takeovers for key, takeovers in won.items() if key not in answered}


def _claiming(db: Database, claim: Claim, seconds: float) -> ReturningInsert[bytes, int]:
    # What is the same in each row is written into the statement, as numbers: as parameters of thousands of rows it
    # would cost half of all.
    job, number = (
        literal_column(str(int(claim.job_id)), Integer),
        literal_column(str(int(claim.number)), Integer),
    )
    insert = db.upsert(AnswerClaim).values(
        until=clock() + literal_column(repr(float(seconds)), Float),
        job_id=job,
        claims=number,
        takeovers=literal_column("0", Integer),
    )
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "until": insert.excluded.until,
            "job_id": insert.excluded.job_id,
            "claims": insert.excluded.claims,
            "takeovers": AnswerClaim.takeovers + literal_column("1", Integer),
        },
        where=or_(
            AnswerClaim.until < clock(),
            and_(AnswerClaim.job_id == job, AnswerClaim.claims < number),
        ),
    ).returning(AnswerClaim.key, AnswerClaim.takeovers)


def store_batch(db: Database, claim: Claim, batch: Batch, *, service: str, credential: str) -> None:
    """Store what was paid for, end its claims and count the calls, whoever owns the job now.

    An answer that quotes a document which was forgotten meanwhile is not kept.
    """
    with db.write() as connection:
        gone = _quoting_the_forgotten(connection, batch.documents)
        rows = [
            {"key": key, "value": value}
            for key, value in sorted(batch.answers.items())
            if key not in gone
        ]
        documents = [
            {"document_id": id_, "key": key}
            for id_, key in sorted(batch.documents)
            if key not in gone
        ]
        if rows:
            connection.execute(db.upsert(Answer).on_conflict_do_nothing(), rows)
            note_progress(connection, claim)
        _drop_claims(connection, claim, batch.answers)
        if documents:
            connection.execute(db.upsert(AnswerDocument).on_conflict_do_nothing(), documents)
        count_calls(
            db,
            connection,
            claim.run_id,
            batch.call_counts_by_operation,
            service=service,
            credential=credential,
        )
    for operation, call_counts in batch.call_counts_by_operation.items():
        count_reuse(operation, call_counts.answers_reused)


def count_calls(
    db: Database,
    connection: Connection,
    run_id: int,
    call_counts_by_operation: Mapping[str, CallCounts],
    *,
    service: str,
    credential: str,
) -> None:
    """Add to the counts of this minute."""
    minute = int(connection.execute(select(clock())).scalar_one() // 60)
    for operation, call_counts in sorted(call_counts_by_operation.items()):
        counts = {
            "calls": call_counts.calls,
            "answers_reused": call_counts.answers_reused,
            "retries": call_counts.retries,
            "maybe_twice": call_counts.maybe_twice,
            "seconds": call_counts.seconds,
        }
        if any(counts.values()):
            statement = db.upsert(Call).values(
                run_id=run_id,
                service=service,
                credential=credential,
                operation=operation,
                minute=minute,
                **counts,
            )
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["run_id", "service", "credential", "operation", "minute"],
                    set_={name: getattr(Call, name) + statement.excluded[name] for name in counts},
                )
            )


def release_claims(db: Database, claim: Claim, keys: Collection[bytes]) -> None:
    """These were not asked, or the service said no: others may ask at once."""
    if keys:
        with db.write() as connection:
            _drop_claims(connection, claim, keys)


def delete_expired_claims(db: Database, *, older_than: float) -> None:
    """Forget claims that ran out so many seconds ago: whoever wants those answers claims them anew."""
    with db.write() as connection:
        connection.execute(delete(AnswerClaim).where(AnswerClaim.until < clock() - older_than))


def calls_by_minute(
    db: Database, *, service: str, credential: str, seconds: float, at_once: int
) -> list[tuple[int, int]]:
    """Attempts of all runs in the last *seconds*, ``(minute, calls)``, with what may be in flight in this minute.

    *at_once* is how many calls one process may have in flight.
    """
    with db.read() as connection:
        now = connection.execute(select(clock())).scalar_one()
        rows = dict(
            connection.execute(
                select(Call.minute, func.sum(Call.calls))
                .where(Call.service == service, Call.credential == credential)
                .where(Call.minute >= int((now - seconds) // 60), Call.calls > 0)
                .group_by(Call.minute)
            ).all()
        )
        if service == "textapi":
            # a job that was killed with calls in flight left its claims; nobody knows how many calls they were
            claims = connection.scalars(
                select(func.count()).where(AnswerClaim.until > clock()).group_by(AnswerClaim.job_id)
            )
            in_flight = sum(min(count, at_once) for count in claims)
            rows[int(now // 60)] = int(rows.get(int(now // 60), 0)) + in_flight
    return sorted((int(minute), int(calls)) for minute, calls in rows.items())


def _quoting_the_forgotten(
    connection: Connection, pairs: Sequence[tuple[int, bytes]]
) -> set[bytes]:
    wanted = sorted({document for document, _ in pairs})
    there: set[int] = set()
    for some in _batched(wanted):
        there.update(connection.scalars(select(Document.id).where(Document.id.in_(some))))
    return {key for document, key in pairs if document not in there}


def _drop_claims(connection: Connection, claim: Claim, keys: Collection[bytes]) -> None:
    for some in _batched(sorted(keys)):
        connection.execute(_DROP, {"keys": some, "job": claim.job_id})


def _batched(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(keys), KEYS_A_STATEMENT):
        yield keys[start : start + KEYS_A_STATEMENT]
