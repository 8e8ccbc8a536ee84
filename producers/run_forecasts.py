"""What the forecast of a run rests on, measured in the database; see `producers.forecast`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from typing import Any

from sqlalchemy import Connection, Row, func, select

from core.enums import State
from core.process_identity import has_exited
from core.ratelimit.notation import ONE_CALL, LimitedResource, Window, parse_limits, weigh_call
from core.settings import Settings
from models.answers import calls_by_minute
from models.database import Database, clock
from models.documents import DocumentScope
from models.jobs import count_live_slots
from models.progress import (
    count_by_month,
    count_ended_by_minute,
    list_called,
    list_open_runs,
    list_sharing_runs,
    sum_calls,
    sum_jobs_by_days,
    sum_recent_calls,
)
from models.runs import IS_SUBMITTED, UNENDED, get_run
from models.shared_settings import are_all_paused, with_shared_limits
from models.tables import Job
from producers.forecast import (
    FEWEST_MINUTES,
    LONG_SECONDS,
    MINUTE,
    NOTHING_ENDED,
    Forecast,
    LimitUse,
    Work,
    forecast,
)

# The speed of earlier hours says little of the next ones, and reading them costs.
LONGEST_LOOK_BACK = 26 * 3600
# So many other runs are looked at.
MOST_OTHERS = 20
# How long calls wait for a limit is that of the last minutes.
STRETCH_SECONDS = 5 * MINUTE
# A speed is that of so many seconds at least.
SHORTEST_SECONDS = 20
# The share of a job at work that is done is known give or take this.
SHARE_ERROR = 0.2
PACE_STEPS = 5
# A job that takes longer than others of its size is not done before it ends: what is left of it
# grows with its age.
MOST_SHARE = 0.8
# Outages stretch single jobs without end: the spread of jobs is no larger than this.
MOST_SPREAD = 0.5
# The last jobs that decide for how long slots go idle at the end.
JOBS_A_SLOT = 10
DAYS_OF_MONTH = 30.4
NO_CALLS = "no such call was made lately"
NO_WORKER = "no worker is there to do it"


@dataclass(frozen=True)
class SizeGroup:
    """Jobs of one size and state: how many have ended, are at work, and are left.

    *weight* is the size of each. *seconds* are the time from begin to end of those that have
    ended, in all, *squares* the sum of the squares; *ages* are the time that those at work have
    taken so far.
    """

    weight: float
    ended: int = 0
    at_work: int = 0
    left: int = 0
    seconds: float = 0.0
    squares: float = 0.0
    ages: float = 0.0

    def share(self, pace: float) -> float:
        """Return how much of a job at work is done if it does a unit of weight in *pace*."""
        expected = pace * self.weight * self.at_work
        return min(MOST_SHARE, self.ages / expected) if expected else 0.0


def measure_done(groups: Sequence[SizeGroup]) -> tuple[float, float]:
    """Return the share of the work of jobs that is done, and the error of done / left.

    A job at work has done as much as its age says beside the time that ended ones took.
    """
    whole = math.fsum(g.weight * (g.ended + g.at_work + g.left) for g in groups)
    ended_weight = math.fsum(g.weight * g.ended for g in groups)
    ended = sum(g.ended for g in groups)
    if not ended_weight:
        return 0.0, 0.0

    pace = measure_pace(groups)
    squares = math.fsum(g.squares / g.weight**2 for g in groups if g.weight)
    mean = math.fsum(g.seconds / g.weight for g in groups if g.weight) / ended
    spread = 0.0
    if mean:
        spread = min(MOST_SPREAD, math.sqrt(max(0.0, squares / ended / mean**2 - 1)))

    done = ended_weight + math.fsum(g.share(pace) * g.weight * g.at_work for g in groups)
    variance = math.fsum(g.at_work * (SHARE_ERROR * g.weight) ** 2 for g in groups)
    share = done / whole
    if not share < 1:
        return share, 0.0

    open_jobs = sum(g.at_work + g.left for g in groups)
    of_jobs = spread * math.sqrt(1 / ended + 1 / max(1, open_jobs))
    of_shares = math.sqrt(variance) / whole / (share * (1 - share))
    return share, min(MOST_SPREAD, math.hypot(of_jobs, of_shares))


def measure_pace(groups: Sequence[SizeGroup]) -> float:
    """Return the seconds in which a job does a unit of weight; 0 if none has ended.

    Those that have ended so far are the quick ones: jobs at work that take longer than them count
    with the time that they have taken. It is a fixed point, which a few steps find.
    """
    seconds = math.fsum(g.seconds for g in groups)
    weight = math.fsum(g.weight * g.ended for g in groups)
    pace = seconds / weight if weight else 0.0
    for _ in range(PACE_STEPS if pace else 0):
        late = [g for g in groups if g.at_work and g.share(pace) == MOST_SHARE]
        late_seconds = math.fsum(g.ages for g in late)
        late_weight = math.fsum(MOST_SHARE * g.weight * g.at_work for g in late)
        pace = (seconds + late_seconds) / (weight + late_weight)

    return pace


def measure_tail(groups: Sequence[SizeGroup], slots: int) -> float:
    """Return for how many seconds *slots* go idle on average at the end, at the pace so far.

    The jobs that are left, in their order, each go to the first slot that is free. Of many jobs
    the last ones tell it. Where more jobs are begun than there are slots, each was at work for a
    part of its time.
    """
    begun, pace = sum(group.at_work for group in groups), measure_pace(groups)
    if slots < 2 or not pace:
        return 0.0

    pace *= min(1.0, slots / begun) if begun else 1.0
    most = JOBS_A_SLOT * slots
    lengths: list[float] = []
    for group in reversed(groups):
        lengths += [pace * group.weight] * min(group.left, most - len(lengths))

    for group in groups:
        share = group.share(measure_pace(groups)) if group.at_work else 0.0
        rest = pace * group.weight * (1 - share)
        if share == MOST_SHARE:
            rest = group.ages / group.at_work * (1 - share) / share

        lengths += [rest] * group.at_work

    free_at = [0.0] * slots
    for length in reversed(lengths):
        heapreplace(free_at, free_at[0] + length)

    return max(free_at) - sum(lengths) / slots


def limits_in_force(settings: Settings, service: str) -> tuple[Window, ...]:
    """Return the windows of the limit of a service."""
    return parse_limits(getattr(settings, f"{service}_limits", ""))


def forecast_run(db: Database, settings: Settings, run_id: int) -> Forecast | str | None:
    """Return when the run will be done, or why nobody can tell yet.

    Return None if it has ended, is paused, or lacks its report alone. Raises `NotFound`.
    """
    with db.read() as connection:
        run = get_run(connection, run_id)
        is_open = (Job.run_id == run_id) & Job.state.in_(UNENDED) & IS_SUBMITTED
        queues = set(connection.scalars(select(Job.queue).where(is_open).distinct()))

        is_paused = are_all_paused(connection)

    if run.state not in (State.QUEUED, State.RUNNING) or is_paused or not queues:
        return None

    slots = count_live_slots(db, has_exited)
    if not any(slots.get(queue) for queue in queues):
        return NO_WORKER

    with db.read() as connection:
        now = float(connection.execute(select(clock())).scalar_one())
        measured = _measure_run(connection, run_id)
        others = _measure_others(connection, run_id, measured)
        begun = select(func.min(Job.started_at)).where(Job.run_id == run_id, IS_SUBMITTED)
        begun_at = connection.scalar(begun) or now
        since = max(begun_at, now - LONGEST_LOOK_BACK)
        by_minute = count_ended_by_minute(connection, run_id, since)
        main, recent = measured.main, []
        if main is not None:
            key = (main.service, main.credential)
            recent = sum_recent_calls(connection, [key], now - STRETCH_SECONDS)

    if not 0 < measured.done < 1:
        return NOTHING_ENDED

    settings = with_shared_limits(db, settings)
    unit = measured.done / sum(group.ended for group in measured.groups)
    done_by_minute = [unit * ended for ended in _fill(by_minute, since, now)]
    limits: list[LimitUse] = []
    for row in measured.calls:
        if row.calls:
            limits += _measure_limits(db, settings, row, measured.done / row.calls, weights_of(row))

    if main is not None:
        unit = measured.done / main.calls
        made = _made_by_minute(db, main, now - since + MINUTE, now)
        done_by_minute = [unit * calls for calls in _fill(made, since, now)]

    if len(done_by_minute) < FEWEST_MINUTES and now - since >= SHORTEST_SECONDS:
        # A run of a few minutes has no whole ones to speak of.
        done_by_minute = [measured.done * MINUTE / (now - since)] * FEWEST_MINUTES

    work = Work(
        measured.done,
        done_by_minute,
        measured.error,
        stretch=1.0 if main is None else _stretch(recent, main, settings),
        tail=measure_tail(
            measured.groups, sum(slots.get(queue, 0) for queue in queues) // (1 + len(others))
        ),
        elapsed=now - begun_at,
        others=others,
        limits=limits,
        cost=run.cost_charged,
        currency=run.currency,
    )
    return forecast(work, now)


def forecast_calls(
    db: Database,
    settings: Settings,
    calls: Mapping[str, float],
    weights: Mapping[LimitedResource, float],
) -> Forecast | str:
    """Return when a run of so many *calls* of each service would be done if it began now.

    It goes on as fast as calls to the same services were made lately, beside the runs that are
    open. *weights* are what a call takes of a window of tokens and of cost.
    """
    with db.read() as connection:
        now = float(connection.execute(select(clock())).scalar_one())
        called = list_called(connection, now - LONGEST_LOOK_BACK)
        recent = sum_recent_calls(connection, called, now - LONGEST_LOOK_BACK)
        others = sum_calls(connection, list_open_runs(connection, MOST_OTHERS))
        left = {
            run_id: _measure_run(connection, run_id).left for run_id in {r.run_id for r in others}
        }

    known = [row for row in recent if calls.get(row.service) and row.calls]
    if not known:
        return NO_CALLS

    main = max(known, key=lambda row: calls[row.service] * row.seconds / row.calls)
    whole = calls[main.service]
    made = _made_by_minute(db, main, LONGEST_LOOK_BACK, now)
    return forecast(
        Work(
            0.0,
            [count / whole for _, count in sorted(made.items()) if count],
            stretch=_stretch(recent, main, settings),
            others=[
                left[row.run_id] * row.calls / whole
                for row in others
                if row.service == main.service
            ],
            limits=[
                limit
                for row in {row.service: row for row in known}.values()
                for limit in _measure_limits(db, settings, row, 1 / calls[row.service], weights)
            ],
        ),
        now,
    )


@dataclass(frozen=True)
class _Measured:
    """A run's jobs, the share of its work that is done with its error, and its calls."""

    groups: Sequence[SizeGroup]
    done: float
    error: float
    calls: Sequence[Row[Any]]

    @property
    def left(self) -> float:
        """What is left, as a multiple of what is done; 1 if nothing is known."""
        return (1 - self.done) / self.done if 0 < self.done < 1 else 1.0

    @property
    def main(self) -> Any:
        """The calls to the service that took most of the time; None if there was no call."""
        called = [row for row in self.calls if row.calls]
        return max(called, key=lambda row: row.seconds, default=None)


