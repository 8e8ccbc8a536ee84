"""Simple forecasts of the value after a window, which a trained network has to beat."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from networks.data import Data
from networks.functions import Array


@dataclass(frozen=True)
class Baselines:
    """Root mean squared errors on the validation windows, and the coefficients of the recurrence.

    It is ``x[t] = first x[t-1] + second x[t-2] + constant``. For sin(0), sin(1), … it is exact:
    ``2 cos(1) x[t-1] - x[t-2]``, by the sum formulas of the sine. *recurrence* is None where
    windows hold a single value.
    """

    mean: float
    last: float
    recurrence: float | None
    coefficients: tuple[float, float, float] | None

    def best(self) -> tuple[str, float]:
        """Return the name and the error of the best forecast."""
        errors = {"mean": self.mean, "last": self.last}
        if self.recurrence is not None:
            errors["recurrence"] = self.recurrence

        forecast = min(errors, key=errors.__getitem__)
        return forecast, errors[forecast]


def rmse(actual: Array, predicted: Array) -> float:
    """Return the root of the mean squared difference, in float64."""
    difference = np.asarray(actual, np.float64) - np.asarray(predicted, np.float64)
    return math.sqrt(float(np.mean(difference * difference)))


def fit_baselines(data: Data) -> Baselines:
    """Fit each simple forecast on the training targets of a series and measure it on the others.

    Only targets of complete windows count, so that network and forecasts meet the same values.
    """
    assert data.series is not None, "images have no simple forecasts"  # noqa: S101
    series, train, validation = data.series, data.train.index, data.validation.index
    targets = series[validation]
    mean_error = rmse(targets, np.full_like(targets, series[train].mean()))
    last_error = rmse(targets, series[validation - 1])
    if data.train.x.shape[1] < 2:
        return Baselines(mean_error, last_error, None, None)

    fitted = np.linalg.lstsq(_terms(series, train), series[train], rcond=None)[0]
    recurrence = rmse(targets, _terms(series, validation) @ fitted)
    lag_one, lag_two, constant = fitted.tolist()
    return Baselines(mean_error, last_error, recurrence, (lag_one, lag_two, constant))


def _terms(series: Array, index: Array) -> Array:
    return np.column_stack([series[index - 1], series[index - 2], np.ones(len(index))])
