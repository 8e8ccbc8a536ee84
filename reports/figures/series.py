"""Mentions over time, and the share of documents that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from reports.figures import style
from reports.tables.periods import PeriodRow

BAR = 24.0  # days wide, of a month's 28 to 31


@dataclass(frozen=True, slots=True)
class Count:
    """A month of which the count is known; *share* and its interval are None where there was no document."""

    period: str
    documents: int
    matched: int
    mentions: int
    share: float | None
    low: float
    high: float


def known(rows: Sequence[PeriodRow]) -> list[Count]:
    """The months whose mentions have been counted, the true zeros among them; the others are gaps."""
    return [
        Count(
            r.period,
            r.documents,
            r.matched or 0,
            r.mentions,
            r.share,
            r.share_low or 0.0,
            r.share_high or 0.0,
        )
        for r in rows
        if r.mentions is not None
    ]


def gaps(rows: Sequence[PeriodRow]) -> list[str]:
    """The months without data, those that failed and those not counted yet."""
    return [row.period for row in rows if row.mentions is None]


def draw_counts(ax: Axes, rows: Sequence[PeriodRow], *, span: style.Range, unit: str) -> None:
    """A bar for each month's mentions; a month of which nothing is known is hatched, a true zero is a ring at 0."""
    seen = known(rows)
    ax.bar(
        [style.month_number(r.period) for r in seen],
        [r.mentions for r in seen],
        width=BAR,
        color=[style.shade(style.BLUE, r.mentions) for r in seen],
        label=unit,
    )
    zeros = [style.month_number(r.period) for r in seen if r.mentions == 0]
    if zeros:
        ax.plot(
            zeros,
            [0.0] * len(zeros),
            "o",
            markersize=5,
            markerfacecolor="white",
            color=style.BLUE,
            clip_on=False,
            zorder=4,
            label="_zero",
        )
    style.mark_gaps(ax, gaps(rows))
    style.date_axis(ax, span)
    ax.set_ylim(bottom=0, top=None if any(r.mentions for r in seen) else 1)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.set_ylabel(f"{unit} a month")


def draw_share(ax: Axes, rows: Sequence[PeriodRow], *, span: style.Range, of: str) -> None:
    """The share of documents with a mention, a dot and its 95 % Wilson interval for each month."""
    seen = [r for r in known(rows) if r.share is not None]
    for row in seen:
        x = style.month_number(row.period)
        ax.plot(
            [x, x],
            [row.low, row.high],
            color=style.shade(style.VERMILLION, row.matched),
            linewidth=1.6,
            label="_interval",
        )
    ax.scatter(
        [style.month_number(r.period) for r in seen],
        [r.share or 0.0 for r in seen],
        s=26,
        color=[style.shade(style.VERMILLION, r.matched) for r in seen],
        zorder=3,
        label="share",
    )
    style.mark_gaps(ax, gaps(rows))
    style.date_axis(ax, span)
    ax.set_ylim(bottom=0, top=None if any(r.share for r in seen) else 0.01)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    ax.set_ylabel(f"share of {of}")


def mentions_figure(rows: Sequence[PeriodRow], *, span: style.Range, subject: str) -> Figure:
    """Mentions over share, month by month, on one axis of dates."""
    figure = style.new_figure(5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    draw_counts(above, rows, span=span, unit="mentions")
    draw_share(below, rows, span=span, of="documents")
    total = sum(r.mentions for r in known(rows))
    style.title(above, f"Mentions of {subject} per month", sub=f"n = {total:,} mentions")
    documents = sum(r.documents for r in known(rows))
    style.title(
        below,
        "Share of documents that mention it",
        sub=f"n = {documents:,} documents · lines: 95 % Wilson interval",
    )
    return figure


def posts_figure(rows: Sequence[PeriodRow], *, span: style.Range, subject: str) -> Figure:
    """Posts of an account per month."""
    figure, ax = style.new_axes(3.0)
    draw_counts(ax, rows, span=span, unit="posts")
    style.title(
        ax,
        f"Posts of {subject} per month",
        sub=f"n = {sum(r.mentions for r in known(rows)):,} posts",
    )
    return figure
