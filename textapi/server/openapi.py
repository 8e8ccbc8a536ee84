"""The server's description of itself, made from the messages: an OpenAPI document and a page to read."""

from __future__ import annotations

from html import escape
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from textapi.messages import ENGINE_HEADER, EXCHANGES, KEY_HEADER, ErrorAnswer, Operation

_REFUSALS = {
    400: "The body is no JSON, or a field is missing or of the wrong type: the message names it.",
    401: "The key is missing or unknown.",
    408: "The body did not arrive in time.",
    413: "The body or the text is too long.",
    415: "The body is not sent as application/json.",
    422: "A value is out of bounds: the message names the field.",
    429: "This key asks more often than it may.",
    503: "Too many texts are waiting, the request took too long, or the language model cannot be used.",
}


def document(engine: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the server whose engine is named *engine*."""
    requests = {exchange.request for exchange in EXCHANGES.values()}
    answers = {exchange.answer for exchange in EXCHANGES.values()} | {ErrorAnswer}
    models = sorted(
        [(model, "validation") for model in requests]
        + [(model, "serialization") for model in answers],
        key=lambda pair: pair[0].__name__,
    )
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Text API",
            "version": engine,
            "description": "The Text API as Tidings serves it.",
        },
        "paths": {f"/text/{operation}": {"post": _operation(operation)} for operation in EXCHANGES}
        | {
            "/health": {"get": _plain("Whether the server lives.", _json_answer("It does."))},
            "/ready": {
                "get": _plain("Whether the language model is loaded.", _json_answer("It is."))
                | {
                    "responses": {
                        "200": _json_answer("It is."),
                        "503": _refusal("It is not, and why.", {}),
                    }
                }
            },
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": KEY_HEADER}},
        },
    }


def page(engine: str) -> str:
    """A page for people: what may be asked here."""
    rows = "".join(
        f"<tr><td><code>POST /text/{operation}</code><td>{escape(exchange.request.__doc__ or '')}"
        f"<td><code>{escape(', '.join(exchange.request.model_fields))}</code>"
        f"<td>{escape(exchange.answer.__doc__ or '')}"
        for operation, exchange in EXCHANGES.items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Text API</title>"
        "<meta name=viewport content='width=device-width'>"
        "<style>body{font:1rem/1.5 system-ui;margin:2rem auto;max-width:64rem;padding:0 1rem}"
        "table{border-spacing:0}"
        "td,th{border-top:1px solid #ccc;padding:.5rem;text-align:left;vertical-align:top}</style>"
        f"<h1>Text API</h1><p>Engine {escape(engine)}. Send JSON with the header <code>{KEY_HEADER}</code>; "
        "<a href=openapi.json>openapi.json</a> says it exactly. "
        "<a href=ready>ready</a>, <a href=health>health</a>, <a href=metrics>metrics</a>."
        f"<table><tr><th>Address<th>What for<th>Fields<th>Answer{rows}</table></html>"
    )


def _operation(operation: Operation) -> dict[str, Any]:
    exchange = EXCHANGES[operation]
    return {
        "operationId": operation.value,
        "summary": exchange.request.__doc__,
        "security": [{"key": []}],
        "requestBody": {"required": True, "content": _content(exchange.request)},
        "responses": {
            "200": {
                "description": exchange.answer.__doc__,
                "content": _content(exchange.answer),
                "headers": {
                    ENGINE_HEADER: {
                        "description": "Engine and version.",
                        "schema": {"type": "string"},
                    }
                },
            }
        }
        | {str(status): _refusal(text, _retry_after(status)) for status, text in _REFUSALS.items()},
    }


def _plain(summary: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": answer}}


def _json_answer(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }


def _refusal(description: str, headers: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": _content(ErrorAnswer), "headers": headers}


def _retry_after(status: int) -> dict[str, Any]:
    if status not in {429, 503}:
        return {}
    return {
        "Retry-After": {
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 1},
        }
    }


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
