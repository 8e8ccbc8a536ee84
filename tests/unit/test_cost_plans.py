"""What a run's calls of a language model are expected to take, from answers to the same prompts."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from core.prices import parse_price
from producers.model_costs import CostPlan, ModelRequestSizes, PromptSizes, plan_costs

PRICE_TEXT = "0.15 in, 0.60 out, USD per million; as of 2026-11-01"


def use_of(prompt: str, answers: list[tuple[int, int, int]]) -> SimpleNamespace:
    """Return the sums over answers, each a size, tokens of the prompt and of the completion."""
    return SimpleNamespace(
        prompt=prompt,
        answers=len(answers),
        sizes=sum(size for size, _, _ in answers),
        sizes_squared=sum(size**2 for size, _, _ in answers),
        tokens=sum(tokens for _, tokens, _ in answers),
        tokens_squared=sum(tokens**2 for _, tokens, _ in answers),
        sizes_by_tokens=sum(size * tokens for size, tokens, _ in answers),
        completions=sum(completion for _, _, completion in answers),
        completions_squared=sum(completion**2 for _, _, completion in answers),
    )


ANSWERS = [(400 + 10 * n, 100 + 3 * n + n % 4, 9 + n % 3) for n in range(12)]


def plan(by_prompt: dict[str, PromptSizes], *uses: SimpleNamespace) -> CostPlan:
    price = parse_price(PRICE_TEXT)
    return plan_costs(ModelRequestSizes(by_prompt), uses, price, PRICE_TEXT)


@pytest.mark.parametrize("parts", [2, 5, 20])
def test_an_expectation_is_no_more_certain_where_more_prompts_rest_on_the_same_answers(
    parts: int,
) -> None:
    together = PromptSizes(requests=100, sizes=45_000, largest=450, max_tokens=20)
    part = replace(together, requests=100 // parts, sizes=45_000 // parts)
    by_prompt = {f"keyword {number}": part for number in range(parts)}

    expected = plan({"one": together}, use_of("another", ANSWERS))
    assert expected.error is not None
    assert plan(by_prompt, use_of("another", ANSWERS)) == expected
    assert expected.learned_from == len(ANSWERS)


def test_a_prompt_with_answers_of_its_own_is_expected_to_take_what_those_took() -> None:
    sizes = PromptSizes(requests=10, sizes=4_000, largest=400, max_tokens=20)
    dearer = [(size, 3 * tokens, completion) for size, tokens, completion in ANSWERS]
    own = plan({"own": sizes}, use_of("own", ANSWERS))
    assert plan({"own": sizes}, use_of("own", ANSWERS), use_of("another", dearer)) == own
    assert own.learned_from == len(ANSWERS)


def test_fewer_than_ten_answers_say_nothing() -> None:
    sizes = PromptSizes(requests=10, sizes=4_000, largest=400, max_tokens=20)
    figures = plan({"own": sizes}, use_of("own", ANSWERS[:9]))
    assert (figures.expected, figures.error, figures.learned_from) == (None, None, 0)
    assert figures.bound.tokens_in == 4_000
