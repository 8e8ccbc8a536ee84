"""A column of the table `periods` over time: posts as bars, all else as a line for each subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from core.enums import Grain
from reports.data.period_gaps import cut_off, gaps, polarity_gaps, sum_mentions
from reports.data.tables.periods import PeriodRow
from reports.figures import smoothing, style
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture
from reports.figures.period_marks import fill_span, mark_counts, mark_means, mark_shares
from reports.figures.shapes import draw_bars, draw_dots, draw_line
from reports.figures.spec import FigureSpec, Subject
from reports.stats.thresholds import FEW
from reports.words.quantities import quantity, signed
from reports.words.scales import BLOCK_INTERVALS, UNCHECKED, with_scale

#: Each column has the heading of its figure.
HEADINGS = {
    "share": "Share of documents that mention it",
    "mentions": "{unit}s per {grain}",
    "polarity_mean": "Mean polarity",
}


def posts_spec(subject: Subject, period_rows: Sequence[PeriodRow], *, posts: int) -> FigureSpec:
    """Declare the figure of an account's posts, *posts* of them with and without a date."""
    span, zero = subject.span, ""
    if any(period_row.mentions == 0 for period_row in period_rows):
        zero = f"A ring at zero is a {span.grain} without a {subject.noun}. "

    if gaps(period_rows):
        zero += (
            f"A hatched {span.grain} has no data: it is in a year or more without a "
            f"{subject.noun}. "
        )

    smoothed = f" · line: {smoothing.NAME}" if span.grain == Grain.DAY else ""
    bars = Layer(draw=draw_bars, marks=mark_counts(period_rows, subject.noun))
    panel = Chart(
        layers=[bars, *smoothing.smooth(period_rows, span, "mentions")],
        title=f"{subject.noun.capitalize()}s of {subject.name} per {span.grain}",
        sub=f"n = {quantity(sum_mentions(period_rows), subject.noun)}{smoothed}",
        span=span,
        values=Axis(is_whole=True),
        gaps=gaps(period_rows),
        cut_off=cut_off(period_rows),
        bulk=span.bulk,
    )
    return FigureSpec(
        name=f"{subject.slug}-posts",
        picture=Picture(panels=[panel]),
        alt=f"Bars: {subject.noun}s of {subject.name} per {span.grain}, {posts:,} in all.",
        caption=f"From the first known {subject.noun} to the last. {zero}Lighter bars: n < 5."
        f"{smoothing.explain(span.grain, 'mentions')}",
    )


def polarity_spec(
    subject: Subject,
    period_rows: Sequence[PeriodRow],
    *,
    unit: str = "mention",
    scale: str = UNCHECKED,
    intervals: str = BLOCK_INTERVALS,
) -> FigureSpec | None:
    """Declare the figure of a subject's mean polarity; the *unit* is a mention or a post.

    *scale* describes the scale of the polarities, *intervals* what the rows' intervals say.
    """
    if all(period_row.polarity_mean is None for period_row in period_rows):
        return None

    span = subject.span
    scored = sum_mentions(row.scored_row for row in period_rows)
    smoothed = f" · line: {smoothing.NAME}" if span.grain == Grain.DAY else ""
    panel = replace(
        _chart_lines({"": period_rows}, span, "polarity_mean", unit),
        title=f"Mean polarity of {subject.name}, all {span.grain}s",
        sub=f"n = {quantity(scored, unit)}{smoothed}",
        gaps=[period for period in polarity_gaps(period_rows) if period in set(span)],
    )
    return FigureSpec(
        name=f"{subject.slug}-polarity",
        picture=Picture(panels=[panel]),
        alt=f"Line: mean polarity of the {unit}s of {subject.name} in each {span.grain}. The "
        f"numbers are in the table of {span.grain}s.",
        caption=with_scale(_explain(panel, span, "polarity_mean", intervals), scale),
    )


def terms_spec(
    subject: Subject,
    rows_by_term: Mapping[str, Sequence[PeriodRow]],
    together: Sequence[PeriodRow],
) -> FigureSpec | None:
    """Declare the figure of a keyword with synonyms: each of them, and all *together*."""
    if len(rows_by_term) < 2 or not sum_mentions(together):
        return None

    subjects = {**rows_by_term, "together, a sentence once": together}
    spec = lines_spec(subjects, span=subject.span, column="mentions", unit="mention")
    if spec is None:
        return None

    picture = replace(spec.picture, title=f"The words for {subject.name}")
    return replace(spec, name=f"{subject.slug}-terms", picture=picture)


