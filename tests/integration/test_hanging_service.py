"""Jobs whose service hangs, trickles or is slow: they wait, say why, and end; no call is repeated.

Times are a hundredth of the defaults: a slice of 0.6 s, a time-out of 0.3 s.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import func, select, update

from analysis.kinds.accounts import AccountsParameters
from core.broker import celery_app
from core.enums import QUEUE_TEXT, State
from core.errors import SettingsError
from core.process_identity import own_process_name
from core.service_client import RetryPolicy, ServiceClient
from core.settings import Settings, load
from models.answers import LONGEST_CLAIM_SECONDS
from models.database import clock
from models.documents import add_documents
from models.job_columns import due_columns
from models.jobs import record_worker
from models.tables import Call, Job, Outage
from producers.status import blocking_reason
from tests.feeds_kit import service
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.model_kit import PRICE, with_model
from tests.sample_kit import import_months, make_model, submit
from tests.stub_model import running_model
from tests.stub_textapi import answer
from textapi import client
from textapi.messages import ENGINE_HEADER
from workers import fetching, ledger_fetcher

SLICE_SECONDS, TIMEOUT_SECONDS = 0.6, 0.3
SECOND = 2
STEPS = AccountsParameters(steps=("phrases", "entities"))
Respond = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any, _sqlite_template: Any) -> str:
    """These are about a service; what differs between databases has its tests."""
    path = tmp_path / "tidings.db"
    path.write_bytes(_sqlite_template.read_bytes())
    return f"{request.param}:///{path}"


@pytest.fixture(autouse=True)
def _scale_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = client.RETRY_POLICY
    monkeypatch.setattr(client, "RETRY_POLICY", replace(policy, seconds=0.45, first_wait=0.01))


class CountingTextApi:
    """A Text API that responds to calls as it is told, and counts them."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.calls: Counter[str] = Counter()
        self.bodies: Counter[tuple[str, str]] = Counter()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({}, headers={ENGINE_HEADER: "stub/1"})

        operation, body = request.path.rpartition("/")[2], await request.json()
        self.calls[operation] += 1
        self.bodies[operation, str(body)] += 1
        return await self.respond(request, body)


async def give_answer(request: web.Request, body: dict[str, Any]) -> web.Response:
    return web.json_response(answer(request.path.rpartition("/")[2], body))


async def hang(_request: web.Request, _body: dict[str, Any]) -> web.Response:
    await asyncio.sleep(3600)
    raise AssertionError


async def trickle(request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


def answer_after(seconds: float) -> Respond:
    async def respond(request: web.Request, body: dict[str, Any]) -> web.Response:
        await asyncio.sleep(seconds)
        return await give_answer(request, body)

    return respond


def refuse_after(seconds: float) -> Respond:
    async def respond(_request: web.Request, _body: dict[str, Any]) -> web.Response:
        await asyncio.sleep(seconds)
        return web.json_response({"error": "no"}, status=403)

    return respond


async def give_no_json_late(_request: web.Request, _body: dict[str, Any]) -> web.Response:
    await asyncio.sleep(1.0)
    return web.Response(text="busy")


@contextmanager
def jobs_at(respond: Respond, settings: Settings, **changed: Any) -> Iterator[tuple[Jobs, Any]]:
    """Open jobs that ask a Text API, with two posts stored; yield them and the Text API."""
    textapi = CountingTextApi(respond)
    times = {"slice_seconds": SLICE_SECONDS, "textapi_timeout": TIMEOUT_SECONDS}
    with service(textapi) as url:
        updated = settings.model_copy(update={"textapi_url": url, **times, **changed})
        with closing(Jobs(updated)) as jobs:
            posts = [stored_post(1, text="The NASA tide is in."), stored_post(2, text="It is out.")]
            add_documents(jobs.db, posts)
            yield jobs, textapi


def let_wait_end(jobs: Jobs, run: int) -> None:
    with jobs.db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(due_at=clock() - 1))


