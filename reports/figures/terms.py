"""The terms of a keyword, apart and together, and where one word gives way to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from reports.figures import style
from reports.figures.series import BAR, gaps, known
from reports.tables.periods import PeriodRow


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
        of_month = {
            t: r.mentions for t, rows in by_term.items() for r in known(rows) if r.period == period
        }
        most = max(of_month.values(), default=0)
        if most >= style.FEW:
            leaders.append(
                (period, {term for term, mentions in of_month.items() if mentions == most})
            )
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
    ax: Axes,
    by_term: Mapping[str, Sequence[PeriodRow]],
    together: Sequence[PeriodRow],
    *,
    span: style.Range,
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
        ax.axvline(
            x, color=style.MUTED, linestyle=(0, (3, 3)), linewidth=1, zorder=0.9, label="_change"
        )
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


def draw_term_shares(
    ax: Axes, by_term: Mapping[str, Sequence[PeriodRow]], *, span: style.Range
) -> None:
    """Each term's share of a month's mentions of any, stacked to the whole; lighter where they are fewer than five."""
    counts = {
        term: {row.period: row.mentions for row in known(rows)} for term, rows in by_term.items()
    }
    totals = {period: sum(of_term.get(period, 0) for of_term in counts.values()) for period in span}
    months = [period for period in span if totals[period]]
    heights = dict.fromkeys(months, 0.0)
    for number, (term, of_term) in enumerate(counts.items()):
        shares = [of_term.get(period, 0) / totals[period] for period in months]
        color = style.CYCLE[number % len(style.CYCLE)]
        ax.bar(
            [style.month_number(period) for period in months],
            shares,
            width=BAR,
            bottom=[heights[period] for period in months],
            color=[style.shade(color, totals[period]) for period in months],
            edgecolor="white",
            linewidth=0.5,
            hatch="" if number < len(style.CYCLE) else "//",
            label=term,
        )
        for period, share in zip(months, shares, strict=True):
            heights[period] += share
    style.mark_gaps(ax, sorted({period for rows in by_term.values() for period in gaps(rows)}))
    style.date_axis(ax, span)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4))
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    ax.set_ylabel("share of them")


def terms_figure(
    by_term: Mapping[str, Sequence[PeriodRow]],
    together: Sequence[PeriodRow],
    *,
    span: style.Range,
    subject: str,
) -> Figure:
    """The picture of a keyword with synonyms: how often each is said, and which one people say."""
    figure = style.new_figure(5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    draw_terms(above, by_term, together, span=span)
    draw_term_shares(below, by_term, span=span)
    n = sum(r.mentions for r in known(together))
    style.title(above, f"The words for {subject}", sub=f"n = {n:,} mentions")
    style.title(below, "Which word is said", sub="share of each month's mentions")
    handles, labels = above.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower left", ncols=5, handlelength=1.1, columnspacing=1.4
    )
    return figure
