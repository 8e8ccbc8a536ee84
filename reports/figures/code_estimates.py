"""What readers would say: the share of each category with its interval, by period or in all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures import rows, style
from reports.figures.spec import FigureSpec
from reports.words.quantities import format_share

# At most this many panels stand in a row, under which so many letters have room, with these between
# two names of periods.
_COLUMNS, _ROW_LETTERS, _LETTERS_BETWEEN = 3, 100, 2
# Heights are in inches.
_PANEL, _LINE = 1.9, 0.36
_INTERVAL: style.Look = {"linewidth": 2.2, "alpha": 0.45, "zorder": 2, "solid_capstyle": "butt"}
_DOT: style.Look = {"linestyle": "none", "marker": "o", "markersize": 5.5, "zorder": 3}


@dataclass(frozen=True, slots=True)
class EstimatedShare:
    """A share with its 95 % interval; *period* is as it is shown."""

    period: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CategoryPanel:
    """A category: its share in the whole run, and in each period that has an estimate."""

    name: str
    whole: EstimatedShare
    periods: tuple[EstimatedShare, ...]


def estimates_figure(title: str, panels: Sequence[CategoryPanel]) -> Figure:
    """Return a panel for each category over the periods; without periods a line for each."""
    if not any(panel.periods for panel in panels):
        return _draw_lines(title, panels)

    # Four panels are two lines of two.
    columns = 2 if len(panels) == 4 else min(_COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    figure = style.new_figure(0.6 + _PANEL * lines)
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True, sharex=True)
    axes = [ax for line in grid for ax in line]
    for ax, panel in zip(axes, panels, strict=False):
        _draw_periods(ax, panel, columns)

    for ax in axes[len(panels) :]:
        ax.set_axis_off()

    # The last panel of each column names the periods, also where the last line has fewer panels.
    for ax in axes[max(0, len(panels) - columns) : len(panels)]:
        ax.tick_params(labelbottom=True)

    # Shares are compared across panels, so they have one scale, which begins at zero.
    axes[0].set_ylim(0, _find_end(share for panel in panels for share in panel.periods))
    style.figure_title(figure, title)
    return figure


def _find_end(shares: Iterable[EstimatedShare]) -> float:
    """Return the end of an axis on which all intervals have room; that of zeros is the whole."""
    return 1.12 * max(share.high for share in shares) or 1.0


def _draw_periods(ax: Axes, panel: CategoryPanel, columns: int) -> None:
    xs = list(range(len(panel.periods)))
    ax.axhline(panel.whole.share, color=style.MUTED, linewidth=0.9, linestyle="--", zorder=1)
    for x, share in zip(xs, panel.periods, strict=True):
        ax.plot([x, x], [share.low, share.high], color=style.BLUE, **_INTERVAL)

    ax.plot(xs, [share.share for share in panel.periods], color=style.BLUE, **_DOT)

    letters = sum(len(share.period) + _LETTERS_BETWEEN for share in panel.periods)
    step = max(1, -(-letters * columns // _ROW_LETTERS))
    ax.set_xticks(xs[::step], [share.period for share in panel.periods[::step]])
    ax.set_xlim(-0.6, len(xs) - 0.4)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4))
    ax.yaxis.set_major_formatter(style.format_percent)
    look: style.Look = {"fontsize": 10.5, "loc": "left", "pad": 6}
    ax.set_title(style.without_undrawable(panel.name), **look)


def _draw_lines(title: str, panels: Sequence[CategoryPanel]) -> Figure:
    figure, ax = style.new_axes(1.0 + _LINE * len(panels))
    shares = [panel.whole for panel in panels]
    names = [panel.name for panel in panels]
    dot_rows = [
        rows.DotRow(name, share.share, share.low, share.high)
        for name, share in zip(names, shares, strict=True)
    ]
    rows.draw_dots(ax, dot_rows, style.BLUE)
    look: style.Look = {"textcoords": "offset points", "va": "center", "fontsize": 9}
    for y, share in enumerate(shares):
        ax.annotate(format_share(share.share), (share.high, y), xytext=(6, 0), **look)

    ax.set_xlim(0, _find_end(shares))
    ax.xaxis.set_major_formatter(style.format_percent)
    style.figure_title(figure, title)
    return figure


def estimates_spec(name: str, title: str, panels: Sequence[CategoryPanel]) -> FigureSpec | None:
    """Declare the figure of a variable; None if nothing was estimated."""
    if not panels:
        return None

    shares = "; ".join(f"{panel.name} {format_share(panel.whole.share)}" for panel in panels)
    has_periods = any(panel.periods for panel in panels)
    line = " The dashed line is the whole run." if has_periods else ""
    return FigureSpec(
        name=name,
        draw=partial(estimates_figure, title, tuple(panels)),
        alt=f"{title}: {shares}.",
        caption="Estimated from the codes of a sample; lines are intervals: so far another "
        f"sample could move a dot.{line}",
        layout="chart wide",
    )
