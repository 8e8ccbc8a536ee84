"""The phrases among a month's most common, and the number of documents that hold them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from analysis import grains
from core.enums import Grain
from reports.data.period_counts import gaps
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures import style
from reports.figures.heat import draw_heat
from reports.figures.spec import FigureSpec, Subject

_BLUES = LinearSegmentedColormap.from_list("tidings", ["#dcecf6", "#6fb1d8", "#0072B2", "#003a5c"])
# A count lies within its cell.
_COUNT: style.Look = {"ha": "center", "va": "center", "fontsize": 7.5, "in_layout": False}


@dataclass(frozen=True)
class PhraseGrid:
    """*counts[i][j]*: documents of month j with phrase i; None: not among that month's phrases."""

    phrases: tuple[str, ...]
    periods: tuple[str, ...]
    counts: tuple[tuple[int | None, ...], ...]


def grid(
    phrases_by_month: Mapping[str, Sequence[tuple[str, int]]], *, span: style.Range, most: int = 20
) -> PhraseGrid:
    """Return the *most* lasting and frequent phrases, in order of their first month.

    *phrases_by_month* holds pairs of a phrase and its count.
    """
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for period, phrases in phrases_by_month.items():
        for phrase, count in phrases:
            counts[phrase][period] = count

    def weight(phrase: str) -> tuple[int, int, str]:
        return -len(counts[phrase]), -sum(counts[phrase].values()), phrase

    def first_month(phrase: str) -> tuple[str, int, str]:
        return min(counts[phrase]), -sum(counts[phrase].values()), phrase

    chosen = sorted(sorted(counts, key=weight)[:most], key=first_month)
    periods = tuple(span)
    cells = tuple(tuple(counts[phrase].get(period) for period in periods) for phrase in chosen)
    return PhraseGrid(tuple(chosen), periods, cells)


def merge(phrases: Iterable[PhraseRow], period: str, most: int) -> list[PhraseRow]:
    """Add up the phrases of several months; return the *most* frequent as those of *period*."""
    counts = Counter[str]()
    phrase_row = None
    for phrase_row in phrases:
        counts[phrase_row.phrase] += phrase_row.count

    if phrase_row is None:
        return []

    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:most]
    merged = []
    for rank, (phrase, count) in enumerate(ranked, 1):
        merged.append(PhraseRow(phrase_row.run, period, phrase_row.keyword, rank, phrase, count))

    return merged


def draw_phrases(ax: Axes, table: PhraseGrid, *, gaps: Sequence[str]) -> None:
    """Draw a row for each phrase, a cell for each month that has it; hatched: no data."""
    # None becomes NaN.
    counts = np.array(table.counts, dtype=float)
    # The cell of a phrase in few documents is not to be dark.
    top = max(float(np.nanmax(counts)), 2.0 * style.FEW)
    draw_heat(
        ax,
        counts,
        table.phrases,
        style.Range(table.periods[0], table.periods[-1]),
        rule={"color": style.HAIR, "linewidth": 0.6},
        longest=38,
        cmap=_BLUES,
        # A phrase in hundreds of documents must not blanch all others.
        norm=PowerNorm(0.5, vmin=0, vmax=top),
    )

    for column, period in enumerate(table.periods):
        if period in gaps:
            ax.axvspan(column - 0.5, column + 0.5, label="_gap", **style.GAP_LOOK)

    if len(table.periods) <= 36:
        for y, column in np.argwhere(~np.isnan(counts)):
            count = counts[y, column]
            color = "white" if count > top * 0.3 else style.INK
            ax.text(column, y, f"{count:.0f}", color=color, **_COUNT)


def phrases_figure(subject: Subject, table: PhraseGrid, gaps: Sequence[str], most: int) -> Figure:
    """Return the heat chart of a keyword's phrases, *most* of them per month, or per year."""
    figure, ax = style.new_axes(1.1 + 0.26 * len(table.phrases))
    draw_phrases(ax, table, gaps=gaps)
    unit = grains.grain_of(table.periods[0]).value
    sub = f"of the documents that mention it · blank: not among a {unit}'s {most}"
    style.title(ax, f"Phrases on {subject.name}", sub=sub)
    return figure


def phrases_spec(
    subject: Subject, phrases: Sequence[PhraseRow], period_rows: Sequence[PeriodRow], *, kept: int
) -> FigureSpec | None:
    """Declare the figure of a keyword's *phrases*; *period_rows* are the keyword's."""
    if not phrases:
        return None

    phrases_by_month: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for phrase in phrases:
        phrases_by_month[phrase.job].append((phrase.phrase, phrase.count))

    table = grid(phrases_by_month, span=subject.span)
    unit = subject.span.grain
    whose = ""
    if unit == Grain.YEAR:
        whose = (
            f"Of a year the phrases are added up that were among the {kept} most common of one of "
            "its months. "
        )

    return FigureSpec(
        name=f"{subject.slug}-phrases",
        draw=partial(phrases_figure, subject, table, gaps(period_rows), kept),
        alt=f"Heat chart of phrases by {unit}: {', '.join(table.phrases)}.",
        caption=f"The phrases that were among a {unit}'s {kept} most common, in the order in which "
        f"they came up; a cell holds the number of documents that mention {subject.name} and hold "
        f"the phrase. {whose}Left out: phrases that occur once or only repeat the keyword. A blank "
        f"cell is no zero: the phrase was not among the {unit}'s first. All of them are in "
        "phrases.csv.",
    )
