"""The table `periods`: counts, shares and mean polarity, month by month or by another grain."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from sqlalchemy import and_, select

from analysis import grains
from core.enums import Grain
from models.tables import Document, PostPolarity
from reports.data import export_schema as schema
from reports.data.cube import Cube, read_cubes
from reports.data.daily_counts import cut_off_periods, measure_dispersion
from reports.data.month_counts import DATE, read_documents
from reports.data.queries import fetch_pages
from reports.data.run_data import (
    Reader,
    RunData,
    RunJob,
    document_scope,
    documents_condition,
    keep_rows,
)
from reports.data.run_groups import list_groups
from reports.data.selection import left_out
from reports.data.tables.coverage import Progress, read_coverage_grid
from reports.stats.intervals import polarity_interval, round_figure, wilson_interval

# The name of a keyword and a term of it, None for all its terms together.
KeywordTerm = tuple[str | None, str | None]

# A value and the ends of its interval, rounded.
WithInterval = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One row per month and keyword (all terms together) and per month and term.

    Of posts, per month. With `--by` per day, week or year, and of each group of documents too.
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
    share: Annotated[
        float | None,
        "matched / documents; null as `matched` and without documents.",
        schema.FRACTION,
    ]
    share_low: Annotated[
        float | None, "Lower end of the Wilson 95 % interval of the share.", schema.FRACTION
    ]
    share_high: Annotated[
        float | None, "Upper end of the Wilson 95 % interval of the share.", schema.FRACTION
    ]
    polarity_mean: Annotated[
        float | None,
        "Mean polarity of the mentioning sentences (posts); null where there are none, and where "
        "polarity was not asked for or is not complete.",
        schema.POLARITY,
    ]
    polarity_low: Annotated[
        float | None,
        "Lower end of Student's 95 % interval of the mean; null for fewer than two.",
        schema.POLARITY,
    ]
    polarity_high: Annotated[
        float | None,
        "Upper end of that interval; neither end lies beyond -1 and 1.",
        schema.POLARITY,
    ]
    job: Annotated[
        str | None,
        "Natural name of the job: a month `2020-03`, a handle `@nasa`, `search:TERM`; null of a "
        "week or year with days of several months.",
    ]
    cut_off: Annotated[
        bool,
        "Whether days at the edge of the month are missing from what was collected: no finding "
        "ranks such a month. Of a week or year also whether days of it lie outside the run.",
    ] = False
    dispersion: Annotated[
        float | None,
        "How many times more the share varies from day to day within the period than if documents "
        "were independent; null without a mention, of a day, and for posts.",
    ] = None
    group: Annotated[
        str | None,
        "With `--by outlet`, `section` or `kind`: the group of the documents that the row is of, "
        "`not known` where the archive does not tell; null of all together.",
    ] = None
    polarity_n: Annotated[
        int | None,
        "Mentioning sentences (posts) with a polarity, of which `polarity_mean` is the mean: those "
        "in languages that the engine reads, and no reposts. 0 where there are none; null where "
        "polarity was not asked for or is not complete, and without data.",
    ] = None

    @property
    def scored_row(self) -> PeriodRow:
        """The row with the number of scored mentions in the place of all, if there are any."""
        return replace(self, mentions=self.polarity_n) if self.polarity_n else self


@keep_rows
def read_periods(run: RunData, job_names: Collection[str] | None = None) -> Iterator[PeriodRow]:
    """Yield a row per month and keyword and one per term; or one per month and handle or search.

    Every month of a run of months has its rows. Counts are None until the month's keywords are
    complete (they would be too small) and where there was no document to look at (that is no
    zero). A handle or a search has a row for each month in which there are posts.
    """
    return _read_rows(run, run.kind.grain, job_names)


def read_series(run: RunData, job_names: Collection[str] | None = None) -> Iterator[PeriodRow]:
    """Yield the rows of `read_periods` for each period of the run's grain instead of each month.

    For a run of months these are all periods that hold a day of its months; *job_names* must then
    be None.
    """
    return (read_periods if run.grain == run.kind.grain else _BY_GRAIN[run.grain])(run, job_names)


def group_by_term(period_rows: Iterable[PeriodRow]) -> dict[KeywordTerm, list[PeriodRow]]:
    """Return the rows of each keyword and term; a term without a row has an empty list."""
    rows_by_term: dict[KeywordTerm, list[PeriodRow]] = defaultdict(list)
    for period_row in period_rows:
        rows_by_term[period_row.keyword, period_row.term].append(period_row)

    return rows_by_term


def _reader_of(grain: Grain) -> Reader[PeriodRow]:
    """Return what reads the rows by *grain*; a report may need those of two grains."""

    @keep_rows
    def read(run: RunData, job_names: Collection[str] | None = None) -> Iterator[PeriodRow]:
        return _read_rows(run, grain, job_names)

    return read


_BY_GRAIN = {grain: _reader_of(grain) for grain in Grain}


def read_grouped_series(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[PeriodRow]:
    """Yield the rows of `read_series`, each followed by the rows of its groups in a grouped run.

    The rows are read a period at a time and not kept, since there may be many groups.
    """
    groups = list_groups(run)
    if groups:
        yield from _rows_of_mentions(run, run.grain, job_names, groups)
    else:
        yield from read_series(run, job_names)


def _read_rows(
    run: RunData, grain: Grain, job_names: Collection[str] | None
) -> Iterator[PeriodRow]:
    if run.kind.has_mentions:
        yield from _rows_of_mentions(run, grain, job_names)
    elif run.kind.has_documents:
        coverage = read_coverage_grid(run, job_names).jobs
        posts: list[PeriodRow] = []
        for job in run.jobs_named(job_names):
            posts += _post_rows(run, job, Progress.of(coverage[job.name]), grain)

        yield from PERIODS.sort(posts)


def _rows_of_mentions(
    run: RunData, grain: Grain, job_names: Collection[str] | None, groups: Sequence[str] = ()
) -> Iterator[PeriodRow]:
    """Yield the rows of each period and term: of all documents together, then of each group."""
    for period, cube in read_cubes(run, grain, job_names, groups):
        for term in range(len(cube.terms)):
            for group in range(len(cube.groups)):
                yield _row_of_mentions(run.id, period, cube, term, group)


def _row_of_mentions(run: int, period: str, cube: Cube, term: int, group: int) -> PeriodRow:
    """Return the row of a period, from those of its days that lie in the run's months."""
    keyword_name, term_name = cube.terms[term]
    progress = cube.progress_of(group)
    documents = cube.documents[group].tolist()
    polarities = cube.polarities[cube.select(term, group)].tolist()

    matched = mentions = dispersion = None
    share: WithInterval = (None, None, None)
    if progress.has_counts:
        daily_matched = cube.matched[term, group].tolist()
        matched = sum(daily_matched)
        mentions = len(polarities)
        share = _measure_share(matched, sum(documents))
        dispersion = round_figure(measure_dispersion(daily_matched, documents))

    polarity: WithInterval = (None, None, None)
    polarity_n = None
    if progress.has_polarity:
        polarity = _measure_polarity(polarities)
        polarity_n = _count_known(polarities)

    jobs = set(cube.jobs)
    return PeriodRow(
        run=run,
        period=period,
        handle=None,
        keyword=keyword_name,
        term=term_name,
        state=progress.state,
        documents=sum(documents),
        matched=matched,
        mentions=mentions,
        share=share[0],
        share_low=share[1],
        share_high=share[2],
        polarity_mean=polarity[0],
        polarity_low=polarity[1],
        polarity_high=polarity[2],
        job=cube.jobs[0] if len(jobs) == 1 else None,
        cut_off=cube.is_cut_off(group, period) and any(documents),
        dispersion=dispersion,
        group=cube.groups[group],
        polarity_n=polarity_n,
    )


