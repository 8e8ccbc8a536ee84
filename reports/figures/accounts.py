"""Accounts beside each other: posts period by period, and mean polarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures import heat, rows, style
from reports.figures.heat import Periods, heat_layout, heat_width
from reports.figures.spec import FigureSpec
from reports.words.scales import UNCHECKED, with_scale

# Each account has a row of cells, one for each period.
Cells = Sequence[Sequence[float | None]]

_POSTS = LinearSegmentedColormap.from_list("posts", ["#eaf3f9", "#6fb1d8", "#0072B2", "#003a5c"])
_POLARITY = LinearSegmentedColormap.from_list(
    "polarity", ["#a64900", "#efb38a", "#f4f4f2", "#8cbfdf", "#005a8d"]
)


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
    dot_rows = []
    for account in accounts:
        name, is_few = f"{account.name}  n = {account.scored:,}", account.scored < style.FEW
        low = None if account.low is None else max(-1.0, account.low)
        high = None if account.high is None else min(1.0, account.high)
        dot_rows.append(rows.DotRow(name, account.mean, low, high, is_few))

    rows.draw_dots(ax, dot_rows, style.BLUE)
    rows.mark_zero(ax)
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
    gaps: Periods,
    *,
    is_polarity: bool,
    cut_off: Periods = (),
) -> None:
    """Draw a row for each account, a cell for each period: posts or mean polarity.

    *gaps* are hatched, periods that are *cut_off* have a dagger.
    """
    cells = np.array(period_values, dtype=float)
    top = float(np.nanmax(np.abs(cells), initial=0.0)) or 1.0
    bar = heat.draw_calendar(
        ax,
        cells,
        account_names,
        span,
        gaps=gaps,
        marked=cut_off,
        cmap=_POLARITY if is_polarity else _POSTS,
        vmin=-top if is_polarity else 0,
        vmax=top,
    )
    bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=not is_polarity))


def calendar_figure(
    account_names: Sequence[str],
    span: style.Range,
    period_values: Cells,
    gaps: Periods,
    *,
    is_polarity: bool,
    cut_off: Periods,
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
    account_names: Sequence[str], span: style.Range, posts: Cells, gaps: Periods, cut_off: Periods
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
    account_names: Sequence[str], span: style.Range, means: Cells, gaps: Periods, cut_off: Periods
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


def _explain(span: style.Range, gaps: Periods, cut_off: Periods) -> str:
    text = ""
    if any(gaps):
        text += (
            " A hatched one has no data: it lies before the first known post, after the last, or "
            "in a year or more without any."
        )

    if any(cut_off):
        text += f" {style.CUT_OFF}: cut off, first or last days of the {span.grain} are missing."

    return text
