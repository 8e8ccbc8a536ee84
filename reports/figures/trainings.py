"""Figures of a training: losses by epoch, predicted and actual values, the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from reports.data.tables.trainings import EpochRow, PredictionRow
from reports.figures import style
from reports.figures.spec import FigureSpec
from reports.words.quantities import quantity

PICTURES_SHOWN = 40
# Labels are bytes in the format of MNIST.
MOST_CLASSES = 256
# A training that diverges ends far beyond.
MOST_DRAWN = 1e30

_LOSSES = (
    ("training", "train_loss", style.BLUE),
    ("validation", "validation_loss", style.VERMILLION),
)
_ACTUAL: style.Look = {"color": style.VERMILLION, "linewidth": 1.4}
_PREDICTED: style.Look = {"color": style.GREEN, "markersize": 3.2}


@dataclass(frozen=True)
class Mistake:
    """A picture of the test set that the network classifies wrongly."""

    index: int
    actual: int
    predicted: int
    pixels: np.ndarray = field(repr=False)


def drawable(value: float | None) -> float | None:
    """Return *value* if an axis can show it; None if it is unknown or has diverged."""
    return value if value is not None and abs(value) < MOST_DRAWN else None


def draw_losses(ax: Axes, epochs: Sequence[EpochRow]) -> None:
    """Draw training and validation loss by epoch, on a logarithmic scale if all are above zero."""
    xs = [epoch.epoch for epoch in epochs]
    numbers: list[float] = []
    for split, column, color in _LOSSES:
        losses = [drawable(getattr(epoch, column)) for epoch in epochs]
        numbers += [loss for loss in losses if loss is not None]
        label = split
        for x, y in style.segments(xs, losses):
            ax.plot(x, y, color=color, label=label, marker="o" if len(x) < 3 else "")
            label = "_more"

    if numbers and min(numbers) > 1 / MOST_DRAWN:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter("{:g}".format))
        ax.yaxis.set_minor_formatter(NullFormatter())

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel("mean loss")
    if numbers:
        ax.legend(loc="upper right")


def draw_accuracy(ax: Axes, epochs: Sequence[EpochRow]) -> None:
    """Draw the share of the test set that is classified correctly, epoch by epoch."""
    numbers = [epoch.epoch for epoch in epochs]
    accuracies = [drawable(epoch.accuracy) for epoch in epochs]
    for xs, ys in style.segments(numbers, accuracies):
        marker = "o" if len(xs) < 3 else ""
        ax.plot(xs, ys, color=style.GREEN, label="accuracy", marker=marker)

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(style.format_percent)
    ax.set_xlabel("epoch")
    ax.set_ylabel("accuracy on the test split")


def course_figure(epochs: Sequence[EpochRow], *, name: str) -> Figure:
    """Return the loss by epoch, and the accuracy beside it if there is one."""
    figure = style.new_figure(3.2)
    if any(epoch.accuracy is not None for epoch in epochs):
        left, right = figure.subplots(1, 2)
        draw_accuracy(right, epochs)
        style.title(right, "Accuracy")
    else:
        left = figure.add_subplot()

    draw_losses(left, epochs)
    style.title(left, f"Loss, {name}")
    return figure


def course_spec(prefix: str, epochs: Sequence[EpochRow], *, name: str) -> FigureSpec | None:
    """Declare the figure of a training's course, which leaves out the time of each epoch."""
    if not epochs:
        return None

    timeless = [replace(epoch, seconds=None) for epoch in epochs]
    return FigureSpec(
        name=f"{prefix}-course",
        draw=partial(course_figure, timeless, name=name),
        alt=f"Curves over {quantity(len(epochs), 'epoch')}; the training loss ends at "
        f"{epochs[-1].train_loss}.",
        caption="Mean loss on training and validation data after each epoch.",
    )


def draw_sequence(ax: Axes, predictions: Sequence[PredictionRow]) -> None:
    """Draw actual values as a line and predicted ones as dots, by place in the series."""
    for column, shape, look in (("actual", "-", _ACTUAL), ("predicted", "o", _PREDICTED)):
        xs, ys = [], []
        for prediction in predictions:
            value = drawable(getattr(prediction, column))
            if value is not None:
                xs.append(prediction.index)
                ys.append(value)

        ax.plot(xs, ys, shape, label=column, **look)

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("place in the series")
    ax.set_ylabel("value")


def sequence_figure(predictions: Sequence[PredictionRow]) -> Figure:
    """Return actual against predicted values, a panel for each split."""
    predictions_by_split: dict[str, list[PredictionRow]] = {
        "train": [],
        "validation": [],
        "test": [],
    }
    for prediction in predictions:
        predictions_by_split[prediction.split].append(prediction)

    splits = [
        (split, split_predictions)
        for split, split_predictions in predictions_by_split.items()
        if split_predictions
    ]
    figure = style.new_figure(0.4 + 2.3 * len(splits))
    panels = figure.subplots(len(splits), 1, squeeze=False)[:, 0]

    for ax, (split, split_predictions) in zip(panels, splits, strict=True):
        draw_sequence(ax, split_predictions)
        title = "Training" if split == "train" else split.capitalize()
        style.title(ax, title, sub=f"n = {len(split_predictions):,}")

    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def sequence_spec(prefix: str, predictions: Sequence[PredictionRow]) -> FigureSpec:
    """Declare the figure of a forecast."""
    return FigureSpec(
        name=f"{prefix}-sequence",
        draw=partial(sequence_figure, predictions),
        alt="Lines: actual values; dots: predicted values, for training and validation.",
        caption="Each value is predicted from the values before it. Line: actual; dots: predicted.",
    )


