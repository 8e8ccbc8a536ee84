"""The share of each group's documents: in all, over time side by side, and as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from analysis import grains
from reports.figures import style
from reports.figures.heat import draw_heat
from reports.figures.spec import FigureSpec
from reports.words.quantities import signed

# A cell of fewer documents says little of a share.
FEW_DOCUMENTS = 30
# Fewer mentions say little of a mean.
FEW_MENTIONS = 5
# Width and height are in inches, as in the figures of pairs: two figures stand side by side.
WIDTH, PANEL = 5.4, 1.05
# A heat map has no more rows.
MOST_ROWS = 60
# This layout is for a figure that may stand alone, but not across the page.
NOT_WIDE = "chart square"
# A heat map of half the page has room for this many periods.
NARROW = 12

_SHARES = LinearSegmentedColormap.from_list(
    "shares", ["#e4f0f8", "#8cc1e0", "#2a86c1", "#004a75", "#002238"]
)
_INTERVAL: style.Look = {"linewidth": 2.4, "alpha": 0.45, "zorder": 2, "label": "_interval"}
_DOT: style.Look = {"ha": "center", "va": "center", "fontsize": 8, "color": "#7b848c"}


@dataclass(frozen=True, slots=True)
class Point:
    """A share with its 95 % interval, of *n* documents."""

    period: str
    share: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean polarity with its 95 % interval, of *n* mentions."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class GroupPanel:
    """A group: its shares, the periods without data, and those that are cut off."""

    name: str
    points: tuple[Point, ...]
    gaps: tuple[str, ...]
    cut_off: tuple[str, ...]


def totals_figure(keyword: str, groups: Sequence[tuple[str, Point]]) -> Figure:
    """Return a dot and its interval for each group, over all periods, the first above."""
    figure, ax = _new_rows([group_name for group_name, _ in groups])
    for y, (_, point) in enumerate(groups):
        is_few = point.n < FEW_DOCUMENTS
        _draw_dot(ax, y, point.share, (point.low, point.high), style.VERMILLION, is_few=is_few)

    sure = [point.high for _, point in groups if point.n >= FEW_DOCUMENTS]
    ax.set_xlim(0, 1.04 * max(sure or [point.high for _, point in groups]))
    ax.xaxis.set_major_formatter(style.format_percent)
    style.figure_title(figure, f"Documents that mention “{keyword}”")
    return figure


def polarities_figure(keyword: str, groups: Sequence[tuple[str, Mean]]) -> Figure:
    """Return a dot and its interval for each group's mean polarity, zero marked."""
    figure, ax = _new_rows([group_name for group_name, _ in groups])
    for y, (_, mean) in enumerate(groups):
        is_few = mean.n < FEW_MENTIONS
        _draw_dot(ax, y, mean.value, (mean.low, mean.high), style.BLUE, is_few=is_few)

    ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1, label="_zero")
    sure = [
        bound for _, mean in groups if mean.n >= FEW_MENTIONS for bound in (mean.low, mean.high)
    ]
    ends = sure or [mean.value for _, mean in groups]
    ax.set_xlim(min(-0.1, *ends) - 0.05, max(0.1, *ends) + 0.05)
    ax.xaxis.set_major_formatter(lambda polarity, _: signed(polarity))
    style.figure_title(figure, f"Mean polarity of “{keyword}”")
    return figure


def _new_rows(group_names: Sequence[str]) -> tuple[Figure, Axes]:
    """Return axes with a row for each name, the first above."""
    figure, ax = style.new_axes(0.9 + 0.27 * len(group_names), WIDTH)
    style.label_rows(ax, group_names, longest=30)
    ax.set_ylim(len(group_names) - 0.4, -0.6)
    ax.grid(visible=True, axis="x")
    ax.grid(visible=False, axis="y")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    return figure, ax


def _draw_dot(
    ax: Axes, y: int, estimate: float, interval: tuple[float, float], color: str, *, is_few: bool
) -> None:
    ax.plot(interval, [y, y], color=color, **_INTERVAL)
    face = "white" if is_few else color
    look: style.Look = {"markersize": 6, "markeredgecolor": color, "markerfacecolor": face}
    ax.plot([estimate], [y], "o", zorder=3, label="_value", **look)


def panels_figure(keyword: str, panels: Sequence[GroupPanel], span: style.Range) -> Figure:
    """Return a panel for each group, all on one scale."""
    figure = style.new_figure(0.6 + PANEL * len(panels), WIDTH)
    grid = figure.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False)
    for ax, panel in zip(grid[:, 0], panels, strict=True):
        draw_panel(ax, panel, span)

    grid[0, 0].set_ylim(bottom=0)
    style.figure_title(figure, f"“{keyword}”: share of documents per {span.grain}")
    return figure


