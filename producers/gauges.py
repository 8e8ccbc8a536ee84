"""What Prometheus shows of runs, limits and purses: taken by one worker, shared through Redis.

Taking it costs queries over jobs and calls, so of all workers one does it at a time, and the others
serve what it has stored.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, select

from core.enums import QUEUE_TEXT, QUEUES
from core.errors import BrokerAway
from core.prices import MICRO
from core.process_identity import has_exited
from core.ratelimit.notation import ONE_CALL, LimitedResource
from core.ratelimit.usage import HORIZON_SECONDS, WindowUse, read_closed_seconds, read_use
from core.settings import Settings
from models.database import Database, clock
from models.jobs import count_live_slots, progress_of, try_acquire_maintenance
from models.payers import read_purse_shares
from models.progress import (
    RunJobs,
    connection_share,
    count_due_jobs,
    list_called,
    list_open_runs,
    sum_calls,
    sum_recent_calls,
)
from models.shared_settings import with_shared_limits
from producers.forecast import MINUTE, Forecast
from producers.run_forecasts import forecast_run, limits_in_force, waited_seconds, weights_of
from producers.useful_slots import RunLoad, ServiceLoad, count_useful_slots

KEY = "tidings:gauges"
TAKEN_EVERY = 15.0
# Older ones are not served: no worker takes them any more.
KEPT_SECONDS = 120
# The newest open runs have series of their own.
MOST_RUNS = 20
MOST_PURSES = 50
FORETOLD_EVERY = 60.0
# The parent of a worker takes the gauges on its loop, which must not stand still for long.
MOST_SECONDS = 1.0
# What was called in so many whole minutes tells how many slots a limit feeds.
PERIOD = 2 * MINUTE
DAY = 86_400

# The number of a metric by the values of its labels.
Family = dict[str, float]


@dataclass
class Gauges:
    """The gauges of one moment, each by its labels in JSON, and what the next ones need."""

    at: float
    families: dict[str, Family] = field(default_factory=dict)
    foretold_at: float = 0.0

    # How many slots each run kept busy, at the moments of the last period.
    busy: list[tuple[float, dict[str, int]]] = field(default_factory=list)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge; one without end is left out."""
        if math.isfinite(value):
            self.families.setdefault(name, {})[json.dumps(labels)] = value


def read_gauges(client: redis.Redis) -> Gauges | None:
    """Return the gauges that a worker has stored last. Raises `BrokerAway`."""
    try:
        stored = client.get(KEY)
    except RedisError as error:
        raise BrokerAway.caused_by(error) from error

    return None if stored is None else Gauges(**json.loads(stored))


def share_gauges(db: Database, client: redis.Redis, settings: Settings) -> Gauges | None:
    """Take the gauges and store them, unless that was just done; return the newest.

    Raises `BrokerAway`, `DatabaseAway`.
    """
    last = read_gauges(client)
    if not try_acquire_maintenance(db, "gauges", every_seconds=TAKEN_EVERY - 1):
        return last

    gauges = take_gauges(db, client, with_shared_limits(db, settings), last)
    try:
        client.set(KEY, json.dumps(vars(gauges)), ex=KEPT_SECONDS)
    except RedisError as error:
        raise BrokerAway.caused_by(error) from error

    return gauges


