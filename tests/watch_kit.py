"""Thirty days of made-up news for a run that is watched, and its exports."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import ENDED, State
from models.database import Database
from models.documents import add_documents
from models.runs import get_run
from models.tables import Job
from models.watches import start_watch
from reports.data.exports import write
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
ACCOUNTS = AccountsParameters(source="posts")
TABLES = ("mentions", "periods", "phrases", "entities", "summaries", "documents", "coverage")
TEXTS = (
    "Fever Reaches {}, NATO Says.",
    "The Ferry of {} Is Late.",
    "Flu and Fever in {}; a Ferry Waits.",
    "Nothing Happens in {}.",
)
PLACES = ("Lorn", "Port", "Amber Bay", "Newhaven", "Oldtown")


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


def watch(
    db: Database,
    run: int,
    *,
    every: str = "day",
    max_calls: int | None = None,
    now: float | None = None,
) -> None:
    begun_at = at_day(0) if now is None else now
    with db.write() as connection:
        start_watch(connection, db, run, every=every, max_calls=max_calls, now=begun_at)


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