def _post_rows(run: RunData, job: RunJob, progress: Progress, grain: Grain) -> Iterator[PeriodRow]:
    handle = document_scope(run, job).handle
    term = run.kind.subject(job.name) if handle is None else None
    cut_off = cut_off_periods(read_documents(run, job).by_period(grain))

    for period, polarities in read_post_polarities(run, job, grain).items():
        posts = len(polarities)
        share = _measure_share(posts, posts)
        polarity = _measure_polarity(polarities if progress.has_polarity else ())
        yield PeriodRow(
            run=run.id,
            period=period,
            handle=handle,
            keyword=term,
            term=None,
            state=progress.state,
            documents=posts,
            matched=posts,
            mentions=posts,
            share=share[0],
            share_low=share[1],
            share_high=share[2],
            polarity_mean=polarity[0],
            polarity_low=polarity[1],
            polarity_high=polarity[2],
            job=job.name,
            cut_off=period in cut_off,
            polarity_n=_count_known(polarities) if progress.has_polarity else None,
        )


def read_post_polarities(run: RunData, job: RunJob, grain: Grain) -> dict[str, array[float]]:
    """Return the polarity of each post of the job, NaN where it is unknown, by period."""
    is_of_job = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id)
    columns = (Document.id, DATE, PostPolarity.polarity)
    statement = (
        select(*columns)
        .outerjoin(PostPolarity, is_of_job)
        .where(documents_condition(run, job), Document.period.is_not(None))
    )
    without = left_out(run, job)
    polarities_by_period: dict[str, array[float]] = defaultdict(lambda: array("d"))
    for document, day, polarity in fetch_pages(run.db, statement, Document.id):
        if document in without:
            continue

        valid = schema.valid_polarity(polarity)
        period = grains.period_of(date.fromisoformat(day), grain)
        polarities_by_period[period].append(math.nan if valid is None else valid)

    return polarities_by_period


def _count_known(polarities: Iterable[float]) -> int:
    return sum(not math.isnan(polarity) for polarity in polarities)


def _measure_share(matched: int, documents: int) -> WithInterval:
    if documents == 0:
        return None, None, None
    low, high = wilson_interval(matched, documents)
    return round_figure(matched / documents), round_figure(low), round_figure(high)


def _measure_polarity(polarities: Iterable[float | None]) -> WithInterval:
    mean, low, high = polarity_interval(polarities)
    return round_figure(mean), round_figure(low), round_figure(high)


PERIODS = schema.Table(
    "periods",
    PeriodRow,
    read_grouped_series,
    schema.TEXT_RUNS,
    key=("period", "handle", "keyword", "term", "group"),
)
