"""What calls with weights are charged with: a bound before the call, what was used after it.

A process that is killed in between leaves the bound charged, so that a limit which is rebuilt from
the table of calls counts what the service may have counted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, select

from core.ratelimit.notation import LimitUnit, Weights
from models.answers import CallCounts, add_calls
from models.database import Database, clock_minute


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The tokens of one answer, as the service reports them, and its cost in micro-units."""

    tokens_in: int
    tokens_out: int
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    cost: int


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A call that was charged before it is made; `settle_call` ends it."""

    run_id: int
    service: str
    credential: str
    operation: str
    minute: int
    weights: Weights


def charge_call(
    db: Database,
    connection: Connection,
    run_id: int,
    weights: Weights,
    *,
    service: str,
    credential: str,
    operation: str,
) -> Charge:
    """Charge a call with the *weights* that are reserved for it. Commit before it is made."""
    minute = connection.execute(select(clock_minute())).scalar_one()
    charge = Charge(
        run_id=run_id,
        service=service,
        credential=credential,
        operation=operation,
        minute=minute,
        weights=weights,
    )
    add_calls(connection, db, [_call_row(charge, minute, _charges(weights))])
    return charge


def settle_call(
    db: Database,
    connection: Connection,
    charge: Charge,
    usage: Usage | None,
    *,
    retries: int = 0,
    seconds: float = 0.0,
) -> None:
    """Replace a charge by *usage*, in the minute of the answer; None if no answer told any.

    Do so in the transaction that stores the answer. A call without an answer stays charged with its
    bound, in the minute in which it was given up.
    """
    this_minute = connection.execute(select(clock_minute())).scalar_one()
    released = _charges(charge.weights)
    for column, amount in released.items():
        released[column] = -amount

    counts = _charges(charge.weights)
    if usage is not None:
        counts |= asdict(usage)
        counts["charged_tokens"] = usage.tokens_in + usage.tokens_out
        counts["charged_cost"] = usage.cost
    counts |= {"retries": retries, "seconds": seconds}

    # Two rows of one key in one statement are an error in PostgreSQL.
    add_calls(connection, db, [_call_row(charge, charge.minute, released)])
    add_calls(connection, db, [_call_row(charge, this_minute, counts)])


def _charges(weights: Weights) -> dict[str, Any]:
    return {
        "calls": 1,
        "charged_tokens": weights.get(LimitUnit.TOKENS, 0),
        "charged_cost": weights.get(LimitUnit.COST, 0),
    }


def _call_row(charge: Charge, minute: int, counts: dict[str, Any]) -> dict[str, Any]:
    call_key = {
        "run_id": charge.run_id,
        "service": charge.service,
        "credential": charge.credential,
        "operation": charge.operation,
        "minute": minute,
    }
    return {**vars(CallCounts()), **call_key, **counts}
