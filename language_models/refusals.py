"""What a server of language models refuses, and whether it may have billed what it refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from language_models.chat import MAX_COMPLETION_TOKENS, OPTIONAL_FIELDS

# A server that answers so has not begun to work.
_UNBILLED = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_WRONG_FIELD = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)

# These sentences, from their first word to the name of a field, refuse that field. A server that
# quotes a request or a text does not begin with them: OpenAI, llama.cpp and LiteLLM; services in
# Rust; LiteLLM of others; vLLM, which writes a list of pydantic's; Anthropic and NVIDIA;
# DeepSeek; Groq.
_FIELDS = "|".join((*OPTIONAL_FIELDS, MAX_COMPLETION_TOKENS))
_GATEWAY = r"(?:Error code: \d+ - )?(?:litellm\.\w+: )*(?:\w+(?:Exception|Error)(?: -|:) )?"
_NAME = rf"(?:['\"`]({_FIELDS})['\"`]|({_FIELDS})(?:[,.;]|$))"
_REFUSALS = (
    rf"(?:Unsupported|Unknown|Unrecognized) (?:param|parameter|field): {_NAME}",
    rf"(?:Unsupported value|Invalid parameter): '({_FIELDS})[\w.]*' (?:does not support|of type)\b",
    rf"Unrecognized request arguments? supplied: ({_FIELDS})(?:,|$)",
    rf"(?:Failed to deserialize the JSON body[\w ]*: (?:\w+: )?)?unknown field `({_FIELDS})`",
    rf"\S+ does not support parameters: [\[{{]'({_FIELDS})'",
    rf"\[{{'type': 'extra_forbidden', 'loc': \('body', '({_FIELDS})'",
    rf"(?:body -> )?({_FIELDS})(?::| |\n) *Extra (?:inputs|fields) (?:are )?not permitted",
    rf"This ({_FIELDS}) type is unavailable\b",
    rf"(?:[Pp]roperty )?['\"`]({_FIELDS})['\"`] is (?:not supported|unsupported|deprecated)\b",
)
_REFUSAL = re.compile(f"{_GATEWAY}(?:{'|'.join(_REFUSALS)})")

# OpenAI, Azure and Alibaba name a filter by these codes; gateways leave only a sentence of them.
_FILTERS = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "invalid_prompt",
        "DataInspectionFailed",
        "ResponsibleAIPolicyViolation",
    }
)
_FILTERING = re.compile(
    rf"(?:litellm\.\w+: )*litellm\.ContentPolicyViolationError\b|"
    rf"{_GATEWAY}The response was filtered due to the prompt\b"
)

# OpenAI and llama.cpp name a text that is too long by these; vLLM and gateways have a sentence.
_TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_EXCEEDING = re.compile(
    rf"(?:litellm\.\w+: )*litellm\.ContextWindowExceededError\b|"
    rf"{_GATEWAY}(?:This model's maximum context length is|[Pp]rompt is too long)\b|"
    rf"{_GATEWAY}[Tt]he [\w() ]*(?:longer than|exceeds) the [\w' ]*(?:context|model length)\b"
)

# Lines of a batch with these errors were not executed (OpenAI's reference of its Batch API).
_NOT_EXECUTED = frozenset({"batch_expired", "batch_cancelled"})


def is_unbilled(status: int | None, body: Any) -> bool:
    """Return whether a server that answers so has surely billed nothing.

    *status* is None if it gives none, as for a line of a batch that was not sent to the model.
    """
    if status in _UNBILLED:
        return True
    if status is None:
        return _has_code(body, _NOT_EXECUTED)

    return status == HTTPStatus.BAD_REQUEST and not is_filtered(body) and any(_find_fields(body))


def is_filtered(body: Any) -> bool:
    """Return whether the *body* of an error says that a filter refuses the text."""
    return _has_code(body, _FILTERS) or any(map(_FILTERING.match, _list_messages(body)))


def is_too_long(status: int | None, body: Any) -> bool:
    """Return whether an error says that the text is too long for the model or the server."""
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return True

    is_wrong = status in _WRONG_FIELD and not is_filtered(body)
    has_words = any(map(_EXCEEDING.match, _list_messages(body)))
    return is_wrong and (has_words or _has_code(body, _TOO_LONG))


def find_refused_field(status: int | None, body: Any, left_out: Collection[str]) -> str | None:
    """Return the optional field that an error names, None if there is none.

    *left_out* are the fields that the refused request did not have.
    """
    if status not in _WRONG_FIELD or is_filtered(body):
        return None

    for name in _find_fields(body):
        if name in OPTIONAL_FIELDS and name not in left_out:
            return name

    return None


def _find_fields(body: Any) -> Iterator[str]:
    """Yield the fields of our requests that an error names as what it refuses.

    A field that is merely quoted, by a filter or in a text, is none.
    """
    param = _error_of(body).get("param")
    if isinstance(param, str) and (named := re.fullmatch(rf"({_FIELDS})(?:[.\[].*)?", param)):
        yield named[1]

    detail = body.get("detail") if isinstance(body, Mapping) else None
    for fault in detail if isinstance(detail, list) else ():
        match fault:
            case {"loc": ["body", str(name), *_]} if name in OPTIONAL_FIELDS:
                yield name

    for message in _list_messages(body):
        if refusal := _REFUSAL.match(message):
            yield next(filter(None, refusal.groups()))


def _list_messages(body: Any) -> list[str]:
    """Return the sentences of an error, from where servers put them."""
    if not isinstance(body, Mapping):
        return []

    places = (_error_of(body).get("message"), *map(body.get, ("error", "message", "detail")))
    return [place for place in places if isinstance(place, str)]


def _has_code(body: Any, codes: Collection[str]) -> bool:
    error = _error_of(body)
    inner = (error.get(name) for name in ("innererror", "inner_error", "inner"))
    described = [part for part in (body, error, *inner) if isinstance(part, Mapping)]
    found = [part.get(name) for part in described for name in ("code", "type")]
    return any(isinstance(code, str) and code in codes for code in found)


def _error_of(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}
