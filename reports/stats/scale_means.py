"""Means of a scale over the documents of which it is asked, from the codes of a sample.

1. *The mean* is the ratio of two totals: of the steps, and of the documents of which the scale is
   asked (C.-E. Särndal, B. Swensson and J. Wretman, "Model Assisted Survey Sampling", 1992, 5.6).
2. *Its variance* is that of the stratified sample over the residuals, which are 0 where it is not
   asked. For it strata of one kind are joined over the periods (W. G. Cochran, "Sampling
   Techniques", 1977, 5A.12): each has too few units to tell its own.
3. *Few codes* that are alike seem surer than they are. So the variance is at least that with two
   more units, one at either end of the scale, and a difference of means holds from where it is to
   where it would be with these, as A. Agresti and B. Caffo add a success and a failure to each
   sample (The American Statistician 54, 2000).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from reports.stats.coded_strata import collapse, group_by_kind
from reports.stats.intervals import TAIL, t_quantile
from reports.stats.paired import Estimate

# The spread of fewer steps is hardly known.
FEWEST_STEPS = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScaleStratum:
    """The documents of one *kind* and period, *size* in all, and what people say of those read.

    A step is the mean of a unit's coders; None where the scale is not asked of it. *weights* tell
    how many documents each unit stands for beside the others: all as many if empty. The units are
    *covered* documents.
    """

    kind: str
    size: int
    steps: Sequence[float | None]
    weights: Sequence[float] = ()
    covered: float = 0.0

    @property
    def has_codes(self) -> bool:
        """Whether people have coded any unit."""
        return bool(self.steps)


@dataclass(frozen=True)
class ScaleMean:
    """A mean of *n* units with its variance and the degrees of freedom of that.

    The mean is of about *size* documents, of which the scale is asked.
    """

    n: int
    size: float
    mean: float
    variance: float
    degrees: int

    # The ends of the scale.
    lowest: float
    highest: float

    def interval(self, tail: float = TAIL) -> tuple[float, float]:
        """Return Student's interval with *tail* outside at either end, cut to the scale."""
        half = t_quantile(self.degrees, tail) * math.sqrt(self.variance)
        return max(self.lowest, self.mean - half), min(self.highest, self.mean + half)

    @property
    def cautious_mean(self) -> float:
        """The mean with two more units, one at either end; as it is if all was read."""
        if not self.variance:
            return self.mean
        return (self.n * self.mean + self.lowest + self.highest) / (self.n + 2)


def estimate_scale_mean(
    strata: Sequence[ScaleStratum], lowest: float, highest: float
) -> ScaleMean | None:
    """Return the mean of a scale from *lowest* to *highest*; None of fewer than three steps.

    A stratum without a unit is counted to the one before of its kind, or to the first. Documents
    of a kind without any are left out.
    """
    groups = [
        _Units.of(stratum, size)
        for kind_strata in group_by_kind(strata).values()
        for stratum, size in collapse(kind_strata)
    ]
    n = sum(int(units.asked.sum()) for units in groups)
    if n < FEWEST_STEPS:
        return None

    size = sum(float(units.weights @ units.asked) for units in groups)
    mean = sum(float(units.weights @ units.steps) for units in groups) / size
    finite, infinite, squares = 0.0, 0.0, 0.0
    for units in _join_kinds(groups):
        shares = units.weights * (units.steps - mean * units.asked) / size
        count = len(shares)
        deviations = (shares - shares.mean()) ** 2 * (count / (count - 1))
        variance = float(deviations @ units.unread)
        finite += variance
        infinite += float(deviations.sum())
        squares += variance**2 / (count - 1)

    degrees = n - 1
    if squares:
        degrees = max(1, min(degrees, int(finite**2 / squares + 1e-6)))

    least = _least_variance(groups, mean, infinite, lowest, highest)
    return ScaleMean(n, size, mean, max(finite, least), degrees, lowest, highest)


