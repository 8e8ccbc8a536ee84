"""Charts of rows: a name at the left, the first above, and beside it a dot or a bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reports.figures import style

_INTERVAL: style.Look = {"linewidth": 2.4, "alpha": 0.45, "zorder": 2, "label": "_interval"}


@dataclass(frozen=True, slots=True)
class DotRow:
    """A name with its figure and the 95 % interval, as far as they are known."""

    name: str
    value: float | None
    low: float | None
    high: float | None

    # Whether it is of so few that it says little, and is drawn hollow.
    is_few: bool = False


def prepare_rows(ax: Axes, row_names: Sequence[str], *, longest: int | None = None) -> None:
    """Make room for a row for each name, which is cut to *longest* letters, and lines upright."""
    style.label_rows(ax, row_names, longest=longest)
    ax.set_ylim(len(row_names) - 0.4, -0.6)
    ax.grid(visible=True, axis="x")
    ax.grid(visible=False, axis="y")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))


def mark_zero(ax: Axes) -> None:
    """Mark zero on the horizontal axis."""
    ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1, label="_zero")


def draw_dots(ax: Axes, rows: Sequence[DotRow], color: str, *, longest: int | None = None) -> None:
    """Draw a dot and its interval in each row."""
    prepare_rows(ax, [row.name for row in rows], longest=longest)
    for y, row in enumerate(rows):
        if row.low is not None and row.high is not None:
            ax.plot([row.low, row.high], [y, y], color=color, **_INTERVAL)

        if row.value is not None:
            face = "white" if row.is_few else color
            look: style.Look = {"markeredgecolor": color, "markerfacecolor": face}
            ax.plot([row.value], [y], "o", markersize=6, zorder=3, label="_value", **look)
