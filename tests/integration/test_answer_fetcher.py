"""The ledger of answers on both databases: no answer is lost, calls are counted and capped."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, nullcontext
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import delete, insert, select, update

from analysis.parameters import HandlesParameters
from cli.stack.ports import free_port
from core.broker import celery_app
from core.enums import ENDED, JobKind, State
from core.errors import RunCapReached, ServiceUnavailable
from core.settings import Settings
from models.answers import (
    Batch,
    CallCounts,
    calls_by_minute,
    claim_answers,
    delete_expired_claims,
    read_answers,
    release_claims,
    store_batch,
    stored_keys,
)
from models.database import Database, clock
from models.documents import add_documents
from models.jobs import Claim
from models.keyword_answers import clear_searched
from models.runs import NewJob, create_run, get_run, reserve_call
from models.tables import Answer, AnswerClaim, Call, Document, Job, Run
from models.transitions import claim_job, pause_at_cap, resume_run
from tests import stub_textapi
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.odd_textapi import serving
from textapi.messages import ENGINE_HEADER
from textapi.requests import ApiRequest, keyword_batches, polarity_key, polarity_requests
from workers import answer_fetcher, answer_writer, held_claims
from workers.answer_fetcher import AnswerFetcher, EngineChanged
from workers.answer_writer import AnswerWriter
from workers.context import JobContext
from workers.runtime import Runtime

KEYS = [bytes([number]) * 16 for number in range(8)]


def new_claims(db: Database, jobs: int = 2, max_calls: int | None = None) -> list[Claim]:
    names = [f"2020-{month:02}" for month in range(1, jobs + 1)]
    run = create_run(
        db,
        kind="months",
        name=None,
        parameters={},
        jobs=[NewJob(JobKind.MONTH, name, {}) for name in names],
        max_calls=max_calls,
    )
    with db.read() as connection:
        ids = connection.scalars(select(Job.id).where(Job.run_id == run).order_by(Job.id)).all()
    return [again(db, job_id) for job_id in ids]


def again(db: Database, job_id: int) -> Claim:
    """A claim of the job, taken over from whoever has it."""
    claimed = claim_job(db, job_id, owner="a", lease_seconds=20, has_exited=lambda _: True)
    assert claimed is not None
    return claimed


def store(
    db: Database,
    claim: Claim,
    keys: Sequence[bytes],
    value: str = "1",
    **call_counts_by_operation: CallCounts,
) -> None:
    batch = Batch(
        answers=dict.fromkeys(keys, value),
        claims=set(keys),
        call_counts_by_operation=call_counts_by_operation,
    )
    store_batch(db, claim, batch, service="textapi", credential="c")


def let_claims_run_out(db: Database) -> None:
    with db.write() as connection:
        connection.execute(update(AnswerClaim).values(until=clock() - 1))


def test_two_that_want_the_same_answer_make_one_call(db: Database) -> None:
    first, second = new_claims(db)
    assert claim_answers(db, first, KEYS[:5], seconds=30) == dict.fromkeys(KEYS[:5], 0)
    assert claim_answers(db, second, KEYS[3:], seconds=30) == dict.fromkeys(KEYS[5:], 0)
    store(db, first, KEYS[:5])
    assert claim_answers(db, second, KEYS[:5], seconds=30) == {}
    with db.read() as connection:
        assert stored_keys(connection, KEYS) == set(KEYS[:5])
        assert set(connection.scalars(select(AnswerClaim.key))) == set(KEYS[5:])


def test_many_that_claim_at_once_never_win_the_same_key_nor_wait_for_each_other(
    db: Database,
) -> None:
    claims = new_claims(db, jobs=6)
    keys = [number.to_bytes(16, "big") for number in range(1000)]
    won: list[list[bytes]] = [[] for _ in claims]
    start = threading.Barrier(len(claims))

    def work(number: int) -> None:
        start.wait()
        order = keys if number % 2 else keys[::-1]
        for at in range(0, len(keys), 250):
            won[number] += claim_answers(db, claims[number], order[at : at + 250], seconds=30)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(claims))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for some in won for key in some) == keys


def test_a_claimant_that_was_killed_is_followed_when_its_time_is_over_and_that_is_counted(
    db: Database,
) -> None:
    first, second = new_claims(db)
    claim_answers(db, first, KEYS[:2], seconds=30)
    assert claim_answers(db, second, KEYS[:2], seconds=30) == {}
    let_claims_run_out(db)
    assert claim_answers(db, second, KEYS[:2], seconds=30) == dict.fromkeys(KEYS[:2], 1)
    let_claims_run_out(db)
    assert claim_answers(db, first, KEYS[:1], seconds=30) == {KEYS[0]: 2}


def test_the_next_claim_of_the_same_job_need_not_wait_for_what_the_last_left_behind(
    db: Database,
) -> None:
    (first,) = new_claims(db, jobs=1)
    claim_answers(db, first, KEYS[:2], seconds=30)
    assert claim_answers(db, first, KEYS[:2], seconds=30) == {}
    assert claim_answers(db, again(db, first.job_id), KEYS[:2], seconds=30) == dict.fromkeys(
        KEYS[:2], 1
    )


def test_what_was_given_up_is_free_at_once(db: Database) -> None:
    first, second = new_claims(db)
    claim_answers(db, first, KEYS[:2], seconds=30)
    release_claims(db, second, KEYS[:2])  # not its own
    assert claim_answers(db, second, KEYS[:2], seconds=30) == {}
    release_claims(db, first, KEYS[:2])
    assert claim_answers(db, second, KEYS[:2], seconds=30) == dict.fromkeys(KEYS[:2], 0)


def test_a_stale_owner_gives_up_no_claim_of_its_successor(db: Database) -> None:
    stale, other = new_claims(db)
    claim_answers(db, stale, KEYS[:1], seconds=30)
    fresh = again(db, stale.job_id)
    claim_answers(db, fresh, KEYS[:1], seconds=30)
    release_claims(db, stale, KEYS[:1])
    assert claim_answers(db, other, KEYS[:1], seconds=30) == {}


def test_what_a_stale_owner_paid_for_is_stored_and_the_first_answer_stays(db: Database) -> None:
    (stale,) = new_claims(db, jobs=1)
    claim_answers(db, stale, KEYS[:1], seconds=30)
    fresh = again(db, stale.job_id)
    store(db, stale, KEYS[:1], "1")
    store(db, fresh, KEYS[:2], "2")
    with db.read() as connection:
        assert read_answers(connection, KEYS) == {KEYS[0]: "1", KEYS[1]: "2"}


def crashes_of(db: Database, job_id: int) -> int | None:
    with db.read() as connection:
        return connection.scalar(select(Job.crashes).where(Job.id == job_id))


def test_an_answer_is_progress(db: Database) -> None:
    (first,) = new_claims(db, jobs=1)
    second = again(db, first.job_id)
    assert crashes_of(db, first.job_id) == 1
    store(db, second, KEYS[:1])
    again(db, first.job_id)
    assert crashes_of(db, first.job_id) == 1


def test_calls_are_added_up_by_minute_over_runs(db: Database) -> None:
    (one,), (other,) = new_claims(db, jobs=1), new_claims(db, jobs=1)
    store(db, one, KEYS[:1], ner=CallCounts(calls=3, retries=1, maybe_twice=1, seconds=0.5))
    store(db, one, KEYS[1:2], ner=CallCounts(calls=2, answers_reused=7))
    store(db, other, [], summarize=CallCounts(calls=4))
    with db.write() as connection:
        connection.execute(
            update(Call).values(minute=1000)
        )  # no minute may turn in the midst of this
    with db.read() as connection:
        rows = connection.execute(
            select(
                Call.operation, Call.calls, Call.answers_reused, Call.retries, Call.maybe_twice
            ).order_by(Call.calls)
        ).all()
    assert [tuple(row) for row in rows] == [("summarize", 4, 0, 0, 0), ("ner", 5, 7, 1, 1)]


def test_limits_are_rebuilt_from_calls_made_and_from_those_that_may_be_in_flight(
    db: Database,
) -> None:
    def counted(service: str, at_once: int) -> int:
        rows = calls_by_minute(db, service=service, credential="c", seconds=120, at_once=at_once)
        return sum(calls for _, calls in rows)

    first, second = new_claims(db)
    store(db, first, KEYS[:1], ner=CallCounts(calls=3))
    assert counted("textapi", 10) == 3
    assert counted("nyt", 10) == 0
    claim_answers(db, second, KEYS[2:6], seconds=30)
    assert counted("textapi", 10) == 3 + 10  # a claim may be of many calls
    claim_answers(db, first, KEYS[6:], seconds=30)
    assert counted("textapi", 4) == 3 + 4 + 4


def test_dead_claims_are_forgotten_after_their_time(db: Database) -> None:
    first, _ = new_claims(db)
    claim_answers(db, first, KEYS[:2], seconds=30)
    delete_expired_claims(db, older_than=0)
    with db.read() as connection:
        assert len(connection.scalars(select(AnswerClaim.key)).all()) == 2
    let_claims_run_out(db)
    delete_expired_claims(db, older_than=0)
    with db.read() as connection:
        assert connection.scalars(select(AnswerClaim.key)).all() == []


def test_a_cap_on_calls_is_kept_by_all_who_ask_at_once(db: Database) -> None:
    run = new_claims(db, max_calls=25)[0].run_id
    allowed: list[bool] = []

    def ask() -> None:
        allowed.extend(reserve_call(db, run) for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert allowed.count(True) == 25
    resume_run(db, run, max_calls=26)
    assert [reserve_call(db, run), reserve_call(db, run)] == [True, False]


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
    scenario: Callable[[HeldService, AnswerFetcher], Awaitable[None]],
    max_calls: int | None = None,
) -> HeldService:
    """Run *scenario* with a fetcher for a new job, four calls at a time."""
    port = free_port()
    services: list[HeldService] = []

    async def work(fetcher: AnswerFetcher) -> None:
        await scenario(services[0], fetcher)

    @asynccontextmanager
    async def serve() -> AsyncIterator[None]:
        services.append(HeldService())
        async with services[0].serve(port):
            yield

    url = f"http://127.0.0.1:{port}"
    fetch_from(db, settings, url, work, serve=serve, max_calls=max_calls)
    return services[0]


def fetch_from(
    db: Database,
    settings: Settings,
    url: str,
    scenario: Callable[[AnswerFetcher], Awaitable[None]],
    *,
    serve: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    max_calls: int | None = None,
) -> None:
    """Run *scenario* with a fetcher for a new job at the service at *url*, within *serve*."""
    (claim,) = new_claims(db, jobs=1, max_calls=max_calls)
    runtime = Runtime(
        settings.model_copy(update={"textapi_url": url, "textapi_concurrency": 4}),
        celery_app(settings),
    )

    async def work() -> None:
        async with serve():
            job = JobContext(runtime, claim, ends_at=time.monotonic() + 60)
            async with AnswerFetcher(job, await runtime.textapi().engine()) as fetcher:
                await scenario(fetcher)

    try:
        runtime.run(work)
    finally:
        runtime.close()


def stored_answers_and_claims(db: Database) -> tuple[int, int]:
    with db.read() as connection:
        answers = connection.scalars(select(Answer.key)).all()
        claims = connection.scalars(select(AnswerClaim.key)).all()
    return len(answers), len(claims)


def calls_counted(db: Database) -> int:
    with db.read() as connection:
        return sum(connection.scalars(select(Call.calls)))


def test_what_is_fetched_is_answered_and_counted(db: Database, settings: Settings) -> None:
    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
        service.release.set()
        await fetcher.fetch(polarity_requests(fetcher.engine, TEXTS, 3000))

    run_fetch(db, settings, scenario)
    assert stored_answers_and_claims(db) == (10, 0)
    assert calls_counted(db) == 10


def test_two_steps_can_fetch_at_once_and_ask_for_a_shared_answer_once(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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
    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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
    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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

    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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
    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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
    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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

    async def scenario(fetcher: AnswerFetcher) -> None:
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

    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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

    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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


def test_a_fetch_that_is_cancelled_does_not_wait_for_calls_that_wait_themselves(
    db: Database, settings: Settings
) -> None:
    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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
    monkeypatch.setattr(held_claims, "CLAIM_MARGIN_SECONDS", -1.0)  # each call checks its claim
    (other,) = new_claims(db, jobs=1)

    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
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

    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
        monkeypatch.setattr(answer_fetcher, "reserve_call", reserve_slowly)
        service.release.set()
        requests = polarity_requests(fetcher.engine, TEXTS, 3000)
        task = asyncio.create_task(fetcher.fetch(requests))
        for _ in range(4):
            await asyncio.to_thread(reserved.acquire, timeout=20)
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
    async def scenario(service: HeldService, fetcher: AnswerFetcher) -> None:
        service.release.set()
        await fetcher.fetch(polarity_requests(fetcher.engine, TEXTS, 3000))
        keys = [polarity_key(fetcher.engine, text) for text in TEXTS]
        with db.write() as connection:
            connection.execute(delete(Answer).where(Answer.key == keys[0]))
        with pytest.raises(ServiceUnavailable, match="answers were erased"):
            await fetcher.read(keys)

    run_fetch(db, settings, scenario)


class ChangingEngine:
    """A Text API that names an engine with each answer, by the numbers of the call and slice."""

    def __init__(self, name: Callable[[int, int], str]) -> None:
        self.name = name
        self.calls = 0
        self.slices = 0

    def __call__(self, operation: str, body: dict[str, Any]) -> Any:
        self.calls += 1
        answer = json.dumps(stub_textapi.answer(operation, body)).encode()
        return 200, {ENGINE_HEADER: self.name(self.calls, self.slices)}, answer


def work_on_posts(settings: Settings, engine: ChangingEngine, wait: float = 1.0) -> Any:
    """Return the row of a handle's job over 40 posts; *wait* seconds pass whenever it waits."""
    with serving(engine) as service:
        at_service = settings.model_copy(update={"textapi_url": service.url})
        with closing(Jobs(at_service)) as jobs:
            texts = [f"Post {number} is here. It has two sentences." for number in range(40)]
            add_documents(jobs.db, [stored_post(at, text=text) for at, text in enumerate(texts)])
            run = jobs.submit(HandlesParameters(steps=("polarity",)), "bob")
            for engine.slices in range(100):
                job = jobs.slice(run)
                if job.state in ENDED:
                    break
                with jobs.db.write() as connection:
                    columns = {"due_at": clock(), "waiting_since": Job.waiting_since - wait}
                    connection.execute(update(Job).where(Job.id == job.id).values(columns))
        return job


