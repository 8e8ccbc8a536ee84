"""Erasure of runs, documents and accounts with everything that was derived from them.

Sentences with keywords are found by their document, answers about several texts by
`AnswerDocument`, and answers about a single text by what they quote. So no engine, term or run has
to be remembered. An answer that quotes nothing (a number, under a key that is a hash) says nothing
about a text and stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute

from core.enums import DOCUMENTS, ActKind, State, StepState
from core.errors import NotFound
from models.acts import record_act
from models.answers import MAY_LIST_TEXTS
from models.bulk import change_in, scalars_in, select_in, store_row
from models.completion import group_by_scope
from models.database import Database, batched, clock
from models.documents import (
    SCOPE_COLUMNS,
    DocumentScope,
    count_documents,
    documents_of,
    list_documents,
    with_counts,
)
from models.imports import drop_places
from models.jobs import completed_steps, first_job_ids
from models.keyword_answers import clear_searched, count_keyword_answers
from models.origins import add_to_counts, count_by_key
from models.redo_transitions import empty_job, redo_job, redo_reports
from models.run_transitions import lock_run, queue_report, reopen_run
from models.runs import UNENDED
from models.tables import (
    IS_REPORT,
    Answer,
    AnswerClaim,
    AnswerDocument,
    Base,
    Crawl,
    Document,
    DocumentDetails,
    ForgottenRun,
    Job,
    JobDocument,
    JobFrames,
    JobStep,
    Mention,
    PostPolarity,
    Run,
    RunErasure,
)

SCANNED_AT_ONCE = 20_000


@dataclass
class Erased:
    """What was removed."""

    documents: int = 0
    answers: int = 0

    # The results of these runs are made again without the documents.
    runs: list[int] = field(default_factory=list)


def forget_run(db: Database, run_id: int, *, person: str | None = None) -> None:
    """Remove a run, its jobs and their results; documents and answers stay. Raises `NotFound`.

    Its open batches stay too, for whoever needs their answers: they are paid. So do its calls, with
    who pays them: limits and bills go on counting them. The act is that of a *person*.
    """
    with db.write() as connection:
        lock_run(connection, run_id)
        jobs = connection.scalars(select(Job.id).where(Job.run_id == run_id)).all()
        change_in(connection, delete(AnswerClaim), AnswerClaim.job_id, jobs)
        forgotten = delete(Run).where(Run.id == run_id)
        columns = (Run.person, Run.purse, Run.currency, Run.parameters)
        run = connection.execute(forgotten.returning(*columns)).one_or_none()
        if run is None:
            raise NotFound(f"there is no run {run_id}: `tidings runs` lists them")

        payers = {"person": run.person, "purse": run.purse, "currency": run.currency}
        coder = run.parameters.get("coder")
        connection.execute(insert(ForgottenRun).values(number=run_id, coder=coder, **payers))
        record_act(connection, ActKind.FORGET, f"run {run_id}", person=person)


def documents_named(connection: Connection, identity: str) -> list[int]:
    """Return the id of the document of that name in exports. Raises `NotFound`."""
    ids = list(connection.scalars(select(Document.id).where(Document.identity == identity)))
    if not ids:
        raise NotFound(
            f"there is no document {identity!r}: `tidings export RUN documents` lists their names"
        )

    return ids


def documents_by_account(connection: Connection, handle: str) -> list[int]:
    """Return the ids of an account's documents, under its other handles too. Raises `NotFound`."""
    ids = set(connection.scalars(select(Document.id).where(Document.handle == handle)))
    authors = select(Document.source, Document.author_id).where(
        Document.handle == handle, Document.author_id.is_not(None)
    )
    for source, author in connection.execute(authors.distinct()).all():
        is_of_author = (Document.source == source, Document.author_id == author)
        ids.update(connection.scalars(select(Document.id).where(*is_of_author)))

    if not ids:
        raise NotFound(f"no document of @{handle} is stored")

    return sorted(ids)


