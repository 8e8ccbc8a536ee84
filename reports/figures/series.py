"""Mentions or posts per period, and the share of documents that mention a keyword."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import grains
from core.enums import Grain
from reports.data.period_counts import count_months, cut_off, gaps, sum_mentions
from reports.data.tables.periods import PeriodRow
from reports.figures import smoothing, style
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity
from reports.words.scales import BLOCK_INTERVALS

#: A bar is this many days wide.
BARS = {Grain.DAY: 0.8, Grain.WEEK: 5.6, Grain.MONTH: 24.0, Grain.YEAR: 290.0}


def explain_cut_off(period_rows: Iterable[PeriodRow]) -> str:
    """Return a caption's explanation of cut-off periods, if there are any."""
    marked = cut_off(period_rows)
    if not marked:
        return ""
    if grains.grain_of(marked[0]) != Grain.MONTH:
        return f" {style.CUT_OFF}: days of it are missing, or lie before or after what was read."

    return f" {style.CUT_OFF}: cut off, its first or last days are missing."


def draw_counts(
    ax: Axes, period_rows: Sequence[PeriodRow], *, span: style.Range, unit: str
) -> None:
    """Draw a bar for each period; hatch one without a count, and draw a ring for a count of 0."""
    xs, heights, colors, zeros = [], [], [], []
    for count in count_months(period_rows):
        xs.append(style.month_number(count.period))
        heights.append(count.mentions)
        colors.append(style.shade(style.BLUE, count.mentions))
        if not count.mentions:
            zeros.append(style.month_number(count.period))

    ax.bar(xs, heights, width=BARS[span.grain], color=colors, label=unit)
    if zeros:
        ax.plot(
            zeros,
            [0.0] * len(zeros),
            "o",
            markersize=max(1.5, 5 * style.crowding(span)),
            markerfacecolor="white",
            color=style.BLUE,
            clip_on=False,
            zorder=4,
            label="_zero",
        )

    smoothing.draw_smoothed(ax, period_rows, span=span, column="mentions")
    style.mark_gaps(ax, gaps(period_rows))
    style.mark_cut_off(ax, cut_off(period_rows))
    style.mark_bulk(ax, span.bulk)
    style.date_axis(ax, span)
    ax.set_ylim(bottom=0, top=None if any(heights) else 1)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.set_ylabel(f"{unit} a {span.grain}")


def draw_share(ax: Axes, period_rows: Sequence[PeriodRow], *, span: style.Range) -> None:
    """Draw the share of documents with a mention as dots, with the intervals that rows have."""
    xs, shares, colors = [], [], []

    width = max(0.6, 1.6 * style.crowding(span))
    for period_row in period_rows:
        if period_row.mentions is None or period_row.share is None:
            continue

        x = style.month_number(period_row.period)
        color = style.shade(style.VERMILLION, period_row.matched or 0)
        if period_row.share_low is not None and period_row.share_high is not None:
            interval = [period_row.share_low, period_row.share_high]
            ax.plot([x, x], interval, color=color, linewidth=width, label="_interval")

        xs.append(x)
        shares.append(period_row.share)
        colors.append(color)

    size = max(4.0, 26 * style.crowding(span))
    ax.scatter(xs, shares, s=size, color=colors, zorder=3, label="share")
    smoothing.draw_smoothed(ax, period_rows, span=span, column="share")
    style.mark_gaps(ax, gaps(period_rows))
    style.mark_bulk(ax, span.bulk)
    style.date_axis(ax, span)
    ax.set_ylim(bottom=0, top=None if any(shares) else 0.01)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.yaxis.set_major_formatter(style.format_percent)
    ax.set_ylabel("share of documents")


def mentions_figure(subject: Subject, period_rows: Sequence[PeriodRow]) -> Figure:
    """Return mentions over share, period by period, on one axis of dates."""
    figure = style.new_figure(5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    draw_counts(above, period_rows, span=subject.span, unit="mentions")
    draw_share(below, period_rows, span=subject.span)

    mentions = f"n = {quantity(sum_mentions(period_rows), 'mention')}"
    documents = quantity(sum(count.documents for count in count_months(period_rows)), "document")
    smoothed = f" · line: {smoothing.NAME}" if subject.span.grain == Grain.DAY else ""
    style.title(
        above, f"Mentions of {subject.name} per {subject.span.grain}", sub=f"{mentions}{smoothed}"
    )
    style.title(below, "Share of documents that mention it", sub=f"n = {documents}{smoothed}")
    return figure


def mentions_spec(subject: Subject, period_rows: Sequence[PeriodRow]) -> FigureSpec:
    """Declare the figure of a keyword's mentions."""
    grain = subject.span.grain
    intervals = ""
    if any(period_row.share_low is not None for period_row in period_rows):
        intervals = f" Upright lines: {BLOCK_INTERVALS}."

    return FigureSpec(
        name=f"{subject.slug}-mentions",
        draw=partial(mentions_figure, subject, period_rows),
        alt=f"Bars: mentions of {subject.name} per {grain}, {sum_mentions(period_rows):,} in all. "
        f"Below: the share of documents with a mention. The numbers are in the table of {grain}s.",
        caption="A ring at zero: documents were read, and none mentions it. A hatched "
        f"{grain} has no data. Bars and dots are lighter where n < 5.{intervals}"
        f"{smoothing.explain(grain, 'share')}{explain_cut_off(period_rows)}"
        f"{style.explain_bulk(subject.span)}",
        has_narrow=True,
    )


def posts_figure(subject: Subject, period_rows: Sequence[PeriodRow]) -> Figure:
    """Return an account's posts per period."""
    figure, ax = style.new_axes(3.0)
    draw_counts(ax, period_rows, span=subject.span, unit="posts")
    posts = f"n = {quantity(sum_mentions(period_rows), 'post')}"
    smoothed = f" · line: {smoothing.NAME}" if subject.span.grain == Grain.DAY else ""
    style.title(ax, f"Posts of {subject.name} per {subject.span.grain}", sub=f"{posts}{smoothed}")
    return figure


def posts_spec(subject: Subject, period_rows: Sequence[PeriodRow], *, posts: int) -> FigureSpec:
    """Declare the figure of an account's posts, *posts* of them with and without a date."""
    grain, zero = subject.span.grain, ""
    if any(period_row.mentions == 0 for period_row in period_rows):
        zero = f"A ring at zero is a {grain} without a post. "
    if gaps(period_rows):
        zero += f"A hatched {grain} is in a year or more without one, and no data. "

    return FigureSpec(
        name=f"{subject.slug}-posts",
        draw=partial(posts_figure, subject, period_rows),
        alt=f"Bars: posts of {subject.name} per {grain}, {posts:,} in all.",
        caption=f"From the first known post to the last. {zero}Bars are lighter where n < 5."
        f"{smoothing.explain(grain, 'mentions')}{explain_cut_off(period_rows)}",
        has_narrow=True,
    )
