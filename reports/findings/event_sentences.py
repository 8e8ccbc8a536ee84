"""What is said of an event: one sentence with both figures and the periods compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis import grains
from analysis.kinds.kind import Kind
from core.enums import Grain
from reports.findings.events import Event
from reports.findings.measures import MOOD, POSTS, SHARE, WORDING, Measure
from reports.words.periods import MONTHS, month_name
from reports.words.quantities import format_share, join_words, quantity, signed

# At most so many periods that an event is not compared with are named.
MOST_NAMED = 3
# A sentence says what is left without repeats and bulk days where that differs so much.
NOTABLE = 0.2


@dataclass(frozen=True)
class _Words:
    """How a measure is put into words."""

    # What is said of an event, and what is named of one that comes every year.
    sentence: str
    subject: str

    write_figure: Callable[[float], str]

    # What stands behind a figure, and in its place where the period has none.
    unit: str = ""
    nothing: str = ""

    # A mean of 0 is no absence, and it is told of all texts alone.
    is_mean: bool = False

    def write_level(self, level: float) -> str:
        """Return a figure that is compared with another; a count of 0 is none."""
        return self.write_figure(level) if level or self.is_mean else "none"


_WORDS: dict[Measure, _Words] = {
    SHARE: _Words("{who} {period}: {share}, {compared}.", "{who}", format_share),
    WORDING: _Words(
        "The term “{term}” {period}: in {share} of the subject {who}, {compared}.",
        "the term “{term}” of {who}",
        format_share,
    ),
    POSTS: _Words(
        "{who} {period}: {compared}.",
        "{who}",
        "{:.1f}".format,
        unit=" posts a day",
        nothing="no post",
    ),
    MOOD: _Words(
        "The mood {around} {who} {period}: {compared}; an index of the engine, n = {n:,}.",
        "the mood {around} {who}",
        signed,
        is_mean=True,
    ),
}


def describe_event(event: Event, kind: Kind[Any], title: str = "") -> str:
    """Return a sentence that says what departs, and from what.

    *title* is what readers call an account or search.
    """
    period_row = event.row
    return _WORDS[event.measure].sentence.format(
        who=_name_subject(event, kind, title),
        term=event.term,
        around=_around(kind),
        period=_name_period(event.period),
        share=f"{period_row.matched or 0:,} of {quantity(period_row.documents, 'document')}",
        compared=_compare_with_usual(event),
        n=period_row.mentions or 0,
    )


def _name_subject(event: Event, kind: Kind[Any], title: str) -> str:
    return f"“{event.subject}”" if kind.has_mentions else title or event.subject


def _around(kind: Kind[Any]) -> str:
    return "around" if kind.has_mentions else "of the posts of"


def _name_period(period: str) -> str:
    if grains.grain_of(period) == Grain.MONTH:
        return f"in {month_name(period, '%B %Y')}"
    return f"in the week from {_name_first_day(period)}"


def _compare_with_usual(event: Event) -> str:
    """Return both figures, those without repeats and bulk days where these differ, and the peak."""
    words = _WORDS[event.measure]
    now, before = words.write_figure(event.now), words.write_figure(event.before)
    if event.now or not words.nothing:
        now += words.unit
    else:
        # Nothing else says what the figure before is.
        now, before = words.nothing, before + words.unit

    if event.before == 0 and not words.is_mean:
        figures = f"{now}, and none {_name_usual_periods(event)}"
    else:
        average = "on average " if event.periods_before > 1 else ""
        figures = f"{now}, against {before} {average}{_name_usual_periods(event)}"

    figures += _compare_with_season(event)

    judged = event.judged
    if not words.is_mean and _differs(event.now, judged.now, event.before, judged.before):
        figures += (
            f" ({words.write_level(judged.now)} against {words.write_level(judged.before)} "
            "without repeats and bulk days)"
        )

    return figures + _name_furthest(event)


def _name_furthest(event: Event) -> str:
    """Return what the furthest of the weeks in a row has, where it is not the first."""
    furthest = event.furthest
    if furthest is None:
        return ""

    words = _WORDS[event.measure]
    rose = "rose" if event.now > event.before else "fell"
    level = words.write_figure(furthest.now) + words.unit
    return f"; it {rose} to {level} {_name_period(furthest.period)}"


def _name_usual_periods(event: Event) -> str:
    """Name the periods with which an event is compared."""
    if event.follows_usual_periods:
        if event.periods_before == 1:
            return f"in the {event.grain.value} before"

        return f"in the {quantity(event.periods_before, event.grain.value)} before"

    if event.periods_before == 1:
        return _name_period(event.usual_periods[0])

    usual = f"in {quantity(event.periods_before, f'usual {event.grain.value}')} before"
    left_out = event.periods_left_out
    if len(left_out) > MOST_NAMED:
        return f"{usual}, {len(left_out)} that were unusual or not whole left out"

    if event.grain == Grain.MONTH:
        names = [month_name(period, "%B %Y") for period in left_out]
        return f"{usual}, without {join_words(names)}"

    weeks = "the week" if len(left_out) == 1 else "the weeks"
    days = [_name_first_day(period) for period in left_out]
    return f"{usual}, without {weeks} from {join_words(days)}"


def _compare_with_season(event: Event) -> str:
    """Return what the same period of earlier years had, where it stood out too."""
    season_period = event.most_alike_season
    if season_period is None:
        return ""

    level = _WORDS[event.measure].write_level(season_period.level)
    extreme = "highest" if event.now > event.before else "lowest"
    years = f", the {extreme} of {len(event.season)} years" if len(event.season) > 1 else ""
    return f", and {level} {_name_period(season_period.period)}{years}"


def describe_recurring(event: Event, kind: Kind[Any], title: str = "") -> str:
    """Return a clause that says what comes in the same periods of several years."""
    subject = _WORDS[event.measure].subject.format(
        who=_name_subject(event, kind, title), term=event.term, around=_around(kind)
    )
    earlier = [_name_period(season_period.period) for season_period in reversed(event.season)]
    return f"{subject} {_name_period(event.period)}, as {join_words(earlier)}"


def _name_first_day(period: str) -> str:
    first_day = grains.first_day(period)
    return f"{first_day.day} {MONTHS[first_day.month - 1]} {first_day.year}"


def _differs(now: float, judged_now: float, before: float, judged_before: float) -> bool:
    """Return whether a figure is not about the same without repeats and bulk days."""
    return abs(now - judged_now) > NOTABLE * now or abs(before - judged_before) > NOTABLE * before
