"""A run that goes on: what is new is worked on, once, whatever is killed on the way."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from typer.testing import CliRunner

from analysis.options import Keyword
from analysis.parameters import HandlesParameters, MonthsParameters
from cli.main import app
from core.enums import ENDED, JobKind, State
from core.process_identity import has_exited
from core.settings import Settings, environment
from models.database import Database
from models.documents import add_documents
from models.runs import get_run
from models.tables import Job, Run
from models.transitions import cancel_run, pause_run, requeue_lost_jobs
from models.watches import get_watch, list_watches, next_due, start_watch
from producers.watches import check_due_watches
from reports.exports import write
from tests.e2e_kit import Stub, stub, stub_settings  # noqa: F401 - fixtures
from tests.jobs_kit import Jobs
from workers.executor import work_one_slice

DAY = 86_400.0
FIRST_DAY = datetime(2020, 2, 20, 6, tzinfo=UTC)
DAYS = 30
QUIET = frozenset({3, 4, 11, 20, 21, 27})  # days on which nothing is published
WATCHED = MonthsParameters(
    first="2020-01",
    last="2020-02",
    keywords=(Keyword.parse("fever:flu"), Keyword.parse("ferry")),
    text_size=200,
)
ACCOUNTS = HandlesParameters(source="posts")
TABLES = ("mentions", "periods", "phrases", "entities", "summaries", "documents", "coverage")
TEXTS = (
    "Fever Reaches {}, NATO Says.",
    "The Ferry of {} Is Late.",
    "Flu and Fever in {}; a Ferry Waits.",
    "Nothing Happens in {}.",
)
PLACES = ("Lorn", "Port", "Amber Bay", "Newhaven", "Oldtown")


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:  # noqa: F811
    with closing(Jobs(stub_settings)) as opened:
        yield opened


def document(number: int, at: datetime, *, handle: str | None = None) -> dict[str, Any]:
    source = "nyt" if handle is None else "posts"
    text = TEXTS[number % len(TEXTS)].format(PLACES[number % len(PLACES)])
    return {
        "identity": f"{source}:{handle}:{number:05}", "source": source, "handle": handle,
        "author_id": None, "published_at": at.replace(tzinfo=None), "period": f"{at:%Y-%m}",
        "address": None, "text": f"{text} {number}.", "material": "News" if not handle else None,
        "repost": False,
    }  # fmt: skip


def publish(db: Database, day: int, *, handles: Sequence[str | None] = (None,)) -> None:
    """Store what is published on a day: of each handle four documents, or none."""
    rows = []
    for handle in handles if day not in QUIET else ():
        for number in range(4):
            at = FIRST_DAY + timedelta(days=day, minutes=number)
            rows.append(document(10 * (day + 100) + number, at, handle=handle))
    add_documents(db, rows)


def at_day(day: float) -> float:
    return FIRST_DAY.timestamp() + day * DAY


def watch(db: Database, run: int, *, every: str = "day", max_calls: int | None = None) -> None:
    with db.write() as connection:
        start_watch(connection, db, run, every=every, max_calls=max_calls, now=at_day(0))


def work(jobs: Jobs, run: int) -> None:
    """Work on the run's jobs, slice by slice, until all of them have ended."""
    for _ in range(2000):
        unended = [row for row in jobs.rows(run) if row.state not in ENDED]
        if not unended:
            return
        for row in unended:
            if row.state == State.WAITING:
                with jobs.db.write() as connection:
                    connection.execute(update(Job).where(Job.id == row.id).values(due_at=0.0))
            work_one_slice(jobs.runtime, row.id)
    raise AssertionError(f"run {run} does not end")


def state_of(db: Database, run: int) -> str:
    with db.read() as connection:
        return str(get_run(connection, run).state)


def export(db: Database, run: int) -> dict[str, list[dict[str, Any]]]:
    tables = {}
    for table in TABLES:
        out = io.BytesIO()
        write(db, run, table, "jsonl", out)
        tables[table] = [{**json.loads(line), "run": 0} for line in out.getvalue().splitlines()]
    return tables


