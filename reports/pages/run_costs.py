"""What the answers of a run cost, the language models that gave them, and texts without a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.prices import MICRO, format_money
from models.codes import count_texts_of_run
from models.costs import models_of
from reports.data.run_data import RunData
from reports.data.tables.calls import CallRow


@dataclass(frozen=True)
class AnsweringModel:
    """A language model that answered, as its server names it, and the price of its tokens."""

    name: str
    fingerprint: str
    price: str
    answers: int

    # The times of its first answer and of its last.
    began: str
    ended: str


def read_models(run: RunData) -> list[AnsweringModel]:
    """Return the language models that answered."""
    with run.db.read() as connection:
        answering = models_of(connection, run.id)

    return [
        AnsweringModel(
            name=used.model,
            fingerprint=used.fingerprint,
            price=used.price,
            answers=used.answers,
            began=format_minute(used.began_at),
            ended=format_minute(used.seen_at),
        )
        for used in answering
    ]


def describe_uncoded(run: RunData) -> str:
    """Return how many texts got no code, and why; "" if each did."""
    with run.db.read() as connection:
        texts = count_texts_of_run(connection, run.id)

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


def format_minute(at: float) -> str:
    """Return a Unix time as people write it, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
