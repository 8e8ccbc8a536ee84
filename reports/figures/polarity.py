"""Mean polarity over time: over all months, and in each year."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from core.enums import Grain
from reports.data.period_counts import cut_off, polarity_gaps, sum_mentions
from reports.data.tables.periods import PeriodRow
from reports.figures import smoothing, style
from reports.figures.series import explain_cut_off
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity
from reports.words.scales import BLOCK_INTERVALS, UNCHECKED, with_scale

# Up to this many periods, n is printed beside the dots.
MOST_PRINTED = 30
_BAND: style.Look = {"color": style.BLUE, "alpha": 0.14, "linewidth": 0, "label": "_interval"}
_N: style.Look = {"ha": "center", "va": "bottom", "fontsize": 7, "color": style.MUTED}


def draw_polarity(ax: Axes, period_rows: Sequence[PeriodRow], *, span: style.Range) -> None:
    """Draw each period's mean as a line that breaks where a period has none, with its interval.

    A period with fewer than five polarities is a small faint dot that no line joins, without its
    interval, which would drown all others. Days have dots and a moving average.
    """
    periods = set(span)
    span_rows = [period_row for period_row in period_rows if period_row.period in periods]
    if span.grain == Grain.DAY:
        smoothing.draw_smoothed(ax, span_rows, span=span, column="polarity_mean")
    else:
        _draw_line(ax, span_rows)

    _draw_dots(ax, span_rows, span)
    style.zero_line(ax)
    style.mark_gaps(ax, polarity_gaps(span_rows))
    style.mark_bulk(ax, span.bulk)
    style.mark_cut_off(ax, cut_off(span_rows))
    style.date_axis(ax, span)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.set_ylabel("mean polarity")


def _draw_line(ax: Axes, period_rows: Sequence[PeriodRow]) -> None:
    """Draw a line through the means, and the band of their intervals."""
    xs, means, lows, highs = [], [], [], []
    for period_row in period_rows:
        xs.append(style.month_number(period_row.period))
        means.append(period_row.polarity_mean if _is_enough(period_row) else None)
        lows.append(period_row.polarity_low if _is_enough(period_row) else None)
        highs.append(period_row.polarity_high if _is_enough(period_row) else None)

    for x, y in style.segments(xs, means):
        ax.plot(x, y, color=style.BLUE, zorder=3, label="mean")

    bands = zip(style.segments(xs, lows), style.segments(xs, highs), strict=True)
    for (x, low), (_, high) in bands:
        if len(x) > 1:
            ax.fill_between(x, _clip(low), _clip(high), **_BAND)


def _draw_dots(ax: Axes, period_rows: Sequence[PeriodRow], span: style.Range) -> None:
    """Draw a dot for each mean, small and faint where n < 5, else with its interval."""
    width = max(0.5, style.crowding(span))
    full_size = max(5.0, 28 * style.crowding(span))
    xs, means, sizes, colors = [], [], [], []
    for period_row in period_rows:
        x = style.month_number(period_row.period)
        is_enough = _is_enough(period_row)
        low, high = period_row.polarity_low, period_row.polarity_high
        if is_enough and low is not None and high is not None:
            ends = _clip([low, high])
            ax.plot([x, x], ends, color=style.BLUE, alpha=0.3, linewidth=width, label="_interval")

        if period_row.polarity_mean is not None:
            xs.append(x)
            means.append(period_row.polarity_mean)
            sizes.append(full_size if is_enough else full_size * style.SIZE_OF_FEW)
            colors.append(style.shade(style.BLUE, period_row.mentions or 0))

    ax.scatter(
        xs,
        means,
        s=sizes,
        color=colors,
        linewidths=0,
        zorder=4,
        label=f"{span.grain}s",
    )


def _is_enough(period_row: PeriodRow) -> bool:
    return (period_row.mentions or 0) >= style.FEW


def _clip(ends: Sequence[float]) -> list[float]:
    """Cut interval ends to the range of polarity, beyond which those of two mentions may reach."""
    return [max(-1.0, min(1.0, end)) for end in ends]


def print_n(ax: Axes, period_rows: Sequence[PeriodRow], *, span: style.Range) -> None:
    """Write each period's n along the lower edge, if there is room for it."""
    periods = set(span)
    for period_row in period_rows:
        if (
            len(periods) <= MOST_PRINTED
            and period_row.mentions is not None
            and period_row.period in periods
        ):
            x = style.month_number(period_row.period)
            ax.text(x, 0.015, f"{period_row.mentions:,}", transform=ax.get_xaxis_transform(), **_N)


