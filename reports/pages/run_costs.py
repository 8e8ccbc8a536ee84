"""What the answers of a run cost, the language models that gave them, and texts without a code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.prices import MICRO, format_money
from models.codes import count_texts_of_run
from models.costs import models_of
from reports.data.run_data import RunData
from reports.data.tables.calls import CallRow


def read_models(run: RunData) -> list[Any]:
    """Return the language models that answered, as `RunModel` has them."""
    return run.db.fetch(models_of, run.id)


def describe_uncoded(run: RunData) -> str:
    """Return how many texts got no code, and why; "" if each did."""
    texts = run.db.fetch(count_texts_of_run, run.id)

    return "" if texts is None else texts.describe() or ""


def describe_cost(calls: Sequence[CallRow]) -> str:
    """Return what the calls cost, with the most that those without an answer can have cost."""
    paid = [call for call in calls if call.currency is not None]
    if not paid:
        return ""

    currency = paid[0].currency or ""
    cost = round(sum(call.cost or 0 for call in paid) * MICRO)
    unanswered = round(sum(call.charged or 0 for call in paid) * MICRO) - cost
    words = format_money(cost, currency)
    if unanswered:
        words += f", and at most {format_money(unanswered, currency)} for calls without an answer"

    return words
