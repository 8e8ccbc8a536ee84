"""Stores answers in batches (group commit): the next is what arrived while the last was written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping

from analysis.fetcher import Request
from core.errors import DatabaseAway
from core.logs import get_logger
from models.answers import Batch, CallCounts, Unanswered, store_batch
from models.costs import ModelCalls
from textapi.requests import AnswerKey
from workers.context import JobContext

# Answers are kept this long for a database that is away.
DATABASE_AWAY_SECONDS = 60.0

DATABASE_RETRY_SECONDS = 1.0

log = get_logger(__name__)


class AnswerWriter:
    """Stores the answers of a service to one job, and the counts of its calls."""

    def __init__(self, job: JobContext, service: str, credential: str) -> None:
        self._job = job
        self._service, self._credential = service, credential
        self._batch = Batch(progress=False)
        # Progress is noted once: setbacks come with the end of a claim.
        self._progress_is_noted = False
        # The future of the batch that is being collected.
        self._stored: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def counts(self, operation: str) -> CallCounts:
        """Return the counts of calls of *operation* that go into the next batch."""
        return self._batch.call_counts(operation)

    def model_calls(self) -> ModelCalls:
        """Return the calls of a model that the transaction of the next batch settles."""
        calls = self._batch.model_calls
        if not isinstance(calls, ModelCalls):
            calls = ModelCalls(self._job.db, self._job.claim.run_id)
            self._batch.model_calls = calls

        return calls

    def note_unanswered(self, reason: str, began_at: float) -> None:
        """Store that a request has no answer, which began at this `time.monotonic()`."""
        self._batch.unanswered = Unanswered(reason, began_at)
        self.start()

    async def store(
        self,
        request: Request,
        answers: Mapping[AnswerKey, str],
        claims: Collection[bytes] = (),
        *,
        progress: bool = True,
    ) -> None:
        """Store *answers* and end *claims*; return when that is in the database.

        *progress* says that the job needs the answers, so earlier setbacks do not count.
        """
        self._batch.claims.update(claims)
        self._batch.progress |= progress and not self._progress_is_noted
        answers_by_term: dict[str, dict[int, str]] = {}
        for key, answer in answers.items():
            if isinstance(key, bytes):
                self._batch.answers[key] = answer
            else:
                term, document_id = key
                answers_by_term.setdefault(term, {})[document_id] = answer

        for term, answers_by_document in answers_by_term.items():
            self._batch.keyword_answers(request.engine, term).update(answers_by_document)

        for document_id, key in request.documents:
            if key in answers:
                self._batch.documents.append((document_id, key))

        if self._stored is None:
            self._stored = asyncio.get_running_loop().create_future()

        stored = self._stored
        self.start()
        await asyncio.shield(stored)

    def start(self) -> None:
        """Start writing the collected batch, unless a write is under way."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_batches())

    async def flush(self) -> None:
        """Write what is left, counts of calls included."""
        self.start()
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _write_batches(self) -> None:
        while self._batch.is_worth_writing:
            batch, self._batch = self._batch, Batch(progress=False)
            stored, self._stored = self._stored, None
            try:
                await self._write(batch)
            except Exception as error:  # noqa: BLE001 - whoever waits for the batch raises it
                if stored is not None:
                    stored.set_exception(error)
                    # The exception is retrieved even if nobody waits for it any more.
                    stored.exception()
                else:
                    log.warning("calls were not counted", why=str(error))
            else:
                self._progress_is_noted |= batch.progress and batch.has_answers
                if stored is not None:
                    stored.set_result(None)

    async def _write(self, batch: Batch) -> None:
        """Write *batch* in a thread; try again for a while if the database is away."""
        gives_up_at = time.monotonic() + DATABASE_AWAY_SECONDS
        job = self._job

        def write() -> None:
            store_batch(
                job.db, job.claim, batch, service=self._service, credential=self._credential
            )

        while True:
            try:
                await job.in_database_thread(write)
            except DatabaseAway as error:
                if time.monotonic() > gives_up_at:
                    raise

                log.warning("answers wait for the database", why=str(error))
                await asyncio.sleep(DATABASE_RETRY_SECONDS)
            else:
                return
