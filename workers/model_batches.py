"""Batches of texts for a language model, from the intent to the stored answers.

Each step can be repeated: whatever a killed process has done is found in the database or on the
server, which knows the batch by the intent's identifier.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import uuid4

from sqlalchemy import Row

from analysis.codebooks.model_answers import FILTERED, NO_COMPLETION, TOO_LONG, completion_to_json
from analysis.codebooks.model_requests import RETRIES, ModelRequest
from core.errors import BoundExceeded, ServiceError, ServiceRefused, SettingsError
from core.logs import get_logger
from core.prices import Tokens, parse_price
from core.quantities import quantity
from language_models.batches import (
    NOTHING_ASKED,
    BatchStatus,
    LineResult,
    read_lines,
    request_line,
)
from language_models.chat import find_excess
from language_models.completion import SERVICE, Completion, read_completion, read_tokens
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
    list_created,
    list_lines,
    list_orphans,
    note_batch,
    note_creating,
    seconds_since_creating,
    settle_lines,
)
from models.calls import NOTHING_USED, Usage, usage_of
from models.costs import CapOfRun, ModelUse, count_answers
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

log = get_logger(__name__)


@dataclass(frozen=True)
class Pending:
    """A batch whose answers are still to come."""

    texts: int
    done: int
    state: str


@dataclass
class _Told:
    """What all results of a line tell: how many are unread, and the most that one of them took."""

    unread: int = 0
    is_paid: bool = False
    usage: Usage | None = NOTHING_USED


@dataclass
class _BatchResults:
    """What the results of a batch have said so far.

    *told* is what they tell of the open lines, *seen_ids* are those of the lines that are read, and
    *other_ids* those of no open line.
    """

    lines: Mapping[str, Row[Any]]
    problem: str

    # Whether the model has answered a text of the run.
    has_answers: bool
    told: dict[str, _Told] = field(default_factory=dict)
    seen_ids: set[str] = field(default_factory=set)
    other_ids: set[str] = field(default_factory=set)

    # Whether a line was paid or is too long, and whether a field was refused that is left out from
    # now on.
    is_of_use: bool = False
    has_refused_field: bool = False
    excess: BoundExceeded | None = None

    @property
    def missing(self) -> list[Row[Any]]:
        """The lines without a result, the dearest first."""
        lines = [line for key, line in self.lines.items() if key not in self.seen_ids]
        return sorted(lines, key=lambda line: (-line.cost, bytes(line.key)))


class ModelBatches:
    """Sees to the batches of a job."""

    def __init__(self, job: JobContext, coder: str, price_text: str, credential: str) -> None:
        self._job = job
        self._coder, self._credential = coder, credential
        self._price_text = price_text
        self._price = parse_price(price_text).of_batches
        self._model = job.runtime.model
        self._client = self._model.batches
        self._requests: dict[bytes, ModelRequest] = {}
        # Whether the last `advance` has settled a batch.
        self.has_settled = False

    def know(self, requests: Iterable[ModelRequest]) -> None:
        """Remember the requests that a file may be made of."""
        self._requests = {request.key: request for request in requests}

    async def find_batched(self, keys: Collection[bytes]) -> dict[bytes, str]:
        """Return those of *keys* that open batches have.

        See to their batches, and to those of the run, that nobody sees to.
        """
        batched = await self._job.read(find_batched, keys)
        uuids = set(batched.values())
        orphans = await self._job.read(list_orphans, self._job.claim.run_id, uuids)
        if orphans:
            await self._job.write(partial(adopt_batches, claim=self._job.claim, uuids=orphans))

        return batched

    async def advance(self) -> list[Pending]:
        """Bring each batch of the job as far as it can be; return those that are not settled.

        Raises `ServiceRefused` if a batch has ended without any answer, and `BoundExceeded`.
        """
        pending = []
        self.has_settled = False
        for batch in await self._job.read(list_batches, self._job.claim.job_id):
            status = await self._find_status(batch)
            lines = await self._job.read(list_lines, batch.uuid)
            if status is None:
                pending.append(Pending(len(lines), 0, "being created"))
            elif not status.has_ended:
                pending.append(Pending(len(lines), status.done or 0, status.state))
            else:
                await self._settle(batch, status, lines)
                self.has_settled = True

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
            return NOTHING_ASKED

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
            requests = await self._keep_known_lines(batch)
            if not requests:
                return None

            # Another process may read the results, and has to know what these requests lack.
            await self._note(batch.uuid, left_out=" ".join(sorted(self._model.refused_fields)))
            with TemporaryFile() as content:
                self._write_requests(requests, content)
                file = await self._client.upload(file_name, content)

        await self._note(batch.uuid, file=file)
        return file

    async def _keep_known_lines(self, batch: Row[Any]) -> list[ModelRequest]:
        """Return the requests of the lines of a batch whose texts are known; release the others."""
        requests: list[ModelRequest] = []
        unknown: dict[bytes, LineAnswer] = {}
        for line in await self._job.read(list_lines, batch.uuid):
            key = bytes(line.key)
            if key in self._requests:
                requests.append(self._requests[key])
            else:
                unknown[key] = LineAnswer(stored=None)

        await self._store(batch, unknown)
        return requests

    def _write_requests(self, requests: Sequence[ModelRequest], file: IO[bytes]) -> None:
        for request in requests:
            body = request.chat.body(request.model, self._model.refused_fields)
            file.write(request_line(request.key.hex(), body))

        file.seek(0)

    async def _note(self, uuid: str, **values: str) -> None:
        await self._job.write(partial(note_batch, uuid=uuid, values=values))

    async def _settle(
        self, batch: Row[Any], status: BatchStatus, lines: Sequence[Row[Any]]
    ) -> None:
        """Store the answers of a batch that has ended.

        What surely cost nothing is asked about again, and what gives no codes twice at the most.
        Raises `BoundExceeded` if an answer took more than its text could.
        """
        # What its requests lack was refused before, maybe to another process.
        self._model.refused_fields |= frozenset(batch.left_out.split())
        has_answers = await self._job.read(count_answers, self._job.claim.run_id) > 0
        open_lines = {bytes(line.key).hex(): line for line in lines}
        results = _BatchResults(open_lines, status.error, has_answers)
        await self._read_files(batch, status, results)
        others = await self._find_settled(results.other_ids)
        lost = status.count_lost(len(results.seen_ids) + others, len(results.missing))
        results.is_of_use |= lost > 0
        await self._store(batch, _answer_missing(results.missing, lost))
        await self._job.write(partial(end_batch, uuid=batch.uuid))
        log.info(
            "batch settled", batch=status.id, state=status.state, results=len(results.seen_ids)
        )
        if results.excess is not None:
            await self._cancel_batches()
            raise results.excess

        is_first_attempt = lines and not any(line.retries for line in lines)
        is_of_use = results.is_of_use or results.has_refused_field or others
        if status.id and is_first_attempt and not is_of_use:
            raise ServiceRefused(
                f"{SERVICE}: the batch {status.id} is {status.state} and has no answer"
                + (f' (it says "{results.problem}")' if results.problem else "")
                + ": `tidings retry` asks again, without --batch the model is asked at once",
                service=SERVICE,
            )

    async def _read_files(
        self, batch: Row[Any], status: BatchStatus, results: _BatchResults
    ) -> None:
        """Store the answers of a batch's files, when it is known what all of them tell of a line.

        Lines of one id may be far from each other, and each may have been billed.
        """
        with ExitStack() as stack:
            files = [stack.enter_context(TemporaryFile()) for _ in status.files]
            for file_name, file in zip(status.files, files, strict=True):
                await self._client.download(file_name, file, batch.tokens)
                await asyncio.to_thread(self._look_through, batch, file, results)

            for file in files:
                lines = self._read_lines(file)
                while part := list(islice(lines, STORED_TOGETHER)):
                    await self._store(batch, self._read_part(batch, part, results))

    def _read_lines(self, file: IO[bytes]) -> Iterator[LineResult]:
        file.seek(0)
        return read_lines(file, self._client.client.all_secrets)

    def _look_through(self, batch: Row[Any], file: IO[bytes], results: _BatchResults) -> None:
        """Note what a file tells of each open line, and what it took at the most."""
        price = parse_price(batch.price).of_batches
        for result in self._read_lines(file):
            line = results.lines.get(result.custom_id)
            if line is None:
                continue

            told = results.told.setdefault(result.custom_id, _Told())
            told.unread += 1
            if result.is_unbilled:
                continue

            tokens = read_tokens(result.body) if result.is_answer else None
            usage = usage_of(tokens, price)
            if not told.is_paid or _is_more(usage, told.usage, line):
                told.usage = usage

            told.is_paid = True
            excess = find_excess(tokens, line.size, line.tokens - line.size, service=SERVICE)
            results.excess = results.excess or excess
            results.has_answers |= result.is_answer and read_completion(result.body) is not None

    def _read_part(
        self, batch: Row[Any], part: Sequence[LineResult], results: _BatchResults
    ) -> dict[bytes, LineAnswer]:
        """Return the answers of some lines; what a batch says is noted in *results*.

        Of several results of a line the first with codes is its answer, without any the last one.
        """
        answers: dict[bytes, LineAnswer] = {}
        for result in part:
            results.problem = results.problem or result.problem
            line = results.lines.get(result.custom_id)
            if line is None:
                results.other_ids.add(result.custom_id)
                continue
            if result.custom_id in results.seen_ids:
                continue

            told = results.told[result.custom_id]
            told.unread -= 1
            answer = self._read_answer(batch, line, result, results)
            has_codes = answer.stored is not None and answer.is_completion and answer.is_final
            if has_codes or not told.unread:
                results.seen_ids.add(result.custom_id)
                results.is_of_use |= answer.stored is not None or told.is_paid
                answers[bytes(line.key)] = _charge_told(answer, told)

        return answers

    def _read_answer(
        self, batch: Row[Any], line: Row[Any], result: LineResult, results: _BatchResults
    ) -> LineAnswer:
        """Return the answer of a line; what is no completion is asked again if it was paid."""
        results.has_refused_field |= self._model.leave_out_refused_field(
            result.status, result.body, batch.left_out.split()
        )
        if result.is_too_long and results.has_answers:
            return LineAnswer(stored=TOO_LONG, is_completion=False, usage=NOTHING_USED)
        if result.is_unbilled:
            return LineAnswer(stored=None)
        if result.is_filtered:
            return LineAnswer(stored=FILTERED, is_completion=False)

        completion = read_completion(result.body) if result.is_answer else None
        if completion is None:
            return _no_completion(None)

        stored = completion_to_json(completion)
        # Nobody knows whether an answer gives codes if its text is not known any more.
        request = self._requests.get(bytes(line.key))
        # No expectation is learned from more tokens than a request can take.
        tokens = completion.tokens if results.excess is None else None
        return LineAnswer(
            stored=json.dumps(stored, ensure_ascii=False),
            is_final=request is None or request.find_problem(stored) is None,
            use=_describe_use(batch, line, completion, tokens),
        )

    async def _find_settled(self, custom_ids: Collection[str]) -> int:
        """Return how many of the ids of no open line a killed process has settled."""
        keys = _read_keys(custom_ids)
        settled = await self._job.read(stored_keys, keys)
        return len(settled.union(await self._job.read(find_batched, keys)))

    async def _cancel_batches(self) -> None:
        """Cancel the open batches of the run, as far as the server takes that."""
        for batch in await self._job.read(list_created, self._job.claim.run_id):
            with suppress(ServiceError):
                await self._client.cancel(batch)

    async def _store(self, batch: Row[Any], answers: dict[bytes, LineAnswer]) -> None:
        def store() -> None:
            with self._job.db.write() as connection:
                settle_lines(
                    connection,
                    self._job.db,
                    batch,
                    answers,
                    claim=self._job.claim,
                    most_retries=RETRIES,
                    service=SERVICE,
                    credential=self._credential,
                )

        if answers:
            await self._job.in_database_thread(store)


def _answer_missing(lines: Sequence[Row[Any]], lost: int) -> dict[bytes, LineAnswer]:
    """Return what becomes of *lines* without a result, so many of which the server has billed.

    Nobody knows which these are: the dearest are charged, and each has had an attempt.
    """
    if not lost:
        return {bytes(line.key): LineAnswer(stored=None) for line in lines}

    return {
        bytes(line.key): _no_completion(None if number < lost else NOTHING_USED)
        for number, line in enumerate(lines)
    }


def _no_completion(usage: Usage | None) -> LineAnswer:
    """Return what becomes of a line that was paid, and has no completion."""
    return LineAnswer(stored=NO_COMPLETION, is_completion=False, is_final=False, usage=usage)


def _charge_told(answer: LineAnswer, told: _Told) -> LineAnswer:
    """Return the answer of a line that costs the most which one of its results tells."""
    if not told.is_paid:
        return answer
    if answer.stored is None:
        return _no_completion(told.usage)

    return replace(answer, usage=told.usage)


def _is_more(usage: Usage | None, other: Usage | None, line: Row[Any]) -> bool:
    """Return whether *usage* is charged more than the *other*; None is charged at the bound."""

    def charge(charged: Usage | None) -> tuple[int, int]:
        if charged is None:
            return line.cost, line.tokens

        return charged.cost, charged.tokens_in + charged.tokens_out

    return charge(usage) > charge(other)


def _describe_use(
    batch: Row[Any], line: Row[Any], completion: Completion, tokens: Tokens | None
) -> ModelUse:
    return ModelUse(
        coder=batch.coder,
        prompt=line.prompt,
        size=line.size,
        tokens=tokens,
        model=completion.model or batch.coder.partition(":")[2],
        fingerprint=completion.fingerprint,
        price=batch.price,
    )


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
