"""Who pays for runs: persons and purses, what they are charged, and their caps.

A run charges its person and its purse in the transaction that charges the run. Such a transaction
locks its runs by number, then their payers by kind and name, and all other rows after them: two of
them take turns, and cannot wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from shlex import quote
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Text, and_, bindparam, select, update

from core.enums import ActKind, PayerKind
from core.errors import UsageError
from core.prices import Money
from models.acts import record_act
from models.bulk import store_row
from models.database import Database, insert_new
from models.tables import ForgottenRun, Payer


class PayerKey(NamedTuple):
    """A person or a purse, in the currency of its runs."""

    kind: PayerKind
    name: str
    currency: str


@dataclass
class CostCap:
    """The cap on costs of a run, or of a *payer*, and what was charged of it."""

    max_cost: int | None
    cost_charged: int
    payer: PayerKey | None = None

    @property
    def left(self) -> int | None:
        """What the cap leaves; None without a cap."""
        return None if self.max_cost is None else self.max_cost - self.cost_charged


_IS_PAYER = and_(
    Payer.kind == bindparam("payer_kind", type_=Text),
    Payer.name == bindparam("payer_name", type_=Text),
    Payer.currency == bindparam("payer_currency", type_=Text),
)
_IS_PURSE = Payer.kind == PayerKind.PURSE
_PAYER = select(Payer.max_cost, Payer.cost_charged).where(_IS_PAYER)
_LOCKED = _PAYER.with_for_update()
_CHARGE = (
    update(Payer)
    .where(_IS_PAYER)
    .values(cost_charged=Payer.cost_charged + bindparam("cost", type_=BigInteger))
)
_FORGOTTEN = select(ForgottenRun.person, ForgottenRun.purse, ForgottenRun.currency).where(
    ForgottenRun.number == bindparam("run")
)


def payers_of(run: Any) -> list[PayerKey]:
    """Return who pays for a run, in the order of locks; its row has person, purse and currency.

    Nobody pays for a run whose model costs nothing, and for none.
    """
    if run is None or run.currency is None:
        return []

    names = {PayerKind.PERSON: run.person, PayerKind.PURSE: run.purse}
    return [PayerKey(kind, name, run.currency) for kind, name in names.items() if name is not None]


def payers_of_forgotten(connection: Connection, run_id: int) -> list[PayerKey]:
    """Return who pays for a run that was forgotten while calls of it were charged."""
    return payers_of(connection.execute(_FORGOTTEN, {"run": run_id}).one_or_none())


def read_caps(
    connection: Connection, keys: Iterable[PayerKey], *, is_locking: bool = False
) -> dict[PayerKey, CostCap]:
    """Return the caps of those payers that are stored; *is_locking* locks their rows, in order."""
    caps = {}
    for key in sorted(set(keys)):
        payer = connection.execute(_LOCKED if is_locking else _PAYER, _parameters(key))
        for max_cost, cost_charged in payer:
            caps[key] = CostCap(max_cost, cost_charged, key)

    return caps


def charge_payers(connection: Connection, keys: Iterable[PayerKey], cost: int) -> None:
    """Add to what payers are charged; what they get back is negative."""
    for key in keys:
        connection.execute(_CHARGE, {**_parameters(key), "cost": cost})


def _parameters(key: PayerKey) -> dict[str, str]:
    return dict(zip(("payer_kind", "payer_name", "payer_currency"), key, strict=True))


def add_payers(
    connection: Connection,
    db: Database,
    person: str | None,
    purse: str | None,
    currency: str | None,
) -> None:
    """Let the payers of a new run be charged in its *currency*, None if it costs nothing.

    Raises `UsageError` if there is no such purse.
    """
    if person is not None and currency is not None:
        payer = {"kind": PayerKind.PERSON, "name": person, "currency": currency}
        connection.execute(insert_new(Payer, is_sqlite=db.is_sqlite), payer)
    if purse is not None:
        check_purse(connection, purse, currency)


def check_purse(connection: Connection, purse: str, currency: str | None) -> None:
    """Raise `UsageError` if there is no such purse in the *currency*, or in any if it is None."""
    purses = select(Payer.currency).where(_IS_PURSE, Payer.name == purse)
    currencies = connection.scalars(purses.order_by(Payer.currency)).all()
    if currency not in (None, *currencies) or not currencies:
        problem = f"it is in {', '.join(currencies)}" if currencies else "there is none yet"
        command = describe_capping(PayerKey(PayerKind.PURSE, purse, currency or "USD"), "50")
        raise UsageError(f"--purse {purse}: {problem}; {command} makes one")


def describe_capping(payer: PayerKey, amount: str = "N") -> str:
    """Return the command that sets the cap of a payer."""
    return f"`tidings costs --{payer.kind} {quote(payer.name)} --cap {amount}{payer.currency}`"


def cap_payer(db: Database, kind: PayerKind, name: str, cap: Money, *, person: str | None) -> None:
    """Set the cap of a person or a purse, which is made if there is none; *person* does it.

    A cap below what was charged already lets no further call be made.
    """
    key = {"kind": kind, "name": name, "currency": cap.currency}
    with db.write() as connection:
        store_row(connection, db, Payer, key, {"max_cost": cap.micro})
        record_act(connection, ActKind.CAP, f"{kind} {name}", person=person, details=str(cap))


def read_cost_left(connection: Connection, run: Any) -> int | None:
    """Return how much the caps of a run and its payers leave at least; None without a cap."""
    caps = [
        *read_caps(connection, payers_of(run)).values(),
        CostCap(run.max_cost, run.cost_charged),
    ]
    return min((cap.left for cap in caps if cap.left is not None), default=None)


def read_purse_shares(connection: Connection, most: int) -> dict[str, float]:
    """Return the share of its cap that each purse has left, of up to *most*.

    Of a purse in several currencies it is the least.
    """
    shares: dict[str, float] = {}
    purses = select(Payer.name, Payer.max_cost, Payer.cost_charged)
    purses = purses.where(_IS_PURSE, Payer.max_cost > 0)
    for name, max_cost, charged in connection.execute(purses.order_by(Payer.name).limit(most)):
        shares[name] = min(shares.get(name, 1.0), max(0.0, 1 - charged / (max_cost or 1)))

    return shares
