"""Each two keywords of a run of months: documents that mention one, the other, and both."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from operator import attrgetter

from analysis.parameters import MonthsParameters
from analysis.steps import keywords as keywords_step
from analysis.steps import polarity as polarity_step
from core.enums import DOCUMENTS, StepState
from reports.daily_counts import (
    is_cut_off,
    measure_dispersion,
    no_documents,
    read_daily_counts,
    read_days,
    read_selected_counts,
)
from reports.paired import (
    Estimate,
    PairCounts,
    PairScores,
    add_pairs,
    compare_paired_means,
    compare_paired_shares,
    compare_with_chance,
    measure_pair_dispersion,
    sum_counts,
    sum_pair,
)
from reports.run_data import RunData, RunJob, keep_rows
from reports.tables.coverage import read_coverage_grid
from reports.tables.periods import Sentences, read_sentences

MOST_KEYWORDS = 20  # of a run, in the order in which they were given, that are paired

Names = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PairMonth:
    """Two keywords, by their names in the order of code points, in a counted month."""

    names: Names
    period: str
    cut_off: bool
    counts: PairCounts
    scores: PairScores
    dispersion: float | None  # of the difference of the shares, from day to day
    dispersion_together: float | None  # of the share of documents that mention both


@dataclass(frozen=True)
class KeywordPair:
    """Two keywords over all counted months."""

    names: Names
    months: Sequence[PairMonth]

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


def read_pairs(data: RunData) -> list[KeywordPair]:
    """Return the pairs of keywords that were counted in any month, by their names."""
    months: dict[Names, list[PairMonth]] = defaultdict(list)
    for month in read_pair_months(data):
        months[month.names].append(month)
    return [KeywordPair(names, months[names]) for names in sorted(months)]


@keep_rows
def read_pair_months(data: RunData, names: Collection[str] | None = None) -> Iterator[PairMonth]:
    """Yield each pair of keywords of each counted month, a month after the other."""
    if not isinstance(data.parameters, MonthsParameters):
        return
    keywords = [keyword.name for keyword in data.parameters.keywords[:MOST_KEYWORDS]]
    if len(keywords) < 2:
        return
    coverage = read_coverage_grid(data, names).jobs
    for job in data.jobs_named(names):
        states = {step: row.state for step, row in coverage[job.name].items()}
        if states.get(DOCUMENTS) == states.get(keywords_step.NAME) == StepState.COMPLETE:
            has_polarity = states.get(polarity_step.NAME) == StepState.COMPLETE
            yield from _pair_keywords(data, job, sorted(keywords), has_polarity=has_polarity)


def _pair_keywords(
    data: RunData, job: RunJob, keywords: Sequence[str], *, has_polarity: bool
) -> Iterator[PairMonth]:
    every_day = read_daily_counts(data, job).get(job.name, no_documents(job.name))
    days = every_day
    if data.selection:
        days = read_selected_counts(data, job).get(job.name, every_day)
    cut_off = is_cut_off(every_day)
    sentences = read_sentences(data, job)
    day_of = read_days(data, job) if sentences else {}

    scores, by_day = {}, {}
    for keyword in keywords:
        scores[keyword] = _by_document(sentences.get((keyword, None), {}))
        by_day[keyword] = _count_days(scores[keyword], day_of, len(days))
    for first, second in combinations(keywords, 2):
        shared = scores[first].keys() & scores[second].keys()
        both = _count_days(shared, day_of, len(days))
        counts = PairCounts(sum(days), len(scores[first]), len(scores[second]), len(shared))
        yield PairMonth(
            names=(first, second),
            period=job.name,
            cut_off=cut_off,
            counts=counts,
            scores=_sum_scored(scores[first], scores[second]) if has_polarity else PairScores(),
            dispersion=measure_pair_dispersion(days, by_day[first], by_day[second], both),
            dispersion_together=measure_dispersion(both, days),
        )


def _by_document(sentences: Sentences) -> dict[int, list[float | None]]:
    """Return the polarities of the sentences of each document."""
    by_document: dict[int, list[float | None]] = defaultdict(list)
    for (document, _), polarity in sentences.items():
        by_document[document].append(polarity)
    return by_document


def _count_days(documents: Iterable[int], day_of: dict[int, int], days: int) -> list[int]:
    counts = [0] * days
    for document in documents:
        if document in day_of:
            counts[day_of[document]] += 1
    return counts


def _sum_scored(
    first: dict[int, list[float | None]], second: dict[int, list[float | None]]
) -> PairScores:
    return sum_pair(_drop_unscored(first), _drop_unscored(second))


def _drop_unscored(polarities: dict[int, list[float | None]]) -> dict[int, list[float]]:
    """Return the polarities that are known, of the documents that have any."""
    scored = {}
    for document, values in polarities.items():
        known = [value for value in values if value is not None]
        if known:
            scored[document] = known
    return scored


def _mean_dispersion(months: Iterable[PairMonth], column: str) -> float:
    whole = [month for month in months if not month.cut_off]
    dispersions = [value for value in map(attrgetter(column), whole) if value is not None]
    return max(1.0, math.fsum(dispersions) / len(dispersions)) if dispersions else 1.0
