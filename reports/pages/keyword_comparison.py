"""The part of a page that sets the keywords of a run beside each other, pair by pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, groupby

from analysis.grains import grain_of
from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair, Names, PairMonth
from reports.data.years import MOST_DRAWN
from reports.figures import differences
from reports.figures.differences import Difference, PairPanel
from reports.figures.figure_store import FigureRef, FigureStore
from reports.findings.crossovers import Crossover, find_keyword_crossovers
from reports.findings.pair_highlights import PAIR_LEVEL, list_compared, list_different
from reports.stats.paired import (
    Estimate,
    PairCounts,
    add_pairs,
    compare_paired_means,
    compare_paired_shares,
    sum_counts,
)
from reports.words.periods import describe_periods

SHOWN = 8  # keywords whose pairs stand in the tables: those in most documents
DRAWN = 8  # pairs that are drawn: those whose rarer keyword is in most documents


@dataclass(frozen=True)
class ShownPair:
    """Two keywords, the one in more documents first, with their differences and what is sure."""

    first: str
    second: str
    counts: PairCounts
    expected: float
    share_difference: Estimate | None
    shares_differ: bool  # at the strict level of the page
    polarity_difference: Estimate | None
    polarities_differ: bool
    together: Estimate | None  # None also where the queries say that nothing matches both
    together_differs: bool
    exclude_each_other: bool  # by their queries


@dataclass
class KeywordComparison:
    """All that the template needs."""

    pairs: list[ShownPair] = field(default_factory=list)
    keywords: int = 0  # of the run that are paired
    shown: int = 0  # of them, in the tables
    remarks: list[str] = field(default_factory=list)  # leads that change, but not surely
    figures: list[FigureRef] = field(default_factory=list)


def make_comparison(
    pairs: Sequence[KeywordPair], store: FigureStore, scale: str
) -> KeywordComparison:
    """Compare keywords and draw their differences; *scale* is what is said of polarities."""
    compared = list_compared(pairs)
    if not compared:
        return KeywordComparison()
    ranked = _rank(compared)
    crossovers = {}
    for crossover in find_keyword_crossovers(compared, PAIR_LEVEL):
        names = crossover.before, crossover.after
        crossovers[min(names), max(names)] = crossover

    shown = ranked[:SHOWN]
    comparison = KeywordComparison(_show_pairs(compared, shown), len(ranked), len(shown))
    by_names = {}
    for pair in compared:
        if set(pair.names) <= set(shown):
            by_names[_order(pair.names, shown)] = pair
    in_order = list(filter(by_names.get, combinations(shown, 2)))
    for names in in_order:
        if by_names[names].names not in crossovers:
            comparison.remarks += _describe_unsure_lead(by_names[names])
    comparison.remarks += _describe_parts(pairs)

    drawn = sorted(in_order, key=lambda names: shown.index(names[1]))[:DRAWN]
    panels = []
    for names in sorted(drawn, key=in_order.index):
        pair = by_names[names]
        panels.append(_panel(pair, shown, crossovers.get(pair.names)))
    specs = differences.differences_specs(panels, scale, of=len(compared))
    comparison.figures = store.show_all(*specs)
    return comparison


def _rank(pairs: Iterable[KeywordPair]) -> list[str]:
    """Return the keywords, that in most documents first; ties by name."""
    documents: Counter[str] = Counter()
    for pair in pairs:
        first, second = pair.names
        documents[first], documents[second] = pair.counts.first, pair.counts.second
    return sorted(documents, key=lambda name: (-documents[name], name))


def _show_pairs(pairs: Sequence[KeywordPair], shown: Sequence[str]) -> list[ShownPair]:
    """Return the pairs of *shown* keywords in their order; they are tested with all others."""
    share_tests = list_different([pair.share_difference for pair in pairs])
    polarity_tests = list_different([pair.polarity_difference for pair in pairs])
    ratios = [None if pair.relation == Relation.APART else pair.together for pair in pairs]
    ratio_tests = list_different(ratios)
    tests = zip(share_tests, polarity_tests, ratios, ratio_tests, strict=True)

    by_names: dict[Names, ShownPair] = {}
    for pair, of_pair in zip(pairs, tests, strict=True):
        shares_differ, polarities_differ, ratio, ratio_differs = of_pair
        if not set(pair.names) <= set(shown):
            continue

        first, second = _order(pair.names, shown)
        by_names[first, second] = ShownPair(
            *(first, second, pair.counts, pair.expected),
            _turn(pair, pair.share_difference, first),
            shares_differ,
            _turn(pair, pair.polarity_difference, first),
            polarities_differ,
            ratio,
            ratio_differs,
            pair.relation == Relation.APART,
        )

    return list(filter(None, map(by_names.get, combinations(shown, 2))))


def _order(names: Names, ranked: Sequence[str]) -> Names:
    first, second = sorted(names, key=ranked.index)
    return first, second


def _turn(pair: KeywordPair, estimate: Estimate | None, first: str) -> Estimate | None:
    """Return the difference as *first* less the other."""
    if estimate is None or pair.names[0] == first:
        return estimate
    return estimate.reverse()


def _list_shown(pair: KeywordPair) -> list[PairMonth]:
    """Return the months of a pair, as years where they are too many to be seen."""
    if len(pair.months) <= MOST_DRAWN:
        return list(pair.months)
    years = []
    for year, of_year in groupby(pair.months, key=lambda month: month.period[:4]):
        months = list(of_year)
        counts = sum_counts(month.counts for month in months)
        scores = add_pairs([month.scores for month in months])
        years.append(replace(months[0], period=year, cut_off=False, counts=counts, scores=scores))
    return years


def _panel(pair: KeywordPair, ranked: Sequence[str], crossover: Crossover | None) -> PairPanel:
    first, second = _order(pair.names, ranked)
    shares: list[Difference] = []
    polarities: list[Difference] = []
    months = _list_shown(pair)
    for month in months:
        share = _turn(pair, compare_paired_shares(month.counts, pair.dispersion), first)
        polarity = _turn(pair, compare_paired_means(month.scores), first)
        for estimate, points in ((share, shares), (polarity, polarities)):
            if estimate is not None:
                points.append(Difference(month.period, estimate.value, estimate.low, estimate.high))
    overtaking = (crossover.earliest, crossover.period, crossover.latest) if crossover else None
    counted = tuple(month.period for month in months)
    return PairPanel(first, second, tuple(shares), tuple(polarities), counted, overtaking)


def _describe_unsure_lead(pair: KeywordPair) -> list[str]:
    """Say in which months either is ahead at 95 %, where both are and nothing is claimed."""
    leads: Mapping[str, list[str]] = {name: [] for name in pair.names}
    months = _list_shown(pair)
    for month in months:
        difference = compare_paired_shares(month.counts, pair.dispersion)
        if difference is None or month.cut_off:
            continue
        if difference.low > 0:
            leads[pair.names[0]].append(month.period)
        elif difference.high < 0:
            leads[pair.names[1]].append(month.period)
    if not all(leads.values()):
        return []
    unit = grain_of(months[0].period)
    (early, before), (late, after) = sorted(leads.items(), key=lambda each: each[1][0])
    sentence = (
        f"“{early}” was ahead {describe_periods(before)}, “{late}” {describe_periods(after)} "
        f"(each {unit} for itself at 95 %); that one overtook the other does not hold at the "
        "strict level of this page."
    )
    return [sentence]


def _describe_parts(pairs: Sequence[KeywordPair]) -> list[str]:
    """Name the pairs that are not compared, since one is a part of the other by its query."""
    remarks = []
    for pair in pairs:
        if pair.relation in (Relation.PART, Relation.WHOLE):
            is_part = pair.relation == Relation.PART
            part, whole = pair.names if is_part else pair.names[::-1]
            remarks.append(
                f"“{part}” is a part of “{whole}”: what is written of the one is written of the "
                "other too, so that they are not compared."
            )
    return remarks
