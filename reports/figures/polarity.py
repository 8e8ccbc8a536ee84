"""Mean polarity over time."""

from __future__ import annotations

from collections.abc import Sequence

from core.enums import Grain
from reports.data.period_counts import cut_off, polarity_gaps, sum_mentions
from reports.data.tables.periods import PeriodRow
from reports.figures import smoothing, style
from reports.figures.dots import draw_dots
from reports.figures.line import draw_line
from reports.figures.marks import Axis, Chart, Layer, Picture
from reports.figures.period_marks import fill_span, mark_means
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity, signed
from reports.words.scales import BLOCK_INTERVALS, UNCHECKED, with_scale

# Means near zero do not fill the height: the axis reaches at least so far to both sides.
_LEAST_REACH = 0.1


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

    grain = subject.span.grain
    return FigureSpec(
        name=f"{subject.slug}-polarity",
        picture=Picture(panels=[_chart(subject, period_rows, unit)]),
        alt=f"Line: mean polarity of the {unit}s of {subject.name} in each {grain}. The numbers "
        f"are in the table of {grain}s.",
        caption=with_scale(_explain(subject.span, period_rows, unit, intervals), scale),
    )


def _chart(subject: Subject, period_rows: Sequence[PeriodRow], unit: str) -> Chart:
    """Return a line through the means; days have dots and a moving average."""
    span, scored_rows = subject.span, [row.scored_row for row in period_rows]
    marks = fill_span(mark_means(period_rows, unit), span)
    is_by_day = span.grain == Grain.DAY
    means = Layer(draw=draw_dots if is_by_day else draw_line, marks=marks)
    reach = find_reach(period_rows)
    smoothed = f" · line: {smoothing.NAME}" if is_by_day else ""
    return Chart(
        layers=[means, *smoothing.smooth(scored_rows, span, "polarity_mean")],
        title=f"Mean polarity of {subject.name}, all {span.grain}s",
        sub=f"n = {quantity(sum_mentions(scored_rows), unit)}{smoothed}",
        span=span,
        values=Axis(low=-reach, high=reach, format=signed_tick),
        gaps=[period for period in polarity_gaps(period_rows) if period in set(span)],
        cut_off=cut_off(period_rows),
        bulk=span.bulk,
    )


def signed_tick(polarity: float) -> str:
    """Return the label of a polarity on an axis."""
    return signed(polarity) if polarity else "0"


def find_reach(period_rows: Sequence[PeriodRow]) -> float:
    """Return how far the axis of means reaches above and below zero, so that all lie inside.

    The intervals of few would drown all others.
    """
    ends = []
    for row in period_rows:
        is_enough = (row.scored_row.mentions or 0) >= style.FEW
        sure = (row.polarity_low, row.polarity_high) if is_enough else ()
        ends += [abs(end) for end in (row.polarity_mean, *sure) if end is not None]

    return min(1.0, max(_LEAST_REACH, 1.15 * max(ends, default=0.0)))


def _explain(span: style.Range, period_rows: Sequence[PeriodRow], unit: str, intervals: str) -> str:
    if span.grain == Grain.DAY:
        return (
            f"A dot for each day with {unit}s, hollow where n < 5."
            f"{smoothing.explain(span.grain, 'polarity_mean')}"
        )

    scored_rows = [period_row.scored_row for period_row in period_rows]
    parts = [f"The line breaks where a {span.grain} has no data or fewer than {style.FEW} {unit}s."]
    if any(0 < (row.mentions or 0) < style.FEW for row in scored_rows):
        parts.append(f"Small faint dots: n < {style.FEW}.")
    if any(
        (row.mentions or 0) >= style.FEW and row.polarity_low is not None for row in scored_rows
    ):
        parts.append(f"Band: {intervals}.")

    return " ".join(parts)