def limits(period_rows: Sequence[PeriodRow]) -> tuple[float, float]:
    """Return one scale for a run's mean polarity: the means and most intervals lie inside."""
    polarities: list[float | None] = []
    for period_row in period_rows:
        ends = (period_row.polarity_low, period_row.polarity_high) if _is_enough(period_row) else ()
        polarities += (period_row.polarity_mean, *ends)

    farthest = max((abs(polarity) for polarity in polarities if polarity is not None), default=0.1)
    reach = min(1.0, max(0.1, farthest * 1.15))
    return -reach, reach


def overall_figure(subject: Subject, period_rows: Sequence[PeriodRow], *, unit: str) -> Figure:
    """Return the mean of each period, over all of them."""
    figure, ax = style.new_axes(3.6)
    draw_polarity(ax, period_rows, span=subject.span)
    low, high = limits(period_rows)
    # A strip below the data has room for n.
    ax.set_ylim(low * 1.12, high)
    print_n(ax, period_rows, span=subject.span)

    smoothed = f" · line: {smoothing.NAME}" if subject.span.grain == Grain.DAY else ""
    sub = f"n = {quantity(sum_mentions(period_rows), unit)}{smoothed}"
    style.title(ax, f"Mean polarity of {subject.name}, all {subject.span.grain}s", sub=sub)
    return figure


def overall_spec(
    subject: Subject,
    period_rows: Sequence[PeriodRow],
    *,
    unit: str = "mention",
    scale: str = UNCHECKED,
    intervals: str = BLOCK_INTERVALS,
) -> FigureSpec | None:
    """Declare the figure of mean polarity over all periods; the *unit* is a mention or a post.

    *scale* describes the scale of the polarities, *intervals* what the rows' intervals say.
    """
    if all(period_row.polarity_mean is None for period_row in period_rows):
        return None

    period_rows = [period_row.scored_row for period_row in period_rows]
    grain = subject.span.grain
    return FigureSpec(
        name=f"{subject.slug}-polarity",
        draw=partial(overall_figure, subject, period_rows, unit=unit),
        alt=f"Line: mean polarity of the {unit}s of {subject.name} in each {grain}. The numbers "
        f"are in the table of {grain}s.",
        caption=with_scale(
            f"{_explain(subject.span, period_rows, unit, intervals)}{explain_cut_off(period_rows)}"
            f"{style.explain_bulk(subject.span)}",
            scale,
        ),
        has_narrow=True,
    )


def _explain(span: style.Range, period_rows: Sequence[PeriodRow], unit: str, intervals: str) -> str:
    if span.grain == Grain.DAY:
        return (
            f"A dot for each day with {unit}s, small and faint where n < 5."
            f"{smoothing.explain(span.grain, 'polarity_mean')}"
        )

    parts = [f"The line breaks where a {span.grain} has fewer than {style.FEW} {unit}s or no data."]
    if any(0 < (period_row.mentions or 0) < style.FEW for period_row in period_rows):
        parts.append(f"Small faint dots: n < {style.FEW}.")
    if any(_has_interval(period_row) for period_row in period_rows):
        parts.append(f"Upright lines and band: {intervals}.")
    if len(span) <= MOST_PRINTED:
        parts.append("The figures along the lower edge are n.")

    return " ".join(parts)


def _has_interval(period_row: PeriodRow) -> bool:
    return _is_enough(period_row) and period_row.polarity_low is not None
