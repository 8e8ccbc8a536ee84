"""How a database finds what the hot queries read in the large tables: the plans of its statements.

The project's own functions run, and every statement that they send is explained.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, event, select

from core.enums import QUEUE_TEXT, JobKind, State
from core.settings import Settings
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
from models.database import Database
from models.documents import (
    DocumentScope,
    count_documents,
    days_of_month,
    documents_of,
    list_documents,
    list_documents_by_day,
    moments_of,
)
from models.job_transitions import claim_job, claim_next, finish_job, requeue_job, requeue_lost_jobs
from models.jobs import Claim, job_counts, progress_of, renew_lease
from models.keyword_answers import read_searched, read_sentences
from models.queue_stats import read_queue_stats
from models.results import mention_sentences, mentioning_documents, replace_rows
from models.run_transitions import close_ended_runs
from models.scheduling import select_due_jobs
from models.tables import Answer, Document, Job, Mention
from producers.status import run_status
from tests.old_archive_kit import BACKFILL, ENGINE, SMALL, TERMS

Query = tuple[str, Callable[[], Any]]


class AccessPath(NamedTuple):
    """How a statement comes to rows of a large table: a step of its plan."""

    table: str
    step: str
    is_scan: bool


LARGE = (
    *("job_documents", "documents", "jobs", "mentions", "answers", "answer_documents", "calls"),
    *("searched_blocks", "keyword_sentences"),
)
# They count (nearly) all jobs: there is no shorter path.
SCANS = {"job_counts of the large run", "read_queue_stats"}


MONTH = DocumentScope(days=days_of_month("2015-03"), sources=("nyt",), newest_document=10**9)
SCOPES = {
    "documents of a month": MONTH,
    "documents of a month, one material": DocumentScope(
        days=days_of_month("2015-03"), sources=("nyt",), material="News"
    ),
    "documents of a month of two sources": DocumentScope(
        days=days_of_month("2015-03"), sources=("nyt", "x")
    ),
    "documents of a month, two outlets and a section": DocumentScope(
        days=days_of_month("2015-03"),
        sources=("nyt",),
        outlets=("The New York Times", "the observer"),
        sections=("World",),
    ),
    "posts of a handle": DocumentScope(handle="handle77"),
    "posts of a handle at one source": DocumentScope(handle="handle77", sources=("x",)),
    "posts of a search": DocumentScope(linked_to=1),
}


# --- the paths into the large tables ---


@contextmanager
def explained(db: Database) -> Iterator[list[AccessPath]]:
    """Have every statement that is sent explained; yield the list that its paths are added to."""
    paths: list[AccessPath] = []

    def explain(
        _connection: Connection, cursor: Any, statement: str, parameters: Any, *more: Any
    ) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return

        is_executed_for_many = more[-1]
        first = parameters[0] if is_executed_for_many else parameters
        read_paths = _sqlite_paths if db.is_sqlite else _postgres_paths
        paths.extend(read_paths(cursor, statement, first))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield paths
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


def _sqlite_paths(cursor: Any, statement: str, parameters: Any) -> Iterator[AccessPath]:
    for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall():
        step = row[3]
        words = re.match(r"(SCAN|SEARCH) (\w+)", step)
        if words and words[2] in LARGE:
            yield AccessPath(words[2], step, words[1] == "SCAN")


def _postgres_paths(cursor: Any, statement: str, parameters: Any) -> Iterator[AccessPath]:
    cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    plan = cursor.fetchone()[0]
    (explanation,) = plan if isinstance(plan, list) else json.loads(plan)
    yield from _paths_of_node(explanation["Plan"])


def _paths_of_node(node: dict[str, Any]) -> Iterator[AccessPath]:
    index = node.get("Index Name", "")
    of_index = [name for name in LARGE if index.startswith(f"ix_{name}")]
    table = node.get("Relation Name") or (of_index[0] if of_index else None)

    if table in LARGE and node["Node Type"] not in {"ModifyTable", "Bitmap Heap Scan"}:
        is_scan = node["Node Type"] == "Seq Scan" or (bool(index) and "Index Cond" not in node)
        yield AccessPath(str(table), f"{node['Node Type']} {index}".strip(), is_scan)

    for below in node.get("Plans", ()):
        yield from _paths_of_node(below)


# --- the hot queries, as the project sends them ---


def hot_queries(db: Database) -> Iterator[Query]:
    """Yield the hot queries by name. They are to be run in this order."""
    claims: list[Claim] = []

    yield from _job_queries(db, claims)
    yield from _answer_queries(db, claims)
    yield from _document_queries(db)
    yield from _mention_queries(db, claims)
    yield "finish_job, in the run of 100,000", lambda: finish_job(db, claims[1])
    yield from _maintenance_queries(db)
    yield from _status_queries(db)


def _read(db: Database, query: Callable[..., Any], *arguments: Any) -> Any:
    with db.read() as connection:
        return query(connection, *arguments)


def _job_queries(db: Database, claims: list[Claim]) -> Iterator[Query]:
    is_queued = (Job.run_id == BACKFILL, Job.state == State.QUEUED)
    with db.read() as connection:
        job_id = connection.scalars(select(Job.id).where(*is_queued).order_by(Job.id)).first()

    assert job_id is not None

    def claim() -> None:
        claimed = claim_job(
            db, job_id, owner="worker", lease_seconds=25, has_exited=lambda _: False
        )
        assert claimed is not None
        claims.append(claimed)

    select_jobs = partial(select_due_jobs, db, QUEUE_TEXT, 64)
    yield "select_due_jobs, 64 jobs of one run", select_jobs
    yield "select_due_jobs again, beside a small run", select_jobs
    yield "claim_job", claim
    yield "claim_next, beside a small run", lambda: claim_next(db, claims[0], lease_seconds=25)
    yield "renew_lease", lambda: renew_lease(db, claims[0], lease_seconds=25)
    yield "requeue_job", lambda: requeue_job(db, claims[0])
    yield "claim_job again", claim


def _answer_queries(db: Database, claims: list[Claim]) -> Iterator[Query]:
    with db.read() as connection:
        keys = list(connection.scalars(select(Answer.key).limit(400)))

    new_keys = [random.randbytes(16) for _ in range(200)]
    batch = Batch(answers=dict.fromkeys(new_keys, "[]"))
    batch_of_keywords = Batch()

    def store() -> None:
        store_batch(db, claims[1], batch, service="textapi", credential="c")

    def store_searched() -> None:
        store_batch(db, claims[1], batch_of_keywords, service="textapi", credential="c")

    yield "claim_answers, 200 new", lambda: claim_answers(db, claims[1], new_keys, seconds=35)
    yield "store_batch, 200 answers", store
    yield "stored_keys, 400", partial(_read, db, stored_keys, keys)
    yield "read_answers, 400", partial(_read, db, read_answers, keys)

    month_ids = range(100_000, 105_000)
    pack_ids = month_ids[:200]
    batch_of_keywords.answers_by_question[ENGINE, "term 11"] = dict.fromkeys(pack_ids, "[]")
    terms = [f"term {number}" for number in TERMS]
    read = partial(_read, db, read_searched, ENGINE, terms, month_ids)
    yield "read_searched, ten terms, 5,000 documents", read
    read = partial(_read, db, read_sentences, ENGINE, terms, month_ids)
    yield "read_sentences, ten terms, 5,000 documents", read
    yield "store_batch, 200 documents searched", store_searched


def _document_queries(db: Database) -> Iterator[Query]:
    for name, scope in SCOPES.items():
        query = list_documents if name.startswith("posts") else count_documents
        yield name, partial(_read, db, query, scope)

    yield "documents of a month by day", lambda: list(list_documents_by_day(db, MONTH))
    yield "documents of a day", partial(_list_of_day, db)
    yield (
        "a search's earlier documents",
        partial(_read, db, partial(found_before, source=None), "search:nothing"),
    )


def _list_of_day(db: Database) -> None:
    day = moments_of(date(2015, 3, 1), date(2015, 3, 1))
    with db.read() as connection:
        connection.execute(select(Document.text).where(documents_of(MONTH, day=day))).all()


def _mention_queries(db: Database, claims: list[Claim]) -> Iterator[Query]:
    is_done_month = (Job.state == State.DONE, Job.kind == JobKind.MONTH)
    with db.read() as connection:
        job_id = connection.scalars(select(Job.id).where(*is_done_month)).first()

    assert job_id is not None

    def clear() -> None:
        with db.write() as connection:
            replace_rows(connection, claims[0].job_id, Mention, [])

    yield "mentions of a job", partial(_read, db, mention_sentences, job_id)
    yield (
        "documents that mention a keyword",
        partial(_read, db, mentioning_documents, job_id, "covid"),
    )
    yield "replace_rows, mentions", clear


def _maintenance_queries(db: Database) -> Iterator[Query]:
    count_calls = partial(
        calls_by_minute, db, service="textapi", credential="c", seconds=86400, at_once=10
    )

    yield "reconcile: requeue_lost_jobs", lambda: requeue_lost_jobs(db, lambda _: False)
    yield "reconcile: close_ended_runs", partial(close_ended_runs, db)
    yield "reconcile: delete_expired_claims", partial(delete_expired_claims, db, older_than=3600)
    yield "limits: calls of a day", count_calls


def _status_queries(db: Database) -> Iterator[Query]:
    settings = Settings(database_url=db.url, redis_url="redis://127.0.0.1:1/0")

    yield "job_counts of a small run", partial(_read, db, job_counts, SMALL)
    yield "job_counts of the large run", partial(_read, db, job_counts, BACKFILL)
    yield "progress_of a small run", partial(_read, db, progress_of, SMALL)
    yield "read_queue_stats", partial(read_queue_stats, db)
    yield "status of a small run", partial(run_status, db, settings, SMALL)


# --- what they scan ---


def scans_of_hot_queries(db: Database) -> dict[str, list[AccessPath]]:
    """Return the paths by which hot queries scan a large table, by the query's name."""
    scanning = {}

    with explained(db) as paths:
        for name, query in hot_queries(db):
            paths.clear()
            query()
            scans = [path for path in dict.fromkeys(paths) if path.is_scan]
            if scans and name not in SCANS:
                scanning[name] = scans

    return scanning
