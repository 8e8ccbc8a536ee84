"""What a language model will cost, in the words of `tidings plan`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.prices import Money, format_money
from core.quantities import quantity
from producers.model_costs import CostPlan, TokenFigures
from producers.submit import check_cap


def describe_costs(plan: CostPlan | None) -> Iterator[str]:
    """Yield the lines about tokens and cost; none if no model codes."""
    if plan is None:
        return

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


def _describe_figures(figures: TokenFigures, currency: str) -> str:
    tokens = f"{figures.tokens_in:,} tokens in, {figures.tokens_out:,} out"
    cost = format_money(figures.cost, currency) if currency else "no cost"
    return f"{tokens}; {cost}"
