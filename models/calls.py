"""What calls with weights are charged with: a bound before the call, what was used after it.

A process that is killed in between leaves the bound charged, so that a limit which is rebuilt from
the table of calls counts what the service may have counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from operator import itemgetter
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
    rows = CallRows()
    rows.add(charge, minute, charge_counts(charge))
    rows.store(connection, db)
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
    rows = CallRows()
    rows.add(charge, charge.minute, released_counts(charge))
    counts = settled_counts(charge, usage) | {"retries": retries, "seconds": seconds}
    rows.add(charge, this_minute, counts)
    rows.store(connection, db)


def charge_counts(charge: Charge) -> dict[str, Any]:
    """Return what a call is counted with before it is made."""
    return {
        "calls": 1,
        "charged_tokens": charge.weights.get(LimitUnit.TOKENS, 0),
        "charged_cost": charge.weights.get(LimitUnit.COST, 0),
    }


def released_counts(charge: Charge) -> dict[str, Any]:
    """Return what takes back `charge_counts`."""
    return {column: -amount for column, amount in charge_counts(charge).items()}


def settled_counts(charge: Charge, usage: Usage | None) -> dict[str, Any]:
    """Return what a call is counted with when it has ended; *usage* is None if nobody knows."""
    counts = charge_counts(charge)
    if usage is not None:
        counts |= asdict(usage)
        counts["charged_tokens"] = usage.tokens_in + usage.tokens_out
        counts["charged_cost"] = usage.cost
    return counts


class CallRows:
    """Counts of calls that one statement adds: two rows of one key would be an error in it."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Any, ...], dict[str, Any]] = {}

    def add(self, charge: Charge, minute: int, counts: Mapping[str, Any]) -> None:
        """Add *counts* to those of a call's key and a minute."""
        key = (charge.run_id, charge.service, charge.credential, charge.operation, minute)
        sums = self._counts.setdefault(key, dict(vars(CallCounts())))
        for column, amount in counts.items():
            if amount is not None:
                sums[column] = (sums[column] or 0) + amount

    def store(self, connection: Connection, db: Database) -> None:
        """Add all counts to those that are stored, in the order of their keys."""
        columns = ("run_id", "service", "credential", "operation", "minute")
        call_rows = [
            {**dict(zip(columns, key, strict=True)), **counts}
            for key, counts in sorted(self._counts.items(), key=itemgetter(0))
        ]
        add_calls(connection, db, call_rows)
