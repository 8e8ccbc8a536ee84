"""The server's description of itself, made from the messages."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from textapi.messages import (
    ENGINE_HEADER,
    EXCHANGES,
    KEY_HEADER,
    LANGUAGES_HEADER,
    POLARITY_HEADER,
    ErrorAnswer,
    Exchange,
)

_ERRORS = {
    400: "The body is no JSON, or a field is missing or of the wrong type: the message names it.",
    401: "The key is missing or unknown.",
    408: "The body did not arrive in time.",
    413: "The body or the text is too long, or the answer would be.",
    415: "The body is not sent as application/json, or is compressed.",
    417: "The header Expect asks for something other than 100-continue.",
    422: "A value is out of bounds: the message names the field.",
    429: "This key asks more often than it may.",
    503: "Too many texts are waiting, the request took too long, or the language model cannot be "
    "used.",
}
_SECONDS = {"type": "integer", "minimum": 1}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": _SECONDS}}
_POLARITY = {
    "name": POLARITY_HEADER,
    "in": "header",
    "description": "The polarity engine that the request prefers: vader, news or compatible. The "
    "header of the answer names the one that answered.",
    "schema": {"type": "string"},
}
_ENGINE = {
    ENGINE_HEADER: {"description": "Engine and version.", "schema": {"type": "string"}},
    LANGUAGES_HEADER: {
        "description": "The languages that the engine reads, by their codes in ISO 639-1, "
        "separated by commas; fr;ner is one that the endpoint ner alone reads. Keywords are "
        "searched for in every language.",
        "schema": {"type": "string"},
    },
}


def list_endpoints(engine: str) -> str:
    """Return a text for people: a line per endpoint of the server with this *engine*."""
    lines = [
        f"Text API, engine {engine}. /openapi.json is the full description.",
        "",
        *(f"POST /text/{name}: {exchange.request.__doc__}" for name, exchange in EXCHANGES.items()),
        "GET /ready, /health, /metrics",
        "",
    ]
    return "\n".join(lines)


def describe_api(engine: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the server with this *engine*."""
    models: set[tuple[type[BaseModel], JsonSchemaMode]] = {(ErrorAnswer, "serialization")}
    paths = {}
    for operation, exchange in EXCHANGES.items():
        models |= {(exchange.request, "validation"), (exchange.answer, "serialization")}
        paths[f"/text/{operation}"] = {"post": {"operationId": operation} | _describe(exchange)}

    ordered = sorted(models, key=lambda pair: pair[0].__name__)
    _, schemas = models_json_schema(ordered, ref_template="#/components/schemas/{model}")

    is_ready = {"200": _json_object("It is."), "503": _error("It is not, and why.")}
    paths["/health"] = _public("Whether the server lives.", {"200": _json_object("It does.")})
    paths["/ready"] = _public("Whether the language model is loaded.", is_ready)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Text API",
            "version": engine,
            "description": "The Text API as Tidings serves it.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": KEY_HEADER}},
        },
    }


def _describe(exchange: Exchange) -> dict[str, Any]:
    answer = {
        "description": exchange.answer.__doc__,
        "content": _content(exchange.answer),
        "headers": _ENGINE,
    }
    return {
        "summary": exchange.request.__doc__,
        "security": [{"key": []}],
        "parameters": [_POLARITY],
        "requestBody": {"required": True, "content": _content(exchange.request)},
        "responses": {"200": answer} | {str(s): _error(text, s) for s, text in _ERRORS.items()},
    }


def _public(summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"summary": summary, "responses": responses}}


def _json_object(description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {"description": description, "content": content}


def _error(description: str, status: int | None = None) -> dict[str, Any]:
    headers = _RETRY_AFTER if status in (429, 503) else {}
    return {"description": description, "content": _content(ErrorAnswer), "headers": headers}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
