"""The table `periods`: counts, shares and mean polarity, month by month or by another grain."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, groupby
from operator import attrgetter
from typing import Annotated, Any

from sqlalchemy import and_, select

from analysis.parameters import MonthsParameters
from analysis.steps import keywords as keywords_step
from analysis.steps import polarity as polarity_step
from core.enums import DOCUMENTS, Grain, JobKind, StepState
from models.tables import Document, Mention, PostPolarity
from reports import export_schema as schema
from reports import grains
from reports.daily_counts import (
    DAY_OF_MONTH,
    cut_off_periods,
    day_of_document,
    find_missing_days,
    group_days,
    measure_dispersion,
    no_documents,
    read_daily_counts,
    read_days,
    read_selected_counts,
    read_stored_counts,
)
from reports.queries import fetch_all, fetch_pages
from reports.run_data import Reader, RunData, RunJob, documents_condition, keep_rows
from reports.selection import left_out
from reports.statistics import polarity_interval, round_figure, wilson_interval
from reports.tables.coverage import CoverageRow, read_coverage_grid

#: the polarity of each sentence, by document and position in the document
Sentences = dict[tuple[int, int], float | None]
Term = tuple[str, str | None]  # the name of a keyword, and a term of it; None: all together

_STEPS = (DOCUMENTS, keywords_step.NAME, polarity_step.NAME)  # that decide what a row can hold
_ENDED = (StepState.COMPLETE, StepState.NO_DATA)


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One row per month and keyword (all terms together) and per month and term.

    Of posts, per month. With `--by` per day, week or year.
    """

    run: schema.RunNumber
    period: Annotated[
        str,
        "Month, UTC: `2020-03`. With `--by`: day `2020-03-01`, ISO 8601 week `2020-W14`, year "
        "`2020`.",
    ]
    handle: Annotated[str | None, "Handle, without @; null for months and searches."]
    keyword: Annotated[str | None, "Name of the keyword; the term of a search; null for handles."]
    term: Annotated[
        str | None,
        "Term of the keyword; null in the row of all terms together, where a sentence counts once, "
        "and for handles and searches.",
    ]
    state: Annotated[
        str | None,
        "`complete`; `failed`: documents, keywords or polarity are not complete and `coverage` "
        "says why; `no-data`: no document to look at, which is no zero; null while the job is not "
        "through. A period with days of several jobs is failed where one of them is.",
    ]
    documents: Annotated[
        int, "Documents of the period, after the choice of material; posts of the handle or search."
    ]
    matched: Annotated[
        int | None,
        "Documents with at least one mention (all of them for handles and searches). Null where it "
        "is not known: no data, or keywords not complete.",
    ]
    mentions: Annotated[
        int | None, "Mentioning sentences (posts for handles and searches); null as `matched`."
    ]
    share: Annotated[float | None, "matched / documents; null as `matched` and without documents."]
    share_low: Annotated[float | None, "Lower end of the Wilson 95 % interval of the share."]
    share_high: Annotated[float | None, "Upper end of the Wilson 95 % interval of the share."]
    polarity_mean: Annotated[
        float | None,
        "Mean polarity of the mentioning sentences (posts); null where there are none, and where "
        "polarity was not asked for or is not complete.",
    ]
    polarity_low: Annotated[
        float | None, "Lower end of Student's 95 % interval of the mean; null for fewer than two."
    ]
    polarity_high: Annotated[
        float | None, "Upper end of that interval; neither end lies beyond -1 and 1."
    ]
    job: Annotated[
        str | None,
        "Natural name of the job: a month `2020-03`, a handle `@nasa`, `search:TERM`; null of a "
        "week or year with days of several months.",
    ]
    cut_off: Annotated[
        bool,
        "Whether days at the edge of the month are missing from what was collected: no highlight "
        "uses such a month. Of a week or year also whether days of it lie outside the run.",
    ] = False
    dispersion: Annotated[
        float | None,
        "How many times more the share varies from day to day within the period than if documents "
        "were independent; null without a mention, of a day, and for posts.",
    ] = None


@keep_rows
def read_periods(data: RunData, names: Collection[str] | None = None) -> Iterator[PeriodRow]:
    """Yield a row per month and keyword and one per term; or one per month and handle or search.

    Every month of a run of months has its rows. Counts are None until the month's keywords are
    complete (they would be too small) and where there was no document to look at (that is no
    zero). A handle or a search has a row for each month in which there are posts.
    """
    return _read_rows(data, Grain.MONTH, names)


def read_series(data: RunData, names: Collection[str] | None = None) -> Iterator[PeriodRow]:
    """Yield the rows of `read_periods` for each period of the run's grain instead of each month.

    Of a run of months these are all periods that hold a day of its months, *names* is then None.
    """
    return (read_periods if data.grain == Grain.MONTH else _BY_GRAIN[data.grain])(data, names)


def _reader_of(grain: Grain) -> Reader[PeriodRow]:
    """Return what reads the rows by *grain*; a report may need those of two grains."""

    @keep_rows
    def read(data: RunData, names: Collection[str] | None = None) -> Iterator[PeriodRow]:
        return _read_rows(data, grain, names)

    return read


