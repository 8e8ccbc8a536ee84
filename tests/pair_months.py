"""Months of two keywords for tests, as few words as they need."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair, PairMonth
from reports.stats.paired import PairCounts, PairScores, Scored, sum_pair


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


def sum_scores(
    first: Mapping[int, Sequence[float]], second: Mapping[int, Sequence[float]]
) -> PairScores:
    """Return the sums of two subjects' polarities, which are given by document."""
    return sum_pair(_list_scored(first), _list_scored(second))


def _list_scored(scores: Mapping[int, Sequence[float]]) -> Scored:
    totals = [math.fsum(values) for values in scores.values()]
    sizes = [len(values) for values in scores.values()]
    return Scored(np.array(list(scores), int), np.array(sizes, int), np.array(totals, float))
