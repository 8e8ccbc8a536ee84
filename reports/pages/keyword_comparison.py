"""The part of a page that sets the keywords of a run beside each other, pair by pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair, Names
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore, slug
from reports.figures.over_time import lines_spec
from reports.findings.pair_facts import list_compared, list_parts
from reports.pages.keyword_section import KeywordSection
from reports.stats.estimates import Estimate
from reports.words.writing import write_sentence


@dataclass(frozen=True)
class ShownPair:
    """Two keywords, the one in more documents first."""

    names: Names
    pair: KeywordPair

    # The shares of both over time.
    figures: list[FigureRef] = field(default_factory=list)

    def turn(self, estimate: Estimate | None) -> Estimate | None:
        """Return an estimate of the pair as that of the first less the second."""
        if estimate is None or self.pair.names == self.names:
            return estimate
        return estimate.reverse()

    @property
    def exclude_each_other(self) -> bool:
        """Whether no document can match both queries."""
        return self.pair.relation == Relation.APART


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
    """Compare keywords pair by pair, those in most documents."""
    compared = {frozenset(pair.names): pair for pair in list_compared(pairs)}
    documents: dict[str, int] = {}
    for pair in compared.values():
        counts = pair.counts.first, pair.counts.second
        documents.update(zip(pair.names, counts, strict=True))

    ranked = sorted(documents, key=lambda keyword_name: (-documents[keyword_name], keyword_name))
    shown_keywords = ranked[: style.SIDE_BY_SIDE]
    shown_pairs = [
        ShownPair(names, compared[frozenset(names)])
        for names in combinations(shown_keywords, 2)
        if frozenset(names) in compared
    ]
    remarks = [write_sentence("part", part=part, whole=whole) for part, whole in list_parts(pairs)]
    return KeywordComparison(shown_pairs, len(ranked), shown_keywords, remarks)


def draw_pairs(
    compared: KeywordComparison, keywords: Iterable[KeywordSection], store: FigureStore
) -> KeywordComparison:
    """Return a comparison with a picture of each pair of *keywords*."""
    by_name = {keyword.name: keyword for keyword in keywords}
    drawn_pairs = []
    for pair in compared.pairs:
        both = [by_name[name] for name in pair.names]
        rows_of_pair = {keyword.subject.name: keyword.finding_rows for keyword in both}
        span = style.Range.of(row.period for rows in rows_of_pair.values() for row in rows)
        spec = lines_spec(rows_of_pair, span=span, column="share", has_bands=False)
        if spec is not None:
            name = f"compared-share-{'-'.join(map(slug, pair.names))}"
            spec = replace(spec, name=name, caption="")

        drawn_pairs.append(replace(pair, figures=store.show_all(spec)))

    return replace(compared, pairs=drawn_pairs)
