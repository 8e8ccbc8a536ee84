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
    """The units of a stratum: the documents that each stands for, its step, whether it is asked.

    *unread* is the part of the stratum's documents that were not read, for each unit; *machine* is
    the machine's figure, 0 without one.
    """

    kind: str
    weights: Floats
    steps: Floats
    asked: Floats
    unread: Floats
    machine: Floats

    @classmethod
    def of(cls, stratum: CodedStratum, size: int) -> _Units:
        """Return the units of a stratum, of *size* documents with those that are counted to it."""
        weights = stratum.weights
        covered = stratum.covered or float(weights.sum())
        machine = [0.0] * len(weights) if stratum.machine is None else stratum.machine.codes
        steps = np.array(stratum.codes, dtype=float)
        return cls(
            kind=stratum.kind,
            weights=weights * (size / float(weights.sum())),
            steps=np.nan_to_num(steps),
            asked=(~np.isnan(steps)).astype(float),
            unread=np.full(len(weights), max(0.0, 1 - covered / size)),
            machine=np.array(machine, dtype=float),
        )

    @classmethod
    def join(cls, groups: Sequence[_Units]) -> _Units:
        """Return the units of several strata, with the kind of the first."""
        columns = ("weights", "steps", "asked", "unread", "machine")
        joined = {
            column: np.concatenate([getattr(units, column) for units in groups])
            for column in columns
        }
        return cls(groups[0].kind, **joined)

    def __len__(self) -> int:
        return len(self.steps)


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
    shares = [
        (units.weights * (units.steps - mean * units.asked) / size, units.unread)
        for units in _join_kinds(groups)
    ]
    finite, infinite, degrees = _sum_variances(shares, n - 1)
    variance = max(finite, _least_variance(groups, mean, infinite, lowest, highest))
    cautious = (n * mean + lowest + highest) / (n + 2) if variance else mean
    return _ScaleMean(n, size, mean, variance, degrees, cautious)


def _join_kinds(groups: Sequence[_Units]) -> list[_Units]:
    """Return the units of each kind that were not read whole; one unit with those of the next."""
    kinds: dict[str, list[_Units]] = {}
    for units in groups:
        if units.unread[0]:
            kinds.setdefault(units.kind, []).append(units)

    joined: list[_Units] = []
    for kind_units in map(_Units.join, kinds.values()):
        if joined and 1 in (len(joined[-1]), len(kind_units)):
            joined[-1] = _Units.join([joined[-1], kind_units])
        else:
            joined.append(kind_units)

    return [units for units in joined if len(units) > 1]


def _least_variance(
    groups: Sequence[_Units], mean: float, variance: float, lowest: float, highest: float
) -> float:
    """Return the variance with two more units, one at either end of the scale.

    *variance* is that of a small sample of many documents. The units tell as much as L. Kish's
    effective sample size ("Survey Sampling", 1965, 11.7) of documents of which the scale is asked.
    """
    units = _Units.join(groups)
    weights = units.weights * units.asked
    squares = float(weights @ weights)
    n = float(weights.sum()) ** 2 / squares
    spread = variance * n**2 + (mean - lowest) ** 2 + (highest - mean) ** 2
    unread_part = float(weights**2 @ units.unread) / squares
    return unread_part * spread / (n + 2) ** 2


# --- the regression on a machine's figures ---


def estimate_mean(strata: Sequence[CodedStratum], *, use_machine: bool = True) -> Estimate | None:
    """Return the mean code of all documents in *strata*; None of fewer than three codes.

    With *use_machine* it is the regression estimator, else the weighted mean of the codes alone.
    """
    fitted = _fit(strata, use_machine=use_machine)
    return None if fitted is None else fitted[0]


def measure_unit_variance(strata: Sequence[CodedStratum]) -> float | None:
    """Return n times the variance of the regression estimator; None of fewer than three codes.

    It leaves out that a large part of all documents may have been read.
    """
    fitted = _fit(strata, use_machine=True)
    return None if fitted is None else fitted[1]


def _fit(strata: Sequence[CodedStratum], *, use_machine: bool) -> tuple[Estimate, float] | None:
    """Return the mean code of all documents, and n times its variance of a sample of many.

    A code weighs as many documents as it stands for, N/n of its stratum, or more where its text
    repeats; a stratum without a code is counted to the one before. The residuals are those that
    each code has from the line through the means whose slope is fitted without it (Särndal and
    others, 6.6). There are at most n - 2 degrees of freedom.
    """
    groups = _combine(strata)
    if groups is None:
        return None

    units = _Units.join(groups)
    size = sum(stratum.size for stratum in strata)
    weights = units.weights / size
    machine_mean, mean = float(weights @ units.machine), float(weights @ units.steps)
    x, y = units.machine - machine_mean, units.steps - mean

    spread = float(weights @ (x * x)) if use_machine else 0.0
    slope, residuals = 0.0, y
    if spread > _ROUNDING:
        slope = float(weights @ (x * y)) / spread
        residuals = (y - slope * x) / (1 - weights * x * x / spread)
        totals = [stratum.machine.positives for stratum in strata if stratum.machine is not None]
        mean += slope * (math.fsum(totals) / size - machine_mean)

    n = len(y)
    shares = weights * residuals
    spans = [(shares[span], units.unread[span]) for span in _join_single(groups)]
    finite, infinite, degrees = _sum_variances(spans, n - 2)
    half = t_quantile(degrees) * math.sqrt(finite)
    return Estimate(mean, mean - half, mean + half, n, size), n * infinite


def _combine(strata: Sequence[CodedStratum]) -> list[_Units] | None:
    """Return the units of the strata with codes; None of fewer than three codes."""
    if sum(len(stratum.codes) for stratum in strata) < FEWEST_STEPS:
        return None

    return [_Units.of(stratum, size) for stratum, size in collapse(strata)]


def _join_single(groups: Sequence[_Units]) -> list[slice]:
    """Return where strata of two units or more lie; those of one lie with the next, or before."""
    spans: list[slice] = []
    start = end = 0
    for units in groups:
        end += len(units)
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


def correlate(strata: Sequence[CodedStratum]) -> float | None:
    """Return Pearson's correlation of the machine's figures and codes, weighted to all documents.

    None where one of them does not vary, or of fewer than three codes.
    """
    groups = _combine(strata)
    if groups is None:
        return None

    units = _Units.join(groups)
    weights = units.weights / sum(stratum.size for stratum in strata)
    x = units.machine - weights @ units.machine
    y = units.steps - weights @ units.steps
    variances = float(weights @ (x * x)), float(weights @ (y * y))
    if min(variances) < _ROUNDING:
        return None

    return float(weights @ (x * y)) / math.sqrt(math.prod(variances))
