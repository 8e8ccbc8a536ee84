"""A run and its jobs, read once and passed to everything that shows results."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import wraps
from itertools import starmap
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from analysis import parameters as run_parameters
from analysis.options import TextOptions
from core.enums import Grain, Grouping, JobKind
from core.errors import UsageError
from models.database import Database
from models.documents import DocumentScope, documents_of
from models.runs import get_run
from models.tables import Job, Run, RunEngine
from reports.data.queries import fetch_all, in_batches, index_by

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

JOBS_AT_A_TIME = 25  # whose results are read in one transaction: memory is that of so many


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents of a run its figures are of; all of them where nothing is given."""

    distinct: bool = False  # of each pattern of texts the first document of a month alone
    without: tuple[str, ...] = ()  # patterns: ``template:N``, else a text of theirs

    def __bool__(self) -> bool:
        """Whether anything may be left out."""
        return self.distinct or bool(self.without)

    def __or__(self, other: Selection) -> Selection:
        """Return what leaves out what either does."""
        without = dict.fromkeys([*self.without, *other.without])
        return Selection(self.distinct or other.distinct, tuple(without))


NO_SELECTION = Selection()


class Readings:
    """What was read or computed of a run: each reading is made once."""

    def __init__(self) -> None:
        self._results: dict[object, Any] = {}

    def once(self, reading: object, read: Callable[[], T]) -> T:
        """Return what *read* returned when the *reading* was asked for first."""
        if reading not in self._results:
            self._results[reading] = read()
        result: T = self._results[reading]
        return result


@dataclass(frozen=True, slots=True)
class RunJob:
    """A job as far as its results need it."""

    id: int
    kind: str
    name: str
    state: str
    reason: str | None
    options: dict[str, Any]
    newest_document: int | None  # highest id it worked on; None before its documents are fixed

    @property
    def handle(self) -> str:
        """The handle, as documents have it, of the job that is named ``@handle``."""
        return self.name.removeprefix("@").lower()

    @property
    def term(self) -> str:
        """The term of the job that is named ``search:TERM``."""
        return self.name.removeprefix("search:")


@dataclass(frozen=True)
class RunData:
    """A run with its parameters and its jobs by name; jobs that make reports have no results."""

    db: Database
    id: int
    name: str | None
    kind: str  # months, handles, search, training
    state: str
    reason: str | None
    created_at: float  # Unix time, as `ended_at`
    ended_at: float | None
    parameters: run_parameters.Parameters
    mask: bytes | None  # PNG of the word clouds' shape
    engines: list[str]  # of the Text API, by whose answers the results were made
    jobs: list[RunJob]
    selection: Selection = NO_SELECTION
    grain: Grain = Grain.MONTH  # of its series
    grouping: Grouping | None = None  # its series are of each group too
    # What was read whatever the selection, and what was read of the documents that it leaves.
    readings: Readings = field(default_factory=Readings, repr=False, compare=False)
    selected_readings: Readings = field(default_factory=Readings, repr=False, compare=False)

    def jobs_named(self, names: Collection[str] | None) -> list[RunJob]:
        """Return the jobs with these names, or all where *names* is None."""
        if names is None:
            return list(self.jobs)
        named = []
        for name in sorted(set(names)):  # of a thousand months a page at a time reads one
            place = bisect_left(self.jobs, name, key=attrgetter("name"))
            if place < len(self.jobs) and self.jobs[place].name == name:
                named.append(self.jobs[place])
        return named


