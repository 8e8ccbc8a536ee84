"""The table `periods`: counts, shares and mean polarity, month by month."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Annotated, Any

from sqlalchemy import and_, select

from analysis.parameters import MonthsParameters
from analysis.steps import keywords as keywords_step
from analysis.steps import polarity as polarity_step
from core.enums import DOCUMENTS, JobKind, StepState
from models.tables import Document, Mention, PostPolarity
from reports import export_schema as schema
from reports.daily_counts import (
    cut_off_months,
    is_cut_off,
    measure_dispersion,
    no_documents,
    read_daily_counts,
    read_days,
    read_selected_counts,
)
from reports.queries import fetch_all, fetch_pages
from reports.run_data import RunData, RunJob, documents_condition, keep_rows
from reports.selection import left_out
from reports.statistics import polarity_interval, round_figure, wilson_interval
from reports.tables.coverage import CoverageRow, read_coverage_grid

#: the polarity of each sentence, by document and position in the document
Sentences = dict[tuple[int, int], float | None]

_STEPS = (DOCUMENTS, keywords_step.NAME, polarity_step.NAME)  # that decide what a row can hold
_ENDED = (StepState.COMPLETE, StepState.NO_DATA)


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One row per month and keyword (all terms together) and per month and term.

    Of posts, per month.
    """

    run: schema.RunNumber
    period: Annotated[str, "Month, UTC."]
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
        "through.",
    ]
    documents: Annotated[
        int, "Documents of the month, after the choice of material; posts of the handle or search."
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
    job: schema.JobName
    cut_off: Annotated[
        bool,
        "Whether days at the edge of the month are missing from what was collected: no highlight "
        "uses such a month.",
    ] = False
    dispersion: Annotated[
        float | None,
        "How many times more the share varies from day to day within the month than if documents "
        "were independent; null without a mention and for posts.",
    ] = None


@keep_rows
def read_periods(data: RunData, names: Collection[str] | None = None) -> Iterator[PeriodRow]:
    """Yield a row per month and keyword and one per term; or one per month and handle or search.

    Every month of a run of months has its rows. Counts are None until the month's keywords are
    complete (they would be too small) and where there was no document to look at (that is no
    zero). A handle or a search has a row for each month in which there are posts.
    """
    if data.kind not in schema.TEXT_RUNS:
        return
    coverage = read_coverage_grid(data, names).jobs

    posts: list[PeriodRow] = []
    for job in data.jobs_named(names):
        progress = _Progress.of(coverage[job.name])
        if job.kind == JobKind.MONTH:
            yield from _month_rows(data, job, progress)
        else:
            posts += _post_rows(data, job, progress)
    yield from PERIODS.sort(posts)


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a job is: the state of its rows, and whether its counts and polarities are final."""

    state: str | None
    has_counts: bool
    has_polarity: bool

    @classmethod
    def of(cls, coverage: Mapping[str, CoverageRow]) -> _Progress:
        states = {step: coverage[step].state for step in _STEPS if step in coverage}
        if states.get(DOCUMENTS) == StepState.NO_DATA:
            return cls(StepState.NO_DATA.value, has_counts=False, has_polarity=False)

        ended = {step for step, state in states.items() if state in _ENDED}
        state = None
        if StepState.FAILED in states.values():
            state = StepState.FAILED.value
        elif len(ended) == len(states):
            state = StepState.COMPLETE.value
        return cls(state, keywords_step.NAME in ended, polarity_step.NAME in ended)


def _month_rows(data: RunData, job: RunJob, progress: _Progress) -> Iterator[PeriodRow]:
    assert isinstance(data.parameters, MonthsParameters)  # noqa: S101 - only such runs have months
    days = read_daily_counts(data, job).get(job.name, no_documents(job.name))
    selected = read_selected_counts(data, job).get(job.name, days) if data.selection else days
    documents, cut_off = sum(selected), is_cut_off(days)
    sentences = read_sentences(data, job) if progress.has_counts else {}
    day_of = read_days(data, job) if sentences else {}

    for keyword in sorted(data.parameters.keywords, key=attrgetter("name")):
        for term in (None, *sorted(keyword.terms)):
            mentioning = sentences.get((keyword.name, term), {})
            counts: Sequence[Any] = (None,) * 5
            dispersion = None
            if progress.has_counts:
                matching = set(map(itemgetter(0), mentioning))
                matched = len(matching)
                counts = (matched, len(mentioning), *_share_figures(matched, documents))
                dispersion = _disperse(map(day_of.get, matching), selected)
            polarities = mentioning.values() if progress.has_polarity else ()

            yield PeriodRow(
                *(data.id, job.name, None, keyword.name, term, progress.state, documents),
                *counts,
                *(*_polarity_figures(polarities), job.name, cut_off, dispersion),
            )


def _disperse(days_of_matches: Iterable[int | None], documents: Sequence[int]) -> float | None:
    """Return the dispersion of a month's daily shares, from the day of each match."""
    matched = [0] * len(documents)
    for day in days_of_matches:
        if day is not None:
            matched[day] += 1
    return round_figure(measure_dispersion(matched, documents))


def read_sentences(data: RunData, job: RunJob) -> dict[tuple[str, str | None], Sentences]:
    """Return the sentences that hold a term, by keyword and term.

    Under the term None stands each of the keyword's sentences once.
    """
    sentences: dict[tuple[str, str | None], Sentences] = defaultdict(dict)
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


def _post_rows(data: RunData, job: RunJob, progress: _Progress) -> Iterator[PeriodRow]:
    is_handle = job.kind == JobKind.HANDLE
    handle, term = (job.handle, None) if is_handle else (None, job.term)
    cut_off = cut_off_months(read_daily_counts(data, job))

    for period, polarities in _polarities_by_month(data, job).items():
        n = len(polarities)
        mood = _polarity_figures(polarities if progress.has_polarity else ())
        last: tuple[Any, ...] = (*mood, job.name, period in cut_off)
        yield PeriodRow(
            *(data.id, period, handle, term, None, progress.state, n, n, n),
            *_share_figures(n, n),
            *last,
        )


def _polarities_by_month(data: RunData, job: RunJob) -> dict[str, array[float]]:
    """Return the polarity of each post of the job, NaN where it is unknown, by month."""
    of_job = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id)
    statement = (
        select(Document.id, Document.period, PostPolarity.polarity)
        .outerjoin(PostPolarity, of_job)
        .where(documents_condition(data, job), Document.period.is_not(None))
    )
    without = left_out(data, job)
    by_month: dict[str, array[float]] = defaultdict(lambda: array("d"))
    for document, period, polarity in fetch_pages(data.db, statement, Document.id):
        if document in without:
            continue
        valid = schema.valid_polarity(polarity)
        by_month[schema.pad_period(period)].append(math.nan if valid is None else valid)
    return by_month


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
    read_periods,
    schema.TEXT_RUNS,
    key=("period", "handle", "keyword", "term"),
)
