"""Whether a cap on costs leaves room for the first sample of a run whose sample grows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from analysis.codebooks.model_prompt import Prompt
from analysis.codebooks.stored import stored_codebook
from analysis.grains import list_months
from core.enums import SamplePeriod
from core.prices import MICRO, Money, Price, parse_price
from core.quantities import quantity
from models.costs import read_prompt_uses
from models.database import Database
from models.tables import Document
from producers.model_costs import FEWEST_ANSWERS
from reports.stats.looks import count_pilot


def describe_first_sample(db: Database, parameters: Any, max_cost: Money | None) -> str | None:
    """Return that *max_cost* is less than the first sample of `--within` costs; None if it is not.

    Such a run pauses before it has looked at a share. Where no answer tells what a text costs, the
    least that a call can be charged before it is made says so.
    """
    half_width = getattr(parameters, "half_width", None)
    if max_cost is None or half_width is None:
        return None

    price = parse_price(parameters.model.price)
    if parameters.batch:
        price = price.of_batches

    texts = _count_texts(db, parameters)
    cost_of_text = _expect_cost(db, parameters, price)
    verb = "costs about"
    if cost_of_text is None:
        cost_of_text, verb = _find_least_bound(db, parameters, price), "may cost"

    cost = Money(round(texts * cost_of_text), price.currency)
    if cost.micro <= max_cost.micro:
        return None

    return (
        f"--max-cost {max_cost} is less than the first sample of --within {half_width:g}, of "
        f"{quantity(texts, 'text')}, which {verb} {cost}: the run would pause before it knows "
        "anything of a share; raise the cap, or code fewer texts (--code sample:N)"
    )


def _count_texts(db: Database, parameters: Any) -> int:
    """Return how many texts the first sample has, or all that are stored if those are fewer."""
    months = list_months(parameters.first, parameters.last)
    per = parameters.wanted_by or SamplePeriod.MONTH
    periods = {per.of_month(month) for month in months}
    pilot = count_pilot(len(periods), are_estimated=parameters.wanted_by is not None)
    stored = select(func.count()).where(
        Document.period >= parameters.first, Document.period <= parameters.last
    )
    with db.read() as connection:
        return min(pilot, connection.scalar(stored) or 0)


def _expect_cost(db: Database, parameters: Any, price: Price) -> float | None:
    """Return what answers to the same prompts cost on average; None if too few are stored."""
    hashes = {prompt.hash for prompt in _list_prompts(db, parameters)}
    uses = db.fetch(read_prompt_uses, parameters.coder)
    known = [use for use in uses if use.prompt in hashes]
    answers = sum(int(use.answers) for use in known)
    if answers < FEWEST_ANSWERS:
        return None

    tokens_in = sum(int(use.tokens) for use in known) / answers
    tokens_out = sum(int(use.completions) for use in known) / answers
    return max(1.0, (tokens_in * price.prompt + tokens_out * price.completion) / MICRO)


def _find_least_bound(db: Database, parameters: Any, price: Price) -> int:
    """Return the bound of a call about an empty text."""
    prompts = _list_prompts(db, parameters)
    return min(prompt.about("").most_cost(price) for prompt in prompts)


def _list_prompts(db: Database, parameters: Any) -> list[Prompt]:
    _, codebook = db.fetch(stored_codebook, parameters.codebook)
    keywords = [""]
    if codebook.asks_of_keyword:
        keywords = [keyword.name for keyword in parameters.keywords]

    return [Prompt(codebook, keyword, parameters.model.max_tokens) for keyword in keywords]
