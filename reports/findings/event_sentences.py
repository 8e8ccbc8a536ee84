"""What is said of an event: one sentence with both figures and the periods compared."""

from __future__ import annotations

from analysis import grains
from analysis.kinds.kind import Unit
from core.enums import Grain
from reports.findings.events import MOOD, POSTS, SHARE, WORDING, Event
from reports.words.periods import MONTHS, month_name
from reports.words.quantities import format_share, join_words, quantity, signed

# At most so many periods that an event is not compared with are named.
MOST_NAMED = 3
# A sentence says what is left without repeats and bulk days where that differs so much.
NOTABLE = 0.2


def describe_event(event: Event, unit: Unit, title: str = "") -> str:
    """Return a sentence that says what departs, and from what.

    *title* is what readers call an account or search.
    """
    period_row = event.row
    who = f"“{event.subject}”" if unit == Unit.MENTION else title or event.subject
    period = _name_period(event.period)
    share = f"{period_row.matched or 0:,} of {quantity(period_row.documents, 'document')}"

    compared = _compare_with_usual(event)
    if event.kind == SHARE:
        return f"{who} {period}: {share}, {compared}."
    if event.kind == WORDING:
        return f"The term “{event.term}” {period}: in {share} of the subject {who}, {compared}."
    if event.kind == POSTS:
        return f"{who} {period}: {compared}."

    around = "around" if unit == Unit.MENTION else "of the posts of"
    return (
        f"The mood {around} {who} {period}: {compared}; an index of the engine, "
        f"n = {period_row.mentions or 0:,}."
    )


def _name_period(period: str) -> str:
    if grains.grain_of(period) == Grain.MONTH:
        return f"in {month_name(period, '%B %Y')}"
    first_day = grains.first_day(period)
    return f"in the week from {first_day.day} {MONTHS[first_day.month - 1]} {first_day.year}"


def _compare_with_usual(event: Event) -> str:
    """Return both figures, and those without repeats and bulk days where these differ."""
    usual = _name_usual_periods(event)
    now = _format(event, event.now)
    if event.kind == POSTS:
        now = f"{now} posts a day" if event.now else "no post"

    # Without a post now, nothing else says what the figures are.
    unit = " posts a day" if event.kind == POSTS and not event.now else ""
    figures = f"{now}, against {_format(event, event.before)}{unit} {usual}"
    if event.before == 0 and event.kind != MOOD:
        is_one = event.periods_before == 1
        periods = event.grain.value if is_one else quantity(event.periods_before, event.grain.value)
        figures = f"{now}, and none in the {periods} before"

    figures += _compare_with_season(event)

    judged = event.judged
    if event.kind == MOOD or not _differs(event.now, judged.now, event.before, judged.before):
        return figures

    return (
        f"{figures} ({_format(event, judged.now)} against {_format(event, judged.before)} without "
        "repeats and bulk days)"
    )


def _name_usual_periods(event: Event) -> str:
    """Name the periods with which an event is compared."""
    if event.follows_usual_periods:
        if event.periods_before == 1:
            return f"in the {event.grain.value} before"

        return f"on average in the {quantity(event.periods_before, event.grain.value)} before"

    if event.periods_before == 1:
        return _name_period(event.usual_periods[0])

    usual = f"on average in {quantity(event.periods_before, f'usual {event.grain.value}')} before"
    left_out = event.periods_left_out
    if len(left_out) > MOST_NAMED:
        return f"{usual}, {len(left_out)} that were unusual or not whole left out"

    names = [_name_short(period) for period in left_out]
    return f"{usual}, without {join_words(names)}"


def _compare_with_season(event: Event) -> str:
    """Return what the same period of earlier years had, where it stood out too."""
    season_period = event.most_alike_season
    if season_period is None:
        return ""

    level = _format(event, season_period.level) if season_period.level else "none"
    extreme = "highest" if event.now > event.before else "lowest"
    years = f", the {extreme} of {len(event.season)} years" if len(event.season) > 1 else ""
    return f", and {level} {_name_period(season_period.period)}{years}"


def describe_recurring(event: Event, unit: Unit, title: str = "") -> str:
    """Return a clause that says what comes in the same periods of several years."""
    who = f"“{event.subject}”" if unit == Unit.MENTION else title or event.subject
    if event.kind == WORDING:
        who = f"the term “{event.term}” of {who}"
    elif event.kind == MOOD:
        who = f"the mood {'around' if unit == Unit.MENTION else 'of'} {who}"

    earlier = [_name_period(season_period.period) for season_period in reversed(event.season)]
    return f"{who} {_name_period(event.period)}, as {join_words(earlier)}"


def _name_short(period: str) -> str:
    """Name a month, or the first day of a week."""
    if grains.grain_of(period) == Grain.MONTH:
        return month_name(period, "%B %Y")

    first_day = grains.first_day(period)
    return f"that from {first_day.day} {MONTHS[first_day.month - 1]} {first_day.year}"


def _differs(now: float, judged_now: float, before: float, judged_before: float) -> bool:
    """Return whether a figure is not about the same without repeats and bulk days."""
    return abs(now - judged_now) > NOTABLE * now or abs(before - judged_before) > NOTABLE * before


def _format(event: Event, figure: float) -> str:
    if event.kind == POSTS:
        return f"{figure:.1f}"
    return signed(figure) if event.kind == MOOD else format_share(figure)
