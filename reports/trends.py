"""Whether something rises or falls over the months: a weighted slope with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from reports.comparing import count_effective

Numbers = NDArray[np.float64]

FEWEST_MONTHS = 12  # of a trend

_EXACT = 1e-12  # squared residuals, in units of their errors, below which a line fits to rounding


@dataclass(frozen=True)
class Trend:
    """The change a month, on average, with its standard error and degrees of freedom."""

    slope: float
    error: float
    degrees: float

    @property
    def p_value(self) -> float:
        """Two-sided, that there is no trend."""
        return float(2 * stdtr(self.degrees, -abs(self.slope) / self.error))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the slope's interval of confidence 1 - *level*."""
        half = -float(stdtrit(self.degrees, level / 2)) * self.error
        return self.slope - half, self.slope + half


def fit_trend(
    months: Sequence[float], values: Sequence[float], variances: Sequence[float]
) -> Trend | None:
    """Fit a straight line through *values*; None for fewer than twelve months.

    *variances* are those of the values if nothing but chance moved them. Months differ by more
    than that: the rest is estimated from the line's residuals, as R. DerSimonian and N. Laird do
    ("Meta-analysis in clinical trials", Controlled Clinical Trials 7, 1986), and added before the
    months are weighed. Neighbouring months go together: error and degrees of freedom are those of
    fewer months (B. D. Santer and others, "Statistical significance of trends and trend
    differences in layer-average atmospheric temperature time series", Journal of Geophysical
    Research 105, 2000), by the residuals' correlation with the month before, corrected for what a
    line takes from it (M. G. Kendall, "Note on bias in the estimation of autocorrelation",
    Biometrika 41, 1954). It assumes a straight line and a correlation that fades month by month.
    """
    if len(values) < FEWEST_MONTHS or not min(variances) > 0:
        return None
    x, y, known = np.array(months), np.array(values), np.array(variances)
    _, residuals, _ = _fit_line(x, y, 1 / known)
    weights = 1 / (known + _extra_variance(x, residuals, 1 / known))
    slope, residuals, spread = _fit_line(x, y, weights)

    k = len(values)
    squares = float((residuals**2).sum())
    effective = count_effective(k, _correlate(residuals))
    error = np.sqrt(max(1.0, squares / (k - 2)) / spread * k / effective)
    return Trend(slope, float(error), max(effective - 2, 1.0))


def _fit_line(x: Numbers, y: Numbers, weights: Numbers) -> tuple[float, Numbers, float]:
    """Return slope, residuals in units of their errors, and the spread of x, each weighted."""
    total = weights.sum()
    x_from_mean = x - (weights * x).sum() / total
    y_from_mean = y - (weights * y).sum() / total
    spread = float((weights * x_from_mean**2).sum())
    slope = float((weights * x_from_mean * y_from_mean).sum()) / spread
    return slope, np.sqrt(weights) * (y_from_mean - slope * x_from_mean), spread


def _extra_variance(x: Numbers, residuals: Numbers, weights: Numbers) -> float:
    """Return by how much months vary beyond what *weights* say, at least 0 (method of moments)."""
    design = np.column_stack([np.ones_like(x), x])
    weighted = weights[:, None] * design
    middle = np.linalg.inv(design.T @ weighted)
    trace = weights.sum() - np.trace(middle @ (weighted.T @ weighted))
    return max(0.0, float(((residuals**2).sum() - (len(x) - 2)) / trace))


def _correlate(residuals: Numbers) -> float:
    """Return the correlation of each residual with the one before, corrected for its bias."""
    k = len(residuals)
    squares = float((residuals**2).sum())
    if squares < _EXACT:
        return 0.0
    r = float((residuals[1:] * residuals[:-1]).sum()) / squares
    return (r * k + 2) / (k - 4)
