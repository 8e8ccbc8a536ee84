"""Looks an answer up before it is asked for: no answer of a service is requested twice.

A fetch reads the stored answers, claims the missing ones, reads again what may have been stored in
between, and then makes requests, so two workers never request the same at once. An answer is stored
as soon as it arrives, even if the job has another owner by then, because it is paid for. A call
keeps its slot until its answer is stored. So a killed process repeats at most
`CallBounds.most_in_flight` calls, however many steps fetch at once.
"""

from __future__ import annotations

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, NoReturn, Self

from sqlalchemy import Connection

from analysis.fetcher import Request
from analysis.missing_answers import missing_keys
from analysis.step import BadAnswers
from core.errors import ServiceBadAnswer, ServiceError, ServiceUnavailable
from models.answers import FindTaken, read_answers
from models.database import batched
from models.keyword_answers import delete_keyword_answers, read_searched, read_sentences
from models.runs import reserve_call
from textapi.requests import AnswerKey, KeywordKey
from workers.answer_claims import AnswerClaims, CallBounds, Claiming, ClaimsLost, claim_together
from workers.answer_writer import AnswerWriter
from workers.budget import call_cap_reached
from workers.context import JobContext

# At most this many requests are claimed in one transaction.
MOST_CLAIMED_TOGETHER = 200

# A batch that is begun within this time is followed by a larger one.
QUICK_SECONDS = 1.0

# The time between two looks at answers that another worker requests.
POLL_SECONDS = 0.2

# When a slice ends, calls in flight get the time of their own time-out, and this time to be stored.
STORE_SECONDS = 10.0

ERASED = "answers were erased while the job needed them: it asks for them again"

# It gets the operation and the number of an attempt before that is made.
BeforeAttempt = Callable[[str, int], Awaitable[None]]

# It gets the keys without an answer, and returns the claims that end with the answer.
EndClaims = Callable[[Collection[AnswerKey]], set[bytes]]


