"""Which rows of the database belong to a run, and how to read many of them a little at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from analysis import parameters as run_parameters
from core.enums import JobKind, State, Step, StepState
from core.errors import TidingsError
from models.database import Database
from models.documents import DocumentScope, documents_of
from models.runs import get_run
from models.tables import Job, JobStep
from reports.rows import CoverageRow

PAGE = 10_000  # narrow rows read in one transaction
BATCH = 500  # whole documents, or jobs, read in one transaction

T = TypeVar("T")
Statement = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class JobOfRun:
    """A job as far as its results need it."""

    id: int
    kind: str
    name: str
    state: str
    reason: str | None
    options: dict[str, Any]
    newest_document: int | None  # of those it worked on; None where it has not looked yet


@dataclass(frozen=True, slots=True)
class RunRead:
    """A run's parameters and its jobs in the order of their names; reports, being no result, are left out."""

    id: int
    parameters: run_parameters.Parameters
    jobs: list[JobOfRun]


def read_run(db: Database, run_id: int) -> RunRead:
    """The run with this number. Raises `NotFound`."""
    with db.read() as connection:
        parameters = run_parameters.read_parameters(get_run(connection, run_id).parameters)
        jobs = connection.execute(
            select(
                Job.id, Job.kind, Job.name, Job.state, Job.reason, Job.options, Job.newest_document
            ).where(Job.run_id == run_id, Job.kind != JobKind.REPORT)
        ).all()
    in_order = sorted((JobOfRun(*job) for job in jobs), key=lambda job: job.name)
    return RunRead(run_id, parameters, in_order)


def of_job(run: RunRead, job: JobOfRun) -> ColumnElement[bool]:
    """The condition on `Document` that holds for the documents that *job* works on: none that were stored later."""
    scope = DocumentScope.of_job(
        kind=job.kind,
        name=job.name,
        parameters=run.parameters.model_dump(include={"source", "material"}),
        job_id=job.id,
        newest_document=job.newest_document,
    )
    return documents_of(scope)


def handle_of(job: JobOfRun) -> str:
    """The handle, as documents have it, of the job that is named ``@handle``."""
    return job.name.removeprefix("@").lower()


def term_of(job: JobOfRun) -> str:
    """The term of the job that is named ``search:TERM``."""
    return job.name.removeprefix("search:")


def coverage_of(
    db: Database, run: RunRead, jobs: Sequence[JobOfRun]
) -> dict[int, list[CoverageRow]]:
    """What came of each step of *jobs* (a batch of them), by the jobs' ids, steps in the order of their names."""
    found: dict[int, dict[str, CoverageRow]] = {job.id: {} for job in jobs}
    names = {job.id: job.name for job in jobs}
    statement = select(
        JobStep.job_id, JobStep.step, JobStep.state, JobStep.reason, JobStep.documents
    )
    for job_id, step, *rest in fetch(db, statement.where(JobStep.job_id.in_(list(names)))):
        found[job_id][step] = CoverageRow(run.id, names[job_id], step, *rest)
    return {job.id: _all_steps(run, job, found[job.id]) for job in jobs}


def _all_steps(run: RunRead, job: JobOfRun, found: dict[str, CoverageRow]) -> list[CoverageRow]:
    """The steps that have a row, and those that were asked for and have none yet."""
    steps = (
        ()
        if isinstance(run.parameters, run_parameters.TrainingParameters)
        else (Step.DOCUMENTS, *run.parameters.steps)
    )
    missing = [step for step in _order_of_work(run) if step in steps and step not in found]
    documents = found.get(Step.DOCUMENTS)
    rows = dict(found)
    for step in missing:
        state, reason, count = None, None, None
        if documents is not None and documents.state == StepState.NO_DATA:
            state, reason, count = (
                documents.state,
                documents.reason,
                0,
            )  # nothing to work on: no step is ever reached
        elif job.state == State.FAILED and not any(
            row.state == StepState.FAILED for row in rows.values()
        ):
            state, reason = StepState.FAILED.value, job.reason  # the step that the job broke off in
        rows[step] = CoverageRow(run.id, job.name, step.value, state, reason, count)
    return sorted(rows.values(), key=lambda row: row.step)


def _order_of_work(run: RunRead) -> tuple[Step, ...]:
    """Steps as a job comes to them; a month has its polarities before it looks for phrases."""
    if isinstance(run.parameters, run_parameters.MonthsParameters):
        first = (Step.DOCUMENTS, Step.KEYWORDS, Step.POLARITY)
        return (*first, *(step for step in Step if step not in first))
    return tuple(Step)


def fetch(db: Database, statement: Statement) -> Sequence[AnyRow]:
    """All rows of *statement*, read in a transaction of their own."""
    with db.read() as connection:
        return connection.execute(statement).all()


def paged(db: Database, statement: Statement, key: InstrumentedAttribute[int]) -> Iterator[AnyRow]:
    """The rows of *statement*, a page to a transaction, in the order of *key*: its first column, a different number
    in each row.
    """  # noqa: D205 - one sentence
    page = fetch(db, statement.order_by(key).limit(PAGE))
    while page:
        yield from page
        if len(page) < PAGE:
            return
        page = fetch(db, statement.where(key > page[-1][0]).order_by(key).limit(PAGE))


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """*items* in lists of *size*, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def by_identity(documents: Iterable[tuple[int, str]]) -> Iterator[int]:
    """Ids of (id, identity) in the order of the identities' code points, each once, whatever their number.

    Sorted in a file of its own that SQLite makes and deletes: a million identities are too much for memory, and
    databases sort text each by its own rules.
    """
    with closing(sqlite3.connect("")) as disk:
        try:
            disk.execute("CREATE TABLE found (id INTEGER, identity TEXT)")
            disk.executemany("INSERT INTO found VALUES (?, ?)", documents)
            in_order = disk.execute("SELECT id FROM found GROUP BY identity ORDER BY identity")
        except sqlite3.Error as error:
            raise TidingsError(
                f"documents cannot be sorted ({error}): make room for temporary files"
            ) from error
        for (found,) in in_order:
            yield found
