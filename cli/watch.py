"""Let a run go on: ``tidings watch``, ``events``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from cli import context
from cli.messages import format_minute, inform, show, show_json, show_listing, warn
from cli.options import MOST, Json, Run, parse_run
from core.enums import ENDED, State
from core.errors import NotFound, RunAtWork, RunEnded, UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.database import Database
    from reports.pages.surprises import EventLine

# `events` ends with this status if there are events, so that scripts can test it.
HAS_EVENTS = 10


@dataclass(frozen=True)
class WatchListing:
    """A watched run."""

    run: Annotated[int, "Number of the run."]
    name: Annotated[str | None, "Name of the run."]
    state: Annotated[
        str, "`queued`, `running`, `waiting`, `done`, `failed`, `cancelled` or `paused`."
    ]
    every: Annotated[str, "`hour`, `day`, `week` or `month`."]
    max_calls: Annotated[int | None, "Calls between two times at most."]
    checked_at: Annotated[float | None, "Seconds since 1970, UTC; null if it has not happened."]
    due_at: Annotated[float, "Seconds since 1970, UTC."]
    updates: Annotated[int, "How often something was queued."]


class Every(StrEnum):
    """How often a watched run is checked."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def watch(
    run: Annotated[
        int | None, Argument(metavar="RUN", parser=parse_run, help="The run that goes on.")
    ] = None,
    every: Annotated[
        Every | None,
        Option(help="How often new documents are looked for: hour, day, week or month."),
    ] = None,
    max_calls: Annotated[
        int | None,
        Option(min=1, max=MOST, help="Ask the Text API at most N times each time; then wait."),
    ] = None,
    stop: Annotated[bool, Option("--stop", help="End the watch; run and report stay.")] = False,
    list_all: Annotated[bool, Option("--list", help="List the runs that are watched.")] = False,
    as_json: Json = False,
) -> None:
    """Let a run go on: work on new documents at its times and renew its report.

    Months that have begun are added; only what is new is asked. The workers do it: `tidings up`.
    Given again, it looks at once. Its events are of whole months, however often it looks.
    """
    _check_usage(run, every, max_calls, stop=stop, list_all=list_all, as_json=as_json)
    with closing(context.open_database()) as db:
        if list_all:
            _list_watches(db, as_json=as_json)
        elif run is not None and stop:
            from models.watches import stop_watch

            with db.write() as connection:
                stop_watch(connection, run)

            inform(f"run {run} is no longer watched; it and its report stay as they are")
        elif run is not None and every is not None:
            _start(db, run, every, max_calls)


def _check_usage(
    run: int | None,
    every: Every | None,
    max_calls: int | None,
    *,
    stop: bool,
    list_all: bool,
    as_json: bool,
) -> None:
    """Raise `UsageError` unless the options name exactly one action."""
    if list_all + stop + (every is not None) != 1 or list_all == (run is not None):
        raise UsageError(
            "write `watch RUN --every hour|day|week|month`, `watch RUN --stop` or `--list`"
        )
    if max_calls is not None and every is None:
        raise UsageError("--max-calls goes with --every: it is a cap for each time")
    if as_json and not list_all:
        raise UsageError("--json goes with --list")


def _start(db: Database, run: int, every: Every, max_calls: int | None) -> None:
    from analysis.kinds import kind_named
    from models.runs import get_run
    from models.watches import get_watch, read_clock, record_report, start_watch
    from reports.data.run_data import load_run
    from reports.pages.watching import read_what_to_record

    with db.read() as connection:
        stored = get_run(connection, run)
        is_watched = get_watch(connection, run) is not None

    if not kind_named(stored.kind).has_documents:
        raise UsageError(f"run {run} is a training: runs over texts go on")
    if stored.state == State.CANCELLED:
        raise RunEnded(f"run {run} was cancelled, for good: submit it again to watch it")

    recorded = None
    if stored.state in ENDED and not is_watched:
        recorded = read_what_to_record(load_run(db, run))

    with db.write() as connection:
        moment = read_clock(connection)
        start_watch(connection, db, run, every=every, max_calls=max_calls, now=moment)
        if recorded is not None:
            counts, keys = recorded
            record_report(connection, db, run, number=0, counts=counts, event_keys=keys)

    inform(
        f"run {run} goes on every {every}, at once for the first time, wherever workers run "
        f"(`tidings up`); `tidings watch {run} --stop` ends that"
    )


