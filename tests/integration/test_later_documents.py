"""A run's documents are those stored when it froze them: later imports change no figure."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.kinds.searches import SearchParameters
from analysis.options import Keyword
from core.enums import State
from core.settings import Settings
from models.answers import Batch, store_batch, stored_keys
from models.documents import add_documents
from models.erasure import documents_by_account, documents_named, forget_documents
from models.job_transitions import claim_job
from models.run_transitions import cancel_run
from models.runs import get_run
from models.tables import Document, Entity, Phrase, Summary
from reports.data.exports import write
from tests.jobs_kit import Jobs
from textapi.requests import ApiRequest
from textapi.text.sentences import sentences
from workers.textapi_fetcher import TextApiFetcher

MONTHS = MonthsParameters(first="2020-02", last="2020-03", keywords=(Keyword.parse("fever"),))
RESULT_TABLES = (Phrase, Entity, Summary)
TABLES = ("mentions", "periods", "phrases", "entities", "summaries", "documents", "coverage")


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
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


def complete_run(jobs: Jobs, parameters: Any, *names: str) -> int:
    run = jobs.submit(parameters, *names)
    jobs.do_all(run)
    with jobs.db.read() as connection:
        assert get_run(connection, run).state == State.DONE

    return run


def export(jobs: Jobs, run: int) -> dict[str, list[dict[str, Any]]]:
    tables = {}
    for table in TABLES:
        out = io.BytesIO()
        write(jobs.db, run, table, "jsonl", out)
        tables[table] = [json.loads(line) for line in out.getvalue().splitlines()]

    return tables


def month_counts(jobs: Jobs, run: int) -> list[tuple[Any, ...]]:
    rows = [row for row in export(jobs, run)["periods"] if row["term"] is None]
    return [
        (row["period"], row["state"], row["documents"], row["matched"], row["share"])
        for row in rows
    ]


def test_an_import_after_a_run_of_months_changes_none_of_its_exports(jobs: Jobs) -> None:
    run = complete_run(jobs, MONTHS)
    assert month_counts(jobs, run) == [
        ("2020-02", "complete", 2, 1, 0.5),
        ("2020-03", "no-data", 0, None, None),
    ]
    before = export(jobs, run)
    add_documents(jobs.db, [headline(3, "Fever is in Port."), headline(4, "Fever ends.", month=3)])
    assert export(jobs, run) == before
    assert month_counts(jobs, complete_run(jobs, MONTHS)) == [
        ("2020-02", "complete", 3, 2, 0.666667),
        ("2020-03", "complete", 1, 1, 1.0),
    ]


def test_an_import_after_a_portrait_changes_none_of_its_exports(jobs: Jobs) -> None:
    run = complete_run(jobs, AccountsParameters(), "ann", "bob")
    before = export(jobs, run)
    assert [row["document"] for row in before["documents"]] == ["posts:1"]
    add_documents(jobs.db, [post(2, "Sun tomorrow.")])
    assert export(jobs, run) == before
    again = export(jobs, complete_run(jobs, AccountsParameters(), "ann", "bob"))
    assert [row["document"] for row in again["documents"]] == ["posts:1", "posts:2"]


def test_an_import_while_a_month_is_at_work_concerns_the_next_run(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = TextApiFetcher.fetch

    async def fetch_then_import(self: TextApiFetcher, requests: Iterable[ApiRequest]) -> None:
        await fetch(self, requests)
        add_documents(jobs.db, [headline(3, "Fever is in Port.")])  # before answers are read

    monkeypatch.setattr(TextApiFetcher, "fetch", fetch_then_import)
    run = complete_run(jobs, MONTHS)
    assert month_counts(jobs, run)[0] == ("2020-02", "complete", 2, 1, 0.5)


def test_a_run_that_ended_before_it_froze_documents_has_none(jobs: Jobs) -> None:
    run = jobs.submit(MONTHS)
    cancel_run(jobs.db, run)
    assert export(jobs, run)["documents"] == []


def test_a_searchs_documents_do_not_change(jobs: Jobs) -> None:
    parameters = SearchParameters()
    run = complete_run(jobs, parameters, "fog")
    before = export(jobs, run)
    assert [row["document"] for row in before["documents"]] == ["posts:1"]
    add_documents(jobs.db, [post(2, "Fog tomorrow.")])
    assert export(jobs, run) == before


def test_the_erasure_of_documents_that_a_run_never_had_leaves_it_unchanged(jobs: Jobs) -> None:
    run = complete_run(jobs, MONTHS)
    add_documents(jobs.db, [headline(3, "Fever is in Port."), headline(4, "Fever ends.", month=3)])
    with jobs.db.read() as connection:
        ids = [*documents_named(connection, "nyt:3"), *documents_named(connection, "nyt:4")]

    erased = forget_documents(
        jobs.db, ids, sentences=sentences, result_tables=RESULT_TABLES, reason="on request"
    )
    assert erased.runs == []
    with jobs.db.read() as connection:
        assert get_run(connection, run).reason is None


def test_an_answer_that_quotes_a_document_erased_meanwhile_is_not_kept(jobs: Jobs) -> None:
    run = jobs.submit(MONTHS)
    claim = claim_job(
        jobs.db, jobs.rows(run)[0].id, owner="a", lease_seconds=20, has_exited=lambda _: False
    )
    assert claim is not None
    with jobs.db.read() as connection:
        stored = documents_named(connection, "nyt:1")[0]

    batch = Batch(
        {b"a" * 16: '"kept"', b"b" * 16: '"not"'}, [(stored, b"a" * 16), (stored + 1000, b"b" * 16)]
    )
    store_batch(jobs.db, claim, batch, service="textapi", credential="c")
    with jobs.db.read() as connection:
        assert stored_keys(connection, [b"a" * 16, b"b" * 16]) == {b"a" * 16}


def test_the_reused_id_of_an_erased_document_brings_no_other_into_an_ended_run(
    jobs: Jobs,
) -> None:
    run = complete_run(jobs, MONTHS)
    before = export(jobs, run)
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
    assert export(jobs, run) == before
