"""Fetching keywords: a term and a day are claimed as one, each document is asked once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from core.errors import ServiceUnavailable
from core.settings import Settings
from models.answers import (
    Batch,
    claim_answers,
    store_batch,
)
from models.database import Database
from models.keyword_answers import clear_searched
from models.tables import Call, Document
from tests import stub_textapi
from tests.fetcher_kit import fetch_from, let_claims_run_out, new_claims, stored_answers_and_claims
from tests.odd_textapi import serving
from textapi.requests import ApiRequest, keyword_batches
from workers.textapi_fetcher import TextApiFetcher

HEADLINES = ("A fever again.", "Calm.", "The fever is back.", "Nothing new.")


def headline_batches(engine: str, texts: Sequence[str], terms: Sequence[str]) -> list[ApiRequest]:
    """Return a batch of two texts each, all of one day; a text's document has its number."""
    size = 1 + max(len(f"{one}\n{other}") for one in texts for other in texts)
    return list(keyword_batches(engine, enumerate(texts, 1), terms, size, "nyt 2020-03-01"))


def add_headlines(db: Database) -> None:
    rows = []
    for number, text in enumerate(HEADLINES, 1):
        rows.append({"id": number, "identity": f"nyt:{number}", "source": "nyt", "text": text})

    with db.write() as connection:
        connection.execute(insert(Document), [{**row, "repost": False} for row in rows])


def test_keywords_are_asked_once_for_each_document_and_term_and_the_days_claim_ends(
    db: Database, settings: Settings
) -> None:
    add_headlines(db)
    asked: list[tuple[str, list[str]]] = []

    def answer(operation: str, body: dict[str, Any]) -> Any:
        asked.append((body["text"], body["keywords"]))
        return 200, {}, json.dumps(stub_textapi.answer(operation, body)).encode()

    async def scenario(fetcher: TextApiFetcher) -> None:
        await fetcher.fetch(headline_batches(fetcher.engine, HEADLINES[:2], ["fever"]))
        await fetcher.fetch(headline_batches(fetcher.engine, HEADLINES, ["fever", "calm"]))
        await fetcher.fetch(headline_batches(fetcher.engine, HEADLINES, ["calm", "fever"]))
        assert await fetcher.read_sentences(["fever", "calm"], [1, 2, 3, 4]) == {
            ("fever", 1): ["A fever again."],
            ("fever", 3): ["The fever is back."],
            ("calm", 2): ["Calm."],
        }

    with serving(answer) as service:
        fetch_from(db, settings, service.url, scenario)

    assert sorted(asked) == [
        ("A fever again.\nCalm.", ["calm"]),
        ("A fever again.\nCalm.", ["fever"]),
        ("The fever is back.\nNothing new.", ["fever", "calm"]),
    ]
    assert stored_answers_and_claims(db) == (0, 0)


def test_a_term_that_another_job_asks_of_the_same_day_is_left_to_it(
    db: Database, settings: Settings
) -> None:
    add_headlines(db)
    (other,) = new_claims(db, jobs=1)
    asked: list[list[str]] = []

    def answer(operation: str, body: dict[str, Any]) -> Any:
        asked.append(body["keywords"])
        return 200, {}, json.dumps(stub_textapi.answer(operation, body)).encode()

    async def scenario(fetcher: TextApiFetcher) -> None:
        batches = headline_batches(fetcher.engine, HEADLINES, ["fever", "calm"])
        fevers = batches[0].claim_keys([("fever", 1)])
        assert len(claim_answers(db, other, fevers, seconds=30)) == 1
        task = asyncio.create_task(fetcher.fetch(batches))
        done, _ = await asyncio.wait([task], timeout=1.0)
        assert not done

        answers = dict.fromkeys(range(1, 5), "[]")
        batch = Batch(answers_by_question={(fetcher.engine, "fever"): answers}, claims=fevers)
        store_batch(db, other, batch, service="textapi", credential="c")
        await task

    with serving(answer) as service:
        fetch_from(db, settings, service.url, scenario)

    assert asked == [["calm"], ["calm"]]
    assert stored_answers_and_claims(db) == (0, 0)


def test_a_day_that_a_killed_claimant_left_counts_no_more_repeats_than_calls_in_flight(
    db: Database, settings: Settings
) -> None:
    add_headlines(db)
    (killed,) = new_claims(db, jobs=1)

    def answer(operation: str, body: dict[str, Any]) -> Any:
        return 200, {}, json.dumps(stub_textapi.answer(operation, body)).encode()

    async def scenario(fetcher: TextApiFetcher) -> None:
        batches = []
        for number, text in enumerate(HEADLINES * 3, 1):
            documents = [(number, text)]
            batches += keyword_batches(fetcher.engine, documents, ["fever"], 3000, "nyt 2020-03-01")

        keys = batches[0].claim_keys(batches[0].keys)
        claim_answers(db, killed, keys, seconds=30)
        let_claims_run_out(db)
        await fetcher.fetch(batches[:1] + batches)

    with serving(answer) as service:
        fetch_from(db, settings, service.url, scenario)

    with db.read() as connection:
        assert sum(connection.scalars(select(Call.maybe_twice))) == 4  # calls at a time


def test_keywords_that_were_erased_after_they_were_fetched_are_asked_for_again(
    db: Database, settings: Settings
) -> None:
    add_headlines(db)

    def answer(operation: str, body: dict[str, Any]) -> Any:
        return 200, {}, json.dumps(stub_textapi.answer(operation, body)).encode()

    async def scenario(fetcher: TextApiFetcher) -> None:
        await fetcher.fetch(headline_batches(fetcher.engine, HEADLINES, ["fever"]))
        with db.write() as connection:
            connection.execute(delete(Document).where(Document.id == 2))
            clear_searched(connection, [2])

        with pytest.raises(ServiceUnavailable, match="answers were erased"):
            await fetcher.read_sentences(["fever"], [1, 2, 3, 4])

    with serving(answer) as service:
        fetch_from(db, settings, service.url, scenario)
