"""Subjects beside each other over time, and how far two engines agree on the same sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from reports.figures import style
from reports.tables.periods import PeriodRow

MOST_DOTS = 4000

_MARKERS = "osD^vPX*"


def draw_lines(
    ax: Axes, subjects: Mapping[str, Sequence[PeriodRow]], *, span: style.Range, value: str
) -> None:
    """A line for each subject, broken where a month has no *value* (the name of a column, "share" say).

    A share and a mean have their 95 % intervals, a mean only from five mentions on.
    """
    bounds = {
        "share": ("share_low", "share_high"),
        "polarity_mean": ("polarity_low", "polarity_high"),
    }.get(value)
    for number, (name, rows) in enumerate(subjects.items()):
        color = style.CYCLE[number % len(style.CYCLE)]
        by_month = {row.period: getattr(row, value) for row in rows}
        xs = [style.month_number(period) for period in span]
        runs = style.segments(xs, [by_month.get(period) for period in span])
        for part, (x, y) in enumerate(runs):
            ax.plot(
                x,
                y,
                color=color,
                marker=_MARKERS[number % len(_MARKERS)],
                markersize=max(3.5, 7.0 - number),  # of two that are the same both are seen
                linewidth=max(1.2, 3.0 - 0.6 * number),
                linestyle="-" if number < len(style.CYCLE) else "--",
                label=name if part == 0 else "_more",
            )
        for row in rows if bounds else ():
            low, high = (getattr(row, name) for name in bounds or ())
            if (
                low is not None
                and high is not None
                and (value == "share" or (row.mentions or 0) >= style.FEW)
            ):
                middle = style.month_number(row.period)
                ax.plot(
                    [middle, middle],
                    [low, high],
                    color=color,
                    alpha=0.35,
                    linewidth=2.2,
                    zorder=1.5,
                    label="_interval",
                )
    style.date_axis(ax, span)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))


def draw_agreement(
    ax: Axes, pairs: Sequence[tuple[float, float]], *, names: tuple[str, str]
) -> None:
    """A dot for each sentence that both have scored; on the line they agree. Many dots are thinned out evenly."""
    step = max(1, -(-len(pairs) // MOST_DOTS))
    shown = pairs[::step]
    ax.plot([-1, 1], [-1, 1], color=style.MUTED, linewidth=0.9, zorder=1, label="_same")
    ax.scatter(
        [x for x, _ in shown],
        [y for _, y in shown],
        s=10,
        alpha=0.35,
        linewidths=0,
        color=style.BLUE,
        zorder=2,
    )
    ax.set_xlim(-1.05, 1.05)
    ax.set_ylim(-1.05, 1.05)
    ax.set_aspect("equal")
    ax.set_xlabel(f"polarity, {names[0]}")
    ax.set_ylabel(f"polarity, {names[1]}")
    ax.grid(visible=True, axis="both")


def lines_figure(
    subjects: Mapping[str, Sequence[PeriodRow]],
    *,
    span: style.Range,
    value: str,
    heading: str,
    unit: str,
) -> Figure:
    """One column of all subjects over time."""
    figure, ax = style.new_axes(3.8)
    draw_lines(ax, subjects, span=span, value=value)
    if value == "share":
        ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    if value != "polarity_mean":
        ax.set_ylim(bottom=0)
    else:
        ax.axhline(0, color=style.MUTED, linewidth=0.8, zorder=1, label="_zero")
    ax.set_ylabel(unit)
    style.title(ax, heading, sub="" if value == "mentions" else "upright lines: 95 % intervals")
    figure.legend(
        loc="outside lower left",
        ncols=max(1, 110 // (8 + max(map(len, subjects)))),
        columnspacing=1.4,
    )
    return figure


def agreement_figure(
    pairs: Sequence[tuple[float, float]], *, names: tuple[str, str], rank: float | None
) -> Figure:
    """How far two runs agree on what both scored; *rank* is Spearman's correlation."""
    figure, ax = style.new_axes(5.0, 5.4)
    draw_agreement(ax, pairs, names=names)
    said = f"n = {len(pairs):,}" + ("" if rank is None else f" · Spearman {style.signed(rank)}")
    style.title(ax, "The same texts", sub=said)
    return figure
