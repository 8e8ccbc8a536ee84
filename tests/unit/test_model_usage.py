"""What a server of language models says that an answer took, and what it surely did not bill."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ServiceError, ServiceRefused, ServiceUnavailable
from core.prices import Tokens
from language_models.client import was_surely_not_billed
from language_models.completion import read_completion, read_tokens
from language_models.refusals import (
    find_refused_field,
    is_filtered,
    is_too_long,
    is_unbilled,
)

TEXT = [{"message": {"content": "yes"}, "finish_reason": "stop"}]


def tokens_of(usage: Any, choices: Any = TEXT) -> Tokens | None:
    return read_tokens({"choices": choices, "usage": usage})


def usage(prompt: Any, completion: Any, total: Any = None, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, **more}
    return counts if total is None else {**counts, "total_tokens": total}


def reasoning(count: int) -> dict[str, Any]:
    return {"completion_tokens_details": {"reasoning_tokens": count}}


@pytest.mark.parametrize(
    ("told", "prompt", "completion"),
    [
        (usage(100, 10, 110), 100, 10),
        # OpenAI counts reasoning among the completion, xAI beside it; Gemini tells a total alone.
        (usage(100, 50, 150, **reasoning(40)), 100, 50),
        (usage(100, 9, 203, **reasoning(94)), 100, 103),
        (usage(100, 9, 203), 100, 103),
        # Where no total says that reasoning is among the completion, it may be beside it.
        (usage(100, 50, **reasoning(40)), 100, 90),
        (usage(100, 9, 109, **reasoning(94)), 100, 103),
        (usage(100, 9, 109, reasoning_tokens=94), 100, 103),
        # A total that is too small lowers nothing, and cached tokens are some of the prompt's.
        (usage(100, 10, 5), 100, 10),
        (usage(100, 10, 110, prompt_tokens_details={"cached_tokens": 400}), 500, 10),
        (usage(100, 10**30), 100, 2**31 - 1),
        (usage(10**12, 10**12, 2 * 10**12), 2**31 - 1, 2**31 - 1),
    ],
)
def test_usage_is_the_most_that_its_figures_say(told: Any, prompt: int, completion: int) -> None:
    tokens = tokens_of(told)
    assert tokens is not None
    assert (tokens.prompt, tokens.completion) == (prompt, completion)
    assert tokens.cached <= tokens.prompt
    assert tokens.reasoning <= tokens.completion


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        usage(0, 10),
        usage(100, 0),
        usage(0, 0, 0),
        usage(-5, 10),
        usage("5", 10),
        usage(5.5, 5.5),
        usage(True, True),
        {"total_tokens": 110},
    ],
)
def test_what_is_no_count_of_a_text_is_not_told(told: Any) -> None:
    assert tokens_of(told) is None


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": "", "reasoning_content": "First I look at it."}},
        {"message": {"content": None, "reasoning": "First I look at it."}},
        {"message": {"content": None, "tool_calls": [{"id": "1", "type": "function"}]}},
        {"message": {"content": None, "function_call": {"name": "code"}}},
        {"message": {"role": "assistant", "content": None, "thinking_blocks": [{}]}},
        {"message": {"role": "assistant", "content": ""}, "finish_reason": "length"},
    ],
)
def test_no_tokens_are_no_count_of_work_that_is_no_text(choice: Any) -> None:
    assert tokens_of(usage(100, 0), [choice]) is None
    assert tokens_of(usage(100, 5), [choice]) == Tokens(100, 5)


def test_an_answer_without_a_text_may_take_no_token() -> None:
    empty = {"role": "assistant", "content": None, "tool_calls": []}
    assert tokens_of(usage(100, 0), [{"message": empty}]) == Tokens(100, 0)
    assert tokens_of(usage(100, 0), [{"message": {"content": ""}}]) == Tokens(100, 0)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("yes", "yes"),
        (None, ""),
        ([{"type": "text", "text": "y"}, {"type": "text", "text": "es"}], "yes"),
        ([{"type": "thinking", "thinking": []}, {"type": "text", "text": "yes"}], "yes"),
        ([], None),
        ([{"type": "image"}], None),
        ([{"type": "text", "text": 7}], None),
        (["yes"], None),
        ({"text": "yes"}, None),
        (7, None),
    ],
)
def test_the_text_of_a_completion_may_stand_in_parts(content: Any, text: str | None) -> None:
    completion = read_completion({"choices": [{"message": {"content": content}}]})
    assert (None if completion is None else completion.text) == text


PARAM = {"error": {"message": "no", "param": "seed"}}
FILTERED = {"error": {"message": "no", "param": "prompt", "code": "content_filter"}}
INNER = {"error": {"param": "prompt", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}
NAMED = {"error": {"message": "Unsupported parameter: 'max_tokens'"}}


@pytest.mark.parametrize(
    ("status", "body", "is_free"),
    [
        *((status, None, True) for status in (401, 403, 404, 413, 422, 429)),
        *((status, None, False) for status in (0, 200, 201, 307, 400, 402, 408, 500, 503, 529)),
        (400, PARAM, True),
        (400, NAMED, True),
        (400, {"error": {"message": "no", "param": None}}, False),
        (400, FILTERED, False),
        (400, INNER, False),
        (400, {"error": []}, False),
        (500, PARAM, False),
        (None, {"error": {"code": "batch_expired"}}, True),
        (None, {"error": {"code": "batch_cancelled"}}, True),
        (None, {"error": {"code": "request_timeout"}}, False),
        (None, {"error": {"code": ["batch_expired"]}}, False),
        (None, {"error": None}, False),
    ],
)
def test_what_is_surely_not_billed_is_a_short_list(
    status: int | None, body: Any, is_free: bool
) -> None:
    assert is_unbilled(status, body) is is_free


@pytest.mark.parametrize(
    ("error", "is_free"),
    [
        (ServiceUnavailable("", service="model", status=503, away=True), False),
        (ServiceUnavailable("", service="model", status=429), True),
        (ServiceUnavailable("", service="model", away=True), True),
        (ServiceUnavailable("", service="model", unanswered=True), False),
        (ServiceRefused("", service="model", status=400, body=PARAM), True),
        (ServiceRefused("", service="model", status=400), False),
        (ServiceRefused("", service="model", status=307), False),
        (ServiceRefused("", service="model"), False),
        (ServiceError("", service="model"), False),
    ],
)
def test_a_call_that_failed_costs_its_bound_but_for_that_list(
    error: ServiceError, is_free: bool
) -> None:
    assert was_surely_not_billed(error) is is_free


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "param": None, **more}}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("max_tokens", error("Unsupported parameter: 'max_tokens' is not supported with o1.")),
        ("temperature", error("Unsupported value: 'temperature' does not support 0 with o1.")),
        ("response_format", error("Invalid parameter: 'response_format' of type 'json_schema'")),
        ("response_format", error("no", param="response_format.json_schema")),
        ("seed", error("Unsupported param: seed")),
        ("seed", error("Unrecognized request argument supplied: seed")),
        ("seed", error("litellm.BadRequestError: OpenAIException - Unknown parameter: 'seed'.")),
        ("seed", error("litellm.UnsupportedParamsError: x does not support parameters: ['seed'],")),
        ("seed", error("ollama does not support parameters: {'seed': 1}, for model=llama3")),
        ("seed", error("unknown field `seed`, expected one of `model`")),
        ("response_format", error("This response_format type is unavailable now")),
        ("seed", error("property 'seed' is unsupported")),
        ("temperature", error("`temperature` is deprecated for this model.")),
        ("seed", {"error": "seed: Extra inputs are not permitted"}),
        ("seed", {"detail": "body -> seed\n  Extra inputs are not permitted"}),
        ("seed", {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"]}]}),
        ("seed", {"message": "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': ''}]"}),
    ],
)
def test_a_field_that_servers_refuse_is_left_out_and_free(name: str, body: Any) -> None:
    assert find_refused_field(400, body, ()) == name
    assert is_unbilled(400, body)


@pytest.mark.parametrize(
    "body",
    [
        error("Blocked by policy: {'temperature': 0, 'seed': 1}"),
        error("Blocked by policy: unknown field `seed`"),
        error("Refused: Farmers run out of seed"),
        error("Refused: 'seed' is not supported"),
        error("Unknown problem: seed"),
        error("Unsupported content: 'seed'"),
        error("seed is not supported by farmers, says the text"),
        error("no", request={"seed": 1, "temperature": 0}),
        error("no", param="prompt"),
        error("no", param="messages"),
        error("no", param="seed of doubt"),
        error("Unknown parameter: seed of doubt"),
        {"error": {"message": "no"}, "request": {"param": "seed"}},
        {"detail": [{"loc": ["body", "messages", 1, "content"], "input": "seed"}]},
        {"detail": [{"loc": ["query", "seed"]}]},
        {"detail": "Farmers run out of seed"},
        "Unsupported parameter: 'seed'",
    ],
)
def test_a_field_that_is_merely_quoted_is_not_refused_and_costs_its_bound(body: Any) -> None:
    assert find_refused_field(400, body, ()) is None
    assert not is_unbilled(400, body)


def test_a_refused_field_is_found_in_what_an_error_says() -> None:
    assert find_refused_field(400, NAMED, ()) == "max_tokens"
    assert find_refused_field(400, NAMED, ("max_tokens",)) is None
    assert find_refused_field(422, {"detail": [{"loc": ["body", "seed"]}]}, ()) == "seed"
    assert find_refused_field(500, NAMED, ()) is None
    assert find_refused_field(400, FILTERED, ()) is None


@pytest.mark.parametrize(
    "body",
    [
        FILTERED,
        INNER,
        {"error": {"code": 400, "inner_error": {"code": "ResponsibleAIPolicyViolation"}}},
        error("litellm.ContentPolicyViolationError: AzureException - no", code="400"),
        error("litellm.BadRequestError: litellm.ContentPolicyViolationError: no", code="400"),
        error(
            "litellm.BadRequestError: AzureException - The response was filtered due to the prompt"
        ),
        {"code": "data_inspection_failed", "message": "inappropriate content"},
        error("Invalid prompt: it was flagged", code="invalid_prompt"),
    ],
)
def test_a_filter_is_known_by_what_servers_and_gateways_say(body: Any) -> None:
    assert is_filtered(body)
    assert not is_unbilled(400, body)
    assert not is_too_long(400, body)


@pytest.mark.parametrize(
    "body",
    [
        error("This model's maximum context length is 4096 tokens. However, you requested 9000"),
        error("no", code="context_length_exceeded", type="invalid_request_error"),
        error("litellm.ContextWindowExceededError: no", code="400"),
        error("the request exceeds the available context size", type="exceed_context_size_error"),
        error("The input (9000 tokens) is longer than the model's context length (4096 tokens)."),
        error("The decoder prompt (length 9000) is longer than the maximum model length of 4096."),
        {"object": "error", "message": "This model's maximum context length is 4096 tokens."},
    ],
)
def test_a_text_that_is_too_long_is_known_by_what_servers_say(body: Any) -> None:
    assert is_too_long(400, body)
    assert not is_unbilled(400, body)
    assert not is_too_long(500, body)


def test_a_text_that_is_too_long_is_not_known_by_what_is_quoted() -> None:
    assert is_too_long(413, None)
    assert not is_too_long(400, error("Refused: 'This model's maximum context length is short'"))
    assert not is_too_long(400, error("Unsupported parameter: 'seed'"))
    assert not is_filtered(error("no: litellm.ContentPolicyViolationError is what the text says"))
