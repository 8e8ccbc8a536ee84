"""How SQLite and PostgreSQL find what the hot queries read among a million documents.

    python bench/queries.py [sqlite|postgresql] [DOCUMENTS]

Fills a database (about two minutes each), then runs the project's own functions and has every
statement that they send explained. Prints each function's time and the paths into the large tables;
ends with 1 where a large table is scanned although an index leads to the rows.
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
    read_answers,
    store_batch,
    stored_keys,
)
from models.crawls import found_before
from models.database import Database, migrate
from models.documents import DocumentScope, count_documents, list_documents, list_documents_by_day
from models.jobs import job_counts, progress_of, renew_lease
from models.queue_stats import overview
from models.results import mention_sentences, mentioning_documents, replace_rows
from models.scheduling import select_due_jobs
from models.tables import Answer, Job, Mention
from models.transitions import (
    claim_job,
    close_ended_runs,
    finish_job,
    requeue_job,
    requeue_lost_jobs,
)
from producers.status import run_status
from tests.services import running_postgres

LARGE = ("job_documents", "documents", "jobs", "mentions", "answers", "answer_documents", "calls")
# they count (nearly) all jobs: there is no shorter path
SCANS = {"job_counts of the large run", "jobs at a glance"}


SCOPES = {
    "documents of a month": DocumentScope(JobKind.MONTH, "2015-03", "nyt", newest_document=10**9),
    "documents of a month, one material": DocumentScope(
        JobKind.MONTH, "2015-03", "nyt", material="News"
    ),
    "posts of a handle": DocumentScope(JobKind.HANDLE, "@handle77"),
    "posts of a handle at one source": DocumentScope(JobKind.HANDLE, "@handle77", "x"),
    "posts of a search": DocumentScope(JobKind.SEARCH, "search:nothing", job_id=1),
}


class Explained:
    """Explains every statement that is sent to a database."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.paths: list[tuple[str, str, bool]] = []  # table, path, whether it is a scan
        event.listen(db.engine, "before_cursor_execute", self._explain)

    def _explain(
        self, _connection: Connection, cursor: Any, statement: str, parameters: Any, *more: Any
    ) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        first = parameters[0] if more[-1] else parameters  # the last argument: executed for many
        if self.db.is_sqlite:
            rows = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", first).fetchall()
            self.paths += [path for row in rows if (path := _sqlite_path(row[3]))]
        else:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", first)
            plan = cursor.fetchone()[0]
            self.paths += _postgres_paths(
                (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
            )

    def take(self) -> list[tuple[str, str, bool]]:
        """Return the paths since the last time, each once."""
        paths, self.paths = list(dict.fromkeys(self.paths)), []
        return paths


def _sqlite_path(step: str) -> tuple[str, str, bool] | None:
    words = re.match(r"(SCAN|SEARCH) (\w+)", step)
    if not words or words[2] not in LARGE:
        return None
    return words[2], step, words[1] == "SCAN"


def _postgres_paths(node: dict[str, Any]) -> list[tuple[str, str, bool]]:
    paths = []
    index = node.get("Index Name", "")
    table = node.get("Relation Name") or next(
        (name for name in LARGE if index.startswith(f"ix_{name}")), None
    )
    if table in LARGE and node["Node Type"] not in {"ModifyTable", "Bitmap Heap Scan"}:
        is_scan = node["Node Type"] == "Seq Scan" or (bool(index) and "Index Cond" not in node)
        paths.append((str(table), f"{node['Node Type']} {index}".strip(), is_scan))
    for below in node.get("Plans", ()):
        paths += _postgres_paths(below)
    return paths


def hot_queries(db: Database) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the hot queries by name, as the project sends them."""

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
    claims: list[Any] = []

    def claim() -> None:
        claims.append(
            claim_job(db, queued.id, owner="bench", lease_seconds=25, has_exited=lambda _: False)
        )

    def clear() -> None:
        with db.write() as connection:
            replace_rows(connection, claims[0].job_id, Mention, [])

    yield "select_due_jobs, 64 jobs of one run", lambda: select_due_jobs(db, QUEUE_TEXT, 64)
    yield "select_due_jobs again, beside a small run", lambda: select_due_jobs(db, QUEUE_TEXT, 64)
    yield "claim_job", claim
    yield "renew_lease", lambda: renew_lease(db, claims[0], lease_seconds=25)
    yield "requeue_job", lambda: requeue_job(db, claims[0])
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
    yield "stored_keys, 400", reading(stored_keys, keys)
    yield "read_answers, 400", reading(read_answers, keys)
    for name, scope in SCOPES.items():
        yield name, reading(list_documents if "posts" in name else count_documents, scope)
    days = SCOPES["documents of a month"]
    yield "documents of a month by day", lambda: list(list_documents_by_day(db, days))
    yield "a search's earlier documents", reading(found_before, "search:nothing")
    yield "mentions of a job", reading(mention_sentences, done.id)
    yield "documents that mention a keyword", reading(mentioning_documents, done.id, "covid")
    yield "replace_rows, mentions", clear
    yield "finish_job, in the run of 100,000", lambda: finish_job(db, claims[1])
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


def measure(db: Database) -> list[str]:
    """Explain and time every query; return the names of those that scan a large table."""
    bad = explain(db)
    print("-- times, nothing explained")
    for name, query in hot_queries(db):
        began = time.perf_counter()
        query()
        print(f"    {name:40}{(time.perf_counter() - began) * 1000:10.1f} ms", flush=True)
    return bad


def explain(db: Database) -> list[str]:
    """Print every query's paths into the large tables; return the names of those that scan one."""
    explained, bad = Explained(db), []
    for name, query in hot_queries(db):
        explained.take()
        query()  # explained
        paths = explained.take()
        scans = [path for _, path, is_scan in paths if is_scan and name not in SCANS]
        bad += [name] if scans else []
        print(f"{'BAD ' if scans else 'ok  '}{name}")
        for table, path, is_scan in paths:
            print(f"        {'!' if is_scan else ' '} {table:17}{path}")
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
            bad += [f"{kind}: {name}" for name in measure(db)]
    if bad:
        sys.exit("a large table is scanned by: " + "; ".join(bad))


if __name__ == "__main__":
    main()
