"""A chat request about one text, and the most tokens that it can take."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.errors import BoundExceeded
from core.prices import Price, Tokens

# A server's chat template puts signs around messages and may add a sentence of its own.
TEMPLATE_TOKENS = 256

TEMPERATURE, SEED, SCHEMA, MAX_TOKENS = "temperature", "seed", "response_format", "max_tokens"

# Newer models of OpenAI refuse max_tokens and take this in its place.
MAX_COMPLETION_TOKENS = "max_completion_tokens"

# A server may not know these fields; it names the one that it refuses.
OPTIONAL_FIELDS = (TEMPERATURE, SEED, SCHEMA, MAX_TOKENS)

CHOSEN_SEED = 1


@dataclass(frozen=True)
class ChatRequest:
    """Instructions and a message, and the JSON schema that the answer has to fit."""

    system: str
    user: str
    schema: Mapping[str, Any]
    max_tokens: int

    @cached_property
    def prompt_bound(self) -> int:
        """The most tokens that the prompt can have.

        A byte-level tokenizer makes no more tokens than the text has bytes. Some servers put the
        schema into the prompt.
        """
        schema = json.dumps(self.schema, ensure_ascii=False)
        texts = (self.system, self.user, schema)
        return sum(len(text.encode()) for text in texts) + TEMPLATE_TOKENS

    @property
    def most_tokens(self) -> int:
        """The most tokens that the prompt and its answer can have."""
        return self.prompt_bound + self.max_tokens

    def most_cost(self, price: Price) -> int:
        """Return the most that the request can cost."""
        return price.most(self.prompt_bound, self.max_tokens)

    def body(self, model: str, refused_fields: Collection[str] = ()) -> dict[str, Any]:
        """Return the JSON body for *model*, without the fields that its server has refused."""
        messages = [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.user},
        ]
        json_schema = {"name": "codes", "strict": True, "schema": self.schema}
        fields: dict[str, Any] = {
            TEMPERATURE: 0,
            SEED: CHOSEN_SEED,
            SCHEMA: {"type": "json_schema", "json_schema": json_schema},
            MAX_TOKENS: self.max_tokens,
        }
        taken_fields = {name: fields[name] for name in fields if name not in refused_fields}
        body = {"model": model, "messages": messages, **taken_fields}
        if MAX_TOKENS in refused_fields:
            body[MAX_COMPLETION_TOKENS] = self.max_tokens

        return body


def find_excess(
    tokens: Tokens | None, prompt_bound: int, max_tokens: int, *, service: str
) -> BoundExceeded | None:
    """Return the error of an answer that took more tokens than its request could, if it did."""
    if tokens is None or (tokens.prompt <= prompt_bound and tokens.completion <= max_tokens):
        return None

    return BoundExceeded(
        f"{service}: the server counts {tokens.prompt:,} tokens of a prompt that can have "
        f"{prompt_bound:,} and {tokens.completion:,} of an answer that may have {max_tokens:,}: "
        "what it bills cannot be bounded, so nothing more is asked; see what stands between it "
        "and TIDINGS_MODEL_URL",
        service=service,
    )