def compare_scale_means(mean: ScaleMean, other: ScaleMean) -> Estimate:
    """Return a mean less another one, which is of other documents.

    B. L. Welch, "The generalization of 'Student's' problem when several different population
    variances are involved", Biometrika 34 (1947).
    """
    difference = mean.mean - other.mean
    cautious = mean.cautious_mean - other.cautious_mean
    variance = mean.variance + other.variance
    if not variance:
        return Estimate(difference, difference, difference, 0.0 if difference else 1.0)

    squares = mean.variance**2 / mean.degrees + other.variance**2 / other.degrees
    degrees = max(1, int(variance**2 / squares))
    error = math.sqrt(variance)
    half = t_quantile(degrees) * error
    low, high = min(difference, cautious), max(difference, cautious)
    nearest = max(low, 0.0, -high)
    p_value = 2 * float(scipy.special.stdtr(degrees, -nearest / error))
    return Estimate(difference, low - half, high + half, p_value)


@dataclass(frozen=True)
class _Units:
    """The units of a stratum: the documents that each stands for, its step, whether it is asked.

    *unread* is the part of the stratum's documents that were not read, for each unit.
    """

    kind: str
    weights: Floats
    steps: Floats
    asked: Floats
    unread: Floats

    @classmethod
    def of(cls, stratum: ScaleStratum, size: int) -> _Units:
        """Return the units of a stratum, of *size* documents with those that are counted to it."""
        count = len(stratum.steps)
        weights: Floats = np.array(stratum.weights or [1.0] * count, dtype=np.float64)
        unread = max(0.0, 1 - (stratum.covered or count) / size)
        steps = [0.0 if step is None else step for step in stratum.steps]
        asked = [step is not None for step in stratum.steps]
        return cls(
            kind=stratum.kind,
            weights=weights * (size / float(weights.sum())),
            steps=np.array(steps, dtype=float),
            asked=np.array(asked, dtype=float),
            unread=np.full(count, unread),
        )


def _join_kinds(groups: Sequence[_Units]) -> list[_Units]:
    """Return the units of each kind that were not read whole; one unit with those of the next."""
    kinds: dict[str, list[_Units]] = {}
    for units in groups:
        if units.unread[0]:
            kinds.setdefault(units.kind, []).append(units)

    joined: list[list[_Units]] = []
    for kind_units in kinds.values():
        is_single = bool(joined) and sum(len(units.steps) for units in joined[-1]) == 1
        if is_single or (sum(len(units.steps) for units in kind_units) == 1 and joined):
            joined[-1] += kind_units
        else:
            joined.append(list(kind_units))

    several = [_concatenate(kind_units) for kind_units in joined]
    return [units for units in several if len(units.steps) > 1]


def _concatenate(groups: Sequence[_Units]) -> _Units:
    return _Units(
        kind=groups[0].kind,
        weights=np.concatenate([units.weights for units in groups]),
        steps=np.concatenate([units.steps for units in groups]),
        asked=np.concatenate([units.asked for units in groups]),
        unread=np.concatenate([units.unread for units in groups]),
    )


def _least_variance(
    groups: Sequence[_Units], mean: float, variance: float, lowest: float, highest: float
) -> float:
    """Return the variance with two more units, one at either end of the scale.

    *variance* is that of a small sample of many documents. The units tell as much as L. Kish's
    effective sample size ("Survey Sampling", 1965, 11.7) of documents of which the scale is asked.
    """
    weights = np.concatenate([units.weights * units.asked for units in groups])
    unread = np.concatenate([units.unread for units in groups])
    squares = float(weights @ weights)
    n = float(weights.sum()) ** 2 / squares
    spread = variance * n**2 + (mean - lowest) ** 2 + (highest - mean) ** 2
    unread_part = float(weights**2 @ unread) / squares
    return unread_part * spread / (n + 2) ** 2
