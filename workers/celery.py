"""The Celery application: ``celery -A workers worker``, ``celery -A workers flower``."""

from __future__ import annotations

import gc
import os
from typing import Any

from celery import bootsteps, signals
from celery.worker import WorkController
from kombu.transport import redis as redis_transport

from core import settings as core_settings
from core.broker import celery_app, redis_client
from core.enums import QUEUE_TEXT
from core.errors import TidingsError
from core.garbage import collect_seldom
from core.logs import configure, get_logger, name_worker
from core.process_identity import has_exited, is_name_of, own_process_name
from models.database import Database, revision_problem, stored_revision
from models.job_transitions import requeue_crashed_jobs
from models.jobs import record_worker
from producers.dispatch import MESSAGE_LOST_SECONDS, reconcile, update_watched_runs
from workers.child_exits import LOOK_SECONDS, ChildExits
from workers.kombu_workaround import Channel
from workers.metrics import WorkerMetrics
from workers.runtime import Runtime
from workers.tasks import register

RECONCILE_SECONDS = 15.0

# After a worker has reconciled, the others pause for this time.
RECONCILE_GUARD_SECONDS = 10.0

# A new worker reconciles at once, and again when messages that were sent earlier count as lost.
FIRST_SECONDS = (0.1, MESSAGE_LOST_SECONDS + 1.0)

# The wait is short: reconcile runs on the parent's loop, which must not block.
DATABASE_PATIENCE_SECONDS = 3.0

settings = core_settings.load()
app = celery_app(settings)
app.set_current()
app.set_default()

# Flower reads this when it starts: the arguments of a task name the month or account of a run, its
# result is the run's progress, and log lines have its uuid.
os.environ.setdefault(
    "FLOWER_TASKS_COLUMNS", "name,kwargs,result,state,received,runtime,worker,uuid"
)

log = get_logger(__name__)
_runtime: Runtime | None = None


def get_runtime() -> Runtime:
    """Return this process's runtime, opened at first use: in a child, never before a fork."""
    global _runtime  # noqa: PLW0603 - there is one per process
    if _runtime is None:
        _runtime = Runtime(settings, app)
        collect_seldom()
        # Loaded objects stay; the collector would look at all of them every few hundred jobs.
        gc.freeze()

    return _runtime


register(app, get_runtime)


class Reconcile(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Reconciles in every worker's parent, so that no run depends on a single process.

    It runs on the parent's loop, between forks, with connections that are closed before it
    returns: a child never inherits one.
    """

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, parent: WorkController, **_kw: Any) -> None:
        self._timers: list[Any] = []
        self._queues = ",".join(sorted(parent.app.amqp.queues.consume_from))
        self._slots = int(parent.concurrency or 1)
        self._metrics = WorkerMetrics() if settings.metrics_port else None
        self._child_exits = ChildExits()

    def start(self, parent: WorkController) -> None:
        """Reconcile at once and then regularly. Raises `SystemExit` on tables of other versions."""
        if _report_other_tables():
            raise SystemExit(1)

        if self._metrics and settings.metrics_port:
            self._metrics.serve(settings.metrics_host, settings.metrics_port)

        self._watch_children(parent.pool._pool)  # noqa: SLF001 - billiard's, which Celery wraps
        self._timers = [
            parent.timer.call_repeatedly(RECONCILE_SECONDS, self._reconcile),
            parent.timer.call_repeatedly(LOOK_SECONDS, self._child_exits.look),
        ]
        for seconds in FIRST_SECONDS:
            parent.timer.call_after(seconds, self._reconcile, kwargs={"every_seconds": 0.0})

    def stop(self, parent: WorkController) -> None:  # noqa: ARG002 - Celery's signature
        """End."""
        for timer in self._timers:
            timer.cancel()

        if self._metrics:
            self._metrics.close()

    # Celery calls `stop` or `terminate`.
    terminate = stop

    def close(self, parent: WorkController) -> None:
        """End the slices at work, however the worker is stopped.

        Celery's warm shutdown waits for them for a minute, in which they take further jobs.
        """
        parent.consumer.cancel_active_requests()

    def _watch_children(self, pool: Any) -> None:
        """Count the crash of a child before its job's message is delivered again."""
        deliver_again = pool.on_job_process_lost

        def on_job_process_lost(task: Any, pid: int, exit_status: int) -> None:
            cause = self._child_exits.cause(exit_status)
            if cause is not None:
                _count_crash(pid, cause)

            deliver_again(task, pid, exit_status)

        pool.on_job_process_lost = on_job_process_lost

    def _reconcile(self, every_seconds: float = RECONCILE_GUARD_SECONDS) -> None:
        if _report_other_tables():
            # Celery stops the worker, and `close` hands its jobs back.
            raise SystemExit(1)

        db = Database(settings.database, connections=1, patience=DATABASE_PATIENCE_SECONDS)

        try:
            record_worker(db, own_process_name(), queues=self._queues, slots=self._slots)
            with redis_client(settings) as broker:
                reconcile(db, app, broker, has_exited, every_seconds=every_seconds)
                if QUEUE_TEXT in self._queues.split(","):
                    update_watched_runs(db, app, broker, settings, every_seconds=every_seconds)
                if self._metrics:
                    self._metrics.refresh(db, broker, settings)
        except TidingsError as error:
            if self._metrics:
                self._metrics.clear()

            log.warning("could not reconcile; the next turn tries again", why=str(error))
        finally:
            db.close()


def _report_other_tables() -> bool:
    """Return whether a program of another version has made the tables; log what to do then.

    Tables that cannot be read, or are not there yet, are none of another version.
    """
    db = Database(settings.database, pooled=False, patience=DATABASE_PATIENCE_SECONDS)
    try:
        revision = stored_revision(db)
    except TidingsError as error:
        log.warning("the revision of the tables is not known", why=str(error))
        return False
    finally:
        db.close()

    problem = None if revision is None else revision_problem(revision)
    if problem is not None:
        log.error("this worker ends: it cannot work on these tables", why=problem)

    return problem is not None


def _count_crash(pid: int, cause: str) -> None:
    """Count a crash of the jobs of the child *pid*; without a database it counts as a loss."""
    db = Database(settings.database, pooled=False, patience=DATABASE_PATIENCE_SECONDS)
    try:
        crashed = requeue_crashed_jobs(db, lambda owner: is_name_of(owner, pid), cause)
        log.error("a process was killed by its job", pid=pid, jobs=crashed, why=cause)
    except TidingsError as error:
        log.warning("a crash could not be counted", why=str(error))
    finally:
        db.close()


app.steps["worker"].add(Reconcile)
redis_transport.Transport.Channel = Channel


@signals.celeryd_init.connect  # type: ignore[untyped-decorator]
def _name_worker(sender: str, **_kw: Any) -> None:
    name_worker(sender)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _configure_logs(**_kw: Any) -> None:
    configure(settings)


@signals.heartbeat_sent.connect  # type: ignore[untyped-decorator]
def _touch_alive_file(**_kw: Any) -> None:
    """Show every two seconds that the parent's loop turns and the broker takes its events."""
    if settings.alive_file is not None:
        settings.alive_file.touch()


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _close_runtime(**_kw: Any) -> None:
    if _runtime is not None:
        _runtime.close()
