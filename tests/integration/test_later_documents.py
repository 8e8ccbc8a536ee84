"""A run's documents are those stored when it looked: what is imported later changes none of its figures."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

import workers.months
from core.queues import State
from core.settings import Settings
from models.documents import add_documents
from models.findings import clear_mentions
from models.forgetting import documents_of_account, forget_documents
from models.parameters import HandlesParameters, Keyword, MonthsParameters
from models.runs import get_run
from models.tables import Document
from reports.exports import write
from tests.e2e_kit import Stub, known, stub  # noqa: F401 - fixtures
from tests.jobs_kit import Jobs
from textapi.engine.sentences import sentences

MONTHS = MonthsParameters(first="2020-02", last="2020-03", keywords=(Keyword.parse("fever"),))
TABLES = ("mentions", "periods", "phrases", "entities", "summaries", "documents", "coverage")


@pytest.fixture
def jobs(known: Settings) -> Iterator[Jobs]:  # noqa: F811
    with closing(Jobs(known)) as opened:
        add_documents(
            opened.db, [headline(1, "Fever is in Lorn."), headline(2, "Ferry is late."), post(1, "Fog today.")]
        )
        yield opened


def headline(number: int, text: str, *, month: int = 2) -> dict[str, Any]:
    return document(f"nyt:{number}", "nyt", None, text, month)


def post(number: int, text: str) -> dict[str, Any]:
    return document(f"posts:{number}", "posts", "ann", text, 2)


def document(identity: str, source: str, handle: str | None, text: str, month: int) -> dict[str, Any]:
    return {
        "identity": identity, "source": source, "handle": handle, "author_id": None,
        "published_at": datetime(2020, month, 10), "period": f"2020-{month:02}",  # noqa: DTZ001 - naive UTC
        "address": None, "text": text, "material": "News", "repost": False,
    }  # fmt: skip


def done(jobs: Jobs, parameters: Any, *names: str) -> int:
    run = jobs.submit(parameters, *names)
    jobs.do_all(run)
    with jobs.db.read() as connection:
        assert get_run(connection, run).state == State.DONE
    return run


def exported(jobs: Jobs, run: int) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table in TABLES:
        out = io.BytesIO()
        write(jobs.db, run, table, "jsonl", out)
        found[table] = [json.loads(line) for line in out.getvalue().splitlines()]
    return found


def counts(jobs: Jobs, run: int) -> list[tuple[Any, ...]]:
    rows = [row for row in exported(jobs, run)["periods"] if row["term"] is None]
    return [(row["period"], row["state"], row["documents"], row["matched"], row["share"]) for row in rows]


def test_an_import_after_a_run_of_months_changes_none_of_its_exports(jobs: Jobs) -> None:
    run = done(jobs, MONTHS)
    assert counts(jobs, run) == [("2020-02", "complete", 2, 1, 0.5), ("2020-03", "no-data", 0, None, None)]
    before = exported(jobs, run)
    add_documents(jobs.db, [headline(3, "Fever is in Port."), headline(4, "Fever ends.", month=3)])
    assert exported(jobs, run) == before
    assert counts(jobs, done(jobs, MONTHS)) == [
        ("2020-02", "complete", 3, 2, 0.666667),
        ("2020-03", "complete", 1, 1, 1.0),
    ]


def test_an_import_after_a_portrait_changes_none_of_its_exports(jobs: Jobs) -> None:
    run = done(jobs, HandlesParameters(), "ann", "bob")
    before = exported(jobs, run)
    assert [row["document"] for row in before["documents"]] == ["posts:1"]
    add_documents(jobs.db, [post(2, "Sun tomorrow.")])
    assert exported(jobs, run) == before
    again = exported(jobs, done(jobs, HandlesParameters(), "ann", "bob"))
    assert [row["document"] for row in again["documents"]] == ["posts:1", "posts:2"]


def test_what_is_imported_while_a_month_is_worked_on_waits_for_the_next_run(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def import_before(connection: Connection, claim: Any) -> None:
        if not connection.scalar(select(func.count()).where(Document.identity == "nyt:3")):
            connection.execute(insert(Document), headline(3, "Fever is in Port."))
        clear_mentions(connection, claim)

    monkeypatch.setattr(workers.months, "clear_mentions", import_before)  # between asking and reading the answers
    run = done(jobs, MONTHS)
    assert counts(jobs, run)[0] == ("2020-02", "complete", 2, 1, 0.5)


def test_a_number_that_a_forgotten_document_had_brings_no_other_into_an_ended_run(jobs: Jobs) -> None:
    run = done(jobs, MONTHS)
    before = exported(jobs, run)
    with jobs.db.read() as connection:
        ids = documents_of_account(connection, "ann")
        assert ids == [connection.scalar(select(func.max(Document.id)))], "the number that SQLite gives again"
    forget_documents(jobs.db, ids, sentences=sentences, reason="asked to", handle="ann")
    add_documents(jobs.db, [headline(3, "Fever is in Port.")])
    assert exported(jobs, run) == before
