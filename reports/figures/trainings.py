"""What a training did: its course, its forecasts beside what was so, what it takes for what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from reports.figures import style
from reports.tables.trainings import EpochRow, PredictionRow

_PATCHES = 40  # pictures on a sheet


def draw_losses(ax: Axes, epochs: Sequence[EpochRow]) -> None:
    """Loss on training and validation data, epoch by epoch, on a logarithmic scale where all are above zero."""
    kinds = (
        ("training", style.BLUE, [e.train_loss for e in epochs]),
        ("validation", style.VERMILLION, [e.validation_loss for e in epochs]),
    )
    for name, color, losses in kinds:
        for number, (x, y) in enumerate(style.segments([float(e.epoch) for e in epochs], losses)):
            ax.plot(
                x,
                y,
                color=color,
                label=name if number == 0 else "_more",
                marker="o" if len(x) < 3 else "",
            )
    known = [loss for _, _, losses in kinds for loss in losses if loss is not None]
    if known and min(known) > 0:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel("mean loss")
    if known:
        ax.legend(loc="upper right")


def draw_accuracy(ax: Axes, epochs: Sequence[EpochRow]) -> None:
    """Share of the test split that is told rightly, epoch by epoch."""
    known = [(e.epoch, e.accuracy) for e in epochs if e.accuracy is not None]
    ax.plot(
        [epoch for epoch, _ in known],
        [share for _, share in known],
        color=style.GREEN,
        label="accuracy",
        marker="o" if len(known) < 3 else "",
    )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    ax.set_xlabel("epoch")
    ax.set_ylabel("accuracy on the test split")


def draw_sequence(ax: Axes, predictions: Sequence[PredictionRow]) -> None:
    """What was so (line) and what the network said (dots), by place in the series."""
    known = [p for p in predictions if p.actual is not None]
    ax.plot(
        [p.index for p in known],
        [p.actual or 0.0 for p in known],
        color=style.VERMILLION,
        label="actual",
        linewidth=1.4,
    )
    said = [p for p in predictions if p.predicted is not None]
    ax.plot(
        [p.index for p in said],
        [p.predicted or 0.0 for p in said],
        "o",
        color=style.GREEN,
        markersize=3.2,
        label="predicted",
    )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("place in the series")
    ax.set_ylabel("value")


def confusion(predictions: Sequence[PredictionRow]) -> np.ndarray:
    """*[i, j]*: how many examples of class i were taken for class j."""
    pairs = [
        (int(p.actual), int(p.predicted))
        for p in predictions
        if p.actual is not None and p.predicted is not None
    ]
    classes = 1 + max((max(pair) for pair in pairs), default=0)
    table = np.zeros((classes, classes), dtype=int)
    for actual, predicted in pairs:
        table[actual, predicted] += 1
    return table


def draw_confusion(ax: Axes, table: np.ndarray) -> None:
    """Rows: what it was; columns: what it was taken for. Colour shows the mistakes alone, the diagonal is grey."""
    mistakes = table.astype(float)
    np.fill_diagonal(mistakes, np.nan)
    top = np.nanmax(mistakes) if len(table) > 1 else 1.0
    ax.set_facecolor(style.GAP)
    ax.imshow(
        np.ma.masked_invalid(mistakes), cmap="Oranges", vmin=0, vmax=max(float(top), 1.0) * 1.3
    )
    for row, column in np.ndindex(*table.shape):
        if table[row, column]:
            ax.text(column, row, f"{table[row, column]}", ha="center", va="center", fontsize=8)
    ax.set_xticks(range(len(table)))
    ax.set_yticks(range(len(table)))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set_xlabel("taken for")
    ax.set_ylabel("what it was")


def course_figure(epochs: Sequence[EpochRow], *, name: str) -> Figure:
    """Loss, and beside it accuracy where there is one."""
    figure = style.new_figure(3.2)
    if any(e.accuracy is not None for e in epochs):
        left, right = figure.subplots(1, 2)
        draw_accuracy(right, epochs)
        style.title(right, "Accuracy")
    else:
        left = figure.add_subplot()
    draw_losses(left, epochs)
    style.title(left, f"Loss, {name}")
    return figure


def sequence_figure(predictions: Sequence[PredictionRow]) -> Figure:
    """Actual against predicted, a panel for each split."""
    splits = [s for s in ("train", "validation", "test") if any(p.split == s for p in predictions)]
    figure = style.new_figure(0.4 + 2.3 * len(splits))
    for ax, split in zip(figure.subplots(len(splits), 1, squeeze=False)[:, 0], splits, strict=True):
        of_split = [p for p in predictions if p.split == split]
        draw_sequence(ax, of_split)
        style.title(
            ax, {"train": "Training"}.get(split, split.capitalize()), sub=f"n = {len(of_split):,}"
        )
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def confusion_figure(predictions: Sequence[PredictionRow]) -> Figure:
    """The confusion matrix of the test split."""
    figure, ax = style.new_axes(4.6, 5.6)
    draw_confusion(ax, confusion(predictions))
    style.title(ax, "What was taken for what", sub=f"n = {len(predictions):,}")
    return figure


def draw_patch(ax: Axes, pixels: np.ndarray, actual: int, predicted: int) -> None:
    """One picture, what it is and what it was taken for."""
    side = round(len(pixels) ** 0.5)
    shape = (side, side) if side * side == len(pixels) else (1, len(pixels))
    ax.imshow(pixels.reshape(shape), cmap="gray_r", interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(
        f"{actual} taken for {predicted}", fontsize=7, fontweight="normal", loc="center", pad=2
    )


def mistakes_figure(mistakes: Sequence[tuple[np.ndarray, int, int]], *, in_all: int) -> Figure:
    """A sheet of the first pictures that the network gets wrong."""
    shown = mistakes[:_PATCHES]
    across = 8
    down = -(-len(shown) // across)
    figure = style.new_figure(0.5 + 1.2 * down)
    for number, ax in enumerate(figure.subplots(down, across, squeeze=False).flat):
        if number < len(shown):
            draw_patch(ax, *shown[number])
        else:
            ax.set_axis_off()
    figure.suptitle(
        f"The first {len(shown)} of {in_all:,} mistakes",
        x=0.01,
        ha="left",
        fontsize=11.5,
        fontweight="bold",
    )
    return figure