def queue_again(jobs: Jobs, run: int, name: str | None = None) -> None:
    with jobs.db.write() as connection:
        queued = update(Job).where(Job.id == jobs.row(run, name).id, Job.state == State.WAITING)
        connection.execute(queued.values(due_columns(State.QUEUED)))


def let_patience_end(jobs: Jobs, run: int) -> None:
    began = clock() - jobs.settings.patience_seconds
    with jobs.db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(waiting_since=began))


def work_until_called(jobs: Jobs, run: int, name: str | None = None) -> Any:
    """Work on a job until it waits or ends; a busy machine may need more than one short slice."""
    for _ in range(5):
        job = jobs.slice(run, name)
        if job.state != State.QUEUED:
            break

    return job


@pytest.mark.parametrize("respond", [hang, trickle, answer_after(0.35)])
def test_a_slice_in_which_a_service_answers_nothing_in_time_puts_the_job_off(
    settings: Settings, respond: Respond
) -> None:
    with jobs_at(respond, settings) as (jobs, textapi):
        run = jobs.submit(STEPS, "bob")
        job = work_until_called(jobs, run)
        assert (job.state, job.waits) == (State.WAITING, 1)
        assert "does not answer (time-out): is it running, or does it need more" in job.reason
        assert "TIDINGS_TEXTAPI_TIMEOUT" in job.reason
        assert job.wait_seconds == 5.0
        assert job.waiting_since is not None
        assert textapi.calls.total() <= 4