def lines_spec(
    subjects: Mapping[str, Sequence[PeriodRow]],
    *,
    span: style.Range,
    column: str,
    unit: str = "",
    scale: str = UNCHECKED,
    intervals: str = BLOCK_INTERVALS,
    has_bands: bool = True,
) -> FigureSpec | None:
    """Declare the figure of one column, without subjects whose every share is 1 (posts).

    A line has its subject's name in the legend. Mentions are counted, and means taken, of a *unit*,
    by default posts and mentions. *scale* describes the scale of polarities, *intervals* what the
    rows' intervals say.
    """
    included, has_values = {}, False
    for subject, period_rows in subjects.items():
        column_values = {getattr(period_row, column) for period_row in period_rows} - {None}
        has_values |= bool(column_values)
        if column != "share" or column_values - {1.0}:
            included[subject] = period_rows

    if not included or not has_values:
        return None

    unit = unit or ("post" if column == "mentions" else "mention")
    heading = HEADINGS[column].format(unit=unit.capitalize(), grain=span.grain)
    panel = _chart_lines(included, span, column, unit)
    if not has_bands:
        layers = [
            replace(layer, marks=[_without_interval(mark) for mark in layer.marks])
            for layer in panel.layers
        ]
        panel = replace(panel, layers=layers)

    caption = _explain(panel, span, column, intervals)
    return FigureSpec(
        name=f"compared-{column.replace('_', '-')}",
        picture=Picture(panels=[replace(panel, height=150)], title=heading),
        alt=f"Lines: {heading.lower()} of {', '.join(included)} in each {span.grain}.",
        caption=with_scale(caption, scale) if column == "polarity_mean" else caption,
    )


def _chart_lines(
    subjects: Mapping[str, Sequence[PeriodRow]], span: style.Range, column: str, unit: str
) -> Chart:
    """Return a line for each subject, which breaks where it has no value.

    Days have dots and a moving average.
    """
    layers = []
    draw = draw_dots if span.grain == Grain.DAY else draw_line
    for number, (subject, period_rows) in enumerate(subjects.items()):
        color = style.CYCLE[number % len(style.CYCLE)]
        marks = fill_span(_mark(period_rows, column, unit), span)
        layers.append(Layer(draw=draw, marks=marks, name=subject, color=color))
        average_color = color if subject else style.INK
        layers += smoothing.smooth(period_rows, span, column, average_color)

    all_rows = list(chain.from_iterable(subjects.values()))
    return Chart(
        layers=layers,
        sub=f"lines: {smoothing.NAME}s" if span.grain == Grain.DAY else "",
        span=span,
        values=_choose_axis(all_rows, column),
        cut_off=sorted(set(cut_off(all_rows))),
        bulk=span.bulk,
    )


def _mark(period_rows: Sequence[PeriodRow], column: str, unit: str) -> list[Mark]:
    if column == "mentions":
        # A small count is as sure as a large one: the line goes through it.
        return [replace(mark, is_few=False) for mark in mark_counts(period_rows, unit)]

    return mark_shares(period_rows) if column == "share" else mark_means(period_rows, unit)


def _without_interval(mark: Mark) -> Mark:
    return replace(mark, low=None, high=None, exported=mark.exported or (mark.low, mark.high))


def _choose_axis(period_rows: Sequence[PeriodRow], column: str) -> Axis:
    if column == "share":
        return Axis(format=style.format_percent)

    if column == "mentions":
        return Axis(is_whole=True)

    reach = find_reach(period_rows)
    return Axis(low=-reach, high=reach, format=signed_tick)


def signed_tick(polarity: float) -> str:
    """Return the label of a polarity on an axis."""
    return signed(polarity) if polarity else "0"


def find_reach(period_rows: Sequence[PeriodRow], least: float = 0.1) -> float:
    """Return how far the axis of means reaches above and below zero, so that all lie inside.

    The intervals of few would drown all others. Means near zero do not fill the height: the axis
    reaches at *least* so far.
    """
    ends = []
    for row in period_rows:
        is_enough = (row.scored_row.mentions or 0) >= FEW
        sure = (row.polarity_low, row.polarity_high) if is_enough else ()
        ends += [abs(end) for end in (row.polarity_mean, *sure) if end is not None]

    return min(1.0, max(least, 1.15 * max(ends, default=0.0)))


def _explain(panel: Chart, span: style.Range, column: str, intervals: str) -> str:
    if span.grain == Grain.DAY:
        lines = smoothing.explain(span.grain, column)
        return f"Dots are days; their intervals are in the table of days.{lines}"

    marks = [mark for layer in panel.layers for mark in layer.marks]
    parts = [f"A line breaks where a {span.grain} has no value."]
    if any(mark.is_few for mark in marks):
        parts.append(f"Small faint dots: n < {FEW}.")

    if any(mark.low is not None and not mark.is_few for mark in marks):
        parts.append(f"Bands: {intervals}.")

    parts.append(f"The numbers are in the table of {span.grain}s.")
    return " ".join(parts)
