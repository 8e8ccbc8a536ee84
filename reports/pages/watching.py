"""The first section of a watched run's report: what is new since the last one, and the events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analysis.kinds.kind import Unit
from models.watches import WatchState, read_state
from reports.data.account_rows import read_account_rows
from reports.data.run_data import RunData
from reports.data.tables.periods import PeriodRow, read_periods
from reports.findings.changes import count_results, describe_changes
from reports.findings.events import Event, Series, account_series, find_events, keyword_series
from reports.words.periods import month_name
from reports.words.quantities import format_share, quantity, signed

# The page shows at most this many events, and all that are new.
SHOWN = 8


@dataclass(frozen=True)
class ShownEvent:
    """An event in words."""

    event: Event
    text: str

    # The time at which it was first seen; None if no report has recorded it.
    at: datetime | None

    # A new event was first seen after the last update.
    is_new: bool

    def as_row(self) -> dict[str, Any]:
        """Return the event as programs read it."""
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

    # The day of the report that this one is compared with.
    since: str | None

    changes: list[str]

    # The newest event comes first.
    events: list[ShownEvent]

    @property
    def shown(self) -> list[ShownEvent]:
        """The events that the page shows: the newest, and all that are new."""
        new = [event for event in self.events if event.is_new]
        return (
            new + [event for event in self.events if not event.is_new][: max(0, SHOWN - len(new))]
        )


def read_watch_section(run: RunData) -> WatchSection | None:
    """Return what is new in the run and its events; None where it is not watched."""
    with run.db.read() as connection:
        state = read_state(connection, run.id)
    if state is None:
        return None

    changes, since = [], None
    if state.counts is not None and state.counted_at is not None:
        changes = describe_changes(run.kind.unit, state.counts, count_results(run))
        since = f"{_day(state.counted_at):%Y-%m-%d}"
    return WatchSection(state.every, since, changes, show_events(run, state))


def show_events(run: RunData, state: WatchState | None) -> list[ShownEvent]:
    """Return the run's events in words, the newest first; *state* tells when they were seen."""
    seen = state.seen if state else {}
    shown_events = []
    for event in reversed(read_events(run)):
        sighting = seen.get(event.key)
        is_new = state is not None and sighting is not None and 0 < sighting.number == state.updates
        at = _day(sighting.at) if sighting else None
        shown_events.append(ShownEvent(event, describe_event(event, run.kind.unit), at, is_new))
    return shown_events


def read_events(run: RunData) -> list[Event]:
    """Return the events of a run, by month."""
    return find_events(_read_series(run))


def read_what_to_record(run: RunData) -> tuple[Mapping[str, Any], list[str]]:
    """Return the counts and the keys of events that `models.watches.record_report` keeps."""
    return count_results(run), [event.key for event in read_events(run)]


def _read_series(run: RunData) -> list[Series]:
    series: list[Series] = []
    if run.kind.unit == Unit.POST:
        for job_name, account in read_account_rows(run).items():
            series += account_series(job_name, account.months, account.scored, account.days)
        return series

    rows_by_term: dict[tuple[str | None, str | None], list[PeriodRow]] = defaultdict(list)
    for month_row in read_periods(run):
        rows_by_term[month_row.keyword, month_row.term].append(month_row)
    for keyword in run.keywords:
        term_rows: dict[str, Sequence[PeriodRow]] = {}
        for term in keyword.terms:
            term_rows[term] = rows_by_term[keyword.name, term]
        series += keyword_series(keyword.name, rows_by_term[keyword.name, None], term_rows)
    return series


def describe_event(event: Event, unit: Unit) -> str:
    """Return a sentence that says what departs, and from what."""
    subject, month_row = event.subject, event.row
    who = f"“{subject}”" if unit == Unit.MENTION else subject
    month = month_name(event.period, "%B %Y")
    earlier = f"in the {quantity(event.months_before, 'whole month')} before"
    if event.months_before == 1:
        earlier = "in the whole month before"

    match event.kind:
        case "share":
            counts = f"{month_row.matched or 0:,} of {quantity(month_row.documents, 'document')}"
            return (
                f"{who} in {month}: {counts} mention it, {format_share(event.now)}, against "
                f"{format_share(event.before)} {earlier}."
            )
        case "wording":
            counts = f"{month_row.matched or 0:,} of {quantity(month_row.documents, 'document')}"
            return (
                f"“{event.term}” in {month}: {counts} that mention {who} use this term, "
                f"{format_share(event.now)}, against {format_share(event.before)} {earlier}."
            )
        case "posts":
            return (
                f"{who} in {month}: {event.now:.1f} posts a day, against {event.before:.1f} "
                f"{earlier}."
            )
        case _:
            around = "around" if unit == Unit.MENTION else "of the posts of"
            return (
                f"The mood {around} {who} in {month}: {signed(event.now)} "
                f"(n = {month_row.mentions or 0:,}), against {signed(event.before)} {earlier}."
            )


def _day(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
