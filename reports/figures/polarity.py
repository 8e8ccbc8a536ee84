"""Mean polarity over time: in each year, and over all months."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures import style
from reports.tables.periods import PeriodRow


def draw_mood(
    ax: Axes, rows: Sequence[PeriodRow], *, span: style.Range, color: str = style.BLUE
) -> None:
    """The monthly mean polarity as a line that breaks where a month has none, its 95 % interval as a band, n below.

    A month with fewer than five polarities is a hollow dot.
    """
    placed = [row for row in rows if row.period in set(span)]
    xs = [style.month_number(r.period) for r in placed]
    for x, y in style.segments(xs, [r.polarity_mean for r in placed]):
        ax.plot(x, y, color=color, zorder=3, label="mean")
    enough = [
        (r.mentions or 0) >= style.FEW for r in placed
    ]  # the interval of two mentions would drown all others
    low = style.segments(
        xs, [r.polarity_low if many else None for r, many in zip(placed, enough, strict=True)]
    )
    high = style.segments(
        xs, [r.polarity_high if many else None for r, many in zip(placed, enough, strict=True)]
    )
    for (x, bottom), (_, top) in zip(low, high, strict=True):
        if len(x) > 1:
            ax.fill_between(
                x,
                _within(bottom),
                _within(top),
                color=color,
                alpha=0.14,
                linewidth=0,
                label="_interval",
            )
    for row in placed:
        if row.polarity_low is not None and row.polarity_high is not None:
            middle, ends = (
                style.month_number(row.period),
                _within([row.polarity_low, row.polarity_high]),
            )
            ax.plot([middle, middle], ends, color=color, alpha=0.3, linewidth=1, label="_interval")
    with_mean = [r for r in placed if r.polarity_mean is not None]
    ax.scatter(
        [style.month_number(r.period) for r in with_mean],
        [r.polarity_mean or 0.0 for r in with_mean],
        s=28,
        facecolors=["white" if (r.mentions or 0) < style.FEW else color for r in with_mean],
        edgecolors=color,
        zorder=4,
        label="months",
    )
    ax.axhline(0, color=style.MUTED, linewidth=0.8, zorder=1, label="_zero")
    style.mark_gaps(ax, gaps(placed))
    style.date_axis(ax, span)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.set_ylabel("mean polarity")


def gaps(rows: Sequence[PeriodRow]) -> list[str]:
    """The months whose mean is not known; one that was counted and holds no mention has none, and is no gap."""
    return [
        r.period for r in rows if r.mentions is None or (r.mentions and r.polarity_mean is None)
    ]


def _within(values: Sequence[float]) -> list[float]:
    """Polarity lies between -1 and 1; an interval from two mentions may reach further, the axis need not."""
    return [max(-1.0, min(1.0, value)) for value in values]


def print_n(ax: Axes, rows: Sequence[PeriodRow], *, span: style.Range) -> None:
    """Write each month's n along the lower edge, where there is room for it."""
    if len(span) > 30:
        return
    for row in rows:
        if row.mentions is not None and row.period in set(span):
            ax.text(
                style.month_number(row.period),
                0.015,
                f"{row.mentions:,}",
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=7,
                color=style.MUTED,
            )


def limits(rows: Sequence[PeriodRow]) -> tuple[float, float]:
    """One scale for all pictures of a run's mean polarity: zero inside, the means and most intervals too."""
    values = [v for r in rows for v in (r.polarity_mean,) if v is not None]
    ends = [
        v
        for r in rows
        if (r.mentions or 0) >= style.FEW
        for v in (r.polarity_low, r.polarity_high)
        if v is not None
    ]
    reach = max((abs(v) for v in values + ends), default=0.1)
    reach = min(1.0, max(0.1, reach * 1.15))
    return -reach, reach


def overall_figure(
    rows: Sequence[PeriodRow], *, span: style.Range, subject: str, unit: str = "mentions"
) -> Figure:
    """The monthly mean over all months."""
    figure, ax = style.new_axes(3.6)
    draw_mood(ax, rows, span=span)
    low, high = limits(rows)
    ax.set_ylim(low * 1.12, high)  # a strip below for n
    print_n(ax, rows, span=span)
    n = sum(r.mentions or 0 for r in rows)
    style.title(
        ax,
        f"Mean polarity of {subject}, all months",
        sub=f"n = {n:,} {unit} · band: 95 % t interval",
    )
    return figure


def yearly_figure(rows: Sequence[PeriodRow], *, subject: str, unit: str = "mentions") -> Figure:
    """A panel for each year, January to December, all to one scale."""
    years = sorted({row.period[:4] for row in rows})
    across = min(2, len(years))
    down = -(-len(years) // across)
    figure = style.new_figure(0.5 + 2.4 * down)
    figure.set_layout_engine("constrained", wspace=0.06, hspace=0.06)
    panels = figure.subplots(down, across, sharey=True, squeeze=False)
    low, high = limits(rows)
    for number, ax in enumerate(panels.flat):
        if number >= len(years):
            ax.set_axis_off()
            continue
        year = years[number]
        of_year = [row for row in rows if row.period[:4] == year]
        draw_mood(ax, of_year, span=style.Range(f"{year}-01", f"{year}-12"))
        ax.set_ylim(low * 1.15, high)
        if number % across:
            ax.set_ylabel("")
        print_n(ax, of_year, span=style.Range(f"{year}-01", f"{year}-12"))
        n = sum(row.mentions or 0 for row in of_year)
        style.title(ax, year, sub=f"n = {n:,} {unit}")
    figure.suptitle(
        f"Mean polarity of {subject}, month by month in each year",
        x=0.01,
        ha="left",
        fontsize=11.5,
        fontweight="bold",
    )
    return figure
