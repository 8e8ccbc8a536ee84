"""Watches: when a run is worked on again, what its reports showed, and which events were seen."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from core.enums import State
from core.errors import NotFound
from models.bulk import store_row
from models.database import Database, clock
from models.tables import Run, RunErasure, Watch, WatchEvent, WatchReport

DAY = 86_400.0
# A month has no fixed length.
SECONDS = {"hour": DAY / 24, "day": DAY, "week": 7 * DAY}


@dataclass(frozen=True)
class Seen:
    """When an event was first seen: after which update of its run, and at what Unix time."""

    number: int
    at: float


@dataclass(frozen=True)
class WatchState:
    """What a report shows of a watch besides the run's results."""

    every: str
    due_at: float
    updates: int

    # The counts of the report before the last update; None if there is no such report.
    counts: Mapping[str, Any] | None
    counted_at: float | None

    # The seen events by key.
    seen: Mapping[str, Seen]


def next_due(every: str, begun_at: float, now: float) -> float:
    """Return the first time after *now* of a watch that began at *begun_at*.

    A month later is the same day, or the last one of a month that has no such day. A watch that
    begins after *now* was begun by a clock that was ahead: its times of the day hold before, too.
    """
    if every in SECONDS:
        seconds = SECONDS[every]
        return begun_at + ((now - begun_at) // seconds + 1) * seconds

    begun, today = (datetime.fromtimestamp(at, UTC) for at in (begun_at, now))
    months = 12 * (today.year - begun.year) + today.month - begun.month
    due = _add_months(begun, months)
    if due <= today:
        due = _add_months(begun, months + 1)

    return due.timestamp()


def _add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(12 * moment.year + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def read_clock(connection: Connection) -> float:
    """Return the time of the database."""
    return float(connection.execute(select(clock())).scalar_one())


def start_watch(
    connection: Connection,
    db: Database,
    run_id: int,
    *,
    every: str,
    max_calls: int | None,
    now: float,
) -> None:
    """Watch the run from *now* on; one that is watched gets the new times and cap.

    Without a new cap the run loses that of the watch before, and goes on where it is paused at it.
    """
    watch_before = get_watch(connection, run_id)
    if watch_before is not None and watch_before.max_calls is not None and max_calls is None:
        is_at_cap = (Run.state == State.PAUSED, Run.calls_begun >= Run.max_calls)
        paused = update(Run).where(Run.id == run_id, *is_at_cap)
        connection.execute(paused.values(state=State.RUNNING, reason=None))
        connection.execute(update(Run).where(Run.id == run_id).values(max_calls=None))

    schedule = {"every": every, "max_calls": max_calls, "begun_at": now, "due_at": now}
    # The job of its report finds the events.
    connection.execute(update(Run).where(Run.id == run_id).values(with_report=True))
    key = {"run_id": run_id}
    store_row(connection, db, Watch, key, schedule, updates=0, newest_document=0)


def stop_watch(connection: Connection, run_id: int) -> None:
    """End the watch; the run and its report stay. Raises `NotFound`."""
    for table in (WatchReport, WatchEvent):
        connection.execute(delete(table).where(table.run_id == run_id))

    if not connection.execute(delete(Watch).where(Watch.run_id == run_id)).rowcount:
        raise NotFound(f"run {run_id} is not watched: `tidings watch --list` lists those that are")


def list_watches(connection: Connection) -> Sequence[Row[Any]]:
    """Return the watches by run, each with the name and state of its run."""
    watches = select(Watch.__table__, Run.name, Run.state).join(Run, Run.id == Watch.run_id)
    return connection.execute(watches.order_by(Watch.run_id)).all()


def get_watch(connection: Connection, run_id: int) -> Row[Any] | None:
    """Return the row of the run's watch, None where it is not watched."""
    watch = select(Watch.__table__).where(Watch.run_id == run_id)
    return connection.execute(watch).one_or_none()


def is_due(watch: Row[Any], now: float) -> bool:
    """Return whether the watch is due; a time that only a wrong clock can have written counts."""
    return bool(watch.due_at <= now or watch.due_at > next_due(watch.every, watch.begun_at, now))


def note_check(
    connection: Connection, watch: Row[Any], *, now: float, newest: int, updated: bool
) -> None:
    """Record that documents up to the id *newest* were looked at, and whether jobs were queued."""
    check = {
        "checked_at": now,
        "due_at": next_due(watch.every, watch.begun_at, now),
        "newest_document": newest,
        "updates": Watch.updates + int(updated),
    }
    connection.execute(update(Watch).where(Watch.run_id == watch.run_id).values(check))


def raise_cap(connection: Connection, watch: Row[Any]) -> None:
    """Allow the run the calls of another period, where the watch has a cap."""
    if watch.max_calls is not None:
        cap = Run.calls_begun + watch.max_calls
        connection.execute(update(Run).where(Run.id == watch.run_id).values(max_calls=cap))


def keeps_counts(connection: Connection, run_id: int, number: int) -> bool:
    """Return whether the counts of the report after the update *number* are kept."""
    report = select(WatchReport.at).where(
        WatchReport.run_id == run_id, WatchReport.number == number
    )
    at = connection.scalar(report)
    erased_at = _erased_at(connection, run_id)
    return at is not None and (erased_at is None or at >= erased_at)


def record_report(
    connection: Connection,
    db: Database,
    run_id: int,
    *,
    number: int,
    counts: Mapping[str, Any],
    event_keys: Collection[str],
) -> None:
    """Keep what the report after the update *number* shows, for the next to compare itself with.

    Counts from before an erasure of documents of the run are deleted, as are those before the last.
    """
    reports = delete(WatchReport).where(WatchReport.run_id == run_id)
    connection.execute(reports.where(WatchReport.number < number - 1))
    erased_at = _erased_at(connection, run_id)
    if erased_at is not None:
        connection.execute(reports.where(WatchReport.at < erased_at))

    at = read_clock(connection)
    key = {"run_id": run_id, "number": number}
    store_row(connection, db, WatchReport, key, {"counts": dict(counts), "at": at})
    noted_keys = set(connection.scalars(select(WatchEvent.key).where(WatchEvent.run_id == run_id)))
    event_rows = []
    for event_key in sorted(set(event_keys) - noted_keys):
        event = {"run_id": run_id, "key": event_key, "number": number, "at": at}
        # Events that were there before the first update are no news.
        event_rows.append({**event, "is_sent": number == 0})

    if event_rows:
        connection.execute(insert(WatchEvent), event_rows)


def _erased_at(connection: Connection, run_id: int) -> float | None:
    return connection.scalar(select(RunErasure.at).where(RunErasure.run_id == run_id))


def read_state(connection: Connection, run_id: int) -> WatchState | None:
    """Return what a report shows of the run's watch, None where it is not watched."""
    watch = get_watch(connection, run_id)
    if watch is None:
        return None

    previous_report = (
        select(WatchReport.counts, WatchReport.at)
        .where(WatchReport.run_id == run_id, WatchReport.number < watch.updates)
        .order_by(WatchReport.number.desc())
        .limit(1)
    )
    report = connection.execute(previous_report).one_or_none()

    events = select(WatchEvent.key, WatchEvent.number, WatchEvent.at)
    stored_events = connection.execute(events.where(WatchEvent.run_id == run_id))
    return WatchState(
        watch.every,
        watch.due_at,
        watch.updates,
        report.counts if report else None,
        report.at if report else None,
        {event.key: Seen(event.number, event.at) for event in stored_events},
    )


def unsent_events(connection: Connection, run_id: int) -> list[str]:
    """Return the keys of the run's events that the webhook has not taken."""
    unsent = select(WatchEvent.key).where(WatchEvent.run_id == run_id, ~WatchEvent.is_sent)
    return list(connection.scalars(unsent.order_by(WatchEvent.key)))


def mark_sent(connection: Connection, run_id: int, keys: Collection[str]) -> None:
    """Record that the webhook has taken these events."""
    sent = update(WatchEvent).where(WatchEvent.run_id == run_id, WatchEvent.key.in_(keys))
    connection.execute(sent.values(is_sent=True))
