"""Answers of language models through the ledger, and what each attempt costs the run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from types import TracebackType
from typing import Any

from analysis.codebooks.model_answers import FILTERED, NO_COMPLETION, TOO_LONG
from analysis.codebooks.model_requests import RETRIES, ModelRequest, UnusableAnswer
from core.errors import (
    AnswersPending,
    BoundExceeded,
    ContentRefused,
    ServiceBadAnswer,
    ServiceError,
    ServiceRefused,
    SettingsError,
)
from core.prices import parse_price
from core.ratelimit import credential_of
from language_models.client import (
    leaves_machine,
    name_consent,
    name_server,
)
from language_models.completion import OPERATION, SERVICE
from language_models.refusals import is_too_long
from models.answers import stored_keys
from models.batches import find_batched, find_retried
from models.costs import (
    count_answers,
    has_consent,
)
from textapi.requests import AnswerKey
from workers.answer_claims import CallBounds, ClaimsLost
from workers.charged_calls import ChargedCalls, find_excess_of
from workers.context import JobContext
from workers.ledger_fetcher import BeforeAttempt, EndClaims, LedgerFetcher
from workers.model_batches import ModelBatches, describe_pending
from workers.runtime import most_open_calls


class ModelFetcher(LedgerFetcher):
    """Gets answers of a language model.

    `ChargedCalls` says what a call costs its run, and when.
    """

    def __init__(self, job: JobContext, coder: str, *, by_batches: bool) -> None:
        """Ask the model of *coder*, text by text or by batches."""
        runtime, settings = job.runtime, job.runtime.settings
        self._credential = credential_of(runtime.model_key)
        super().__init__(
            job,
            engine=coder,
            service=SERVICE,
            credential=self._credential,
            bounds=CallBounds(most_open_calls(settings.model_concurrency), settings.model_timeout),
            find_taken=find_batched,
        )
        self._client = runtime.model
        self._open_calls = runtime.open_model_calls
        self._calls = ChargedCalls(job, coder, self._credential, self._writer)
        # The texts that were too long when no other of the run was answered yet.
        self._postponed: set[bytes] = set()
        self._by_batches = by_batches
        self._batches = ModelBatches(job, coder, settings.model_price, self._credential)

    @property
    def languages(self) -> frozenset[str] | None:
        """None: models declare no languages."""
        return None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        self._calls.log_spent()

    async def check_settings(self, submitted_price: str) -> None:
        """Raise `SettingsError` if this worker's settings do not fit the run.

        A person must have agreed to send texts to its server, and its price must be in the currency
        of the *submitted_price*, in which the run is charged.
        """
        currency = parse_price(submitted_price).currency
        own_currency = parse_price(self.job.runtime.settings.model_price).currency
        if own_currency != currency:
            raise SettingsError(
                f"TIDINGS_MODEL_PRICE is in {own_currency or 'no currency'} here, and the "
                f"run was submitted with one in {currency or 'no currency'}: set it to such a "
                "price, or submit the run again"
            )

        url = self.job.runtime.settings.model_url or ""
        if leaves_machine(url) and not await self.job.read(has_consent, name_consent(url)):
            raise SettingsError(
                f"texts would leave this machine for {name_server(url)}, and nobody has agreed to "
                "that: submit such a run with this TIDINGS_MODEL_URL, which asks for it"
            )

    async def fetch(self, requests: Iterable[Any]) -> None:
        """See that every answer of *requests* is in the ledger.

        Raises `AnswersPending` while batches have some of them.
        """
        all_requests: list[ModelRequest] = list(requests)
        missing = await self._find_missing(all_requests)
        counts = self._writer.counts(OPERATION)
        counts.answers_reused += len(all_requests) - len(missing)
        if not missing:
            return

        # Without batches, each request is sent by itself.
        self._batches.know(all_requests)
        batched = await self._batches.find_batched([request.key for request in missing])
        if not self._by_batches and not batched:
            await super().fetch(missing)
            return

        # A batch that ends leaves answers, or requests that are open again.
        while await self._find_missing(all_requests):
            await self._advance_batches(all_requests)

    async def _find_missing(self, requests: Sequence[ModelRequest]) -> list[ModelRequest]:
        """Return the *requests* whose answers are missing, or are to be replaced by a retry."""
        keys = [request.key for request in requests]
        stored = await self.job.read(stored_keys, keys)
        stored -= await self.job.read(find_retried)
        return [request for request in requests if request.key not in stored]

    async def _advance_batches(self, requests: Sequence[ModelRequest]) -> None:
        """Send what no batch has, and bring the batches on.

        Raises `AnswersPending` unless one of them has ended or all answers are there.
        """
        await self._batches.advance()
        missing = await self._find_missing(requests)
        batched = await self._batches.find_batched([request.key for request in missing])
        open_requests = [request for request in missing if request.key not in batched]

        if not self._by_batches:
            await super().fetch(open_requests)
        elif open_requests:
            await self._batches.create(open_requests)

        pending = await self._batches.advance()
        if not self._batches.has_settled and await self._find_missing(requests):
            raise AnswersPending(
                describe_pending(pending),
                service=SERVICE,
                seconds=self.job.runtime.settings.model_batch_seconds,
            )

    async def send(
        self,
        request: ModelRequest,
        keys: Collection[AnswerKey],  # noqa: ARG002 - a request has one
        before_attempt: BeforeAttempt,
        after_failure: Callable[[ServiceError], None],
        end_claims: EndClaims,
    ) -> set[AnswerKey]:
        """Request the codes of a text and store the answer; return that no key is left open.

        An answer that gives no codes is asked for again, and kept where no attempt is better. That
        a filter refuses a text is kept at once, that it is too long where other texts of the run
        are answered. Raises what `ModelClient.complete` raises, `BoundExceeded` and `ClaimsLost`.
        """
        unusable: list[dict[AnswerKey, str]] = []

        async def attempt(number: int) -> None:
            try:
                async with self._open_calls:
                    reply = await self._calls.exchange(request, number, before_attempt)
                    is_settled = False
                    try:
                        answers = self._read_answers(request, reply, unusable)
                        # The transaction that stores the answer settles the call, too.
                        await self._store(request, answers, end_claims)
                        is_settled = True
                    finally:
                        # An answer that is asked for again has nothing to store.
                        if not is_settled:
                            await self._writer.flush()

                        self._calls.release()

                    if excess := find_excess_of(request, reply):
                        raise excess
            except ServiceError as error:
                after_failure(error)
                raise

        try:
            await self._client.retry(attempt)
        except BoundExceeded:
            raise
        except ServiceError as error:
            # No attempt was better than the last unusable answer.
            if unusable:
                await self._store(request, unusable[-1], end_claims)
            elif kept := await self._find_kept(request, error):
                await self._store(request, {request.key: kept}, end_claims)
            else:
                raise

        return set()

    async def _find_kept(self, request: ModelRequest, error: ServiceError) -> str | None:
        """Return what is kept of a text that has no answer; None if the *error* concerns all texts.

        A text that is too long when no other is answered is asked about once more after them:
        raises `ClaimsLost`. No more are postponed than are in flight at once, since every text may
        be too long for the server.
        """
        if isinstance(error, ContentRefused):
            return FILTERED
        if isinstance(error, ServiceBadAnswer):
            return NO_COMPLETION if await self._has_answers() else None
        if not isinstance(error, ServiceRefused) or not is_too_long(error.status, error.body):
            return None
        if await self._has_answers():
            return TOO_LONG

        is_postponed = request.key in self._postponed
        if is_postponed or len(self._postponed) >= self.bounds.most_in_flight:
            return None

        self._postponed.add(request.key)
        raise ClaimsLost

    async def _has_answers(self) -> bool:
        """Return whether the model has answered texts of the run: its address is right."""
        return await self.job.read(count_answers, self.job.claim.run_id) > 0

    async def reserve_call(
        self,
        operation: str,  # noqa: ARG002
        attempt: int,  # noqa: ARG002
    ) -> None:
        """Count nothing: `ChargedCalls` charges each call with its bound."""
        self.has_called.set()

    def _read_answers(
        self, request: ModelRequest, reply: Any, unusable: list[dict[AnswerKey, str]]
    ) -> dict[AnswerKey, str]:
        """Return the answer of a reply, also one without codes if no attempt may follow.

        Answers without codes are added to *unusable*. Raises `UnusableAnswer`, and `BoundExceeded`
        in its place.
        """
        self._calls.note_use(request, reply)
        try:
            return request.answers(reply, request.keys)
        except UnusableAnswer as error:
            if excess := find_excess_of(request, reply):
                raise excess from None

            unusable.append(error.answers)
            if len(unusable) <= RETRIES and not self.job.slice_is_over:
                raise

            return error.answers

    async def _store(
        self, request: ModelRequest, answers: dict[AnswerKey, str], end_claims: EndClaims
    ) -> None:
        await self._writer.store(request, answers, end_claims(set()))
        self.note_answer()
