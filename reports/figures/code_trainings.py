"""Figures of a network that codes texts: confusion matrix, learning curve, calibration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from reports.figures import style
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture, name_row
from reports.figures.shapes import draw_line
from reports.figures.spec import FigureSpec
from reports.figures.trainings import confusion_heat
from reports.words.quantities import format_share, quantity

# A figure of an output, as `analysis.trainings.codes.task.evaluate` returns it.
Evaluation = Mapping[str, Any]

_FIGURES = {"accuracy": style.BLUE, "macro_f1": style.VERMILLION}


def confusion_spec(prefix: str, evaluation: Evaluation) -> FigureSpec:
    """Declare the confusion matrix of an output."""
    matrix = np.array(evaluation["confusions"])
    wrong = int(matrix.sum() - np.trace(matrix))
    title = f"Confusion matrix, {evaluation['name']}"
    heat = confusion_heat(matrix, evaluation["codes"], title, ("people", "network"))
    return FigureSpec(
        name=f"{prefix}-confusion",
        picture=Picture(panels=[heat]),
        alt=f"Confusion matrix of {quantity(int(matrix.sum()), 'coded text')}, {wrong} wrong.",
        caption="Rows: the code of people; columns: the code of a network that had not read the "
        "text. Grey: the same code.",
        layout="chart square",
    )


def course_spec(prefix: str, evaluation: Evaluation) -> FigureSpec:
    """Declare the learning curve and the calibration of an output."""
    calibration = evaluation["calibration"]
    return FigureSpec(
        name=f"{prefix}-learning",
        picture=Picture(panels=[_chart_learning(evaluation), _chart_calibration(evaluation)]),
        alt=f"Learning curve up to {evaluation['curve'][-1]['texts']} texts, and calibration with "
        f"an error of {100 * calibration['error']:.0f} points.",
        caption="Above: accuracy and macro-F1 on texts that were not read, by the number of coded "
        "texts that train; bands: 95 % intervals; dashes: the most frequent code. Below: how often "
        "a code is that of people, by how certain the network is of it; dashes: as often as it "
        "is certain.",
    )


def _chart_learning(evaluation: Evaluation) -> Chart:
    """Return accuracy and macro-F1 by the number of texts, on a logarithmic axis."""
    sizes = [point["texts"] for point in evaluation["curve"]]
    layers = []
    for figure_name, color in _FIGURES.items():
        label = figure_name.replace("_f1", "-F1")
        marks = []
        for point in evaluation["curve"]:
            figure = point[figure_name]
            mark = Mark(
                position=math.log10(point["texts"]),
                value=figure["value"],
                low=figure["low"],
                high=figure["high"],
                n=point["texts"],
                title=f"{quantity(point['texts'], 'text')}: {label} {figure['value']:.2f}",
                row=name_row("learning", figure_name, point["texts"]),
            )
            marks.append(mark)

        layers.append(Layer(draw=draw_line, marks=marks, name=label, color=color))
        usual = evaluation[f"majority_{figure_name}"]["value"]
        ends = [Mark(position=math.log10(size), value=usual) for size in (sizes[0], sizes[-1])]
        layers.append(Layer(draw=draw_line, marks=ends, color=color, size=0.6, is_dashed=True))

    return Chart(
        layers=layers,
        title=f"Learning curve, {evaluation['name']}",
        positions=Axis(
            name="coded texts that train",
            low=math.log10(sizes[0] / 1.2),
            high=math.log10(sizes[-1] * 1.2),
            ticks=[math.log10(size) for size in sizes],
            format=lambda power: f"{10**power:,.0f}",
        ),
        values=Axis(low=0, high=1),
    )


def _chart_calibration(evaluation: Evaluation) -> Chart:
    """Return the share of correct codes by how probable they were."""
    marks = []
    for number, members in enumerate(evaluation["calibration"]["bins"]):
        certain, correct = members["probability"], members["correct"]
        title = f"certain at {format_share(certain)}: right in {format_share(correct)}"
        row = name_row("calibration", number)
        marks.append(Mark(position=certain, value=correct, title=title, row=row))

    low = min([0.3, *(float(mark.position) for mark in marks)])
    equal = [Mark(position=end, value=end) for end in (low, 1.0)]
    return Chart(
        layers=[
            Layer(draw=draw_line, marks=equal, color=style.MUTED, size=0.6, is_dashed=True),
            Layer(draw=draw_line, marks=marks, color=style.GREEN),
        ],
        title="Calibration: the share of codes that are people\u2019s",
        sub=f"n = {evaluation['texts']:,}",
        positions=Axis(
            name="probability of the code", low=low, high=1.02, format=style.format_percent
        ),
        values=Axis(low=0, high=1.04, format=style.format_percent),
    )