def draw_panel(ax: Axes, panel: GroupPanel, span: style.Range) -> None:
    """Draw the shares of a group, joined where periods follow each other; gaps are hatched."""
    shares = {point.period: point.share for point in panel.points}
    xs = [style.month_number(period) for period in span]
    for x, y in style.segments(xs, [shares.get(period) for period in span]):
        ax.plot(x, y, "-", color=style.VERMILLION, linewidth=1.1, zorder=3, label="share")

    size = 5 * style.crowding(span)
    for point in panel.points:
        middle = style.month_number(point.period)
        ax.plot([middle, middle], [point.low, point.high], color=style.VERMILLION, **_INTERVAL)
        face = "white" if point.n < FEW_DOCUMENTS else style.VERMILLION
        look: style.Look = {"color": style.VERMILLION, "markerfacecolor": face}
        ax.plot([middle], [point.share], "o", markersize=size, zorder=4, label="_share", **look)

    style.mark_gaps(ax, panel.gaps)
    style.mark_cut_off(ax, panel.cut_off)
    style.date_axis(ax, span)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=3))
    ax.yaxis.set_major_formatter(style.format_percent)

    title_look: style.Look = {"fontsize": 10, "loc": "left", "fontweight": "normal", "pad": 4}
    ax.set_title(style.without_undrawable(panel.name), **title_look)


def panel_lines_figure(
    keyword: str, of_all: Sequence[Point], of_panel: Sequence[Point], span: style.Range
) -> Figure:
    """Return the shares of all documents and of those of the fixed panel, one line each."""
    figure, ax = style.new_axes(2.9, WIDTH)
    xs = [style.month_number(period) for period in span]
    size = 5 * style.crowding(span)
    dashed: style.Look = {"color": style.MUTED, "linestyle": "--", "marker": "s"}
    solid: style.Look = {"color": style.VERMILLION, "linestyle": "-", "marker": "o"}
    lines = (("all documents", of_all, dashed), ("fixed panel", of_panel, solid))
    for line_name, points, look in lines:
        shares = {point.period: point.share for point in points}
        segments = style.segments(xs, [shares.get(period) for period in span])
        for number, (x, y) in enumerate(segments):
            label = "_share" if number else line_name
            ax.plot(x, y, markersize=size, label=label, **look)

    periods = {point.period for point in of_all}
    style.mark_gaps(ax, [period for period in span if period not in periods])
    style.date_axis(ax, span)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.yaxis.set_major_formatter(style.format_percent)
    figure.legend(loc="outside lower left", ncols=2, fontsize=8.5)
    style.figure_title(figure, f"“{keyword}”: all outlets and the fixed panel")
    return figure


def panel_spec(
    keyword: str,
    slug: str,
    of_all: Sequence[Point],
    of_panel: Sequence[Point],
    span: style.Range,
) -> FigureSpec | None:
    """Declare the figure of all documents beside the fixed panel; None without a panel."""
    if len(span) < 2 or not of_panel:
        return None

    return FigureSpec(
        name=f"groups-{slug}-panel",
        draw=partial(panel_lines_figure, keyword, tuple(of_all), tuple(of_panel), span),
        alt=f"Lines: share of documents that mention {keyword}, in each {span.grain}, of all "
        "documents and of those of the outlets that are there throughout.",
        caption=f"Share of documents per {span.grain}. The fixed panel has the outlets with "
        "documents in every month: none moves its line by joining or leaving.",
        layout=NOT_WIDE,
    )


def heat_figure(keyword: str, panels: Sequence[GroupPanel], span: style.Range) -> Figure:
    """Return a row for each group, a cell for each period: its share, or that it has no data."""
    figure, ax = style.new_axes(1.5 + 0.24 * len(panels), _heat_width(span))
    draw_shares(ax, panels, span)
    style.figure_title(figure, f"“{keyword}”: share of documents per {span.grain}")
    figure.legend(
        handles=[
            Patch(facecolor=_SHARES(0.0), edgecolor=style.HAIR, label="0 %, a true zero"),
            Patch(facecolor="white", edgecolor=style.HAIR, label="no document of it"),
            Patch(label="no data", **style.GAP_LOOK),
        ],
        loc="outside lower left",
        ncols=3,
        fontsize=8.5,
    )
    return figure


def _heat_width(span: style.Range) -> float:
    return WIDTH if len(span) <= NARROW else style.WIDTH


