"""What the report of a watched run begins with: what is new since the last one, and the events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analysis.kinds.kind import Unit
from models.watches import WatchState, read_state
from reports.data.run_data import RunData
from reports.data.tables.periods import PeriodRow, read_periods
from reports.findings.changes import count_results, describe_changes
from reports.findings.events import Event, Series, account_series, find_events, keyword_series
from reports.pages.handles import read_account_rows
from reports.words.periods import month_name
from reports.words.quantities import format_share, quantity, signed

SHOWN = 8  # events on the page


@dataclass(frozen=True)
class ShownEvent:
    """An event in words."""

    event: Event
    text: str
    at: datetime | None  # when it was first seen; None where no report has recorded it
    is_new: bool  # first seen after the last update

    def as_row(self) -> dict[str, Any]:
        """Return what programs are told of it."""
        event = self.event
        return {
            "id": event.key,
            "period": event.period,
            "kind": event.kind,
            "subject": event.subject,
            "term": event.term,
            "before": round(event.before, 6),
            "now": round(event.now, 6),
            "months_before": event.months_before,
            "new": self.is_new,
            "first_seen": None if self.at is None else f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "text": self.text,
        }


@dataclass(frozen=True)
class WatchSection:
    """All that the beginning of the page shows."""

    every: str
    since: str | None  # day of the report that this one is compared with
    changes: list[str]
    events: list[ShownEvent]  # the newest first

    @property
    def shown(self) -> list[ShownEvent]:
        """The events that the page shows: the newest, and all that are new."""
        new = [event for event in self.events if event.is_new]
        return (
            new + [event for event in self.events if not event.is_new][: max(0, SHOWN - len(new))]
        )


def read_watch_section(data: RunData) -> WatchSection | None:
    """Return what is new in the run and its events; None where it is not watched."""
    with data.db.read() as connection:
        state = read_state(connection, data.id)
    if state is None:
        return None

    changes, since = [], None
    if state.counts is not None and state.counted_at is not None:
        changes = describe_changes(data.kind.unit, state.counts, count_results(data))
        since = f"{_day(state.counted_at):%Y-%m-%d}"
    return WatchSection(state.every, since, changes, show_events(data, state))


def show_events(data: RunData, state: WatchState | None) -> list[ShownEvent]:
    """Return the run's events in words, the newest first; *state* tells when they were seen."""
    seen = state.seen if state else {}
    shown = []
    for event in reversed(read_events(data)):
        first = seen.get(event.key)
        is_new = state is not None and first is not None and 0 < first.number == state.updates
        at = _day(first.at) if first else None
        shown.append(ShownEvent(event, describe_event(event, data.kind.unit), at, is_new))
    return shown


def read_events(data: RunData) -> list[Event]:
    """Return the events of a run, by month."""
    return find_events(_read_series(data))


def read_what_to_record(data: RunData) -> tuple[Mapping[str, Any], list[str]]:
    """Return the counts and the keys of events that `models.watches.record_report` keeps."""
    return count_results(data), [event.key for event in read_events(data)]


def _read_series(data: RunData) -> list[Series]:
    series: list[Series] = []
    if data.kind.unit == Unit.POST:
        for name, account in read_account_rows(data).items():
            series += account_series(name, account.months, account.scored, account.days)
        return series

    rows: dict[tuple[str | None, str | None], list[PeriodRow]] = defaultdict(list)
    for row in read_periods(data):
        rows[row.keyword, row.term].append(row)
    for keyword in data.keywords:
        by_term: dict[str, Sequence[PeriodRow]] = {}
        for term in keyword.terms:
            by_term[term] = rows[keyword.name, term]
        series += keyword_series(keyword.name, rows[keyword.name, None], by_term)
    return series


def describe_event(event: Event, unit: Unit) -> str:
    """Return a sentence that says what departs, and from what."""
    subject, row = event.subject, event.row
    name = f"“{subject}”" if unit == Unit.MENTION else subject
    month = month_name(event.period, "%B %Y")
    before = f"in the {quantity(event.months_before, 'whole month')} before"
    if event.months_before == 1:
        before = "in the whole month before"

    match event.kind:
        case "share":
            counts = f"{row.matched or 0:,} of {quantity(row.documents, 'document')}"
            return (
                f"{name} in {month}: {counts} mention it, {format_share(event.now)}, against "
                f"{format_share(event.before)} {before}."
            )
        case "wording":
            counts = f"{row.matched or 0:,} of {quantity(row.documents, 'document')}"
            return (
                f"“{event.term}” in {month}: {counts} that mention {name} use this term, "
                f"{format_share(event.now)}, against {format_share(event.before)} {before}."
            )
        case "posts":
            return (
                f"{name} in {month}: {event.now:.1f} posts a day, against {event.before:.1f} "
                f"{before}."
            )
        case _:
            around = "around" if unit == Unit.MENTION else "of the posts of"
            return (
                f"The mood {around} {name} in {month}: {signed(event.now)} "
                f"(n = {row.mentions or 0:,}), against {signed(event.before)} {before}."
            )


def _day(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
