"""The documents of an archive over time, with its bulk days and its missing days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from analysis import grains
from core.enums import Grain
from reports.data.missing_days import DayRange
from reports.data.sources_in_common import CommonPeriod
from reports.figures import style
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture, name_row
from reports.figures.period_marks import fill_span
from reports.figures.shapes import draw_bars, draw_line
from reports.figures.spec import FigureSpec
from reports.words.periods import period_name
from reports.words.quantities import format_share, quantity

# The figure of what sources have in common has at most this many keywords.
MOST_KEYWORDS = 6

# The documents of a period, the days of it that the run reads, and the period.
Documents = tuple[str, int, int]


def choose_span(first_month: str, last_month: str, most: int = 270) -> style.Range:
    """Return the days, weeks, months or years of a run, at *most* so many periods."""
    for grain in (Grain.DAY, Grain.WEEK, Grain.MONTH):
        span = style.Range(*grains.periods_of_months(first_month, last_month, grain))
        if len(span) <= most:
            return span

    return style.Range(first_month[:4], last_month[:4])


def archive_spec(
    counts: Sequence[Documents],
    bulk_days: Sequence[tuple[date, int]],
    missing_days: Sequence[DayRange],
    span: style.Range,
) -> FigureSpec:
    """Declare the figure of an archive's documents."""
    name = "Documents a day" if span.grain == Grain.DAY else f"Documents a day, by {span.grain}"
    caption = "All documents that the run reads"
    if bulk_days:
        caption += "; a triangle marks a bulk day, whose documents are in no bar"
    if missing_days:
        caption += "; hatched: days without a document that are missing"

    gaps: list[str] = []
    for first, last in missing_days:
        gaps += grains.list_periods(first.isoformat(), last.isoformat())

    documents = quantity(sum(documents for _, documents, _ in counts), "document")
    bulk = f" · bulk days apart: {len(bulk_days):,}" if bulk_days else ""
    chart = Chart(
        layers=[
            Layer(draw=draw_bars, marks=[_mark(*count, span) for count in counts]),
        ],
        title=name,
        sub=f"n = {documents}{bulk}",
        span=span,
        values=Axis(is_whole=True),
        gaps=gaps,
        bulk=sorted({grains.period_of(day, span.grain) for day, _ in bulk_days}),
    )
    return FigureSpec(
        name="archive-days",
        picture=Picture(panels=[chart]),
        alt=f"Bars: {name.lower()}, from {span.first} to {span.last}. The bulk days and the "
        "missing days are in the tables.",
        caption=f"{caption}.",
    )


def common_spec(outlet: str, months: Sequence[CommonPeriod]) -> FigureSpec | None:
    """Declare the figure of the keywords' shares of what all sources hold of an outlet, by month.

    *months* are those of the outlet; one alone has no figure.
    """
    if len(months) < 2:
        return None

    span = style.Range.of(month.period or "" for month in months)
    keywords = Counter[str]()
    for month in months:
        keywords.update({keyword: seen for keyword, (_, seen) in month.mentioning.items()})

    charts = []
    for keyword, _ in keywords.most_common(MOST_KEYWORDS):
        in_all = [_mark_share(month, keyword, is_in_all=True) for month in months]
        seen = [_mark_share(month, keyword, is_in_all=False) for month in months]
        layers = [
            Layer(draw=draw_line, marks=fill_span(in_all, span), name="all sources hold"),
            Layer(
                draw=draw_line,
                marks=fill_span(seen, span),
                name="one or more hold",
                color=style.VERMILLION,
            ),
        ]
        axis = Axis(low=0.0, format=style.format_percent)
        charts.append(Chart(layers=layers, title=keyword, span=span, values=axis, height=100))

    return FigureSpec(
        name="archive-common",
        picture=Picture(panels=charts, title=f"Share of the stories of {outlet}"),
        alt=f"Lines: share of the stories of {outlet} that mention {', '.join(keywords)}, of those "
        "that all sources hold and of those that one or more hold.",
        caption="A line that goes its own way may come from what one source alone holds.",
    )


def _mark_share(month: CommonPeriod, keyword: str, *, is_in_all: bool) -> Mark:
    """Return the share of a month's stories, of all sources or of any; no value without stories."""
    matched = month.mentioning.get(keyword, (0, 0))[0 if is_in_all else 1]
    stories = month.in_all if is_in_all else month.seen
    held = "all sources hold" if is_in_all else "one or more hold"
    value = matched / stories if stories else None
    shown = "no share" if value is None else format_share(value)
    period = month.period or ""
    return Mark(
        position=period,
        value=value,
        n=matched,
        title=f"{period_name(period, '%B %Y')}: {matched:,} of {stories:,} stories that {held}, "
        f"{shown}",
        row=name_row("common", month.outlet, keyword, period, "all" if is_in_all else "any"),
    )


def _mark(period: str, documents: int, days: int, span: style.Range) -> Mark:
    said = quantity(documents, "document")
    if span.grain != Grain.DAY:
        said += f", {documents / days:,.0f} a day"

    title = f"{period_name(period, '%B %Y')}: {said}"
    row = name_row("archive", period)
    return Mark(position=period, value=documents / days, n=documents, title=title, row=row)