def _measure_run(connection: Connection, run_id: int) -> _Measured:
    groups = _read_groups(connection, run_id)
    return _Measured(groups, *measure_done(groups), sum_calls(connection, [run_id]))


def _measure_others(connection: Connection, run_id: int, measured: _Measured) -> list[float]:
    """Return for each run that shares slots with a run how much more it has to do than that.

    A run that has not begun counts as much; one that asks other services alone does not hinder.
    """
    ratios: list[float] = []
    main = measured.main
    for other_id in list_sharing_runs(connection, run_id, MOST_OTHERS):
        other = _measure_run(connection, other_id)
        if not other.calls or not 0 < other.done < 1 or main is None:
            ratios.append(1.0)
            continue

        calls = sum(row.calls for row in other.calls if row.service == main.service)
        if calls:
            ratios.append(calls * other.left / (main.calls * measured.left))

    return ratios


def _read_groups(connection: Connection, run_id: int) -> list[SizeGroup]:
    """Return a run's jobs by their size: the documents of their days, or 1 each.

    A month of which nothing is stored yet counts as an average one until it has ended.
    """
    rows = sum_jobs_by_days(connection, run_id)
    sources = connection.scalar(select(Job.sources).where(Job.run_id == run_id).limit(1))
    dated = [row for row in rows if row.first_day is not None]
    documents: Mapping[str, int] = {}
    if dated:
        first = min(row.first_day for row in dated)
        last = max(row.last_day for row in dated)
        documents = count_by_month(connection, f"{first:%Y-%m}", f"{last:%Y-%m}", sources or ())

    sizes = [_size(row, documents) for row in rows]
    known = [size for size in sizes if size]
    usual = math.fsum(known) / len(known) if known else 1.0
    return [
        SizeGroup(
            size or (usual if row.at_work or row.left else 1.0),
            *(int(row.ended), int(row.at_work), int(row.left)),
            *(float(row.seconds), float(row.squares), float(row.ages)),
        )
        for row, size in zip(rows, sizes, strict=True)
    ]


