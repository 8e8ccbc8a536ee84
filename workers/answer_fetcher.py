"""Answers of the Text API through the ledger: no answer is requested twice.

Read what is stored, claim what is missing, read again, then request: two workers never request the
same at once. An answer is stored as soon as it arrives, also when the job has another owner by
then, because it is paid for. A call keeps its slot until its answer is stored. So a process that is
killed repeats `TIDINGS_TEXTAPI_CONCURRENCY` calls at most, however many steps fetch at once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, Self

from core.errors import DatabaseAway, RunCapReached, ServiceError, ServiceUnavailable
from core.ratelimit import credential_of
from models.answers import (
    claim_answers,
    read_answers,
    release_claims,
    renew_claims,
    stored_keys,
)
from models.runs import reserve_call
from textapi.client import Reply
from textapi.messages import SERVICE, Operation
from textapi.requests import ApiRequest
from workers.answer_writer import AnswerWriter
from workers.context import JobContext, finish_in_thread

MOST_CLAIMED_TOGETHER = 200  # requests
QUICK_SECONDS = 1.0  # a batch that is begun within this time is followed by a larger one
POLL_SECONDS = 0.2  # between two looks at answers that another worker is asking for
CLAIM_MARGIN_SECONDS = 5.0
DRAIN_SECONDS = 40.0  # calls in flight are waited for so long when a slice ends

BeforeAttempt = Callable[[Operation, int], Awaitable[None]]


class _ClaimsLost(Exception):  # it ends an attempt before the call
    """Another worker asks for an answer, since the claim expired before the call could be made."""


class EngineChanged(ServiceUnavailable):
    """The service answers with another engine than the one that was requested.

    The job waits a little, then asks the new one. Where engines take turns without end, its
    patience ends: answers of an engine that was not requested are no progress.
    """

    def __init__(self, requested: str, answering: str) -> None:
        super().__init__(
            f"{SERVICE}: {answering} answers where {requested} did, and the job goes on with it. "
            "Where this happens again, see that one engine answers at TIDINGS_TEXTAPI_URL",
            service=SERVICE,
        )


class AnswerFetcher:
    """Gets the answers to a job's requests into the ledger. Use it with ``async with``.

    Several steps may fetch at once. A fetch that is cancelled begins no further call, waits for
    the calls in flight and stores their answers; a second cancellation breaks those off.
    """

    def __init__(self, job: JobContext, engine: str) -> None:
        self.engine = engine
        self._job = job
        self._client = job.runtime.textapi()
        settings = job.runtime.settings
        self._claim_seconds = settings.textapi_timeout + CLAIM_MARGIN_SECONDS
        # Twice the calls in flight: the next are claimed by the time that a slot is free.
        self.most_begun = 2 * settings.textapi_concurrency
        self._writer = AnswerWriter(job, credential_of(job.runtime.textapi_key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._writer.flush()

    async def fetch(self, requests: Iterable[ApiRequest]) -> None:
        """See that every answer of *requests* is in the ledger.

        Raises the first error of a call that no further attempt can mend; what was answered until
        then is stored.
        """
        requested_elsewhere = await _Fetch(self).run(requests)

        while requested_elsewhere:
            before = len(requested_elsewhere)
            requested_elsewhere = await _Fetch(self, count_reuse=False).run(requested_elsewhere)
            if len(requested_elsewhere) == before:
                await asyncio.sleep(POLL_SECONDS)

    async def read(self, keys: Collection[bytes]) -> dict[bytes, Any]:
        """Read the answers with *keys* from the ledger, as JSON values.

        Raises `ServiceUnavailable` where one was erased since it was fetched.
        """
        stored = await self._job.read(read_answers, list(keys))
        if len(stored) < len(set(keys)):
            raise ServiceUnavailable(
                "answers were erased while the job needed them: it asks for them again",
                service=SERVICE,
            )
        return {key: json.loads(value) for key, value in stored.items()}

    async def claim(
        self, requests: Collection[ApiRequest], unsent: set[bytes], *, count_reuse: bool
    ) -> tuple[dict[bytes, int], set[bytes]]:
        """Claim the answers that nobody has or asks for, with how often each was claimed before.

        Also return the keys that another worker is asking for. What is claimed is added to
        *unsent*, also where the task is cancelled meanwhile.
        """
        keys = {key for request in requests for key in request.keys}
        stored = await self._job.read(stored_keys, keys)

        if count_reuse:
            for request in requests:
                counts = self._writer.counts(request.operation)
                counts.answers_reused += len(stored.intersection(request.keys))

        missing = keys - stored
        if not missing:
            return {}, set()

        def claim() -> dict[bytes, int]:
            claimed = claim_answers(
                self._job.db, self._job.claim, missing, seconds=self._claim_seconds
            )
            unsent.update(claimed)
            return claimed

        claimed = await finish_in_thread(claim)
        others = missing.difference(claimed)
        if others:
            others -= await self._job.read(stored_keys, others)

        return claimed, others

    async def renew(self, keys: Collection[bytes]) -> None:
        """Keep the claims of *keys* for the time of a call. Raises `_ClaimsLost`."""

        def renew() -> set[bytes]:
            return renew_claims(self._job.db, self._job.claim, keys, seconds=self._claim_seconds)

        if len(await finish_in_thread(renew)) < len(keys):
            raise _ClaimsLost

    async def send(
        self,
        request: ApiRequest,
        keys: Collection[bytes],
        before_attempt: BeforeAttempt,
        after_failure: Callable[[], None],
    ) -> set[bytes]:
        """Ask for *keys* of *request* and store the answers; return the keys that got none.

        Raises what `TextApiClient.ask` raises, and `EngineChanged`.
        """
        counts = partial(self._writer.counts, request.operation)
        began = time.monotonic()

        async def store(reply: Reply[dict[bytes, str]]) -> None:
            counts().seconds += time.monotonic() - began
            if _is_of_other_engine(reply, request):
                await self._store_under(reply.engine or "", request, reply.value)
            else:
                await self._writer.store(request, reply.value)

        try:
            reply = await self._client.ask(
                request.operation,
                request.body(keys),
                before_attempt,
                read=lambda answer: request.answers(answer, keys),
                after_failure=after_failure,
                store=store,
            )
        except ServiceError:
            counts().seconds += time.monotonic() - began
            raise

        if _is_of_other_engine(reply, request):
            raise EngineChanged(request.engine, reply.engine or "")
        return set(keys) - reply.value.keys()

    async def _store_under(
        self, engine: str, request: ApiRequest, answers: Mapping[bytes, str]
    ) -> None:
        """Store *answers* under the *engine* that gave them."""
        self._client.note_engine(engine)
        renamed_request = request.with_engine(engine)
        renamed: dict[bytes, str] = {}

        for key, new_key in zip(request.keys, renamed_request.keys, strict=True):
            if key in answers:
                renamed[new_key] = answers[key]

        await self._writer.store(renamed_request, renamed, progress=False)

    async def release(self, keys: Collection[bytes]) -> None:
        """Let others ask for *keys* at once; without a database they do when the claims expire."""

        def release() -> None:
            with suppress(DatabaseAway):
                release_claims(self._job.db, self._job.claim, keys)

        await finish_in_thread(release)

    async def reserve_call(self, operation: Operation, attempt: int) -> None:
        """Count an attempt, and take it from the run's cap. Raises `RunCapReached`."""
        claim = self._job.claim

        if claim.max_calls is not None:
            granted = await asyncio.to_thread(reserve_call, self._job.db, claim.run_id)
            if not granted:
                raise RunCapReached(
                    f"cap of {claim.max_calls} calls is reached: "
                    f"`tidings resume {claim.run_id} --max-calls N` goes on"
                )

        counts = self._writer.counts(operation)
        counts.calls += 1
        if attempt > 1:
            counts.retries += 1
            self._writer.start()  # failed attempts are counted in the database too

    def count_repeated(self, operation: Operation) -> None:
        """Count a call that an interrupted claim may have made before."""
        self._writer.counts(operation).maybe_twice += 1


