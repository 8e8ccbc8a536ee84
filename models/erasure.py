"""Forgetting: runs, documents and accounts, with everything that was made of them.

Answers that were made of several texts are found by `AnswerDocument`; those of a single text by what they quote, so
that no engine, term or run has to be remembered for it. An answer that quotes nothing (a number, an empty list, under a
key that is a hash) tells nobody anything of a text, and stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, func, or_, select, update

from core.enums import JobKind, State, Step, StepState
from core.errors import NotFound
from models.database import Database, clock
from models.documents import ARCHIVE_SOURCE, Text, archive_size, posts_found, posts_of, with_counts
from models.jobs import steps_done
from models.runs import lock_run, queue_report
from models.suppression_list import suppress
from models.tables import (
    Answer,
    AnswerClaim,
    AnswerDocument,
    Call,
    Crawl,
    Document,
    Entity,
    Job,
    JobDocument,
    JobStep,
    Mention,
    Phrase,
    PostPolarity,
    Report,
    Run,
    Summary,
)

MANY = 400  # values in one statement
SCANNED_AT_ONCE = 5000
NOBODY = 0  # the run to which the calls of forgotten runs belong: limits go on counting them

T = TypeVar("T")


@dataclass
class Forgotten:
    """What went."""

    documents: int = 0
    answers: int = 0
    runs: list[int] = field(default_factory=list)  # whose results are made again without them


def forget_run(db: Database, run_id: int) -> None:
    """Remove a run with its jobs and all that they found; documents and answers stay. Raises `NotFound`."""
    with db.write() as connection:
        lock_run(connection, run_id)
        jobs = connection.scalars(select(Job.id).where(Job.run_id == run_id)).all()
        for some in _batched(jobs):
            connection.execute(delete(AnswerClaim).where(AnswerClaim.job_id.in_(some)))
        _disown_calls(connection, db, run_id)
        if not connection.execute(delete(Run).where(Run.id == run_id)).rowcount:
            raise NotFound(f"there is no run {run_id}: `tidings runs` lists them")


def documents_named(connection: Connection, identity: str) -> list[int]:
    """The document of that name in exports. Raises `NotFound`."""
    found = list(connection.scalars(select(Document.id).where(Document.identity == identity)))
    if not found:
        raise NotFound(
            f"there is no document {identity!r}: `tidings export RUN documents` names them (`nyt:…`)"
        )
    return found


def documents_by_account(connection: Connection, handle: str) -> list[int]:
    """Every document of an account, those under its other handles too. Raises `NotFound`."""
    accounts = select(Document.source, Document.author_id).where(
        Document.handle == handle, Document.author_id.is_not(None)
    )
    found = set(connection.scalars(select(Document.id).where(Document.handle == handle)))
    for source, author in connection.execute(accounts.distinct()).all():
        found.update(
            connection.scalars(
                select(Document.id).where(Document.source == source, Document.author_id == author)
            )
        )
    if not found:
        raise NotFound(f"no document of @{handle} is stored")
    return sorted(found)


def forget_documents(
    db: Database,
    ids: Sequence[int],
    *,
    sentences: Callable[[str], Iterable[str]],
    reason: str,
    handle: str | None = None,
) -> Forgotten:
    """Remove documents, what was found in them and the answers that quote them; what else rests on them is made again.

    *sentences* splits a text as the engine does. *handle*: the whole account is forgotten, and how far it was read.
    *reason* is told by every run that held one of them.
    """
    texts = _rows(db, lambda some: select(Document.text).where(Document.id.in_(some)), ids)
    quotes = {row.text for row in texts}
    quotes.update(sentence for row in texts for sentence in sentences(row.text))
    mentions = _rows(
        db,
        lambda some: select(Mention.sentence).where(Mention.document_id.in_(some)).distinct(),
        ids,
    )
    quotes.update(row.sentence for row in mentions)
    quoting = _quoting_answers(db, quotes)
    with db.write() as connection:
        jobs = _jobs_with(connection, ids, handle)
        for run_id in sorted({job.run_id for job in jobs}):
            lock_run(connection, run_id)
        answers = _forget_answers(connection, ids, quoting)
        if handle is not None:
            connection.execute(delete(Crawl).where(Crawl.subject == f"@{handle}"))
        suppress(connection, db, ids, handle)
        for some in _batched(ids):
            connection.execute(delete(Document).where(Document.id.in_(some)))
        if db.is_sqlite:
            _lower_marks(connection)
        for job in jobs:
            _make_again(connection, job, reason)
        runs = sorted({job.run_id for job in jobs})
        for run_id in runs:
            _reopen(connection, db, run_id, reason)
    return Forgotten(len(ids), answers, runs)


def _lower_marks(connection: Connection) -> None:
    """SQLite gives the highest ids anew when their rows are gone: a job that ended must not take those for its own."""
    newest = connection.scalar(select(func.max(Document.id))) or 0
    connection.execute(
        update(Job).where(Job.newest_document > newest).values(newest_document=newest)
    )


def _jobs_with(connection: Connection, ids: Sequence[int], handle: str | None) -> list[Any]:
    """The jobs that hold one of the documents: found in, linked to, of their month or of their handle.

    Not those that looked before the first of a month's or a handle's was stored.
    """
    numbers: set[int] = set()
    first: dict[tuple[JobKind, str], int] = (
        {} if handle is None else {(JobKind.HANDLE, f"@{handle}"): 0}
    )
    for some in _batched(ids):
        for table in (Mention, PostPolarity, JobDocument):
            numbers.update(
                connection.scalars(
                    select(table.job_id).where(table.document_id.in_(some)).distinct()
                )
            )
        rows = connection.execute(
            select(Document.id, Document.source, Document.period, Document.handle).where(
                Document.id.in_(some)
            )
        )
        for row in rows:
            of_month = row.source == ARCHIVE_SOURCE and row.period
            named = [(JobKind.MONTH, row.period)] if of_month else []
            named += [(JobKind.HANDLE, f"@{row.handle}")] if row.handle else []
            for one in named:
                first[one] = min(row.id, first.get(one, row.id))
    for (kind, name), number in first.items():
        looked_later = or_(Job.newest_document.is_(None), Job.newest_document >= number)
        numbers.update(
            connection.scalars(
                select(Job.id).where(Job.kind == kind, Job.name == name, looked_later)
            )
        )
    found: list[Any] = []
    for numbered in _batched(sorted(numbers)):
        found += connection.execute(
            select(
                Job.id,
                Job.run_id,
                Job.kind,
                Job.name,
                Job.state,
                Job.newest_document,
                Run.state.label("run_state"),
                Run.parameters,
            )
            .join(Run, Run.id == Job.run_id)
            .where(Job.id.in_(numbered))
        ).all()
    return found


def _quoting_answers(db: Database, quotes: set[str]) -> list[bytes]:
    """The keys of the answers that list one of *quotes*: all answers are looked through."""
    found: list[bytes] = []
    after = 0
    while True:
        with db.read() as connection:
            rows = connection.execute(
                select(Answer.id, Answer.key, Answer.value)
                .where(Answer.id > after)
                .order_by(Answer.id)
                .limit(SCANNED_AT_ONCE)
            ).all()
        if not rows:
            return found
        after = rows[-1].id
        found += [
            row.key
            for row in rows
            if row.value.startswith('["') and not quotes.isdisjoint(json.loads(row.value))
        ]


def _forget_answers(connection: Connection, ids: Sequence[int], quoting: Sequence[bytes]) -> int:
    keys = set(quoting)
    for some in _batched(ids):
        keys.update(
            connection.scalars(
                select(AnswerDocument.key).where(AnswerDocument.document_id.in_(some))
            )
        )
    gone = 0
    for group in _batched(sorted(keys)):
        connection.execute(delete(AnswerDocument).where(AnswerDocument.key.in_(group)))
        gone += connection.execute(delete(Answer).where(Answer.key.in_(group))).rowcount
    return gone


def _make_again(connection: Connection, job: Any, reason: str) -> None:
    """Remove what a job made of its documents together, and queue it, unless nothing is left to work on.

    Its step `documents` stays done: it is not to ask the service for what was just forgotten.
    """
    for table in (Phrase, Entity, Summary):
        connection.execute(delete(table).where(table.job_id == job.id))
    began = Step.DOCUMENTS in steps_done(connection, job.id)
    steps = JobStep.job_id == job.id
    if not began:
        return
    left = _documents_left(connection, job)
    values: dict[str, Any] = {"owner": None, "lease_until": None, "dispatched_at": None}
    if left.all_there:
        connection.execute(delete(JobStep).where(steps, JobStep.step != Step.DOCUMENTS))
        if left.posts:
            remark = with_counts(connection.scalar(select(JobStep.reason).where(steps)), left.posts)
            connection.execute(update(JobStep).where(steps).values(reason=remark))
        connection.execute(update(JobStep).where(steps).values(documents=left.documents))
        values |= {
            "state": State.QUEUED,
            "result": None,
            "reason": None,
            "ended_at": None,
            "due_at": clock(),
        }
    else:
        gone = {"state": StepState.NO_DATA, "documents": 0, "reason": reason}
        connection.execute(update(JobStep).where(steps).values(**gone))
        values |= {
            "state": State.DONE,
            "result": StepState.NO_DATA,
            "reason": reason,
            "ended_at": clock(),
        }
        values["newest_document"] = 0
    if job.run_state != State.CANCELLED and job.state in (
        State.DONE,
        State.RUNNING,
        State.QUEUED,
        State.WAITING,
    ):
        connection.execute(update(Job).where(Job.id == job.id).values(**values))


@dataclass(frozen=True)
class _Left:
    documents: int  # of the job
    all_there: int  # before its choice of material
    posts: Sequence[Text] = ()


def _documents_left(connection: Connection, job: Any) -> _Left:
    if job.kind == JobKind.MONTH:
        whole = archive_size(connection, job.name, up_to=job.newest_document)
        material = job.parameters.get("material")
        own = (
            archive_size(connection, job.name, material, up_to=job.newest_document)
            if material
            else whole
        )
        return _Left(own, whole)
    if job.kind == JobKind.HANDLE:
        source = job.parameters.get("source")
        posts = posts_of(connection, job.name.removeprefix("@"), source, up_to=job.newest_document)
    else:
        posts = posts_found(connection, job.id)
    return _Left(len(posts), len(posts), posts)


def _reopen(connection: Connection, db: Database, run_id: int, reason: str) -> None:
    """Let the run say what went, go on where a job of it is queued, and have its report made again."""
    stale = {"stale": reason, "at": clock()}
    connection.execute(
        db.upsert(Report)
        .values(run_id=run_id, path=str(run_id), **stale)
        .on_conflict_do_update(index_elements=["run_id"], set_=stale)
    )
    connection.execute(update(Run).where(Run.id == run_id).values(reason=reason))
    queued = (
        select(Job.id)
        .where(Job.run_id == run_id, Job.kind != JobKind.REPORT, Job.state == State.QUEUED)
        .exists()
    )
    reopened = connection.execute(
        update(Run)
        .where(Run.id == run_id, or_(Run.state == State.DONE, Run.state == State.FAILED), queued)
        .values(state=State.RUNNING, ended_at=None)
    ).rowcount
    ended = connection.scalar(select(Run.ended_at).where(Run.id == run_id)) is not None
    if ended and not reopened:
        queue_report(connection, run_id)  # else it is made when the run ends


def _disown_calls(connection: Connection, db: Database, run_id: int) -> None:
    columns = ("calls", "answers_reused", "retries", "maybe_twice", "seconds")
    for call in (
        connection.execute(select(Call.__table__).where(Call.run_id == run_id)).mappings().all()
    ):
        statement = db.upsert(Call).values({**call, "run_id": NOBODY})
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["run_id", "service", "credential", "operation", "minute"],
                set_={name: getattr(Call, name) + statement.excluded[name] for name in columns},
            )
        )
    connection.execute(delete(Call).where(Call.run_id == run_id))


def _rows(db: Database, statement: Callable[[Sequence[int]], Any], ids: Sequence[int]) -> list[Any]:
    with db.read() as connection:
        return [row for some in _batched(ids) for row in connection.execute(statement(some))]


def _batched(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
