"""Simple forecasts of the value after a window: what a trained network has to beat before it has learned anything.

Windows are ``(n, sequence)``, targets ``(n,)``, in the values as they were given, not scaled.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from networks.data import Data
from networks.functions import Array


@dataclass(frozen=True)
class Baselines:
    """Root mean squared errors on the validation windows, and the coefficients of the recurrence.

    It is ``x[t] = first x[t-1] + second x[t-2] + constant``.
    For sin(0), sin(1), … that recurrence is exact: ``2 cos(1) x[t-1] - x[t-2]``, by the sum formulas of the sine.
    *recurrence* is None where windows hold a single value.
    """

    mean: float
    last: float
    recurrence: float | None
    coefficients: tuple[float, float, float] | None

    def best(self) -> tuple[str, float]:
        """Name and error of the best of the three."""
        errors = {name: value for name, value in asdict(self).items() if name != "coefficients" and value is not None}
        name = min(errors, key=lambda key: float(errors[key]))
        return name, float(errors[name])


def rmse(actual: Array, predicted: Array) -> float:
    """Root of the mean squared difference, in float64."""
    difference = np.asarray(actual, np.float64) - np.asarray(predicted, np.float64)
    return math.sqrt(float(np.mean(difference * difference)))


def fit_recurrence(windows: Array, targets: Array) -> tuple[float, float, float]:
    """The least-squares coefficients of the last value, the one before it and 1 (the smallest, where several fit)."""
    first, second, constant = np.linalg.lstsq(_terms(windows), targets, rcond=None)[0]
    return float(first), float(second), float(constant)


def _terms(windows: Array) -> Array:
    return np.column_stack([windows[:, -1], windows[:, -2], np.ones(len(windows))])


def baselines(data: Data) -> Baselines:
    """Each simple forecast fitted on the training windows and measured on the validation windows."""
    seen, held = data.scaling.undo(data.train.x[:, :, 0]), data.scaling.undo(data.validation.x[:, :, 0])
    targets, wanted = data.scaling.undo(data.train.y[:, 0]), data.scaling.undo(data.validation.y[:, 0])
    mean, last = rmse(wanted, np.full_like(wanted, targets.mean())), rmse(wanted, held[:, -1])
    if seen.shape[1] < 2:
        return Baselines(mean, last, None, None)
    coefficients = fit_recurrence(seen, targets)
    return Baselines(mean, last, rmse(wanted, _terms(held) @ np.array(coefficients)), coefficients)
