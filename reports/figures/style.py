"""The look of every figure: colours for colour-blind readers too, and the dates of an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from analysis import grains
from core.enums import Grain
from reports.words.periods import month_name

# The colours are those of Okabe and Ito, "Color Universal Design" (2008).
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#1b1f24"
CYCLE = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, BLACK, YELLOW)
INK, MUTED, HAIR, GAP = "#1b1f24", "#5d6670", "#d9dde1", "#eceef0"
PALE_BLUE = "#a9cfe8"

# Heat charts go through these colours, from the lowest value to the highest.
BLUES = ("#e4f0f8", "#8cc1e0", "#2a86c1", "#004a75", "#002238")
BROWN_TO_BLUE = ("#a64900", "#efb38a", "#f4f4f2", "#8cbfdf", "#005a8d")
ORANGES = ("#fff5eb", "#fdae6b", "#d94801")

# A month of which days are missing has this mark.
CUT_OFF = "†"
BULK_DAY = "\u25bc"
# A picture or a table has so many rows: those of most documents.
MOST_ROWS = 40
# Up to so many subjects stand beside each other, as many as there are colours.
SIDE_BY_SIDE = len(CYCLE)
# Fainter things are drawn with this opacity.
FAINT = 0.38

# The steps are in months.
_TICK_STEPS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 12_000)
_YEAR_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 1000)
# An axis of a picture's width has room for this many labels.
MOST_TICKS = 12


def first_day(period: str) -> float:
    """Return the first day of a period in days from 1970."""
    return float((grains.first_day(period) - date(1970, 1, 1)).days)


def day_after(period: str) -> float:
    """Return the day after a period, as `first_day`, also after the calendar's last day."""
    return first_day(period) + grains.count_days(period)


def middle_day(period: str) -> float:
    """Return where the middle of a period lies, as `first_day`."""
    return first_day(period) + grains.count_days(period) / 2


@dataclass(frozen=True)
class Range:
    """The periods that an axis shows: every one from *first* to *last*, with data or without."""

    first: str
    last: str

    # The periods with a bulk day, which are marked.
    bulk: tuple[str, ...] = ()

    @classmethod
    def of(cls, periods: Iterable[str]) -> Range:
        """Return the range that holds all *periods*, of which there is at least one."""
        sorted_periods = sorted(periods)
        return cls(sorted_periods[0], sorted_periods[-1])

    def __iter__(self) -> Iterator[str]:
        return iter(grains.list_periods(self.first, self.last))

    def __len__(self) -> int:
        return len(grains.list_periods(self.first, self.last))

    @property
    def grain(self) -> Grain:
        """The grain of the periods."""
        return grains.grain_of(self.first)


def ticks(span: Range, most: int = MOST_TICKS, few_months: int = 3) -> list[tuple[str, str]]:
    """Return as many periods as have room for a label, at *most* so many, and their labels.

    Days and weeks have a label where the first of a month begins; in a span of a few months the
    Mondays have. The year stands under the first label and where it changes.
    """
    if span.grain == Grain.MONTH:
        return _month_ticks(list(span), most)
    if span.grain == Grain.YEAR:
        years = list(span)
        step = _choose_step(len(years), most, _YEAR_STEPS)
        return [(year, year) for year in years if int(year) % step == 0 or step == 1]

    months: dict[str, str] = {}
    for period in span:
        months.setdefault(grains.period_of(grains.first_day(period), Grain.MONTH), period)

    if len(months) <= few_months:
        is_short = len(span) <= MOST_TICKS
        mondays = [day for day in span if is_short or not grains.first_day(day).weekday()]
        return _label(mondays[:: -(-len(mondays) // most)])

    if grains.first_day(span.first).day > 1:
        # Only the end of that month is shown.
        del months[next(iter(months))]

    month_ticks = _month_ticks(list(months), most)
    return [(months[month], label) for month, label in month_ticks]


def _choose_step(periods: int, most: int, steps: Sequence[int]) -> int:
    """Return the smallest step that leaves at most *most* labels: of *steps*, or a longer one."""
    longest = steps[-1]
    longer = longest * math.ceil(periods / longest / max(1, most))
    return next((step for step in steps if periods / step <= most), longer)


def _month_ticks(months: Sequence[str], most: int) -> list[tuple[str, str]]:
    step = _choose_step(len(months), most, _TICK_STEPS)
    chosen = [month for month in months if (int(month[:4]) * 12 + int(month[5:]) - 1) % step == 0]
    if step >= 12:
        return [(month, month[:4]) for month in chosen]

    return _label(chosen)


def _label(periods: Sequence[str]) -> list[tuple[str, str]]:
    """Return periods with their labels: the year stands where it changes."""
    labelled: list[tuple[str, str]] = []
    year = ""
    for period in periods:
        is_month = grains.grain_of(period) == Grain.MONTH
        shown = period if is_month else grains.first_day(period).isoformat()
        labelled.append((period, month_name(shown, "%b" if shown[:4] == year else "%b\n%Y")))
        year = shown[:4]

    return labelled


def format_number(number: float) -> str:
    """Return the label of a number on an axis, with a true minus."""
    return f"{number:,.10g}".replace("-", "\N{MINUS SIGN}")


def format_percent(share: float) -> str:
    """Return the label of a share on an axis."""
    return f"{100 * share:.3g} %"
