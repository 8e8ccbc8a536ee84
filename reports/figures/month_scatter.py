"""The polarity of a month's mentions as one picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from analysis import grains
from reports.data.period_counts import polarity_gaps
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.dots import draw_dots
from reports.figures.line import draw_line
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture, name_row
from reports.figures.polarity import signed_tick
from reports.figures.spec import FigureSpec, Subject
from reports.words.periods import month_name
from reports.words.quantities import quantity, signed
from reports.words.scales import UNCHECKED, with_scale

# A month's picture has about this many dots at most.
MOST_DOTS = 2000
_MARKED_DAYS = (1, 5, 10, 15, 20, 25)


@dataclass(frozen=True, slots=True)
class ScoredMention:
    """A mention with a polarity, its day of the month, and the document and sentence it is."""

    day: int
    polarity: float
    document: str = ""
    position: int = 0


def spread(days: Sequence[int]) -> list[float]:
    """Return the position of each mention: side by side within its day, in order.

    The whole number is the day. Of n mentions on a day, the k-th lies at (k + 1/2)/n of the day.
    """
    day_totals = Counter(days)
    so_far = Counter[int]()
    positions = []
    for day in days:
        positions.append(day + (so_far[day] + 0.5) / day_totals[day])
        so_far[day] += 1

    return positions


def month_spec(
    subject: Subject,
    period_row: PeriodRow,
    mentions: Sequence[ScoredMention],
    *,
    scale: str = UNCHECKED,
) -> FigureSpec | None:
    """Declare the figure of a month's *mentions*, in order of publication."""
    if not mentions:
        return None

    period, n = period_row.period, len(mentions)
    # Dots are taken evenly; the mean stays that of all.
    step = -(-n // MOST_DOTS)
    drawn = -(-n // step)
    caption = (
        "Each dot is a sentence that mentions it, side by side within its day; the line is the "
        "mean, the band its 95 % interval (from five mentions on)."
    )
    if step > 1:
        caption += f" One dot in {n / drawn:.1f} is drawn."

    return FigureSpec(
        name=f"{subject.slug}-{period}-polarity",
        picture=Picture(panels=[_chart(subject, period_row, mentions, step)]),
        alt=f"Scatter of the polarity of {quantity(n, 'mention')} of {subject.name} by day of "
        f"{month_name(period, '%B %Y')}.",
        caption=with_scale(caption, scale),
        layout="chart month",
    )


def _chart(
    subject: Subject, period_row: PeriodRow, mentions: Sequence[ScoredMention], step: int
) -> Chart:
    """Return a dot for one mention in *step*, and the month's mean as a line with its band."""
    period, n, mean = period_row.period, len(mentions), period_row.polarity_mean
    days = grains.count_days(period)
    dots = []
    for position, mention in zip(spread([one.day for one in mentions]), mentions, strict=True):
        row = name_row("mentions", mention.document, mention.position or None)
        title = f"{mention.day} {month_name(period, '%B %Y')}: {signed(mention.polarity)}"
        found = subject.find(period=f"{period}-{mention.day:02}")
        value = mention.polarity
        dots.append(Mark(position=position, value=value, title=title, row=row, documents=found))

    has_interval = n >= style.FEW and period_row.polarity_low is not None
    means = []
    for end in (1.0, days + 1.0):
        low = period_row.polarity_low if has_interval else None
        high = period_row.polarity_high if has_interval else None
        means.append(Mark(position=end, value=mean, low=low, high=high))

    return Chart(
        layers=[
            Layer(draw=draw_dots, marks=dots[::step], size=0.8),
            Layer(draw=draw_line, marks=means, color=style.VERMILLION),
        ],
        title=f"Polarity of {subject.name}, {month_name(period, '%B %Y')}",
        sub=f"n = {n:,}" + ("" if mean is None else f" · mean {signed(mean)}"),
        positions=Axis(
            name=f"day of {month_name(period, '%B %Y')}",
            low=1,
            high=days + 1,
            ticks=[day + 0.5 for day in (*_MARKED_DAYS, days)],
            format=lambda middle: f"{middle - 0.5:.0f}",
        ),
        values=Axis(low=-1, high=1, format=signed_tick),
        gaps=[period] if polarity_gaps([period_row]) else [],
        height=150,
    )
