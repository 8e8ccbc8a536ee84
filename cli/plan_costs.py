"""What a language model will cost, in the words of `tidings plan`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from core.enums import PayerKind
from core.prices import Money, format_money
from core.quantities import quantity
from models.payers import PayerKey, check_purse, read_caps
from producers.model_costs import CostPlan, TokenFigures
from producers.submit import check_cap


def describe_costs(plan: CostPlan | None) -> Iterator[str]:
    """Yield the lines about tokens and cost; none if no model codes."""
    if plan is None:
        return

    if plan.answered:
        answered = quantity(plan.answered, "answer")
        yield f"paid already    {answered}, by whoever asked first: 0.00 {plan.currency}".rstrip()

    yield f"at most         {_describe_figures(plan.bound, plan.currency)}"
    if plan.expected is None:
        yield "expected        unknown: fewer than ten answers of this model are stored"
        return

    error = "" if plan.error is None else f", ± {plan.error:.1%}"
    learned_from = quantity(plan.learned_from, "stored answer")
    figures = _describe_figures(plan.expected, plan.currency)
    yield f"expected        {figures}{error}, learned from {learned_from}"


def describe_cap(parameters: Any, max_cost: Money, plan: CostPlan | None) -> list[str]:
    """Return what is to be said of a cap on costs. Raises as `check_cap`."""
    check_cap(parameters, max_cost)
    if plan is None or plan.bound.cost <= max_cost.micro:
        return []

    expected = None if plan.expected is None else plan.expected.cost
    if expected is not None and expected > max_cost.micro:
        return [f"--max-cost {max_cost} is reached before the end: the run pauses there"]

    return [f"--max-cost {max_cost} may be reached before the end: the run pauses there"]


def describe_payers(
    connection: Connection, person: str, purse: str | None, plan: CostPlan | None
) -> list[str]:
    """Return which caps of payers may end a run before it has all its answers.

    Raises `UsageError` if there is no such purse.
    """
    currency = None if plan is None else plan.currency or None
    if purse is not None:
        check_purse(connection, purse, currency)
    if plan is None or currency is None:
        return []

    payers = {PayerKind.PERSON: person, PayerKind.PURSE: purse}
    keys = [PayerKey(kind, name, currency) for kind, name in payers.items() if name]
    remarks = []
    for key, cap in read_caps(connection, keys).items():
        if cap.left is not None and cap.left < plan.bound.cost:
            left = format_money(max(0, cap.left), currency)
            remarks.append(f"{key.kind} {key.name} has {left} left: the run may pause there")

    return remarks


def _describe_figures(figures: TokenFigures, currency: str) -> str:
    tokens = f"{figures.tokens_in:,} tokens in, {figures.tokens_out:,} out"
    cost = format_money(figures.cost, currency) if currency else "no cost"
    return f"{tokens}; {cost}"
