"""The terms of a keyword, apart and together, and the periods in which one overtakes another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import grains
from core.enums import Grain
from reports.data.period_counts import count_months, cut_off, gaps, mentions_by_month, sum_mentions
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.series import BARS, explain_cut_off
from reports.figures.spec import FigureSpec, Subject
from reports.findings.overtakings import MOST_TOLD, find_overtakings
from reports.words.quantities import quantity

_CHANGE: style.Look = {"color": style.MUTED, "linestyle": (0, (3, 3)), "linewidth": 1}
_CHANGE_TEXT: style.Look = {"textcoords": "offset points", "fontsize": 8.5}
# Texts take these rows in turn, so that neighbours do not overlap.
_TEXT_ROWS = 3
# A row's height is a share of the highest bar.
_ROW_HEIGHT = 0.12


class _Stack:
    """Bars of several terms upon each other, period by period."""

    def __init__(self, ax: Axes, periods: Sequence[str], span: style.Range) -> None:
        self._ax = ax
        self._terms = 0
        self._span = span
        self.heights = dict.fromkeys(periods, 0.0)

    def add(
        self, term: str, heights: Mapping[str, float], totals: Mapping[str, int] | None = None
    ) -> None:
        """Draw the bars of one more term, *heights* by period, lighter where *totals* are small."""
        color: Any = style.CYCLE[self._terms % len(style.CYCLE)]
        if totals is not None:
            color = [style.shade(color, totals[period]) for period in heights]

        self._ax.bar(
            [style.month_number(period) for period in heights],
            list(heights.values()),
            width=BARS[self._span.grain],
            bottom=[self.heights[period] for period in heights],
            color=color,
            edgecolor="white",
            linewidth=0.5 * style.crowding(self._span),
            hatch="" if self._terms < len(style.CYCLE) else "//",
            label=style.without_undrawable(term),
        )
        self._terms += 1
        for period, height in heights.items():
            self.heights[period] += height


def draw_terms(
    ax: Axes,
    rows_by_term: Mapping[str, Sequence[PeriodRow]],
    together: Sequence[PeriodRow],
    *,
    span: style.Range,
    months: Mapping[str, Sequence[PeriodRow]] | None = None,
) -> None:
    """Draw bars stacked by term, and a mark for all together, which counts each sentence once.

    Overtakings are looked for in *months*, the rows by month, if *rows_by_term* has others.
    """
    stack = _Stack(ax, list(span), span)
    for term, term_rows in rows_by_term.items():
        stack.add(term, mentions_by_month(term_rows))

    marks = mentions_by_month(together)
    ax.plot(
        [style.month_number(period) for period in marks],
        list(marks.values()),
        "_",
        color=style.INK,
        markersize=11 if len(span) <= 36 else 4,
        markeredgewidth=1.6,
        label="together, a sentence once",
    )

    top = max([*stack.heights.values(), 1])
    overtakings = find_overtakings(months or rows_by_term)[:MOST_TOLD]
    for index, overtaking in enumerate(overtakings):
        x = style.first_day(str(overtaking.answer[0]))
        y = top * (1.08 + _ROW_HEIGHT * (index % _TEXT_ROWS))
        text = style.without_undrawable(f"“{overtaking.topic[1]}” overtakes")
        ax.axvline(x, zorder=0.9, label="_change", **_CHANGE)
        ax.annotate(text, (x, y), xytext=(4, 0), color=style.MUTED, **_CHANGE_TEXT)

    style.mark_gaps(ax, gaps(together))
    style.mark_bulk(ax, span.bulk)
    style.mark_cut_off(ax, cut_off(together))
    style.date_axis(ax, span)
    text_rows = min(len(overtakings), _TEXT_ROWS)
    ax.set_ylim(0, top * (1.2 + _ROW_HEIGHT * max(0, text_rows - 1)))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.set_ylabel(f"mentions a {span.grain}")


def draw_term_shares(
    ax: Axes, rows_by_term: Mapping[str, Sequence[PeriodRow]], *, span: style.Range
) -> None:
    """Draw each term's share of a period's mentions, lighter if they are fewer than five."""
    totals = dict.fromkeys(span, 0)
    not_counted: set[str] = set()
    for term_rows in rows_by_term.values():
        not_counted.update(gaps(term_rows))
        for count in count_months(term_rows):
            totals[count.period] += count.mentions

    periods = [period for period in span if totals[period]]
    stack = _Stack(ax, periods, span)
    for term, term_rows in rows_by_term.items():
        mentions = mentions_by_month(term_rows)
        shares = {period: mentions.get(period, 0) / totals[period] for period in periods}
        stack.add(term, shares, totals)

    style.mark_gaps(ax, sorted(not_counted))
    style.date_axis(ax, span)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4))
    ax.yaxis.set_major_formatter(style.format_percent)
    ax.set_ylabel("share of them")


def terms_figure(
    subject: Subject,
    rows_by_term: Mapping[str, Sequence[PeriodRow]],
    together: Sequence[PeriodRow],
    months: Mapping[str, Sequence[PeriodRow]] | None = None,
    *,
    legend_columns: int = 5,
) -> Figure:
    """Return how often each term of a keyword is used, above each term's share."""
    figure = style.new_figure(5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    draw_terms(above, rows_by_term, together, span=subject.span, months=months)
    draw_term_shares(below, rows_by_term, span=subject.span)

    mentions = f"n = {quantity(sum_mentions(together), 'mention')}"
    style.title(above, f"The words for {subject.name}", sub=mentions)
    shares = f"share of each {subject.span.grain}'s mentions"
    style.title(below, "Which word is used", sub=shares)
    handles, labels = above.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower left",
        ncols=legend_columns,
        handlelength=1.1,
        columnspacing=1.4,
    )
    return figure


def terms_spec(
    subject: Subject,
    rows_by_term: Mapping[str, Sequence[PeriodRow]],
    together: Sequence[PeriodRow],
    months: Mapping[str, Sequence[PeriodRow]] | None = None,
) -> FigureSpec | None:
    """Declare the figure of a keyword with synonyms; *months* as in `draw_terms`."""
    if len(rows_by_term) < 2 or not sum_mentions(together):
        return None

    grain = subject.span.grain
    draw = partial(terms_figure, subject, rows_by_term, together, months)
    return FigureSpec(
        name=f"{subject.slug}-terms",
        draw=draw,
        has_narrow=True,
        draw_narrow=partial(draw, legend_columns=2),
        alt=f"Stacked bars: mentions per {grain} of {', '.join(rows_by_term)}; below, the share of "
        "each. The numbers are in periods.csv.",
        caption="Above: terms apart (stacked) and together (the black marks: a sentence with two "
        "terms counts once); a dashed line marks from when on another word leads in most "
        f"{_overtaking_grain(months, grain)}s, repeats counted. Below: which of them is used."
        f"{explain_cut_off(together)}{style.explain_bulk(subject.span)}",
    )


def _overtaking_grain(
    rows_by_term: Mapping[str, Sequence[PeriodRow]] | None, grain: Grain
) -> Grain:
    """Return the grain of the periods in which terms are compared."""
    term_rows = next(iter(rows_by_term.values()), ()) if rows_by_term else ()
    return grains.grain_of(term_rows[0].period) if term_rows else grain
