"""Heat charts: a row for each name, a cell for each period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from reports.figures import style

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
) -> AxesImage:
    """Draw *cells*, blank where NaN, with *row_names* beside and periods below.

    *rule* is the look of the lines between rows, *longest* the length that names are cut to, and
    *colors* how `imshow` turns numbers into colours.
    """
    image = ax.imshow(
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
    return image
