"""The metrics that a worker's parent serves to Prometheus.

The counts of its children are added up at each request, from files that they share. Jobs, queues
and slots are the same for every worker: the parent's own loop reads them between forks, and a
request gets them as they were then. So a request costs no query, and no thread holds a connection
while a child is forked.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import redis
from prometheus_client import CollectorRegistry, start_http_server, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from core.broker import queue_length
from core.enums import QUEUES, State
from core.errors import SettingsError
from core.process_identity import has_exited
from core.processes import is_locked, take_lock
from core.settings import Settings
from models.database import Database
from models.jobs import count_live_slots
from models.queue_stats import QueueStats, read_queue_stats
from models.shared_settings import are_all_paused
from producers.gauges import Gauges, share_gauges

# The metrics that `producers.gauges` measures, with their labels.
SHARED = {
    "tidings_useful_slots": ("Slots that would be at work under the limits in force.", ["queue"]),
    "tidings_brake_slots": ("Slots that one brake alone would let work.", ["queue", "brake"]),
    "tidings_limit_used_ratio": ("Share of a limit that is used.", ["service", "limit"]),
    "tidings_limit_left": ("What is left of a limit, in its unit.", ["service", "limit", "unit"]),
    "tidings_run_done_ratio": ("Share of an open run that is done.", ["run"]),
    "tidings_run_left_seconds": ("How long an open run will take from now.", ["run", "estimate"]),
    "tidings_run_calls": ("Calls of an open run so far.", ["run"]),
    "tidings_run_due_jobs": ("Jobs of an open run that are due or at work.", ["run"]),
    "tidings_purse_left_ratio": ("Share of a purse's cap that is left.", ["purse"]),
}

FOLDER_PREFIX = "tidings-metrics-"
LOCK = "lock"

# Runs are paused, jobs are not.
JOB_STATES = [state for state in State if state != State.PAUSED]


@dataclass(frozen=True)
class Snapshot:
    """The state of the whole system at one moment (`time.time()`)."""

    at: float
    stats: QueueStats

    # The number of messages in each queue.
    messages: Mapping[str, int]

    # The number of jobs that can be at work at once, by queue.
    slots: Mapping[str, int]

    # What one of the workers has measured of runs, limits and purses; None if none did lately.
    shared: Gauges | None
    all_are_paused: bool = False


class WorkerMetrics(Collector):
    """The children's counts and the last snapshot; make it before the first child is forked."""

    def __init__(self) -> None:
        _remove_abandoned_folders()
        self._folder = tempfile.mkdtemp(prefix=FOLDER_PREFIX)
        # The lock is held until this process ends in any way.
        self._lock = take_lock(Path(self._folder) / LOCK)
        self._snapshot: Snapshot | None = None
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = self._folder
        # prometheus-client reads the variable at import, and Celery has imported it for Flower.
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.registry.register(self)
        MultiProcessCollector(self.registry, self._folder)  # type: ignore[no-untyped-call]

    def serve(self, host: str, port: int) -> None:
        """Serve on *host* and *port*. Raises `SettingsError` if the port is taken."""
        try:
            self._server, self._thread = start_http_server(port, host, self.registry)
        except OSError as error:
            self._remove_folder()
            raise SettingsError(
                f"TIDINGS_METRICS_PORT: {host}:{port} cannot be listened on ({error.strerror})"
            ) from error

    def close(self) -> None:
        """Stop serving, and remove the children's files."""
        self._server.shutdown()
        self._server.server_close()
        self._remove_folder()

    def _remove_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def refresh(self, db: Database, broker: redis.Redis, settings: Settings) -> None:
        """Take a new snapshot. Raises `DatabaseAway`, `BrokerAway`."""
        messages = {queue: queue_length(broker, queue) for queue in QUEUES}
        slots = count_live_slots(db, has_exited)
        all_are_paused = db.fetch(are_all_paused)
        stats, shared = read_queue_stats(db), share_gauges(db, broker, settings)
        self._snapshot = Snapshot(time.time(), stats, messages, slots, shared, all_are_paused)

    def clear(self) -> None:
        """Drop the snapshot, which may be out of date."""
        self._snapshot = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics of the last snapshot."""
        snapshot = self._snapshot
        yield GaugeMetricFamily(
            "tidings_stack_up",
            "Whether database and Redis answered this worker last time.",
            value=float(snapshot is not None),
        )
        if snapshot is not None:
            yield from _gauges(snapshot)


def _remove_abandoned_folders() -> None:
    """Remove the folders of killed workers: no process holds their locks any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        # The folder may belong to another user.
        with suppress(OSError):
            if (folder / LOCK).exists() and not is_locked(folder / LOCK):
                shutil.rmtree(folder)


def _gauges(snapshot: Snapshot) -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily(
        "tidings_look_age_seconds",
        "How long ago jobs, queues and slots were read.",
        value=time.time() - snapshot.at,
    )
    yield GaugeMetricFamily(
        "tidings_all_paused",
        "1 while all runs are paused (`tidings pause --all`).",
        value=float(snapshot.all_are_paused),
    )

    jobs = GaugeMetricFamily("tidings_jobs", "Jobs of all runs.", labels=["queue", "state"])
    oldest = _gauge_by_queue(
        "tidings_oldest_due_seconds", "How long the oldest due job has waited; 0: none is due."
    )
    messages = _gauge_by_queue("tidings_queue_messages", "Job messages that wait in a queue.")
    slots = _gauge_by_queue("tidings_slots", "Jobs that can be at work at once.")

    for queue in QUEUES:
        for state in JOB_STATES:
            jobs.add_metric([queue, state], snapshot.stats.jobs.get((queue, state), 0))

        oldest.add_metric([queue], snapshot.stats.oldest_due.get(queue, 0.0))
        messages.add_metric([queue], snapshot.messages.get(queue, 0))
        slots.add_metric([queue], snapshot.slots.get(queue, 0))

    yield from (jobs, oldest, messages, slots)
    if snapshot.shared is not None:
        yield from _shared_gauges(snapshot.shared)


def _shared_gauges(shared: Gauges) -> Iterator[GaugeMetricFamily]:
    for name, (documentation, labels) in SHARED.items():
        family = GaugeMetricFamily(name, documentation, labels=labels)
        for values_in_json, value in shared.families.get(name, {}).items():
            family.add_metric(json.loads(values_in_json), value)

        yield family


def _gauge_by_queue(metric_name: str, documentation: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric_name, documentation, labels=["queue"])
