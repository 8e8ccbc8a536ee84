"""How the database finds what the hot queries ask for among a million documents, on SQLite and on PostgreSQL.

    python bench/queries.py [sqlite|postgresql] [DOCUMENTS]

Fills a database (about two minutes each), then runs the project's own functions and has every statement that they send
explained. Prints each function's time and the ways into the large tables; ends with 1 where a large table is read from
its beginning to its end although an index leads to what is wanted.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from queries_fill import BACKFILL, SMALL, fill
from sqlalchemy import Connection, event, select, text

from core.enums import QUEUE_TEXT, JobKind, State
from models.answers import (
    Batch,
    calls_by_minute,
    claim_answers,
    delete_expired_claims,
    known_keys,
    read_answers,
    store_batch,
)
from models.crawls import found_before
from models.database import Database, migrate
from models.documents import archive_day, archive_size, posts_of
from models.jobs import (
    claim_job,
    close_ended_runs,
    finish_job,
    job_counts,
    progress_of,
    release_job,
    renew_lease,
    requeue_lost_jobs,
)
from models.queue_stats import overview
from models.results import clear_mentions, mention_sentences, mentioning_documents
from models.scheduling import select_due_jobs
from models.tables import Answer, Job
from producers.status import run_status
from tests.services import running_postgres

LARGE = ("job_documents", "documents", "jobs", "mentions", "answers", "answer_documents", "calls")
WHOLE = {
    "job_counts of the large run",
    "jobs at a glance",
}  # they count (nearly) all jobs: there is no shorter way


class Explained:
    """Hears every statement of a database, and how it would be answered."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.found: list[tuple[str, str, bool]] = []  # table, way, whether all of it is read
        event.listen(db.engine, "before_cursor_execute", self._explain)

    def _explain(
        self, _connection: Connection, cursor: Any, statement: str, parameters: Any, *more: Any
    ) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        first = parameters[0] if more[-1] else parameters  # the last argument: executed for many
        if self.db.is_sqlite:
            rows = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", first).fetchall()
            self.found += [way for row in rows if (way := _sqlite_way(row[3]))]
        else:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", first)
            plan = cursor.fetchone()[0]
            self.found += _postgres_ways(
                (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
            )

    def take(self) -> list[tuple[str, str, bool]]:
        """The ways heard of since the last time, each once."""
        found, self.found = list(dict.fromkeys(self.found)), []
        return found


def _sqlite_way(step: str) -> tuple[str, str, bool] | None:
    words = re.match(r"(SCAN|SEARCH) (\w+)", step)
    if not words or words[2] not in LARGE:
        return None
    return words[2], step, words[1] == "SCAN"


def _postgres_ways(node: dict[str, Any]) -> list[tuple[str, str, bool]]:
    ways = []
    index = node.get("Index Name", "")
    table = node.get("Relation Name") or next(
        (name for name in LARGE if index.startswith(f"ix_{name}")), None
    )
    if table in LARGE and node["Node Type"] not in {"ModifyTable", "Bitmap Heap Scan"}:
        whole = node["Node Type"] == "Seq Scan" or (bool(index) and "Index Cond" not in node)
        ways.append((str(table), f"{node['Node Type']} {index}".strip(), whole))
    for below in node.get("Plans", ()):
        ways += _postgres_ways(below)
    return ways


def questions(db: Database) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The hot queries by name, as the project asks them."""

    def reading(query: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        def read() -> Any:
            with db.read() as connection:
                return query(connection, *arguments)

        return read

    with db.read() as connection:
        keys = list(connection.scalars(select(Answer.key).limit(400)))
        done = connection.execute(
            select(Job.id, Job.run_id).where(Job.state == State.DONE, Job.kind == JobKind.MONTH)
        ).first()
        queued = connection.execute(
            select(Job.id).where(Job.run_id == BACKFILL, Job.state == State.QUEUED).order_by(Job.id)
        ).first()
    assert done is not None
    assert queued is not None
    new = [random.randbytes(16) for _ in range(200)]
    day = datetime(2015, 3, 14)  # noqa: DTZ001 - as documents hold it
    claims: list[Any] = []

    def claim() -> None:
        claims.append(
            claim_job(db, queued.id, owner="bench", lease_seconds=25, has_exited=lambda _: False)
        )

    def clear() -> None:
        with db.write() as connection:
            clear_mentions(connection, claims[0])

    yield "select_due_jobs, 64 jobs of one run", lambda: select_due_jobs(db, QUEUE_TEXT, 64)
    yield "select_due_jobs again, beside a small run", lambda: select_due_jobs(db, QUEUE_TEXT, 64)
    yield "claim_job", claim
    yield "renew_lease", lambda: renew_lease(db, claims[0], lease_seconds=25)
    yield "release_job", lambda: release_job(db, claims[0], state=State.QUEUED)
    yield "claim_job again", claim
    yield "claim_answers, 200 new", lambda: claim_answers(db, claims[1], new, seconds=35)
    yield (
        "store_batch, 200 answers",
        lambda: store_batch(
            db,
            claims[1],
            Batch(answers=dict.fromkeys(new, "[]")),
            service="textapi",
            credential="c",
        ),
    )
    yield "known_keys, 400", reading(known_keys, keys)
    yield "read_answers, 400", reading(read_answers, keys)
    yield "documents of a month", reading(archive_size, "2015-03")
    yield "documents of a month, one material", reading(archive_size, "2015-03", "News")
    yield "documents of a day", reading(archive_day, day, day + timedelta(days=1), None)
    yield "posts of a handle", reading(posts_of, "handle77", None)
    yield "posts of a handle at one source", reading(posts_of, "handle77", "x")
    yield "a search's earlier documents", reading(found_before, "search:nothing")
    yield "mentions of a job", reading(mention_sentences, done.id)
    yield "documents that mention a keyword", reading(mentioning_documents, done.id, "covid")
    yield "clear_mentions", clear
    yield "finish_job, in the run of 100,000", lambda: finish_job(db, claims[1], state=State.DONE)
    yield "reconcile: requeue_lost_jobs", lambda: requeue_lost_jobs(db, lambda _: False)
    yield "reconcile: close_ended_runs", lambda: close_ended_runs(db)
    yield "reconcile: delete_expired_claims", lambda: delete_expired_claims(db, older_than=3600)
    yield (
        "limits: calls of a day",
        lambda: calls_by_minute(db, service="textapi", credential="c", seconds=86400, at_once=10),
    )
    yield "job_counts of a small run", reading(job_counts, SMALL)
    yield "job_counts of the large run", reading(job_counts, BACKFILL)
    yield "progress_of a small run", reading(progress_of, SMALL)
    yield "jobs at a glance", lambda: overview(db)
    yield "status of a small run", lambda: run_status(db, _settings(db), SMALL)


def _settings(db: Database) -> Any:
    from core.settings import Settings  # noqa: PLC0415 - here alone

    return Settings(database_url=db.url, redis_url="redis://127.0.0.1:1/0")


def look(db: Database) -> list[str]:
    """Ask every question, have it explained and timed; the names of those that read a large table whole."""
    bad = ways(db)
    print("-- times, nothing explained")
    for name, ask in questions(db):
        began = time.perf_counter()
        ask()
        print(f"    {name:40}{(time.perf_counter() - began) * 1000:10.1f} ms", flush=True)
    return bad


def ways(db: Database) -> list[str]:
    """Ask every question and print the ways into the large tables; the names of those that read one whole."""
    explained, bad = Explained(db), []
    for name, ask in questions(db):
        explained.take()
        ask()  # explained
        found = explained.take()
        whole = [way for _, way, everything in found if everything and name not in WHOLE]
        bad += [name] if whole else []
        print(f"{'BAD ' if whole else 'ok  '}{name}")
        for table, way, everything in found:
            print(f"        {'!' if everything else ' '} {table:17}{way}")
    event.remove(db.engine, "before_cursor_execute", explained._explain)  # noqa: SLF001
    return bad


@contextmanager
def database(kind: str) -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder:
        if kind == "sqlite":
            url = f"sqlite:///{folder}/tidings.db"
            migrate(url)
            db = Database(url)
            yield db
            db.close()
            return
        with running_postgres() as url:
            migrate(url)
            db = Database(url)
            yield db
            db.close()


def main() -> None:
    random.seed(8)
    kinds = [word for word in sys.argv[1:] if not word.isdigit()] or ["sqlite", "postgresql"]
    size = next((int(word) for word in sys.argv[1:] if word.isdigit()), 1_000_000)
    bad = []
    for kind in kinds:
        with database(kind) as db:
            began = time.perf_counter()
            fill(db, documents=size)
            if not db.is_sqlite:  # autovacuum does so by itself, only later
                with db.write() as connection:
                    connection.execute(text("ANALYZE"))
            print(
                f"== {kind}: {size:,} documents, filled in {time.perf_counter() - began:.0f} s",
                flush=True,
            )
            bad += [f"{kind}: {name}" for name in look(db)]
    if bad:
        sys.exit("a large table is read whole by: " + "; ".join(bad))


if __name__ == "__main__":
    main()
