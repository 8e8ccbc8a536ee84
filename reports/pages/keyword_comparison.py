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

# The tables pair at most this many keywords, those in most documents.
SHOWN = 8
# At most this many pairs are drawn, those whose rarer keyword is in most documents.
DRAWN = 8


@dataclass(frozen=True)
class ShownPair:
    """Two keywords, the one in more documents first, with their differences and what is sure."""

    first: str
    second: str
    counts: PairCounts
    expected: float
    share_difference: Estimate | None

    # Whether the shares differ at the strict level of the page.
    shares_differ: bool

    polarity_difference: Estimate | None
    polarities_differ: bool

    # None also if the queries say that nothing matches both.
    together: Estimate | None

    together_differs: bool

    # Whether no document can match both queries.
    exclude_each_other: bool


@dataclass
class KeywordComparison:
    """All that the template needs."""

    pairs: list[ShownPair] = field(default_factory=list)

    # The run's keywords that are paired, and how many of them the tables show.
    keywords: int = 0
    shown: int = 0

    # The remarks name leads that change, though not surely.
    remarks: list[str] = field(default_factory=list)

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
        pair_names = crossover.before, crossover.after
        crossovers[min(pair_names), max(pair_names)] = crossover

    shown_keywords = ranked[:SHOWN]
    comparison = KeywordComparison(
        _show_pairs(compared, shown_keywords), len(ranked), len(shown_keywords)
    )
    pairs_by_names = {}
    for pair in compared:
        if set(pair.names) <= set(shown_keywords):
            pairs_by_names[_order(pair.names, shown_keywords)] = pair
    shown_names = [names for names in combinations(shown_keywords, 2) if names in pairs_by_names]
    for pair_names in shown_names:
        if pairs_by_names[pair_names].names not in crossovers:
            comparison.remarks += _describe_unsure_lead(pairs_by_names[pair_names])
    comparison.remarks += _describe_parts(pairs)

    drawn = sorted(shown_names, key=lambda pair_names: shown_keywords.index(pair_names[1]))[:DRAWN]
    panels = []
    for pair_names in sorted(drawn, key=shown_names.index):
        pair = pairs_by_names[pair_names]
        panels.append(_panel(pair, shown_keywords, crossovers.get(pair.names)))
    specs = differences.differences_specs(panels, scale, of=len(compared))
    comparison.figures = store.show_all(*specs)
    return comparison


def _rank(pairs: Iterable[KeywordPair]) -> list[str]:
    """Return the keywords by the number of their documents, largest first; ties by name."""
    documents: Counter[str] = Counter()
    for pair in pairs:
        left, right = pair.names
        documents[left], documents[right] = pair.counts.first, pair.counts.second
    return sorted(documents, key=lambda keyword_name: (-documents[keyword_name], keyword_name))


def _show_pairs(pairs: Sequence[KeywordPair], shown_keywords: Sequence[str]) -> list[ShownPair]:
    """Return the pairs of *shown_keywords* in their order; they are tested with all others."""
    share_tests = list_different([pair.share_difference for pair in pairs])
    polarity_tests = list_different([pair.polarity_difference for pair in pairs])
    ratios = [None if pair.relation == Relation.APART else pair.together for pair in pairs]
    ratio_tests = list_different(ratios)
    tests = zip(share_tests, polarity_tests, ratios, ratio_tests, strict=True)

    pairs_by_names: dict[Names, ShownPair] = {}
    for pair, pair_tests in zip(pairs, tests, strict=True):
        shares_differ, polarities_differ, ratio, ratio_differs = pair_tests
        if not set(pair.names) <= set(shown_keywords):
            continue

        leading, trailing = _order(pair.names, shown_keywords)
        pairs_by_names[leading, trailing] = ShownPair(
            *(leading, trailing, pair.counts, pair.expected),
            _turn(pair, pair.share_difference, leading),
            shares_differ,
            _turn(pair, pair.polarity_difference, leading),
            polarities_differ,
            ratio,
            ratio_differs,
            pair.relation == Relation.APART,
        )

    ordered = combinations(shown_keywords, 2)
    return [pairs_by_names[names] for names in ordered if names in pairs_by_names]


def _order(pair_names: Names, ranked: Sequence[str]) -> Names:
    leading, trailing = sorted(pair_names, key=ranked.index)
    return leading, trailing


def _turn(pair: KeywordPair, estimate: Estimate | None, leading: str) -> Estimate | None:
    """Return the difference as *leading* less the other."""
    if estimate is None or pair.names[0] == leading:
        return estimate
    return estimate.reverse()


def _list_shown(pair: KeywordPair) -> list[PairMonth]:
    """Return the months of a pair, or its years if there are too many months to be drawn."""
    if len(pair.months) <= MOST_DRAWN:
        return list(pair.months)
    years = []
    for year, year_group in groupby(pair.months, key=lambda month: month.period[:4]):
        months = list(year_group)
        counts = sum_counts(month.counts for month in months)
        scores = add_pairs([month.scores for month in months])
        years.append(replace(months[0], period=year, cut_off=False, counts=counts, scores=scores))
    return years


def _panel(pair: KeywordPair, ranked: Sequence[str], crossover: Crossover | None) -> PairPanel:
    leading, trailing = _order(pair.names, ranked)
    shares: list[Difference] = []
    polarities: list[Difference] = []
    months = _list_shown(pair)
    for month in months:
        share = _turn(pair, compare_paired_shares(month.counts, pair.dispersion), leading)
        polarity = _turn(pair, compare_paired_means(month.scores), leading)
        for estimate, points in ((share, shares), (polarity, polarities)):
            if estimate is not None:
                points.append(Difference(month.period, estimate.value, estimate.low, estimate.high))

    overtaking = (crossover.earliest, crossover.period, crossover.latest) if crossover else None
    counted = tuple(month.period for month in months)
    return PairPanel(leading, trailing, tuple(shares), tuple(polarities), counted, overtaking)


def _describe_unsure_lead(pair: KeywordPair) -> list[str]:
    """Name the months in which each of two keywords leads, though no overtaking is claimed."""
    leads: Mapping[str, list[str]] = {keyword_name: [] for keyword_name in pair.names}
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
    early, late = sorted(leads, key=lambda keyword_name: leads[keyword_name][0])
    sentence = (
        f"“{early}” was ahead {describe_periods(leads[early])}, “{late}” "
        f"{describe_periods(leads[late])} (each {unit} for itself at 95 %); that one overtook the "
        "other does not hold at the strict level of this page."
    )
    return [sentence]


def _describe_parts(pairs: Sequence[KeywordPair]) -> list[str]:
    """Name the pairs that are not compared, since one keyword's query is a part of the other's."""
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
