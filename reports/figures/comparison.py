"""Subjects beside each other over time, and how far two engines agree on the same sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from core.enums import Grain
from reports.data.period_counts import cut_off
from reports.data.tables.periods import PeriodRow
from reports.figures import smoothing, style
from reports.figures.dots import draw_dots
from reports.figures.line import draw_line
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture
from reports.figures.period_marks import fill_span, mark_counts, mark_means, mark_shares
from reports.figures.polarity import find_reach, signed_tick
from reports.figures.spec import FigureSpec
from reports.words.quantities import quantity, signed
from reports.words.scales import BLOCK_INTERVALS, UNCHECKED, with_scale

MOST_DOTS = 4000

#: Each compared column has the heading of its figure; {} is the grain.
COLUMNS = {
    "share": "Share of documents that mention it",
    "mentions": "Posts per {}",
    "polarity_mean": "Mean polarity",
}


def lines_spec(
    subjects: Mapping[str, Sequence[PeriodRow]],
    *,
    span: style.Range,
    column: str,
    scale: str = UNCHECKED,
    intervals: str = BLOCK_INTERVALS,
    has_bands: bool = True,
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

    layers = []
    for number, (subject, period_rows) in enumerate(included.items()):
        color = style.CYCLE[number % len(style.CYCLE)]
        layers += _draw_subject(subject, period_rows, span, column, color)

    if not has_bands:
        layers = [
            replace(layer, marks=list(map(_without_interval, layer.marks))) for layer in layers
        ]

    all_rows = list(chain.from_iterable(included.values()))
    heading = COLUMNS[column].format(span.grain)
    chart = Chart(
        layers=layers,
        sub=f"lines: {smoothing.NAME}s" if span.grain == Grain.DAY else "",
        span=span,
        values=_choose_axis(all_rows, column),
        cut_off=sorted(set(cut_off(all_rows))),
        bulk=span.bulk,
        height=150,
    )
    caption = _explain(span, layers, column, intervals)
    return FigureSpec(
        name=f"compared-{column.replace('_', '-')}",
        picture=Picture(panels=[chart], title=heading),
        alt=f"Lines: {heading.lower()} of {', '.join(included)} in each {span.grain}.",
        caption=with_scale(caption, scale) if column == "polarity_mean" else caption,
    )


def _draw_subject(
    subject: str, period_rows: Sequence[PeriodRow], span: style.Range, column: str, color: str
) -> list[Layer]:
    """Return a subject's line, which breaks where it has no value; days have a moving average."""
    if column == "mentions":
        marks = mark_counts(period_rows, "post")
    elif column == "share":
        marks = mark_shares(period_rows)
    else:
        marks = mark_means(period_rows, "mention")

    draw = draw_dots if span.grain == Grain.DAY else draw_line
    line = Layer(draw=draw, marks=fill_span(marks, span), name=subject, color=color)
    return [line, *smoothing.smooth(period_rows, span, column, color)]


def _without_interval(mark: Mark) -> Mark:
    return replace(mark, low=None, high=None, exported=mark.exported or (mark.low, mark.high))


def _choose_axis(period_rows: Sequence[PeriodRow], column: str) -> Axis:
    if column == "share":
        return Axis(format=style.format_percent)
    if column == "mentions":
        return Axis(is_whole=True)

    reach = find_reach(period_rows)
    return Axis(low=-reach, high=reach, format=signed_tick)


def _explain(span: style.Range, layers: Sequence[Layer], column: str, intervals: str) -> str:
    if span.grain == Grain.DAY:
        lines = smoothing.explain(span.grain, column)
        return f"Dots are days; their intervals are in the table of days.{lines}"

    marks = [mark for layer in layers for mark in layer.marks]
    parts = [f"A line breaks where a {span.grain} has no value."]
    if any(mark.is_few for mark in marks):
        parts.append(f"Small faint dots: n < {style.FEW}.")
    if any(mark.low is not None and not mark.is_few for mark in marks):
        parts.append(f"Bands: {intervals}.")

    parts.append(f"The numbers are in the table of {span.grain}s.")
    return " ".join(parts)


def agreement_spec(
    runs: tuple[int, int],
    pairs: Sequence[tuple[float, float]],
    *,
    names: tuple[str, str],
    rank: float | None,
    scale: str,
) -> FigureSpec:
    """Declare the figure of the agreement of two *runs*, whose polarities are on *scale*.

    *rank* is Spearman's correlation.
    """
    step = max(1, -(-len(pairs) // MOST_DOTS))
    dots = Layer(draw=draw_dots, marks=[Mark(position=x, value=y) for x, y in pairs[::step]])
    same = Layer(
        draw=draw_line,
        marks=[Mark(position=end, value=end) for end in (-1.0, 1.0)],
        color=style.MUTED,
        size=0.6,
    )
    # The last label has room within the picture.
    ends = Axis(name=f"polarity, {names[0]}", low=-1.1, high=1.1, format=signed_tick)
    chart = Chart(
        layers=[same, dots],
        title=f"The same texts: polarity, {names[1]}",
        sub=f"n = {len(pairs):,}" + ("" if rank is None else f" · Spearman {signed(rank)}"),
        positions=ends,
        values=ends,
        height=330,
    )
    return FigureSpec(
        name=f"agreement-{runs[0]}-{runs[1]}",
        picture=Picture(panels=[chart]),
        alt=f"Scatter of the polarities of {quantity(len(pairs), 'text')}, {names[0]} against "
        f"{names[1]}.",
        caption=with_scale(
            "A dot is a sentence or post that both runs scored. On the line, they agree."
            + (" Thinned out evenly." if step > 1 else ""),
            scale,
        ),
        layout="chart square",
    )
