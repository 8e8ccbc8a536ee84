"""What runs cost, by person, purse, month and model: sums over the table of calls.

The charge of a call stands there from the transaction that charges the run and its payers, and the
calls of a forgotten run stay. Lines of open batches are charged, and become calls when they are
settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import Connection, func, literal, select, union_all

from core.enums import MODEL
from core.prices import MICRO
from models.tables import BatchLine, Call, ForgottenRun, ModelBatch, Payer, Run

_MINUTES_A_DAY = 1440
_SECONDS_A_DAY = 86_400

Name = Annotated[str | None, "Null for runs of before there were persons and purses, or without."]


@dataclass
class Bill:
    """What calls of a service took in a month."""

    month: Annotated[str, "`YYYY-MM`, UTC."]
    person: Name
    purse: Name
    service: Annotated[str, "`textapi`, `model`, or a service that documents come from."]
    model: Annotated[str | None, "Null if the service is no language model."]
    currency: Annotated[str | None, "Null if its calls cost nothing."]
    calls: Annotated[int, "Calls made; lines of batches when they are settled."] = 0
    answers_reused: Annotated[int, "Answers that were stored already, and cost nothing."] = 0
    cost: Annotated[float, "What the answers cost, in the currency."] = 0.0
    charged: Annotated[float, "That, and the bounds of calls and lines without an answer."] = 0.0


@dataclass(frozen=True)
class PayerListing:
    """A person or a purse."""

    kind: Annotated[str, "`person` or `purse`."]
    name: Annotated[str, "Its name."]
    currency: Annotated[str, "As EUR."]
    charged: Annotated[float, "In the currency; a call without an answer at most."]
    cap: Annotated[float | None, "Cap on it."]
    left: Annotated[float | None, "What the cap leaves; null without a cap."]


@dataclass(frozen=True)
class CostListing:
    """Who pays, and for what; amounts are sums of whole millionths of their currency."""

    payers: list[PayerListing]
    bills: Annotated[list[Bill], "By month, person, purse, service and model."]


def read_costs(
    connection: Connection, person: str | None = None, purse: str | None = None
) -> CostListing:
    """Return who pays and for what, for one *person*, one *purse* or all."""
    chosen = {"person": person, "purse": purse}
    payers = [
        PayerListing(
            payer.kind,
            payer.name,
            payer.currency,
            payer.cost_charged / MICRO,
            None if payer.max_cost is None else payer.max_cost / MICRO,
            None if payer.max_cost is None else (payer.max_cost - payer.cost_charged) / MICRO,
        )
        for payer in connection.execute(select(Payer.__table__).order_by(*Payer.__table__.c[:3]))
        if not any(chosen.values()) or payer.name == chosen[payer.kind]
    ]
    bills = [
        bill
        for bill in _sum_bills(connection)
        if person in (None, bill.person) and purse in (None, bill.purse)
    ]
    return CostListing(payers, bills)


def _sum_bills(connection: Connection) -> list[Bill]:
    sums: dict[tuple[Any, ...], list[int]] = {}
    for key, amounts in _read_amounts(connection):
        total = sums.setdefault(key, [0, 0, 0, 0])
        sums[key] = [left + right for left, right in zip(total, amounts, strict=True)]

    bills = []
    for key, (calls, answers_reused, cost, charged) in sums.items():
        if any(sums[key]):
            bill = Bill(*key)
            bill.calls, bill.answers_reused = calls, answers_reused
            bill.cost, bill.charged = cost / MICRO, charged / MICRO
            bills.append(bill)

    def order(bill: Bill) -> tuple[str, ...]:
        return bill.month, bill.person or "", bill.purse or "", bill.service, bill.model or ""

    return sorted(bills, key=order)


def _read_amounts(connection: Connection) -> Iterator[tuple[tuple[Any, ...], list[int]]]:
    """Yield keys of bills with calls, reused answers, cost and charge, days and batches apart."""
    stored = select(
        Run.id.label("number"),
        *(Run.person, Run.purse, Run.currency),
        Run.parameters["coder"].as_string().label("coder"),
    )
    forgotten = select(
        *(ForgottenRun.number, ForgottenRun.person, ForgottenRun.purse, ForgottenRun.currency),
        ForgottenRun.coder,
    )
    runs = union_all(stored, forgotten).subquery()
    payers = (runs.c.person, runs.c.purse, runs.c.currency, runs.c.coder)
    amounts = (Call.calls, Call.answers_reused, Call.cost, Call.charged_cost)
    keys = (*payers, Call.service, (Call.minute // _MINUTES_A_DAY).label("day"))
    calls = (
        select(*keys, *(func.sum(amount).label(amount.key) for amount in amounts))
        .outerjoin(runs, runs.c.number == Call.run_id)
        .group_by(*keys)
    )
    for row in connection.execute(calls):
        counts = [int(getattr(row, amount.key) or 0) for amount in amounts]
        yield _key(row, row.day * _SECONDS_A_DAY, is_model=row.charged_cost is not None), counts

    lines = (
        select(
            *payers,
            literal("model").label("service"),
            ModelBatch.intended_at,
            func.sum(BatchLine.cost).label("charged"),
        )
        .join(BatchLine, BatchLine.uuid == ModelBatch.uuid)
        .outerjoin(runs, runs.c.number == ModelBatch.charged_run)
        .group_by(ModelBatch.uuid, ModelBatch.intended_at, *payers)
    )
    for row in connection.execute(lines):
        yield _key(row, row.intended_at, is_model=True), [0, 0, 0, int(row.charged)]


def _key(row: Any, moment: float, *, is_model: bool) -> tuple[Any, ...]:
    """Return what a `Bill` is about."""
    month = f"{datetime.fromtimestamp(moment, UTC):%Y-%m}"
    model = (row.coder or "").removeprefix(MODEL) or None
    own = (model, row.currency) if is_model else (None, None)
    return month, row.person, row.purse, row.service, *own
