"""A run's documents are those stored when it looked: what is imported later changes none of its figures."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from analysis.options import Keyword
from analysis.parameters import HandlesParameters, MonthsParameters, SearchParameters
from core.enums import State
from core.settings import Settings
from models.answers import Batch, store_batch, stored_keys
from models.documents import add_documents
from models.erasure import documents_by_account, documents_named, forget_documents
from models.runs import get_run
from models.tables import Document, Entity, Phrase, Summary
from models.transitions import cancel_run, claim_job
from producers.plan import plan_submitted_run
from reports.exports import write
from tests.e2e_kit import Stub, stub, stub_settings  # noqa: F401 - fixtures
from tests.jobs_kit import Jobs
from textapi.requests import ApiRequest
from textapi.text.sentences import sentences
from workers.answer_fetcher import AnswerFetcher

MONTHS = MonthsParameters(first="2020-02", last="2020-03", keywords=(Keyword.parse("fever"),))
RESULT_TABLES = (Phrase, Entity, Summary)
TABLES = ("mentions", "periods", "phrases", "entities", "summaries", "documents", "coverage")


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:  # noqa: F811
    with closing(Jobs(stub_settings)) as opened:
        add_documents(
            opened.db,
            [
                headline(1, "Fever is in Lorn."),
                headline(2, "Ferry is late."),
                post(1, "Fog today."),
            ],
        )
        yield opened


def headline(number: int, text: str, *, month: int = 2) -> dict[str, Any]:
    return document(f"nyt:{number}", "nyt", None, text, month)


def post(number: int, text: str) -> dict[str, Any]:
    return document(f"posts:{number}", "posts", "ann", text, 2)


def document(
    identity: str, source: str, handle: str | None, text: str, month: int
) -> dict[str, Any]:
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
    return [
        (row["period"], row["state"], row["documents"], row["matched"], row["share"])
        for row in rows
    ]


def test_an_import_after_a_run_of_months_changes_none_of_its_exports(jobs: Jobs) -> None:
    run = done(jobs, MONTHS)
    assert counts(jobs, run) == [
        ("2020-02", "complete", 2, 1, 0.5),
        ("2020-03", "no-data", 0, None, None),
    ]
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
    fetch = AnswerFetcher.fetch

    async def fetch_then_import(self: AnswerFetcher, requests: Iterable[ApiRequest]) -> None:
        await fetch(self, requests)
        add_documents(jobs.db, [headline(3, "Fever is in Port.")])  # before answers are read

    monkeypatch.setattr(AnswerFetcher, "fetch", fetch_then_import)
    run = done(jobs, MONTHS)
    assert counts(jobs, run)[0] == ("2020-02", "complete", 2, 1, 0.5)


def test_a_run_that_ended_before_it_looked_has_no_documents(jobs: Jobs) -> None:
    run = jobs.submit(MONTHS)
    cancel_run(jobs.db, run)
    assert exported(jobs, run)["documents"] == []


def test_what_a_search_found_and_would_ask_does_not_change(jobs: Jobs) -> None:
    parameters = SearchParameters()
    run = done(jobs, parameters, "fog")
    before, plan = exported(jobs, run), planned(jobs, run)
    assert [row["document"] for row in before["documents"]] == ["posts:1"]
    add_documents(jobs.db, [post(2, "Fog tomorrow.")])
    assert (exported(jobs, run), planned(jobs, run)) == (before, plan)


@pytest.mark.parametrize(("parameters", "names"), [(MONTHS, ()), (HandlesParameters(), ("@ann",))])
def test_what_a_run_would_ask_does_not_change(
    jobs: Jobs, parameters: Any, names: tuple[str, ...]
) -> None:
    run = done(jobs, parameters, *names)
    plan = planned(jobs, run)
    assert plan[0] == (2 if parameters is MONTHS else 1)
    add_documents(jobs.db, [headline(3, "Fever is in Port."), post(2, "Sun tomorrow.")])
    assert planned(jobs, run) == plan


def test_a_run_is_left_alone_when_what_it_never_saw_is_forgotten(jobs: Jobs) -> None:
    run = done(jobs, MONTHS)
    add_documents(jobs.db, [headline(3, "Fever is in Port."), headline(4, "Fever ends.", month=3)])
    with jobs.db.read() as connection:
        ids = [*documents_named(connection, "nyt:3"), *documents_named(connection, "nyt:4")]
    forgotten = forget_documents(
        jobs.db, ids, sentences=sentences, result_tables=RESULT_TABLES, reason="on request"
    )
    assert forgotten.runs == []
    with jobs.db.read() as connection:
        assert get_run(connection, run).reason is None


def test_an_answer_that_quotes_what_was_forgotten_meanwhile_is_not_kept(jobs: Jobs) -> None:
    run = jobs.submit(MONTHS)
    claim = claim_job(
        jobs.db, jobs.rows(run)[0].id, owner="a", lease_seconds=20, has_exited=lambda _: False
    )
    assert claim is not None
    with jobs.db.read() as connection:
        there = documents_named(connection, "nyt:1")[0]
    batch = Batch(
        {b"a" * 16: '"kept"', b"b" * 16: '"not"'}, [(there, b"a" * 16), (there + 1000, b"b" * 16)]
    )
    store_batch(jobs.db, claim, batch, service="textapi", credential="c")
    with jobs.db.read() as connection:
        assert stored_keys(connection, [b"a" * 16, b"b" * 16]) == {b"a" * 16}


def planned(jobs: Jobs, run: int) -> tuple[Any, ...]:
    plan = plan_submitted_run(jobs.db, run, engine="other 1", settings=jobs.settings)
    return plan.documents, plan.calls_needed, plan.by_operation


def test_a_number_that_a_forgotten_document_had_brings_no_other_into_an_ended_run(
    jobs: Jobs,
) -> None:
    run = done(jobs, MONTHS)
    before = exported(jobs, run)
    with jobs.db.read() as connection:
        ids = documents_by_account(connection, "ann")
        assert ids == [connection.scalar(select(func.max(Document.id)))], (
            "the number that SQLite gives again"
        )
    forget_documents(
        jobs.db,
        ids,
        sentences=sentences,
        result_tables=RESULT_TABLES,
        reason="on request",
        handle="ann",
    )
    add_documents(jobs.db, [headline(3, "Fever is in Port.")])
    assert exported(jobs, run) == before
