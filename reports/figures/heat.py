"""Heat charts: a row for each name, a cell for each period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.patches import Rectangle

from analysis import grains
from reports.figures import style

# Each row has the periods that have no data, or a mark.
Periods = Sequence[Sequence[str]]

# Up to this many columns a heat map has the smaller width, in inches.
FEW_COLUMNS = 24
NARROW_WIDTH = 5.4


def heat_width(columns: int) -> float:
    """Return the width in inches that a heat map of *columns* cells needs."""
    return NARROW_WIDTH if columns <= FEW_COLUMNS else style.WIDTH


def heat_layout(columns: int) -> str:
    """Return the layout on a page of a heat map of *columns* cells."""
    return "chart square" if columns <= FEW_COLUMNS else "chart wide"


def draw_heat(
    ax: Axes,
    cells: np.ndarray,
    row_names: Sequence[str],
    span: style.Range,
    *,
    rule: dict[str, Any],
    longest: int | None = None,
    **colors: Any,
) -> None:
    """Draw *cells*, blank where NaN, with *row_names* beside and periods below.

    *rule* is the look of the lines between rows, *longest* the length that names are cut to, and
    *colors* how `imshow` turns numbers into colours.
    """
    ax.imshow(
        np.ma.masked_invalid(cells),
        aspect="auto",
        interpolation="nearest",
        extent=(-0.5, len(span) - 0.5, len(row_names) - 0.5, -0.5),
        **colors,
    )

    style.label_rows(ax, row_names, longest=longest)
    ax.set_yticks(np.arange(0.5, len(row_names) - 1), minor=True)
    ax.grid(visible=False)
    ax.grid(visible=True, which="minor", axis="y", **rule)

    span_periods = list(span)
    periods, labels = zip(*style.ticks(span), strict=True)
    ax.set_xticks([span_periods.index(period) for period in periods], labels)
    ax.set_xlim(-0.5, len(span) - 0.5)
    ax.tick_params(which="both", length=0)
    ax.spines[["left", "bottom"]].set_visible(False)


def draw_calendar(
    ax: Axes,
    cells: np.ndarray,
    row_names: Sequence[str],
    span: style.Range,
    *,
    gaps: Periods,
    marked: Periods = (),
    mark: str = style.CUT_OFF,
    extend: str = "neither",
    **colors: Any,
) -> Colorbar:
    """Draw *cells* as `draw_heat` does with a scale of colours, which is returned.

    *gaps* are hatched; cells of the *marked* periods bear the *mark*.
    """
    draw_heat(ax, cells, row_names, span, rule={"color": "white", "linewidth": 2}, **colors)
    columns = {period: column for column, period in enumerate(span)}
    for y, gap_periods in enumerate(gaps):
        for start, end in grains.find_stretches(gap_periods):
            left, right = columns[start] - 0.5, columns[end] + 0.5
            gap = Rectangle((left, y - 0.5), right - left, 1, label="_gap", **style.GAP_LOOK)
            ax.add_patch(gap)

    look: style.Look = {"ha": "center", "va": "center", "fontsize": 8, "color": style.MUTED}
    for y, marked_periods in enumerate(marked):
        for period in marked_periods:
            ax.text(columns[period], y, mark, **look)

    figure = ax.get_figure()
    assert figure is not None  # noqa: S101 - what is drawn belongs to a figure
    bar = figure.colorbar(ax.images[0], ax=ax, fraction=0.03, pad=0.01, extend=extend)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8)
    return bar