class LedgerFetcher(ABC):
    """Gets the answers of a service to a job's requests into the ledger.

    Use it with ``async with``. Several steps may fetch at once. A fetch that is cancelled begins no
    further call, waits for the calls in flight and stores their answers; a second cancellation
    breaks those off.
    """

    def __init__(
        self,
        job: JobContext,
        *,
        engine: str,
        service: str,
        credential: str,
        bounds: CallBounds,
        find_taken: FindTaken | None = None,
    ) -> None:
        """Ask *engine* of *service*; nobody asks for keys that *find_taken* finds taken."""
        self.engine = engine
        self.job = job
        self.service = service
        self.bounds = bounds
        claim = partial(claim_together, job, bounds.claim_seconds, find_taken)
        self.claiming: Claiming = job.runtime.database_threads.group(claim)
        self.has_called = asyncio.Event()
        # The `time.monotonic()` of the newest answer.
        self._answered_at: float | None = None
        self._failure: ServiceError | None = None
        self._late_error: Exception | None = None
        self._writer = AnswerWriter(job, service, credential)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._writer.flush()

    @property
    @abstractmethod
    def languages(self) -> frozenset[str] | None:
        """The codes of the languages that the engine reads; None if it declares none."""

    @abstractmethod
    async def send(
        self,
        request: Any,
        keys: Collection[AnswerKey],
        before_attempt: BeforeAttempt,
        after_failure: Callable[[ServiceError], None],
        end_claims: EndClaims,
    ) -> set[AnswerKey]:
        """Request *keys* of *request* and store the answers; return the keys without an answer.

        *end_claims* takes these keys and returns the claims that end with the answer. Raises the
        errors of the service.
        """

    @property
    def most_begun(self) -> int:
        """How many calls of a fetch may be begun and not ended.

        The limit is twice the calls in flight: the next ones are claimed by the time that a slot is
        free. A job that was put off begins one call first: a service that is still away may charge
        for each call.
        """
        if self.job.claim.waits and self._answered_at is None:
            return 1

        return 2 * self.bounds.most_in_flight

    def error_at_slice_end(self) -> Exception | None:
        """Return why the job may not go on at once after its time slice; None if it may.

        The reason is an error that came while the calls in flight were waited for. It is also the
        last failure of a slice without any answer: its retries had no time to end with an error,
        and would begin anew in each slice without end.
        """
        is_answered = self._answered_at is not None
        if self._late_error is not None or is_answered or self._failure is None:
            return self._late_error
        if isinstance(self._failure, ServiceUnavailable):
            return self._failure

        return ServiceUnavailable(str(self._failure), service=self._failure.service)

    def note_failure(self, error: ServiceError, began_at: float) -> None:
        """Remember an attempt that failed, which began at this `time.monotonic()`.

        If no answer has come since it began, `status` says that the service does not answer.
        """
        self._failure = error
        is_answered_since = self._answered_at is not None and self._answered_at >= began_at
        if isinstance(error, ServiceUnavailable) and not is_answered_since:
            self._writer.note_unanswered(str(error), began_at)

    def note_answer(self) -> None:
        """Remember that an answer came and is stored."""
        self._answered_at = time.monotonic()

    def note_late_error(self, error: Exception) -> None:
        """Remember an error that ends a fetch which was cancelled; the first counts."""
        self._late_error = self._late_error or error

    async def fetch(self, requests: Iterable[Request]) -> None:
        """See that every answer of *requests* is in the ledger.

        Raises the first error of a call that no further attempt can mend; the answers until then
        are stored.
        """
        requested_elsewhere = await _Fetch(self).run(requests)

        while requested_elsewhere:
            pending_count = len(requested_elsewhere)
            requested_elsewhere = await _Fetch(self, count_reuse=False).run(requested_elsewhere)
            if len(requested_elsewhere) == pending_count:
                await asyncio.sleep(POLL_SECONDS)

    async def read(self, keys: Collection[bytes]) -> dict[bytes, Any]:
        """Read the answers with *keys* from the ledger, as JSON values.

        Raises `ServiceUnavailable` if one was erased since it was fetched.
        """
        stored = await self.job.read(read_answers, list(keys))
        if len(stored) < len(set(keys)):
            raise ServiceUnavailable(ERASED, service=self.service)

        return dict(zip(stored, _parse_together(list(stored.values())), strict=True))

    async def read_sentences(
        self, terms: Sequence[str], document_ids: Sequence[int]
    ) -> dict[KeywordKey, list[str]]:
        """Read the sentences that were found in documents.

        Raises `ServiceUnavailable` if an answer was erased since it was fetched.
        """

        def read(connection: Connection) -> dict[KeywordKey, list[str]]:
            searched = read_searched(connection, self.engine, terms, document_ids)
            if any(searched.missing(term, document_ids) for term in terms):
                raise ServiceUnavailable(ERASED, service=self.service)

            return read_sentences(connection, self.engine, terms, document_ids)

        return await self.job.read(read)

    async def forget_answers(self, bad_answers: BadAnswers) -> NoReturn:
        """Remove answers that fail a step, so that a retry asks anew. Raises `ServiceBadAnswer`."""
        error = ServiceBadAnswer(bad_answers.reason, service=self.service)
        # If the slice ends while they are removed, the next slice would ask for all of them again.
        self.note_late_error(error)
        forget = partial(delete_keyword_answers, engine=self.engine, keys=bad_answers.keys)
        await self.job.write(forget)
        raise error

    async def missing_keys(
        self, requests: Sequence[Request], *, count_reuse: bool
    ) -> list[Collection[AnswerKey]]:
        """Read which keys of each of *requests* have no stored answer."""
        missing = await self.job.read(missing_keys, requests)

        if count_reuse:
            for request, keys in zip(requests, missing, strict=True):
                counts = self._writer.counts(request.operation)
                counts.answers_reused += len(request.keys) - len(keys)

        return missing

    async def reserve_call(self, operation: str, attempt: int) -> None:
        """Count an attempt, and take it from the run's cap. Raises `RunCapReached`."""
        claim = self.job.claim

        if claim.max_calls is not None:
            reserve = partial(reserve_call, self.job.db, claim.run_id)
            granted = await self.job.in_database_thread(reserve)
            if not granted:
                raise call_cap_reached(claim.run_id, claim.max_calls)

        self.has_called.set()
        counts = self._writer.counts(operation)
        counts.calls += 1
        if attempt > 1:
            counts.retries += 1
            # Failed attempts are counted in the database too.
            self._writer.start()

    def count_repeated(self, operation: str) -> None:
        """Count a call that may have been answered before."""
        self._writer.counts(operation).maybe_twice += 1


