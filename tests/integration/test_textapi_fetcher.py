"""Fetching answers: each is asked once, none that was paid for is lost, whatever ends a fetch."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import delete, select

from core.errors import RunCapReached, ServiceUnavailable
from core.settings import Settings
from models.answers import (
    Batch,
    FindTaken,
    claim_answers,
    store_batch,
    stored_keys,
)
from models.database import Database
from models.jobs import Claim
from models.run_transitions import pause_at_cap, resume_run
from models.runs import get_run, reserve_call
from models.tables import Answer, AnswerClaim, Call, Run
from tests.fetcher_kit import (
    calls_counted,
    fetch_from,
    let_claims_run_out,
    new_claims,
    store,
    stored_answers_and_claims,
)
from tests.odd_textapi import serving
from tests.ports import reserved_port
from textapi.messages import ENGINE_HEADER, Operation
from textapi.requests import polarity_key, polarity_of, polarity_requests
from workers import answer_claims, answer_writer, ledger_fetcher
from workers.answer_writer import AnswerWriter
from workers.database_threads import FILE_THREADS, SERVER_THREADS
from workers.textapi_fetcher import EngineChanged, TextApiFetcher


class HeldService:
    """A Text API on loopback that answers polarity only when `release` is set.

    It cannot tell the sentences of a text apart, so that each text has to be asked alone.
    """

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.answers_at_once = 0  # of the first calls
        self.retry_after: int | None = None
        self.calls = 0
        self.engine = "stub/1"
        self._arrived = asyncio.Condition()

    async def wait_for_calls(self, number: int) -> None:
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.calls >= number)

    async def polarity(self, _request: web.Request) -> web.Response:
        async with self._arrived:
            self.calls += 1
            number = self.calls
            self._arrived.notify_all()

        if self.retry_after is not None:
            headers = {"Retry-After": str(self.retry_after)}
            return web.json_response({}, status=429, headers=headers)

        if number > self.answers_at_once:
            await self.release.wait()

        return web.json_response({"text polarity": 0.5}, headers={ENGINE_HEADER: self.engine})

    async def polarity_by_sentence(self, _request: web.Request) -> web.Response:
        answer = {"polarity by sentence": [[0.5, "All of it."]]}
        return web.json_response(answer, headers={ENGINE_HEADER: self.engine})

    async def ready(self, _request: web.Request) -> web.Response:
        return web.json_response({}, headers={ENGINE_HEADER: "stub/1"})

    @asynccontextmanager
    async def serve(self, port: int) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/ready", self.ready)
        app.router.add_post("/text/text_polarity", self.polarity)
        app.router.add_post("/text/polarity_by_sentence", self.polarity_by_sentence)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield
        finally:
            await runner.cleanup()


TEXTS = [f"Sentence {number}. Another." for number in range(10)]  # two sentences: a call for each


def run_fetch(
    db: Database,
    settings: Settings,
    scenario: Callable[[HeldService, TextApiFetcher], Awaitable[None]],
    max_calls: int | None = None,
) -> HeldService:
    """Run *scenario* with a fetcher for a new job, four calls at a time."""
    port = reserved_port()
    services: list[HeldService] = []

    async def work(fetcher: TextApiFetcher) -> None:
        await scenario(services[0], fetcher)

    @asynccontextmanager
    async def serve() -> AsyncIterator[None]:
        services.append(HeldService())
        async with services[0].serve(port):
            yield

    url = f"http://127.0.0.1:{port}"
    fetch_from(db, settings, url, work, serve=serve, max_calls=max_calls)
    return services[0]


def test_what_is_fetched_is_answered_and_counted(db: Database, settings: Settings) -> None:
    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        service.release.set()
        await fetcher.fetch(polarity_requests(fetcher.engine, TEXTS, 3000))

    run_fetch(db, settings, scenario)
    assert stored_answers_and_claims(db) == (10, 0)
    assert calls_counted(db) == 10


def test_two_steps_can_fetch_at_once_and_ask_for_a_shared_answer_once(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        service.release.set()
        await asyncio.gather(
            fetcher.fetch(polarity_requests(fetcher.engine, TEXTS[:7], 3000)),
            fetcher.fetch(polarity_requests(fetcher.engine, TEXTS[3:], 3000)),
        )

    service = run_fetch(db, settings, scenario)
    assert stored_answers_and_claims(db) == (10, 0)
    assert service.calls == 10


def test_a_fetch_that_is_cancelled_keeps_the_calls_in_flight_and_releases_the_rest(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        requests = polarity_requests(fetcher.engine, TEXTS, 3000)
        task = asyncio.create_task(fetcher.fetch(requests))
        await service.wait_for_calls(4)
        task.cancel()
        service.release.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    service = run_fetch(db, settings, scenario)
    assert service.calls == 4
    assert stored_answers_and_claims(db) == (4, 0)
    assert calls_counted(db) == 4


def test_a_second_cancellation_breaks_the_calls_in_flight_off(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        requests = polarity_requests(fetcher.engine, TEXTS, 3000)
        task = asyncio.create_task(fetcher.fetch(requests))
        await service.wait_for_calls(4)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=0.05)
        assert not done
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        service.release.set()

    service = run_fetch(db, settings, scenario)
    assert service.calls == 4
    with db.read() as connection:
        assert connection.scalars(select(Answer.key)).all() == []
        # what was sent stays claimed: it may be answered, and is asked again when the claim ends
        assert len(connection.scalars(select(AnswerClaim.key)).all()) == 4

    assert calls_counted(db) == 4


def test_answers_of_a_new_engine_are_stored_under_its_name_and_end_the_slice(
    db: Database, settings: Settings
) -> None:
    texts = TEXTS[:2]

    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        service.engine = "stub/2"
        service.release.set()
        with pytest.raises(EngineChanged):
            await fetcher.fetch(polarity_requests(fetcher.engine, texts, 3000))

    run_fetch(db, settings, scenario)
    with db.read() as connection:
        new_keys = stored_keys(connection, [polarity_key("stub/2", text) for text in texts])
        old_keys = stored_keys(connection, [polarity_key("stub/1", text) for text in texts])
        assert new_keys
        assert old_keys == set()
        assert connection.scalars(select(AnswerClaim.key)).all() == []


def test_a_job_that_ran_into_an_old_cap_does_not_pause_a_run_whose_cap_was_raised(
    db: Database,
) -> None:
    run = new_claims(db, max_calls=1)[0].run_id

    def state() -> tuple[str, str | None]:
        with db.read() as connection:
            row = get_run(connection, run)
            return row.state, row.reason

    assert reserve_call(db, run)
    pause_at_cap(db, run, "cap of 1 calls is reached")
    assert state() == ("paused", "cap of 1 calls is reached")
    resume_run(db, run, max_calls=2)
    pause_at_cap(db, run, "cap of 1 calls is reached")
    assert state() == ("running", None)


def test_a_cap_that_is_reached_in_the_midst_keeps_what_was_paid_for(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        service.release.set()
        with pytest.raises(RunCapReached, match="cap of 6 calls is reached"):
            await fetcher.fetch(polarity_requests(fetcher.engine, TEXTS, 3000))

    run_fetch(db, settings, scenario, max_calls=6)
    with db.read() as connection:
        assert len(connection.scalars(select(Answer.key)).all()) <= 6
        assert sum(connection.scalars(select(Call.calls))) == 6
        assert connection.scalars(select(AnswerClaim.key)).all() == []


def test_texts_that_are_asked_alone_are_asked_at_once_and_stored_one_by_one(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        service.answers_at_once = 2
        texts = [f"Sentence {number}." for number in range(10)]  # one batch
        task = asyncio.create_task(fetcher.fetch(polarity_requests(fetcher.engine, texts, 3000)))
        await service.wait_for_calls(2 + 4)
        task.cancel()
        service.release.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    service = run_fetch(db, settings, scenario)
    assert service.calls == 6
    assert stored_answers_and_claims(db) == (6, 0)


def test_what_a_reply_leaves_open_is_asked_alone_and_the_rest_is_stored_at_once(
    db: Database, settings: Settings
) -> None:
    texts = ["One good.", "Two", "three bad.", "Four fine."]
    asked: list[tuple[str, str]] = []

    def answer(operation: str, body: dict[str, Any]) -> Any:
        asked.append((operation, body["text"]))
        if operation == "polarity_by_sentence":
            pairs = [[0.1, texts[0]], [0.2, "Two\n.\nthree bad."], [0.3, texts[3]]]
            return 200, {}, json.dumps({"polarity by sentence": pairs}).encode()

        return 200, {}, json.dumps({"text polarity": -0.5}).encode()

    async def scenario(fetcher: TextApiFetcher) -> None:
        await fetcher.fetch(polarity_requests(fetcher.engine, texts, 3000))
        keys = {text: polarity_key(fetcher.engine, text) for text in texts}
        answers = await fetcher.read(list(keys.values()))
        assert [answers[keys[text]] for text in texts] == [0.1, -0.5, -0.5, 0.3]

    with serving(answer) as service:
        fetch_from(db, settings, service.url, scenario)

    assert asked[0] == ("polarity_by_sentence", "One good.\nTwo\n.\nthree bad.\nFour fine.")
    assert sorted(asked[1:]) == [("text_polarity", "Two"), ("text_polarity", "three bad.")]
    assert stored_answers_and_claims(db) == (4, 0)
    assert calls_counted(db) == 3


def test_no_more_calls_are_made_and_not_stored_than_may_be_in_flight(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_store = threading.Event()

    def store_later(*arguments: Any, **options: Any) -> None:
        assert may_store.wait(20)
        store_batch(*arguments, **options)

    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        texts = [f"Sentence {number}. Another." for number in range(60)]
        monkeypatch.setattr(answer_writer, "store_batch", store_later)
        service.release.set()
        parts = (texts[:20], texts[20:40], texts[40:])
        requests = [polarity_requests(fetcher.engine, part, 3000) for part in parts]
        steps = asyncio.gather(*map(fetcher.fetch, requests))
        try:
            await service.wait_for_calls(4)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await service.wait_for_calls(5)
        finally:
            may_store.set()
            await steps

    assert run_fetch(db, settings, scenario).calls == 60
    assert stored_answers_and_claims(db) == (60, 0)


def test_a_batch_is_what_was_answered_while_the_last_was_written(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_store = threading.Event()
    sizes: list[int] = []

    def store_when_told(database: Database, claim: Claim, batch: Batch, **options: Any) -> None:
        assert may_store.wait(20)
        sizes.append(len(batch.answers))
        store_batch(database, claim, batch, **options)

    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        answered = asyncio.Semaphore(0)
        start = AnswerWriter.start

        def count_and_start(writer: AnswerWriter) -> None:
            start(writer)
            answered.release()

        monkeypatch.setattr(AnswerWriter, "start", count_and_start)
        monkeypatch.setattr(answer_writer, "store_batch", store_when_told)
        service.answers_at_once = 1
        requests = polarity_requests(fetcher.engine, TEXTS[:4], 3000)
        task = asyncio.create_task(fetcher.fetch(requests))
        await service.wait_for_calls(4)
        await answered.acquire()  # the first is being written, the others wait for that
        service.release.set()
        for _ in range(3):
            await answered.acquire()

        may_store.set()
        await task

    run_fetch(db, settings, scenario)
    assert sizes[:2] == [1, 3]
    assert stored_answers_and_claims(db) == (4, 0)


def test_steps_that_fetch_during_a_claim_share_the_next_and_keep_what_each_needs(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_claiming, may_claim = threading.Event(), threading.Event()
    claimed: list[set[bytes]] = []

    def claim_when_told(
        database: Database,
        claim: Claim,
        keys: set[bytes],
        *,
        seconds: float,
        find_taken: FindTaken | None,
    ) -> dict[bytes, int]:
        is_claiming.set()
        assert may_claim.wait(20)
        claimed.append(keys)
        return claim_answers(database, claim, keys, seconds=seconds, find_taken=find_taken)

    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        monkeypatch.setattr(answer_claims, "claim_answers", claim_when_told)
        service.release.set()
        requests = [polarity_of(fetcher.engine, text) for text in TEXTS[:4]]
        first = asyncio.create_task(fetcher.fetch(requests[:1]))
        assert await asyncio.to_thread(is_claiming.wait, timeout=20)

        others = [asyncio.create_task(fetcher.fetch([request])) for request in requests[1:]]
        await asyncio.sleep(0)  # they look for what is stored, or wait to do so
        may_claim.set()
        await asyncio.gather(first, *others)
        keys = [request.key for request in requests]
        assert claimed == [{keys[0]}, set(keys[1:])]

    assert run_fetch(db, settings, scenario).calls == 4
    assert stored_answers_and_claims(db) == (4, 0)


def test_progress_is_noted_with_the_first_answers_of_a_claim_alone(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[Batch] = []

    def note_and_store(database: Database, claim: Claim, batch: Batch, **options: Any) -> None:
        batches.append(batch)
        store_batch(database, claim, batch, **options)

    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        monkeypatch.setattr(answer_writer, "store_batch", note_and_store)
        service.release.set()
        for text in TEXTS[:3]:
            await fetcher.fetch([polarity_of(fetcher.engine, text)])

    run_fetch(db, settings, scenario)
    assert [batch.progress for batch in batches if batch.has_answers] == [True, False, False]


def test_a_fetch_that_is_cancelled_does_not_wait_for_calls_that_wait_themselves(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        service.retry_after = 19  # less than a call's patience
        requests = polarity_requests(fetcher.engine, TEXTS[:4], 3000)
        task = asyncio.create_task(fetcher.fetch(requests))
        await service.wait_for_calls(1)
        await asyncio.wait([task], timeout=0.5)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=8)
        assert done

    run_fetch(db, settings, scenario)
    assert stored_answers_and_claims(db) == (0, 0)


def test_a_claim_that_was_lost_in_the_queue_for_a_call_is_left_to_who_has_it(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_claims, "CLAIM_MARGIN_SECONDS", -1.0)  # each call checks its claim
    (other,) = new_claims(db, jobs=1)

    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        texts = TEXTS[:8]
        requests = polarity_requests(fetcher.engine, texts, 3000)
        task = asyncio.create_task(fetcher.fetch(requests))
        await service.wait_for_calls(4)
        keys = [polarity_key(fetcher.engine, text) for text in texts[4:]]
        let_claims_run_out(db)
        assert claim_answers(db, other, keys, seconds=30) == dict.fromkeys(keys, 1)
        service.release.set()
        done, _ = await asyncio.wait([task], timeout=0.5)
        assert not done
        store(db, other, keys, "0.25")
        await task

    assert run_fetch(db, settings, scenario).calls == 4
    assert stored_answers_and_claims(db) == (8, 0)


def test_a_call_that_was_taken_from_the_cap_is_made(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserved = threading.Semaphore(0)
    go_on = threading.Event()

    def reserve_slowly(*arguments: Any) -> bool:
        granted = reserve_call(*arguments)
        reserved.release()
        go_on.wait(20)
        return granted

    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        begun = asyncio.Semaphore(0)
        reserve = fetcher.reserve_call

        async def begin_and_reserve(operation: Operation, attempt: int) -> None:
            begun.release()
            await reserve(operation, attempt)

        monkeypatch.setattr(ledger_fetcher, "reserve_call", reserve_slowly)
        monkeypatch.setattr(fetcher, "reserve_call", begin_and_reserve)
        service.release.set()
        requests = polarity_requests(fetcher.engine, TEXTS, 3000)
        task = asyncio.create_task(fetcher.fetch(requests))
        for _ in range(4):
            await begun.acquire()

        for _ in range(min(4, FILE_THREADS if db.is_sqlite else SERVER_THREADS)):
            assert await asyncio.to_thread(reserved.acquire, timeout=20)

        task.cancel()
        await asyncio.sleep(0)  # the cancellation is delivered
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert run_fetch(db, settings, scenario, max_calls=6).calls == 4
    with db.read() as connection:
        assert connection.scalars(select(Run.calls_begun)).all() == [4]

    assert calls_counted(db) == 4


def test_answers_that_were_erased_after_they_were_fetched_are_asked_for_again(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: TextApiFetcher) -> None:
        service.release.set()
        await fetcher.fetch(polarity_requests(fetcher.engine, TEXTS, 3000))
        keys = [polarity_key(fetcher.engine, text) for text in TEXTS]
        with db.write() as connection:
            connection.execute(delete(Answer).where(Answer.key == keys[0]))

        with pytest.raises(ServiceUnavailable, match="answers were erased"):
            await fetcher.read(keys)

    run_fetch(db, settings, scenario)
