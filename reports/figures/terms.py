"""The terms of a keyword, apart and together, and where one word gives way to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures import style
from reports.figures.series import BAR, gaps, known
from reports.results import PeriodRow


@dataclass(frozen=True)
class ChangeOfWording:
    """From *period* on, *after* is the most frequent term, where *before* was."""

    period: str
    before: str
    after: str


def changes_of_wording(by_term: Mapping[str, Sequence[PeriodRow]]) -> list[ChangeOfWording]:
    """Where the most frequent term changes: the new one leads in this and in the next counted month.

    Months whose leading term has fewer than five mentions are not counted; a tie keeps the old leader.
    """
    leaders: list[tuple[str, set[str]]] = []
    for period in sorted({row.period for rows in by_term.values() for row in rows}):
        of_month = {t: r.mentions for t, rows in by_term.items() for r in known(rows) if r.period == period}
        most = max(of_month.values(), default=0)
        if most >= style.FEW:
            leaders.append((period, {term for term, mentions in of_month.items() if mentions == most}))
    changes: list[ChangeOfWording] = []
    leader: str | None = None
    for number, (period, leading) in enumerate(leaders):
        if leader is None:
            leader = min(leading)
        elif leader not in leading:
            lasting = leading & leaders[number + 1][1] if number + 1 < len(leaders) else leading
            if lasting:
                changes.append(ChangeOfWording(period, leader, min(lasting)))
                leader = min(lasting)
    return changes


def draw_terms(
    ax: Axes, by_term: Mapping[str, Sequence[PeriodRow]], together: Sequence[PeriodRow], *, span: style.Range
) -> None:
    """Bars stacked by term, and a mark for all terms together, where a sentence that holds two counts once."""
    heights = dict.fromkeys(span, 0)
    for number, (term, rows) in enumerate(by_term.items()):
        seen = known(rows)
        ax.bar(
            [style.month_number(r.period) for r in seen],
            [r.mentions for r in seen],
            width=BAR,
            bottom=[heights[r.period] for r in seen],
            color=style.CYCLE[number % len(style.CYCLE)],
            edgecolor="white",
            linewidth=0.5,
            hatch="" if number < len(style.CYCLE) else "//",
            label=term,
        )
        for row in seen:
            heights[row.period] += row.mentions
    seen = known(together)
    ax.plot(
        [style.month_number(r.period) for r in seen],
        [r.mentions for r in seen],
        "_",
        color=style.INK,
        markersize=11 if len(span) <= 36 else 4,
        markeredgewidth=1.6,
        label="together, a sentence once",
    )
    top = max([*heights.values(), 1])
    for change in changes_of_wording(by_term):
        x = style.month_number(change.period) - 15
        ax.axvline(x, color=style.MUTED, linestyle=(0, (3, 3)), linewidth=1, zorder=0.9, label="_change")
        ax.annotate(
            f"“{change.after}” leads",
            (x, top * 1.08),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8.5,
            color=style.MUTED,
        )
    style.mark_gaps(ax, gaps(together))
    style.date_axis(ax, span)
    ax.set_ylim(0, top * 1.2)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.set_ylabel("mentions a month")


def terms_figure(
    by_term: Mapping[str, Sequence[PeriodRow]], together: Sequence[PeriodRow], *, span: style.Range, subject: str
) -> Figure:
    """The picture of a keyword with synonyms."""
    figure, ax = style.new_axes(3.8)
    draw_terms(ax, by_term, together, span=span)
    n = sum(r.mentions for r in known(together))
    style.title(ax, f"The words for {subject}", sub=f"n = {n:,} mentions")
    figure.legend(loc="outside lower left", ncols=5, handlelength=1.1, columnspacing=1.4)
    return figure
