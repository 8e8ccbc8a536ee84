"""A run and its jobs, read once and passed to everything that shows results."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from itertools import starmap
from operator import attrgetter
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from analysis.kinds import kind_named
from analysis.kinds.kind import Kind
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import Grain, Grouping, TextPart
from core.errors import UsageError
from models.database import Database
from models.documents import DocumentScope, documents_of, text_part_of
from models.runs import engines_of, get_run
from models.tables import IS_REPORT, Job, Run
from reports.data.queries import fetch_all, fetch_scalars, in_batches, index_by
from textapi.engine.polarity import NeutralBand, neutral_band

T = TypeVar("T")
Arguments = ParamSpec("Arguments")
T_co = TypeVar("T_co", covariant=True)

# The results of so many jobs are read in one transaction and fit in memory.
JOBS_AT_A_TIME = 25


@dataclass(frozen=True, slots=True)
class Selection:
    """The documents of a run that its figures count; by default all of them."""

    # True if only the first document of each pattern of texts counts in a month.
    distinct: bool = False

    # The patterns that are left out, by a text that is like them.
    without: tuple[str, ...] = ()

    # The days, in UTC, whose documents are left out.
    days: frozenset[date] = frozenset()

    # True if a story counts once that several sources of the run hold.
    stories: bool = False

    def __bool__(self) -> bool:
        """Whether anything may be left out."""
        return self.distinct or self.stories or bool(self.without or self.days)

    def __or__(self, selection: Selection) -> Selection:
        """Return the selection that leaves out what either of the two leaves out."""
        without = dict.fromkeys([*self.without, *selection.without])
        return Selection(
            self.distinct or selection.distinct,
            tuple(without),
            self.days | selection.days,
            self.stories or selection.stories,
        )


NO_SELECTION = Selection()


@dataclass(frozen=True, slots=True, eq=False)
class RunJob:
    """A job as far as its results need it."""

    id: int
    kind: str
    name: str
    state: str
    reason: str | None
    options: dict[str, Any]

    # The highest id that the job worked on; None before its documents are frozen.
    newest_document: int | None

    # The days or the handle of its documents, and their sources; see `Job`.
    first_day: date | None
    last_day: date | None
    handle: str | None
    sources: list[str]

    @property
    def days(self) -> list[date]:
        """Every day of its documents; none of an account or a search."""
        if self.first_day is None or self.last_day is None:
            return []

        first, last = self.first_day.toordinal(), self.last_day.toordinal()
        return [date.fromordinal(ordinal) for ordinal in range(first, last + 1)]


@dataclass(frozen=True)
class RunData:
    """A run with its parameters and its jobs by name; jobs that make reports have no results."""

    db: Database
    id: int
    name: str | None
    kind: Kind[Any]

    # The Unix time of its submission.
    created_at: float
    parameters: Any
    jobs: list[RunJob]
    selection: Selection = NO_SELECTION

    # The grain of the run's series, and the grouping by which they are given too.
    grain: Grain = Grain.MONTH
    grouping: Grouping | None = None

    # True if the names of people who coded are numbers in tables.
    hides_coders: bool = False

    # What was read or computed of the run: see `once` and `once_of_run`.
    results: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def keywords(self) -> tuple[Keyword, ...]:
        """The keywords that the run looks for; none of a run over posts."""
        return self.kind.keywords(self.parameters)

    @property
    def text_part(self) -> TextPart:
        """What the run reads of each document."""
        return text_part_of(vars(self.parameters))

    @property
    def month_parameters(self) -> MonthsParameters:
        """The parameters of a run of months."""
        assert isinstance(self.parameters, MonthsParameters)  # noqa: S101 - by its kind
        return self.parameters

    @property
    def mask(self) -> bytes | None:
        """The PNG file that gives the word clouds their shape."""
        return _read_mask(self)

    @property
    def engine_languages(self) -> dict[str, frozenset[str] | None]:
        """The languages that each engine of the results reads; None if it declares none."""
        return _read_engines(self)

    @property
    def engines(self) -> list[str]:
        """The engines of the Text API whose answers the results rest on."""
        return sorted(self.engine_languages)

    @property
    def neutral_band(self) -> NeutralBand:
        """The band of neutral polarities of the run's engine; VADER's if there are several."""
        return neutral_band(self.engines[0] if len(self.engines) == 1 else "")

    @property
    def collecting_jobs(self) -> list[RunJob]:
        """The jobs that have documents; none of trainings."""
        return self.jobs if self.kind.has_documents else []

    def jobs_named(self, job_names: Collection[str] | None) -> list[RunJob]:
        """Return the jobs with these names, or all where *job_names* is None."""
        if job_names is None:
            return list(self.jobs)

        named = []
        for job_name in sorted(set(job_names)):
            # A page reads one of a thousand months at a time, so the jobs are searched by
            # bisection.
            index = bisect_left(self.jobs, job_name, key=attrgetter("name"))
            if index < len(self.jobs) and self.jobs[index].name == job_name:
                named.append(self.jobs[index])

        return named


def once(
    read: Callable[Concatenate[RunData, Arguments], T],
) -> Callable[Concatenate[RunData, Arguments], T]:
    """Decorate what reads or computes something of a run: it is kept for each selection.

    The arguments beside the run are hashable.
    """
    return _keep(read, lambda run: (read, run.selection))


def once_of_run(
    read: Callable[Concatenate[RunData, Arguments], T],
) -> Callable[Concatenate[RunData, Arguments], T]:
    """Decorate as `once` what is the same whatever the selection is."""
    return _keep(read, lambda _: (read,))


def _keep(
    read: Callable[Concatenate[RunData, Arguments], T], name: Callable[[RunData], Hashable]
) -> Callable[Concatenate[RunData, Arguments], T]:
    @wraps(read)
    def read_once(run: RunData, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> T:
        key = (name(run), args, *kwargs.items())
        if key not in run.results:
            run.results[key] = read(run, *args, **kwargs)

        result: T = run.results[key]
        return result

    return read_once


@once_of_run
def _read_mask(run: RunData) -> bytes | None:
    mask: bytes | None = fetch_scalars(run.db, select(Run.mask).where(Run.id == run.id))[0]
    return mask


@once_of_run
def _read_engines(run: RunData) -> dict[str, frozenset[str] | None]:
    return run.db.fetch(engines_of, run.id)


def fetch_of_jobs(
    run: RunData,
    job_names: Collection[str] | None,
    job_id: InstrumentedAttribute[int],
    *columns: InstrumentedAttribute[Any],
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a batch of jobs: the job, then *columns* of the table of *job_id*."""
    for jobs in in_batches(run.jobs_named(job_names), JOBS_AT_A_TIME):
        jobs_by_id = index_by("id", jobs)
        statement = select(job_id, *columns).where(job_id.in_(list(jobs_by_id)))
        yield [(jobs_by_id[id_], *cells) for id_, *cells in fetch_all(run.db, statement)]


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
    `NotFound`, and `UsageError` for a training with a grain and for a grouping of any run but one
    of months.
    """
    columns = (
        *(Job.id, Job.kind, Job.name, Job.state, Job.reason),
        *(Job.options, Job.newest_document),
        *(Job.first_day, Job.last_day, Job.handle, Job.sources),
    )
    with db.read() as connection:
        run = get_run(connection, run_id)
        jobs = connection.execute(select(*columns).where(Job.run_id == run_id, ~IS_REPORT)).all()

    kind = kind_named(run.kind)
    parameters = kind.read_parameters(run.parameters)
    if grain is not None and not kind.has_documents:
        raise UsageError(f"run {run_id} is a training, which has no periods: leave out --by")
    if grouping is not None and "grouping" not in kind.parameters.model_fields:
        raise UsageError(
            f"--by {grouping}: run {run_id} is none of months, whose documents alone are grouped: "
            "leave it out"
        )

    stored_grain: Grain = getattr(parameters, "by", Grain.MONTH)
    if kind.has_documents:
        has_several_sources = len(getattr(parameters, "sources", ())) > 1
        of_parameters = Selection(
            parameters.distinct, parameters.without, stories=has_several_sources
        )
        selection = of_parameters | selection

    return RunData(
        db=db,
        id=run_id,
        name=run.name,
        kind=kind,
        created_at=run.created_at,
        parameters=parameters,
        jobs=sorted(starmap(RunJob, jobs), key=attrgetter("name")),
        selection=selection,
        grain=grain or stored_grain,
        grouping=grouping or getattr(parameters, "grouping", None),
    )


def document_scope(run: RunData, job: RunJob) -> DocumentScope:
    """Return which documents *job* works on."""
    return DocumentScope.of_job(job, vars(run.parameters))


def documents_condition(run: RunData, job: RunJob) -> ColumnElement[bool]:
    """Return the condition on `Document` that selects the documents that *job* works on."""
    return documents_of(document_scope(run, job))


class Reader(Protocol[T_co]):
    """A function that yields the rows of one table, sorted, of all jobs or of those named."""

    def __call__(self, run: RunData, job_names: Collection[str] | None = None, /) -> Iterator[T_co]:
        """Yield the rows."""


def keep_rows(read: Reader[T]) -> Reader[T]:
    """Decorate a reader of selected documents whose rows of the whole run are computed once."""
    return _keep_rows(read, once(_list_rows(read)))


def keep_rows_of_run(read: Reader[T]) -> Reader[T]:
    """Decorate a reader whose rows of the whole run are the same whatever the selection."""
    return _keep_rows(read, once_of_run(_list_rows(read)))


def _list_rows(read: Reader[T]) -> Callable[[RunData], list[T]]:
    return lambda run: list(read(run))


def _keep_rows(read: Reader[T], read_all: Callable[[RunData], list[T]]) -> Reader[T]:
    @wraps(read)
    def read_rows(run: RunData, job_names: Collection[str] | None = None) -> Iterator[T]:
        return iter(read_all(run)) if job_names is None else read(run, job_names)

    return read_rows