_BY_GRAIN = {grain: _reader_of(grain) for grain in Grain}


def _read_rows(data: RunData, grain: Grain, names: Collection[str] | None) -> Iterator[PeriodRow]:
    if data.kind == "months":
        yield from _archive_rows(data, grain, names)
    elif data.kind in schema.TEXT_RUNS:
        coverage = read_coverage_grid(data, names).jobs
        posts: list[PeriodRow] = []
        for job in data.jobs_named(names):
            posts += _post_rows(data, job, _Progress.of(coverage[job.name]), grain)
        yield from PERIODS.sort(posts)


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a job is: the state of its rows, and whether its counts and polarities are final."""

    state: str | None
    has_counts: bool
    has_polarity: bool

    @classmethod
    def of(cls, coverage: Mapping[str, CoverageRow]) -> _Progress:
        """Return how far the job is whose steps *coverage* has."""
        states = {step: coverage[step].state for step in _STEPS if step in coverage}
        if states.get(DOCUMENTS) == StepState.NO_DATA:
            return _NO_DATA

        ended = {step for step, state in states.items() if state in _ENDED}
        state = None
        if StepState.FAILED in states.values():
            state = StepState.FAILED.value
        elif len(ended) == len(states):
            state = StepState.COMPLETE.value
        return cls(state, keywords_step.NAME in ended, polarity_step.NAME in ended)

    @classmethod
    def together(cls, parts: Collection[_Progress]) -> _Progress:
        """Return how far a period is whose days are in several jobs; those without data aside."""
        with_data = set(parts) - {_NO_DATA}
        if not with_data:
            return _NO_DATA
        states = set(map(attrgetter("state"), with_data))
        failed, complete = StepState.FAILED.value, StepState.COMPLETE.value
        return cls(
            failed if failed in states else complete if states == {complete} else None,
            has_counts=all(map(attrgetter("has_counts"), with_data)),
            has_polarity=all(map(attrgetter("has_polarity"), with_data)),
        )


_NO_DATA = _Progress(StepState.NO_DATA.value, has_counts=False, has_polarity=False)


@dataclass(frozen=True, slots=True)
class _Matches:
    """What a day's documents say of a term: how many match, and the polarity of each mention."""

    matched: int
    polarities: list[float | None]


_NO_MATCHES = _Matches(0, [])


@dataclass(frozen=True, slots=True)
class _ArchiveDay:
    """A day of a month's job."""

    date: date
    job: str
    progress: _Progress
    documents: int  # that count
    is_missing: bool  # was not collected: `find_missing_days`, or there is no data of the month
    matches: Mapping[Term, _Matches]  # by keyword and term, of terms that were found


def _archive_rows(
    data: RunData, grain: Grain, names: Collection[str] | None
) -> Iterator[PeriodRow]:
    assert isinstance(data.parameters, MonthsParameters)  # noqa: S101 - only such runs have months
    terms: list[Term] = []
    for keyword in sorted(data.parameters.keywords, key=attrgetter("name")):
        terms += [(keyword.name, term) for term in (None, *sorted(keyword.terms))]

    def period_of(day: _ArchiveDay) -> str:
        return grains.period_of(day.date, grain)

    for period, days in groupby(_read_archive_days(data, names), key=period_of):
        in_period = list(days)
        for term in terms:
            yield _archive_row(data.id, period, in_period, term)


def _read_archive_days(data: RunData, names: Collection[str] | None) -> Iterator[_ArchiveDay]:
    """Yield every day of the run's months, with one month's mentions in memory.

    A day without any stored document has no data; one without a document of the run's sections and
    material is a true zero, as a month is.
    """
    assert isinstance(data.parameters, MonthsParameters)  # noqa: S101 - by the run's kind
    coverage = read_coverage_grid(data, names).jobs
    for job in data.jobs_named(names):
        progress = _Progress.of(coverage[job.name])
        empty = no_documents(job.name)
        chosen = read_daily_counts(data, job).get(job.name, empty)
        selected = stored = chosen
        if data.selection:
            selected = read_selected_counts(data, job).get(job.name, empty)
        if data.parameters.sections or data.parameters.material is not None:
            stored = read_stored_counts(data, job).get(job.name, empty)
        first, last = find_missing_days(chosen)
        matches = _find_by_day(data, job) if progress.has_counts else {}
        # of a month that holds nothing at all, the job alone says whether that is a zero
        has_gaps = progress.state == StepState.COMPLETE and any(stored)

        for number, day in enumerate(grains.days_of(job.name)):
            is_edge = number < first or number >= len(empty) - last
            is_gap = has_gaps and not stored[number]
            yield _ArchiveDay(
                day,
                job.name,
                _NO_DATA if is_gap else progress,
                selected[number],
                is_edge or progress == _NO_DATA,
                matches.get(number, {}),
            )


