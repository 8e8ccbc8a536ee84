"""The price of a language model's tokens, in whole millionths of a currency."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from core.errors import SettingsError

# Money is counted in millionths of its currency, as whole numbers: sums of them are exact.
MICRO = 1_000_000

_NUMBER = r"(\d{1,7}(?:\.\d{1,6})?)"
_TOKENS = re.compile(rf"{_NUMBER} (in|out|cached)")
_CURRENCY = re.compile(r"([A-Z]{3}) per million")
_BATCH = re.compile(rf"batch {_NUMBER} ?%")
_DATE = re.compile(r"as of (\d{4}-\d{2}-\d{2})")
_MONEY = re.compile(rf"{_NUMBER} ?([A-Z]{{3}})")

_EXAMPLE = '"0.15 in, 0.60 out, USD per million; batch 50 %; as of 2026-11-01"'


class Tokens(NamedTuple):
    """The tokens of a call: *cached* are some of the prompt's, *reasoning* some of the others."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """All tokens of the call."""
        return self.prompt + self.completion


class Money(NamedTuple):
    """An amount in millionths of a currency, which is "" for nothing at all."""

    micro: int
    currency: str

    def __str__(self) -> str:
        return format_money(self.micro, self.currency)


@dataclass(frozen=True)
class Price:
    """What a million tokens cost, in millionths of the currency.

    *batch_percent* is the share of the price that a batch costs, in millionths of a percent.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    currency: str = ""
    batch_percent: int = 100 * MICRO
    date: str | None = None

    @property
    def is_free(self) -> bool:
        """Whether tokens cost nothing, as on a server of one's own."""
        return not (self.prompt or self.completion or self.cached)

    @property
    def of_batches(self) -> Price:
        """The price of what a batch asks."""
        whole = 100 * MICRO
        prompt, completion, cached = (
            -(-amount * self.batch_percent // whole)
            for amount in (self.prompt, self.completion, self.cached)
        )
        return replace(self, prompt=prompt, completion=completion, cached=cached)

    def cost(self, tokens: Tokens) -> int:
        """Return what the *tokens* cost, rounded up."""
        uncached = tokens.prompt - tokens.cached
        product = uncached * self.prompt + tokens.cached * self.cached
        product += tokens.completion * self.completion
        return -(-product // MICRO)

    def most(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Return the most that a call of at most so many tokens can cost."""
        dearest_prompt = max(self.prompt, self.cached)
        product = prompt_tokens * dearest_prompt + completion_tokens * self.completion
        return -(-product // MICRO)


def parse_price(text: str) -> Price:
    """Return the price that *text* writes; "" is the price of a server of one's own, which is 0.

    Raises `SettingsError`.
    """
    if not text.strip():
        return Price()

    amounts: dict[str, int] = {}
    currency, date, batch_percent = "", None, 100 * MICRO
    for part in re.split(r"[;,]", text):
        words = " ".join(part.split())
        if match := _TOKENS.fullmatch(words):
            amounts[match[2]] = _to_micro(match[1])
        elif match := _CURRENCY.fullmatch(words):
            currency = match[1]
        elif match := _BATCH.fullmatch(words):
            batch_percent = _to_micro(match[1])
        elif match := _DATE.fullmatch(words):
            date = match[1]
        else:
            raise SettingsError(f"{words!r} is no part of a price: write it as {_EXAMPLE}")

    if not {"in", "out"} <= amounts.keys() or not currency or date is None:
        raise SettingsError(f"a price has in, out, the currency and its date: write {_EXAMPLE}")

    return Price(
        prompt=amounts["in"],
        completion=amounts["out"],
        cached=amounts.get("cached", amounts["in"]),
        currency=currency,
        batch_percent=batch_percent,
        date=date,
    )


def parse_money(text: str) -> Money:
    """Return the amount that *text* writes, as ``20USD``. Raises ValueError."""
    match = _MONEY.fullmatch(text.strip())
    if match is None or not _to_micro(match[1]):
        raise ValueError(f"{text!r} is no amount of money: write it as 20USD or 0.50USD")

    return Money(_to_micro(match[1]), match[2])


def format_money(micro: int, currency: str) -> str:
    """Return an amount in words, with two decimals at least and six at most."""
    amount = f"{Decimal(micro) / MICRO:,.6f}".rstrip("0")
    decimals = len(amount.partition(".")[2])
    amount += "0" * max(0, 2 - decimals)
    return f"{amount} {currency}".rstrip()


def _to_micro(number: str) -> int:
    return int(Decimal(number) * MICRO)