def test_a_job_waits_longer_each_time_that_a_service_hangs_and_fails_when_its_patience_ends(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with jobs_at(hang, settings) as (jobs, _):
        run = jobs.submit(STEPS, "bob")
        waits = []
        for _ in range(3):
            waits.append(work_until_called(jobs, run).wait_seconds)
            let_wait_end(jobs, run)

        assert waits == [5.0, 10.0, 20.0]

        let_patience_end(jobs, run)
        job = work_until_called(jobs, run)
        assert job.state == State.FAILED
        assert "does not answer (time-out)" in job.reason
        assert "(tried for 60 minutes)" in job.reason

    assert capsys.readouterr().out.count("job waits") == 3


def test_a_service_that_answers_again_ends_the_waits(settings: Settings) -> None:
    with jobs_at(hang, settings) as (jobs, textapi):
        run = jobs.submit(STEPS, "bob")
        work_until_called(jobs, run)
        textapi.respond = give_answer
        let_wait_end(jobs, run)
        job = work_until_called(jobs, run)
        assert (job.state, job.waits, job.waiting_since) == (State.DONE, 0, None)


def test_a_slice_with_an_answer_goes_on_at_once_though_another_call_hangs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer_one_step(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        is_answered = request.path.endswith("/ner")
        return await (give_answer if is_answered else hang)(request, body)

    # Another attempt would follow the one that fails when the slice is over.
    monkeypatch.setattr(client, "RETRY_POLICY", replace(client.RETRY_POLICY, seconds=45.0))
    with jobs_at(answer_one_step, settings) as (jobs, textapi):
        run = jobs.submit(STEPS, "bob")
        while not textapi.calls:
            assert jobs.slice(run).state == State.QUEUED

        assert jobs.slice(run).state == State.WAITING
        assert textapi.calls["ner"] == 1


def test_a_job_that_a_service_answers_ends_beside_one_that_waits(settings: Settings) -> None:
    async def answer_ann(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return await (give_answer if "annwords" in body["text"] else hang)(request, body)

    with jobs_at(answer_ann, settings) as (jobs, _):
        posts = [
            stored_post(3, handle="ann", text="The ESA annwords."),
            stored_post(4, handle="ben", text="The ESA benwords."),
        ]
        add_documents(jobs.db, posts)
        run = jobs.submit(STEPS, "ann", "ben")
        work_until_called(jobs, run, "@ann")
        # On a busy machine the slice of both may end before the service was called for each.
        if jobs.row(run, "@ben").state == State.QUEUED:
            work_until_called(jobs, run, "@ben")

        states = {job.name: (job.state, job.waits) for job in jobs.rows(run)}
        assert states == {"@ann": (State.DONE, 0), "@ben": (State.WAITING, 1)}


def test_an_error_that_comes_after_the_end_of_a_slice_ends_the_job(settings: Settings) -> None:
    with jobs_at(refuse_after(1.0), settings, textapi_timeout=5.0) as (jobs, textapi):
        job = work_until_called(jobs, jobs.submit(STEPS, "bob"))
        assert job.state == State.FAILED
        assert "(403): the key may not do this" in job.reason
        assert textapi.calls.total() == 2


def test_a_bad_answer_after_the_end_of_a_slice_is_asked_for_again_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RETRY_POLICY", replace(client.RETRY_POLICY, seconds=45.0))
    with jobs_at(give_no_json_late, settings, textapi_timeout=5.0) as (jobs, textapi):
        job = work_until_called(jobs, jobs.submit(STEPS, "bob"))
        assert (job.state, job.waits) == (State.WAITING, 1)
        assert "answered with what is no JSON" in job.reason
        assert textapi.calls.total() == 2


def test_a_job_whose_service_does_not_say_its_engine_within_a_short_slice_waits(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "READY_SECONDS", 0.2)

    async def hang_at_all(_request: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    with (
        service(hang_at_all) as url,
        closing(
            Jobs(settings.model_copy(update={"textapi_url": url, "slice_seconds": 0.1}))
        ) as jobs,
    ):
        add_documents(jobs.db, [stored_post(1)])
        job = work_until_called(jobs, jobs.submit(STEPS, "bob"))
        assert (job.state, job.waits) == (State.WAITING, 1)
        assert "does not answer (time-out)" in job.reason


def test_a_slow_service_is_waited_for_as_long_as_the_time_out_says_and_asked_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Calls that begin near the end of a slice take longer than is left, and than storing may take.
    monkeypatch.setattr(ledger_fetcher, "STORE_SECONDS", 0.1)
    times = {"textapi_timeout": 20.0, "textapi_concurrency": 1}
    with jobs_at(answer_after(0.5), settings, **times) as (jobs, textapi):
        run = jobs.submit(AccountsParameters(), "bob")
        states = []
        while not states or states[-1] == State.QUEUED:
            states.append(jobs.slice(run).state)

        assert states[-1] == State.DONE
        assert len(states) > 1
        assert set(textapi.bodies.values()) == {1}
        with jobs.db.read() as connection:
            counts = (func.sum(Call.calls), func.sum(Call.retries), func.sum(Call.maybe_twice))
            assert connection.execute(select(*counts)).one() == (textapi.calls.total(), 0, 0)


def test_a_slice_may_take_as_long_as_its_last_call_and_no_worker_is_stopped_before(
    settings: Settings,
) -> None:
    app = celery_app(settings)
    assert (app.conf.task_soft_time_limit, app.conf.task_time_limit) == (150, 180)
    slow = celery_app(settings.model_copy(update={"slice_seconds": 120, "textapi_timeout": 300}))
    assert slow.conf.task_soft_time_limit == 480
    assert slow.conf.task_soft_time_limit < LONGEST_CLAIM_SECONDS


def test_a_time_out_that_is_longer_than_any_slice_can_wait_for_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"TIDINGS_TEXTAPI_TIMEOUT: .* or equal to 300"):
        load(textapi_timeout=301)


def test_calls_that_are_made_again_after_a_time_out_are_counted_as_such(settings: Settings) -> None:
    with jobs_at(hang, settings) as (jobs, textapi):
        run = jobs.submit(STEPS, "bob")
        for _ in range(2):
            work_until_called(jobs, run)
            let_wait_end(jobs, run)

        with jobs.db.read() as connection:
            maybe_twice = connection.scalar(select(func.sum(Call.maybe_twice)))

        assert len(textapi.bodies) == 2
        assert maybe_twice == textapi.calls.total() - 2 > 0


def test_a_job_that_was_put_off_asks_for_one_answer_first(settings: Settings) -> None:
    with jobs_at(hang, settings) as (jobs, textapi):
        posts = [stored_post(number, text=f"Tide {number}. It is in.") for number in range(3, 8)]
        add_documents(jobs.db, posts)
        run = jobs.submit(AccountsParameters(steps=("polarity",)), "bob")
        work_until_called(jobs, run)
        assert len(textapi.bodies) > 1
        let_wait_end(jobs, run)
        textapi.bodies.clear()
        work_until_called(jobs, run)
        assert len(textapi.bodies) == 1

        let_wait_end(jobs, run)
        textapi.respond = give_answer
        assert work_until_called(jobs, run).state == State.DONE


@pytest.mark.parametrize("respond", [hang, trickle])
def test_a_source_that_hangs_is_waited_for_longer_each_time_and_then_left(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, respond: Respond
) -> None:
    times = {"total": TIMEOUT_SECONDS, "connect": TIMEOUT_SECONDS}
    scaled_client = partial(
        ServiceClient,
        timeout=aiohttp.ClientTimeout(**times),
        retry_policy=RetryPolicy(seconds=0.45, first_wait=0.01),
    )
    monkeypatch.setattr(fetching, "ServiceClient", scaled_client)
    requests = []

    async def count(request: web.Request) -> web.StreamResponse:
        requests.append(request)
        looks.take()
        return await respond(request, {})

    with (
        service(count) as url,
        closing(Jobs(settings.model_copy(update={"bluesky_url": url}))) as jobs,
    ):
        run = jobs.submit(AccountsParameters(steps=()), "ann.example")
        looks = Looks(jobs, run)
        waits = []
        for _ in range(3):
            job = jobs.slice(run)
            waits.append((job.state, job.wait_seconds))
            let_wait_end(jobs, run)

        assert waits == [(State.WAITING, seconds) for seconds in (5.0, 10.0, 20.0)]
        assert "bluesky at" in job.reason
        assert "does not answer (time-out): is it running?" in job.reason
        assert len(requests) <= 6
        first, *later = no_answer_since(looks.seen)
        assert first is None
        assert len(later) > SECOND
        assert len(set(later)) == 1
        assert None not in later

        let_patience_end(jobs, run)
        job = jobs.slice(run)
        assert job.state == State.FAILED
        assert "(tried for 60 minutes)" in job.reason


class Looks:
    """What `status` says of a run, look by look."""

    def __init__(self, jobs: Jobs, run: int) -> None:
        self._jobs, self._run = jobs, run
        self.seen: list[str | None] = []
        self.times: list[float] = []
        record_worker(jobs.db, own_process_name(), queues=QUEUE_TEXT, slots=2)

    def take(self) -> str | None:
        self.times.append(time.time())
        self.seen.append(blocking_reason(self._jobs.db, self._jobs.settings, self._run))
        return self.seen[-1]


def no_answer_since(looks: Iterable[str | None]) -> list[str | None]:
    """Return since when each look says that there is no answer."""
    found = (re.search(r"\(no answer since (\d\d:\d\d:\d\d UTC)[;)]", look or "") for look in looks)
    return [since and since[1] for since in found]


def test_each_look_at_a_run_says_since_when_its_service_does_not_answer(
    settings: Settings,
) -> None:
    async def hang_and_look(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        looks.take()
        # What failed at the first call may be stored while the second one is made.
        while len(looks.seen) == SECOND and looks.seen[-1] is None:
            await asyncio.sleep(0.01)
            looks.seen.pop()
            looks.take()

        return await hang(request, body)

    with jobs_at(hang_and_look, settings, textapi_concurrency=1) as (jobs, textapi):
        run = jobs.submit(STEPS, "bob")
        looks = Looks(jobs, run)
        began = time.time()
        for _ in range(4):
            # The job runs its slice, in which the service looks at each call.
            assert work_until_called(jobs, run).state == State.WAITING
            assert re.search(r"; next try at \d\d:\d\d:\d\d UTC\)$", looks.take() or "")
            queue_again(jobs, run)
            assert (looks.take() or "").endswith(" UTC)")

        # Nobody can know at the first call that there will be no answer.
        first, *later = looks.seen
        assert first is None
        assert len(later) >= 12
        with jobs.db.read() as connection:
            since = connection.execute(select(Outage.since)).scalar_one()

        # The clock of SQLite tells milliseconds. The first call is meant, and not the second.
        assert began - 0.001 < since < looks.times[1]
        assert set(no_answer_since(later)) == {f"{datetime.fromtimestamp(since, UTC):%H:%M:%S UTC}"}
        assert all("does not answer (time-out): is it running, or" in look for look in later)

        textapi.respond = give_answer
        assert work_until_called(jobs, run).state == State.DONE
        assert looks.take() is None


def test_a_service_that_answers_one_job_is_away_no_more_though_another_job_still_waits(
    settings: Settings,
) -> None:
    with jobs_at(hang, settings) as (jobs, textapi):
        add_documents(jobs.db, [stored_post(3, handle="ann", text="The ESA annwords.")])
        run = jobs.submit(STEPS, "ann", "bob")
        looks = Looks(jobs, run)
        work_until_called(jobs, run, "@ann")
        work_until_called(jobs, run, "@bob")
        assert "no answer since" in (looks.take() or "")

        textapi.respond = give_answer
        queue_again(jobs, run, "@ann")
        assert work_until_called(jobs, run, "@ann").state == State.DONE
        assert jobs.row(run, "@bob").state == State.WAITING
        assert "no answer since" not in (looks.take() or "")


def test_answers_that_came_to_another_run_end_the_words_too(settings: Settings) -> None:
    with jobs_at(hang, settings) as (jobs, textapi):
        run, other_run = jobs.submit(STEPS, "bob"), jobs.submit(STEPS, "bob")
        looks = Looks(jobs, run)
        work_until_called(jobs, run)
        textapi.respond = give_answer
        assert work_until_called(jobs, other_run).state == State.DONE
        assert "no answer since" in (looks.take() or "")
        queue_again(jobs, run)
        assert work_until_called(jobs, run).state == State.DONE
        assert looks.take() is None
        with jobs.db.read() as connection:
            assert connection.scalar(select(func.count()).select_from(Outage)) == 0


def test_a_language_model_that_hangs_is_named_in_its_second_slice_too(
    stub_settings: Settings,
) -> None:
    model = make_model()
    model.faults.hang = 1.0
    times = {"slice_seconds": 1.0, "model_timeout": TIMEOUT_SECONDS, "model_price": PRICE}
    with running_model(model), closing(Jobs(with_model(stub_settings, model, **times))) as jobs:
        import_months(jobs, 5)
        run = submit(jobs, last="2024-01", code="all")
        looks = Looks(jobs, run)
        assert work_until_called(jobs, run, "2024-01").state == State.WAITING
        looks.take()
        queue_again(jobs, run, "2024-01")
        looks.take()
        asked = model.texts.total()
        assert work_until_called(jobs, run, "2024-01").state == State.WAITING
        assert model.texts.total() > asked
        looks.take()
        assert len(set(no_answer_since(looks.seen))) == 1
        assert None not in no_answer_since(looks.seen)
        model.faults.hang = 0.0
        queue_again(jobs, run, "2024-01")
        assert work_until_called(jobs, run, "2024-01").state == State.DONE
        assert looks.take() is None


def test_a_service_that_does_not_even_say_its_engine_is_named_while_the_job_tries(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "READY_SECONDS", 0.1)

    async def hang_and_look(request: web.Request) -> web.StreamResponse:
        looks.take()
        return await hang(request, {})

    with service(hang_and_look) as url:
        updated = settings.model_copy(update={"textapi_url": url, "slice_seconds": SLICE_SECONDS})
        with closing(Jobs(updated)) as jobs:
            add_documents(jobs.db, [stored_post(1)])
            run = jobs.submit(STEPS, "bob")
            looks = Looks(jobs, run)
            assert work_until_called(jobs, run).state == State.WAITING
            queue_again(jobs, run)
            assert work_until_called(jobs, run).state == State.WAITING
            first, *later = looks.seen
            assert first is None
            assert len(later) > SECOND
            assert len(set(no_answer_since(later))) == 1
            assert None not in no_answer_since(later)
