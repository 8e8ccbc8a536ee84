"""Months of two keywords for tests, as few words as they need."""

from __future__ import annotations

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair, PairMonth
from reports.stats.paired import PairCounts, PairScores


def pair(
    *counts: tuple[int, int, int],
    names: tuple[str, str] = ("a", "b"),
    documents: int = 1000,
    dispersion: float | None = None,
    cut_off: tuple[int, ...] = (),
    scores: PairScores | None = None,
    relation: Relation = Relation.FREE,
) -> KeywordPair:
    """Return two keywords of whose documents each month has some with either and with both.

    *scores* are those of the first month.
    """
    months = []
    for place, of_month in enumerate(counts):
        month = PairMonth(
            names=names,
            period=f"2020-{place + 1:02d}",
            cut_off=place in cut_off,
            counts=PairCounts(documents, *of_month),
            scores=scores if scores is not None and not place else PairScores(),
            dispersion=dispersion,
            dispersion_together=None,
        )
        months.append(month)

    return KeywordPair(names, months, relation)
