"""The part of a page that sets the keywords of a run beside each other, pair by pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair, Names
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore, slug
from reports.figures.over_time import lines_spec
from reports.findings.pair_facts import list_compared, list_parts
from reports.stats.estimates import Estimate
from reports.stats.paired import PairCounts
from reports.words.writing import write_sentence


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

    # The shares of both over time.
    figures: list[FigureRef] = field(default_factory=list)


@dataclass
class KeywordComparison:
    """All that the template needs."""

    pairs: list[ShownPair] = field(default_factory=list)

    # How many keywords are paired, and the names of those that the page shows.
    keywords: int = 0
    shown: Sequence[str] = ()

    # The remarks name the keywords that are not compared.
    remarks: list[str] = field(default_factory=list)


def make_comparison(pairs: Sequence[KeywordPair]) -> KeywordComparison:
    """Compare keywords pair by pair."""
    compared = list_compared(pairs)
    if not compared:
        return KeywordComparison()

    ranked = _rank(compared)
    shown_keywords = ranked[: style.SIDE_BY_SIDE]
    return KeywordComparison(
        _show_pairs(compared, shown_keywords),
        len(ranked),
        shown_keywords,
        [write_sentence("part", part=part, whole=whole) for part, whole in list_parts(pairs)],
    )


def draw_pairs(
    compared: KeywordComparison,
    rows_by_keyword: Mapping[str, Sequence[PeriodRow]],
    names: Mapping[str, str],
    store: FigureStore,
) -> KeywordComparison:
    """Return a comparison with a picture of each pair; the rows are of months, or of years.

    *names* are what keywords are called.
    """
    drawn_pairs = []
    for pair in compared.pairs:
        rows_of_pair = {names[name]: rows_by_keyword[name] for name in (pair.first, pair.second)}
        span = style.Range.of(row.period for rows in rows_of_pair.values() for row in rows)
        spec = lines_spec(rows_of_pair, span=span, column="share", has_bands=False)
        if spec is not None:
            name = f"compared-share-{slug(pair.first)}-{slug(pair.second)}"
            spec = replace(spec, name=name, caption="")

        drawn_pairs.append(replace(pair, figures=store.show_all(spec)))

    return replace(compared, pairs=drawn_pairs)


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
