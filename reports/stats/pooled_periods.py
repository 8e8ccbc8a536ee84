"""Shares of short periods, from their numbers of documents and rates that are pooled over all.

A month of a sample has few codes, so that its direct estimate tells little. Where the shares of
each kind of document (those with the keyword, near misses, others) do not differ between periods
beyond chance, a period's share is the sum of its documents of each kind times the kind's share in
all periods: an indirect, synthetic estimate (J. N. K. Rao and I. Molina, "Small Area Estimation",
2015, 3.2).

The interval holds both errors. The sampling error of the pooled shares is that of
`coded_shares.sum_cells`. The error of the pooling is that a period's own share differs from the
pooled one: its variance is the moment estimate (R. DerSimonian and N. Laird, "Meta-analysis in
clinical trials", Controlled Clinical Trials 7, 1986), with a part of the standard error of
Pearson's statistic added, and not 0 where the test could not tell. What a keyword misses may also
come and go with what it finds, in a season or when news breaks, which few codes do not show: at its
side the interval reaches to where each kind would be that has grown or shrunk as the mentions have,
whose numbers are known. An event moves all kinds of a month alike, so that the errors of pooling
are added; sampling errors and their sum are joined as squares, below and above separately (MOVER).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from core.enums import SamplePart
from reports.stats.coded_shares import sum_cells
from reports.stats.coded_strata import CodedStratum, PooledCell, group_by_kind, pool
from reports.stats.estimates import Estimate
from reports.stats.intervals import LEVEL, TAIL
from reports.stats.multiple_tests import adjust_holm

# Fewer periods do not tell how far periods differ.
FEWEST_PERIODS = 3

# So many standard errors of Pearson's statistic are added to what it says of the deviation between
# periods. By simulation the intervals of months cover as they say (docs/codebooks/estimates.md).
_ERRORS_ADDED = 0.2

_PERMUTATIONS = 999

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PooledPeriods:
    """Indirect estimates by period, and the adjusted p-value that kinds differ between periods."""

    estimates: Mapping[str, Estimate]
    p_value: float

    @property
    def may_be_pooled(self) -> bool:
        """Whether the kinds' shares do not differ between the periods beyond chance."""
        return self.p_value > LEVEL


@dataclass(frozen=True)
class _Kind:
    """Documents of a kind: all periods as one cell, and what is known of each period's share.

    A share of *shares* rests on about so many independent draws (*counts*); of a period that is not
    among them nothing was coded. Shares deviate by *deviation* from the pooled one.
    """

    cell: PooledCell
    deviation: float
    p_value: float


def pool_periods(
    strata_by_period: Mapping[str, Sequence[CodedStratum]], tail: float = TAIL
) -> PooledPeriods | None:
    """Return each period's share by rates of all periods; None of few periods, or without a code.

    The intervals leave the probability *tail* outside at either end. The p-value is that of a
    permutation test, the same at each call.
    """
    strata = [stratum for period in strata_by_period.values() for stratum in period]
    kinds: dict[str, _Kind] = {}
    for kind, kind_strata in group_by_kind(strata).items():
        cell = pool(kind_strata)
        if cell.share is None:
            return None

        positives, counts = _sum_periods(kind, strata_by_period)
        deviation = _bound_deviation(positives, counts)
        kinds[kind] = _Kind(cell, deviation, _test_kind(positives, counts))

    if len(strata_by_period) < FEWEST_PERIODS or not kinds:
        return None

    p_values = adjust_holm([kind.p_value for kind in kinds.values()])
    growths = _compare_mentions(strata_by_period)
    return PooledPeriods(
        {
            period: _estimate_period(period_strata, kinds, growths[period], tail)
            for period, period_strata in strata_by_period.items()
        },
        min(p_values),
    )


