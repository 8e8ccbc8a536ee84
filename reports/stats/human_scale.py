"""Means on the scale of human readers, from an engine's polarities and a sample that people read.

The regression estimator of survey sampling: the labelled mentions give the mean and the line from
polarity to label, the polarities of all mentions correct the mean for what the sample missed.
C.-E. Särndal, B. Swensson and J. Wretman, "Model Assisted Survey Sampling" (1992), chapter 6; as
prediction-powered inference A. N. Angelopoulos and others, "Prediction-powered inference", Science
382 (2023), with its slope fitted as in "PPI++" (2023). Nothing is assumed of the engine: a useless
one has the slope 0, and leaves the interval of the labels alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.stats.intervals import Z, t_quantile

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
class Stratum:
    """Mentions that were sampled at one rate, a month of a keyword say; the labelled ones in pairs.

    *size* and *polarity_mean* are of all its mentions. *copies* are the mentions that each labelled
    one stands for, since their texts repeat: one each if empty.
    """

    size: int
    polarity_mean: float
    polarities: Sequence[float]
    labels: Sequence[float]
    copies: Sequence[float] = ()

    @property
    def weights(self) -> Sequence[float]:
        """The copies of each labelled mention."""
        return self.copies or [1.0] * len(self.labels)


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval, from *n* labels. *unit_variance* / n is its variance.

    The latter leaves out that a large part of all mentions may have been read.
    """

    n: int
    mean: float
    low: float
    high: float
    unit_variance: float


@dataclass(frozen=True)
class _Sample:
    """The labelled mentions of all strata: weights add up to *size*, *groups* bound the strata.

    *polarity_mean* is that of all mentions, labelled or not; *finite* is 1 - n/N of each mention's
    stratum.
    """

    size: int
    polarity_mean: float
    x: Floats
    y: Floats
    weights: Floats
    finite: Floats
    groups: list[slice]


def estimate_mean(strata: Sequence[Stratum], *, use_polarity: bool = True) -> Estimate | None:
    """Return the mean label of all mentions in *strata*; None of fewer than three labels.

    With *use_polarity* it is the regression estimator, else the weighted mean of the labels alone.

    A label weighs as many mentions as it stands for, N/n of its stratum, or more where its text
    repeats; a stratum without a label is counted to the one before. The variance is that of the
    stratified sample (Särndal and others, 6.6), over the residuals that each label has from the
    line through the means whose slope is fitted without it; strata of one label are collapsed with
    the next (W. G. Cochran, "Sampling Techniques", 1977, 5A.12). Student's t has the degrees of
    freedom of Satterthwaite (Cochran, 5.16), at most n - 2.
    """
    sample = _combine(strata)
    if sample is None:
        return None

    weights = sample.weights / sample.size
    x_mean, y_mean = float(weights @ sample.x), float(weights @ sample.y)
    x, y = sample.x - x_mean, sample.y - y_mean

    spread = float(weights @ (x * x)) if use_polarity else 0.0
    slope, residuals = 0.0, y
    if spread > _ROUNDING:
        slope = float(weights @ (x * y)) / spread
        residuals = (y - slope * x) / (1 - weights * x * x / spread)

    mean = y_mean + slope * (sample.polarity_mean - x_mean)
    finite, infinite, degrees = _variances(sample, weights * residuals)
    half = t_quantile(degrees) * math.sqrt(finite)
    n = len(sample.y)
    return Estimate(n, mean, mean - half, mean + half, n * infinite)


def _combine(strata: Sequence[Stratum]) -> _Sample | None:
    sizes: list[int] = []
    labelled: list[Stratum] = []
    # Strata without a label before the first labelled one are counted to it.
    unlabelled_size = 0
    for stratum in strata:
        if stratum.labels:
            labelled.append(stratum)
            sizes.append(stratum.size + unlabelled_size)
            unlabelled_size = 0
        elif labelled:
            sizes[-1] += stratum.size
        else:
            unlabelled_size += stratum.size

    counts = [len(stratum.labels) for stratum in labelled]
    if sum(counts) < 3:
        return None

    size = sum(sizes)
    sums = [stratum.size * stratum.polarity_mean for stratum in strata]
    rates: list[float] = []
    for stratum, stratum_size in zip(labelled, sizes, strict=True):
        rates.append(math.fsum(stratum.weights) / stratum_size)

    copies = np.concatenate([stratum.weights for stratum in labelled])
    return _Sample(
        size=size,
        polarity_mean=math.fsum(sums) / size,
        x=np.concatenate([stratum.polarities for stratum in labelled]).astype(float),
        y=np.concatenate([stratum.labels for stratum in labelled]).astype(float),
        weights=copies * np.repeat(1 / np.array(rates), counts),
        finite=np.repeat(1 - np.minimum(rates, 1), counts),
        groups=_groups(counts),
    )


def _groups(counts: Sequence[int]) -> list[slice]:
    """Return where strata of two labels or more lie; those of one lie with the next, or before."""
    groups: list[slice] = []
    start = end = 0
    for count in counts:
        end += count
        if end - start > 1:
            groups.append(slice(start, end))
            start = end

    if end > start:
        groups[-1] = slice(groups[-1].start, end)

    return groups


def _variances(sample: _Sample, shares: Floats) -> tuple[float, float, int]:
    """Return the variance of a sum of *shares*, that of a small sample of many, and its degrees."""
    finite, infinite, squares = 0.0, 0.0, 0.0
    for group in sample.groups:
        group_shares = shares[group]
        n = len(group_shares)
        deviations = (group_shares - group_shares.mean()) ** 2 * (n / (n - 1))
        group_variance = float(deviations @ sample.finite[group])
        finite += group_variance
        infinite += float(deviations.sum())
        squares += group_variance**2 / (n - 1)

    most = len(shares) - 2
    degrees = most if squares == 0 else min(most, int(finite**2 / squares + _ROUNDING_OF_DEGREES))
    return finite, infinite, max(1, degrees)


def labels_needed(unit_variance: float, size: int) -> int:
    """Return how many labels of *size* mentions give an interval of ± `AIM`.

    W. G. Cochran, "Sampling Techniques" (1977), 4.7: a variance of *unit_variance* / n, less what
    is gained where many of all mentions are read.
    """
    variance = (AIM / Z) ** 2
    return min(size, math.ceil(unit_variance / (variance + unit_variance / size)))


def correlate(strata: Sequence[Stratum]) -> float | None:
    """Return Pearson's correlation of polarities and labels, weighted to that of all mentions.

    None where one of them does not vary, or of fewer than three labels.
    """
    sample = _combine(strata)
    if sample is None:
        return None

    weights = sample.weights / sample.size
    x = sample.x - weights @ sample.x
    y = sample.y - weights @ sample.y
    variances = float(weights @ (x * x)), float(weights @ (y * y))
    if min(variances) < _ROUNDING:
        return None

    return float(weights @ (x * y)) / math.sqrt(math.prod(variances))
