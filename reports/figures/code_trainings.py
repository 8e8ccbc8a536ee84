"""Figures of a network that codes texts: confusion matrix, learning curve, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures import style
from reports.figures.spec import FigureSpec
from reports.figures.trainings import draw_confusion
from reports.words.quantities import quantity

# A figure of an output, as `analysis.trainings.codes.task.evaluate` returns it.
Evaluation = Mapping[str, Any]

# Axes have room for names of so many characters.
LONGEST_LABEL = 18

# So many signs stand beside each other below an axis.
MOST_SIGNS = 40


def confusion_spec(prefix: str, evaluation: Evaluation) -> FigureSpec:
    """Declare the confusion matrix of an output."""
    matrix = np.array(evaluation["confusions"])
    wrong = int(matrix.sum() - np.trace(matrix))
    return FigureSpec(
        name=f"{prefix}-confusion",
        draw=partial(confusion_figure, matrix, evaluation["codes"], evaluation["name"]),
        alt=f"Confusion matrix of {quantity(int(matrix.sum()), 'coded text')}, {wrong} wrong.",
        caption="Rows: the code of people; columns: the code of a network that had not read the "
        "text. Grey: the same code.",
        layout="chart square",
    )


def confusion_figure(matrix: np.ndarray, codes: Sequence[str], output: str) -> Figure:
    """Return the confusion matrix of an output, with the names of the codes."""
    figure, ax = style.new_axes(4.6, 5.6)
    draw_confusion(ax, matrix)
    labels = [_shorten(code) for code in codes]
    is_turned = max(map(len, labels)) * len(labels) > MOST_SIGNS
    ax.set_xticks(range(len(labels)), labels, rotation=45 if is_turned else 0)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_xlabel("network")
    ax.set_ylabel("people")
    style.title(ax, f"Confusion matrix, {output}", sub=f"n = {int(matrix.sum()):,}")
    return figure


def _shorten(code: str) -> str:
    return code if len(code) <= LONGEST_LABEL else f"{code[: LONGEST_LABEL - 1]}…"


def course_spec(prefix: str, evaluation: Evaluation) -> FigureSpec:
    """Declare the learning curve and the calibration of an output."""
    calibration = evaluation["calibration"]
    return FigureSpec(
        name=f"{prefix}-learning",
        draw=partial(course_figure, evaluation),
        alt=f"Learning curve up to {evaluation['curve'][-1]['texts']} texts, and calibration with "
        f"an error of {100 * calibration['error']:.0f} points.",
        caption="Left: accuracy and macro-F1 on texts that were not read, by the number of coded "
        "texts that train; bars: 95 % intervals; dashes: the most frequent code. Right: how often "
        "a code is that of people, by how certain the network is of it; dashes: as often as it "
        "is certain.",
    )


def course_figure(evaluation: Evaluation) -> Figure:
    """Return the learning curve, and the calibration beside it."""
    figure = style.new_figure(3.4)
    left, right = figure.subplots(1, 2)
    draw_learning_curve(left, evaluation)
    style.title(left, f"Learning curve, {evaluation['name']}")
    draw_calibration(right, evaluation["calibration"]["bins"])
    style.title(right, "Calibration", sub=f"n = {evaluation['texts']:,}")
    return figure


def draw_learning_curve(ax: Axes, evaluation: Evaluation) -> None:
    """Draw accuracy and macro-F1 by the number of texts, on a logarithmic axis."""
    sizes = [point["texts"] for point in evaluation["curve"]]
    lines = (("accuracy", style.BLUE, 0.98), ("macro_f1", style.VERMILLION, 1.02))
    for figure_name, color, shift in lines:
        figures = [point[figure_name] for point in evaluation["curve"]]
        values = [figure["value"] for figure in figures]
        below = [max(0.0, figure["value"] - figure["low"]) for figure in figures]
        above = [max(0.0, figure["high"] - figure["value"]) for figure in figures]
        label = figure_name.replace("_f1", "-F1")
        places = [size * shift for size in sizes]
        ax.errorbar(places, values, (below, above), color=color, marker="o", label=label)
        baseline = evaluation[f"majority_{figure_name}"]["value"]
        ax.axhline(baseline, color=color, linestyle="--", linewidth=1)

    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{size}" for size in sizes])
    ax.set_xticks([], minor=True)
    ax.set_xlim(sizes[0] / 1.2, sizes[-1] * 1.2)
    ax.set_ylim(0, 1)
    ax.set_xlabel("coded texts that train")
    ax.legend(loc="lower right")


def draw_calibration(ax: Axes, bins: Sequence[Mapping[str, float]]) -> None:
    """Draw the share of correct codes by how probable they were."""
    ax.plot([0, 1], [0, 1], color=style.MUTED, linestyle="--", linewidth=1)
    probabilities = [members["probability"] for members in bins]
    shares = [members["correct"] for members in bins]
    ax.plot(probabilities, shares, color=style.GREEN, marker="o")
    ax.set_xlim(min(0.3, *probabilities), 1.02)
    ax.set_ylim(0, 1.04)
    ax.xaxis.set_major_formatter(style.format_percent)
    ax.yaxis.set_major_formatter(style.format_percent)
    ax.set_xlabel("probability of the code")
    ax.set_ylabel("code of people")