def _size(row: Row[Any], documents: Mapping[str, int]) -> float:
    """Return the number of documents of a row's days, 0 if none is known."""
    if row.first_day is None:
        return 1.0

    scope = DocumentScope(days=(row.first_day, row.last_day))
    days = int((row.last_day - row.first_day).days) + 1
    share = min(1.0, days / (DAYS_OF_MONTH * len(scope.months)))
    return share * sum(documents.get(month, 0) for month in scope.months)


def _measure_limits(
    db: Database,
    settings: Settings,
    calls: Row[Any],
    unit: float,
    weights: Mapping[LimitedResource, float] = ONE_CALL,
) -> list[LimitUse]:
    """Return the windows of a service of which a call is a *unit* of a run's work."""
    limits: list[LimitUse] = []
    for window in limits_in_force(settings, calls.service):
        weight = weights.get(window.resource, 0.0)
        if not weight:
            continue

        used: Sequence[Any] = ()
        if window.seconds >= LONG_SECONDS:
            seconds = window.seconds + LONGEST_LOOK_BACK
            used = _read_minutes(db, calls, seconds)

        # The count of a minute has the name of each unit; the oldest comes first.
        in_work = [
            (max(0.0, minute.ended_ago), unit * getattr(minute, window.resource) / weight)
            for minute in used
        ]
        limits.append(LimitUse(calls.service, window, unit * window.amount / weight, in_work))

    return limits


