"""Calls of a language model, each charged before it is made and settled after it."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from analysis.codebooks.model_requests import ModelRequest
from core.errors import BoundExceeded, ServiceError, ServiceRefused
from core.logs import get_logger
from core.metrics import take_waited
from core.prices import format_money, parse_price
from core.ratelimit.limiter import SEND_WITHIN_SECONDS
from language_models.chat import find_excess
from language_models.client import was_surely_not_billed
from language_models.completion import OPERATION, SERVICE, read_completion, read_tokens
from models.calls import NOTHING_USED, Charge, Usage, usage_of
from models.costs import CallBound, ModelUse, Settlement
from workers.answer_writer import AnswerWriter
from workers.context import JobContext
from workers.ledger_fetcher import BeforeAttempt

log = get_logger(__name__)


@dataclass
class _Spent:
    """What the calls of a slice have taken, bounds of those without an answer among it."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: int = 0


@dataclass
class _ModelCall:
    """An attempt from its charge to its settlement."""

    bound: CallBound
    attempt: int
    charge: Charge | None = None
    sent_at: float | None = None


class ChargedCalls:
    """Makes the calls of a job.

    A call is charged to the run, with the most that it can take, before it is sent. A charge whose
    call was not sent is given back. The charge of one that was sent is settled: what the call took
    stands in its place from the transaction that stores the answer. A call without an answer stays
    charged, unless it surely was not billed. After a settlement the run is released: calls that
    wait for room in its cap are tried again.
    """

    def __init__(self, job: JobContext, coder: str, credential: str, writer: AnswerWriter) -> None:
        """Ask the model of *coder*; the *writer* stores the answers."""
        runtime = job.runtime
        self._run_id = job.claim.run_id
        self._coder = coder
        self._credential = credential
        self._writer = writer
        self._client = runtime.model
        self._slots = runtime.model_slots
        self._budget = runtime.budget
        self._price_text = runtime.settings.model_price
        self._price = parse_price(self._price_text)
        self._spent = _Spent()

    def log_spent(self) -> None:
        """Log what the calls have taken."""
        spent = self._spent
        if spent.calls:
            log.info(
                "model asked",
                calls=spent.calls,
                tokens_in=spent.tokens_in,
                tokens_out=spent.tokens_out,
                cost=format_money(spent.cost, self._price.currency),
            )

    def release(self) -> None:
        """Let calls that wait for room in a cap be tried again."""
        self._budget.release(self._run_id)

    async def exchange(
        self, request: ModelRequest, number: int, before_attempt: BeforeAttempt
    ) -> Any:
        """Return the JSON of a reply; a server that refuses a field is asked at once without it."""
        while True:
            refused_before = self._client.refused_fields
            try:
                return await self._exchange_once(request, number, before_attempt)
            except ServiceRefused as error:
                if not self._client.leave_out_refused_field(
                    error.status, error.body, refused_before
                ):
                    raise

    async def _exchange_once(
        self, request: ModelRequest, number: int, before_attempt: BeforeAttempt
    ) -> Any:
        """Return the JSON of a reply, and charge what it took with the next batch of answers.

        A call is charged before it has one of the slots of calls in flight, and the slot is free
        when the reply came: the model waits for no transaction. The caller releases the run after
        an answered call.
        """
        call = _ModelCall(self._bound_of(request), number)
        slot = AsyncExitStack()

        async def before() -> None:
            call.charge = await self._budget.charge(call.bound, self._price.currency)
            charged_at = time.monotonic()
            await slot.enter_async_context(self._slots)
            if time.monotonic() - charged_at > SEND_WITHIN_SECONDS:
                await self._charge_again(call)

            await before_attempt(OPERATION, number)
            call.sent_at = time.monotonic()

        has_reply = False
        try:
            async with slot:
                reply = await self._client.complete(
                    request.chat, request.model, self._price, before
                )

            has_reply = True
        except ServiceError as error:
            self._settle(call, NOTHING_USED if was_surely_not_billed(error) else None)
            raise
        finally:
            if not has_reply:
                await self._abandon(call)

        self._settle(call, usage_of(read_tokens(reply), self._price))
        return reply

    def _bound_of(self, request: ModelRequest) -> CallBound:
        return CallBound(
            run_id=self._run_id,
            service=SERVICE,
            credential=self._credential,
            operation=OPERATION,
            tokens=request.chat.most_tokens,
            cost=request.chat.most_cost(self._price),
        )

    async def _charge_again(self, call: _ModelCall) -> None:
        """Move the charge of a call that waited long for its slot to the minute of the call.

        A limit that Redis lost is rebuilt from the charges by their minutes.
        """
        early_charge, call.charge = call.charge, None
        assert early_charge is not None  # noqa: S101 - a call has a charge before its slot
        await self._budget.give_back(early_charge)
        call.charge = await self._budget.charge(call.bound, self._price.currency)

    def _settle(self, call: _ModelCall, usage: Usage | None) -> None:
        """Settle a call that was sent, with the next batch; without a *usage* it stays charged."""
        if call.charge is None or call.sent_at is None:
            return

        self._count_spent(usage, call.bound)
        settlement = Settlement(
            charge=call.charge,
            usage=usage,
            is_retry=call.attempt > 1,
            seconds=time.monotonic() - call.sent_at,
            waited=take_waited(),
        )
        self._writer.model_calls().settlements.append(settlement)

    async def _abandon(self, call: _ModelCall) -> None:
        """Give back the charge of a call that was not sent, or store the settlement of one."""
        if call.charge is None:
            return

        if call.sent_at is None:
            await self._budget.give_back(call.charge)
        else:
            await self._writer.flush()
            self.release()

    def _count_spent(self, usage: Usage | None, bound: CallBound) -> None:
        self._spent.calls += 1
        self._spent.cost += bound.cost if usage is None else usage.cost
        if usage is not None:
            self._spent.tokens_in += usage.tokens_in
            self._spent.tokens_out += usage.tokens_out

    def note_use(self, request: ModelRequest, reply: Any) -> None:
        """Record with the next batch who answered, and what it took."""
        completion = read_completion(reply)
        if completion is None:
            return

        # No expectation is learned from more tokens than a request can take.
        excess = find_excess_of(request, reply)
        use = ModelUse(
            coder=self._coder,
            prompt=request.prompt.hash,
            size=request.chat.prompt_bound,
            tokens=completion.tokens if excess is None else None,
            model=completion.model or request.model,
            fingerprint=completion.fingerprint,
            price=self._price_text,
        )
        self._writer.model_calls().uses.append(use)


def find_excess_of(request: ModelRequest, reply: Any) -> BoundExceeded | None:
    """Return the error of a reply that took more tokens than its request could, if it did."""
    chat = request.chat
    return find_excess(read_tokens(reply), chat.prompt_bound, chat.max_tokens, service=SERVICE)