def forget_documents(
    db: Database,
    ids: Sequence[int],
    *,
    sentences: Callable[[str], Iterable[str]],
    reason: str,
    result_tables: Sequence[type[Base]],
    handle: str | None = None,
) -> Erased:
    """Remove documents with the results and answers that quote them.

    Jobs whose other results rest on the documents are queued again. Suppress the documents before,
    so that nothing collects them again during the search for their answers.

    *sentences* splits a text as the engine does. *result_tables* hold rows of steps.
    A *handle* says that the whole account is erased, with the progress of its crawl. Every run that
    held one of the documents gives the *reason*.
    """
    quotes = _quotable_texts(db, ids, sentences)
    quoting, newest_answer = _quoting_answers(db, quotes)
    with db.write() as connection:
        # An import locks its record before its documents; places go first to keep that order.
        drop_places(connection)
        jobs = _affected_jobs(connection, ids, handle)
        runs = sorted({job.run_id for job in jobs})
        for run_id in runs:
            lock_run(connection, run_id)

        answers = _delete_answers(connection, ids, quoting)
        # Keyword answers are deleted together with their documents.
        answers += count_keyword_answers(connection, ids)
        if handle is not None:
            connection.execute(delete(Crawl).where(Crawl.subject == f"@{handle}"))

        removed = count_by_key(connection, ids)
        change_in(connection, delete(Document), Document.id, ids)
        add_to_counts(connection, db, {key: -count for key, count in removed.items()})
        clear_searched(connection, ids)
        if db.is_sqlite:
            _lower_newest_documents(connection)

        for job in jobs:
            # They hold words of the documents, and no report of an idle stack makes them anew.
            connection.execute(delete(JobFrames).where(JobFrames.job_id == job.id))
            for table in result_tables:
                columns = table.__table__.c
                if "document_id" not in columns:
                    # Rows that name their document were deleted with it.
                    connection.execute(delete(table).where(columns.job_id == job.id))

            if DOCUMENTS in completed_steps(connection, job.id):
                _redo_or_empty_job(connection, job, reason)

        for run_id in runs:
            _note_erasure(connection, db, run_id, reason)

    # What was answered before the erasure and stored after the first look.
    late, _ = _quoting_answers(db, quotes, after=newest_answer)
    with db.write() as connection:
        answers += _delete_answers(connection, [], late)

    return Erased(len(ids), answers, runs)


def _quotable_texts(
    db: Database, ids: Sequence[int], sentences: Callable[[str], Iterable[str]]
) -> set[str]:
    """Return the documents' texts, and their sentences as this engine and others split them."""
    stored_abstracts = select(DocumentDetails.abstract).where(DocumentDetails.abstract.is_not(None))
    with db.read() as connection:
        quoted = scalars_in(connection, select(Mention.sentence), Mention.document_id, ids)
        texts = scalars_in(connection, select(Document.text), Document.id, ids)
        texts += scalars_in(connection, stored_abstracts, DocumentDetails.document_id, ids)

    return {*quoted, *texts, *(sentence for text in texts for sentence in sentences(text))}


def _quoting_answers(db: Database, quotes: set[str], after: int = 0) -> tuple[set[bytes], int]:
    """Return the keys of the answers that list one of *quotes*, and the id of the newest answer.

    Only answers with an id above *after* are read.
    """
    with db.read() as connection:
        newest = connection.scalar(select(func.max(Answer.id))) or after

    keys: set[bytes] = set()
    for key, answer in _answers_between(db, after, newest):
        if not quotes.isdisjoint(json.loads(answer)):
            keys.add(key)

    return keys, newest


def _answers_between(db: Database, after: int, newest: int) -> Iterator[Row[bytes, str]]:
    """Yield the answers that may quote a text, by ranges of ids: most answers are numbers."""
    answers = select(Answer.key, Answer.value).where(MAY_LIST_TEXTS)
    for start in range(after, newest, SCANNED_AT_ONCE):
        end = min(start + SCANNED_AT_ONCE, newest)
        with db.read() as connection:
            range_answers = answers.where(Answer.id > start, Answer.id <= end)
            answer_rows = connection.execute(range_answers).all()

        yield from answer_rows


def _delete_answers(connection: Connection, ids: Sequence[int], quoting: set[bytes]) -> int:
    linked = select(AnswerDocument.key)
    keys = quoting.union(scalars_in(connection, linked, AnswerDocument.document_id, ids))
    change_in(connection, delete(AnswerDocument), AnswerDocument.key, keys)
    return change_in(connection, delete(Answer), Answer.key, keys)