def _compare_mentions(strata_by_period: Mapping[str, Sequence[CodedStratum]]) -> dict[str, float]:
    """Return how many times as many of each period's documents have a mention as of all.

    It is 1 where no document has one.
    """
    sizes = {
        period: (
            sum(stratum.size for stratum in group_by_kind(strata).get(SamplePart.MENTION, ())),
            sum(stratum.size for stratum in strata),
        )
        for period, strata in strata_by_period.items()
    }
    mentions, documents = (sum(counts) for counts in zip(*sizes.values(), strict=True))
    usual = mentions / documents if documents else 0.0
    return {
        period: of_period / size / usual if usual and size else 1.0
        for period, (of_period, size) in sizes.items()
    }


def _sum_periods(
    kind: str, strata_by_period: Mapping[str, Sequence[CodedStratum]]
) -> tuple[Floats, Floats]:
    """Return by period the positive codes of a kind, and all of them, each code counting once."""
    coded: list[tuple[float, float]] = []
    for strata in strata_by_period.values():
        codes = [code for stratum in group_by_kind(strata).get(kind, ()) for code in stratum.codes]
        if codes:
            coded.append((math.fsum(codes), len(codes)))

    positives, counts = np.array(coded, dtype=float).reshape(-1, 2).T
    return positives, counts


def _bound_deviation(positives: Floats, counts: Floats) -> float:
    """Return how far the shares of periods may deviate from the pooled one, as the codes tell."""
    n, degrees = counts.sum(), len(counts) - 1
    informative = n - (counts**2).sum() / n
    if degrees < 1 or informative <= 0:
        return 0.5

    # Half a code of either kind more: no positive code is no proof that periods are alike.
    usual = (positives.sum() + 0.5) / (n + 1)
    variance = usual * (1 - usual)
    statistic = float((counts * (positives / counts - positives.sum() / n) ** 2).sum()) / variance
    excess = max(0.0, statistic - degrees) + _ERRORS_ADDED * math.sqrt(2 * degrees)
    return min(0.5, math.sqrt(variance * excess / informative))


def _test_kind(positives: Floats, counts: Floats) -> float:
    """Return the p-value that the shares of a kind differ between periods, by permutations.

    The statistic is Pearson's. Codes are dealt to the periods anew, each keeping its number
    (R. A. Fisher, "The Design of Experiments", 1935).
    """
    total, n = round(positives.sum()), int(counts.sum())
    if len(counts) < 2 or not 0 < total < n:
        return 1.0

    expected = counts * positives.sum() / n

    def measure(found: Floats) -> Floats:
        """Return Pearson's statistic, without what is the same in all permutations."""
        distances: Floats = ((found - expected) ** 2 / expected).sum(axis=-1)
        return distances

    rng = np.random.default_rng(n)
    dealt = rng.multivariate_hypergeometric(counts.astype(int), total, size=_PERMUTATIONS)
    larger = int((measure(dealt.astype(float)) >= measure(positives) - 1e-9).sum())
    return (larger + 1) / (_PERMUTATIONS + 1)


def _estimate_period(
    strata: Sequence[CodedStratum], kinds: Mapping[str, _Kind], growth: float, tail: float
) -> Estimate:
    """Return the share of a period by the pooled shares of its kinds.

    *growth* is how many times as many documents as usual have a mention.
    """
    errors = float(scipy.special.ndtri(1 - tail))
    value = below = above = lower = higher = 0.0
    size = n = 0
    for name, kind_strata in group_by_kind(strata).items():
        kind = kinds[name]
        documents = sum(stratum.size for stratum in kind_strata)
        whole = sum_cells([kind.cell], tail)
        share = whole.value / kind.cell.size
        value += documents * share
        below += (documents * (share - whole.low / kind.cell.size)) ** 2
        above += (documents * (whole.high / kind.cell.size - share)) ** 2
        grown = 0.0 if name == SamplePart.MENTION else share * (growth - 1)
        lower += documents * min(share, max(-grown, errors * kind.deviation))
        higher += documents * min(1 - share, max(grown, errors * kind.deviation))
        size += documents
        n += sum(len(stratum.codes) for stratum in kind_strata)

    low, high = value - math.sqrt(below + lower**2), value + math.sqrt(above + higher**2)
    return Estimate(value / size, low / size, high / size, n, size).cut(0.0, 1.0)
