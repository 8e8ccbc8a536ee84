"""What is told of a trained network: errors, accuracy, each prediction, which classes it takes for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from networks.baselines import Baselines, baselines, rmse
from networks.data import Data, Samples
from networks.functions import Array
from networks.recurrent import Recurrent
from networks.training import Network, outputs_on


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction: of a series ``actual`` and ``predicted`` are raw values, of pictures classes.

    *index* is the place in the series of the value predicted, or the picture's place in its file.
    """

    split: str
    index: int
    actual: float
    predicted: float


@dataclass(frozen=True)
class Results:
    """Errors in the values as given (for pictures: of the outputs against one-hot).

    *accuracy* is of the test split. *predictions* are of train and validation for a series, of the test split for
    pictures; *baselines* is None for those.
    """

    train_rmse: float
    validation_rmse: float
    accuracy: float | None
    baselines: Baselines | None
    predictions: list[Prediction]

    @property
    def remark(self) -> str | None:
        """A sentence that sets a forecast beside the best simple one; None for pictures."""
        if self.baselines is None:
            return None
        name, error = self.baselines.best()
        names = {"mean": "the mean", "last": "repeating the last value", "recurrence": "a linear recurrence"}
        verdict = "beats" if self.validation_rmse < error else "does not beat"
        return (
            f"The network's validation RMSE of {self.validation_rmse:.3g} {verdict} the best simple forecast, "
            f"{names[name]}, with {error:.3g}."
        )


def results(network: Network, data: Data) -> Results:
    """All figures and predictions of *network* on *data*."""
    if isinstance(network, Recurrent):
        return _of_series(network, data)
    assert data.test is not None, "pictures have a test split"  # noqa: S101
    said = outputs_on(network, data.test).argmax(axis=1)
    wanted = data.test.y.argmax(axis=1)
    predictions = [
        Prediction("test", int(index), int(actual), int(predicted))
        for index, actual, predicted in zip(data.test.index, wanted, said, strict=True)
    ]
    return Results(
        train_rmse=rmse(data.train.y, outputs_on(network, data.train)),
        validation_rmse=rmse(data.validation.y, outputs_on(network, data.validation)),
        accuracy=float(np.mean(said == wanted)),
        baselines=None,
        predictions=predictions,
    )


def _of_series(network: Recurrent, data: Data) -> Results:
    def forecast(samples: Samples) -> tuple[Array, Array]:
        outputs = outputs_on(network, samples)
        return data.scaling.undo(samples.y[:, 0]), data.scaling.undo(outputs[:, 0])

    errors, predictions = {}, []
    for split, samples in (("train", data.train), ("validation", data.validation)):
        actual, predicted = forecast(samples)
        errors[split] = rmse(actual, predicted)
        rows = zip(samples.index, actual, predicted, strict=True)
        predictions += [Prediction(split, int(index), float(a), float(p)) for index, a, p in rows]
    return Results(errors["train"], errors["validation"], None, baselines(data), predictions)


def confusion(actual: Array, predicted: Array, classes: int) -> Array:
    """How often each class (row) was taken for each (column): ``(classes, classes)``, whole numbers."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (np.asarray(actual, np.int64), np.asarray(predicted, np.int64)), 1)
    return counts


def forecast_next(network: Recurrent, history: Array) -> float:
    """The value that follows *history* (scaled, as many as a window has), as the network says it: scaled."""
    return float(network.outputs(np.asarray(history, network.dtype).reshape(1, -1, 1))[0, 0])