def take_gauges(
    db: Database, client: redis.Redis, settings: Settings, last: Gauges | None = None
) -> Gauges:
    """Return the gauges as they are now. Raises `BrokerAway`, `DatabaseAway`."""
    settings, slots = with_shared_limits(db, settings), count_live_slots(db, has_exited)
    with db.read() as connection:
        now = float(connection.execute(select(clock())).scalar_one())
        jobs = count_due_jobs(connection)
        called = list_called(connection, now - DAY)
        recent = sum_recent_calls(connection, called, now // MINUTE * MINUTE - PERIOD)
        share = connection_share(connection, db)
        gauges = Gauges(now)
        _set_run_gauges(connection, gauges, jobs)
        for purse, left in read_purse_shares(connection, MOST_PURSES).items():
            gauges.set("tidings_purse_left_ratio", left, purse)

    busy = {str(run.run_id): run.busy for run in jobs if run.queue == QUEUE_TEXT}
    before = [] if last is None else last.busy
    gauges.busy = [*(look for look in before if look[0] > now - PERIOD - MINUTE), (now, busy)]

    allowed: dict[str, dict[LimitedResource, float]] = {}
    credentials: dict[str, set[str]] = defaultdict(set)
    for service, credential in called:
        credentials[service].add(credential)

    for service, of_service in credentials.items():
        allowed[service] = _set_limit_gauges(gauges, client, settings, service, of_service)

    database = slots.get(QUEUE_TEXT, 0) / share if share else math.inf
    loads = _measure_loads(gauges, settings, jobs, recent)
    _set_useful_slots(gauges, loads, allowed, database)
    _set_forecasts(db, settings, gauges, last)
    return gauges


def _set_run_gauges(connection: Connection, gauges: Gauges, jobs: list[RunJobs]) -> None:
    """Set how far the newest open runs are."""
    runs = list_open_runs(connection, MOST_RUNS)
    calls: Counter[int] = Counter()
    for row in sum_calls(connection, runs):
        calls[row.run_id] += row.calls

    due: Counter[int] = Counter()
    for run in jobs:
        due[run.run_id] += run.due

    for run_id in runs:
        gauges.set("tidings_run_done_ratio", progress_of(connection, run_id), str(run_id))
        gauges.set("tidings_run_calls", calls[run_id], str(run_id))
        gauges.set("tidings_run_due_jobs", due[run_id], str(run_id))


def _set_limit_gauges(
    gauges: Gauges, client: redis.Redis, settings: Settings, service: str, credentials: set[str]
) -> dict[LimitedResource, float]:
    """Set how much of each window is used and left, of the credential that has used it most.

    Return what may be taken of each unit in a second.
    """
    allowed: dict[LimitedResource, float] = {}
    windows = limits_in_force(settings, service)
    uses: list[WindowUse] = []
    for credential in credentials if windows else ():
        uses += read_use(client, service, credential, windows)

    for window in windows:
        use = max((use for use in uses if use.window == window), key=lambda use: use.used)
        scale = MICRO if window.currency else 1
        unit = window.currency or window.resource
        gauges.set("tidings_limit_used_ratio", use.used / window.amount, service, str(window))
        gauges.set("tidings_limit_left", use.left / scale, service, str(window), unit)
        allowed[window.resource] = min(allowed.get(window.resource, math.inf), use.per_second)

    closed = max(read_closed_seconds(client, service, credential) for credential in credentials)
    if closed:
        open_share = max(0.0, 1 - closed / HORIZON_SECONDS)
        for unit in {*ONE_CALL, *allowed}:
            allowed[unit] = 0.0 if not open_share else allowed.get(unit, math.inf) * open_share

    return allowed


def _measure_loads(
    gauges: Gauges, settings: Settings, jobs: list[RunJobs], recent: Any
) -> dict[str, list[RunLoad]]:
    """Return what each run with due jobs asks of each service, by queue."""
    services: dict[int, dict[str, ServiceLoad]] = defaultdict(dict)
    for row in recent:
        if row.calls:
            per_second = row.calls / PERIOD
            rates = {unit: per_second * weight for unit, weight in weights_of(row).items()}
            waiting = waited_seconds(row, settings) / PERIOD
            load = ServiceLoad(rates, row.seconds / PERIOD, waiting)
            services[row.run_id][row.service] = load

    loads: dict[str, list[RunLoad]] = {queue: [] for queue in QUEUES}
    for run in jobs:
        asked = services[run.run_id] if run.queue == QUEUE_TEXT else {}
        # Slots that were begun between two looks had calls under way: so many at least.
        outstanding = sum(load.in_flight + load.waiting for load in asked.values())
        busy = max(_mean_busy(gauges, run), outstanding / settings.textapi_concurrency)
        loads[run.queue].append(RunLoad(run.due, busy, asked))

    return loads


def _set_useful_slots(
    gauges: Gauges,
    loads: Mapping[str, list[RunLoad]],
    allowed: Mapping[str, Mapping[LimitedResource, float]],
    database: float,
) -> None:
    """Set how many slots of each queue would be at work, and how many each brake would let work."""
    for queue, runs in loads.items():
        useful, brakes = count_useful_slots(runs, allowed, database)
        gauges.set("tidings_useful_slots", useful, queue)
        for brake, slots in brakes.items():
            gauges.set("tidings_brake_slots", slots, queue, brake)


def _mean_busy(gauges: Gauges, run: RunJobs) -> float:
    """Return how many slots a run kept busy on average in the last period of whole minutes."""
    ends = gauges.at // MINUTE * MINUTE
    looks = [busy for at, busy in gauges.busy if ends - PERIOD <= at <= ends]
    known = [busy.get(str(run.run_id), 0) for busy in looks]
    return sum(known) / len(known) if known else float(run.busy)


def _set_forecasts(db: Database, settings: Settings, gauges: Gauges, last: Gauges | None) -> None:
    """Set how long open runs will take; for a minute they are those of before."""
    name = "tidings_run_left_seconds"
    if last is not None and gauges.at - last.foretold_at < FORETOLD_EVERY:
        gauges.families[name], gauges.foretold_at = last.families.get(name, {}), last.foretold_at
        return

    gauges.foretold_at, ends = gauges.at, time.monotonic() + MOST_SECONDS
    for run_id in db.fetch(list_open_runs, MOST_RUNS):
        told = forecast_run(db, settings, run_id) if time.monotonic() < ends else None
        if isinstance(told, Forecast):
            times = {"about": told.ends_at, "low": told.earliest, "high": told.latest}
            for estimate, at in times.items():
                gauges.set(name, at - gauges.at, str(run_id), estimate)
