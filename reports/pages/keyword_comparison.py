"""The part of a page that sets the keywords of a run beside each other, pair by pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, groupby

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair, Names, PairMonth
from reports.data.years import MOST_DRAWN
from reports.figures import differences
from reports.figures.differences import Difference, PairPanel
from reports.figures.figure_store import FigureRef, FigureStore
from reports.findings.overtakings import Overtaking
from reports.findings.pair_facts import find_pair_overtakings, list_compared
from reports.stats.paired import (
    Estimate,
    PairCounts,
    add_pairs,
    compare_paired_means,
    compare_paired_shares,
    sum_counts,
)

# The tables pair at most this many keywords, those in most documents.
SHOWN = 8
# At most this many pairs are drawn, those whose rarer keyword is in most documents.
DRAWN = 8


@dataclass(frozen=True)
class ShownPair:
    """Two keywords, the one in more documents first, with their differences."""

    first: str
    second: str
    counts: PairCounts
    expected: float
    share_difference: Estimate | None
    polarity_difference: Estimate | None

    # None also if the queries say that nothing matches both.
    together: Estimate | None

    # Whether no document can match both queries.
    exclude_each_other: bool


@dataclass
class KeywordComparison:
    """All that the template needs."""

    pairs: list[ShownPair] = field(default_factory=list)

    # The run's keywords that are paired, and how many of them the tables show.
    keywords: int = 0
    shown: int = 0

    # The remarks name the keywords that are not compared.
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
    overtakings = {}
    for overtaking in find_pair_overtakings(compared):
        pair_names = overtaking.before, overtaking.after
        overtakings[min(pair_names), max(pair_names)] = overtaking

    shown_keywords = ranked[:SHOWN]
    comparison = KeywordComparison(
        _show_pairs(compared, shown_keywords), len(ranked), len(shown_keywords)
    )
    pairs_by_names = {}
    for pair in compared:
        if set(pair.names) <= set(shown_keywords):
            pairs_by_names[_order(pair.names, shown_keywords)] = pair

    shown_names = [names for names in combinations(shown_keywords, 2) if names in pairs_by_names]
    comparison.remarks += _describe_parts(pairs)

    drawn = sorted(shown_names, key=lambda pair_names: shown_keywords.index(pair_names[1]))[:DRAWN]
    panels = []
    for pair_names in sorted(drawn, key=shown_names.index):
        pair = pairs_by_names[pair_names]
        panels.append(_panel(pair, shown_keywords, overtakings.get(pair.names)))

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
    """Return the pairs of *shown_keywords* in their order."""
    pairs_by_names: dict[Names, ShownPair] = {}
    for pair in pairs:
        if not set(pair.names) <= set(shown_keywords):
            continue

        leading, trailing = _order(pair.names, shown_keywords)
        is_apart = pair.relation == Relation.APART
        pairs_by_names[leading, trailing] = ShownPair(
            first=leading,
            second=trailing,
            counts=pair.counts,
            expected=pair.expected,
            share_difference=_turn(pair, pair.share_difference, leading),
            polarity_difference=_turn(pair, pair.polarity_difference, leading),
            together=None if is_apart else pair.together,
            exclude_each_other=is_apart,
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


def _panel(pair: KeywordPair, ranked: Sequence[str], overtaking: Overtaking | None) -> PairPanel:
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

    counted = tuple(month.period for month in months)
    period = overtaking.period if overtaking else None
    return PairPanel(leading, trailing, tuple(shares), tuple(polarities), counted, period)


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
