"""A database after years of use: documents, runs, a back-fill half done, mentions and answers."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, select

from core.enums import JobKind, State
from models.database import Database
from models.documents import DocumentScope, days_of_month
from models.keyword_answers import BLOCK_SIZE
from models.origins import ORIGIN_FIELDS
from models.tables import (
    UNKNOWN_ORIGIN,
    Answer,
    AnswerDocument,
    Base,
    Call,
    Document,
    Job,
    JobDocument,
    KeywordQuestion,
    KeywordSentences,
    Mention,
    Origin,
    Run,
    SearchedBlock,
)

BACKFILL, SMALL = 1, 102  # run ids
MONTHS = [f"{year}-{month:02}" for year in range(2010, 2020) for month in range(1, 13)]
HANDLES = 4000
BACKFILL_JOBS = 100_000
OLD_RUNS = 100

NEWS, OPINION = UNKNOWN_ORIGIN + 1, UNKNOWN_ORIGIN + 2

ENGINE = "stub 1"
TERMS = range(1, 11)
ANSWER = '["a sentence of some length that was found"]'

Rows = Iterable[dict[str, Any]]


def fill(db: Database, *, documents: int, jobs: int = BACKFILL_JOBS) -> None:
    """Fill *db*: of ten documents, six are headlines and four posts of `HANDLES` accounts."""
    half = documents // 2

    bulk_insert(db, Origin, _origins())
    bulk_insert(db, Document, _documents(documents))
    bulk_insert(db, Run, _runs())
    bulk_insert(db, Job, _jobs(jobs))
    bulk_insert(db, Mention, _mentions(documents, jobs))
    bulk_insert(
        db, JobDocument, ({"job_id": n // 20 + 1, "document_id": n} for n in range(half, documents))
    )
    bulk_insert(
        db, Answer, ({"id": n, "key": _key(n), "value": ANSWER} for n in range(1, documents + 1))
    )
    bulk_insert(
        db, KeywordQuestion, [{"id": n, "engine": ENGINE, "term": f"term {n}"} for n in TERMS]
    )
    bulk_insert(db, SearchedBlock, _searched_blocks(documents))
    bulk_insert(db, KeywordSentences, _keyword_sentences(documents))
    bulk_insert(db, AnswerDocument, ({"document_id": n, "key": _key(n)} for n in range(1, half)))
    bulk_insert(db, Call, _calls(documents))

    if not db.is_sqlite:  # rows were given their numbers: let the next ones go on from there
        with db.write() as connection:
            for table in (Document, Job, Answer, KeywordQuestion, Run):
                sequence = func.pg_get_serial_sequence(table.__tablename__, "id")
                connection.execute(select(func.setval(sequence, func.max(table.id))))


def bulk_insert(db: Database, table: type[Base], rows: Rows) -> None:
    """Insert *rows* the fast way: by COPY, or by one statement for many."""
    columns = [column.name for column in table.__table__.columns]
    tuples = ([_plain(row.get(name)) for name in columns] for row in rows)
    names = ",".join(f'"{name}"' for name in columns)

    with db.write() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None

        if db.is_sqlite:
            marks = ",".join("?" * len(columns))
            insert = f"INSERT INTO {table.__tablename__} ({names}) VALUES ({marks})"  # noqa: S608
            for batch in _batched(tuples, 20_000):
                raw.executemany(insert, batch)
        else:
            copy_rows = f"COPY {table.__tablename__} ({names}) FROM STDIN"
            with raw.cursor() as cursor, cursor.copy(copy_rows) as copy:
                for row in tuples:
                    copy.write_row(row)


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value) if isinstance(value, date) else value


def _origins() -> Rows:
    for number, material in ((NEWS, "News"), (OPINION, "Op-Ed")):
        names = dict.fromkeys(ORIGIN_FIELDS, "") | {"outlet": "The New York Times"}
        yield {"id": number, **names, "material": material}


def _documents(size: int) -> Rows:
    posts_from = size * 6 // 10
    minutes = (datetime(2020, 1, 1) - datetime(2010, 1, 1)) / timedelta(minutes=1)  # noqa: DTZ001
    for n in range(1, size + 1):
        at = datetime(2010, 1, 1) + timedelta(minutes=random.randrange(int(minutes)))  # noqa: DTZ001
        post = n > posts_from
        yield {
            "id": n,
            "identity": f"{'x' if post else 'nyt'}:{random.getrandbits(128):032x}",
            "source": ("x" if n % 2 else "bluesky") if post else "nyt",
            "handle": f"handle{n % HANDLES}" if post else None,
            "published_at": at,
            "period": f"{at:%Y-%m}",
            "text": f"Headline number {n} says that something has happened somewhere, {at:%A}.",
            "origin_id": UNKNOWN_ORIGIN if post else (NEWS if n % 3 else OPINION),
            "repost": False,
            "full_stop_added": False,
        }


def _runs() -> Rows:
    for n in range(1, SMALL + 1):
        state = State.RUNNING if n in (BACKFILL, SMALL) else State.DONE
        kind = "handles" if n == BACKFILL else "months"
        yield {
            "id": n,
            "kind": kind,
            "state": state,
            "parameters": {},
            "calls_begun": 0,
            "cost_charged": 0,
            "with_report": True,
            "created_at": time.time(),
        }


def _job(number: int, run: int, kind: JobKind, name: str, state: State) -> dict[str, Any]:
    now = time.time()
    counters = ("claims", "crashes", "losses", "waits", "done_units", "all_units")
    numbers = dict.fromkeys(counters, 0)
    ended = now - 60 if state == State.DONE else None
    owner = (
        {"owner": f"worker {number}", "lease_until": now + 3600} if state == State.RUNNING else {}
    )
    scope = DocumentScope(handle=name.removeprefix("@"))
    if kind == JobKind.MONTH:
        scope = DocumentScope(days=days_of_month(name), sources=("nyt",))

    return {
        "id": number, "run_id": run, "kind": kind, "name": name, "queue": "text", "options": {},
        "state": state, "due_at": now - 100, "ended_at": ended,
        **numbers, **owner, **scope.job_columns,
    }  # fmt: skip


def _jobs(size: int) -> Rows:
    """Yield the jobs of a back-fill more than half done, of old runs, and of a small run."""
    number = 0
    for n in range(size):
        number += 1
        share = n / size
        state = State.DONE if share < 0.6 else State.RUNNING if share < 0.60004 else State.QUEUED
        yield _job(number, BACKFILL, JobKind.HANDLE, f"@account{n:06}", state)

    for run in range(2, SMALL):
        for month in MONTHS:
            number += 1
            yield _job(number, run, JobKind.MONTH, month, State.DONE)

    for month in MONTHS[:24]:
        number += 1
        yield _job(number, SMALL, JobKind.MONTH, month, State.QUEUED)


def _mentions(documents: int, jobs: int) -> Rows:
    """Yield forty mentions in each month of the old runs, among a million documents."""
    first = jobs + 1
    for job in range(first, first + OLD_RUNS * len(MONTHS)):
        for document in random.sample(range(1, documents * 6 // 10), max(1, documents // 25_000)):
            yield {
                "job_id": job, "document_id": document, "keyword": "covid", "term": "covid",
                "position": 1, "polarity": 0.1,
                "sentence": f"Headline number {document} says that something has happened.",
            }  # fmt: skip


def _calls(documents: int) -> Rows:
    now = int(time.time() // 60)
    for run in range(1, SMALL):
        for minute in range(now - documents // 2000 * 600, now, 600):  # some 200 days
            for operation in (
                "sentences_with_keywords",
                "polarity_by_sentence",
                "ner",
                "most_common_phrases",
            ):
                yield {
                    "run_id": run, "service": "textapi", "credential": "c", "operation": operation,
                    "minute": minute, "shard": 0, "calls": 3, "answers_reused": 1, "retries": 0,
                    "maybe_twice": 0, "seconds": 1.5, "waited": 0.0,
                }  # fmt: skip


def _key(number: int) -> bytes:
    return random.Random(number).randbytes(16)


def _batched(rows: Iterator[Sequence[Any]], size: int) -> Iterator[list[Sequence[Any]]]:
    while batch := list(islice(rows, size)):
        yield batch


def _searched_blocks(documents: int) -> Rows:
    for term in TERMS:
        for block in range(documents // BLOCK_SIZE + 1):
            row = {"question_id": term, "block": block}
            yield {**row, "bitmap": b"\xff" * (BLOCK_SIZE // 8)}


def _keyword_sentences(documents: int) -> Rows:
    """Yield an answer for one of a hundred documents and term."""
    for term in TERMS:
        for document in range(term, documents, 100):
            yield {"question_id": term, "document_id": document, "sentences": ANSWER}
