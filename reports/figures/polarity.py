"""Mean polarity over time: over all months, and in each year."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures import style
from reports.figures.series import cut_off, explain_cut_off, sum_mentions
from reports.figures.spec import FigureSpec, Subject
from reports.polarity_scale import UNCHECKED, with_scale
from reports.tables.periods import PeriodRow
from reports.words import quantity

_BAND: style.Look = {"color": style.BLUE, "alpha": 0.14, "linewidth": 0, "label": "_interval"}
_N: style.Look = {"ha": "center", "va": "bottom", "fontsize": 7, "color": style.MUTED}


def draw_polarity(ax: Axes, rows: Sequence[PeriodRow], *, span: style.Range) -> None:
    """Draw the monthly mean as a line that breaks where a month has none, with 95 % intervals.

    A month with fewer than five polarities is a hollow dot, and is left out of the band: the
    interval of two mentions would drown all others.
    """
    months = set(span)
    in_span = [row for row in rows if row.period in months]

    xs, means, lows, highs = [], [], [], []
    for row in in_span:
        xs.append(style.month_number(row.period))
        means.append(row.polarity_mean)
        lows.append(row.polarity_low if _is_enough(row) else None)
        highs.append(row.polarity_high if _is_enough(row) else None)

    for x, y in style.segments(xs, means):
        ax.plot(x, y, color=style.BLUE, zorder=3, label="mean")
    bands = zip(style.segments(xs, lows), style.segments(xs, highs), strict=True)
    for (x, low), (_, high) in bands:
        if len(x) > 1:
            ax.fill_between(x, _clip(low), _clip(high), **_BAND)

    _draw_months(ax, in_span)
    style.zero_line(ax)
    style.mark_gaps(ax, gaps(in_span))
    style.mark_cut_off(ax, cut_off(in_span))
    style.date_axis(ax, span)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.set_ylabel("mean polarity")


def _draw_months(ax: Axes, rows: Sequence[PeriodRow]) -> None:
    """Draw a dot for each mean and an upright line for its interval."""
    xs, means, faces = [], [], []
    for row in rows:
        x = style.month_number(row.period)
        if row.polarity_low is not None and row.polarity_high is not None:
            ends = _clip([row.polarity_low, row.polarity_high])
            ax.plot([x, x], ends, color=style.BLUE, alpha=0.3, linewidth=1, label="_interval")
        if row.polarity_mean is not None:
            xs.append(x)
            means.append(row.polarity_mean)
            faces.append(style.BLUE if _is_enough(row) else "white")

    ax.scatter(xs, means, s=28, facecolors=faces, edgecolors=style.BLUE, zorder=4, label="months")


def gaps(rows: Sequence[PeriodRow]) -> list[str]:
    """Return the months without a mean; a counted month without a mention is no gap."""
    periods = []
    for row in rows:
        if row.mentions is None or (row.mentions and row.polarity_mean is None):
            periods.append(row.period)
    return periods


def _is_enough(row: PeriodRow) -> bool:
    return (row.mentions or 0) >= style.FEW


def _clip(values: Sequence[float]) -> list[float]:
    """Cut interval ends to where polarity lies; those of two mentions may reach further."""
    return [max(-1.0, min(1.0, value)) for value in values]


def print_n(ax: Axes, rows: Sequence[PeriodRow], *, span: style.Range) -> None:
    """Write each month's n along the lower edge, where there is room for it."""
    months = set(span)
    for row in rows:
        if len(months) <= 30 and row.mentions is not None and row.period in months:
            x = style.month_number(row.period)
            ax.text(x, 0.015, f"{row.mentions:,}", transform=ax.get_xaxis_transform(), **_N)


def limits(rows: Sequence[PeriodRow]) -> tuple[float, float]:
    """Return one scale for a run's mean polarity: the means and most intervals lie inside."""
    values: list[float | None] = []
    for row in rows:
        ends = (row.polarity_low, row.polarity_high) if _is_enough(row) else ()
        values += (row.polarity_mean, *ends)
    farthest = max((abs(value) for value in values if value is not None), default=0.1)
    reach = min(1.0, max(0.1, farthest * 1.15))
    return -reach, reach


def overall_figure(subject: Subject, rows: Sequence[PeriodRow], *, unit: str) -> Figure:
    """Return the monthly mean over all months."""
    figure, ax = style.new_axes(3.6)
    draw_polarity(ax, rows, span=subject.span)
    low, high = limits(rows)
    ax.set_ylim(low * 1.12, high)  # a strip below for n
    print_n(ax, rows, span=subject.span)

    sub = f"n = {quantity(sum_mentions(rows), unit)} · band: 95 % t interval"
    style.title(ax, f"Mean polarity of {subject.name}, all months", sub=sub)
    return figure


def overall_spec(
    subject: Subject,
    rows: Sequence[PeriodRow],
    *,
    unit: str = "mention",
    scale: str = UNCHECKED,
) -> FigureSpec | None:
    """Declare the figure of mean polarity over all months; the *unit* is a mention or a post.

    *scale* says what the polarities are measured by.
    """
    if not has_means(rows):
        return None
    return FigureSpec(
        name=f"{subject.slug}-polarity",
        draw=partial(overall_figure, subject, rows, unit=unit),
        alt=f"Line: mean polarity of the {unit}s of {subject.name} in each month, with its "
        "interval. The numbers are in the table of months.",
        caption=with_scale(
            f"The line breaks where a month has no {unit}s or no data. Hollow dots: n < 5. "
            f"The figures along the lower edge are n.{explain_cut_off(rows)}",
            scale,
        ),
    )


def has_means(rows: Sequence[PeriodRow]) -> bool:
    """Return whether a month has a mean polarity."""
    return any(row.polarity_mean is not None for row in rows)


def year_figure(
    subject: Subject, year: str, rows: Sequence[PeriodRow], scale: tuple[float, float]
) -> Figure:
    """Return one year, January to December; *scale* is that of all years."""
    figure, ax = style.new_axes(2.8, 4.5)
    span = style.Range(f"{year}-01", f"{year}-12")
    draw_polarity(ax, rows, span=span)
    low, high = scale
    ax.set_ylim(low * 1.15, high)
    print_n(ax, rows, span=span)
    style.title(ax, f"{subject.name}, {year}", sub=f"n = {quantity(sum_mentions(rows), 'mention')}")
    return figure


def year_specs(
    subject: Subject, rows: Sequence[PeriodRow], *, scale: str = UNCHECKED
) -> list[FigureSpec]:
    """Declare a figure of mean polarity for each year; none of one year, shown already."""
    years = sorted({row.period[:4] for row in rows})
    if not has_means(rows) or len(years) < 2:
        return []

    specs = []
    for year in years:
        of_year = [row for row in rows if row.period[:4] == year]
        if not has_means(of_year):
            continue
        spec = FigureSpec(
            name=f"{subject.slug}-{year}-year",
            draw=partial(year_figure, subject, year, of_year, limits(rows)),
            alt=f"Line: mean polarity of {subject.name} in each month of {year}.",
            caption=with_scale(f"The months of {year}, on equal axes with the other years.", scale),
            layout="chart year",
        )
        specs.append(spec)
    return specs