def draw_shares(ax: Axes, panels: Sequence[GroupPanel], span: style.Range) -> None:
    """Draw the heat map and its scale.

    The darkest colour is the highest share of a cell with enough documents: a cell with one
    document, which matches, would pale all others.
    """
    columns = {period: column for column, period in enumerate(span)}
    cells = np.full((len(panels), len(columns)), np.nan)
    few = []
    sure = [0.0]
    for y, panel in enumerate(panels):
        for point in panel.points:
            cells[y, columns[point.period]] = point.share
            if point.n < FEW_DOCUMENTS:
                few.append((columns[point.period], y))
            else:
                sure.append(point.share)

    top = max(sure) or float(np.nanmax(cells, initial=0.0)) or 0.01
    image = draw_heat(
        ax,
        cells,
        [panel.name for panel in panels],
        span,
        rule={"color": "white", "linewidth": 2},
        longest=28,
        cmap=_SHARES,
        vmin=0,
        vmax=top,
    )
    for y, panel in enumerate(panels):
        for start, end in grains.find_stretches(panel.gaps):
            left, right = columns[start] - 0.5, columns[end] + 0.5
            gap = Rectangle((left, y - 0.5), right - left, 1, label="_gap", **style.GAP_LOOK)
            ax.add_patch(gap)

    for column, y in few:
        ax.text(column, y, "·", **_DOT)

    figure = ax.get_figure()
    if figure is not None:
        is_beyond = bool(np.nanmax(cells, initial=0.0) > top)
        extend = "max" if is_beyond else "neither"
        bar = figure.colorbar(image, ax=ax, fraction=0.03, pad=0.01, extend=extend)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, labelsize=8)
        bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
        bar.ax.yaxis.set_major_formatter(style.format_percent)


def totals_spec(keyword: str, slug: str, groups: Sequence[tuple[str, Point]]) -> FigureSpec | None:
    """Declare the figure of the groups' shares over all periods."""
    if len(groups) < 2:
        return None

    few = _describe_few([point.n for _, point in groups], FEW_DOCUMENTS, "documents")
    return FigureSpec(
        name=f"groups-{slug}",
        draw=partial(totals_figure, keyword, tuple(groups)),
        alt=f"Dots: share of the documents of each group that mention {keyword}, with its "
        "interval. The numbers are in the table.",
        caption=f"Over all months that each group has, with 95 % Wilson intervals.{few}",
        layout=NOT_WIDE,
    )


def polarities_spec(
    keyword: str, slug: str, groups: Sequence[tuple[str, Mean]], scale: str
) -> FigureSpec | None:
    """Declare the figure of the groups' mean polarities over all periods, on *scale*."""
    if len(groups) < 2:
        return None

    few = _describe_few([mean.n for _, mean in groups], FEW_MENTIONS, "mentions")
    return FigureSpec(
        name=f"groups-{slug}-polarity",
        draw=partial(polarities_figure, keyword, tuple(groups)),
        alt=f"Dots: mean polarity of the sentences of each group that mention {keyword}, with its "
        "interval. The numbers are in the table.",
        caption=f"Over all months that each group has, with 95 % t intervals; {scale}.{few}",
        layout=NOT_WIDE,
    )


def _describe_few(sizes: Sequence[int], fewest: int, units: str) -> str:
    """Return a caption's explanation of hollow dots; nothing if there are none."""
    if min(sizes) >= fewest:
        return ""
    return f" Hollow: of fewer than {fewest} {units}, whose interval may end outside the picture."


def series_spec(
    keyword: str, slug: str, panels: Sequence[GroupPanel], span: style.Range, *, most: int
) -> FigureSpec | None:
    """Declare the shares over time: a panel for each of at most *most* groups, else a heat map."""
    if len(span) < 2 or not any(panel.points for panel in panels):
        return None
    if len(panels) > most:
        return _heat_spec(keyword, slug, panels[:MOST_ROWS], span)

    cut_off = ""
    if any(panel.cut_off for panel in panels):
        cut_off = f" {style.CUT_OFF}: days of the {span.grain} are missing."

    return FigureSpec(
        name=f"groups-{slug}-series",
        draw=partial(panels_figure, keyword, tuple(panels), span),
        alt=f"Lines: share of the documents of each group that mention {keyword}, in each "
        f"{span.grain}, a panel for each group.",
        caption="All on one scale; upright lines are 95 % intervals. Hatched: no data, which is no "
        f"zero. Hollow: fewer than {FEW_DOCUMENTS} documents.{cut_off}",
        layout=NOT_WIDE,
    )


def _heat_spec(
    keyword: str, slug: str, panels: Sequence[GroupPanel], span: style.Range
) -> FigureSpec:
    return FigureSpec(
        name=f"groups-{slug}-heat",
        draw=partial(heat_figure, keyword, tuple(panels), span),
        alt=f"Heat map: share of the documents of each group that mention {keyword}, in each "
        f"{span.grain}; hatched where a group has no data.",
        caption=f"One scale for all. Hatched: no data, which is no zero; blank: none of its "
        f"documents in a {span.grain} of which the archive has others; a point: fewer than "
        f"{FEW_DOCUMENTS} documents, whose share says little.",
        layout=NOT_WIDE if len(span) <= NARROW else "chart wide",
    )
