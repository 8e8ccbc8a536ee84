"""The difference of each two keywords, month by month, in their shares and their polarities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures import style
from reports.figures.spec import FigureSpec
from reports.words.quantities import quantity
from reports.words.scales import with_scale

# A figure's width and a panel's height are in inches; two figures stand side by side.
WIDTH, PANEL = 5.4, 1.3
_INTERVAL: style.Look = {"linewidth": 2.2, "alpha": 0.45, "zorder": 2, "label": "_interval"}


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a month with its 95 % interval."""

    period: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairPanel:
    """Two keywords: *first* less *second*."""

    first: str
    second: str
    shares: tuple[Difference, ...]
    polarities: tuple[Difference, ...]

    # Both keywords were counted in these months.
    counted: tuple[str, ...]

    # The month from which on the other keyword leads, if one overtakes the other for good.
    overtaking: str | None


def draw_differences(
    ax: Axes, differences: Sequence[Difference], *, span: style.Range, color: str
) -> None:
    """Draw a dot and an upright interval for each month, joined where months follow each other."""
    month_values = {difference.period: difference.value for difference in differences}
    xs = [style.month_number(period) for period in span]
    size, label = max(2.0, 5 * style.crowding(span)), "difference"
    for x, y in style.segments(xs, [month_values.get(period) for period in span]):
        ax.plot(x, y, "o-", color=color, markersize=size, linewidth=1.1, zorder=3, label=label)

    for difference in differences:
        x_of_month = style.month_number(difference.period)
        ax.plot(
            [x_of_month, x_of_month], [difference.low, difference.high], color=color, **_INTERVAL
        )

    style.zero_line(ax)
    style.date_axis(ax, span)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4))


def mark_overtaking(ax: Axes, month: str) -> None:
    """Draw a dashed line where one overtakes the other."""
    ax.axvline(style.first_day(month), color=style.INK, linestyle="--", linewidth=1, label="_month")


def share_figure(panels: Sequence[PairPanel], span: style.Range) -> Figure:
    """Return the differences of shares, a panel for each pair."""
    figure, axes = _new_panels(panels, "Shares of documents, difference", one_scale=False)
    for ax, panel in zip(axes, panels, strict=True):
        draw_differences(ax, panel.shares, span=span, color=style.VERMILLION)
        style.mark_gaps(ax, [period for period in span if period not in panel.counted])
        if panel.overtaking:
            mark_overtaking(ax, panel.overtaking)

        ax.yaxis.set_major_formatter(_format_points)
        _name_sides(ax, panel)

    return figure


def polarity_figure(panels: Sequence[PairPanel], span: style.Range) -> Figure:
    """Return the differences of mean polarities, a panel for each pair."""
    figure, axes = _new_panels(panels, "Mean polarity, difference", one_scale=True)
    for ax, panel in zip(axes, panels, strict=True):
        draw_differences(ax, panel.polarities, span=span, color=style.BLUE)
        style.mark_gaps(ax, [period for period in span if period not in panel.counted])
        _name_sides(ax, panel)

    return figure


def _new_panels(
    panels: Sequence[PairPanel], title: str, *, one_scale: bool
) -> tuple[Figure, list[Axes]]:
    figure = style.new_figure(0.6 + PANEL * len(panels), WIDTH)
    grid = figure.subplots(len(panels), 1, sharex=True, sharey=one_scale, squeeze=False)
    style.figure_title(figure, title)
    return figure, list(grid[:, 0])


def _name_sides(ax: Axes, panel: PairPanel) -> None:
    look: style.Look = {"fontsize": 10, "loc": "left", "fontweight": "normal", "pad": 4}
    ax.set_title(style.without_undrawable(f"{panel.first} less {panel.second}"), **look)


def _format_points(difference: float, _place: float) -> str:
    return f"{100 * difference:+.3g}".replace("-", "\u2212") if difference else "0"


def differences_specs(panels: Sequence[PairPanel], scale: str, *, of: int) -> Iterator[FigureSpec]:
    """Declare the figures of both differences; *panels* are those of some of *of* pairs.

    Fewer than two months have no figure: the table says all. *scale* is that of polarities.
    """
    counted = set(chain.from_iterable(panel.counted for panel in panels))
    if len(counted) < 2:
        return

    span = style.Range.of(counted)
    crossing = ""
    if any(panel.overtaking for panel in panels):
        crossing = (
            " A dashed line: from that month on the other leads in most months, repeats counted."
        )

    yield FigureSpec(
        name="differences-share",
        draw=partial(share_figure, tuple(panels), span),
        alt=f"Difference of the shares of {_name_pairs(panels, span)}.",
        caption="In percentage points, each pair on a scale of its own. "
        f"{_explain(panels, span, of)}{crossing} A document that mentions both counts for neither. "
        "Intervals are wider where mentions came in bursts.",
        layout="chart",
    )
    scored = [panel for panel in panels if panel.polarities]
    if scored:
        few = (
            f" A {span.grain} in which fewer than ten documents mention one of the two has no dot."
        )
        one_observation = " Sentences of one document count as one observation."
        yield FigureSpec(
            name="differences-polarity",
            draw=partial(polarity_figure, tuple(scored), span),
            alt=f"Difference of the mean polarities of {_name_pairs(scored, span)}.",
            caption=with_scale(_explain(scored, span, of) + few + one_observation, scale),
            layout="chart",
        )


def _name_pairs(panels: Sequence[PairPanel], span: style.Range) -> str:
    pair_names = ", ".join(f"{panel.first} less {panel.second}" for panel in panels)
    return f"{quantity(len(panels), 'pair')} of keywords in each {span.grain}: {pair_names}"


def _explain(panels: Sequence[PairPanel], span: style.Range, of: int) -> str:
    """Explain how to read the figure of *panels*, which show some of *of* pairs."""
    how = (
        f"By {span.grain}. Above zero the first is higher; upright lines are 95 % intervals as if "
        "documents were drawn one by one."
    )
    if len(panels) < of:
        how += f" Drawn are {len(panels)} of {of} pairs: those in most documents."
    if any(set(span) - set(panel.counted) for panel in panels):
        how += f" Hatched {span.grain}s were not counted for both."

    return how