def _list_watches(db: Database, *, as_json: bool) -> None:
    from models.watches import list_watches

    watches = [
        WatchListing(
            run=watch.run_id,
            name=watch.name,
            state=watch.state,
            every=watch.every,
            max_calls=watch.max_calls,
            checked_at=watch.checked_at,
            due_at=watch.due_at,
            updates=watch.updates,
        )
        for watch in db.fetch(list_watches)
    ]
    show_listing(
        watches,
        _describe_watch,
        as_json=as_json,
        if_empty="no run is watched: `tidings watch RUN --every day` begins it",
    )


def _describe_watch(watch: WatchListing) -> Iterator[str]:
    cap = f", at most {quantity(watch.max_calls, 'call')}" if watch.max_calls else ""
    checked_at = "not looked at yet"
    if watch.checked_at:
        checked_at = f"looked at {format_minute(watch.checked_at)}"

    due = f"next {format_minute(watch.due_at)}  {watch.state}  {watch.name or ''}"
    yield f"{watch.run:>5}  every {watch.every}{cap}  {checked_at}, {due}".rstrip()


def events(
    run: Run,
    new: Annotated[
        bool,
        Option("--new", help="Only those that the last update of a watched run brought."),
    ] = False,
    as_json: Json = False,
) -> None:
    """List the months and weeks that depart from the past of their own series.

    Share, wording and mood of each keyword, or posts a day and mood of each account, are judged
    when a month or a week is whole. Below the events stand the largest changes, which are not
    tested. The exit status is 10 where there are any events, 0 where there are none, and 1 where
    there are none yet since the run is at work.
    """
    from cli.progress import progress_display
    from models.runs import get_run
    from models.watches import read_state
    from producers.status import describe_unfinished

    with (
        closing(context.open_database()) as db,
        progress_display(f"events {run}", is_often_short=True),
    ):
        # These take seconds to import: the display has begun.
        from reports.data.run_data import load_run
        from reports.pages.surprises import (
            describe_season,
            list_changes,
            list_events,
            show_events,
        )

        run_data = load_run(db, run)
        if not run_data.kind.has_documents:
            raise UsageError(f"run {run} is a training, which has no events")

        with db.read() as connection:
            state = read_state(connection, run)
            run_state = get_run(connection, run).state

        if new and state is None:
            raise NotFound(f"run {run} is not watched: `tidings watch {run} --every day` begins it")

        listed_events = [event for event in show_events(run_data, state) if event.is_new or not new]
        lines = [] if as_json else list_events(run_data, listed_events)
        changes = [] if new or as_json else list_changes(run_data)
        season = "" if new or as_json else describe_season(run_data)
        unfinished = describe_unfinished(db, run)

    if as_json:
        show_json([event.as_row() for event in listed_events])
    else:
        _print_events(lines, changes)
        if season:
            show(season)

    if unfinished is not None:
        warn(f"{unfinished}, and events are looked for in no more than that")
    if listed_events:
        raise Exit(HAS_EVENTS)
    if unfinished is None:
        kind = "new event" if new else "event"
        inform(f"run {run} has no {kind}: no whole month or week departs far enough")
    elif run_state not in ENDED:
        raise RunAtWork(f"whether run {run} has events is known when its jobs are done")


def _print_events(lines: Sequence[EventLine], changes: Sequence[EventLine]) -> None:
    for line in lines:
        show(line.finding.whole)

    if changes:
        show("The largest changes that are no events:")

    for change in changes:
        show(f"  {change.finding.whole}")
        if change.headline is not None:
            show(f"    {change.headline.day}: {change.headline.text}")
