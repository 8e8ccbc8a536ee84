"""Means over documents on a scale of people, from the codes of a sample.

1. *The mean of a scale* is the ratio of two totals: of the steps, and of the documents of which the
   scale is asked (C.-E. Särndal, B. Swensson and J. Wretman, "Model Assisted Survey Sampling",
   1992, 5.6). *Few codes* that are alike seem surer than they are. So its variance is at least that
   with two more units, one at either end of the scale, and a difference of means holds from where
   it is to where it would be with these, as A. Agresti and B. Caffo add a success and a failure to
   each sample (The American Statistician 54, 2000).
2. *With a machine's figure of all documents*, an engine's polarity, it is the regression estimator
   (Särndal and others, chapter 6): the codes give the mean and the line from the machine's figure
   to people's, the figures of all documents correct the mean for what the sample missed. As
   prediction-powered inference A. N. Angelopoulos and others, "Prediction-powered inference",
   Science 382 (2023), with its slope fitted as in "PPI++" (2023). Nothing is assumed of the
   machine: a useless one has the slope 0, and leaves the interval of the codes alone.
3. *The variance* of both is that of the stratified sample over the residuals, with the degrees of
   freedom of Satterthwaite (W. G. Cochran, "Sampling Techniques", 1977, 5.16). Strata of too few
   units are joined (Cochran, 5A.12).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from reports.stats.coded_strata import CodedStratum, collapse, group_by_kind
from reports.stats.estimates import Estimate
from reports.stats.intervals import TAIL, Z, t_quantile

# The spread of fewer codes is hardly known.
FEWEST_STEPS = 3

# With so many labels intervals cover what they promise (docs/labels.md).
FEWEST_LABELS = 50
# The number of labels is given for an interval of this half-width.
AIM = 0.05

# A smaller variance is zero but for rounding.
_ROUNDING = 1e-12
# Equal strata have a whole number of degrees, which rounding may bring below it.
_ROUNDING_OF_DEGREES = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Units:
    """The coded units of all strata, as columns.

    A unit stands for *weights* documents, those that are counted to its stratum among them;
    *unread* is the part of the stratum's documents that were not read. A code is NaN where a scale
    is not asked; *machine* is the machine's figure, 0 without one.
    """

    kinds: NDArray[np.str_]
    strata: NDArray[np.int64]
    weights: Floats
    codes: Floats
    unread: Floats
    machine: Floats

    @classmethod
    def of(cls, strata: Sequence[CodedStratum]) -> _Units | None:
        """Return the units of the strata with codes; None of fewer than three codes."""
        collapsed = chain.from_iterable(map(collapse, group_by_kind(strata).values()))
        parts: list[tuple[NDArray[Any], ...]] = []
        for number, (stratum, size) in enumerate(collapsed):
            weights = stratum.weights
            n = len(weights)
            covered = stratum.covered or float(weights.sum())
            machine = [0.0] * n if stratum.machine is None else stratum.machine.codes
            parts.append(
                (
                    np.full(n, stratum.kind),
                    np.full(n, number),
                    weights * (size / float(weights.sum())),
                    np.array(stratum.codes, dtype=float),
                    np.full(n, max(0.0, 1 - covered / size)),
                    np.array(machine, dtype=float),
                )
            )

        n = sum(len(part[0]) for part in parts)
        return cls(*map(np.concatenate, zip(*parts, strict=True))) if n >= FEWEST_STEPS else None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def asked(self) -> Floats:
        """Whether a scale is asked of each unit: 1 or 0."""
        return (~np.isnan(self.codes)).astype(float)


def _sum_variances(
    groups: Iterable[tuple[Floats, Floats]], most_degrees: int
) -> tuple[float, float, int]:
    """Return the variance of a sum of shares, that of a small sample of many, and its degrees.

    A group has the shares of its units in the sum, and the unread part of each unit's stratum.
    """
    finite, infinite, squares = 0.0, 0.0, 0.0
    for shares, unread in groups:
        n = len(shares)
        deviations = (shares - shares.mean()) ** 2 * (n / (n - 1))
        variance = float(deviations @ unread)
        finite += variance
        infinite += float(deviations.sum())
        squares += variance**2 / (n - 1)

    degrees = most_degrees
    if squares:
        degrees = min(degrees, int(finite**2 / squares + _ROUNDING_OF_DEGREES))

    return finite, infinite, max(1, degrees)


# --- the mean of a scale ---


@dataclass(frozen=True)
class _ScaleMean:
    """A mean of *n* units on a scale, with its variance and the degrees of freedom of that."""

    n: int
    size: float
    value: float
    variance: float
    degrees: int

    # With two more units, one at either end of the scale; as it is if all was read.
    cautious: float


def estimate_scale_mean(
    strata: Sequence[CodedStratum], lowest: float, highest: float, tail: float = TAIL
) -> Estimate | None:
    """Return the mean of a scale from *lowest* to *highest*; None of fewer than three steps.

    It is about the documents of which the scale is asked. Student's interval leaves *tail* outside
    at either end, and is cut to the scale. A stratum without a unit is counted to the one before of
    its kind, or to the first. Documents of a kind without any are left out.
    """
    mean = _measure_scale(strata, lowest, highest)
    if mean is None:
        return None

    half = t_quantile(mean.degrees, tail) * math.sqrt(mean.variance)
    low, high = max(lowest, mean.value - half), min(highest, mean.value + half)
    return Estimate(mean.value, low, high, mean.n, mean.size)


def compare_scale_means(
    strata: Sequence[CodedStratum],
    other_strata: Sequence[CodedStratum],
    lowest: float,
    highest: float,
) -> Estimate | None:
    """Return a mean less that of other documents; None where either has too few steps.

    B. L. Welch, "The generalization of 'Student's' problem when several different population
    variances are involved", Biometrika 34 (1947).
    """
    mean = _measure_scale(strata, lowest, highest)
    other = _measure_scale(other_strata, lowest, highest)
    if mean is None or other is None:
        return None

    n = mean.n + other.n
    difference = mean.value - other.value
    cautious = mean.cautious - other.cautious
    variance = mean.variance + other.variance
    if not variance:
        p_value = 0.0 if difference else 1.0
        return Estimate(difference, difference, difference, n, p_value=p_value)

    squares = mean.variance**2 / mean.degrees + other.variance**2 / other.degrees
    degrees = max(1, int(variance**2 / squares))
    error = math.sqrt(variance)
    half = t_quantile(degrees) * error
    low, high = min(difference, cautious), max(difference, cautious)
    nearest = max(low, 0.0, -high)
    p_value = 2 * float(scipy.special.stdtr(degrees, -nearest / error))
    return Estimate(difference, low - half, high + half, n, p_value=p_value)


def _measure_scale(
    strata: Sequence[CodedStratum], lowest: float, highest: float
) -> _ScaleMean | None:
    units = _Units.of(strata)
    n = 0 if units is None else int(units.asked.sum())
    if units is None or n < FEWEST_STEPS:
        return None

    steps = np.nan_to_num(units.codes)
    size = float(units.weights @ units.asked)
    mean = float(units.weights @ steps) / size
    shares = units.weights * (steps - mean * units.asked) / size
    groups = [(shares[places], units.unread[places]) for places in _join_kinds(units)]
    finite, infinite, degrees = _sum_variances(groups, n - 1)
    variance = max(finite, _least_variance(units, mean, infinite, lowest, highest))
    cautious = (n * mean + lowest + highest) / (n + 2) if variance else mean
    return _ScaleMean(n, size, mean, variance, degrees, cautious)


def _join_kinds(units: _Units) -> list[NDArray[np.int64]]:
    """Return where the units of each kind lie that were not read whole; one with the next."""
    joined: list[NDArray[np.int64]] = []
    for kind in dict.fromkeys(units.kinds[units.unread > 0].tolist()):
        places = np.flatnonzero((units.kinds == kind) & (units.unread > 0))
        if joined and 1 in (len(joined[-1]), len(places)):
            joined[-1] = np.concatenate([joined[-1], places])
        else:
            joined.append(places)

    return [places for places in joined if len(places) > 1]


def _least_variance(
    units: _Units, mean: float, variance: float, lowest: float, highest: float
) -> float:
    """Return the variance with two more units, one at either end of the scale.

    *variance* is that of a small sample of many documents. The units tell as much as L. Kish's
    effective sample size ("Survey Sampling", 1965, 11.7) of documents of which the scale is asked.
    """
    weights = units.weights * units.asked
    squares = float(weights @ weights)
    n = float(weights.sum()) ** 2 / squares
    spread = variance * n**2 + (mean - lowest) ** 2 + (highest - mean) ** 2
    unread_part = float(weights**2 @ units.unread) / squares
    return unread_part * spread / (n + 2) ** 2


# --- the regression on a machine's figures ---


@dataclass(frozen=True)
class MeanFit:
    """The mean code of all documents, and what tells how many codes it takes.

    *unit_variance* is n times its variance of a small sample of many documents. Pearson's
    *correlation* is that of the machine's figures and codes, weighted to all documents; None where
    one of them does not vary.
    """

    estimate: Estimate
    unit_variance: float
    correlation: float | None


def fit_mean(strata: Sequence[CodedStratum], *, use_machine: bool = True) -> MeanFit | None:
    """Return the mean code of all documents in *strata*; None of fewer than three codes.

    With *use_machine* it is the regression estimator, else the weighted mean of the codes alone. A
    code weighs as many documents as it stands for, N/n of its stratum, or more where its text
    repeats; a stratum without a code is counted to the one before. The residuals are those that
    each code has from the line through the means whose slope is fitted without it (Särndal and
    others, 6.6). There are at most n - 2 degrees of freedom.
    """
    units = _Units.of(strata)
    if units is None:
        return None

    size = sum(stratum.size for stratum in strata)
    weights = units.weights / size
    machine_mean, mean = float(weights @ units.machine), float(weights @ units.codes)
    x, y = units.machine - machine_mean, units.codes - mean

    spread, spread_of_codes = float(weights @ (x * x)), float(weights @ (y * y))
    product = float(weights @ (x * y))
    correlation = None
    if min(spread, spread_of_codes) >= _ROUNDING:
        correlation = product / math.sqrt(spread * spread_of_codes)

    residuals = y
    if use_machine and spread > _ROUNDING:
        slope = product / spread
        residuals = (y - slope * x) / (1 - weights * x * x / spread)
        totals = [stratum.machine.positives for stratum in strata if stratum.machine is not None]
        mean += slope * (math.fsum(totals) / size - machine_mean)

    n = len(units)
    shares = weights * residuals
    groups = [(shares[span], units.unread[span]) for span in _join_single(units)]
    finite, infinite, degrees = _sum_variances(groups, n - 2)
    half = t_quantile(degrees) * math.sqrt(finite)
    estimate = Estimate(mean, mean - half, mean + half, n, size)
    return MeanFit(estimate, n * infinite, correlation)


def _join_single(units: _Units) -> list[slice]:
    """Return where strata of two units or more lie; those of one lie with the next, or before."""
    spans: list[slice] = []
    start = end = 0
    for length in np.unique_counts(units.strata).counts.tolist():
        end += length
        if end - start > 1:
            spans.append(slice(start, end))
            start = end

    if end > start:
        spans[-1] = slice(spans[-1].start, end)

    return spans


def labels_needed(unit_variance: float, size: int) -> int:
    """Return how many labels of *size* mentions give an interval of ± `AIM`.

    W. G. Cochran, "Sampling Techniques" (1977), 4.7: a variance of *unit_variance* / n, less what
    is gained where many of all mentions are read.
    """
    variance = (AIM / Z) ** 2
    return min(size, math.ceil(unit_variance / (variance + unit_variance / size)))
