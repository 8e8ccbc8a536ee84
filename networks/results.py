"""Evaluation of a trained network: errors, accuracy, predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from networks.baselines import Baselines, fit_baselines, rmse
from networks.data import Data, Scaling
from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.functions import Array
from networks.recurrent import Recurrent
from networks.storage import Network
from networks.training import PREDICTION_ROWS, predict


@dataclass(frozen=True, slots=True)
class PredictedValue:
    """One prediction; ``actual`` and ``predicted`` are raw values of a series, or classes.

    *index* is the place in the series of the value predicted, or the image's place in its file.
    """

    split: str
    index: int
    actual: float
    predicted: float


@dataclass(frozen=True)
class Results:
    """Errors in raw values (for images: of the outputs against one-hot), and predictions.

    *accuracy* is that of the test split. A series has *predictions* for train and validation;
    images have them for the test split, and no *baselines*.
    """

    train_rmse: float
    validation_rmse: float
    accuracy: float | None
    baselines: Baselines | None
    predictions: list[PredictedValue]

    @property
    def remark(self) -> str | None:
        """A sentence that compares a forecast with the best simple one; None for images."""
        if self.baselines is None:
            return None

        forecast, error = self.baselines.best()
        descriptions = {
            "mean": "the mean",
            "last": "repeating the last value",
            "recurrence": "a linear recurrence",
        }
        verdict = "beats" if self.validation_rmse < error else "does not beat"
        return (
            f"The network's validation RMSE of {self.validation_rmse:.3g} {verdict} the best "
            f"simple forecast, {descriptions[forecast]}, with {error:.3g}."
        )


def evaluate(network: Network, data: Data) -> Results:
    """Return all figures and predictions of *network* on *data*."""
    if isinstance(network, Recurrent):
        return _evaluate_forecasts(network, data)

    assert data.test is not None, "images have a test split"  # noqa: S101

    predicted = predict(network, data.test).argmax(axis=1)
    actual = data.test.y.argmax(axis=1)
    return Results(
        train_rmse=rmse(data.train.y, predict(network, data.train)),
        validation_rmse=rmse(data.validation.y, predict(network, data.validation)),
        accuracy=float(np.mean(predicted == actual)),
        baselines=None,
        predictions=_list_predictions("test", data.test.index, actual, predicted),
    )


def _evaluate_forecasts(network: Recurrent, data: Data) -> Results:
    assert data.series is not None, "a recurrent network learns from a series"  # noqa: S101
    errors: dict[str, float] = {}
    predictions: list[PredictedValue] = []
    for split, samples in (("train", data.train), ("validation", data.validation)):
        actual = data.series[samples.index]
        predicted = data.scaling.undo(predict(network, samples)[:, 0])
        errors[split] = rmse(actual, predicted)
        predictions += _list_predictions(split, samples.index, actual, predicted)

    baselines = fit_baselines(data)
    return Results(errors["train"], errors["validation"], None, baselines, predictions)


def _list_predictions(
    split: str, index: Array, actual: Array, predicted: Array
) -> list[PredictedValue]:
    points = zip(index.tolist(), actual.tolist(), predicted.tolist(), strict=True)
    return [
        PredictedValue(split=split, index=position, actual=actual_value, predicted=predicted_value)
        for position, actual_value, predicted_value in points
    ]


def classify(network: FeedForward, scaling: Scaling, images: Array) -> Array:
    """Return the class of each of the raw *images* ``(n, features)``: ``(n,)``, whole numbers.

    Raises NetworkError if they are of another size than those it was trained with.
    """
    if images.ndim != 2 or images.shape[1] != network.sizes[0]:
        raise NetworkError(
            f"the images have shape {images.shape}, the network reads {network.sizes[0]} numbers "
            "each: give such images"
        )

    x = scaling.apply(images, network.dtype)
    classes = np.empty(len(x), np.int64)
    for start in range(0, len(x), PREDICTION_ROWS):
        batch = slice(start, start + PREDICTION_ROWS)
        classes[batch] = network.forward(x[batch]).argmax(axis=1)

    return classes


def forecast(
    network: Recurrent, scaling: Scaling, series: Sequence[float | None], sequence: int
) -> list[tuple[int, float | None, float]]:
    """Forecast the value after each complete window: ``(index, actual, predicted)``, raw values.

    The last forecast is for the value after the end, with None as *actual*, unless the last window
    has a gap. Raises NetworkError if no window is complete.
    """
    # None becomes NaN.
    raw = np.array(series, dtype=np.float64)
    if len(raw) < sequence:
        raise NetworkError(
            f"there are {len(raw)} values, and the network reads {sequence} at a time: give more"
        )

    windows = np.lib.stride_tricks.sliding_window_view(raw, sequence)
    complete = np.flatnonzero(np.isfinite(windows).all(axis=1))
    if len(complete) == 0:
        raise NetworkError(
            f"gaps leave no {sequence} values in a row: give a series with fewer gaps"
        )

    x = scaling.apply(windows[complete], network.dtype)[:, :, None]
    predicted = scaling.undo(network.forward(x)[:, 0]).tolist()
    actual = [*series, None]
    indexes = (complete + sequence).tolist()
    return [
        (index, actual[index], prediction)
        for index, prediction in zip(indexes, predicted, strict=True)
    ]
