"""The ledger of keyword answers on both databases: what was searched, what was found."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from models.database import Database
from models.keyword_answers import (
    BLOCK_SIZE,
    MOST_BETWEEN,
    clear_searched,
    count_keyword_answers,
    move_keyword_answers,
    read_searched,
    read_sentences,
    store_keyword_answers,
)
from models.tables import Document, KeywordQuestion, KeywordSentences, SearchedBlock

ENGINE = "stub/1"
FEVER = (ENGINE, "fever")


def add_headlines(db: Database, ids: Sequence[int]) -> None:
    """Store a document with each of these row ids."""
    rows = []
    for number in ids:
        row = {"id": number, "identity": f"nyt:{number}", "source": "nyt", "text": f"Text {number}"}
        rows.append({**row, "repost": False})

    with db.write() as connection:
        connection.execute(db.upsert(Document).on_conflict_do_nothing(), rows)


def store(db: Database, answers: Mapping[tuple[str, str], Mapping[int, str]]) -> None:
    with db.write() as connection:
        store_keyword_answers(db, connection, answers)


def missing(db: Database, term: str, ids: Sequence[int], engine: str = ENGINE) -> list[int]:
    with db.read() as connection:
        return read_searched(connection, engine, [term], ids).missing(term, ids)


def found(db: Database, terms: Sequence[str], ids: Sequence[int]) -> dict[Any, list[str]]:
    with db.read() as connection:
        return read_sentences(connection, ENGINE, terms, ids)


EDGES = [1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 5 * BLOCK_SIZE]


def test_each_term_engine_and_document_is_known_for_itself(db: Database) -> None:
    add_headlines(db, EDGES)
    store(db, {FEVER: {1: "[]", BLOCK_SIZE: '["A fever."]'}, (ENGINE, "flu"): {1: "[]"}})

    assert missing(db, "fever", EDGES) == [BLOCK_SIZE - 1, BLOCK_SIZE + 1, 5 * BLOCK_SIZE]
    assert missing(db, "flu", EDGES) == EDGES[1:]
    assert missing(db, "cough", EDGES) == EDGES
    assert missing(db, "fever", EDGES, engine="stub/2") == EDGES
    assert found(db, ["fever", "flu"], EDGES) == {("fever", BLOCK_SIZE): ["A fever."]}


@pytest.mark.parametrize("distance", [1, 2, MOST_BETWEEN, 100])
def test_sentences_of_documents_between_those_asked_for_are_left_out(
    db: Database, distance: int
) -> None:
    numbers = range(1, 1 + 10 * distance)
    add_headlines(db, numbers)
    store(db, {FEVER: {number: f'["Fever {number}."]' for number in numbers}})

    asked = list(numbers)[::distance]
    assert found(db, ["fever"], asked) == {("fever", i): [f"Fever {i}."] for i in asked}


@hypothesis_settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["fever", "flu"]),
            st.dictionaries(
                st.integers(1, 3 * BLOCK_SIZE), st.sampled_from(["[]", '["One."]']), max_size=6
            ),
        ),
        max_size=6,
    )
)
def test_what_was_stored_in_any_order_is_what_is_known(
    db: Database, batches: list[tuple[str, dict[int, str]]]
) -> None:
    expected: dict[tuple[str, int], str] = {}
    with db.write() as connection:
        for table in (KeywordQuestion, Document):
            connection.execute(delete(table))

    for term, answers in batches:
        if answers:
            add_headlines(db, sorted(answers))

        store(db, {(ENGINE, term): answers})
        for number, answer in answers.items():
            if expected.get((term, number), "[]") == "[]":
                expected[term, number] = answer

    ids = sorted({number for _, number in expected} | set(EDGES))
    for term in ("fever", "flu"):
        searched = {number for of_term, number in expected if of_term == term}
        assert missing(db, term, ids) == [number for number in ids if number not in searched]

    sentences = {key: json.loads(answer) for key, answer in expected.items() if answer != "[]"}
    assert found(db, ["fever", "flu"], ids) == sentences


def test_many_that_store_at_once_lose_no_bit_of_each_other(db: Database) -> None:
    ids = list(range(1, 1 + 6 * 40))
    add_headlines(db, ids)
    start = threading.Barrier(6)

    def work(number: int) -> None:
        start.wait()
        own = ids[number::6]
        for at in range(0, len(own), 4):
            store(db, {FEVER: dict.fromkeys(own[at : at + 4], "[]")})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert missing(db, "fever", ids) == []


def test_a_thousand_documents_without_a_mention_are_one_small_row(db: Database) -> None:
    ids = list(range(1, 1001))
    add_headlines(db, ids)
    store(db, {FEVER: dict.fromkeys(ids, "[]")})
    with db.read() as connection:
        (bitmap,) = connection.scalars(select(SearchedBlock.bitmap)).all()
        assert connection.scalar(select(func.count()).select_from(KeywordSentences)) == 0

    assert len(bitmap) == 126  # bits 1 to 1,000


def test_an_answer_about_a_document_that_was_erased_meanwhile_is_not_kept(db: Database) -> None:
    add_headlines(db, [1, 2])
    with db.write() as connection:
        connection.execute(delete(Document).where(Document.id == 2))

    store(db, {FEVER: {1: '["Kept."]', 2: '["Not."]'}})
    assert found(db, ["fever"], [1, 2]) == {("fever", 1): ["Kept."]}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # which gives ids again
def test_an_answer_after_an_erasure_leaves_nothing_for_a_document_that_gets_the_id(
    db: Database,
) -> None:
    add_headlines(db, [1, 2, 3])
    with db.write() as connection:
        connection.execute(delete(Document).where(Document.id == 2))
        clear_searched(connection, [2])

    store(db, {FEVER: {1: "[]", 2: "[]"}})  # it was on its way: the newest document is 3

    with db.write() as connection:
        connection.execute(delete(Document).where(Document.id == 3))
        clear_searched(connection, [3])

    add_headlines(db, [2])
    assert missing(db, "fever", [1, 2]) == [2]


def test_erased_documents_leave_nothing_for_those_that_get_their_ids(db: Database) -> None:
    add_headlines(db, [1, 2, BLOCK_SIZE])
    store(db, {FEVER: {1: '["Kept."]', 2: '["Not."]', BLOCK_SIZE: "[]"}})
    with db.write() as connection:
        assert count_keyword_answers(connection, [2, BLOCK_SIZE]) == 1
        connection.execute(delete(Document).where(Document.id.in_([2, BLOCK_SIZE])))
        clear_searched(connection, [2, BLOCK_SIZE])

    add_headlines(db, [2, BLOCK_SIZE])
    assert missing(db, "fever", [1, 2, BLOCK_SIZE]) == [2, BLOCK_SIZE]
    assert found(db, ["fever"], [1, 2, BLOCK_SIZE]) == {("fever", 1): ["Kept."]}


def test_rows_that_replace_documents_take_over_what_is_known_of_them(db: Database) -> None:
    add_headlines(db, [1, 2, 3, BLOCK_SIZE, BLOCK_SIZE + 1])
    store(db, {FEVER: {1: '["One."]', 2: "[]"}})
    with db.write() as connection:
        move_keyword_answers(db, connection, {1: BLOCK_SIZE, 3: BLOCK_SIZE + 1})

    assert missing(db, "fever", [1, 2, 3]) == [1, 3]
    assert missing(db, "fever", [BLOCK_SIZE, BLOCK_SIZE + 1]) == [BLOCK_SIZE + 1]
    assert found(db, ["fever"], [1, BLOCK_SIZE]) == {("fever", BLOCK_SIZE): ["One."]}
