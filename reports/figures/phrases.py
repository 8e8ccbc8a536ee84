"""The rise and fall of phrases: which were among a month's most common, and how many documents held them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from reports import fonts
from reports.figures import style

_BLUES = LinearSegmentedColormap.from_list("tidings", ["#dcecf6", "#6fb1d8", "#0072B2", "#003a5c"])
_LONG = 38  # characters of a label


@dataclass(frozen=True)
class PhraseGrid:
    """*counts[i][j]*: documents of month j that hold phrase i; None where it was not among that month's phrases."""

    phrases: tuple[str, ...]
    periods: tuple[str, ...]
    counts: tuple[tuple[int | None, ...], ...]


def grid(
    by_month: Mapping[str, Sequence[tuple[str, int]]], *, span: style.Range, most: int = 20
) -> PhraseGrid:
    """The *most* lasting and frequent phrases, in order of their first month. *by_month* holds (phrase, count)."""
    seen: dict[str, dict[str, int]] = defaultdict(dict)
    for period, phrases in by_month.items():
        for phrase, count in phrases:
            seen[phrase][period] = count
    weighed = sorted(seen, key=lambda p: (-len(seen[p]), -sum(seen[p].values()), p))[:most]
    chosen = sorted(weighed, key=lambda p: (min(seen[p]), -sum(seen[p].values()), p))
    periods = tuple(span)
    counts = tuple(tuple(seen[phrase].get(period) for period in periods) for phrase in chosen)
    return PhraseGrid(tuple(chosen), periods, counts)


def draw_phrases(ax: Axes, table: PhraseGrid, *, gaps: Sequence[str]) -> None:
    """A row for each phrase, a cell for each month in which it was among the most common; hatched: no data."""
    counts = np.array(table.counts, dtype=float)  # None becomes NaN
    top = float(np.nanmax(counts))
    ax.imshow(
        np.ma.masked_invalid(counts),
        aspect="auto",
        cmap=_BLUES,
        norm=PowerNorm(0.5, vmin=0, vmax=top),  # one phrase of hundreds must not blanch all others
        interpolation="nearest",
        extent=(-0.5, len(table.periods) - 0.5, len(table.phrases) - 0.5, -0.5),
    )
    for column, period in enumerate(table.periods):
        if period in gaps:
            ax.axvspan(column - 0.5, column + 0.5, label="_gap", **style.GAP_LOOK)
    if len(table.periods) <= 36:
        for row, column in zip(*np.nonzero(~np.isnan(counts)), strict=True):
            count = counts[row, column]
            ax.text(
                column,
                row,
                f"{count:.0f}",
                ha="center",
                va="center",
                fontsize=7.5,
                color="white" if count > top * 0.3 else style.INK,
            )
    usable = fonts.font_families(table.phrases)
    ax.set_yticks(
        range(len(table.phrases)),
        [_label(fonts.replace_undrawable(phrase, usable)) for phrase in table.phrases],
    )
    ax.set_yticks([edge - 0.5 for edge in range(1, len(table.phrases))], minor=True)
    ax.grid(visible=False)
    ax.grid(visible=True, which="minor", axis="y", color=style.HAIR, linewidth=0.6)
    chosen = style.ticks(style.Range(table.periods[0], table.periods[-1]))
    ax.set_xticks(
        [table.periods.index(period) for period, _ in chosen], [label for _, label in chosen]
    )
    ax.set_xlim(-0.5, len(table.periods) - 0.5)
    ax.tick_params(which="both", length=0)
    ax.tick_params(axis="y", labelcolor=style.INK)
    ax.spines[["left", "bottom"]].set_visible(False)


def _label(phrase: str) -> str:
    return phrase if len(phrase) <= _LONG else phrase[: _LONG - 1].rstrip() + "…"


def phrases_figure(table: PhraseGrid, *, gaps: Sequence[str], subject: str, kept: int) -> Figure:
    """The heat chart of a keyword's phrases; *kept* is how many the run asked for per month."""
    figure, ax = style.new_axes(1.1 + 0.26 * len(table.phrases))
    draw_phrases(ax, table, gaps=gaps)
    style.title(
        ax,
        f"Phrases on {subject}",
        sub=f"documents that hold it · blank: not among a month's {kept}",
    )
    return figure
