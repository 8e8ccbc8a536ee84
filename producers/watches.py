"""Watched runs: each is extended to the present at its times, and works on what is new.

A check is one transaction: a check that was killed is repeated as if it had not begun. Answers to
earlier requests are in the ledger and are not requested again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, update

from analysis.kinds import document_kind_named
from core.enums import ENDED, State
from core.logs import get_logger
from core.settings import Settings
from models.database import Database
from models.documents import newest_document
from models.redo_transitions import collect_again, look_again, redo_reports
from models.run_transitions import lock_run, reopen_run, repeat_report_job
from models.runs import ENGINES_BEFORE, add_jobs, engines_of, get_run
from models.tables import IS_REPORT, Job, Run
from models.watches import (
    get_watch,
    is_due,
    list_watches,
    note_check,
    raise_cap,
    read_clock,
    stop_watch,
    unsent_events,
)

AT_WORK = (State.QUEUED, State.RUNNING)

log = get_logger(__name__)


def check_due_watches(db: Database, settings: Settings, *, now: float | None = None) -> int:
    """Update each run whose watch is due; return how many got jobs to do.

    *now* is by default the time of the database. A run that is at work stays due until it has
    ended, so a machine that was off catches up once. Raises `DatabaseAway`.
    """
    with db.read() as connection:
        moment = read_clock(connection) if now is None else now
        due = [
            watch.run_id
            for watch in list_watches(connection)
            if is_due(watch, moment) and watch.state not in AT_WORK
        ]

    updated = 0
    for run_id in due:
        newest = newest_document(db)
        with db.write() as connection:
            updated += _check(connection, settings, run_id, newest=newest, now=moment)

    return updated


def _check(
    connection: Connection, settings: Settings, run_id: int, *, newest: int, now: float
) -> bool:
    """Queue the due jobs of a watched run; return whether there were any."""
    lock_run(connection, run_id)
    watch = get_watch(connection, run_id)
    # Another process has checked it.
    if watch is None or not is_due(watch, now):
        return False

    run = get_run(connection, run_id)
    if run.state == State.CANCELLED:
        stop_watch(connection, run_id)
        return False

    # The run is paused because its calls of the period are used up.
    is_capped = watch.max_calls is not None and run.max_calls is not None
    if run.state == State.PAUSED and is_capped and run.calls_begun >= run.max_calls:
        raise_cap(connection, watch)
        resumed = update(Run).where(Run.id == run_id)
        connection.execute(resumed.values(state=State.RUNNING, reason=None))
        note_check(connection, watch, now=now, newest=watch.newest_document, updated=False)
        return True

    if run.state not in ENDED:
        return False

    updated = _queue_new(connection, settings, run, watch, now)
    if updated:
        raise_cap(connection, watch)
        redo_reports(connection, run_id)
        reopen_run(connection, run_id)
        log.info("a watched run is updated", run=run_id)

    note_check(connection, watch, now=now, newest=newest, updated=updated)
    return updated or _queue_unsent_events(connection, settings, run_id)


def _queue_unsent_events(connection: Connection, settings: Settings, run_id: int) -> bool:
    """Queue the report job, which sends events, if the webhook has not taken all of them.

    The report of an updated run sends them anyway. Return whether the job was queued.
    """
    if settings.webhook_url is None or not unsent_events(connection, run_id):
        return False

    return repeat_report_job(connection, run_id)


def _queue_new(
    connection: Connection, settings: Settings, run: Row[Any], watch: Row[Any], now: float
) -> bool:
    """Add the new jobs of the run, and queue the jobs that may have new documents.

    Failed jobs are tried again. Return whether anything was queued. Each update may bring as many
    engines as a new run: over years a service has more engines than one run may mix.
    """
    kind = document_kind_named(run.kind)
    jobs = connection.execute(select(Job.__table__).where(Job.run_id == run.id, ~IS_REPORT)).all()
    failed = [job.id for job in jobs if job.state == State.FAILED]
    news = kind.find_news(
        connection,
        settings,
        kind.read_parameters(run.parameters),
        jobs,
        seen=watch.newest_document,
        now=now,
    )

    options = {ENGINES_BEFORE: len(engines_of(connection, run.id))}
    if news.added:
        parameters = {**run.parameters, **news.parameters}
        connection.execute(update(Run).where(Run.id == run.id).values(parameters=parameters))
        changed = kind.read_parameters(parameters)
        added = [kind.new_job(job_name, changed, options) for job_name in news.added]
        add_jobs(connection, run.id, added)

    job_ids = sorted({*news.due, *failed})
    collect_again(connection, job_ids, options)
    if not (job_ids or news.added):
        return False

    look_again(connection, run.id)
    return True
