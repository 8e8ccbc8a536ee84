"""Accounts beside each other: posts period by period, and mean polarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from analysis import grains
from reports.figures import style
from reports.figures.heat import draw_heat, heat_layout, heat_width
from reports.figures.spec import FigureSpec
from reports.words.scales import UNCHECKED, with_scale

# Each account has a row of cells, one for each period.
Cells = Sequence[Sequence[float | None]]
# Each account has the periods that have no data or are cut off.
Gaps = Sequence[Sequence[str]]

_POSTS = LinearSegmentedColormap.from_list("posts", ["#eaf3f9", "#6fb1d8", "#0072B2", "#003a5c"])
_POLARITY = LinearSegmentedColormap.from_list(
    "polarity", ["#a64900", "#efb38a", "#f4f4f2", "#8cbfdf", "#005a8d"]
)
_INTERVAL: style.Look = {"color": style.BLUE, "alpha": 0.45, "linewidth": 2.4}
_DAGGER: style.Look = {"ha": "center", "va": "center", "fontsize": 8, "color": style.INK}
_MEAN: style.Look = {"markersize": 6, "markeredgecolor": style.BLUE, "label": "_mean"}


@dataclass(frozen=True)
class Account:
    """One account or search: *n* posts, the mean polarity of the scored ones, its interval."""

    name: str
    n: int

    # Reposts are not scored.
    scored: int
    mean: float | None
    low: float | None
    high: float | None


def draw_means(ax: Axes, accounts: Sequence[Account]) -> None:
    """Draw a dot and its interval for each account, the first above; hollow where n < 5."""
    labels = []
    for y, account in enumerate(accounts):
        labels.append(f"{account.name}  n = {account.scored:,}")
        if account.low is not None and account.high is not None:
            ends = [max(-1.0, account.low), min(1.0, account.high)]
            ax.plot(ends, [y, y], label="_interval", **_INTERVAL)

        if account.mean is not None:
            face = "white" if account.scored < style.FEW else style.BLUE
            ax.plot([account.mean], [y], "o", markerfacecolor=face, **_MEAN)

    ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1, label="_zero")
    style.label_rows(ax, labels)
    ax.set_ylim(len(accounts) - 0.4, -0.6)
    ax.grid(visible=True, axis="x")
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("mean polarity of posts (\u22121 to 1)")


def means_figure(accounts: Sequence[Account]) -> Figure:
    """Return the mean polarity of each account, over all its posts."""
    figure, ax = style.new_axes(1.0 + 0.28 * len(accounts))
    draw_means(ax, accounts)
    style.title(ax, "Mean polarity by account", sub="lines: 95 % t interval")
    return figure


def means_spec(accounts: Sequence[Account]) -> FigureSpec | None:
    """Declare the figure of the accounts' mean polarities."""
    if not any(account.mean is not None for account in accounts):
        return None

    return FigureSpec(
        name="accounts-polarity",
        draw=partial(means_figure, accounts),
        has_narrow=True,
        alt="Dots: mean polarity of each account's posts, with its interval. The numbers are in "
        "the table.",
        caption=with_scale(
            "Each over all its posts. Hollow: n < 5. Scores differ by names and by style, so that "
            "a difference between two accounts says nothing of their moods.",
            UNCHECKED,
        ),
    )


def draw_calendar(
    ax: Axes,
    account_names: Sequence[str],
    span: style.Range,
    period_values: Cells,
    gaps: Gaps,
    *,
    is_polarity: bool,
    cut_off: Gaps = (),
) -> None:
    """Draw a row for each account, a cell for each period: posts or mean polarity.

    *gaps* are hatched, periods that are *cut_off* have a dagger.
    """
    cells = np.array(period_values, dtype=float)
    top = float(np.nanmax(np.abs(cells), initial=0.0)) or 1.0
    image = draw_heat(
        ax,
        cells,
        account_names,
        span,
        rule={"color": "white", "linewidth": 2},
        cmap=_POLARITY if is_polarity else _POSTS,
        vmin=-top if is_polarity else 0,
        vmax=top,
    )

    columns = {period: column for column, period in enumerate(span)}
    for y, gap_periods in enumerate(gaps):
        for start, end in grains.find_stretches(gap_periods):
            left, right = columns[start] - 0.5, columns[end] + 0.5
            gap = Rectangle((left, y - 0.5), right - left, 1, label="_gap", **style.GAP_LOOK)
            ax.add_patch(gap)

    for y, marked in enumerate(cut_off):
        for period in marked:
            ax.text(columns[period], y, style.CUT_OFF, **_DAGGER)

    figure = ax.get_figure()
    if figure is not None:
        bar = figure.colorbar(image, ax=ax, fraction=0.03, pad=0.01)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, labelsize=8)
        bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=not is_polarity))


def calendar_figure(
    account_names: Sequence[str],
    span: style.Range,
    period_values: Cells,
    gaps: Gaps,
    *,
    is_polarity: bool,
    cut_off: Gaps,
) -> Figure:
    """Return posts, or mean polarity, of each account in each period."""
    figure, ax = style.new_axes(1.1 + 0.28 * len(account_names), heat_width(len(span)))
    draw_calendar(
        ax, account_names, span, period_values, gaps, is_polarity=is_polarity, cut_off=cut_off
    )
    title = f"{'Mean polarity' if is_polarity else 'Posts'} per {span.grain}"
    style.title(ax, title, sub="blank: no post · hatched: no data" if any(gaps) else "")
    return figure


def posts_spec(
    account_names: Sequence[str], span: style.Range, posts: Cells, gaps: Gaps, cut_off: Gaps
) -> FigureSpec:
    """Declare the figure of each account's *posts* in each period."""
    return FigureSpec(
        name="accounts-posts",
        draw=partial(
            calendar_figure, account_names, span, posts, gaps, is_polarity=False, cut_off=cut_off
        ),
        alt=f"Heat chart: posts of each account in each {span.grain}.",
        caption=f"A blank cell has no post.{_explain(span, gaps, cut_off)}",
        layout=heat_layout(len(span)),
    )


def polarity_spec(
    account_names: Sequence[str], span: style.Range, means: Cells, gaps: Gaps, cut_off: Gaps
) -> FigureSpec | None:
    """Declare the figure of each account's mean polarity in each period."""
    if not np.isfinite(np.array(means, dtype=float)).any():
        return None

    return FigureSpec(
        name="accounts-polarity-by-month",
        draw=partial(
            calendar_figure, account_names, span, means, gaps, is_polarity=True, cut_off=cut_off
        ),
        alt=f"Heat chart: mean polarity of each account in each {span.grain}.",
        caption=with_scale(
            "Blue is positive, brown negative. A blank cell has no post with a polarity; reposts "
            f"have none.{_explain(span, gaps, cut_off)}",
            UNCHECKED,
        ),
        layout=heat_layout(len(span)),
    )


def _explain(span: style.Range, gaps: Gaps, cut_off: Gaps) -> str:
    text = ""
    if any(gaps):
        text += (
            " A hatched one has no data: it lies before the first known post, after the last, or "
            "in a year or more without any."
        )

    if any(cut_off):
        text += f" {style.CUT_OFF}: cut off, first or last days of the {span.grain} are missing."

    return text
