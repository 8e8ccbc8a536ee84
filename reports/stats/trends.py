"""Whether something rises or falls over the months: a weighted slope, or one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from reports.stats.comparing import count_effective

Numbers = NDArray[np.float64]

# A trend has at least so many months, a step so many on each side.
FEWEST_MONTHS = 12
FEWEST_BESIDE_STEP = 3

# A step has two means and a place. The place is chosen, which takes about as much as two.
_LINE_PARAMETERS = 2
_STEP_PARAMETERS = 4

# A line with smaller squared residuals, in units of their errors, fits but for rounding.
_EXACT = 1e-12


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


@dataclass(frozen=True)
class Step:
    """One mean before *place*, the first month after the step, and another from it on.

    The two-sided p-value, that there is no step, holds for all places together (Bonferroni).
    """

    place: int
    before: float
    after: float
    p_value: float


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
    return _fit(np.array(months), np.array(values), np.array(variances), _LINE_PARAMETERS)


def _fit(x: Numbers, y: Numbers, variances: Numbers, parameters: int) -> Trend:
    """Fit the slope on *x*; so many *parameters* take part of the residuals' correlation."""
    slope, residuals, spread = _fit_line(x, y, _weigh(x, y, variances))
    k = len(y)
    squares = float((residuals**2).sum())
    effective = count_effective(k, _correlate(residuals, parameters))
    error = np.sqrt(max(1.0, squares / (k - parameters)) / spread * k / effective)
    return Trend(slope, float(error), max(effective - parameters, 1.0))


def find_step(
    months: Sequence[float], values: Sequence[float], variances: Sequence[float]
) -> Step | None:
    """Return the step that describes *values* better than a line; None where the line is better.

    The step's place is chosen where the squared residuals are smallest, at least three months from
    either end. The better of the two has the lower criterion of G. Schwarz, "Estimating the
    dimension of a model", The Annals of Statistics 6 (1978): k·ln(squares) + parameters·ln(k) for k
    months, where the step has one parameter more than the line, its place. Arguments as for
    `fit_trend`, which must not return None for them; both are weighed as the line is.
    """
    x, y = np.array(months), np.array(values)
    weights = _weigh(x, y, np.array(variances))
    _, residuals, _ = _fit_line(x, y, weights)
    k, line_squares = len(values), float((residuals**2).sum())
    places = range(FEWEST_BESIDE_STEP, k - FEWEST_BESIDE_STEP + 1)
    squares = {place: _step_squares(y, weights, place) for place in places}
    place = min(squares, key=squares.__getitem__)
    if line_squares < _EXACT or squares[place] * k ** (1 / k) >= line_squares:
        return None

    height = _fit((np.arange(k) >= place).astype(float), y, np.array(variances), _STEP_PARAMETERS)
    before = float(np.average(y[:place], weights=weights[:place]))
    after = float(np.average(y[place:], weights=weights[place:]))
    return Step(place, before, after, min(1.0, height.p_value * len(places)))


def _step_squares(y: Numbers, weights: Numbers, place: int) -> float:
    """Return the weighted squared residuals from one mean before *place* and one from it on."""
    squares = 0.0
    for side in (slice(None, place), slice(place, None)):
        middle = np.average(y[side], weights=weights[side])
        squares += float((weights[side] * (y[side] - middle) ** 2).sum())
    return squares


def _weigh(x: Numbers, y: Numbers, variances: Numbers) -> Numbers:
    """Return the weights of the months: by their *variances* and by how far they scatter."""
    _, residuals, _ = _fit_line(x, y, 1 / variances)
    weights: Numbers = 1 / (variances + _extra_variance(x, residuals, 1 / variances))
    return weights


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


def _correlate(residuals: Numbers, parameters: int) -> float:
    """Return the correlation of each residual with the one before, corrected for its bias.

    A fit takes about (1 + 2r)/k from it for each of its *parameters*: for a line, (2 + 4r)/k.
    """
    k = len(residuals)
    squares = float((residuals**2).sum())
    if squares < _EXACT:
        return 0.0
    r = float((residuals[1:] * residuals[:-1]).sum()) / squares
    return (r * k + parameters) / (k - 2 * parameters)
