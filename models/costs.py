"""What language models cost a run: reserved before each call, settled after it.

Amounts are whole millionths of the run's currency. A call is charged its bound before it is made,
and what it took when its answer is stored: whatever happens in between, the run has been charged
what the bill can be at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from core.prices import Tokens
from core.ratelimit.notation import LimitUnit
from models.calls import Charge, Usage, charge_call, settle_call
from models.database import Database, clock, upsert
from models.tables import Run
from models.tables.language_models import ModelConsent, PromptUse, RunModel


@dataclass(frozen=True, kw_only=True)
class ModelUse:
    """An answer of a language model: who gave it, and the tokens that it took.

    *size* is the most tokens that its prompt could have.
    """

    coder: str
    prompt: str
    size: int
    tokens: Tokens | None
    model: str
    fingerprint: str
    price: str


@dataclass(frozen=True, kw_only=True)
class CallBound:
    """The most that a call of a run can take."""

    run_id: int
    service: str
    credential: str
    operation: str
    tokens: int
    cost: int


@dataclass(frozen=True)
class CapOfRun:
    """The caps of a run that leave no room for a call."""

    max_calls: int | None
    max_cost: int | None
    are_calls_left: bool


def charge_calls(db: Database, bounds: Sequence[CallBound]) -> list[Charge | CapOfRun]:
    """Charge runs for calls that are about to be made, each with its bound.

    A call that would exceed a cap of its run is charged nothing.
    """
    charges: list[Charge | CapOfRun] = []
    with db.write() as connection:
        for bound in bounds:
            charges.append(_charge(db, connection, bound))
    return charges


def _charge(db: Database, connection: Connection, bound: CallBound) -> Charge | CapOfRun:
    charged = Run.cost_charged + bound.cost
    are_below_caps = (
        or_(Run.max_calls.is_(None), Run.calls_begun < Run.max_calls),
        or_(Run.max_cost.is_(None), charged <= Run.max_cost),
    )
    reservation = update(Run).where(Run.id == bound.run_id, *are_below_caps)
    values = {"calls_begun": Run.calls_begun + 1, "cost_charged": charged}
    if not connection.execute(reservation.values(values)).rowcount:
        columns = (Run.calls_begun, Run.max_calls, Run.max_cost)
        run = connection.execute(select(*columns).where(Run.id == bound.run_id)).one()
        are_calls_left = run.max_calls is None or run.calls_begun < run.max_calls
        return CapOfRun(run.max_calls, run.max_cost, are_calls_left)

    return charge_call(
        db,
        connection,
        bound.run_id,
        {LimitUnit.TOKENS: bound.tokens, LimitUnit.COST: bound.cost},
        service=bound.service,
        credential=bound.credential,
        operation=bound.operation,
    )


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What a charged call took; *usage* is None if nobody knows: it stays charged at its bound."""

    charge: Charge
    usage: Usage | None
    is_retry: bool
    seconds: float


def settle(connection: Connection, db: Database, settlement: Settlement) -> None:
    """Replace the charge of a call by what it took, for the run and in the table of calls.

    The run's row comes first, so that transactions that settle calls of one run take turns.
    """
    charge, usage = settlement.charge, settlement.usage
    change = 0 if usage is None else usage.cost - charge.weights[LimitUnit.COST]
    settled = update(Run).where(Run.id == charge.run_id)
    connection.execute(settled.values(cost_charged=Run.cost_charged + change))
    settle_call(
        db,
        connection,
        charge,
        usage,
        retries=int(settlement.is_retry),
        seconds=settlement.seconds,
    )


def note_use(connection: Connection, db: Database, run_id: int, use: ModelUse) -> None:
    """Record which model answered a run, and what the answer took."""
    now = clock()
    model_row: dict[str, Any] = {
        "run_id": run_id,
        "model": use.model,
        "fingerprint": use.fingerprint,
        "price": use.price,
    }
    insert = db.upsert(RunModel).values(**model_row, answers=1, began_at=now, seen_at=now)
    changes = {"answers": RunModel.answers + 1, "seen_at": now}
    connection.execute(insert.on_conflict_do_update(index_elements=list(model_row), set_=changes))
    if use.tokens is not None:
        _add_sums(connection, db, use, use.tokens)


def _add_sums(connection: Connection, db: Database, use: ModelUse, tokens: Tokens) -> None:
    sums = {
        "answers": 1,
        "sizes": use.size,
        "sizes_squared": use.size**2,
        "tokens": tokens.prompt,
        "tokens_squared": tokens.prompt**2,
        "sizes_by_tokens": use.size * tokens.prompt,
        "completions": tokens.completion,
        "completions_squared": tokens.completion**2,
    }
    insert = upsert(PromptUse, is_sqlite=db.is_sqlite)
    added = {name: getattr(PromptUse, name) + insert.excluded[name] for name in sums}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["coder", "prompt"], set_=added),
        {"coder": use.coder, "prompt": use.prompt, **sums},
    )


def read_prompt_uses(connection: Connection, coder: str) -> list[Any]:
    """Return what answers of a coder took, by prompt."""
    uses = select(PromptUse.__table__).where(PromptUse.coder == coder)
    return list(connection.execute(uses.order_by(PromptUse.prompt)))


def models_of(connection: Connection, run_id: int) -> list[Any]:
    """Return the models that answered a run, in the order of their first answers."""
    answering = select(RunModel.__table__).where(RunModel.run_id == run_id)
    return list(connection.execute(answering.order_by(RunModel.began_at, RunModel.fingerprint)))


def count_answers(connection: Connection, run_id: int) -> int:
    """Return how many answers of models a run has got."""
    answers = select(func.coalesce(func.sum(RunModel.answers), 0)).where(RunModel.run_id == run_id)
    return int(connection.scalar(answers) or 0)


def has_consent(connection: Connection, server: str) -> bool:
    """Return whether a person has agreed to send texts to *server*."""
    agreed = select(ModelConsent.server).where(ModelConsent.server == server)
    return connection.scalar(agreed) is not None


def note_consent(db: Database, server: str) -> None:
    """Record that a person agrees to send texts to *server*."""
    consent = db.upsert(ModelConsent).values(server=server, at=clock())
    with db.write() as connection:
        connection.execute(consent.on_conflict_do_nothing())