def _parse_together(answers: Sequence[str]) -> list[Any]:
    """Return the values of JSON texts; parsing each alone takes thrice as long."""
    values: list[Any] = []
    for part in batched(answers):
        values += json.loads(f"[{','.join(part)}]")

    return values


class _Fetch:
    """One call of `LedgerFetcher.fetch`: its tasks and its claims."""

    def __init__(self, fetcher: LedgerFetcher, *, count_reuse: bool = True) -> None:
        self._fetcher = fetcher
        self._count_reuse = count_reuse
        self._claims = AnswerClaims(fetcher.job, fetcher.claiming, fetcher.bounds)
        # A batch may be larger than this if more requests can be begun at once.
        self._batch_size = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._task_ended = asyncio.Event()
        # The claims of the tasks whose call is in flight, or whose answer is being stored.
        self._in_flight: dict[asyncio.Task[None], set[bytes]] = {}
        # The requests that other workers make, by their keys.
        self._requested_elsewhere: dict[tuple[AnswerKey, ...], Request] = {}
        self._stopping = False
        # The first error of a task is kept.
        self._error: Exception | None = None

    async def run(self, requests: Iterable[Request]) -> list[Request]:
        """Fetch what nobody else requests; return the requests that other workers make."""
        try:
            await self._send_all(requests)
        except asyncio.CancelledError:
            if self._error is not None:
                self._fetcher.note_late_error(self._error)

            raise

        if self._error:
            raise self._error

        return list(self._requested_elsewhere.values())

    async def _send_all(self, requests: Iterable[Request]) -> None:
        """Send *requests* until the first error; wait for the calls in flight in any case."""
        remaining = iter(requests)
        are_made = isinstance(requests, Collection)

        try:
            while batch := await self._next_batch(remaining, are_made=are_made):
                began = time.monotonic()
                await self._begin(batch)
                self._adapt_batch_size(len(batch), time.monotonic() - began)

            await self._wait_while_tasks(1)
        finally:
            await self._stop()

    async def _next_batch(self, remaining: Iterator[Request], *, are_made: bool) -> list[Request]:
        """Return the requests to claim next; none after an error.

        A claim lasts little longer than a call, so it is made when its call can be begun. Requests
        that do not exist yet are built in a thread, from documents that it reads.
        """
        most = self._fetcher.most_begun
        await self._wait_while_tasks(most)
        if self._error:
            return []

        size = max(self._batch_size, most - len(self._tasks))
        batch = islice(remaining, size)
        return list(batch) if are_made else await asyncio.to_thread(list, batch)

    def _adapt_batch_size(self, size: int, seconds: float) -> None:
        """Claim more requests together if calls are quick: each claim costs a transaction."""
        is_quick = seconds < QUICK_SECONDS
        self._batch_size = min(2 * size, MOST_CLAIMED_TOGETHER) if is_quick else 0

    async def _begin(self, requests: list[Request]) -> None:
        """Claim and begin *requests*; note the requests that other workers make."""
        calls = await self._claim(requests)

        for request, keys, claims in calls:
            if self._claims.may_repeat_a_call(claims):
                self._fetcher.count_repeated(request.operation)

            await self._wait_while_tasks(self._fetcher.most_begun)
            if self._error:
                break

            self._start(request, keys, claims)

    async def _claim(
        self, requests: Sequence[Request]
    ) -> list[tuple[Request, Collection[AnswerKey], set[bytes]]]:
        """Return the calls to make for *requests*, with the claims that each call needs."""
        missing = await self._fetcher.missing_keys(requests, count_reuse=self._count_reuse)
        needed: set[bytes] = set()
        for request, keys in zip(requests, missing, strict=True):
            needed |= request.claim_keys(keys)

        unheld = self._claims.unheld(needed)
        if unheld:
            won = await self._claims.take(unheld)
            await self._read_again(requests, missing, won)

        calls = []
        for request, keys in zip(requests, missing, strict=True):
            held_keys = self._own_keys(request, keys)
            if len(held_keys) < len(keys):
                self._requested_elsewhere[request.keys] = request
            if held_keys:
                claims = request.claim_keys(held_keys)
                self._claims.begin(claims)
                calls.append((request, held_keys, claims))

        return calls

    async def _read_again(
        self,
        requests: Sequence[Request],
        missing: list[Collection[AnswerKey]],
        won: Collection[bytes],
    ) -> None:
        """Correct *missing* after claiming: an answer stored in between needs no request.

        Keys in *won* have no answer: a claim on a key with an answer is not given.
        """
        doubtful = [index for index, keys in enumerate(missing) if not set(keys).issubset(won)]
        if not doubtful:
            return

        doubtful_requests = [requests[index] for index in doubtful]
        reread = await self._fetcher.missing_keys(doubtful_requests, count_reuse=False)
        for index, keys in zip(doubtful, reread, strict=True):
            missing[index] = keys

    def _own_keys(self, request: Request, keys: Collection[AnswerKey]) -> Collection[AnswerKey]:
        """Return the *keys* whose claims are held."""
        if self._claims.holds(request.claim_keys(keys)):
            return keys
        return [key for key in keys if self._claims.holds(request.claim_keys([key]))]

    def _start(self, request: Request, keys: Collection[AnswerKey], claims: set[bytes]) -> None:
        task = asyncio.create_task(self._send(request, keys, claims))
        self._tasks.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._task_ended.set()

    async def _wait_while_tasks(self, count: int) -> None:
        """Wait while there are *count* tasks or more, and no error."""
        while len(self._tasks) >= count and not self._error:
            self._task_ended.clear()
            await self._task_ended.wait()

    async def _send(
        self, request: Request, keys: Collection[AnswerKey], claims: set[bytes]
    ) -> None:
        """Send *request*, and at once a request for each text that its reply leaves open."""
        try:
            missing = await self._send_once(request, keys, claims)
            if missing and not (self._stopping or self._error):
                for part in request.split(missing):
                    part_keys = missing.intersection(part.keys)
                    part_claims = part.claim_keys(part_keys)
                    self._claims.begin(part_claims)
                    self._start(part, part_keys, part_claims)

                # From here on, the parts need these claims.
                self._claims.finish(request.claim_keys(missing))
        except ClaimsLost:
            self._requested_elsewhere[request.keys] = request
        except Exception as error:  # noqa: BLE001 - `run` raises it: nobody awaits this task
            self._error = self._error or error

    async def _send_once(
        self, request: Request, keys: Collection[AnswerKey], claims: set[bytes]
    ) -> set[AnswerKey]:
        """Send *request*; return the *keys* that its reply leaves open."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has one

        is_unanswered = False
        began_at = time.monotonic()

        async def before_attempt(operation: str, attempt: int) -> None:
            nonlocal began_at
            if self._stopping or self._error:
                raise asyncio.CancelledError

            self._in_flight[task] = claims
            await self._claims.keep(claims)
            await self._fetcher.reserve_call(operation, attempt)
            if is_unanswered:
                self._fetcher.count_repeated(operation)

            began_at = time.monotonic()

        def after_failure(error: ServiceError) -> None:
            nonlocal is_unanswered
            # The service has not answered, so other workers may request the same.
            self._in_flight.pop(task, None)
            is_unanswered = isinstance(error, ServiceUnavailable) and error.unanswered
            if is_unanswered:
                self._claims.note_unanswered(claims)

            self._fetcher.note_failure(error, began_at)
            if self._stopping:
                # The task makes no other attempt, for which it would wait.
                task.cancel()

        def end_claims(missing: Collection[AnswerKey]) -> set[bytes]:
            return self._claims.finish(claims - request.claim_keys(missing))

        try:
            return await self._fetcher.send(
                request, keys, before_attempt, after_failure, end_claims
            )
        finally:
            self._in_flight.pop(task, None)

    async def _stop(self) -> None:
        """Begin nothing, wait for the calls in flight, and release the other claims."""
        self._stopping = True

        for task in self._tasks - self._in_flight.keys():
            task.cancel()

        timeout = self._fetcher.bounds.longest_seconds + STORE_SECONDS
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=timeout)
        finally:
            broken_off = set().union(*self._in_flight.values())
            for task in list(self._tasks):
                task.cancel()

            if self._tasks:
                await asyncio.wait(self._tasks)

            await self._claims.release(broken_off)