def _find_by_day(data: RunData, job: RunJob) -> dict[int, dict[Term, _Matches]]:
    """Return what was found on each day of a month, from 0, by keyword and term."""
    sentences = read_sentences(data, job)
    day_of = read_days(data, job) if sentences else {}
    matches: dict[int, dict[Term, _Matches]] = defaultdict(dict)
    for term, mentioning in sentences.items():
        matching: dict[int, set[int]] = defaultdict(set)
        polarities: dict[int, list[float | None]] = defaultdict(list)
        for (document, _), polarity in mentioning.items():
            day = day_of.get(document)
            if day is not None:  # else it was erased meanwhile
                matching[day].add(document)
                polarities[day].append(polarity)
        for day, documents in matching.items():
            matches[day][term] = _Matches(len(documents), polarities[day])
    return matches


def _archive_row(run: int, period: str, days: Sequence[_ArchiveDay], term: Term) -> PeriodRow:
    """Return the row of a period, from those of its days that lie in the run's months."""
    keyword_name, term_name = term
    progress = _Progress.together(list(map(attrgetter("progress"), days)))
    documents = list(map(attrgetter("documents"), days))
    matches = [day.matches.get(term, _NO_MATCHES) for day in days]

    counts: Sequence[Any] = (None,) * 5
    dispersion = None
    if progress.has_counts:
        matched = list(map(attrgetter("matched"), matches))
        mentions = sum(len(of_day.polarities) for of_day in matches)
        counts = (sum(matched), mentions, *_share_figures(sum(matched), sum(documents)))
        dispersion = round_figure(measure_dispersion(matched, documents))
    polarities: Iterable[float | None] = ()
    if progress.has_polarity:
        polarities = chain.from_iterable(map(attrgetter("polarities"), matches))

    is_part = len(days) < grains.count_days(period) or any(map(attrgetter("is_missing"), days))
    jobs = set(map(attrgetter("job"), days))
    job = days[0].job if len(jobs) == 1 else None
    return PeriodRow(
        *(run, period, None, keyword_name, term_name, progress.state, sum(documents)),
        *counts,
        *(*_polarity_figures(polarities), job, is_part and any(documents), dispersion),
    )


def read_sentences(data: RunData, job: RunJob) -> dict[Term, Sentences]:
    """Return the sentences that hold a term, by keyword and term.

    Under the term None stands each of the keyword's sentences once.
    """
    sentences: dict[Term, Sentences] = defaultdict(dict)
    statement = select(
        *(Mention.keyword, Mention.term, Mention.document_id, Mention.position, Mention.polarity)
    )
    mentions = fetch_all(data.db, statement.where(Mention.job_id == job.id))
    without = left_out(data, job)
    for keyword, term, document, position, polarity in mentions:
        if document in without:
            continue
        valid = schema.valid_polarity(polarity)
        sentences[keyword, term][document, position] = valid
        sentences[keyword, None][document, position] = valid
    return sentences


def _post_rows(
    data: RunData, job: RunJob, progress: _Progress, grain: Grain
) -> Iterator[PeriodRow]:
    is_handle = job.kind == JobKind.HANDLE
    handle, term = (job.handle, None) if is_handle else (None, job.term)
    cut_off = cut_off_periods(group_days(read_daily_counts(data, job), grain))

    for period, polarities in _polarities_by_period(data, job, grain).items():
        n = len(polarities)
        mood = _polarity_figures(polarities if progress.has_polarity else ())
        last: tuple[Any, ...] = (*mood, job.name, period in cut_off)
        yield PeriodRow(
            *(data.id, period, handle, term, None, progress.state, n, n, n),
            *_share_figures(n, n),
            *last,
        )


def _polarities_by_period(data: RunData, job: RunJob, grain: Grain) -> dict[str, array[float]]:
    """Return the polarity of each post of the job, NaN where it is unknown, by period."""
    of_job = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id)
    columns = (Document.id, Document.period, DAY_OF_MONTH, PostPolarity.polarity)
    statement = (
        select(*columns)
        .outerjoin(PostPolarity, of_job)
        .where(documents_condition(data, job), Document.period.is_not(None))
    )
    without = left_out(data, job)
    by_period: dict[str, array[float]] = defaultdict(lambda: array("d"))
    for document, month, day, polarity in fetch_pages(data.db, statement, Document.id):
        if document in without:
            continue
        valid = schema.valid_polarity(polarity)
        period = grains.period_of(day_of_document(month, day), grain)
        by_period[period].append(math.nan if valid is None else valid)
    return by_period


def mean_dispersion(rows: Iterable[PeriodRow]) -> float:
    """Return the mean dispersion of the months that are not cut off, 1 at least."""
    dispersions = [row.dispersion for row in rows if row.dispersion is not None and not row.cut_off]
    return max(1.0, math.fsum(dispersions) / len(dispersions)) if dispersions else 1.0


def _share_figures(matched: int, documents: int) -> tuple[Any, ...]:
    if documents == 0:
        return None, None, None
    return tuple(map(round_figure, (matched / documents, *wilson_interval(matched, documents))))


def _polarity_figures(polarities: Iterable[float | None]) -> tuple[Any, ...]:
    return tuple(map(round_figure, polarity_interval(polarities)))


PERIODS = schema.Table(
    "periods",
    PeriodRow,
    read_series,
    schema.TEXT_RUNS,
    key=("period", "handle", "keyword", "term"),
)