def export_one_run_over_all(jobs: Jobs, parameters: Any, *names: str) -> dict[str, Any]:
    run = jobs.submit(parameters, *names)
    work(jobs, run)
    return export(jobs.db, run)


def test_thirty_days_make_the_tables_of_one_run_and_ask_nothing_twice(
    jobs: Jobs,
    stub: Stub,  # noqa: F811
) -> None:
    publish(jobs.db, 0)
    run = jobs.submit(WATCHED)
    work(jobs, run)
    watch(jobs.db, run)
    check_due_watches(jobs.db, jobs.settings, now=at_day(0))
    calls = [stub.counts()["calls"]]

    for day in range(1, DAYS):
        publish(jobs.db, day)
        updated = check_due_watches(jobs.db, jobs.settings, now=at_day(day))
        assert updated == (day not in QUIET)
        work(jobs, run)
        assert state_of(jobs.db, run) == State.DONE
        calls.append(stub.counts()["calls"])

    for day in QUIET:
        assert calls[day] == calls[day - 1]
    assert stub.counts()["again"] == 0
    asked = stub.counts()["calls"]
    over_all = WATCHED.model_copy(update={"last": "2020-03"})
    assert export(jobs.db, run) == export_one_run_over_all(jobs, over_all)
    assert stub.counts()["calls"] == asked, "one run over all asks nothing that was not asked"
    periods = {row["period"] for row in export(jobs.db, run)["periods"]}
    assert periods == {"2020-01", "2020-02", "2020-03"}


def die_at(jobs: Jobs, after: int) -> None:
    """Kill this process at the statement number *after* of all that it executes from now on."""
    left = [after]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for db in (jobs.db, jobs.runtime.db):
        event.listen(db.engine, "before_cursor_execute", count)


def live(settings: Settings, run: int, now: float, dies_after: int) -> int:
    """Update and work in a process of its own, which dies on the way; return how it ended."""
    pid = os.fork()
    if pid == 0:  # the child: it never returns into the test
        status = 1
        try:
            jobs = Jobs(settings)
            requeue_lost_jobs(jobs.db, has_exited)
            with jobs.db.write() as connection:  # here it dies whether it gets on or not
                connection.execute(update(Job).values(crashes=0))
            die_at(jobs, dies_after)
            check_due_watches(jobs.db, settings, now=now)
            work(jobs, run)
            status = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(("parameters", "names"), [(WATCHED, ()), (ACCOUNTS, ("ann", "bob"))])
def test_thirty_days_that_are_killed_at_random_make_the_same_tables(
    jobs: Jobs,
    stub: Stub,  # noqa: F811
    parameters: Any,
    names: tuple[str, ...],
) -> None:
    rng = random.Random(len(names))  # noqa: S311 - no secret
    handles: Sequence[str | None] = names or (None,)
    publish(jobs.db, 0, handles=handles)
    run = jobs.submit(parameters, *names)
    watch(jobs.db, run)
    kills = 0

    for day in range(DAYS):
        if day:
            publish(jobs.db, day, handles=handles)
        jobs.db.close()  # no connection is open in both processes
        status = -signal.SIGKILL
        while status == -signal.SIGKILL:
            status = live(jobs.settings, run, at_day(day), rng.randint(5, 300))
            kills += status != 0
        assert status == 0
        if day:
            assert is_through(jobs.db, run, day)

    assert kills >= DAYS / 2
    assert stub.counts()["again"] <= kills * jobs.settings.textapi_concurrency
    over_all = parameters if names else parameters.model_copy(update={"last": "2020-03"})
    assert export(jobs.db, run) == export_one_run_over_all(jobs, over_all, *names)


def is_through(db: Database, run: int, day: int) -> bool:
    """Return whether the day was looked at and the run is through with it."""
    with db.read() as connection:
        row = get_watch(connection, run)
    assert row is not None
    return bool(row.due_at > at_day(day) and state_of(db, run) == State.DONE)
