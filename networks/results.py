"""What is told of a trained network: errors, accuracy, each prediction, which classes it takes for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from networks.baselines import Baselines, baselines, rmse
from networks.data import Data, Scaling, with_gaps
from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.functions import Array
from networks.recurrent import Recurrent
from networks.training import ROWS_AT_ONCE, Network, outputs_on


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
        names = {
            "mean": "the mean",
            "last": "repeating the last value",
            "recurrence": "a linear recurrence",
        }
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
    assert data.series is not None, "a recurrent network learns from a series"  # noqa: S101
    errors, predictions = {}, []
    for split, samples in (("train", data.train), ("validation", data.validation)):
        actual, predicted = (
            data.series[samples.index],
            data.scaling.undo(outputs_on(network, samples)[:, 0]),
        )
        errors[split] = rmse(actual, predicted)
        rows = zip(samples.index, actual, predicted, strict=True)
        predictions += [Prediction(split, int(index), float(a), float(p)) for index, a, p in rows]
    return Results(errors["train"], errors["validation"], None, baselines(data), predictions)


def confusion(actual: Array, predicted: Array, classes: int) -> Array:
    """How often each class (row) was taken for each (column): ``(classes, classes)``, whole numbers."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (np.asarray(actual, np.int64), np.asarray(predicted, np.int64)), 1)
    return counts


def classify(network: FeedForward, scaling: Scaling, pictures: Array) -> Array:
    """The class that *network* sees in each of the raw *pictures* ``(n, features)``: ``(n,)``, whole numbers.

    Raises NetworkError where they are of another size than those it was trained with.
    """
    if pictures.ndim != 2 or pictures.shape[1] != network.sizes[0]:
        raise NetworkError(
            f"the pictures have shape {pictures.shape}, the network reads {network.sizes[0]} numbers each: "
            "give such pictures"
        )
    x = scaling.apply(pictures, network.dtype)
    said = [
        network.outputs(x[at : at + ROWS_AT_ONCE]).argmax(axis=1)
        for at in range(0, len(x), ROWS_AT_ONCE)
    ]
    return np.concatenate(said) if said else np.zeros(0, np.int64)


def forecast(
    network: Recurrent, scaling: Scaling, values: Sequence[float | None], sequence: int
) -> list[tuple[int, float | None, float]]:
    """What *network* says after each whole window of *values*: ``(index, actual, predicted)``, raw values.

    The last is of the value that is not there yet, its *actual* None, unless a gap stands in the last window. Raises
    NetworkError where no window is whole.
    """
    raw = with_gaps(values)
    if len(raw) < sequence:
        raise NetworkError(
            f"there are {len(raw)} values, and the network reads {sequence} at a time: give more"
        )
    windows = np.lib.stride_tricks.sliding_window_view(raw, sequence)
    rows = np.flatnonzero(np.isfinite(windows).all(axis=1))
    if len(rows) == 0:
        raise NetworkError(
            f"gaps leave no {sequence} values in a row: give a series with fewer gaps"
        )
    predicted = scaling.undo(
        network.outputs(scaling.apply(windows[rows], network.dtype)[:, :, None])[:, 0]
    )
    after = [*values, None]
    return [
        (int(index), after[index], float(value))
        for index, value in zip(rows + sequence, predicted, strict=True)
    ]
