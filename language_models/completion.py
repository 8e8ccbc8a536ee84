"""What a server of a language model replies: the completion, its usage, and who made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ServiceBadAnswer
from core.prices import Tokens
from core.storable import make_storable

SERVICE = "model"
OPERATION = "chat_completions"

# Names are cut to this many characters.
_LONGEST_NAME = 200

# Servers that filter what they answer end a completion by this reason.
_FILTERED = "content_filter"
_CUT_OFF = "length"


@dataclass(frozen=True)
class Completion:
    """A completion: *text* is what the model wrote, *tokens* None if the server does not count.

    *model* and *fingerprint* are what the server says of itself.
    """

    text: str
    tokens: Tokens | None
    model: str
    fingerprint: str
    is_refused: bool = False
    is_cut_off: bool = False


def read_completion(reply: Any) -> Completion:
    """Return the completion of a *reply*. Raises `ServiceBadAnswer` for any other JSON."""
    if not isinstance(reply, Mapping):
        raise _bad_answer("no JSON object")

    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise _bad_answer("no message among its choices")

    content, refusal = message.get("content"), message.get("refusal")
    if not isinstance(content, str | None) or not isinstance(refusal, str | None):
        raise _bad_answer("a message that is no text")

    finish_reason = choice.get("finish_reason")
    return Completion(
        text=make_storable(content or refusal or "")[0],
        tokens=read_tokens(reply),
        model=_read_name(reply.get("model")),
        fingerprint=_read_name(reply.get("system_fingerprint")),
        is_refused=bool(refusal) or finish_reason == _FILTERED,
        is_cut_off=finish_reason == _CUT_OFF,
    )


def read_tokens(reply: Any) -> Tokens | None:
    """Return the tokens of a reply's usage; None if it says nothing that makes sense."""
    usage = reply.get("usage") if isinstance(reply, Mapping) else None
    if not isinstance(usage, Mapping):
        return None

    prompt = _read_count(usage, "prompt_tokens")
    completion = _read_count(usage, "completion_tokens")
    if prompt is None or completion is None:
        return None

    cached = _read_detail(usage, "prompt_tokens_details", "cached_tokens")
    reasoning = _read_detail(usage, "completion_tokens_details", "reasoning_tokens")
    return Tokens(prompt, completion, min(cached, prompt), min(reasoning, completion))


def _read_detail(usage: Mapping[str, Any], group: str, count_name: str) -> int:
    details = usage.get(group)
    return (_read_count(details, count_name) or 0) if isinstance(details, Mapping) else 0


def _read_count(counts: Mapping[str, Any], count_name: str) -> int | None:
    count = counts.get(count_name)
    is_count = isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**31
    return count if is_count else None


def _read_name(name: Any) -> str:
    return make_storable(name[:_LONGEST_NAME])[0] if isinstance(name, str) else ""


def _bad_answer(what: str) -> ServiceBadAnswer:
    return ServiceBadAnswer(f"{SERVICE}: {OPERATION} answered with {what}", service=SERVICE)
