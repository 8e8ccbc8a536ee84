"""Each two keywords of a run of months: documents that mention one, the other, and both."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from operator import attrgetter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from analysis.query.relations import Relation, relate
from analysis.steps import keywords as keywords_step
from core.enums import DOCUMENTS, StepState
from reports.data.daily_counts import measure_dispersion
from reports.data.run_data import RunData, RunJob, keep_rows, once
from reports.data.tables.coverage import read_coverage_grid
from reports.series.daily import Daily
from reports.series.progress import Progress
from reports.series.reading import read_daily, select_frames
from reports.stats.estimates import Estimate
from reports.stats.intervals import TRILLIONTHS
from reports.stats.paired import (
    PairCounts,
    PairScores,
    Scored,
    add_pairs,
    compare_paired_means,
    compare_paired_shares,
    compare_with_chance,
    measure_pair_dispersion,
    sum_counts,
    sum_pair,
)

# So many keywords of a run are paired, in the order in which they were given.
MOST_KEYWORDS = 20

Names = tuple[str, str]
Integers = NDArray[np.int64]

# What is read of the hits of a day.
_MATCHED = ("keyword", "day", "matched")


@dataclass(frozen=True, slots=True)
class PairMonth:
    """Two keywords, by their names in the order of code points, in a counted month."""

    names: Names
    period: str
    cut_off: bool
    counts: PairCounts
    scores: PairScores

    # The dispersion of the difference of the shares, from day to day.
    dispersion: float | None

    # The dispersion of the share of documents that mention both.
    dispersion_together: float | None


@dataclass(frozen=True)
class KeywordPair:
    """Two keywords over all counted months."""

    names: Names
    months: Sequence[PairMonth]

    # The relation that the queries make certain, whatever the texts say.
    relation: Relation = Relation.FREE

    @cached_property
    def counts(self) -> PairCounts:
        """The documents of all months."""
        return sum_counts(month.counts for month in self.months)

    @cached_property
    def expected(self) -> float:
        """Documents expected to mention both: the sum of what each month leads one to expect."""
        return math.fsum(month.counts.expected for month in self.months)

    @cached_property
    def dispersion(self) -> float:
        """Mean dispersion of the difference over the months that are whole, 1 at least."""
        return _mean_dispersion(self.months, "dispersion")

    @cached_property
    def dispersion_together(self) -> float:
        """Mean dispersion of the documents that mention both, 1 at least."""
        return _mean_dispersion(self.months, "dispersion_together")

    @cached_property
    def share_difference(self) -> Estimate | None:
        """The first keyword's share of the documents less the second's."""
        return compare_paired_shares(self.counts, self.dispersion)

    @cached_property
    def polarity_difference(self) -> Estimate | None:
        """The first keyword's mean polarity less the second's."""
        return compare_paired_means(add_pairs([month.scores for month in self.months]))

    @cached_property
    def together(self) -> Estimate | None:
        """How many times as many documents mention both as is expected."""
        return compare_with_chance(self.counts, self.expected, self.dispersion_together)


@dataclass(frozen=True)
class _PairedKeyword:
    """The mentions of a keyword in a counted month of a run."""

    run: RunData

    # The name as it is shown.
    name: str

    # The documents of each day, and those that mention the keyword.
    days: Sequence[int]
    matched: Sequence[int]
    cut_off: bool
    has_polarity: bool

    # The documents that mention the keyword in the order of their ids, and their days.
    documents: Integers
    places_of_days: Integers

    # Those that have a polarity.
    scored: Scored


@once
def read_pairs(run: RunData) -> list[KeywordPair]:
    """Return the pairs of keywords that were counted in any month, by their names.

    They are the same at each call, so that each pair is compared once.
    """
    return _group(read_pair_months(run), _keywords_of(run))


def read_pairs_of_runs(runs: Mapping[str, RunData]) -> list[KeywordPair]:
    """Return the pairs of keywords within *runs* and across them, named with their runs.

    Keywords of two runs are a pair in the months in which both runs read the same documents.
    """
    keywords_by_period: dict[str, list[_PairedKeyword]] = defaultdict(list)
    keywords_by_name: dict[str, Keyword] = {}
    for run_name, run in runs.items():
        for keyword_name, keyword in _keywords_of(run).items():
            keywords_by_name[f"{run_name}: {keyword_name}"] = keyword

        for period, keywords in _read_keyword_months(run):
            named_keywords = [
                replace(keyword, name=f"{run_name}: {keyword.name}") for keyword in keywords
            ]
            keywords_by_period[period] += named_keywords

    months: list[PairMonth] = []
    for period in sorted(keywords_by_period):
        months += _pair_keywords(period, keywords_by_period[period])

    return [pair for pair in _group(months, keywords_by_name) if not _is_one_subject(pair)]


def _keywords_of(run: RunData) -> dict[str, Keyword]:
    """Return the keywords that are paired, by their names."""
    return {keyword.name: keyword for keyword in run.keywords[:MOST_KEYWORDS]}


def _group(months: Iterable[PairMonth], keywords: Mapping[str, Keyword]) -> list[KeywordPair]:
    months_by_pair: dict[Names, list[PairMonth]] = defaultdict(list)
    for month in months:
        months_by_pair[month.names].append(month)

    pairs = []
    for pair_names in sorted(months_by_pair):
        left, right = pair_names
        relation = relate(keywords[left], keywords[right])
        pairs.append(KeywordPair(pair_names, months_by_pair[pair_names], relation))

    return pairs


def _is_one_subject(pair: KeywordPair) -> bool:
    """Return whether the same documents mention both: one keyword, of two runs."""
    counts = pair.counts
    return counts.both > 0 and not counts.only_first and not counts.only_second


@keep_rows
def read_pair_months(run: RunData, job_names: Collection[str] | None = None) -> Iterator[PairMonth]:
    """Yield each pair of keywords of each counted month, a month after the other."""
    if len(run.keywords) > 1:
        for period, keywords in _read_keyword_months(run, job_names):
            yield from _pair_keywords(period, keywords)


def _read_keyword_months(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[tuple[str, list[_PairedKeyword]]]:
    """Yield the keywords of each counted month."""
    if not run.keywords:
        return

    coverage = read_coverage_grid(run, job_names).jobs
    daily = read_daily(run, job_names)
    for job in run.jobs_named(job_names):
        states = {step: row.state for step, row in coverage[job.name].items()}
        if states.get(DOCUMENTS) == states.get(keywords_step.NAME) == StepState.COMPLETE:
            has_polarity = Progress.of(states).has_polarity
            yield job.name, _read_month(run, job, daily, has_polarity=has_polarity)


def _read_month(
    run: RunData, job: RunJob, daily: Daily, *, has_polarity: bool
) -> list[_PairedKeyword]:
    frames = select_frames(run, job)
    is_of_job = pl.col("job") == job.name
    days = daily.days.filter(is_of_job).sort("day")
    dated = frames.chosen.join(days.select("day").with_row_index("place"), on="day")
    polarity = pl.col("polarity")
    documents = (
        frames.mentions.unique(["keyword", "document", "position"], keep="first")
        .group_by(pl.col("keyword").cast(pl.String), "document")
        .agg(scored=polarity.count().cast(pl.Int64), total=polarity.sum())
        .join(dated.select("document", pl.col("place").cast(pl.Int64)), on="document")
        .sort("document")
    )
    documents_by_keyword = documents.partition_by("keyword", as_dict=True)
    of_all_terms = daily.hits.filter(is_of_job, pl.col("term").is_null())
    counts = {(keyword, day): n for keyword, day, n in of_all_terms.select(*_MATCHED).iter_rows()}
    months = []
    for keyword in _keywords_of(run):
        documents = documents_by_keyword.get((keyword,), documents.clear())
        scored = documents.filter(pl.col("scored") > 0)
        month = _PairedKeyword(
            run=run,
            name=keyword,
            days=days["documents"].to_list(),
            matched=[counts.get((keyword, day), 0) for day in days["day"]],
            cut_off=bool(days["is_missing"].any()),
            has_polarity=has_polarity,
            documents=documents["document"].to_numpy(),
            places_of_days=documents["place"].to_numpy(),
            scored=Scored(
                scored["document"].to_numpy(),
                scored["scored"].to_numpy(),
                scored["total"].to_numpy() / TRILLIONTHS,
            ),
        )
        months.append(month)

    return months


def _pair_keywords(period: str, keywords: Iterable[_PairedKeyword]) -> Iterator[PairMonth]:
    """Yield each two keywords that were looked for in the same documents."""
    for left, right in combinations(sorted(keywords, key=attrgetter("name")), 2):
        if not _have_same_documents(left, right):
            continue

        days = left.days
        _, places, _ = np.intersect1d(
            left.documents, right.documents, assume_unique=True, return_indices=True
        )
        daily_shared = np.bincount(left.places_of_days[places], minlength=len(days)).tolist()
        counts = PairCounts(sum(days), len(left.documents), len(right.documents), len(places))
        yield PairMonth(
            names=(left.name, right.name),
            period=period,
            cut_off=left.cut_off,
            counts=counts,
            scores=_sum_scored(left, right),
            dispersion=measure_pair_dispersion(days, left.matched, right.matched, daily_shared),
            dispersion_together=measure_dispersion(daily_shared, days),
        )


def _have_same_documents(first: _PairedKeyword, second: _PairedKeyword) -> bool:
    """Return whether two runs read the same documents of a month.

    They do if their archives, choice and numbers of documents on each day are equal. A document
    that was imported after one of the runs would change a day.
    """
    if first.run is second.run:
        return True

    parameters, others = first.run.month_parameters, second.run.month_parameters
    is_chosen_alike = _choice(parameters) == _choice(others)
    have_same_days = first.days == second.days
    return is_chosen_alike and have_same_days and first.run.selection == second.run.selection


def _choice(parameters: MonthsParameters) -> tuple[object, ...]:
    return parameters.sources, parameters.outlets, parameters.sections, parameters.material


def _sum_scored(left: _PairedKeyword, right: _PairedKeyword) -> PairScores:
    """Return the sums of two keywords' polarities; nothing if two engines made them."""
    is_scored = left.has_polarity and right.has_polarity
    if not is_scored or left.run.engines != right.run.engines:
        return PairScores()
    return sum_pair(left.scored, right.scored)


def _mean_dispersion(months: Iterable[PairMonth], column: str) -> float:
    whole = [month for month in months if not month.cut_off]
    dispersions = [
        dispersion for dispersion in map(attrgetter(column), whole) if dispersion is not None
    ]
    return max(1.0, math.fsum(dispersions) / len(dispersions)) if dispersions else 1.0
