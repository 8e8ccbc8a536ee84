"""The documents of an archive over time, with its bulk days and its missing days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import grains
from core.enums import Grain
from reports.data.missing_days import DayRange
from reports.figures import style
from reports.figures.series import BARS
from reports.figures.spec import FigureSpec
from reports.words.periods import period_name
from reports.words.quantities import quantity

# A figure shows at most this many periods. The periods of a longer run are longer.
MOST_PERIODS = 270
# At most this many bulk days have a label.
MOST_LABELS = 3
# A hatched stretch has at least this part of the width, so that it is seen.
_LEAST_WIDTH = 1 / 250
# So much of the height is left above the bars for the marks of bulk days.
_HEADROOM = 1.3

# The documents of a period, the days of it that the run reads, and the period.
Documents = tuple[str, int, int]


def choose_span(first_month: str, last_month: str) -> style.Range:
    """Return the days, weeks, months or years of a run, whichever there is room for."""
    for grain in (Grain.DAY, Grain.WEEK, Grain.MONTH):
        span = style.Range(*grains.periods_of_months(first_month, last_month, grain))
        if len(span) <= MOST_PERIODS:
            return span

    return style.Range(first_month[:4], last_month[:4])


def archive_figure(
    counts: Sequence[Documents],
    bulk_days: Sequence[tuple[date, int]],
    missing_days: Sequence[DayRange],
    span: style.Range,
) -> Figure:
    """Return the documents a day, with bulk days and missing days marked."""
    figure, ax = style.new_axes(3.3)
    draw_documents(ax, counts, span)
    draw_missing_days(ax, missing_days, span)
    draw_bulk_days(ax, bulk_days)
    documents = quantity(sum(documents for _, documents, _ in counts), "document")
    bulk = f" · bulk days apart: {len(bulk_days):,}" if bulk_days else ""
    style.title(ax, _name(span), sub=f"n = {documents}{bulk}")
    return figure


def _name(span: style.Range) -> str:
    return "Documents a day" if span.grain == Grain.DAY else f"Documents a day, by {span.grain}"


def draw_documents(ax: Axes, counts: Sequence[Documents], span: style.Range) -> None:
    """Draw a bar for each period: its documents a day."""
    places = [style.month_number(period) for period, _, _ in counts]
    heights = [documents / days for _, documents, days in counts]
    ax.bar(places, heights, width=BARS[span.grain], color=style.BLUE, label="documents")
    style.date_axis(ax, span)
    ax.set_ylim(0, _HEADROOM * max(heights, default=1.0) or 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.set_ylabel("documents a day")


def draw_missing_days(ax: Axes, missing_days: Sequence[DayRange], span: style.Range) -> None:
    """Hatch stretches of missing days."""
    width = style.day_after(span.last) - style.first_day(span.first)
    for first, last in missing_days:
        start = style.first_day(first.isoformat())
        end = max(style.day_after(last.isoformat()), start + _LEAST_WIDTH * width)
        ax.axvspan(start, end, label="_missing", **style.GAP_LOOK)


def draw_bulk_days(ax: Axes, bulk_days: Sequence[tuple[date, int]]) -> None:
    """Mark bulk days at the top, and write the documents of the largest beside their marks."""
    if not bulk_days:
        return

    transform = ax.get_xaxis_transform()
    places = [style.month_number(day.isoformat()) for day, _ in bulk_days]
    ax.vlines(places, 0, 0.9, color=style.VERMILLION, linewidth=1, transform=transform)
    ax.plot(
        places,
        [0.9] * len(places),
        "^",
        color=style.VERMILLION,
        markersize=6,
        transform=transform,
        label="bulk day",
    )

    left, right = ax.get_xlim()
    largest = sorted(bulk_days, key=lambda bulk_day: -bulk_day[1])[:MOST_LABELS]
    for day, documents in largest:
        place = style.month_number(day.isoformat())
        is_right = place > (left + right) / 2
        look: style.Look = {"ha": "right" if is_right else "left", "va": "center", "fontsize": 9}
        ax.annotate(
            f"{period_name(day.isoformat())}: {documents:,}",
            (place, 0.9),
            xycoords=transform,
            xytext=(-7 if is_right else 7, 0),
            textcoords="offset points",
            color=style.INK,
            **look,
        )


def archive_spec(
    counts: Sequence[Documents],
    bulk_days: Sequence[tuple[date, int]],
    missing_days: Sequence[DayRange],
    span: style.Range,
) -> FigureSpec:
    """Declare the figure of an archive's documents."""
    caption = "All documents that the run reads"
    if bulk_days:
        caption += "; a triangle marks a bulk day, whose documents are in no bar"
    if missing_days:
        caption += "; hatched: days without a document that are missing"

    return FigureSpec(
        name="archive-days",
        draw=partial(archive_figure, tuple(counts), tuple(bulk_days), tuple(missing_days), span),
        alt=f"Bars: {_name(span).lower()}, from {span.first} to {span.last}. The bulk days and the "
        "missing days are in the tables.",
        caption=f"{caption}.",
        has_narrow=True,
    )
