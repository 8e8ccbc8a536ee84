"""The ledger of answers: what is stored, who requests what now, and how many calls were made."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Float,
    Insert,
    Integer,
    and_,
    bindparam,
    delete,
    func,
    inspect,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from core.metrics import count_reuse
from core.ratelimit import MinuteCount
from models.bulk import change_in, scalars_in
from models.database import (
    CLOCK_SLACK_SECONDS,
    Database,
    batched,
    clock,
    clock_minute,
    insert_new,
    upsert,
)
from models.jobs import IS_HELD, Claim, held_values, note_progress
from models.keyword_answers import Question, store_keyword_answers
from models.outages import end_outage, note_outage
from models.tables import (
    BIG,
    Answer,
    AnswerClaim,
    AnswerDocument,
    Call,
    Document,
    Job,
    RunErasure,
)

Change = Callable[[Connection], None]
FindTaken = Callable[[Connection, Collection[bytes]], Collection[bytes]]

# Lines of batches are counted as calls of this operation, which are beside all limits of calls.
BATCH_OPERATION = "batches"

# The rows that a server has for the counts of a minute. A file has one writer anyway.
CALL_SHARDS = 16

# The calls of batches whose run was forgotten before its number was kept go to this run.
NOBODY = 0

# The longest slice of a job, with the calls that were in flight at its end.
LONGEST_CLAIM_SECONDS = 600.0

# A stored answer that is a list of texts begins so.
_LIST_OF_TEXTS = '["'
# `lists_texts` is the same test in Python.
MAY_LIST_TEXTS = Answer.value.startswith(_LIST_OF_TEXTS, autoescape=True)

# Built once: it costs more than what the database does with them. A list is one parameter that
# grows: 900 of them cost more, too.
_KEYS: BindParameter[list[bytes]] = bindparam("keys", expanding=True)
_ANSWERS = select(Answer.key, Answer.value).where(Answer.key.in_(_KEYS))
_STORED = select(Answer.key).where(Answer.key.in_(_KEYS))
_DROP = delete(AnswerClaim).where(
    AnswerClaim.key.in_(_KEYS),
    AnswerClaim.job_id == bindparam("job"),
    # A later claim of the job belongs to another worker.
    AnswerClaim.claims <= bindparam("number"),
)

_DOCUMENTS: BindParameter[list[int]] = bindparam("documents", expanding=True)
_LOCKED_DOCUMENTS = (
    select(Document.id)
    .where(Document.id.in_(_DOCUMENTS))
    .order_by(Document.id)
    .with_for_update(read=True, key_share=True)
)
_LATE_ERASURE = select(RunErasure.run_id).where(
    RunErasure.run_id == bindparam("run"),
    RunErasure.at > clock() - LONGEST_CLAIM_SECONDS,
    ~select(Job.id).where(IS_HELD).exists(),
)


@dataclass
class CallCounts:
    """Attempts at a service since the last flush, for one operation."""

    calls: int = 0
    answers_reused: int = 0
    retries: int = 0
    maybe_twice: int = 0
    seconds: float = 0.0

    # None is left to services that count calls alone (`models.calls`).
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    cost: int | None = None
    charged_tokens: int | None = None
    charged_cost: int | None = None

    # The seconds for which calls waited for a limit.
    waited: float = 0.0


@dataclass(frozen=True)
class Unanswered:
    """A request that a service has not answered: why, and the `time.monotonic()` of its begin."""

    reason: str
    began_at: float


@dataclass
class Batch:
    """What one transaction stores: answers, the documents that they quote, and counts of calls.

    `answers_by_question` are those about keywords, by the id of the document.
    """

    answers: dict[bytes, str] = field(default_factory=dict)
    documents: list[tuple[int, bytes]] = field(default_factory=list)
    answers_by_question: dict[Question, dict[int, str]] = field(default_factory=dict)

    # These claims end when the batch is stored.
    claims: set[bytes] = field(default_factory=set)
    call_counts_by_operation: dict[str, CallCounts] = field(default_factory=dict)

    # What else the transaction changes, before all other rows: what a model's calls have taken.
    model_calls: Change | None = None

    # False if other jobs asked for the answers, so that this job did not progress.
    progress: bool = True

    # The newest request without an answer, if none has come since it was made.
    unanswered: Unanswered | None = None

    def call_counts(self, operation: str) -> CallCounts:
        """Return the counts of *operation*, to be added to."""
        return self.call_counts_by_operation.setdefault(operation, CallCounts())

    def keyword_answers(self, engine: str, term: str) -> dict[int, str]:
        """Return the answers about a term by document, to be added to."""
        return self.answers_by_question.setdefault((engine, term), {})

    @property
    def has_answers(self) -> bool:
        """Whether there is an answer to store."""
        return bool(self.answers or self.answers_by_question)

    @property
    def is_worth_writing(self) -> bool:
        """Whether there is an answer, the lack of one, or a call to count."""
        has_counts = bool(self.call_counts_by_operation) or self.model_calls is not None
        return self.has_answers or has_counts or self.unanswered is not None


def read_answers(connection: Connection, keys: Collection[bytes]) -> dict[bytes, str]:
    """Return the stored answers among *keys*, as JSON texts."""
    answers: dict[bytes, str] = {}
    # They were mostly stored in the order in which they are asked for.
    for batch in batched(list(keys)):
        answers.update(connection.execute(_ANSWERS, {"keys": batch}).all())

    return answers


def stored_keys(connection: Connection, keys: Collection[bytes]) -> set[bytes]:
    """Return those of *keys* whose answers are stored."""
    stored: set[bytes] = set()
    # Keys that follow each other in the index are read from the same pages.
    for batch in batched(sorted(keys)):
        stored.update(connection.scalars(_STORED, {"keys": batch}).all())

    return stored


def claim_answers(
    db: Database,
    claim: Claim,
    keys: Collection[bytes],
    *,
    seconds: float,
    find_taken: FindTaken | None = None,
) -> dict[bytes, int]:
    """Claim the right to request *keys* for so many *seconds*; return the keys that were won.

    A key without an answer is won if nobody claims it, if its claim has expired, or if an earlier
    claim of the same job made it. The number of each key says how many claimants may have made the
    request before. *find_taken* returns the keys that are taken in another way.
    """
    won: dict[bytes, int] = {}
    common = {"seconds": seconds, "job": claim.job_id, "number": claim.number}
    # Two batches of unsorted keys can deadlock.
    claims = [{"key": key, **common} for key in sorted(keys)]
    statement = _claiming(db.is_sqlite)

    with db.write() as connection:
        for batch in batched(claims):
            won.update(connection.execute(statement, batch).all())

        # read after claiming: an answer stored in between needs no request
        answered = stored_keys(connection, won)
        if find_taken is not None:
            answered.update(find_taken(connection, won))

        _drop_claims(connection, claim, answered)

    return {key: takeovers for key, takeovers in won.items() if key not in answered}


@lru_cache(maxsize=2)
def _claiming(is_sqlite: bool) -> ReturningInsert[bytes, int]:
    """Return the statement of a claim; building it again would take longer than executing it."""
    until = clock() + bindparam("seconds", type_=Float)
    job, claim_number = bindparam("job", type_=BIG), bindparam("number", type_=Integer)
    columns = {
        "until": until,
        "job_id": job,
        "claims": claim_number,
        "takeovers": literal_column("0"),
    }
    insert = upsert(AnswerClaim, is_sqlite=is_sqlite).values(columns)

    is_left_behind = and_(
        AnswerClaim.job_id == insert.excluded.job_id, AnswerClaim.claims < insert.excluded.claims
    )
    is_by_a_wrong_clock = AnswerClaim.until > insert.excluded.until + CLOCK_SLACK_SECONDS
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "until": insert.excluded.until,
            "job_id": insert.excluded.job_id,
            "claims": insert.excluded.claims,
            "takeovers": AnswerClaim.takeovers + literal_column("1", Integer),
        },
        where=or_(AnswerClaim.until < clock(), is_by_a_wrong_clock, is_left_behind),
    ).returning(AnswerClaim.key, AnswerClaim.takeovers)


def store_batch(db: Database, claim: Claim, batch: Batch, *, service: str, credential: str) -> None:
    """Store the answers, end their claims and count the calls, even if the job has another owner.

    An answer that may quote a document which was erased meanwhile is not stored.
    """
    counts = batch.call_counts_by_operation
    with db.write() as connection:
        if batch.model_calls is not None:
            batch.model_calls(connection)

        erased = _find_erased(connection, claim, batch)
        answers: list[dict[str, Any]] = []
        for key, answer in sorted(batch.answers.items()):
            if key not in erased:
                answers.append({"key": key, "value": answer})

        documents: list[dict[str, Any]] = []
        for document, key in sorted(batch.documents):
            if key not in erased:
                documents.append({"document_id": document, "key": key})

        if answers:
            connection.execute(insert_new(Answer, is_sqlite=db.is_sqlite), answers)

        store_keyword_answers(db, connection, batch.answers_by_question)
        if batch.has_answers and batch.progress:
            note_progress(connection, claim)

        _drop_claims(connection, claim, batch.claims)
        if documents:
            connection.execute(insert_new(AnswerDocument, is_sqlite=db.is_sqlite), documents)

        _note_service(db, connection, claim.run_id, batch, service)
        count_calls(db, connection, claim.run_id, counts, service=service, credential=credential)

    for operation, call_counts in counts.items():
        count_reuse(operation, call_counts.answers_reused)


def _note_service(
    db: Database, connection: Connection, run_id: int, batch: Batch, service: str
) -> None:
    """Note whether *service* has answered the run."""
    if batch.has_answers:
        end_outage(connection, run_id, service)
    elif batch.unanswered is not None:
        seconds = time.monotonic() - batch.unanswered.began_at
        reason = batch.unanswered.reason
        note_outage(connection, db, run_id, service, reason, seconds=seconds)


def _find_erased(connection: Connection, claim: Claim, batch: Batch) -> set[bytes]:
    """Return the keys of the answers that may quote a document which was erased meanwhile."""
    erased = _quoting_erased_documents(connection, batch.documents)
    quoting = {key for key, answer in batch.answers.items() if lists_texts(answer)}
    if quoting and _has_lost_documents(connection, claim):
        erased |= quoting

    return erased


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
    call_rows: list[dict[str, Any]] = []
    for operation, call_counts in sorted(call_counts_by_operation.items()):
        counts = vars(call_counts)
        if any(counts.values()):
            shard = 0 if db.is_sqlite else random.randrange(CALL_SHARDS)
            call_key = {"run_id": run_id, "service": service, "credential": credential}
            call_key["shard"] = shard
            call_rows.append({**call_key, "operation": operation, **counts})

    if call_rows:
        connection.execute(_adding_new_calls(db.is_sqlite), call_rows)


def add_calls(connection: Connection, db: Database, call_rows: Sequence[Mapping[str, Any]]) -> None:
    """Add *call_rows* of `Call` to the counts that are stored under the same key."""
    if call_rows:
        connection.execute(_adding_calls(db.is_sqlite), call_rows)


@lru_cache(maxsize=2)
def _adding_new_calls(is_sqlite: bool) -> Insert:
    """Return the statement that adds to the counts of this minute."""
    return _adding_calls(is_sqlite).values(minute=clock_minute())


@lru_cache(maxsize=2)
def _adding_calls(is_sqlite: bool) -> Insert:
    call = upsert(Call, is_sqlite=is_sqlite)
    added: dict[str, ColumnElement[Any]] = {}
    for name in vars(CallCounts()):
        stored, new = getattr(Call, name), call.excluded[name]
        # A sum with NULL is NULL.
        added[name] = func.coalesce(stored + new, stored, new)

    key = [column.name for column in inspect(Call).primary_key]
    return call.on_conflict_do_update(index_elements=key, set_=added)


def renew_claims(
    db: Database, claim: Claim, keys: Collection[bytes], *, seconds: float
) -> set[bytes]:
    """Claim *keys* for so many *seconds* from now; return those that nobody else claimed since."""
    is_held = and_(AnswerClaim.job_id == claim.job_id, AnswerClaim.claims == claim.number)
    renewal = update(AnswerClaim).values(until=clock() + seconds).where(is_held)
    with db.write() as connection:
        renewed = renewal.returning(AnswerClaim.key)
        return set(scalars_in(connection, renewed, AnswerClaim.key, keys))


def release_claims(db: Database, claim: Claim, keys: Collection[bytes]) -> None:
    """Give up claims on *keys* without an answer, so that others may request them at once."""
    if keys:
        with db.write() as connection:
            _drop_claims(connection, claim, keys)


def expire_claims(db: Database, claim: Claim, keys: Collection[bytes]) -> None:
    """Let others request *keys* at once, who then know that the request was made before."""
    is_held = and_(AnswerClaim.job_id == claim.job_id, AnswerClaim.claims == claim.number)
    expiry = update(AnswerClaim).values(until=clock()).where(is_held)
    if keys:
        with db.write() as connection:
            change_in(connection, expiry, AnswerClaim.key, keys)


def delete_expired_claims(db: Database, *, older_than: float) -> None:
    """Delete claims that expired so many seconds ago."""
    with db.write() as connection:
        connection.execute(delete(AnswerClaim).where(AnswerClaim.until < clock() - older_than))


def calls_by_minute(
    db: Database, *, service: str, credential: str, seconds: float, at_once: int
) -> list[MinuteCount]:
    """Return what the attempts of all runs in the last *seconds* are charged with.

    Calls that may be in flight count in this minute; *at_once* is how many one process can have.
    Lines of batches are left out.
    """
    with db.read() as connection:
        now = connection.execute(select(clock())).scalar_one()
        this_minute = int(now // 60)
        is_of_key = and_(
            Call.service == service,
            Call.credential == credential,
            Call.operation != BATCH_OPERATION,
        )
        is_charged = or_(Call.calls > 0, Call.charged_tokens > 0, Call.charged_cost > 0)
        is_recent = and_(Call.minute >= int((now - seconds) // 60), is_charged)
        counts = select(
            Call.minute,
            func.sum(Call.calls),
            func.sum(Call.charged_tokens),
            func.sum(Call.charged_cost),
        ).where(is_of_key, is_recent)
        count_by_minute: dict[int, MinuteCount] = {}
        for minute, *sums in connection.execute(counts.group_by(Call.minute)):
            ended_ago = now - 60 * (minute + 1)
            count_by_minute[minute] = MinuteCount(ended_ago, *(int(total or 0) for total in sums))

        if service == "textapi":
            # A job that was killed with calls in flight left its claims; how many calls they were
            # is recorded nowhere, and a claim of a day's keywords can be of many.
            live = select(func.count(AnswerClaim.job_id.distinct()))
            jobs = connection.scalar(live.where(AnswerClaim.until > clock())) or 0
            unended = MinuteCount(now - 60 * (this_minute + 1), 0)
            count = count_by_minute.get(this_minute, unended)
            count_by_minute[this_minute] = count._replace(calls=count.calls + jobs * at_once)

    return sorted(count_by_minute.values(), reverse=True)


def lists_texts(answer: str) -> bool:
    """Return whether a stored answer is a list of sentences or phrases, which may quote a text."""
    return answer.startswith(_LIST_OF_TEXTS)


def _has_lost_documents(connection: Connection, claim: Claim) -> bool:
    """Return whether documents of the job's run may have been erased since the claim was made.

    An erasure takes the claims of the jobs that it queues again.
    """
    parameters = {"run": claim.run_id, **held_values(claim)}
    return connection.scalar(_LATE_ERASURE, parameters) is not None


def _quoting_erased_documents(
    connection: Connection, documents: Sequence[tuple[int, bytes]]
) -> set[bytes]:
    ids = sorted({document for document, _ in documents})
    stored: set[int] = set()
    for batch in batched(ids):
        # On PostgreSQL an erasure waits until the answers are stored, and removes them then.
        stored.update(connection.scalars(_LOCKED_DOCUMENTS, {"documents": batch}))

    return {key for document, key in documents if document not in stored}


def _drop_claims(connection: Connection, claim: Claim, keys: Collection[bytes]) -> None:
    for batch in batched(sorted(keys)):
        parameters = {"keys": batch, "job": claim.job_id, "number": claim.number}
        connection.execute(_DROP, parameters)
