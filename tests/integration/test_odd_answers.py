"""Whole jobs at a Text API that answers oddly: they end with a reason, never as our own fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from analysis.kinds.accounts import AccountsParameters
from core.enums import State
from core.settings import Settings
from models.documents import add_documents
from models.runs import engines_of
from models.tables import Entity, Phrase, Summary
from tests import stub_textapi
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.odd_textapi import NAMES, OddService, nearly_right, serving
from tests.tiers import thorough_but
from textapi import client
from textapi.answer_validation import LONGEST_ENGINE
from textapi.messages import ENGINE_HEADER

POSTS = [
    stored_post(1, text="The NASA tide is in. Few know why it is in."),
    stored_post(2, text="The ESA tide is out again."),
]
FAULTS = ("fault of the program", "refused a statement")
ENGINE = {ENGINE_HEADER: "odd/1"}


@pytest.fixture(autouse=True)
def _retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = replace(client.RETRY_POLICY, attempts=2, first_wait=0.0)
    monkeypatch.setattr(client, "RETRY_POLICY", policy)


@contextmanager
def jobs_at(service: OddService, with_settings: Settings) -> Iterator[Jobs]:
    """Open jobs that ask *service*, with the posts stored."""
    at_service = with_settings.model_copy(update={"textapi_url": service.url})
    with closing(Jobs(at_service)) as jobs:
        add_documents(jobs.db, POSTS)
        yield jobs


def answering(**odd_bodies: bytes) -> Callable[[str, dict[str, Any]], Any]:
    """Return a responder that answers some operations with these bytes, the others rightly."""

    def respond(operation: str, body: dict[str, Any]) -> Any:
        right = json.dumps(stub_textapi.answer(operation, body)).encode()
        return 200, ENGINE, odd_bodies.get(operation, right)

    return respond


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


BAD_BODIES = {
    "400 digits": ("text_polarity", b'{"text polarity": 1' + b"0" * 400 + b"}"),
    "5000 digits": ("text_polarity", b'{"text polarity": 1' + b"0" * 5000 + b"}"),
    "NaN": ("text_polarity", b'{"text polarity": NaN}'),
    "infinity": ("text_polarity", b'{"text polarity": 1e999}'),
    "1e308": ("text_polarity", b'{"text polarity": 1e308}'),
    "beyond": ("polarity_by_sentence", b'{"polarity by sentence": [[7, "a"]]}'),
    "deep": ("ner", b'{"ner": ' + nested(1000) + b"}"),
    "very deep": ("summarize", b'{"summary": ' + nested(100_000) + b"}"),
    "endless": ("summarize", b'{"summary": "' + b"x" * 10_000 + b'"}'),
    "a million": ("ner", b'{"ner": [' + b'["A", ""], ' * 100_000 + b'["A", ""]]}'),
}


@pytest.mark.parametrize(
    "kind", thorough_but(BAD_BODIES, *(kind for kind in BAD_BODIES if kind != "a million"))
)
def test_a_job_fails_with_the_reason_when_what_is_answered_does_not_fit(
    settings: Settings, kind: str
) -> None:
    operation, body = BAD_BODIES[kind]
    with serving(answering(**{operation: body})) as service, jobs_at(service, settings) as jobs:
        job = jobs.do(AccountsParameters(), "bob")

    assert job.state == State.FAILED
    assert job.reason.startswith(f"textapi: {operation} answered with ")


@pytest.mark.parametrize(
    ("operation", "value", "table", "column"),
    [
        ("summarize", "Tide \udcff in\x00.", Summary, "summary"),
        ("most_common_phrases", ["nasa\ud800tide"], Phrase, "phrase"),
        ("ner", [["ORG", "NASA \ud800 tide"]], Entity, "name"),
        ("ner", [["OR\ud800G", "NASA"]], Entity, "type"),
    ],
)
def test_text_that_no_database_stores_is_replaced_as_that_of_documents_is(
    settings: Settings, operation: str, value: object, table: Any, column: str
) -> None:
    body = json.dumps({NAMES[operation]: value}).encode()
    with serving(answering(**{operation: body})) as service, jobs_at(service, settings) as jobs:
        job = jobs.do(AccountsParameters(), "bob")
        with jobs.db.read() as connection:
            stored = set(connection.scalars(select(getattr(table, column))))

    assert (job.state, job.reason) == (State.DONE, "stored documents only")
    assert any("\ufffd" in text for text in stored)


@pytest.mark.parametrize(
    ("header", "engine"),
    [("\xff", "\\udcff"), ("x" * 1000, "x" * LONGEST_ENGINE), ("caf\xe9", "caf\\udce9")],
)
def test_answers_of_an_engine_without_a_fit_name_are_kept_under_one_that_is_made_of_it(
    settings: Settings, header: str, engine: str
) -> None:
    def respond(operation: str, body: dict[str, Any]) -> Any:
        right = json.dumps(stub_textapi.answer(operation, body)).encode()
        return 200, {ENGINE_HEADER: header}, right

    with serving(respond) as service, jobs_at(service, settings) as jobs:
        service.ready = (200, {ENGINE_HEADER: header}, b"{}")
        job = jobs.do(AccountsParameters(), "bob")
        with jobs.db.read() as connection:
            engines = engines_of(connection, job.run_id)

    assert job.state == State.DONE
    assert set(engines) == {engine}


@pytest.mark.parametrize("words", ["a\ud800", nested(900).decode()])
def test_what_a_service_says_with_an_error_can_be_stored(settings: Settings, words: str) -> None:
    said = json.dumps({"error": words}) if "\ud800" in words else '{"title": ' + words + "}"
    with (
        serving(lambda *_: (400, ENGINE, said.encode())) as service,
        jobs_at(service, settings) as jobs,
    ):
        job = jobs.do(AccountsParameters(), "bob")

    assert job.state == State.FAILED
    assert "(400): the request is malformed" in job.reason


# One service, database and run's worth of parts for all examples: only the answers differ.
@pytest.mark.thorough
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, nearly_right)))
def test_no_answer_at_all_ends_a_job_as_a_fault_of_the_program(
    fresh_jobs: Callable[[OddService], Any], values: dict[str, Any]
) -> None:
    bodies = {name: json.dumps({NAMES[name]: value}).encode() for name, value in values.items()}
    with serving(answering(**bodies)) as service, fresh_jobs(service) as jobs:
        job = jobs.do(AccountsParameters(), "bob")

    assert job.state in (State.DONE, State.FAILED)
    assert not any(fault in (job.reason or "") for fault in FAULTS)


@pytest.fixture
def fresh_jobs(tmp_path: Any, _sqlite_template: Any, redis_url: str) -> Callable[[OddService], Any]:
    """Open jobs on a new copy of an empty database each time."""
    numbers = iter(range(10**6))

    def open_jobs(service: OddService) -> Any:
        path = tmp_path / f"{next(numbers)}.db"
        path.write_bytes(_sqlite_template.read_bytes())
        of_example = Settings(
            home=tmp_path / "home", database_url=f"sqlite:///{path}", redis_url=redis_url
        )
        return jobs_at(service, of_example)

    return open_jobs
