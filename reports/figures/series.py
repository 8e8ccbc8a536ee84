"""Posts per period."""

from __future__ import annotations

from collections.abc import Sequence

from core.enums import Grain
from reports.data.period_counts import cut_off, gaps, sum_mentions
from reports.data.tables.periods import PeriodRow
from reports.figures import smoothing
from reports.figures.bars import draw_bars
from reports.figures.marks import Axis, Chart, Layer, Picture
from reports.figures.period_marks import mark_counts
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity


def _chart_counts(subject: Subject, period_rows: Sequence[PeriodRow]) -> Chart:
    """Return a bar for each period; a period without data is a gap, and no zero."""
    span, unit = subject.span, subject.noun
    smoothed = f" · line: {smoothing.NAME}" if span.grain == Grain.DAY else ""
    bars = Layer(draw=draw_bars, marks=mark_counts(period_rows, unit))
    return Chart(
        layers=[bars, *smoothing.smooth(period_rows, span, "mentions")],
        title=f"{unit.capitalize()}s of {subject.name} per {span.grain}",
        sub=f"n = {quantity(sum_mentions(period_rows), unit)}{smoothed}",
        span=span,
        values=Axis(is_whole=True),
        gaps=gaps(period_rows),
        cut_off=cut_off(period_rows),
        bulk=span.bulk,
    )


def posts_spec(subject: Subject, period_rows: Sequence[PeriodRow], *, posts: int) -> FigureSpec:
    """Declare the figure of an account's posts, *posts* of them with and without a date."""
    grain, zero = subject.span.grain, ""
    if any(period_row.mentions == 0 for period_row in period_rows):
        zero = f"A ring at zero is a {grain} without a {subject.noun}. "
    if gaps(period_rows):
        zero += f"A hatched {grain} has no data: it is in a year or more without a {subject.noun}. "

    return FigureSpec(
        name=f"{subject.slug}-posts",
        picture=Picture(panels=[_chart_counts(subject, period_rows)]),
        alt=f"Bars: {subject.noun}s of {subject.name} per {grain}, {posts:,} in all.",
        caption=f"From the first known {subject.noun} to the last. {zero}Lighter bars: n < 5."
        f"{smoothing.explain(grain, 'mentions')}",
    )
