"""Watched runs: at its times each is extended to the present and works on what is new.

A check is one transaction, so that one that was killed is made again as if it had not begun. What
was answered before is in the ledger and is not asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from analysis.parameters import (
    HandlesParameters,
    MonthsParameters,
    SearchParameters,
    list_months,
    read_parameters,
)
from core.enums import ENDED, JobKind, State
from core.logs import get_logger
from core.settings import Settings
from models.crawls import COMPLETE
from models.database import Database
from models.documents import DocumentScope, count_documents, newest_document
from models.runs import ENGINES_BEFORE, NewJob, add_jobs, engines_of, get_run
from models.tables import Crawl, Document, Job, Run
from models.transitions import (
    collect_again,
    lock_run,
    redo_reports,
    reopen_run,
    repeat_report_job,
)
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
from sources.registry import account_source, archives, search_source, source_named
from sources.source import Archive

AT_WORK = (State.QUEUED, State.RUNNING)

log = get_logger(__name__)


def check_due_watches(db: Database, settings: Settings, *, now: float | None = None) -> int:
    """Update each run whose watch is due; return how many got jobs to do.

    *now* is by default the time of the database. A run that is at work stays due until it has
    ended: so a machine that was off catches up once. Raises `DatabaseAway`.
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
    """Queue what is due of a watched run; return whether there was anything."""
    lock_run(connection, run_id)
    watch = get_watch(connection, run_id)
    if watch is None or not is_due(watch, now):  # another process was here
        return False

    run = get_run(connection, run_id)
    if run.state == State.CANCELLED:
        stop_watch(connection, run_id)
        return False
    if _is_at_cap(run, watch):
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
    """Queue the report job, which sends events, where the webhook has not taken all of them.

    The report of an updated run sends them anyway. Return whether the job was queued.
    """
    if settings.webhook_url is None or not unsent_events(connection, run_id):
        return False
    return repeat_report_job(connection, run_id)


def _is_at_cap(run: Row[Any], watch: Row[Any]) -> bool:
    """Return whether the run stands still since its calls of the period are used up."""
    is_capped = watch.max_calls is not None and run.max_calls is not None
    return run.state == State.PAUSED and is_capped and run.calls_begun >= run.max_calls


def _queue_new(
    connection: Connection, settings: Settings, run: Row[Any], watch: Row[Any], now: float
) -> bool:
    """Add the months that have begun, and queue the jobs that may have new documents.

    Failed jobs are tried again. Return whether anything was queued. Each update may bring as many
    engines as a new run: over years a service has more of them than one run may mix.
    """
    options = {ENGINES_BEFORE: len(engines_of(connection, run.id))}
    parameters = read_parameters(run.parameters)
    of_run = (Job.run_id == run.id, Job.kind != JobKind.REPORT)
    jobs = connection.execute(select(Job.__table__).where(*of_run)).all()
    failed = [job.id for job in jobs if job.state == State.FAILED]

    if isinstance(parameters, MonthsParameters):
        months = _Months(connection, settings, parameters, watch.newest_document, now)
        due = [job.id for job in jobs if months.may_have_news(job)]
        added = months.list_begun()
        _extend(connection, run, added, options)
    else:
        has_news = _has_new_posts(connection, settings, parameters, jobs, watch.newest_document)
        due, added = [job.id for job in jobs] if has_news or failed else [], []

    again = sorted({*due, *failed})
    collect_again(connection, again, options)
    return bool(again or added)


def _extend(
    connection: Connection, run: Row[Any], months: Sequence[str], options: Mapping[str, Any]
) -> None:
    if months:
        parameters = {**run.parameters, "last": months[-1]}
        connection.execute(update(Run).where(Run.id == run.id).values(parameters=parameters))
        add_jobs(connection, run.id, [NewJob(JobKind.MONTH, month, options) for month in months])


class _Months:
    """What is new of an archive for a run of months."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        parameters: MonthsParameters,
        seen: int,
        now: float,
    ) -> None:
        self._connection, self._parameters, self._now = connection, parameters, now
        self._present = f"{datetime.fromtimestamp(now, UTC):%Y-%m}"
        self._archives: dict[str, Archive] = {}  # that can be fetched
        for source in map(source_named, parameters.sources):
            archive = source.archive
            if archive and archive.fetch is not None and source.is_available(settings):
                self._archives[source.name] = archive
        self._newest = self._newest_by_month(seen)
        self._crawls = self._read_crawls()

    def may_have_news(self, job: Row[Any]) -> bool:
        """Return whether documents of the month came after the job's, or may be fetched."""
        if self._newest.get(job.name, 0) > (job.newest_document or 0):
            return True
        return any(self._may_be_fetched(name, job.name) for name in self._archives)

    def _may_be_fetched(self, source: str, month: str) -> bool:
        if month > self._present:
            # A clock that was ahead has added it.
            return False
        crawl = self._crawls.get((source, month))
        scope = DocumentScope(JobKind.MONTH, month, (source,))
        stored = 1 if crawl else count_documents(self._connection, scope)
        return self._archives[source].is_to_be_fetched(
            month,
            stored=stored,
            complete=crawl is not None and crawl.state == COMPLETE,
            fetched_at=crawl.at if crawl else None,
            now=self._now,
        )

    def list_begun(self) -> list[str]:
        """Return the months after the run's last that have begun and can have documents.

        That is up to the present where they can be fetched, else up to the newest document.
        """
        stored = [month for month in self._newest if month <= self._present]
        last = self._present if self._archives else max(stored, default="")
        if last <= self._parameters.last:
            return []
        return list_months(self._parameters.last, last)[1:]

    def _newest_by_month(self, seen: int) -> Mapping[str, int]:
        newest = select(Document.period, func.max(Document.id)).group_by(Document.period)
        sources = self._parameters.sources
        of_source = (Document.source.in_(sources), Document.period.is_not(None))
        by_month: dict[str, int] = {}
        for period, number in self._connection.execute(
            newest.where(*of_source, Document.id > seen)
        ):
            by_month[str(period)] = number
        return by_month

    def _read_crawls(self) -> Mapping[tuple[str, str], Row[Any]]:
        """Return how far each month of each archive was read."""
        crawls = select(Crawl.source, Crawl.subject, Crawl.state, Crawl.at)
        by_month: dict[tuple[str, str], Any] = {}
        of_sources = Crawl.source.in_(self._parameters.sources)
        for row in self._connection.execute(crawls.where(of_sources)):
            by_month[row.source, row.subject] = row
        return by_month


def _has_new_posts(
    connection: Connection,
    settings: Settings,
    parameters: Any,
    jobs: Sequence[Row[Any]],
    seen: int,
) -> bool:
    """Return whether posts were stored that are the run's, or a service can be asked for some.

    The accounts of a run are compared with each other, so that all of them are due or none.
    """
    assert isinstance(parameters, HandlesParameters | SearchParameters)  # noqa: S101 - its kind
    worked_on = min(job.newest_document or 0 for job in jobs)
    later: ColumnElement[bool] = Document.id > max(seen, worked_on)
    if parameters.source is not None:
        later &= Document.source == parameters.source

    if isinstance(parameters, SearchParameters):
        if search_source(parameters.source, settings) is not None:
            return True
        later &= Document.source.not_in([archive.name for archive in archives()])
    else:
        handles = [job.name.removeprefix("@") for job in jobs]
        for handle in handles:
            if account_source(handle, parameters.source, settings) is not None:
                return True
        later &= Document.handle.in_(handles)
    return connection.scalar(select(Document.id).where(later).limit(1)) is not None