def test_a_new_engine_with_each_answer_fails_the_job_after_few_calls(settings: Settings) -> None:
    service = ChangingEngine(lambda call, _: f"odd/{call}")
    job = work_on_posts(settings, service)
    assert job.state == State.FAILED
    assert job.reason.startswith("textapi has named 10 engines in this run, and now odd/")
    assert service.calls <= 10 * 20  # what one slice has begun when the first answer comes


def test_engines_that_take_turns_end_the_jobs_patience(settings: Settings) -> None:
    service = ChangingEngine(lambda _, slices: f"odd/{slices % 2}")  # never the one that was asked
    job = work_on_posts(settings, service, wait=600.0)
    assert job.state == State.FAILED
    assert "see that one engine answers at TIDINGS_TEXTAPI_URL (tried for 60 minutes)" in job.reason
    assert service.calls <= 8 * 20


def test_a_job_goes_on_with_an_engine_that_changed_once(settings: Settings) -> None:
    service = ChangingEngine(lambda call, _: "odd/1" if call <= 5 else "odd/2")
    assert work_on_posts(settings, service).state == State.DONE
    assert service.calls <= 40 + 20


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

    async def scenario(fetcher: AnswerFetcher) -> None:
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

    async def scenario(fetcher: AnswerFetcher) -> None:
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

    async def scenario(fetcher: AnswerFetcher) -> None:
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

    async def scenario(fetcher: AnswerFetcher) -> None:
        await fetcher.fetch(headline_batches(fetcher.engine, HEADLINES, ["fever"]))
        with db.write() as connection:
            connection.execute(delete(Document).where(Document.id == 2))
            clear_searched(connection, [2])
        with pytest.raises(ServiceUnavailable, match="answers were erased"):
            await fetcher.read_sentences(["fever"], [1, 2, 3, 4])

    with serving(answer) as service:
        fetch_from(db, settings, service.url, scenario)