def fetch_of_jobs(
    data: RunData,
    names: Collection[str] | None,
    job_id: InstrumentedAttribute[int],
    *columns: InstrumentedAttribute[Any],
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a batch of jobs: the job, then *columns* of the table of *job_id*."""
    for jobs in in_batches(data.jobs_named(names), JOBS_AT_A_TIME):
        by_id = index_by("id", jobs)
        statement = select(job_id, *columns).where(job_id.in_(list(by_id)))
        yield [(by_id[id_], *values) for id_, *values in fetch_all(data.db, statement)]


def load_run(
    db: Database,
    run_id: int,
    selection: Selection = NO_SELECTION,
    grain: Grain | None = None,
    grouping: Grouping | None = None,
) -> RunData:
    """Read a run and its jobs.

    Its figures are of the documents that neither *selection* nor its parameters leave out. Its
    series have the *grain* and the *grouping*, by default those of its parameters. Raises
    `NotFound`, and `UsageError` where a training is given a grain, or another run than one of
    months a grouping.
    """
    columns = (
        *(Job.id, Job.kind, Job.name, Job.state, Job.reason),
        *(Job.options, Job.newest_document),
    )
    with db.read() as connection:
        run = get_run(connection, run_id)
        mask = connection.scalar(select(Run.mask).where(Run.id == run_id))
        engines = connection.scalars(select(RunEngine.engine).where(RunEngine.run_id == run_id))
        engine_names = sorted(engines)
        jobs = connection.execute(
            select(*columns).where(Job.run_id == run_id, Job.kind != JobKind.REPORT)
        ).all()

    parameters = run_parameters.read_parameters(run.parameters)
    if grain is not None and not isinstance(parameters, TextOptions):
        raise UsageError(f"run {run_id} is a training, which has no periods: leave out --by")
    if grouping is not None and not isinstance(parameters, run_parameters.MonthsParameters):
        raise UsageError(
            f"--by {grouping}: run {run_id} is none of months, whose documents alone are grouped: "
            "leave it out"
        )
    return RunData(
        db=db,
        id=run_id,
        name=run.name,
        kind=run.kind,
        state=run.state,
        reason=run.reason,
        created_at=run.created_at,
        ended_at=run.ended_at,
        parameters=parameters,
        mask=mask,
        engines=engine_names,
        jobs=sorted(starmap(RunJob, jobs), key=attrgetter("name")),
        selection=_stored_selection(parameters) | selection,
        grain=grain or _stored_grain(parameters),
        grouping=grouping or _stored_grouping(parameters),
    )


def _stored_selection(parameters: run_parameters.Parameters) -> Selection:
    if not isinstance(parameters, TextOptions):
        return NO_SELECTION
    return Selection(parameters.distinct, parameters.without)


def _stored_grain(parameters: run_parameters.Parameters) -> Grain:
    return parameters.by if isinstance(parameters, TextOptions) else Grain.MONTH


def _stored_grouping(parameters: run_parameters.Parameters) -> Grouping | None:
    if not isinstance(parameters, run_parameters.MonthsParameters):
        return None
    return parameters.grouping


def document_scope(data: RunData, job: RunJob) -> DocumentScope:
    """Return which documents *job* works on."""
    return DocumentScope.of_job(
        kind=job.kind,
        name=job.name,
        job_id=job.id,
        newest_document=job.newest_document,
        parameters=vars(data.parameters),
    )


def documents_condition(data: RunData, job: RunJob) -> ColumnElement[bool]:
    """Return the condition on `Document` that selects the documents that *job* works on."""
    return documents_of(document_scope(data, job))


class Reader(Protocol[T_co]):
    """A function that yields the rows of one table, sorted, of all jobs or of those named."""

    def __call__(self, data: RunData, names: Collection[str] | None = None) -> Iterator[T_co]:
        """Yield the rows."""


def keep_rows(read: Reader[T]) -> Reader[T]:
    """Decorate a reader of selected documents whose rows of the whole run are computed once."""
    return _keep_in(attrgetter("selected_readings"), read)


def keep_rows_of_run(read: Reader[T]) -> Reader[T]:
    """Decorate a reader whose rows of the whole run are the same whatever the selection."""
    return _keep_in(attrgetter("readings"), read)


def _keep_in(readings_of: Callable[[RunData], Readings], read: Reader[T]) -> Reader[T]:
    @wraps(read)
    def read_once(data: RunData, names: Collection[str] | None = None) -> Iterator[T]:
        if names is not None:
            return read(data, names)
        return iter(readings_of(data).once(read, lambda: list(read(data))))

    return read_once
