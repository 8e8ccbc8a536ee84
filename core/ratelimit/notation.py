"""The notation of rate limits: ``500/min, 200k tokens/min, 5 USD/d`` is three windows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from core.errors import SettingsError

# Recovery refills windows of this length from the table of calls; shorter ones are waited out.
LONG_WINDOW_SECONDS = 60
MICRO_UNITS = 10**6

_PERIODS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "month": 30 * 86400}
_MULTIPLES = {"": 1, "k": 1000, "M": 10**6}
_LIMIT = re.compile(
    r"^(\d+(?:\.\d+)?)\s*([kM]?)\s*(|tokens|[A-Z]{3})\s*/\s*(\d*)(s|min|h|d|month)$", re.ASCII
)
_ADVICE = (
    "write calls/unit, as 10/s, 5/min, 450/15min, 50000/d; tokens as 200k tokens/min; money as "
    "5 USD/d"
)


class LimitedResource(StrEnum):
    """What a window counts."""

    CALLS = "calls"
    TOKENS = "tokens"

    #: Millionths of a currency.
    COST = "cost"


#: What a call counts in the windows of tokens and of cost; a resource that is left out counts 0.
Weights = Mapping[LimitedResource, int]
NO_WEIGHTS: Weights = MappingProxyType({})

#: What a call without tokens counts in each unit.
ONE_CALL: Mapping[LimitedResource, float] = MappingProxyType({LimitedResource.CALLS: 1.0})


def weigh_call(tokens: float, cost: float) -> dict[LimitedResource, float]:
    """Return what a call counts in windows of each unit; *cost* is in millionths."""
    return {**ONE_CALL, LimitedResource.TOKENS: tokens, LimitedResource.COST: cost}


@dataclass(frozen=True)
class Window:
    """At most *amount* of *resource* in any period of *seconds*."""

    amount: int
    seconds: int
    resource: LimitedResource = LimitedResource.CALLS

    #: Three letters for a window of cost.
    currency: str = ""

    def __str__(self) -> str:
        period = max(
            (p for p in _PERIODS if self.seconds % _PERIODS[p] == 0), key=_PERIODS.__getitem__
        )
        count = self.seconds // _PERIODS[period]
        return f"{self.amount_text}/{count if count > 1 else ''}{period}"

    @property
    def amount_text(self) -> str:
        """The amount with its resource, as the notation has it."""
        if self.resource is LimitedResource.CALLS:
            return str(self.amount)
        if self.resource is LimitedResource.COST:
            return f"{format(Decimal(self.amount) / MICRO_UNITS, 'f')} {self.currency}"

        multiple = max(
            (m for m in _MULTIPLES if self.amount % _MULTIPLES[m] == 0), key=_MULTIPLES.__getitem__
        )
        return f"{self.amount // _MULTIPLES[multiple]}{multiple} {self.resource}"


def parse_limits(text: str) -> tuple[Window, ...]:
    """Return the windows of ``10/s, 200k tokens/min``, the shortest first; "" is no limit.

    Raises `SettingsError`.
    """
    windows = [_parse_window(part.strip()) for part in text.split(",") if part.strip()]
    currencies = {window.currency for window in windows} - {""}
    if len(currencies) > 1:
        raise SettingsError(
            f"{text!r} mixes {' and '.join(sorted(currencies))}: write all windows of cost in one "
            "currency"
        )

    return tuple(sorted(windows, key=lambda window: window.seconds))


def parse_call_limits(text: str) -> tuple[Window, ...]:
    """Return the windows of a service whose calls have no weights. Raises `SettingsError`."""
    windows = parse_limits(text)
    for window in windows:
        if window.resource is not LimitedResource.CALLS:
            raise SettingsError(
                f"{str(window)!r} is no limit for a service that counts calls alone: {_ADVICE}"
            )

    return windows


def _parse_window(limit: str) -> Window:
    match = _LIMIT.match(limit)
    if match is None or match[4] == "0":
        raise SettingsError(f"{limit!r} is no limit: {_ADVICE}")

    resource, currency = LimitedResource.CALLS, ""
    amount = Decimal(match[1]) * _MULTIPLES[match[2]]
    if match[3] == LimitedResource.TOKENS:
        resource = LimitedResource.TOKENS
    elif match[3]:
        resource, currency = LimitedResource.COST, match[3]
        amount *= MICRO_UNITS

    if not amount or amount % 1:
        raise SettingsError(f"{limit!r} is no limit: {_ADVICE}")

    return Window(int(amount), int(match[4] or 1) * _PERIODS[match[5]], resource, currency)
