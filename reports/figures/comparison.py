"""Subjects beside each other over time, and how far two engines agree on the same sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from core.enums import Grain
from reports.data.period_counts import cut_off
from reports.data.tables.periods import PeriodRow
from reports.figures import smoothing, style
from reports.figures.series import explain_cut_off
from reports.figures.spec import FigureSpec
from reports.words.quantities import quantity, signed
from reports.words.scales import BLOCK_INTERVALS, UNCHECKED, with_scale

MOST_DOTS = 4000
#: The subjects are spread over this many days of a period.
SPREAD = {Grain.DAY: 0.0, Grain.WEEK: 3.0, Grain.MONTH: 12.0, Grain.YEAR: 140.0}

#: Each compared column has the heading of its figure and the label of its axis; {} is the grain.
COLUMNS = {
    "share": ("Share of documents that mention it", "share of documents"),
    "mentions": ("Posts per {}", "posts a {}"),
    "polarity_mean": ("Mean polarity", "mean polarity"),
}
_INTERVALS = {
    "share": ("share_low", "share_high"),
    "polarity_mean": ("polarity_low", "polarity_high"),
}
_INTERVAL: style.Look = {"alpha": 0.35, "linewidth": 2.2, "zorder": 1.5, "label": "_interval"}
_MARKERS = "osD^vPX*"


def draw_lines(
    ax: Axes, subjects: Mapping[str, Sequence[PeriodRow]], *, span: style.Range, column: str
) -> None:
    """Draw a line for each subject, which breaks if a period has no value in *column*.

    A share and a mean have the intervals of their rows. A mean of fewer than five is a small faint
    mark that no line joins. Days are drawn as dots with a moving average.
    """
    for index, (subject, period_rows) in enumerate(subjects.items()):
        aside = _aside(index, len(subjects), span.grain) if column in _INTERVALS else 0.0
        xs = [style.month_number(period) + aside for period in span]
        color = style.CYCLE[index % len(style.CYCLE)]
        period_values = {}
        for period_row in period_rows:
            if _is_joined(period_row, column):
                period_values[period_row.period] = getattr(period_row, column)

        label = style.without_undrawable(subject)
        if span.grain == Grain.DAY:
            _draw_days(ax, period_rows, span, column, color=color, label=label)
            continue

        for x, y in style.segments(xs, [period_values.get(period) for period in span]):
            ax.plot(
                x,
                y,
                color=color,
                marker=_MARKERS[index % len(_MARKERS)],
                # Two equal lines are both seen: the later one has smaller markers.
                markersize=max(1.2, max(3.5, 7.0 - index) * style.crowding(span)),
                linewidth=max(1.2, 3.0 - 0.6 * index),
                linestyle="-" if index < len(style.CYCLE) else "--",
                label=label,
            )
            label = "_more"

        few = [period_row for period_row in period_rows if not _is_joined(period_row, column)]
        _draw_few(ax, few, column, marker=_MARKERS[index % len(_MARKERS)], color=color, aside=aside)
        if label != "_more":
            # The legend needs this entry even if no line is drawn.
            ax.plot([], [], color=color, marker=_MARKERS[index % len(_MARKERS)], label=label)

        if column in _INTERVALS:
            _draw_intervals(ax, period_rows, column, color, aside)

    for period_rows in subjects.values():
        style.mark_cut_off(ax, cut_off(period_rows))

    style.mark_bulk(ax, span.bulk)
    style.date_axis(ax, span)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))


def _is_joined(period_row: PeriodRow, column: str) -> bool:
    """Return whether a line joins the value: it does not join a mean of fewer than five."""
    return column != "polarity_mean" or (period_row.scored_row.mentions or 0) >= style.FEW


def _draw_few(
    ax: Axes,
    period_rows: Sequence[PeriodRow],
    column: str,
    *,
    marker: str,
    color: str,
    aside: float,
) -> None:
    """Draw a small faint mark for each value that no line joins."""
    known = [period_row for period_row in period_rows if getattr(period_row, column) is not None]
    if known:
        xs = [style.month_number(period_row.period) + aside for period_row in known]
        ys = [getattr(period_row, column) for period_row in known]
        look: style.Look = {"alpha": style.FAINT, "linewidths": 0, "label": "_few"}
        ax.scatter(xs, ys, s=12, marker=marker, color=color, **look)


def _aside(index: int, subjects: int, grain: Grain) -> float:
    """Return how many days a subject is drawn beside the middle, so that intervals are seen."""
    spread = SPREAD[grain]
    return (index - (subjects - 1) / 2) * min(spread / 6, spread / subjects)


def _draw_days(
    ax: Axes,
    period_rows: Sequence[PeriodRow],
    span: style.Range,
    column: str,
    *,
    color: str,
    label: str,
) -> None:
    """Draw a faint dot for each day that has a value, and their moving average."""
    days = [day for day in period_rows if getattr(day, column) is not None]
    xs = [style.month_number(day.period) for day in days]
    dots: style.Look = {"alpha": 0.3, "linewidths": 0, "s": 8, "label": "_days"}
    ax.scatter(xs, [getattr(day, column) for day in days], color=color, **dots)
    smoothing.draw_smoothed(ax, period_rows, span=span, column=column, color=color)
    # The legend needs this entry even if no line is drawn.
    ax.plot([], [], color=color, label=label)


def _draw_intervals(
    ax: Axes, period_rows: Sequence[PeriodRow], column: str, color: str, aside: float
) -> None:
    low_column, high_column = _INTERVALS[column]
    for period_row in period_rows:
        low, high = getattr(period_row, low_column), getattr(period_row, high_column)
        if _is_joined(period_row, column) and low is not None and high is not None:
            x = style.month_number(period_row.period) + aside
            ax.plot([x, x], [low, high], color=color, **_INTERVAL)


def lines_figure(
    subjects: Mapping[str, Sequence[PeriodRow]],
    *,
    span: style.Range,
    column: str,
    line_of_legend: int = 110,
) -> Figure:
    """Return one column of all subjects over time; *line_of_legend* is in letters."""
    figure, ax = style.new_axes(3.8)
    draw_lines(ax, subjects, span=span, column=column)
    if column == "share":
        ax.yaxis.set_major_formatter(style.format_percent)
    if column == "polarity_mean":
        style.zero_line(ax)
    else:
        ax.set_ylim(bottom=0)

    heading, unit = (text.format(span.grain) for text in COLUMNS[column])
    ax.set_ylabel(unit)
    style.title(ax, heading, sub=f"lines: {smoothing.NAME}s" if span.grain == Grain.DAY else "")
    ncols = max(1, line_of_legend // (8 + max(map(len, subjects))))
    figure.legend(loc="outside lower left", ncols=ncols, columnspacing=1.4)
    return figure


def lines_spec(
    subjects: Mapping[str, Sequence[PeriodRow]],
    *,
    span: style.Range,
    column: str,
    scale: str = UNCHECKED,
    intervals: str = BLOCK_INTERVALS,
) -> FigureSpec | None:
    """Declare the figure of one column, without subjects whose every share is 1 (posts).

    *scale* describes the scale of polarities, *intervals* what the rows' intervals say.
    """
    included, has_values = {}, False
    for subject, period_rows in subjects.items():
        column_values = {getattr(period_row, column) for period_row in period_rows} - {None}
        has_values |= bool(column_values)
        if column != "share" or column_values - {1.0}:
            included[subject] = period_rows

    if not included or not has_values:
        return None

    all_rows = list(chain.from_iterable(included.values()))
    caption = _explain(span, all_rows, column, intervals)
    if column in _INTERVALS and len(included) > 1 and span.grain != Grain.DAY:
        caption += f" Within a {span.grain} subjects stand side by side."

    caption += explain_cut_off(all_rows) + style.explain_bulk(span)
    if column == "polarity_mean":
        caption = with_scale(caption, scale)

    heading = COLUMNS[column][0].format(span.grain).lower()
    draw = partial(lines_figure, included, span=span, column=column)
    return FigureSpec(
        name=f"compared-{column.replace('_', '-')}",
        draw=draw,
        draw_narrow=partial(draw, line_of_legend=style.LONGEST_LINE_IF_NARROW),
        alt=f"Lines: {heading} of {', '.join(included)} in each {span.grain}.",
        caption=caption,
        has_narrow=True,
    )


def _explain(
    span: style.Range, period_rows: Sequence[PeriodRow], column: str, intervals: str
) -> str:
    if span.grain == Grain.DAY:
        lines = smoothing.explain(span.grain, column)
        return f"Faint dots are days; their intervals are in the table of days.{lines}"

    parts = [f"A line breaks where a {span.grain} has no value."]
    if any(
        getattr(period_row, column) is not None and not _is_joined(period_row, column)
        for period_row in period_rows
    ):
        parts.append(f"Small faint marks: n < {style.FEW}.")

    low_column, _ = _INTERVALS.get(column, (None, None))
    if low_column and any(
        getattr(period_row, low_column) is not None and _is_joined(period_row, column)
        for period_row in period_rows
    ):
        parts.append(f"Upright lines: {intervals}.")

    parts.append(f"The numbers are in the table of {span.grain}s.")
    return " ".join(parts)


def draw_agreement(
    ax: Axes, pairs: Sequence[tuple[float, float]], *, names: tuple[str, str]
) -> None:
    """Draw a dot for each sentence that both runs scored, thinned out; on the line they agree."""
    step = max(1, -(-len(pairs) // MOST_DOTS))
    xs, ys = zip(*pairs[::step], strict=True)
    ax.plot([-1, 1], [-1, 1], color=style.MUTED, linewidth=0.9, zorder=1, label="_same")
    ax.scatter(xs, ys, s=10, alpha=0.35, linewidths=0, color=style.BLUE, zorder=2)
    ax.set_xlim(-1.05, 1.05)
    ax.set_ylim(-1.05, 1.05)
    ax.set_aspect("equal")
    ax.set_xlabel(style.without_undrawable(f"polarity, {names[0]}"))
    ax.set_ylabel(style.without_undrawable(f"polarity, {names[1]}"))
    ax.grid(visible=True, axis="both")


def agreement_figure(
    pairs: Sequence[tuple[float, float]], *, names: tuple[str, str], rank: float | None
) -> Figure:
    """Return how far two runs agree on what both scored; *rank* is Spearman's correlation."""
    figure, ax = style.new_axes(5.0, 5.4)
    draw_agreement(ax, pairs, names=names)
    sub = f"n = {len(pairs):,}" + ("" if rank is None else f" · Spearman {signed(rank)}")
    style.title(ax, "The same texts", sub=sub)
    return figure


def agreement_spec(
    runs: tuple[int, int],
    pairs: Sequence[tuple[float, float]],
    *,
    names: tuple[str, str],
    rank: float | None,
    scale: str,
) -> FigureSpec:
    """Declare the figure of the agreement of two *runs*, whose polarities are on *scale*."""
    thinned = " Thinned out evenly." if len(pairs) > MOST_DOTS else ""

    return FigureSpec(
        name=f"agreement-{runs[0]}-{runs[1]}",
        draw=partial(agreement_figure, pairs, names=names, rank=rank),
        alt=f"Scatter of the polarities of {quantity(len(pairs), 'text')}, {names[0]} against "
        f"{names[1]}.",
        caption=with_scale(
            "A dot for each sentence, or post, that both runs scored; on the line they agree."
            + thinned,
            scale,
        ),
        layout="chart square",
    )
