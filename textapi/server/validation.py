"""Validation of request bodies."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from textapi.messages import TextBody
from textapi.server.errors import HttpError

Body = TypeVar("Body", bound=TextBody)

# pydantic's names for a value of the right type that cannot be answered.
_OUT_OF_BOUNDS = {
    "finite_number", "greater_than", "greater_than_equal", "less_than", "less_than_equal",
    "literal_error", "string_too_long", "too_long", "value_error",
}  # fmt: skip


def parse_request(body: bytes, model: type[Body]) -> Body:
    """Return the request in *body*.

    Raises `HttpError`: 413 for a text too long, 422 for a value out of bounds, else 400. Its
    message names the field and never holds the value.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]

    field = ".".join(map(str, first["loc"])) or "body"
    message = f"{field}: {first['msg'].removeprefix('Value error, ')}"
    if first["type"] == "string_too_long" and field == "text":
        raise HttpError(413, f"{message}: send it in several requests")
    raise HttpError(422 if first["type"] in _OUT_OF_BOUNDS else 400, message)