def _affected_jobs(
    connection: Connection, ids: Sequence[int], handle: str | None
) -> list[Row[Any]]:
    """Return the jobs that hold one of the documents, collect the *handle*, or rest on such a job.

    The posts of an account or a search are compared with those of the run's other jobs.
    """
    job_ids: set[int] = set()
    for table in (Mention, PostPolarity, JobDocument):
        linked = select(table.job_id).distinct()
        job_ids.update(scalars_in(connection, linked, table.document_id, ids))

    jobs = {job.id: job for job in _read_jobs(connection, Job.id, job_ids)}
    if handle is not None:
        jobs |= {job.id: job for job in _read_jobs(connection, Job.handle, [handle])}

    ids_by_job = _ids_by_job(connection, ids)
    for job in _read_jobs(connection, Job.id, ids_by_job.keys() - jobs.keys()):
        scope = DocumentScope.of_job(job, job.parameters).of_all_kinds
        if _holds_one_of(connection, scope, ids_by_job[job.id]):
            jobs[job.id] = job

    runs = {job.run_id for job in jobs.values() if job.id in first_job_ids(connection, job.run_id)}
    # Jobs over posts are compared with the other jobs of their run.
    is_compared = Job.first_day.is_(None)
    for job in _read_jobs(connection, Job.run_id, runs, is_compared, ~IS_REPORT):
        jobs[job.id] = job

    return list(jobs.values())


def _ids_by_job(connection: Connection, ids: Sequence[int]) -> dict[int, list[int]]:
    """Return the documents of the days or the handle of each job."""
    ids_by_job: dict[int, list[int]] = {}
    for batch in batched(ids):
        for is_in_scope, document_ids in group_by_scope(connection, batch):
            for job_id in connection.scalars(select(Job.id).where(is_in_scope)):
                ids_by_job.setdefault(job_id, []).extend(document_ids)

    return ids_by_job


def _read_jobs(
    connection: Connection,
    column: InstrumentedAttribute[Any],
    keys: Iterable[Any],
    *conditions: ColumnElement[bool],
) -> list[Row[Any]]:
    columns = (*SCOPE_COLUMNS, Job.run_id, Job.state)
    jobs = select(*columns, Run.state.label("run_state"), Run.parameters)
    jobs = jobs.join(Run, Run.id == Job.run_id).where(*conditions).order_by(Job.id)
    return select_in(connection, jobs, column, keys)


def _holds_one_of(connection: Connection, scope: DocumentScope, ids: Sequence[int]) -> bool:
    held = select(Document.id).where(documents_of(scope)).limit(1)
    return bool(select_in(connection, held, Document.id, ids))


def _lower_newest_documents(connection: Connection) -> None:
    """Keep ended jobs from documents that are stored later: SQLite reuses the highest ids."""
    newest = connection.scalar(select(func.max(Document.id))) or 0
    later = update(Job).where(Job.newest_document > newest)
    connection.execute(later.values(newest_document=newest))


def _redo_or_empty_job(connection: Connection, job: Row[Any], reason: str) -> None:
    """Queue the job, or end it if no document is left to work on.

    Its step `documents` stays done: it must not fetch again what was just erased.
    """
    scope = DocumentScope.of_job(job, job.parameters)
    may_change = job.run_state != State.CANCELLED and job.state in (State.DONE, *UNENDED)
    steps = JobStep.job_id == job.id
    if not count_documents(connection, scope.of_all_kinds):
        outcome = {"state": StepState.NO_DATA, "documents": 0, "reason": reason}
        connection.execute(update(JobStep).where(steps).values(outcome))
        if may_change:
            empty_job(connection, job.id, reason=reason)

        return

    connection.execute(delete(JobStep).where(steps, JobStep.step != DOCUMENTS))
    outcome = {"documents": count_documents(connection, scope)}
    if scope.days is None:
        fetch_remark = connection.scalar(select(JobStep.fetch_remark).where(steps))
        outcome["reason"] = with_counts(fetch_remark, list_documents(connection, scope))

    connection.execute(update(JobStep).where(steps).values(outcome))
    if may_change:
        redo_job(connection, job.id)


def _note_erasure(connection: Connection, db: Database, run_id: int, reason: str) -> None:
    """Let the run give the reason, continue where a job of it is queued, and remake its report."""
    erasure = {"reason": reason, "at": clock()}
    store_row(connection, db, RunErasure, {"run_id": run_id}, erasure)
    connection.execute(update(Run).where(Run.id == run_id).values(reason=reason))

    redo_reports(connection, run_id)
    if not reopen_run(connection, run_id):
        ended_at = connection.scalar(select(Run.ended_at).where(Run.id == run_id))
        if ended_at is not None:
            # An open run gets its report when it ends.
            queue_report(connection, run_id)