def class_of(label: float | None) -> int | None:
    """Return the class that *label* stands for; None if it stands for none."""
    return int(label) if label is not None and 0 <= label < MOST_CLASSES else None


def confusion_matrix(predictions: Sequence[PredictionRow]) -> np.ndarray:
    """Count examples: element *[i, j]* is how many of class i were predicted as class j."""
    pairs = []
    for prediction in predictions:
        actual, predicted = class_of(prediction.actual), class_of(prediction.predicted)
        if actual is not None and predicted is not None:
            pairs.append((actual, predicted))

    classes = 1 + max((max(pair) for pair in pairs), default=0)
    matrix = np.zeros((classes, classes), dtype=int)
    for pair in pairs:
        matrix[pair] += 1

    return matrix


def draw_confusion(ax: Axes, matrix: np.ndarray) -> None:
    """Draw actual classes as rows, predicted ones as columns; only mistakes have a colour."""
    mistakes = matrix.astype(float)
    np.fill_diagonal(mistakes, np.nan)
    top = np.nanmax(mistakes) if len(matrix) > 1 else 1.0
    ax.set_facecolor(style.GAP)
    vmax = max(float(top), 1.0) * 1.3
    ax.imshow(np.ma.masked_invalid(mistakes), cmap="Oranges", vmin=0, vmax=vmax)
    for actual, predicted in np.argwhere(matrix):
        ax.text(
            predicted, actual, f"{matrix[actual, predicted]}", ha="center", va="center", fontsize=8
        )

    ax.set_xticks(range(len(matrix)))
    ax.set_yticks(range(len(matrix)))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set_xlabel("predicted")
    ax.set_ylabel("actual")


def confusion_figure(predictions: Sequence[PredictionRow]) -> Figure:
    """Return the confusion matrix of the test split."""
    figure, ax = style.new_axes(4.6, 5.6)
    draw_confusion(ax, confusion_matrix(predictions))
    style.title(ax, "Confusion matrix", sub=f"n = {len(predictions):,}")
    return figure


def confusion_spec(prefix: str, predictions: Sequence[PredictionRow]) -> FigureSpec:
    """Declare the confusion matrix of a classifier."""
    wrong = sum(prediction.actual != prediction.predicted for prediction in predictions)
    return FigureSpec(
        name=f"{prefix}-confusion",
        draw=partial(confusion_figure, predictions),
        alt=f"Confusion matrix of {quantity(len(predictions), 'test example')}, {wrong} wrong.",
        caption="Rows: actual class; columns: predicted class. Grey: classified correctly.",
        layout="chart square",
    )


def draw_mistake(ax: Axes, mistake: Mistake) -> None:
    """Draw one picture with its actual and its predicted class."""
    size = len(mistake.pixels)
    side = round(size**0.5)
    shape = (side, side) if side * side == size else (1, size)
    ax.imshow(mistake.pixels.reshape(shape), cmap="gray_r", interpolation="nearest")
    ax.set_axis_off()
    title = f"{mistake.actual} predicted as {mistake.predicted}"
    ax.set_title(title, fontsize=7, fontweight="normal", loc="center", pad=2)


def mistakes_figure(mistakes: Sequence[Mistake], *, total: int) -> Figure:
    """Return a sheet of pictures that the network classifies wrongly."""
    across = 8
    down = -(-len(mistakes) // across)
    figure = style.new_figure(0.5 + 1.2 * down)
    panels = figure.subplots(down, across, squeeze=False).flat
    for mistake, ax in zip(mistakes, panels, strict=False):
        draw_mistake(ax, mistake)

    for ax in panels[len(mistakes) :]:
        ax.set_axis_off()

    title = f"The first {len(mistakes)} of {total:,} mistakes"
    if len(mistakes) == total:
        title = "The only mistake" if total == 1 else f"All {total:,} mistakes"

    style.figure_title(figure, title)
    return figure


def mistakes_spec(
    prefix: str, predictions: Sequence[PredictionRow], pictures: np.ndarray
) -> FigureSpec | None:
    """Declare the figure of wrongly classified *pictures*: the test set, a row of pixels each."""
    wrong = []
    for prediction in predictions:
        actual, predicted = class_of(prediction.actual), class_of(prediction.predicted)
        if actual is not None and predicted is not None and actual != predicted:
            if not 0 <= prediction.index < len(pictures):
                # The predictions are of other pictures.
                return None

            wrong.append(Mistake(prediction.index, actual, predicted, pictures[prediction.index]))

    if not wrong:
        return None

    return FigureSpec(
        name=f"{prefix}-mistakes",
        draw=partial(mistakes_figure, wrong[:PICTURES_SHOWN], total=len(wrong)),
        alt=f"{quantity(len(wrong), 'picture')} classified wrongly; the first are shown.",
        caption="Above each picture: its actual and its predicted class.",
    )
