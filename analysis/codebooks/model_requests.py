"""Requests to a language model, a text each, and the answers to them as the ledger keeps them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

from analysis.codebooks.model_answers import NO_COMPLETION, codes_of_answer, completion_to_json
from analysis.codebooks.model_prompt import Prompt
from core.enums import UNUSABLE, CodeState
from core.errors import ServiceBadAnswer
from language_models.chat import CHOSEN_SEED, ChatRequest
from language_models.completion import OPERATION, SERVICE, read_completion
from textapi.requests import AnswerKey, begin_key, finish_key

# A refused, cut-off or invalid answer is asked for again so many times.
RETRIES = 2


class UnusableAnswer(ServiceBadAnswer):
    """A model refused, was cut off, or wrote what is no code; *answers* keeps what it wrote."""

    def __init__(self, state: str, answers: dict[AnswerKey, str]) -> None:
        super().__init__(f"{SERVICE}: the answer about a text is {state}", service=SERVICE)
        self.answers = answers


@dataclass(frozen=True)
class ModelRequest:
    """A request for the codes of one text, which the documents *document_ids* have."""

    # The coder, ``model:NAME``: requests to all services name who answers them so.
    engine: str

    prompt: Prompt
    text: str
    document_ids: tuple[int, ...] = ()
    operation: str = OPERATION

    @property
    def model(self) -> str:
        """What the server calls the model."""
        return self.engine.partition(":")[2]

    @cached_property
    def chat(self) -> ChatRequest:
        """What the model is sent."""
        return self.prompt.about(self.text)

    @cached_property
    def key(self) -> bytes:
        """The answer's key: the model, its parameters, the prompt's hash and the text."""
        return finish_key(
            _key_head(self.engine, self.prompt.max_tokens, self.prompt.hash), self.text
        )

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The one key."""
        return (self.key,)

    @property
    def documents(self) -> tuple[tuple[int, bytes], ...]:
        """The documents that have the text, each with the key: erasing one deletes the answer."""
        return tuple((document, self.key) for document in self.document_ids)

    def claim_keys(self, keys: Collection[AnswerKey]) -> set[bytes]:
        """Return *keys* themselves."""
        return {key for key in keys if isinstance(key, bytes)}

    def with_engine(self, engine: str) -> Self:
        """Raise `AssertionError`: no other model answers for this one, so it is never called."""
        raise AssertionError(engine)

    def body(self, _keys: Collection[AnswerKey]) -> dict[str, Any]:
        """Return the JSON body."""
        return self.chat.body(self.model)

    def answers(
        self, reply: Mapping[str, Any], _keys: Collection[AnswerKey]
    ) -> dict[AnswerKey, str]:
        """Return the answer. Raises `UnusableAnswer` if no code follows from it."""
        completion = read_completion(reply)
        if completion is None:
            raise UnusableAnswer(CodeState.INVALID, {self.key: NO_COMPLETION})

        stored = completion_to_json(completion)
        answers: dict[AnswerKey, str] = {self.key: json.dumps(stored, ensure_ascii=False)}
        problem = self.find_problem(stored)
        if problem is not None:
            raise UnusableAnswer(problem, answers)

        return answers

    def find_problem(self, stored: Mapping[str, Any]) -> CodeState | None:
        """Return why no code follows from a stored answer, None if one does."""
        values = codes_of_answer(self.prompt.codebook, stored).values()
        return next((value.state for value in values if value.state in UNUSABLE), None)

    def split(self, _keys: Collection[AnswerKey]) -> list[ModelRequest]:
        """Return the request itself."""
        return [self]


@lru_cache(maxsize=64)
def _key_head(coder: str, max_tokens: int, prompt_hash: str) -> hashlib.blake2b:
    """Return the hash of all that the answers to a prompt share."""
    parameters = {
        "max_tokens": max_tokens,
        "prompt": prompt_hash,
        "seed": CHOSEN_SEED,
        "temperature": 0,
    }
    return begin_key(coder, OPERATION, parameters)