def _is_of_other_engine(reply: Reply[Any], request: ApiRequest) -> bool:
    return reply.engine is not None and reply.engine != request.engine


class _Fetch:
    """One call of `AnswerFetcher.fetch`: its tasks and the claims that it has not used yet."""

    def __init__(self, fetcher: AnswerFetcher, *, count_reuse: bool = True) -> None:
        self._fetcher = fetcher
        self._count_reuse = count_reuse
        self._batch_size = 0  # at least what can be begun at once
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: set[asyncio.Task[None]] = set()  # or being stored
        self._unsent: set[bytes] = set()
        self._requested_elsewhere: dict[tuple[bytes, ...], ApiRequest] = {}  # by keys: each once
        self._stopping = False
        self._error: BaseException | None = None  # the first counts

    async def run(self, requests: Iterable[ApiRequest]) -> list[ApiRequest]:
        """Fetch what nobody else asks for; return the requests that others are asking."""
        remaining = iter(requests)

        try:
            while batch := await self._next_batch(remaining):
                began = time.monotonic()
                await self._begin(batch)
                self._adapt_batch_size(len(batch), time.monotonic() - began)
            await self._wait_while_tasks(1)
        finally:
            await self._stop()

        if self._error:
            raise self._error
        return list(self._requested_elsewhere.values())

    async def _next_batch(self, remaining: Iterable[ApiRequest]) -> list[ApiRequest]:
        """Return the requests to claim next, none after an error.

        A claim lasts little longer than a call: it is made when its call can be begun.
        """
        most = self._fetcher.most_begun
        await self._wait_while_tasks(most)
        if self._error:
            return []
        return list(islice(remaining, max(self._batch_size, most - len(self._tasks))))

    def _adapt_batch_size(self, size: int, seconds: float) -> None:
        """Claim more together where calls are quick: each claim costs a transaction."""
        is_quick = seconds < QUICK_SECONDS
        self._batch_size = min(2 * size, MOST_CLAIMED_TOGETHER) if is_quick else 0

    async def _begin(self, requests: list[ApiRequest]) -> None:
        """Claim and begin *requests*; note those that others are asking."""
        claimed_at = time.monotonic()
        claimed, elsewhere = await self._fetcher.claim(
            requests, self._unsent, count_reuse=self._count_reuse
        )
        for request in requests:
            if not elsewhere.isdisjoint(request.keys):
                self._requested_elsewhere[request.keys] = request

        for request in requests:
            keys = [key for key in request.keys if key in claimed]
            if not keys:
                continue
            if any(claimed[key] for key in keys):
                self._fetcher.count_repeated(request.operation)

            await self._wait_while_tasks(self._fetcher.most_begun)
            if self._error:
                break
            self._start(request, keys, claimed_at)

    def _start(self, request: ApiRequest, keys: Collection[bytes], claimed_at: float) -> None:
        task = asyncio.create_task(self._send(request, keys, claimed_at))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wait_while_tasks(self, number: int) -> None:
        """Wait while there are *number* tasks or more, and no error."""
        while len(self._tasks) >= number and not self._error:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _send(self, request: ApiRequest, keys: Collection[bytes], claimed_at: float) -> None:
        """Send *request*, and at once a request for each text that its reply leaves open."""
        try:
            missing = await self._send_once(request, keys, claimed_at)
            self._unsent.update(missing)
            if missing and not (self._stopping or self._error):
                for part in request.split(missing):
                    self._start(part, missing.intersection(part.keys), claimed_at)
        except _ClaimsLost:
            self._requested_elsewhere[request.keys] = request
        except Exception as error:  # noqa: BLE001 - `run` raises it: nobody awaits this task
            self._error = self._error or error

    async def _send_once(
        self, request: ApiRequest, keys: Collection[bytes], claimed_at: float
    ) -> set[bytes]:
        """Send *request*; return those of *keys* that its reply leaves open."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has one

        async def before_attempt(operation: Operation, attempt: int) -> None:
            if self._stopping or self._error:
                raise asyncio.CancelledError
            self._in_flight.add(task)
            if time.monotonic() - claimed_at > CLAIM_MARGIN_SECONDS:
                await self._fetcher.renew(keys)
            await self._fetcher.reserve_call(operation, attempt)
            self._unsent.difference_update(keys)

        def after_failure() -> None:
            self._in_flight.discard(task)
            self._unsent.update(keys)  # the service has not answered: others may ask

        try:
            return await self._fetcher.send(request, keys, before_attempt, after_failure)
        except Exception:
            self._unsent.update(keys)
            raise
        finally:
            self._in_flight.discard(task)

    async def _stop(self) -> None:
        """Begin nothing, wait for the calls in flight, and let others ask for the rest."""
        self._stopping = True

        for task in self._tasks - self._in_flight:
            task.cancel()
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)
        finally:
            for task in list(self._tasks):
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)
            if self._unsent:
                await self._fetcher.release(self._unsent)
