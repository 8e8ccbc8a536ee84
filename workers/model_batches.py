"""Batches of texts for a language model, from the intent to the stored answers.

Each step can be repeated: whatever a killed process has done is found in the database or on the
server, which knows the batch by the intent's identifier.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import uuid4

from sqlalchemy import Row

from analysis.codebooks.model_answers import completion_to_json
from analysis.codebooks.model_requests import RETRIES, ModelRequest
from core.errors import ServiceBadAnswer, ServiceRefused, SettingsError
from core.logs import get_logger
from core.prices import Price, parse_price
from core.quantities import quantity
from language_models.batches import BatchStatus, read_lines, request_line
from language_models.completion import SERVICE, read_completion, read_tokens
from models.answers import claim_answers, release_claims, stored_keys
from models.batches import (
    LineAnswer,
    LineBound,
    adopt_batches,
    end_batch,
    enqueued_tokens,
    find_batched,
    intend_batch,
    list_batches,
    list_lines,
    note_batch,
    note_creating,
    seconds_since_creating,
    settle_lines,
)
from models.calls import usage_of
from models.costs import CapOfRun, ModelUse
from workers.budget import cap_reached
from workers.context import JobContext

# A server lists a batch at the latest so long after it was asked to create it.
LATEST_SECONDS = 60.0

# The intent is claimed for so long, until its lines are written.
CLAIM_SECONDS = 60.0

# The answers of so many lines are stored in a transaction.
STORED_TOGETHER = 500

# A file of requests has at most so many bytes; servers take 200 MB.
MOST_BYTES = 100_000_000

# It is settled in the place of a batch of which no text is known any more.
_NOTHING_ASKED = BatchStatus(id="", state="completed", done=0, files=(), error="", created_at=0.0)

log = get_logger(__name__)


@dataclass(frozen=True)
class Pending:
    """A batch whose answers are still to come."""

    texts: int
    done: int
    state: str


class ModelBatches:
    """Sees to the batches of a job."""

    def __init__(self, job: JobContext, coder: str, price_text: str, credential: str) -> None:
        self._job = job
        self._coder, self._credential = coder, credential
        self._price_text = price_text
        self._price = parse_price(price_text).of_batches
        self._client = job.runtime.model().batches
        self._requests: dict[bytes, ModelRequest] = {}

    def know(self, requests: Iterable[ModelRequest]) -> None:
        """Remember the requests that a file may be made of."""
        self._requests = {request.key: request for request in requests}

    async def find_batched(self, keys: Collection[bytes]) -> dict[bytes, str]:
        """Return those of *keys* that open batches have; see to batches that nobody sees to."""
        batched = await self._job.read(find_batched, keys)
        if batched:
            uuids = set(batched.values())
            adopt = partial(adopt_batches, claim=self._job.claim, uuids=uuids)
            await self._job.write(adopt)

        return batched

    async def advance(self) -> list[Pending]:
        """Bring each batch of the job as far as it can be; return those that are not settled.

        Raises `ServiceRefused` if a batch has ended without any answer.
        """
        pending = []
        for batch in await self._job.read(list_batches, self._job.claim.job_id):
            status = await self._find_status(batch)
            lines = await self._job.read(list_lines, batch.uuid)
            if status is None:
                pending.append(Pending(len(lines), 0, "being created"))
            elif not status.has_ended:
                pending.append(Pending(len(lines), status.done, status.state))
            else:
                await self._settle(batch, status, lines)

        return pending

    async def create(self, requests: Sequence[ModelRequest]) -> None:
        """Write intents for *requests*, of as many batches as they need.

        The batches are created when they are advanced. Raises `RunCapReached` if the run's caps
        leave no room for one text and no batch of the job is open, and `SettingsError` if no batch
        may have a text as large as one of them.
        """
        self._check_sizes(requests)
        claim = self._job.claim
        remaining = iter(requests)

        while True:
            enqueued = await self._job.read(enqueued_tokens, self._coder)
            batch_requests = list(self._next_batch(remaining, enqueued))
            if not batch_requests:
                return

            keys = await self._intend(batch_requests)
            if isinstance(keys, CapOfRun):
                if await self._job.read(list_batches, claim.job_id):
                    return

                bound = batch_requests[0].chat.most_cost(self._price)
                raise cap_reached(claim.run_id, keys, bound, self._price.currency)

            # A cap left the others out, or somebody else asks about them.
            if len(keys) < len(batch_requests):
                return

    def _check_sizes(self, requests: Sequence[ModelRequest]) -> None:
        """Raise `SettingsError` for a request that no batch may ever have."""
        most_tokens = self._job.runtime.settings.model_batch_tokens
        largest = max(request.chat.most_tokens for request in requests)
        if most_tokens is not None and largest > most_tokens:
            raise SettingsError(
                f"a text may take {largest:,} tokens, and TIDINGS_MODEL_BATCH_TOKENS lets all "
                f"batches together have {most_tokens:,}: raise it, or ask without --batch"
            )

    def _next_batch(
        self, remaining: Iterator[ModelRequest], enqueued: int
    ) -> Iterator[ModelRequest]:
        """Yield the requests of the next batch: as many as the server takes."""
        settings = self._job.runtime.settings
        size = 0
        for request in islice(remaining, settings.model_batch_lines):
            enqueued += request.chat.most_tokens
            size += 2 * request.chat.prompt_bound
            most_tokens = settings.model_batch_tokens
            if size > MOST_BYTES or (most_tokens is not None and enqueued > most_tokens):
                return

            yield request

    async def _intend(self, requests: Sequence[ModelRequest]) -> list[bytes] | CapOfRun:
        """Write the intent of a batch of those texts that nobody else asks about."""
        job = self._job
        db, claim = job.db, job.claim
        keys = [request.key for request in requests]
        claim_keys = partial(
            claim_answers, db, claim, keys, seconds=CLAIM_SECONDS, find_taken=find_batched
        )
        won = await job.in_database_thread(claim_keys)
        lines = [self._bound(request) for request in requests if request.key in won]
        if not lines:
            return []

        intend = partial(
            intend_batch, db, claim, uuid4().hex, lines, coder=self._coder, price=self._price_text
        )
        try:
            return await job.in_database_thread(intend)
        finally:
            await job.in_database_thread(partial(release_claims, db, claim, list(won)))

    def _bound(self, request: ModelRequest) -> LineBound:
        chat = request.chat
        return LineBound(
            key=request.key,
            tokens=chat.most_tokens,
            cost=chat.most_cost(self._price),
            prompt=request.prompt.hash,
            size=chat.prompt_bound,
            documents=list(request.document_ids),
        )

    async def _find_status(self, batch: Row[Any]) -> BatchStatus | None:
        """Return what the server says of a batch, which is created if it is not there.

        Returns None if the server may have been asked to create it a moment ago.
        """
        if batch.batch is not None:
            return await self._client.status(batch.batch)

        created = await self._client.find_batches(batch.uuid)
        for repeated in created[1:]:
            await self._client.cancel(repeated.id)

        if created:
            await self._note(batch.uuid, batch=created[0].id)
            return created[0]

        seconds = await self._job.read(seconds_since_creating, batch.uuid)
        if seconds is not None and seconds < LATEST_SECONDS:
            return None

        file = await self._find_file(batch)
        if file is None:
            return _NOTHING_ASKED

        await self._job.write(partial(note_creating, uuid=batch.uuid))
        status = await self._client.create(batch.uuid, file)
        await self._note(batch.uuid, batch=status.id)
        log.info("batch created", batch=status.id)
        return status

    async def _find_file(self, batch: Row[Any]) -> str | None:
        """Return the file of a batch on the server, uploaded if it is not there.

        Returns None if no text of it is known any more.
        """
        if batch.file is not None:
            return str(batch.file)

        file_name = f"tidings-{batch.uuid}.jsonl"
        file = await self._client.find_file(file_name)
        if file is None:
            lines = await self._job.read(list_lines, batch.uuid)
            with TemporaryFile() as requests:
                if not self._write_requests(lines, requests):
                    return None

                file = await self._client.upload(file_name, requests)

        await self._note(batch.uuid, file=file)
        return file

    def _write_requests(self, lines: Sequence[Row[Any]], file: IO[bytes]) -> int:
        """Write the requests of *lines*; return how many there are."""
        written = 0
        for line in lines:
            request = self._requests.get(bytes(line.key))
            if request is not None:
                file.write(request_line(request.key.hex(), request.body(())))
                written += 1

        file.seek(0)
        return written

    async def _note(self, uuid: str, **values: str) -> None:
        await self._job.write(partial(note_batch, uuid=uuid, values=values))

    async def _settle(
        self, batch: Row[Any], status: BatchStatus, lines: Sequence[Row[Any]]
    ) -> None:
        """Store the answers of a batch that has ended.

        What has no answer, or one that gives no codes, is asked about again.
        """
        open_lines = {bytes(line.key).hex(): line for line in lines}
        answered, problem = 0, status.error
        other_ids: set[str] = set()
        for file_name in status.files:
            with TemporaryFile() as file:
                await self._client.download(file_name, file)
                file.seek(0)
                for results in _in_parts(read_lines(file)):
                    answers: dict[bytes, LineAnswer] = {}
                    for custom_id, body, error in results:
                        problem = problem or error
                        line = open_lines.get(custom_id)
                        if line is not None and body is not None:
                            answers[bytes(line.key)] = self._read_answer(batch, line, body)
                        elif line is None:
                            other_ids.add(custom_id)

                    answered += await self._store(batch, answers)

        unanswered = {bytes(line.key): LineAnswer(stored=None) for line in lines}
        await self._store(batch, unanswered)
        await self._job.write(partial(end_batch, uuid=batch.uuid))
        log.info("batch settled", batch=status.id, state=status.state, answered=answered)
        is_retry = any(line.retries for line in lines)
        # A process that was killed here may have stored the others.
        stored = await self._job.read(stored_keys, _read_keys(other_ids))
        if lines and not answered and not stored and status.id and not is_retry:
            raise ServiceRefused(
                f"{SERVICE}: the batch {status.id} is {status.state} and has no answer"
                + (f' (it says "{problem}")' if problem else "")
                + ": `tidings retry` asks again, without --batch the model is asked at once",
                service=SERVICE,
            )

    def _read_answer(self, batch: Row[Any], line: Row[Any], body: Any) -> LineAnswer:
        """Return the answer of a line; a body that is no completion is paid, and asked again.

        Nobody knows whether an answer gives codes if its text is not known any more.
        """
        price: Price = parse_price(batch.price).of_batches
        tokens = read_tokens(body)
        usage = usage_of(tokens, price)
        try:
            completion = read_completion(body)
        except ServiceBadAnswer:
            return LineAnswer(stored=None, usage=usage)

        use = ModelUse(
            coder=batch.coder,
            prompt=line.prompt,
            size=line.size,
            tokens=tokens,
            model=completion.model or batch.coder.partition(":")[2],
            fingerprint=completion.fingerprint,
            price=batch.price,
        )
        stored = completion_to_json(completion)
        request = self._requests.get(bytes(line.key))
        is_usable = request is None or request.find_problem(stored) is None
        stored_text = json.dumps(stored, ensure_ascii=False)
        return LineAnswer(stored=stored_text, is_usable=is_usable, usage=usage, use=use)

    async def _store(self, batch: Row[Any], answers: dict[bytes, LineAnswer]) -> int:
        def store() -> int:
            with self._job.db.write() as connection:
                return settle_lines(
                    connection,
                    self._job.db,
                    batch,
                    answers,
                    claim=self._job.claim,
                    most_retries=RETRIES,
                    service=SERVICE,
                    credential=self._credential,
                )

        return await self._job.in_database_thread(store) if answers else 0


def describe_pending(pending: Sequence[Pending]) -> str:
    """Return what a job waits for: its own *pending* batches, or those of another run."""
    if not pending:
        return "texts that a batch of another run has"

    texts = sum(batch.texts for batch in pending)
    done = sum(batch.done for batch in pending)
    states = ", ".join(dict.fromkeys(batch.state for batch in pending))
    batches = quantity(len(pending), "batch", "batches")
    return f"{batches} with {quantity(texts, 'text')} ({states}; {done:,} answered)"


def _read_keys(custom_ids: Collection[str]) -> set[bytes]:
    """Return the keys that name lines; a server's own names are none."""
    keys = set()
    for custom_id in custom_ids:
        with suppress(ValueError):
            keys.add(bytes.fromhex(custom_id))

    return keys


def _in_parts(results: Iterator[Any]) -> Iterator[list[Any]]:
    while part := list(islice(results, STORED_TOGETHER)):
        yield part
