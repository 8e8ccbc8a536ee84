"""Hints: telling workers which jobs are due. Queues are kept short and filled fairly; a lost hint loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import redis
from celery import Celery

from core.broker import FIRST, RESERVE, queue_length, send_hint
from core.errors import BrokerAway
from core.owners import is_gone as process_is_gone
from core.queues import QUEUES
from models.answers import drop_dead_claims
from models.database import Database
from models.jobs import close_ended_runs, live_slots, take_back_lost, take_duty
from models.turns import HINT_LATE_SECONDS, forget_hints, pick_due

HINTS_A_SLOT = 2
HINTS_WITHOUT_WORKER = 8
HINT_LOST_SECONDS = 5.0  # an empty queue holds no hint: what was sent before is with a worker by then, or lost
DEAD_CLAIM_SECONDS = 3600.0


def top_up(db: Database, app: Celery, broker: redis.Redis) -> int:
    """Fill each queue to about twice what its workers can take; how many hints were sent.

    Raises `BrokerAway`, `DatabaseAway`.
    """
    slots = live_slots(db, process_is_gone)
    sent = 0
    for queue in QUEUES:
        wanted = HINTS_A_SLOT * slots.get(queue, 0) or HINTS_WITHOUT_WORKER
        there = queue_length(broker, queue)
        lost_after = HINT_LOST_SECONDS if there == 0 else HINT_LATE_SECONDS
        room, at_once = wanted - there, slots.get(queue, 0)
        picked = pick_due(db, queue, room, lost_after=lost_after, slots=at_once) if room > 0 else []
        for number, due in enumerate(picked):
            try:
                hint = {"job": due.job_id, "run": due.run_id, "name": due.name}
                send_hint(app, kind=due.kind, queue=queue, hint=hint, priority=FIRST if due.in_turn else RESERVE)
            except BrokerAway:
                forget_hints(db, picked[number:])
                raise
            sent += 1
    return sent


def reconcile(
    db: Database, app: Celery, broker: redis.Redis, is_gone: Callable[[str], bool], *, every_seconds: float
) -> bool:
    """Put right whatever a crash left behind; False where another process did so in the last *every_seconds*.

    Safe anywhere, any number of times: jobs whose owner is gone are taken back, ended runs closed, dead claims dropped,
    queues topped up, SQLite's log truncated.
    """
    if not take_duty(db, "reconcile", every_seconds=every_seconds):
        return False
    take_back_lost(db, is_gone)
    close_ended_runs(db)
    drop_dead_claims(db, older_than=DEAD_CLAIM_SECONDS)
    top_up(db, app, broker)
    db.tidy()
    return True
