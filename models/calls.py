"""What calls with weights are charged with: a bound before the call, what was used after it.

A process that is killed in between leaves the bound charged, so that a limit which is rebuilt from
the table of calls counts what the service may have counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from core.prices import Price, Tokens
from core.ratelimit.notation import LimitedResource, Weights
from models.answers import CallCounts, add_calls
from models.database import Database


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The tokens of one answer, as the service reports them, and its cost in micro-units."""

    tokens_in: int
    tokens_out: int
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    cost: int


# What a call took that was answered without work.
NOTHING_USED = Usage(tokens_in=0, tokens_out=0, cost=0)


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A call that was charged before it is made."""

    run_id: int
    service: str
    credential: str
    operation: str
    minute: int
    weights: Weights


def usage_of(tokens: Tokens | None, price: Price) -> Usage | None:
    """Return what an answer used at a price; None if it does not tell its tokens."""
    if tokens is None:
        return None

    return Usage(
        tokens_in=tokens.prompt,
        tokens_out=tokens.completion,
        tokens_cached=tokens.cached,
        tokens_reasoning=tokens.reasoning,
        cost=price.cost(tokens),
    )


def charge_counts(charge: Charge) -> dict[str, Any]:
    """Return what a call is counted with before it is made."""
    return {
        "calls": 1,
        "charged_tokens": charge.weights.get(LimitedResource.TOKENS, 0),
        "charged_cost": charge.weights.get(LimitedResource.COST, 0),
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
