"""What a worker's parent serves to Prometheus.

Its children's own counts are added up at each request, out of files that they share. Jobs, queues and slots are the
same for every worker: they are looked up on the parent's own loop, between forks, and served as they were then. So a
request costs no query, and no thread ever holds a connection while a child is forked.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import redis
from prometheus_client import CollectorRegistry, start_http_server, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from core.broker import queue_length
from core.enums import QUEUES, State
from core.errors import SettingsError
from core.process_identity import has_exited
from models.database import Database
from models.jobs import count_live_slots
from models.queue_stats import Overview, overview

JOB_STATES = [state for state in State if state != State.PAUSED]  # runs are paused, jobs are not


@dataclass(frozen=True)
class Look:
    """What was seen of the whole system at one moment (`time.time()`)."""

    at: float
    overview: Overview
    hints: Mapping[str, int]  # in each queue
    slots: Mapping[str, int]  # jobs that can be at work at once, by queue


class Metrics(Collector):
    """What the children count and the last look says; to be made before the first child is forked."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="tidings-metrics-")
        self._last: Look | None = None
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = self._folder
        # The same as setting that name before prometheus-client is imported, which Celery has done by now for Flower.
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.registry.register(self)
        MultiProcessCollector(self.registry, self._folder)  # type: ignore[no-untyped-call]

    def serve(self, host: str, port: int) -> None:
        """Serve it on *host* and *port*. Raises `SettingsError` where the port is taken."""
        try:
            self._server, self._thread = start_http_server(port, host, self.registry)
        except OSError as error:
            shutil.rmtree(self._folder)
            raise SettingsError(
                f"TIDINGS_METRICS_PORT: {host}:{port} cannot be listened on ({error.strerror})"
            ) from error

    def close(self) -> None:
        """End, and remove the children's files."""
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def look(self, db: Database, broker: redis.Redis) -> None:
        """From now on serve what database and Redis say now. Raises `DatabaseAway`, `BrokerAway`."""
        hints = {queue: queue_length(broker, queue) for queue in QUEUES}
        self._last = Look(time.time(), overview(db), hints, count_live_slots(db, has_exited))

    def forget(self) -> None:
        """Nobody knows: serve nothing of what was true once."""
        self._last = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Prometheus's question."""
        last = self._last
        up = GaugeMetricFamily(
            "tidings_stack_up", "Whether database and Redis answered this worker last time."
        )
        up.add_metric([], float(last is not None))
        yield up
        if last is None:
            return
        age = GaugeMetricFamily(
            "tidings_look_age_seconds", "How long ago jobs, queues and slots were looked up."
        )
        age.add_metric([], time.time() - last.at)
        yield age
        jobs = GaugeMetricFamily("tidings_jobs", "Jobs of all runs.", labels=["queue", "state"])
        oldest = GaugeMetricFamily(
            "tidings_oldest_due_seconds",
            "How long the oldest due job has waited; 0: none is due.",
            labels=["queue"],
        )
        hints = GaugeMetricFamily(
            "tidings_queue_messages", "Hints that wait in a queue.", labels=["queue"]
        )
        slots = GaugeMetricFamily(
            "tidings_slots", "Jobs that can be at work at once.", labels=["queue"]
        )
        for queue in QUEUES:
            for state in JOB_STATES:
                jobs.add_metric([queue, state], last.overview.jobs.get((queue, state), 0))
            oldest.add_metric([queue], last.overview.oldest_due.get(queue, 0.0))
            hints.add_metric([queue], last.hints.get(queue, 0))
            slots.add_metric([queue], last.slots.get(queue, 0))
        yield from (jobs, oldest, hints, slots)
