"""Accounts beside each other: how much they post month by month, and how they sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports import fonts
from reports.figures import style

_MORE = LinearSegmentedColormap.from_list("more", ["#eaf3f9", "#6fb1d8", "#0072B2", "#003a5c"])
_MOOD = LinearSegmentedColormap.from_list(
    "mood", ["#a64900", "#efb38a", "#f4f4f2", "#8cbfdf", "#005a8d"]
)


@dataclass(frozen=True)
class Account:
    """One account or search: n posts, and the mean polarity with its 95 % interval of those that were scored."""

    name: str
    n: int
    scored: int  # reposts are not
    mean: float | None
    low: float | None
    high: float | None


def draw_moods(ax: Axes, accounts: Sequence[Account]) -> None:
    """A dot and its interval for each account, the first above; hollow where n < 5, none where nothing is known."""
    for row, account in enumerate(accounts):
        if account.mean is None:
            continue
        if account.low is not None and account.high is not None:
            ends = [max(-1.0, account.low), min(1.0, account.high)]
            ax.plot(
                ends, [row, row], color=style.BLUE, alpha=0.45, linewidth=2.4, label="_interval"
            )
        face = "white" if account.scored < style.FEW else style.BLUE
        ax.plot(
            [account.mean],
            [row],
            "o",
            markersize=6,
            markerfacecolor=face,
            markeredgecolor=style.BLUE,
            label="_mean",
        )
    ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1, label="_zero")
    usable = fonts.font_families(a.name for a in accounts)
    ax.set_yticks(
        range(len(accounts)),
        [f"{fonts.replace_undrawable(a.name, usable)}  n = {a.scored:,}" for a in accounts],
    )
    ax.tick_params(axis="y", labelcolor=style.INK)
    ax.set_ylim(len(accounts) - 0.4, -0.6)
    ax.grid(visible=True, axis="x")
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("mean polarity of posts (\u22121 to 1)")


def draw_calendar(
    ax: Axes,
    names: Sequence[str],
    span: style.Range,
    values: Sequence[Sequence[float | None]],
    *,
    mood: bool,
) -> None:
    """A row for each account, a cell for each month: posts, or with *mood* mean polarity; blank: no post."""
    cells = np.array(values, dtype=float)
    known = cells[~np.isnan(cells)]
    top = float(np.abs(known).max()) if known.size and np.abs(known).max() > 0 else 1.0
    colors: Colormap = _MOOD if mood else _MORE
    image = ax.imshow(
        np.ma.masked_invalid(cells),
        aspect="auto",
        cmap=colors,
        vmin=-top if mood else 0,
        vmax=top,
        interpolation="nearest",
        extent=(-0.5, len(span) - 0.5, len(names) - 0.5, -0.5),
    )
    usable = fonts.font_families(names)
    ax.set_yticks(range(len(names)), [fonts.replace_undrawable(name, usable) for name in names])
    ax.set_yticks([edge - 0.5 for edge in range(1, len(names))], minor=True)
    ax.grid(visible=False)
    ax.grid(visible=True, which="minor", axis="y", color="white", linewidth=2)
    months = list(span)
    ax.set_xticks(
        [months.index(p) for p, _ in style.ticks(span)], [label for _, label in style.ticks(span)]
    )
    ax.tick_params(which="both", length=0)
    ax.tick_params(axis="y", labelcolor=style.INK)
    ax.spines[["left", "bottom"]].set_visible(False)
    figure = ax.get_figure()
    if figure is not None:
        bar = figure.colorbar(image, ax=ax, fraction=0.03, pad=0.01)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, labelsize=8)
        bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=not mood))


def moods_figure(accounts: Sequence[Account]) -> Figure:
    """How the accounts sound, each over all its posts."""
    figure, ax = style.new_axes(1.0 + 0.28 * len(accounts))
    draw_moods(ax, accounts)
    style.title(ax, "Mean polarity by account", sub="lines: 95 % t interval")
    return figure


def calendar_figure(
    names: Sequence[str], span: style.Range, values: Sequence[Sequence[float | None]], *, mood: bool
) -> Figure:
    """Posts, or mean polarity, of each account in each month."""
    figure, ax = style.new_axes(1.1 + 0.28 * len(names))
    draw_calendar(ax, names, span, values, mood=mood)
    style.title(ax, "Mean polarity per month" if mood else "Posts per month", sub="blank: no post")
    return figure
