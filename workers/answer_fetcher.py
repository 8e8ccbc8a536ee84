"""Answers of the Text API through the ledger: what was answered is not asked again.

Claim first, then look what is answered, then ask. Two workers never ask the same at once. What is
answered is stored at once and by whoever asked, also when the job has another owner by then: it is
paid for. Answers are stored in batches (group commit): the next batch is what arrived while the
last was written.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import islice
from types import TracebackType
from typing import Any, Self

from core.errors import DatabaseAway, RunCapReached
from core.logs import get_logger
from core.ratelimit import credential_of
from models.answers import (
    Batch,
    claim_answers,
    read_answers,
    release_claims,
    store_batch,
    stored_keys,
)
from models.runs import reserve_call
from textapi.messages import SERVICE, Operation
from textapi.requests import ApiRequest, UnalignedReply
from workers.context import JobContext, finish_in_thread

MOST_CLAIMED_TOGETHER = 200  # requests
QUICK_SECONDS = 1.0  # a batch that is begun within this time is followed by a larger one
POLL_SECONDS = 0.2  # between two looks at answers that another worker is asking for
CLAIM_MARGIN_SECONDS = 5.0
DRAIN_SECONDS = 40.0  # calls in flight are waited for so long when a slice ends
DATABASE_AWAY_SECONDS = 60.0  # answers are kept so long for a database that is away
DATABASE_RETRY_SECONDS = 1.0

log = get_logger(__name__)


class EngineChanged(Exception):  # no error: the next slice asks the new engine
    """The service answers with another engine than the one that was asked."""


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
        # Twice the calls in flight: the next are ready while answers are stored.
        self.requests_at_once = 2 * settings.textapi_concurrency
        self._writer = _BatchWriter(job, credential_of(job.runtime.textapi_key))

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
        """Read the answers with *keys* from the ledger, as JSON values."""
        stored = await self._job.read(read_answers, list(keys))
        return {key: json.loads(value) for key, value in stored.items()}

    async def claim(
        self, requests: Collection[ApiRequest], unsent: set[bytes], *, count_reuse: bool
    ) -> tuple[dict[bytes, int], set[bytes]]:
        """Claim the answers that nobody has or asks for, with how often each was claimed before.

        Also return the keys that another worker is asking for. What is claimed is added to
        *unsent*, also where the task is cancelled meanwhile.
        """
        keys = {key for request in requests for key in request.keys}
        known = await self._job.read(stored_keys, keys)

        if count_reuse:
            for request in requests:
                counts = self._writer.counts(request.operation)
                counts.answers_reused += len(known.intersection(request.keys))

        missing = keys - known
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

    async def send(
        self,
        request: ApiRequest,
        keys: Collection[bytes],
        before_attempt: Callable[[Operation, int], Awaitable[None]],
    ) -> None:
        """Ask for *keys* of *request* and store the answers."""
        answers = await self._ask(request, keys, before_attempt)
        await self._writer.store(request, answers)

    async def release(self, keys: Collection[bytes]) -> None:
        """Let others ask for *keys* at once."""

        def release() -> None:
            release_claims(self._job.db, self._job.claim, keys)

        await _retry_while_database_away(release)

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

    async def _ask(
        self,
        request: ApiRequest,
        keys: Collection[bytes],
        before_attempt: Callable[[Operation, int], Awaitable[None]],
    ) -> dict[bytes, str]:
        began = time.monotonic()

        try:
            reply = await self._client.ask(
                request.operation,
                request.body(keys),
                before_attempt,
                read=lambda answer: request.answers(answer, keys),
            )
        except UnalignedReply:
            parts = request.split(keys)
            if parts == [request]:
                raise
            missing = set(keys)
            answers: dict[bytes, str] = {}
            for part in parts:
                keys_of_part = [key for key in part.keys if key in missing]
                answers |= await self._ask(part, keys_of_part, before_attempt)
            return answers
        finally:
            self._writer.counts(request.operation).seconds += time.monotonic() - began

        if reply.engine is not None and reply.engine != request.engine:
            await self._store_under(reply.engine, request, reply.value)
            raise EngineChanged
        return reply.value

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

        await self._writer.store(renamed_request, renamed)


class _Fetch:
    """One call of `AnswerFetcher.fetch`: its tasks and the claims that it has not used yet."""

    def __init__(self, fetcher: AnswerFetcher, *, count_reuse: bool = True) -> None:
        self._fetcher = fetcher
        self._count_reuse = count_reuse
        self._batch_size = fetcher.requests_at_once
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._unsent: set[bytes] = set()
        self._stopping = False
        self._error: BaseException | None = None  # the first counts

    async def run(self, requests: Iterable[ApiRequest]) -> list[ApiRequest]:
        """Fetch what nobody else asks for; return the requests that others are asking."""
        remaining = iter(requests)
        requested_elsewhere: list[ApiRequest] = []

        try:
            while not self._error and (batch := list(islice(remaining, self._batch_size))):
                began = time.monotonic()
                requested_elsewhere += await self._begin(batch)
                self._adapt_batch_size(time.monotonic() - began)
            await self._wait_for_all()
        finally:
            await self._stop()

        if self._error:
            raise self._error
        return requested_elsewhere

    async def _begin(self, requests: list[ApiRequest]) -> list[ApiRequest]:
        """Claim and begin *requests*; return those that others are asking."""
        claimed, elsewhere = await self._fetcher.claim(
            requests, self._unsent, count_reuse=self._count_reuse
        )

        for request in requests:
            keys = [key for key in request.keys if key in claimed]
            if not keys:
                continue
            if any(claimed[key] for key in keys):
                self._fetcher.count_repeated(request.operation)

            await self._wait_for_free_place()
            if self._error:
                break
            task = asyncio.create_task(self._send(request, keys))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return [request for request in requests if not elsewhere.isdisjoint(request.keys)]

    def _adapt_batch_size(self, seconds: float) -> None:
        """Claim more together where calls are quick: no claim waits long for its call."""
        if seconds < QUICK_SECONDS:
            self._batch_size = min(2 * self._batch_size, MOST_CLAIMED_TOGETHER)
        else:
            self._batch_size = self._fetcher.requests_at_once

    async def _wait_for_free_place(self) -> None:
        while len(self._tasks) >= self._fetcher.requests_at_once and not self._error:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _wait_for_all(self) -> None:
        while self._tasks and not self._error:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _send(self, request: ApiRequest, keys: list[bytes]) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has one

        async def before_attempt(operation: Operation, attempt: int) -> None:
            self._in_flight.discard(task)
            if self._stopping or self._error:
                raise asyncio.CancelledError
            await self._fetcher.reserve_call(operation, attempt)
            self._unsent.difference_update(keys)
            self._in_flight.add(task)

        try:
            await self._fetcher.send(request, keys, before_attempt)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - `run` raises it: nobody awaits this task
            self._unsent.update(keys)  # the service has not answered: others may ask
            self._error = self._error or error
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
            if self._unsent and not isinstance(self._error, DatabaseAway):
                await self._fetcher.release(self._unsent)


class _BatchWriter:
    """Stores answers in batches: the next is what arrived while the last was written."""

    def __init__(self, job: JobContext, credential: str) -> None:
        self._job = job
        self._credential = credential
        self._batch = Batch()
        self._stored: asyncio.Future[None] | None = None  # of the batch that is collected
        self._task: asyncio.Task[None] | None = None

    def counts(self, operation: str) -> Any:
        """Return the counts of calls of *operation* that go into the next batch."""
        return self._batch.call_counts(operation)

    async def store(self, request: ApiRequest, answers: Mapping[bytes, str]) -> None:
        """Store *answers*; return when they are in the database."""
        self._batch.answers.update(answers)
        for document_id, key in request.documents:
            if key in answers:
                self._batch.documents.append((document_id, key))

        if self._stored is None:
            self._stored = asyncio.get_running_loop().create_future()
        stored = self._stored
        self.start()
        await asyncio.shield(stored)

    def start(self) -> None:
        """See that what is collected is written."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_batches())

    async def flush(self) -> None:
        """Write what is left, counts of calls included."""
        self.start()
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _write_batches(self) -> None:
        while self._batch.answers or self._batch.call_counts_by_operation:
            batch, self._batch = self._batch, Batch()
            stored, self._stored = self._stored, None

            def write(batch: Batch = batch) -> None:
                store_batch(
                    self._job.db,
                    self._job.claim,
                    batch,
                    service=SERVICE,
                    credential=self._credential,
                )

            try:
                await _retry_while_database_away(write)
            except Exception as error:  # noqa: BLE001 - whoever waits for the batch raises it
                if stored is not None:
                    stored.set_exception(error)
                    stored.exception()  # also where nobody waits any more
                else:
                    log.warning("calls were not counted", why=str(error))
            else:
                if stored is not None:
                    stored.set_result(None)


async def _retry_while_database_away(write: Callable[[], None]) -> None:
    """Run *write* in a thread, again for a while where the database is away."""
    gives_up_at = time.monotonic() + DATABASE_AWAY_SECONDS

    while True:
        try:
            await finish_in_thread(write)
        except DatabaseAway as error:
            if time.monotonic() > gives_up_at:
                raise
            log.warning("answers wait for the database", why=str(error))
            await asyncio.sleep(DATABASE_RETRY_SECONDS)
        else:
            return
