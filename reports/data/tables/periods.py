"""The table `periods`: counts, shares and mean polarity, month by month or by another grain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import polars as pl

from core.enums import Grain
from reports.data import export_schema as schema
from reports.data.run_data import RunData, document_scope, once
from reports.series.groupings import Groups
from reports.series.reading import read_groups
from reports.series.reading import read_series as read_series_frame
from reports.stats.intervals import interval_of_sums, round_figure, wilson_interval
from reports.words.document_queries import DocumentQuery

# The name of a keyword and a term of it, None for all its terms together.
KeywordTerm = tuple[str | None, str | None]

# The ends of an interval.
Ends = tuple[float | None, float | None]

# So begin the names of jobs of posts.
_POSTS = ("@", "search:")


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
        "If documents are grouped (`--by`): the group of those that the row is of, `not known` "
        "where the archive does not tell; null of all together.",
    ] = None
    polarity_n: Annotated[
        int | None,
        "Mentioning sentences (posts) with a polarity, of which `polarity_mean` is the mean: those "
        "in languages that the engine reads, and no reposts. 0 where there are none; null where "
        "polarity was not asked for or is not complete, and without data.",
    ] = None

    # The ends of the exported intervals, where a picture shows intervals from blocks of days.
    exported_share: Annotated[Ends | None, schema.NO_COLUMN] = None
    exported_polarity: Annotated[Ends | None, schema.NO_COLUMN] = None

    @property
    def scored_row(self) -> PeriodRow:
        """The row with the number of scored mentions in the place of all, if there are any."""
        return replace(self, mentions=self.polarity_n) if self.polarity_n else self

    @property
    def polarity_half(self) -> float | None:
        """Half of the interval of the mean, of which one end may be cut at -1 or 1."""
        mean, low, high = self.polarity_mean, self.polarity_low, self.polarity_high
        if mean is None or low is None or high is None:
            return None

        return max(mean - low, high - mean)

    @property
    def query(self) -> DocumentQuery:
        """The documents that mention it, or the posts: as many as `matched` of no group."""
        if (self.job or "").startswith(_POSTS):
            return DocumentQuery(job=self.job, period=self.period)

        return DocumentQuery(subject=self.keyword, term=self.term, period=self.period)


def read_periods(run: RunData, job_names: Collection[str] | None = None) -> Iterator[PeriodRow]:
    """Yield a row per month and keyword and one per term; or one per month and handle or search.

    Every month of a run of months has its rows. Counts are None until the month's keywords are
    complete (they would be too small) and where there was no document to look at (that is no
    zero). A handle or a search has a row for each month in which there are posts.
    """
    return _iterate(run, run.kind.grain, job_names)


def read_series(run: RunData, job_names: Collection[str] | None = None) -> Iterator[PeriodRow]:
    """Yield the rows of `read_periods` for each period of the run's grain instead of each month.

    For a run of months these are all periods that hold a day of its months; *job_names* must then
    be None.
    """
    return _iterate(run, run.grain, job_names)


def _iterate(run: RunData, grain: Grain, job_names: Collection[str] | None) -> Iterator[PeriodRow]:
    if job_names is None:
        return iter(_list_all(run, grain))

    return _read_rows(run, grain, job_names)


@once
def _list_all(run: RunData, grain: Grain) -> list[PeriodRow]:
    """Return the rows of all jobs by *grain*; a report may need those of several."""
    return list(_read_rows(run, grain))


def group_by_term(period_rows: Iterable[PeriodRow]) -> dict[KeywordTerm, list[PeriodRow]]:
    """Return the rows of each keyword and term; a term without a row has an empty list."""
    rows_by_term: dict[KeywordTerm, list[PeriodRow]] = defaultdict(list)
    for period_row in period_rows:
        rows_by_term[period_row.keyword, period_row.term].append(period_row)

    return rows_by_term


def read_grouped_series(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[PeriodRow]:
    """Yield the rows of `read_series`, each followed by the rows of its groups in a grouped run.

    They are not kept, since there may be many groups.
    """
    groups = read_groups(run)
    if groups.names:
        yield from _read_rows(run, run.grain, job_names, groups)
    else:
        yield from read_series(run, job_names)


def _read_rows(
    run: RunData,
    grain: Grain,
    job_names: Collection[str] | None = None,
    groups: Groups | None = None,
) -> Iterator[PeriodRow]:
    """Yield the rows of each period and term, or account: of all documents, then of each group."""
    if not run.kind.has_documents or not run.jobs_named(job_names):
        return

    series = read_series_frame(run, grain, job_names, groups)
    rows = list_rows(series, run.id)
    yield from rows if run.kind.has_mentions else _name_posts(run, rows)


def list_rows(series: pl.DataFrame, run_id: int = 0) -> Iterator[PeriodRow]:
    """Yield the rows of a series, with the share and the mean of each; *run_id* is for exports."""
    for row in series.iter_rows(named=True):
        yield PeriodRow(
            run=run_id,
            period=row["period"],
            handle=None,
            keyword=row["keyword"],
            term=row["term"],
            state=row["state"],
            documents=row["documents"],
            matched=row["matched"],
            mentions=row["mentions"],
            job=row["job"],
            cut_off=row["cut_off"],
            dispersion=round_figure(row["dispersion"]),
            group=row["group"],
            **_share_and_polarity(row),
        )


def _name_posts(run: RunData, rows: Iterable[PeriodRow]) -> Iterator[PeriodRow]:
    """Yield the rows of posts with their account, or the term of their search."""
    handles = {job.name: document_scope(run, job).handle for job in run.jobs}
    for row in rows:
        job_name = row.job or ""
        term = run.kind.subject(job_name) if handles[job_name] is None else None
        yield replace(row, handle=handles[job_name], keyword=term)


def _share_and_polarity(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the share and the mean polarity of a row of a series, with their intervals."""
    matched, documents = row["matched"], row["documents"]
    share = low = high = None
    if matched is not None and documents:
        share, (low, high) = matched / documents, wilson_interval(matched, documents)

    mean = mean_low = mean_high = polarity_n = None
    if row["has_polarity"]:
        polarity_n = row["scored"]
        mean, mean_low, mean_high = interval_of_sums(polarity_n, row["total"], row["squares"])

    figures = {
        "share": share,
        "share_low": low,
        "share_high": high,
        "polarity_mean": mean,
        "polarity_low": mean_low,
        "polarity_high": mean_high,
    }
    rounded = {column: round_figure(figure) for column, figure in figures.items()}
    return {**rounded, "polarity_n": polarity_n}


PERIODS = schema.Table(
    "periods",
    PeriodRow,
    read_grouped_series,
    schema.TEXT_RUNS,
    key=("period", "handle", "keyword", "term", "group"),
    is_selected=True,
)
