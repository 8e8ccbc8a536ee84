"""Asking through the ledger: nothing answered is asked again, and no two workers ask for the same at once.

Claim first, then look what is answered, then ask. What is answered is stored in batches, whoever owns the job by then:
it is paid for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from core.errors import CapReached, DatabaseAway
from core.logs import get_logger
from core.ratelimit import credential_of
from models.answers import Batch, claim_answers, known_keys, release_claims, store_batch
from models.runs import reserve_call
from textapi.messages import Operation
from textapi.requests import SERVICE, ApiRequest, UnalignedReply
from workers.context import JobContext, SliceEnded

FLUSH_SECONDS = 0.5
FLUSH_ANSWERS = (
    1000  # from here on whoever brings one waits until they are stored: memory stays bounded
)
MOST_AT_ONCE = 200  # questions claimed together
LOOK_AGAIN_SECONDS = 0.2
CLAIM_MARGIN_SECONDS = 5.0
DATABASE_AWAY_SECONDS = 60.0  # answers in hand are kept this long for a database that is away
CAP = "cap of {} calls is reached: `tidings resume {} --max-calls N` goes on"

log = get_logger(__name__)


class AnswerFetcher:
    """Gets the answers to a job's questions into the ledger, within one slice."""

    def __init__(self, job: JobContext, engine: str) -> None:
        self.engine = engine
        self._job = job
        self._api = job.runtime.textapi()
        self._credential = credential_of(job.runtime.textapi_key)
        concurrency = job.runtime.settings.textapi_concurrency
        self._least_at_once = (
            2 * concurrency
        )  # enough to keep every place taken while the next are claimed
        self._begun_at_once = self._least_at_once
        self._asked_since = 0  # questions answered since the last flush
        self._claim_seconds = job.runtime.settings.textapi_timeout + CLAIM_MARGIN_SECONDS
        self._batch = Batch()
        self._flushing = asyncio.Lock()
        self._error: Exception | None = None  # why not everything will be asked; the first counts
        self._asking: set[asyncio.Task[None]] = set()
        self._unasked: set[bytes] = set()  # claimed, and not sent yet

    async def ask(self, questions: Iterable[ApiRequest]) -> None:
        """See that every answer is in the ledger.

        Raises `SliceEnded` where time ran out before, and the first error of a call that nothing could mend; what was
        answered until then is stored in either case.
        """
        left = iter(questions)
        flusher = asyncio.create_task(self._flush_regularly())
        try:
            others = await self._ask_new(left)
            await self._drain()
            while others and not self._error:
                self._job.check()
                await self._flush()
                still = await self._ask_new(iter(others), count_reuse=False)
                await self._drain()
                if len(still) == len(others):
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
                others = still
        finally:
            flusher.cancel()
            await self._end()
        if self._error:
            raise self._error

    async def _ask_new(
        self, left: Iterator[ApiRequest], *, count_reuse: bool = True
    ) -> list[ApiRequest]:
        """Begin to ask whatever is neither answered nor asked by another; the questions that others are asking."""
        others: list[ApiRequest] = []
        while not self._error and (some := list(islice(left, self._begun_at_once))):
            if self._job.is_over:
                await self._drain()
                raise SliceEnded
            wanted = {key for question in some for key in question.keys}
            known = await self._job.reading(known_keys, wanted)
            if count_reuse:
                for question in some:
                    self._batch.call_counts(question.operation).answers_reused += len(
                        known.intersection(question.keys)
                    )
            missing = wanted - known
            if not missing:
                continue
            won = await asyncio.to_thread(
                claim_answers, self._job.db, self._job.claim, missing, seconds=self._claim_seconds
            )
            self._unasked.update(won)
            for question in some:
                own = [key for key in question.keys if key in won]
                if own:
                    await self._begin(question, own, maybe_twice=any(won[key] for key in own))
            if len(won) < len(missing):
                answered_now = await self._job.reading(known_keys, missing.difference(won))
                elsewhere = missing - won.keys() - answered_now
                others += [question for question in some if elsewhere.intersection(question.keys)]
        return others

    async def _begin(
        self, question: ApiRequest, keys: Collection[bytes], *, maybe_twice: bool
    ) -> None:
        while len(self._asking) >= self._begun_at_once:
            await asyncio.wait(self._asking, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._ask_one(question, keys, maybe_twice=maybe_twice))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask_one(
        self, question: ApiRequest, keys: Collection[bytes], *, maybe_twice: bool
    ) -> None:
        if self._error or self._job.is_over:
            self._error = self._error or SliceEnded()
            return  # its claims are given up at the end
        if maybe_twice:
            self._batch.call_counts(question.operation).maybe_twice += 1
        try:
            answers = await self._answers(question, keys)
        except Exception as error:  # noqa: BLE001 - `ask` raises it: in a task nobody would hear of it
            self._unasked.update(
                keys
            )  # to be given up: the service has not answered, others may ask
            self._error = self._error or error
            return
        self._asked_since += 1
        self._keep(question, answers)
        if len(self._batch.answers) >= FLUSH_ANSWERS:
            await self._flush()

    async def _answers(self, question: ApiRequest, keys: Collection[bytes]) -> dict[bytes, str]:
        began = time.monotonic()
        try:
            reply = await self._api.ask(
                question.operation,
                question.body(keys),
                self._before_attempt(keys),
                read=lambda answer: question.answers(answer, keys),
            )
        except UnalignedReply:
            singles = question.split(keys)
            if singles == [question]:
                raise
            answers: dict[bytes, str] = {}
            for single in singles:
                answers |= await self._answers(
                    single, [key for key in single.keys if key in set(keys)]
                )
            return answers
        finally:
            self._batch.call_counts(question.operation).seconds += time.monotonic() - began
        if reply.engine is not None and reply.engine != question.engine:
            self._api.note_engine(reply.engine)
            named = question.with_engine(reply.engine)
            pairs = zip(question.keys, named.keys, strict=True)
            self._keep(named, {new: reply.value[old] for old, new in pairs if old in reply.value})
            raise SliceEnded  # the service changed in the middle: the next slice asks the new one
        return reply.value

    def _keep(self, question: ApiRequest, answers: Mapping[bytes, str]) -> None:
        self._batch.answers.update(answers)
        self._batch.documents += [pair for pair in question.documents if pair[1] in answers]

    def _before_attempt(self, keys: Collection[bytes]) -> Any:
        async def before(operation: Operation, attempt: int) -> None:
            claim = self._job.claim
            if claim.max_calls is not None and not await asyncio.to_thread(
                reserve_call, self._job.db, claim.run_id
            ):
                raise CapReached(CAP.format(claim.max_calls, claim.run_id), service=SERVICE)
            self._unasked.difference_update(keys)
            call_counts = self._batch.call_counts(operation)
            call_counts.calls += 1
            call_counts.retries += attempt > 1

        return before

    async def _drain(self) -> None:
        while self._asking:
            await asyncio.wait(self._asking)
        await self._flush()

    async def _flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            # as many as a flush's time is enough for: large batches cost less, and no claim waits long to be asked
            self._begun_at_once = max(self._least_at_once, min(self._asked_since, MOST_AT_ONCE))
            self._asked_since = 0
            with suppress(DatabaseAway):  # what could not be stored is kept, and tried again
                await self._flush()

    async def _flush(self) -> None:
        async with self._flushing:
            batch, self._batch = self._batch, Batch()
            if not (batch.answers or batch.call_counts_by_operation):
                return
            try:
                await asyncio.shield(
                    asyncio.to_thread(
                        store_batch,
                        self._job.db,
                        self._job.claim,
                        batch,
                        service=SERVICE,
                        credential=self._credential,
                    )
                )
            except DatabaseAway:
                self._put_back(batch)
                raise

    def _put_back(self, batch: Batch) -> None:
        self._batch.answers = batch.answers | self._batch.answers
        self._batch.documents = batch.documents + self._batch.documents
        for operation, call_counts in batch.call_counts_by_operation.items():
            now = self._batch.call_counts(operation)
            now.calls += call_counts.calls
            now.answers_reused += call_counts.answers_reused
            now.retries += call_counts.retries
            now.maybe_twice += call_counts.maybe_twice
            now.seconds += call_counts.seconds

    async def _end(self) -> None:
        """Leave no call running, store what was paid for, and let others ask for the rest."""
        for task in list(self._asking):
            task.cancel()
        if self._asking:
            await asyncio.wait(self._asking)
        given_up_at = time.monotonic() + DATABASE_AWAY_SECONDS
        while True:
            try:
                await self._flush()
                await asyncio.to_thread(
                    release_claims, self._job.db, self._job.claim, self._unasked
                )
                break
            except DatabaseAway as error:
                if time.monotonic() > given_up_at:
                    raise
                log.warning(
                    "answers wait for the database",
                    answers=len(self._batch.answers),
                    why=str(error),
                )
                await asyncio.sleep(1.0)
