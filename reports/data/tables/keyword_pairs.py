"""Each two keywords of a run of months: documents that mention one, the other, and both."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from operator import attrgetter

from analysis.options import Keyword
from analysis.parameters import MonthsParameters
from analysis.query.relations import Relation, relate
from analysis.steps import keywords as keywords_step
from analysis.steps import polarity as polarity_step
from core.enums import DOCUMENTS, StepState
from reports.data.daily_counts import (
    is_cut_off,
    measure_dispersion,
    no_documents,
    read_daily_counts,
    read_selected_counts,
)
from reports.data.month_mentions import Sentences, read_mentioning_days, read_sentences
from reports.data.run_data import RunData, RunJob, keep_rows
from reports.data.tables.coverage import read_coverage_grid
from reports.stats.paired import (
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
    relation: Relation = Relation.FREE  # that their queries make certain, whatever the texts

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
class _KeywordMonth:
    """The mentions of a keyword in a counted month of a run."""

    run: RunData
    name: str  # as it is shown
    days: Sequence[int]  # documents of each day
    cut_off: bool
    has_polarity: bool
    polarities: Mapping[int, Sequence[float | None]]  # of the sentences of each document
    matched: Sequence[int]  # documents of each day that mention it
    day_of: Mapping[int, int]


def read_pairs(data: RunData) -> list[KeywordPair]:
    """Return the pairs of keywords that were counted in any month, by their names.

    They are the same at each call, so that each pair is compared once.
    """
    return data.selected_readings.once(
        read_pairs, lambda: _group(read_pair_months(data), _keywords_of(data))
    )


def read_pairs_of_runs(runs: Mapping[str, RunData]) -> list[KeywordPair]:
    """Return the pairs of keywords of one or two of *runs*, whose names stand before theirs.

    Keywords of two runs are a pair in months of which both runs read the same documents.
    """
    by_period: dict[str, list[_KeywordMonth]] = defaultdict(list)
    by_name: dict[str, Keyword] = {}
    for name, data in runs.items():
        for keyword_name, keyword in _keywords_of(data).items():
            by_name[f"{name}: {keyword_name}"] = keyword
        for period, keywords in _read_keyword_months(data):
            shown = [replace(keyword, name=f"{name}: {keyword.name}") for keyword in keywords]
            by_period[period] += shown
    months: list[PairMonth] = []
    for period in sorted(by_period):
        months += _pair_keywords(period, by_period[period])
    return [pair for pair in _group(months, by_name) if not _is_one_subject(pair)]


def _keywords_of(data: RunData) -> dict[str, Keyword]:
    """Return the keywords that are paired, by their names."""
    if not isinstance(data.parameters, MonthsParameters):
        return {}
    return {keyword.name: keyword for keyword in data.parameters.keywords[:MOST_KEYWORDS]}


def _group(months: Iterable[PairMonth], keywords: Mapping[str, Keyword]) -> list[KeywordPair]:
    by_names: dict[Names, list[PairMonth]] = defaultdict(list)
    for month in months:
        by_names[month.names].append(month)

    pairs = []
    for names in sorted(by_names):
        relation = relate(*map(keywords.__getitem__, names))
        pairs.append(KeywordPair(names, by_names[names], relation))
    return pairs


def _is_one_subject(pair: KeywordPair) -> bool:
    """Return whether the same documents mention both: one keyword, of two runs."""
    counts = pair.counts
    return counts.both > 0 and not counts.only_first and not counts.only_second


@keep_rows
def read_pair_months(data: RunData, names: Collection[str] | None = None) -> Iterator[PairMonth]:
    """Yield each pair of keywords of each counted month, a month after the other."""
    if isinstance(data.parameters, MonthsParameters) and len(data.parameters.keywords) > 1:
        for period, keywords in _read_keyword_months(data, names):
            yield from _pair_keywords(period, keywords)


def _read_keyword_months(
    data: RunData, names: Collection[str] | None = None
) -> Iterator[tuple[str, list[_KeywordMonth]]]:
    """Yield the keywords of each counted month."""
    if not isinstance(data.parameters, MonthsParameters):
        return
    keywords = list(_keywords_of(data))
    coverage = read_coverage_grid(data, names).jobs
    for job in data.jobs_named(names):
        states = {step: row.state for step, row in coverage[job.name].items()}
        if states.get(DOCUMENTS) == states.get(keywords_step.NAME) == StepState.COMPLETE:
            has_polarity = states.get(polarity_step.NAME) == StepState.COMPLETE
            yield job.name, _read_month(data, job, keywords, has_polarity=has_polarity)


def _read_month(
    data: RunData, job: RunJob, keywords: Sequence[str], *, has_polarity: bool
) -> list[_KeywordMonth]:
    every_day = read_daily_counts(data, job).get(job.name, no_documents(job.name))
    days = every_day
    if data.selection:
        days = read_selected_counts(data, job).get(job.name, every_day)
    cut_off = is_cut_off(every_day)
    sentences = read_sentences(data, job)
    day_of = read_mentioning_days(data, job) if sentences else {}

    months = []
    for keyword in keywords:
        polarities = _by_document(sentences.get((keyword, None), {}))
        matched = _count_days(polarities, day_of, len(days))
        of_month = (days, cut_off, has_polarity)
        months.append(_KeywordMonth(data, keyword, *of_month, polarities, matched, day_of))
    return months


def _pair_keywords(period: str, keywords: Iterable[_KeywordMonth]) -> Iterator[PairMonth]:
    """Yield each two keywords that were looked for in the same documents."""
    for first, second in combinations(sorted(keywords, key=attrgetter("name")), 2):
        if not _have_same_documents(first, second):
            continue
        days = first.days
        shared = first.polarities.keys() & second.polarities.keys()
        both = _count_days(shared, first.day_of, len(days))
        yield PairMonth(
            names=(first.name, second.name),
            period=period,
            cut_off=first.cut_off,
            counts=PairCounts(
                sum(days), len(first.polarities), len(second.polarities), len(shared)
            ),
            scores=_sum_scored(first, second),
            dispersion=measure_pair_dispersion(days, first.matched, second.matched, both),
            dispersion_together=measure_dispersion(both, days),
        )


def _have_same_documents(first: _KeywordMonth, second: _KeywordMonth) -> bool:
    """Return whether two runs read the same documents of a month.

    The same archives and choice of documents, and as many documents on each day: what one run could
    not read yet, because it was imported later, would be missing on a day.
    """
    if first.run is second.run:
        return True
    parameters, others = first.run.parameters, second.run.parameters
    if not isinstance(parameters, MonthsParameters) or not isinstance(others, MonthsParameters):
        return False
    is_chosen_alike = _choice(parameters) == _choice(others)
    have_same_days = first.days == second.days
    return is_chosen_alike and have_same_days and first.run.selection == second.run.selection


def _choice(parameters: MonthsParameters) -> tuple[object, ...]:
    return parameters.sources, parameters.outlets, parameters.sections, parameters.material


def _by_document(sentences: Sentences) -> dict[int, list[float | None]]:
    """Return the polarities of the sentences of each document."""
    by_document: dict[int, list[float | None]] = defaultdict(list)
    for (document, _), polarity in sentences.items():
        by_document[document].append(polarity)
    return by_document


def _count_days(documents: Iterable[int], day_of: Mapping[int, int], days: int) -> list[int]:
    counts = [0] * days
    for document in documents:
        if document in day_of:
            counts[day_of[document]] += 1
    return counts


def _sum_scored(first: _KeywordMonth, second: _KeywordMonth) -> PairScores:
    """Return the sums of two keywords' polarities; none where they are not of one engine."""
    is_scored = first.has_polarity and second.has_polarity
    if not is_scored or first.run.engines != second.run.engines:
        return PairScores()
    return sum_pair(_drop_unscored(first.polarities), _drop_unscored(second.polarities))


def _drop_unscored(polarities: Mapping[int, Sequence[float | None]]) -> dict[int, list[float]]:
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