def weights_of(calls: Row[Any]) -> dict[LimitedResource, float]:
    """Return what a call took of each unit."""
    return weigh_call(
        float(calls.charged_tokens) / calls.calls, float(calls.charged_cost) / calls.calls
    )


def _read_minutes(db: Database, calls: Row[Any], seconds: float) -> Sequence[Any]:
    """Return what all runs used of a service in each minute, the oldest first."""
    return calls_by_minute(
        db, service=calls.service, credential=calls.credential, seconds=seconds, at_once=0
    )


def _made_by_minute(db: Database, calls: Row[Any], seconds: float, now: float) -> dict[int, int]:
    """Return how many calls all runs made to a service in each minute, `time // 60`."""
    minutes = _read_minutes(db, calls, seconds)
    return {round((now - minute.ended_ago) / MINUTE) - 1: minute.calls for minute in minutes}


def _fill(by_minute: Mapping[int, int], since: float, now: float) -> list[int]:
    """Return the counts of the whole minutes from *since* to *now*, 0 where there is none."""
    minutes = range(math.ceil(since / MINUTE), int(now // MINUTE))
    return [by_minute.get(minute, 0) for minute in minutes]


def _stretch(recent: Iterable[Row[Any]], main: Row[Any], settings: Settings) -> float:
    """Return how many times faster the calls of a service would be if none waited for a limit."""
    key = (main.service, main.credential)
    rows = [row for row in recent if (row.service, row.credential) == key]
    in_flight = sum(row.seconds for row in rows)
    waited = sum(waited_seconds(row, settings) for row in rows)
    return 1 + waited / float(in_flight) if in_flight else 1.0


def waited_seconds(row: Row[Any], settings: Settings) -> float:
    """Return for how long calls waited since a limit was used up, not since they are spaced."""
    # Whoever looks at runs does without Redis.
    from core.ratelimit.windows import spacing_seconds  # noqa: PLC0415

    spacing = spacing_seconds(limits_in_force(settings, row.service))
    return max(0.0, float(row.waited) - spacing * int(row.calls))
