"""What a run's calls of a language model will take: a bound, and an expectation with its error."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Annotated, Any

from analysis.codebooks.model_requests import ModelRequest
from core.prices import MICRO, Price, parse_price
from core.ratelimit.notation import ONE_CALL, LimitedResource, weigh_call
from models.costs import read_prompt_uses
from models.database import Database

# The expectation lies within so many of its standard errors of what will be, in 95 % of cases.
_QUANTILE = 1.96

# Fewer answers to a prompt than this say nothing of further ones.
FEWEST_ANSWERS = 10


@dataclass
class PromptSizes:
    """The sizes of the requests of one prompt, and the most tokens of each answer."""

    requests: int = 0
    sizes: int = 0
    largest: int = 0
    max_tokens: int = 0


@dataclass
class ModelRequestSizes:
    """The requests of a dry run, by the hash of their prompt."""

    by_prompt: dict[str, PromptSizes] = field(default_factory=lambda: defaultdict(PromptSizes))

    def add(self, request: ModelRequest) -> None:
        """Count a request that is to be made."""
        prompt, size = self.by_prompt[request.prompt.hash], request.chat.prompt_bound
        prompt.requests += 1
        prompt.sizes += size
        prompt.largest = max(prompt.largest, size)
        prompt.max_tokens = request.chat.max_tokens

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return sum(prompt.requests for prompt in self.by_prompt.values())

    def limit(self, requests: int) -> None:
        """Let there be at most so many *requests*; nobody knows which, so the largest may be."""
        for prompt in self.by_prompt.values():
            if prompt.requests > requests:
                prompt.sizes = prompt.largest * requests
                prompt.requests = requests


@dataclass(frozen=True)
class TokenFigures:
    """Tokens and their cost."""

    tokens_in: Annotated[int, "Tokens of prompts."]
    tokens_out: Annotated[int, "Tokens of answers."]
    cost: Annotated[int, "In millionths of the currency."]


@dataclass(frozen=True)
class CostPlan:
    """What the calls of a language model take."""

    calls: Annotated[int, "Calls to make."]
    currency: Annotated[str, "As EUR."]
    price: Annotated[str, "The price as it is set."]
    bound: TokenFigures
    expected: Annotated[TokenFigures | None, "Null if too few answers are stored."]

    # It is a share of the expected cost, or of the expected tokens if they cost nothing.
    error: Annotated[float | None, "Half the width of its 95 % interval, as a share."]
    learned_from: Annotated[int, "Number of stored answers that it rests on."]
    answered: Annotated[int, "Calls whose answers are stored: they cost nothing, whoever paid."] = 0

    @property
    def call_weights(self) -> Mapping[LimitedResource, float]:
        """What a call takes of each unit, as expected, else at most."""
        if not self.calls:
            return ONE_CALL

        figures = self.expected or self.bound
        tokens = figures.tokens_in + figures.tokens_out
        return weigh_call(tokens / self.calls, figures.cost / self.calls)


def plan_model(
    db: Database, requests: ModelRequestSizes, parameters: Any, price_text: str, *, answered: int
) -> CostPlan:
    """Return what *requests* of a run take; *answered* are the calls whose answers are stored."""
    uses = db.fetch(read_prompt_uses, parameters.coder)
    price = parse_price(price_text)
    price = price.of_batches if parameters.batch else price
    return replace(plan_costs(requests, uses, price, price_text), answered=answered)


def plan_costs(
    requests: ModelRequestSizes,
    uses: Sequence[Any],
    price: Price,
    price_text: str,
) -> CostPlan:
    """Return what *requests* take at most, and as answers to the same prompts took.

    *uses* are the sums of stored answers by prompt. A prompt with too few answers is expected to
    take what those of all prompts of the model took.
    """
    bound_in = sum(prompt.sizes for prompt in requests.by_prompt.values())
    bound_out = sum(prompt.requests * prompt.max_tokens for prompt in requests.by_prompt.values())

    # The cost of each call is rounded up.
    bound_cost = price.most(bound_in, bound_out) + requests.requests
    bound = TokenFigures(bound_in, bound_out, 0 if price.is_free else bound_cost)

    forecasts: list[_TokenForecast] = []
    answers = 0
    # Their forecasts rest on the same answers, so that their errors do not cancel out.
    unknown = PromptSizes()
    for prompt_hash, sizes in requests.by_prompt.items():
        sums = _add_up([use for use in uses if use.prompt == prompt_hash])
        if sums.answers >= FEWEST_ANSWERS:
            forecasts.append(_forecast(sums, sizes))
            answers += sums.answers
        else:
            unknown.requests += sizes.requests
            unknown.sizes += sizes.sizes

    if unknown.requests:
        pooled = _add_up(uses)
        if pooled.answers < FEWEST_ANSWERS:
            return CostPlan(requests.requests, price.currency, price_text, bound, None, None, 0)

        forecasts.append(_forecast(pooled, unknown))
        answers = pooled.answers

    tokens_in = sum(forecast.tokens_in for forecast in forecasts)
    tokens_out = sum(forecast.tokens_out for forecast in forecasts)
    # Rounding up adds half a millionth to a call on average.
    cost = 0.0 if price.is_free else requests.requests / 2
    cost += (tokens_in * price.prompt + tokens_out * price.completion) / MICRO
    expected = TokenFigures(round(tokens_in), round(tokens_out), math.ceil(cost))
    error = _error(forecasts, price)
    return CostPlan(requests.requests, price.currency, price_text, bound, expected, error, answers)


_SUMS = (
    *("answers", "sizes", "sizes_squared", "tokens", "tokens_squared", "sizes_by_tokens"),
    *("completions", "completions_squared"),
)


def _add_up(uses: Sequence[Any]) -> Any:
    """Return the sums over answers: their number, sizes of requests, tokens of both kinds."""
    sums = {column: sum(int(getattr(use, column)) for use in uses) for column in _SUMS}
    return SimpleNamespace(**sums)


@dataclass(frozen=True)
class _TokenForecast:
    """Expected tokens with their variances."""

    tokens_in: float
    tokens_out: float
    variance_in: float
    variance_out: float


def _forecast(sums: Any, sizes: PromptSizes) -> _TokenForecast:
    """Return the tokens of further requests, by least squares of tokens on sizes.

    The variance is that of a sum of new observations: of the line and of each of them.
    """
    n, m = sums.answers, sizes.requests
    mean_size, mean_tokens = sums.sizes / n, sums.tokens / n
    spread = sums.sizes_squared - n * mean_size**2
    covariance = sums.sizes_by_tokens - n * mean_size * mean_tokens
    slope = covariance / spread if spread > 0 else 0.0
    explained = slope * covariance
    total = sums.tokens_squared - n * mean_tokens**2
    residual = max(0.0, total - explained) / max(1, n - 2)

    distance = sizes.sizes / m - mean_size if m else 0.0
    tokens_in = m * (mean_tokens + slope * distance)
    of_line = 1 / n + (distance**2 / spread if spread > 0 else 0.0)
    variance_in = residual * (m + m**2 * of_line)

    mean_completion = sums.completions / n
    deviation = max(0.0, sums.completions_squared - n * mean_completion**2) / max(1, n - 1)
    variance_out = deviation * (m + m**2 / n)
    return _TokenForecast(tokens_in, m * mean_completion, variance_in, variance_out)


def _error(forecasts: Sequence[_TokenForecast], price: Price) -> float | None:
    weight_in, weight_out = (1, 1) if price.is_free else (price.prompt, price.completion)
    expected = variance = 0.0
    for forecast in forecasts:
        expected += forecast.tokens_in * weight_in + forecast.tokens_out * weight_out
        variance += forecast.variance_in * weight_in**2 + forecast.variance_out * weight_out**2

    return round(_QUANTILE * math.sqrt(variance) / expected, 6) if expected else None
