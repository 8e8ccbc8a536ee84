"""Hints: telling workers which jobs are due. Queues are kept short and filled fairly; a lost hint loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import redis
from celery import Celery

from core.broker import FIRST, RESERVE, queue_length, send_job_message
from core.enums import QUEUES
from core.errors import BrokerAway
from core.process_identity import has_exited as process_is_gone
from models.answers import delete_expired_claims
from models.database import Database
from models.jobs import (
    close_ended_runs,
    count_live_slots,
    requeue_lost_jobs,
    try_acquire_maintenance,
)
from models.scheduling import MESSAGE_LATE_SECONDS, reset_dispatch, select_due_jobs

MESSAGES_PER_SLOT = 2
MESSAGES_WITHOUT_WORKER = 8
MESSAGE_LOST_SECONDS = (
    5.0  # an empty queue holds no hint: what was sent before is with a worker by then, or lost
)
DEAD_CLAIM_SECONDS = 3600.0


def dispatch_due_jobs(db: Database, app: Celery, broker: redis.Redis) -> int:
    """Fill each queue to about twice what its workers can take; how many hints were sent.

    Raises `BrokerAway`, `DatabaseAway`.
    """
    slots = count_live_slots(db, process_is_gone)
    sent = 0
    for queue in QUEUES:
        wanted = MESSAGES_PER_SLOT * slots.get(queue, 0) or MESSAGES_WITHOUT_WORKER
        there = queue_length(broker, queue)
        lost_after = MESSAGE_LOST_SECONDS if there == 0 else MESSAGE_LATE_SECONDS
        room, at_once = wanted - there, slots.get(queue, 0)
        picked = (
            select_due_jobs(db, queue, room, lost_after=lost_after, slots=at_once)
            if room > 0
            else []
        )
        for number, due in enumerate(picked):
            try:
                hint = {"job": due.job_id, "run": due.run_id, "name": due.name}
                send_job_message(
                    app,
                    kind=due.kind,
                    queue=queue,
                    message=hint,
                    priority=FIRST if due.in_turn else RESERVE,
                )
            except BrokerAway:
                reset_dispatch(db, picked[number:])
                raise
            sent += 1
    return sent


def reconcile(
    db: Database,
    app: Celery,
    broker: redis.Redis,
    has_exited: Callable[[str], bool],
    *,
    every_seconds: float,
) -> bool:
    """Put right whatever a crash left behind; False where another process did so in the last *every_seconds*.

    Safe anywhere, any number of times: jobs whose owner is gone are taken back, ended runs closed, dead claims dropped,
    queues topped up, SQLite's log truncated.
    """
    if not try_acquire_maintenance(db, "reconcile", every_seconds=every_seconds):
        return False
    requeue_lost_jobs(db, has_exited)
    close_ended_runs(db)
    delete_expired_claims(db, older_than=DEAD_CLAIM_SECONDS)
    dispatch_due_jobs(db, app, broker)
    db.checkpoint_wal()
    return True
