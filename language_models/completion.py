"""What a server of a language model replies: the completion, its usage, and who made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.prices import Tokens
from core.storable import make_storable

SERVICE = "model"
OPERATION = "chat_completions"

# Names are cut to this many characters.
_LONGEST_NAME = 200

# A count above this is read as this: it is above every bound, and the database can add it up.
_MOST_TOKENS = 2**31 - 1

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


def read_completion(reply: Any) -> Completion | None:
    """Return the completion of a *reply*; None if it is any other JSON."""
    choices = reply.get("choices") if isinstance(reply, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        return None

    content, refusal = _join_parts(message.get("content")), message.get("refusal")
    if not isinstance(content, str | None) or not isinstance(refusal, str | None):
        return None

    finish_reason = choice.get("finish_reason")
    return Completion(
        text=make_storable(content or refusal or "")[0],
        tokens=read_tokens(reply),
        model=_read_name(reply.get("model")),
        fingerprint=_read_name(reply.get("system_fingerprint")),
        is_refused=bool(refusal) or finish_reason == _FILTERED,
        is_cut_off=finish_reason == _CUT_OFF,
    )


def _join_parts(content: Any) -> Any:
    """Return the text of a list of parts, which some servers write in the place of a text."""
    if not isinstance(content, list):
        return content

    parts = [part for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    return "".join(texts) if texts else content


def read_tokens(reply: Any) -> Tokens | None:
    """Return the most tokens that the figures of a reply's usage say.

    A part that is larger than its whole was counted beside it. Returns None if the usage is no
    count: a figure is missing, or there are no tokens of a prompt or of a text that was written.
    """
    usage = reply.get("usage") if isinstance(reply, Mapping) else None
    if not isinstance(usage, Mapping):
        return None

    prompt = _read_count(usage, "prompt_tokens")
    completion = _read_count(usage, "completion_tokens")
    if prompt is None or completion is None:
        return None

    cached = _read_detail(usage, "prompt_tokens_details", "cached_tokens")
    if cached > prompt:
        prompt += cached

    # Some servers count reasoning beside the completion (xAI, Gemini): only their total tells.
    total = _read_count(usage, "total_tokens")
    reasoning = _read_detail(usage, "completion_tokens_details", "reasoning_tokens")
    reasoning = max(reasoning, _read_count(usage, "reasoning_tokens") or 0)
    if total is None or reasoning > completion:
        completion += reasoning

    completion = max(completion, (total or 0) - prompt)
    if not prompt or (not completion and _shows_work(reply)):
        return None

    prompt, completion = min(prompt, _MOST_TOKENS), min(completion, _MOST_TOKENS)
    return Tokens(prompt, completion, min(cached, prompt), min(reasoning, completion))


def _shows_work(reply: Mapping[str, Any]) -> bool:
    """Return whether a model has written something in a *reply*, be it no text.

    Reasoning, calls of tools and whatever else a message may hold is work, too. So is what was cut
    off before there was any of it.
    """
    choices = reply.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        message = choice.get("message") if isinstance(choice, Mapping) else None
        if not isinstance(message, Mapping):
            continue

        has_work = any(value for name, value in message.items() if name != "role")
        if has_work or choice.get("finish_reason") == _CUT_OFF:
            return True

    return False


def _read_detail(usage: Mapping[str, Any], group: str, count_name: str) -> int:
    details = usage.get(group)
    return (_read_count(details, count_name) or 0) if isinstance(details, Mapping) else 0


def _read_count(counts: Mapping[str, Any], count_name: str) -> int | None:
    count = counts.get(count_name)
    is_count = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    return count if is_count else None


def _read_name(name: Any) -> str:
    return make_storable(name[:_LONGEST_NAME])[0] if isinstance(name, str) else ""
