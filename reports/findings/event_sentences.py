"""Events in words: a line to an event, whatever months and weeks tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from analysis import grains
from analysis.kinds.kind import Kind
from core.enums import Grain
from reports.findings.events import Event
from reports.findings.finding import Finding, FindingKind
from reports.findings.measures import POSTS, SHARE
from reports.stats.thresholds import LEAST_CHANGE
from reports.words.document_queries import Counted
from reports.words.writing import fill_phrase, write_clause, write_sentence


def fold_events(events: Sequence[Event]) -> list[list[Event]]:
    """Group what readers take for one event: a month and its weeks, and months in a row.

    The groups are in the order of time. The first of a group says it: a month before a week, and
    the least probable one.
    """
    groups: list[list[Event]] = []
    latest: dict[tuple[object, ...], list[Event]] = {}
    for event in sorted(events, key=lambda event: grains.first_day(event.period)):
        key = event.subject, event.measure.name, event.term, event.is_rise
        group = latest.get(key)
        if group is not None and _is_next(event, group):
            group.append(event)
        else:
            latest[key] = [event]
            groups.append(latest[key])

    for group in groups:
        group.sort(key=lambda event: (event.grain == Grain.WEEK, event.order_by_size))

    return groups


def _is_next(event: Event, group: Sequence[Event]) -> bool:
    """Return whether an event begins before a group has ended, or on the day after."""
    end = max(earlier.last_day for earlier in group)
    return grains.first_day(event.period) <= end + timedelta(days=1)


def state_event(
    group: Sequence[Event], kind: Kind[Any], name: str, unremarkable: float = 0.2
) -> Finding:
    """State what departs, and from what; *name* is what readers call the subject.

    What is no rise of a share or of posts is told after what is said of the whole run.
    """
    event = group[0]
    figures = _list_figures(event, kind, name)
    is_rise = event.is_rise and event.measure in (SHARE, POSTS)
    interest = 1 - event.before / event.now / 2 if is_rise else unremarkable
    return Finding(
        FindingKind.SURPRISE,
        ("event", event.measure.name, event.term),
        (event.period,),
        write_sentence(f"event of {event.measure.name}", **figures),
        interest,
        "; ".join(_write_marks(group, figures)),
    )


def describe_recurring(event: Event, kind: Kind[Any], name: str) -> str:
    """Return a clause that says what comes in the same periods of several years."""
    return write_clause(f"event of {event.measure.name}", **_list_figures(event, kind, name))


def _list_figures(event: Event, kind: Kind[Any], name: str) -> dict[str, Any]:
    choose = max if event.is_rise else min
    same_period = choose(event.season, key=lambda period: event.season[period], default="")
    return {
        "subject": name,
        "is_of_posts": not kind.has_mentions,
        "term": event.term,
        "period": event.period,
        "matched": Counted(event.row.matched or 0, event.row.query),
        "documents": event.row.documents,
        "n": event.row.polarity_n or 0,
        "unit": "mention" if kind.has_mentions else kind.document_noun,
        "level": event.measure.form,
        "now": event.now,
        "before": event.before,
        "usual": _choose_usual(event),
        "grain": event.grain.value,
        "is_rise": event.is_rise,
        "same_period": same_period,
        "same": event.season.get(same_period),
        "judged": event.judged,
    }


def _choose_usual(event: Event) -> str:
    """Return the phrase for what an event is compared with: a single period is not usual."""
    if not event.before:
        return "none before"
    return "a single one before" if event.periods_before == 1 else "usual"


def _write_marks(group: Sequence[Event], figures: dict[str, Any]) -> list[str]:
    """Return what stands small behind an event: further periods, the peak, the year before."""
    event, marks = group[0], []
    further = [other.period for other in group[1:] if other.grain == event.grain]
    if further:
        marks.append(fill_phrase(f"also {event.grain.value}s", periods=sorted(further)))

    weeks = [week.furthest or week for week in group if week.grain == Grain.WEEK]
    choose = max if event.is_rise else min
    furthest = choose(weeks, key=lambda week: week.now, default=event)
    if furthest.period != event.period and not further:
        marks.append(fill_phrase("furthest", furthest=furthest, **figures))
    if event.season:
        marks.append(fill_phrase("a year before", **figures))
    if not event.measure.is_mean and abs(event.now - event.judged.now) > LEAST_CHANGE * event.now:
        marks.append(fill_phrase("judged", **figures))

    return marks
