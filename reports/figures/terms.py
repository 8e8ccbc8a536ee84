"""The terms of a keyword, apart and together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.data.period_counts import cut_off, gaps, sum_mentions
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.bars import draw_bars
from reports.figures.dots import draw_levels
from reports.figures.marks import Axis, Chart, Layer, Picture
from reports.figures.period_marks import mark_counts
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity


def terms_spec(
    subject: Subject,
    rows_by_term: Mapping[str, Sequence[PeriodRow]],
    together: Sequence[PeriodRow],
) -> FigureSpec | None:
    """Declare the figure of a keyword with synonyms: each of them, and all *together*."""
    if len(rows_by_term) < 2 or not sum_mentions(together):
        return None

    grain = subject.span.grain
    layers: list[Layer] = []
    heights: dict[str | float, float] = {}
    for number, (term, term_rows) in enumerate(rows_by_term.items()):
        marks = mark_counts(term_rows, "mention")
        bases = {mark.position: heights.get(mark.position, 0.0) for mark in marks}
        color = style.CYCLE[number % len(style.CYCLE)]
        layers.append(Layer(draw=draw_bars, marks=marks, name=term, color=color, bases=bases))
        heights |= {mark.position: bases[mark.position] + (mark.value or 0.0) for mark in marks}

    name = "together, a sentence once"
    levels = mark_counts(together, "mention")
    layers.append(Layer(draw=draw_levels, marks=levels, name=name, color=style.INK))
    chart = Chart(
        layers=layers,
        title=f"The words for {subject.name}",
        sub=f"n = {quantity(sum_mentions(together), 'mention')}",
        span=subject.span,
        values=Axis(is_whole=True),
        gaps=gaps(together),
        cut_off=cut_off(together),
        bulk=subject.span.bulk,
    )
    return FigureSpec(
        name=f"{subject.slug}-terms",
        picture=Picture(panels=[chart]),
        alt=f"Stacked bars: mentions per {grain} of {', '.join(rows_by_term)}. The numbers are in "
        "periods.csv.",
        caption="Each term, stacked. Black lines: all terms, where a sentence that holds two "
        "counts once.",
    )
