"""Dispatch: tell workers which jobs are due. Queues are short; a lost message loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import redis
from celery import Celery

from core.broker import FIRST, RESERVE, queue_lengths, send_job_message
from core.enums import QUEUE_REPORTS, QUEUES
from core.errors import BrokerAway
from core.process_identity import has_exited as process_has_exited
from core.settings import Settings
from models.answers import delete_expired_claims
from models.database import Database
from models.job_transitions import correct_times, requeue_lost_jobs
from models.jobs import count_live_slots, count_report_slots, try_acquire_maintenance
from models.run_transitions import close_ended_runs
from models.scheduling import (
    MESSAGE_LATE_SECONDS,
    DueJob,
    reset_dispatch,
    select_due_jobs,
    select_due_report,
)
from producers.watches import check_due_watches

MESSAGES_PER_SLOT = 2
MESSAGES_WITHOUT_WORKER = 8

# If the queue is empty after this time, a worker holds the earlier messages, or they are lost.
MESSAGE_LOST_SECONDS = 5.0
EXPIRED_CLAIM_SECONDS = 3600.0


def dispatch_due_jobs(db: Database, app: Celery, broker: redis.Redis) -> int:
    """Fill each queue to about twice its live slots; return the number of messages sent.

    Report jobs get messages as long as another of them may be at work. Raises `BrokerAway`,
    `DatabaseAway`.
    """
    lengths = queue_lengths(broker, QUEUES)
    slots = count_live_slots(db, process_has_exited)
    sent = 0
    for queue in QUEUES:
        room = MESSAGES_PER_SLOT * slots.get(queue, 0) or MESSAGES_WITHOUT_WORKER
        room -= lengths[queue]
        lost_after = MESSAGE_LATE_SECONDS if lengths[queue] else MESSAGE_LOST_SECONDS
        if room <= 0:
            continue

        if queue == QUEUE_REPORTS:
            sent += _send_reports(db, app, room, lost_after)
        else:
            jobs = select_due_jobs(
                db, queue, room, lost_after=lost_after, slots=slots.get(queue, 0)
            )
            _send_messages(db, app, queue, jobs)
            sent += len(jobs)

    return sent


def _send_reports(db: Database, app: Celery, room: int, lost_after: float) -> int:
    """Send up to *room* messages, as long as another report job may be at work."""
    slots = count_report_slots(db, process_has_exited)
    for sent in range(room):
        jobs = select_due_report(db, slots, lost_after=lost_after)
        if not jobs:
            return sent

        _send_messages(db, app, QUEUE_REPORTS, jobs)

    return room


def _send_messages(db: Database, app: Celery, queue: str, jobs: Sequence[DueJob]) -> None:
    for sent, job in enumerate(jobs):
        message = {"job": job.job_id, "run": job.run_id, "name": job.name}
        priority = FIRST if job.in_turn else RESERVE
        try:
            send_job_message(app, kind=job.kind, queue=queue, message=message, priority=priority)
        except BrokerAway:
            reset_dispatch(db, jobs[sent:])
            raise


def reconcile(
    db: Database,
    app: Celery,
    broker: redis.Redis,
    has_exited: Callable[[str], bool],
    *,
    every_seconds: float,
) -> bool:
    """Put right what a crash left; return False if it was done in the last *every_seconds*.

    It corrects times of a wrong clock, requeues lost jobs, closes ended runs, deletes expired
    claims, fills the queues and truncates SQLite's log. Any process may call it at any time.
    """
    if not try_acquire_maintenance(db, "reconcile", every_seconds=every_seconds):
        return False

    correct_times(db)
    requeue_lost_jobs(db, has_exited)
    close_ended_runs(db)
    delete_expired_claims(db, older_than=EXPIRED_CLAIM_SECONDS)
    dispatch_due_jobs(db, app, broker)
    db.checkpoint_wal()
    return True


def update_watched_runs(
    db: Database, app: Celery, broker: redis.Redis, settings: Settings, *, every_seconds: float
) -> bool:
    """Update the watched runs that are due; return False if that was done in *every_seconds*.

    The *settings* must be the settings of a worker that fetches documents: they say what can be
    fetched.
    """
    if not try_acquire_maintenance(db, "watches", every_seconds=every_seconds):
        return False
    if check_due_watches(db, settings):
        dispatch_due_jobs(db, app, broker)

    return True
