"""What a server of language models refuses, and whether it may have billed what it refused."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from language_models.chat import OPTIONAL_FIELDS

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

# OpenAI and Azure name a filter by these codes.
_FILTERS = frozenset({"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"})

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

    return status == HTTPStatus.BAD_REQUEST and _names_field(body) and not is_filtered(body)


def is_filtered(body: Any) -> bool:
    """Return whether the *body* of an error says that a filter refuses the text."""
    return _has_code(body, _FILTERS)


def find_refused_field(status: int | None, body: Any, left_out: Collection[str]) -> str | None:
    """Return the optional field that an error names, None if there is none.

    *left_out* are the fields that the refused request did not have.
    """
    if status not in _WRONG_FIELD or is_filtered(body):
        return None

    words = json.dumps(body)
    for field_name in OPTIONAL_FIELDS:
        if field_name not in left_out and re.search(rf"\b{field_name}\b", words):
            return field_name

    return None


def _names_field(body: Any) -> bool:
    error = _error_of(body)
    has_param = isinstance(error.get("param"), str) and bool(error["param"])
    return has_param or find_refused_field(HTTPStatus.BAD_REQUEST, body, ()) is not None


def _has_code(body: Any, codes: Collection[str]) -> bool:
    error = _error_of(body)
    inner = error.get("innererror")
    described = (error, inner) if isinstance(inner, Mapping) else (error,)
    found = [part.get(name) for part in described for name in ("code", "type")]
    return any(isinstance(code, str) and code in codes for code in found)


def _error_of(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}
