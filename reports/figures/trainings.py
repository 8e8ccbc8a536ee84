"""Figures of a training: losses by epoch, predicted and actual values, the confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reports.data.tables.trainings import EpochRow, PredictionRow
from reports.figures import style
from reports.figures.marks import Axis, Chart, Heat, Layer, Mark, Picture, name_row
from reports.figures.shapes import draw_dots, draw_line
from reports.figures.spec import FigureSpec
from reports.words.quantities import quantity

# A training that diverges ends far beyond.
MOST_DRAWN = 1e30

_SPLITS = ("train", "validation", "test")
_SPLIT_COLORS = {"training": style.BLUE, "validation": style.VERMILLION}


def drawable(value: float | None) -> float | None:
    """Return *value* if an axis can show it; None if it is unknown or has diverged."""
    return value if value is not None and abs(value) < MOST_DRAWN else None


def course_spec(prefix: str, epochs: Sequence[EpochRow], *, name: str) -> FigureSpec | None:
    """Declare the figure of a training's course: losses, and the accuracy if there is one.

    The scale of losses is logarithmic if all are above zero.
    """
    if not epochs:
        return None

    losses = [*_mark_epochs(epochs, "train_loss"), *_mark_epochs(epochs, "validation_loss")]
    is_log = all(mark.value > 1 / MOST_DRAWN for mark in losses if mark.value is not None)
    layers = []
    for number, (name_of_split, color) in enumerate(_SPLIT_COLORS.items()):
        marks = losses[number * len(epochs) : (number + 1) * len(epochs)]
        if is_log:
            marks = [_to_power(mark) for mark in marks]

        layers.append(Layer(draw=draw_line, marks=marks, name=name_of_split, color=color))

    numbers = [mark.value for layer in layers for mark in layer.marks if mark.value is not None]
    axis = find_axis(numbers)
    if is_log:
        axis = replace(axis, format=lambda power: f"{10**power:.2g}")

    epoch_axis = Axis(name="epoch", is_whole=True)
    charts = [
        Chart(layers=layers, title=f"Loss, {name}", positions=epoch_axis, values=axis, rules=())
    ]
    accuracies = _mark_epochs(epochs, "accuracy")
    if any(mark.value is not None for mark in accuracies):
        line = Layer(draw=draw_line, marks=accuracies, color=style.GREEN)
        charts.append(
            Chart(
                layers=[line],
                title="Accuracy on the test split",
                positions=epoch_axis,
                values=Axis(low=0, high=1, format=style.format_percent),
            )
        )

    return FigureSpec(
        name=f"{prefix}-course",
        picture=Picture(panels=charts),
        alt=f"Curves over {quantity(len(epochs), 'epoch')}; the training loss ends at "
        f"{epochs[-1].train_loss}.",
        caption="Mean loss on training and validation data after each epoch.",
    )


def _to_power(mark: Mark) -> Mark:
    """Return a loss as a power of ten, as an axis of losses shows it."""
    return mark if mark.value is None else replace(mark, value=math.log10(mark.value))


def _mark_epochs(epochs: Sequence[EpochRow], column: str) -> list[Mark]:
    marks = []
    for epoch in epochs:
        value = drawable(getattr(epoch, column))
        title = f"epoch {epoch.epoch}: {column.replace('_', ' ')} {value}"
        row = name_row("epochs", column, epoch.job, epoch.epoch)
        marks.append(Mark(position=epoch.epoch, value=value, title=title, row=row))

    return marks


def sequence_spec(prefix: str, predictions: Sequence[PredictionRow]) -> FigureSpec:
    """Declare the figure of a forecast: actual and predicted values, a panel for each split."""
    charts: list[Chart] = []
    for split in _SPLITS:
        of_split = [prediction for prediction in predictions if prediction.split == split]
        if of_split:
            charts.append(_chart_split(split, of_split, has_names=not charts))

    return FigureSpec(
        name=f"{prefix}-sequence",
        picture=Picture(panels=charts),
        alt="Lines: actual values; dots: predicted values, for training and validation.",
        caption="Each value is predicted from the values before it. Line: actual; dots: predicted.",
    )


def _chart_split(split: str, predictions: Sequence[PredictionRow], *, has_names: bool) -> Chart:
    actual, predicted = [], []
    for prediction in predictions:
        place, value = prediction.index, drawable(prediction.predicted)
        actual.append(Mark(position=place, value=drawable(prediction.actual)))
        title = f"{place}: predicted {prediction.predicted:g}" if value is not None else ""
        row = name_row("predictions", prediction.job, split, place)
        predicted.append(Mark(position=place, value=value, title=title, row=row))

    names = ("actual", "predicted") if has_names else ("", "")
    return Chart(
        layers=[
            Layer(draw=draw_line, marks=actual, name=names[0], color=style.VERMILLION, size=0.8),
            Layer(draw=draw_dots, marks=predicted, name=names[1], color=style.GREEN, size=0.7),
        ],
        title="Training" if split == "train" else split.capitalize(),
        sub=f"n = {len(predictions):,}",
        positions=Axis(name="place in the series", is_whole=True),
        values=find_axis([mark.value for mark in (*actual, *predicted) if mark.value is not None]),
    )


def find_axis(numbers: Sequence[float]) -> Axis:
    """Return an axis from the least of the *numbers* to the largest, with some room."""
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    room = 0.05 * (high - low) or 1.0
    return Axis(low=low - room, high=high + room)


def class_of(label: float | None, classes: int = 256) -> int | None:
    """Return the class that *label*, a byte in the format of MNIST, stands for; None for none."""
    return int(label) if label is not None and 0 <= label < classes else None


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


def confusion_spec(prefix: str, predictions: Sequence[PredictionRow]) -> FigureSpec:
    """Declare the confusion matrix of a classifier."""
    wrong = sum(prediction.actual != prediction.predicted for prediction in predictions)
    matrix = confusion_matrix(predictions)
    classes = [str(number) for number in range(len(matrix))]
    heat = confusion_heat(matrix, classes, "Confusion matrix", ("actual", "predicted"))
    return FigureSpec(
        name=f"{prefix}-confusion",
        picture=Picture(panels=[heat]),
        alt=f"Confusion matrix of {quantity(len(predictions), 'test example')}, {wrong} wrong.",
        caption="Rows: actual class; columns: predicted class. Grey: classified correctly.",
        layout="chart square",
    )


def confusion_heat(
    matrix: np.ndarray, classes: Sequence[str], title: str, axes: tuple[str, str]
) -> Heat:
    """Return actual *classes* as rows, predicted ones as columns; only mistakes have a colour."""
    mistakes = matrix - np.diag(np.diag(matrix))
    rows = {}
    for actual, name in enumerate(classes):
        marks = []
        for predicted, other in enumerate(classes):
            count = int(matrix[actual, predicted])
            mark = Mark(
                position=other,
                value=None if actual == predicted else count,
                label=f"{count:,}" if count else "",
                title=f"{axes[0]} {name}, {axes[1]} {other}: {count:,}",
                row=name_row("confusions", name, other),
            )
            marks.append(mark)

        rows[name] = marks

    return Heat(
        rows=rows,
        columns={name: name for name in classes},
        title=title,
        sub=f"n = {int(matrix.sum()):,} · rows: {axes[0]}",
        x_name=axes[1],
        shades=style.ORANGES,
        high=max(1, int(mistakes.max())),
        blank=style.GAP,
    )
