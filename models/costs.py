"""What language models cost a run: reserved before each call, settled after it.

Amounts are whole millionths of the run's currency. A call is charged its bound before it is made,
and what it took when its answer is stored: whatever happens in between, the run has been charged
what the bill can be at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Insert,
    Integer,
    Text,
    bindparam,
    func,
    select,
    update,
)

from core.enums import ENDED
from core.prices import Tokens
from core.ratelimit.notation import LimitedResource
from models.calls import (
    CallRows,
    Charge,
    Usage,
    charge_counts,
    released_counts,
    settled_counts,
)
from models.database import Database, clock, clock_minute, upsert
from models.payers import (
    CostCap,
    PayerKey,
    charge_payers,
    payers_of,
    payers_of_forgotten,
    read_caps,
)
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
    """The caps of a run that leave no room for a call, or a run that has ended.

    *max_cost* is the cap on costs that leaves none, of the *payer* or of the run.
    """

    max_calls: int | None
    max_cost: int | None
    are_calls_left: bool
    has_ended: bool
    payer: PayerKey | None = None


_RUN_IS_GONE = CapOfRun(None, None, are_calls_left=True, has_ended=True)


def charge_calls(db: Database, bounds: Sequence[CallBound]) -> list[Charge | CapOfRun]:
    """Charge runs and their payers for calls that are about to be made, each with its bound.

    A call that would exceed a cap of either, or whose run has ended, is charged nothing.
    """
    charges: list[Charge | CapOfRun] = []
    with db.write() as connection:
        caps = lock_caps(connection, {bound.run_id for bound in bounds})
        minute = connection.execute(select(clock_minute())).scalar_one()
        rows = CallRows()
        for bound in bounds:
            cap = caps.get(bound.run_id)
            if cap is None or not cap.take(bound.cost):
                charges.append(_RUN_IS_GONE if cap is None else cap.refusal())
                continue

            charge = Charge(
                run_id=bound.run_id,
                service=bound.service,
                credential=bound.credential,
                operation=bound.operation,
                minute=minute,
                weights={LimitedResource.TOKENS: bound.tokens, LimitedResource.COST: bound.cost},
            )
            rows.add(charge, minute, charge_counts(charge))
            charges.append(charge)

        for run_id, cap in caps.items():
            if cap.taken_calls:
                charge_run(connection, run_id, calls=cap.taken_calls, cost=cap.taken_cost)

        rows.store(connection, db)

    return charges


def return_charges(db: Database, charges: Sequence[Charge]) -> list[None]:
    """Take back the charges of calls that were not made."""
    with db.write() as connection:
        rows = CallRows()
        run_ids = sorted({charge.run_id for charge in charges})
        lock_caps(connection, run_ids)
        for run_id in run_ids:
            returned = [charge for charge in charges if charge.run_id == run_id]
            cost = sum(charge.weights[LimitedResource.COST] for charge in returned)
            charge_run(connection, run_id, calls=-len(returned), cost=-cost)

        for charge in charges:
            rows.add(charge, charge.minute, released_counts(charge))

        rows.store(connection, db)

    return [None] * len(charges)


@dataclass
class Caps:
    """The caps of a run and of its payers, what was charged, and what calls of a transaction take.

    Runs that share a payer share its cap.
    """

    max_calls: int | None
    calls_begun: int
    cost_caps: Sequence[CostCap]
    has_ended: bool
    taken_calls: int = 0
    taken_cost: int = 0

    # The cap that has left no room for the last call, if one has.
    full: CostCap | None = None

    @property
    def are_calls_left(self) -> bool:
        """Whether the cap on calls leaves room for one."""
        return self.max_calls is None or self.calls_begun + self.taken_calls < self.max_calls

    def take(self, cost: int) -> bool:
        """Take a call that may cost *cost*; return whether there is room for it."""
        full = (cap for cap in self.cost_caps if cap.left is not None and cap.left < cost)
        self.full = next(full, None)
        if self.has_ended or not self.are_calls_left or self.full is not None:
            return False

        self.taken_calls += 1
        self.taken_cost += cost
        for cap in self.cost_caps:
            cap.cost_charged += cost

        return True

    def refusal(self) -> CapOfRun:
        """Return the caps, which leave no room for a call."""
        full = self.full or CostCap(None, 0)
        return CapOfRun(
            self.max_calls, full.max_cost, self.are_calls_left, self.has_ended, full.payer
        )


def lock_caps(connection: Connection, run_ids: Collection[int]) -> dict[int, Caps]:
    """Lock runs and their payers, and return the caps of those runs that are stored.

    Transactions that charge the same run or payer take turns. `models.payers` says in which order
    all of them lock.
    """
    runs: dict[int, Any] = {}
    keys: list[PayerKey] = []
    for run_id in sorted(run_ids):
        stored = connection.execute(_LOCKED_CAPS, {"run": run_id}).one_or_none()
        if stored is None:
            keys += payers_of_forgotten(connection, run_id)
        else:
            keys += payers_of(stored)
            runs[run_id] = stored

    payers = read_caps(connection, keys, is_locking=True)
    caps = {}
    for run_id, run in runs.items():
        own = CostCap(run.max_cost, run.cost_charged)
        cost_caps = [own, *(payers[key] for key in payers_of(run))]
        caps[run_id] = Caps(run.max_calls, run.calls_begun, cost_caps, run.state in ENDED)

    return caps


def charge_run(connection: Connection, run_id: int, *, calls: int = 0, cost: int) -> bool:
    """Add to the calls that a run has begun, and to its cost and that of its payers.

    What it gets back is negative. Return whether the run is stored: the payers of one that was
    forgotten go on paying for its calls. A transaction that charges several runs locks them before
    (`lock_caps`).
    """
    charged = {"run": run_id, "calls": calls, "cost": cost}
    run = connection.execute(_CHARGE_RUN, charged).one_or_none()
    payers = payers_of_forgotten(connection, run_id) if run is None else payers_of(run)
    if cost:
        charge_payers(connection, payers, cost)

    return run is not None


# Built once: it costs more than what the database does with them.
_RUN: BindParameter[int] = bindparam("run")
_PAYERS = (Run.person, Run.purse, Run.currency)
_LOCKED_CAPS = (
    select(Run.max_calls, Run.calls_begun, Run.max_cost, Run.cost_charged, Run.state, *_PAYERS)
    .where(Run.id == _RUN)
    .with_for_update()
)
_CHARGE_RUN = (
    update(Run)
    .where(Run.id == _RUN)
    .values(
        calls_begun=Run.calls_begun + bindparam("calls", type_=Integer),
        cost_charged=Run.cost_charged + bindparam("cost", type_=BigInteger),
    )
    .returning(*_PAYERS)
)


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What a charged call took; *usage* is None if nobody knows: it stays charged at its bound."""

    charge: Charge
    usage: Usage | None
    is_retry: bool
    seconds: float
    waited: float


