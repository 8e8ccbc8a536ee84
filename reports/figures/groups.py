"""The share of each group's documents: in all, over time side by side, and as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from reports.figures import heat, rows, style
from reports.figures.rows import DotRow
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


@dataclass(frozen=True, slots=True)
class Point:
    """A share with its 95 % interval, of *n* documents."""

    period: str
    share: float
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


def totals_figure(keyword: str, shares: Sequence[DotRow]) -> Figure:
    """Return a dot and its interval for each group, over all periods, the first above."""
    figure, ax = _new_rows(shares, style.VERMILLION)
    sure = [row for row in shares if not row.is_few]
    ax.set_xlim(0, 1.04 * max(_list_ends(sure or shares)))
    ax.xaxis.set_major_formatter(style.format_percent)
    style.figure_title(figure, f"Documents that mention “{keyword}”")
    return figure


def polarities_figure(keyword: str, means: Sequence[DotRow]) -> Figure:
    """Return a dot and its interval for each group's mean polarity, zero marked."""
    figure, ax = _new_rows(means, style.BLUE)
    rows.mark_zero(ax)
    sure = [row for row in means if not row.is_few]
    ends = _list_ends(sure) or [row.value for row in means if row.value is not None]
    ax.set_xlim(min(-0.1, *ends) - 0.05, max(0.1, *ends) + 0.05)
    ax.xaxis.set_major_formatter(lambda polarity, _: signed(polarity))
    style.figure_title(figure, f"Mean polarity of “{keyword}”")
    return figure


def _new_rows(groups: Sequence[DotRow], color: str) -> tuple[Figure, Axes]:
    figure, ax = style.new_axes(0.9 + 0.27 * len(groups), WIDTH)
    rows.draw_dots(ax, groups, color, longest=30)
    return figure, ax


def _list_ends(groups: Sequence[DotRow]) -> list[float]:
    return [end for row in groups for end in (row.low, row.high) if end is not None]


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
    few: list[list[str]] = []
    sure = [0.0]
    for y, panel in enumerate(panels):
        few.append([point.period for point in panel.points if point.n < FEW_DOCUMENTS])
        sure += [point.share for point in panel.points if point.n >= FEW_DOCUMENTS]
        for point in panel.points:
            cells[y, columns[point.period]] = point.share

    highest = float(np.nanmax(cells, initial=0.0))
    top = max(sure) or highest or 0.01
    bar = heat.draw_calendar(
        ax,
        cells,
        [panel.name for panel in panels],
        span,
        gaps=[panel.gaps for panel in panels],
        marked=few,
        mark="·",
        extend="max" if highest > top else "neither",
        longest=28,
        cmap=_SHARES,
        vmin=0,
        vmax=top,
    )
    bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    bar.ax.yaxis.set_major_formatter(style.format_percent)


def totals_spec(keyword: str, slug: str, groups: Sequence[DotRow]) -> FigureSpec | None:
    """Declare the figure of the groups' shares over all periods."""
    if len(groups) < 2:
        return None

    few = _describe_few(groups, f"{FEW_DOCUMENTS} documents")
    return FigureSpec(
        name=f"groups-{slug}",
        draw=partial(totals_figure, keyword, tuple(groups)),
        alt=f"Dots: share of the documents of each group that mention {keyword}, with its "
        "interval. The numbers are in the table.",
        caption=f"Over all months that each group has, with 95 % Wilson intervals.{few}",
        layout=NOT_WIDE,
    )


def polarities_spec(
    keyword: str, slug: str, groups: Sequence[DotRow], scale: str
) -> FigureSpec | None:
    """Declare the figure of the groups' mean polarities over all periods, on *scale*."""
    if len(groups) < 2:
        return None

    few = _describe_few(groups, f"{FEW_MENTIONS} mentions")
    return FigureSpec(
        name=f"groups-{slug}-polarity",
        draw=partial(polarities_figure, keyword, tuple(groups)),
        alt=f"Dots: mean polarity of the sentences of each group that mention {keyword}, with its "
        "interval. The numbers are in the table.",
        caption=f"Over all months that each group has, with 95 % t intervals; {scale}.{few}",
        layout=NOT_WIDE,
    )


def _describe_few(groups: Sequence[DotRow], fewest: str) -> str:
    """Return a caption's explanation of hollow dots; nothing if there are none."""
    if not any(row.is_few for row in groups):
        return ""
    return f" Hollow: of fewer than {fewest}, whose interval may end outside the picture."


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
