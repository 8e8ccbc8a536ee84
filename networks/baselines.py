"""Simple forecasts of the value after a window: what a trained network has to beat before it has learned anything.

They work on the values as they were given, not scaled.
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
        errors = {
            name: value
            for name, value in asdict(self).items()
            if name != "coefficients" and value is not None
        }
        name = min(errors, key=lambda key: float(errors[key]))
        return name, float(errors[name])


def rmse(actual: Array, predicted: Array) -> float:
    """Root of the mean squared difference, in float64."""
    difference = np.asarray(actual, np.float64) - np.asarray(predicted, np.float64)
    return math.sqrt(float(np.mean(difference * difference)))


def fit_recurrence(series: Array, index: Array) -> tuple[float, float, float]:
    """The least-squares coefficients that give *series* at *index* from the two values before and a constant.

    Of several solutions it is the smallest.
    """
    first, second, constant = np.linalg.lstsq(_terms(series, index), series[index], rcond=None)[0]
    return float(first), float(second), float(constant)


def _terms(series: Array, index: Array) -> Array:
    return np.column_stack([series[index - 1], series[index - 2], np.ones(len(index))])


def baselines(data: Data) -> Baselines:
    """Each simple forecast fitted on what the training windows predict and measured on what the validation windows do.

    *data* is of a series. Both need whole windows, so that network and forecasts are measured on the same values.
    """
    assert data.series is not None, "pictures have no simple forecasts"  # noqa: S101
    series, seen, held = data.series, data.train.index, data.validation.index
    wanted = series[held]
    mean, last = (
        rmse(wanted, np.full_like(wanted, series[seen].mean())),
        rmse(wanted, series[held - 1]),
    )
    if data.train.x.shape[1] < 2:
        return Baselines(mean, last, None, None)
    coefficients = fit_recurrence(series, seen)
    return Baselines(
        mean, last, rmse(wanted, _terms(series, held) @ np.array(coefficients)), coefficients
    )