@dataclass
class ModelCalls:
    """The calls of a run that one transaction settles, and what answered them."""

    db: Database
    run_id: int
    settlements: list[Settlement] = field(default_factory=list)
    uses: list[ModelUse] = field(default_factory=list)

    def __call__(self, connection: Connection) -> None:
        """Replace the charges of the calls by what they took, and record what answered.

        The rows of the run and its payers come first, so that transactions that settle calls of
        them take turns.
        """
        change = 0
        for settlement in self.settlements:
            if settlement.usage is not None:
                bound = settlement.charge.weights[LimitedResource.COST]
                change += settlement.usage.cost - bound

        is_stored = charge_run(connection, self.run_id, cost=change)

        minute = connection.execute(select(clock_minute())).scalar_one()
        rows = CallRows()
        for settlement in self.settlements:
            charge = settlement.charge
            rows.add(charge, charge.minute, released_counts(charge))
            counts = settled_counts(charge, settlement.usage)
            counts |= {"retries": int(settlement.is_retry), "seconds": settlement.seconds}
            counts["waited"] = settlement.waited
            rows.add(charge, minute, counts)

        rows.store(connection, self.db)
        if is_stored:
            note_uses(connection, self.db, self.run_id, self.uses)


def note_uses(connection: Connection, db: Database, run_id: int, uses: Sequence[ModelUse]) -> None:
    """Record which models answered a run, and what answers to their prompts took."""
    answers = Counter((use.model, use.fingerprint, use.price) for use in uses)
    model_rows = [
        {"run": run_id, "model": model, "fingerprint": fingerprint, "price": price, "count": count}
        for (model, fingerprint, price), count in sorted(answers.items())
    ]
    if model_rows:
        connection.execute(_noting_models(db.is_sqlite), model_rows)

    sums: dict[tuple[str, str], Counter[str]] = {}
    for use in uses:
        if use.tokens is not None:
            sums.setdefault((use.coder, use.prompt), Counter()).update(_sums_of(use, use.tokens))

    prompt_rows = [
        {"coder": coder, "prompt": prompt, **prompt_sums}
        for (coder, prompt), prompt_sums in sorted(sums.items())
    ]
    if prompt_rows:
        connection.execute(_adding_sums(db.is_sqlite), prompt_rows)


@lru_cache(maxsize=2)
def _noting_models(is_sqlite: bool) -> Insert:
    now, count = clock(), bindparam("count", type_=Integer)
    insert = upsert(RunModel, is_sqlite=is_sqlite).values(
        run_id=_RUN,
        model=bindparam("model", type_=Text),
        fingerprint=bindparam("fingerprint", type_=Text),
        price=bindparam("price", type_=Text),
        answers=count,
        began_at=now,
        seen_at=now,
    )
    changes = {"answers": RunModel.answers + insert.excluded.answers, "seen_at": now}
    key = ["run_id", "model", "fingerprint", "price"]
    return insert.on_conflict_do_update(index_elements=key, set_=changes)


@lru_cache(maxsize=2)
def _adding_sums(is_sqlite: bool) -> Insert:
    insert = upsert(PromptUse, is_sqlite=is_sqlite)
    names = [column.name for column in PromptUse.__table__.columns]
    added = {
        name: getattr(PromptUse, name) + insert.excluded[name]
        for name in names
        if name not in ("coder", "prompt")
    }
    return insert.on_conflict_do_update(index_elements=["coder", "prompt"], set_=added)


def _sums_of(use: ModelUse, tokens: Tokens) -> dict[str, int]:
    return {
        "answers": 1,
        "sizes": use.size,
        "sizes_squared": use.size**2,
        "tokens": tokens.prompt,
        "tokens_squared": tokens.prompt**2,
        "sizes_by_tokens": use.size * tokens.prompt,
        "completions": tokens.completion,
        "completions_squared": tokens.completion**2,
    }


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
