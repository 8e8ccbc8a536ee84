"""Requests to a language model, a text each, and the answers to them as the ledger keeps them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.model_prompt import InvalidAnswer, Prompt, read_codes, uncoded_values
from core.enums import CodeState
from core.errors import ServiceBadAnswer
from language_models.chat import CHOSEN_SEED, ChatRequest
from language_models.completion import OPERATION, SERVICE, Completion, read_completion
from models.codes import UnitCodes
from textapi.requests import AnswerKey, begin_key, finish_key

# A refused, cut-off or invalid answer is asked for again so many times.
RETRIES = 2


# An answer of such a state gives no codes.
UNUSABLE = frozenset({CodeState.REFUSED, CodeState.CUT_OFF, CodeState.INVALID})


class UnusableAnswer(ServiceBadAnswer):
    """A model refused, was cut off, or wrote what is no code; *answers* keeps what it wrote."""

    def __init__(self, state: str, answers: dict[AnswerKey, str]) -> None:
        super().__init__(f"{SERVICE}: the answer about a text is {state}", service=SERVICE)
        self.answers = answers


@dataclass(frozen=True)
class ModelRequest:
    """The codes of one text by a language model; *quoted* are the documents that have the text.

    *engine* is the coder ``model:NAME``.
    """

    engine: str
    prompt: Prompt
    text: str
    quoted: tuple[int, ...] = ()
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
        """The documents that have the text, with the key: the answer may quote them."""
        return tuple((document, self.key) for document in self.quoted)

    def claim_keys(self, keys: Collection[AnswerKey]) -> set[bytes]:
        """Return *keys* themselves."""
        return {key for key in keys if isinstance(key, bytes)}

    def with_engine(self, engine: str) -> Self:
        """Refuse: no other model answers for this one."""
        raise AssertionError(engine)

    def body(self, _keys: Collection[AnswerKey]) -> dict[str, Any]:
        """Return the JSON body."""
        return self.chat.body(self.model)

    def answers(
        self, reply: Mapping[str, Any], _keys: Collection[AnswerKey]
    ) -> dict[AnswerKey, str]:
        """Return the answer. Raises `UnusableAnswer` if no code follows from it."""
        completion = read_completion(reply)
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


def completion_to_json(completion: Completion) -> dict[str, Any]:
    """Return a completion as it is stored: what the model wrote, and who wrote it how."""
    stored: dict[str, Any] = {"text": completion.text, "model": completion.model}
    if completion.fingerprint:
        stored["fingerprint"] = completion.fingerprint
    if completion.tokens is not None:
        stored["tokens"] = list(completion.tokens)
    if completion.is_refused:
        stored["refused"] = True
    if completion.is_cut_off:
        stored["cut_off"] = True
    return stored


def codes_of_answer(codebook: Codebook, stored: Mapping[str, Any]) -> UnitCodes:
    """Return the codes that follow from a stored answer, or why there are none."""
    if stored.get("refused"):
        return uncoded_values(codebook, CodeState.REFUSED, None)
    if stored.get("cut_off"):
        return uncoded_values(codebook, CodeState.CUT_OFF, None)
    try:
        return read_codes(codebook, stored["text"])
    except InvalidAnswer as error:
        return uncoded_values(codebook, CodeState.INVALID, str(error))


def name_model(stored: Mapping[str, Any]) -> str:
    """Return who gave a stored answer: the model as its server names it, and the fingerprint."""
    fingerprint = stored.get("fingerprint")
    return f"{stored['model']} ({fingerprint})" if fingerprint else str(stored["model"])
