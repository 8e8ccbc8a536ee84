"""The figures that the sentence on an event names: those now and before, and what is beside."""

from __future__ import annotations

from typing import Any

from analysis.kinds.kind import Kind
from reports.findings.events import Event
from reports.findings.measures import POSTS
from reports.words.writing import write_clause, write_sentence

# At most so many periods that an event is not compared with are named.
MOST_NAMED = 3
# A sentence says what is left without repeats and bulk days where that differs so much.
NOTABLE = 0.2


def describe_event(event: Event, kind: Kind[Any], title: str = "") -> str:
    """Return a sentence that says what departs, and from what.

    *title* is what readers call an account or search.
    """
    return write_sentence(f"event of {event.measure.name}", **_list_figures(event, kind, title))


def describe_recurring(event: Event, kind: Kind[Any], title: str = "") -> str:
    """Return a clause that says what comes in the same periods of several years."""
    return write_clause(f"event of {event.measure.name}", **_list_figures(event, kind, title))


def _list_figures(event: Event, kind: Kind[Any], title: str) -> dict[str, Any]:
    is_posts, is_silent = event.measure == POSTS, event.measure == POSTS and not event.now
    choose = max if event.is_rise else min
    same_period = choose(event.season, key=lambda period: event.season[period], default="")

    return {
        "subject": f"“{event.subject}”" if kind.has_mentions else title or event.subject,
        "is_of_posts": not kind.has_mentions,
        "term": event.term,
        "period": event.period,
        "matched": event.row.matched or 0,
        "documents": event.row.documents,
        "n": event.row.polarity_n or 0,
        "level": event.measure.form,
        "unit": " posts a day" if is_posts else "",
        # Where no post is now, nothing else says what the figure before is.
        "unit_before": " posts a day" if is_silent else "",
        "now": event.now,
        "before": event.before,
        "grain": event.grain.value,
        "usual": event.usual_periods[0],
        "n_before": event.periods_before,
        "left_out": event.periods_left_out,
        "n_left_out": len(event.periods_left_out),
        "is_rise": event.is_rise,
        "same_period": same_period,
        "same": event.season.get(same_period),
        "season": list(event.season)[::-1],
        "years": len(event.season),
        "judged": event.judged,
        "furthest": event.furthest,
        "compared": ["no post" if is_silent else "now", *_compare(event)],
    }


def _compare(event: Event) -> list[str]:
    """Return the phrases that follow the figure now: with what it is compared, and the peak."""
    phrases = []
    if event.before == 0 and not event.measure.is_mean:
        phrases.append("none before")
    else:
        phrases.append("average before" if event.periods_before > 1 else "before")

    phrases += _name_usual_periods(event)
    if event.season:
        phrases.append("a year before" if len(event.season) == 1 else "years before")
    if not event.measure.is_mean and (
        abs(event.now - event.judged.now) > NOTABLE * event.now
        or abs(event.before - event.judged.before) > NOTABLE * event.before
    ):
        phrases.append("judged")
    if event.furthest is not None:
        phrases.append("furthest")

    return phrases


def _name_usual_periods(event: Event) -> list[str]:
    """Return the phrases that name the periods with which an event is compared."""
    is_one = event.periods_before == 1
    if not event.periods_left_out:
        return ["the period before" if is_one else "the periods before"]
    if is_one:
        return ["an earlier period"]
    if len(event.periods_left_out) > MOST_NAMED:
        return ["usual periods", "many left out"]

    return ["usual periods", f"{event.grain.value}s left out"]
