"""Questions for the Text API: what one call asks, and which answer belongs to which text.

An answer's key is made of engine, operation, parameters and text alone, so whoever asks the same finds it. A question
may hold many answers; it builds the request for those still wanted and reads each text's answer out of the reply.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Protocol

from core.errors import ServiceBadAnswer, ServiceError
from textapi.messages import Operation
from textapi.packing import packed, placed
from textapi.text.sentences import split

SERVICE = "textapi"

_SIGN = re.compile(r"(?<!\w)\.?[@#](?=\w)")  # of a tag or a handle; ".@" lets a post be seen by all


class UnalignedReply(ServiceError):
    """The reply to several texts cannot be told apart by text: each has to be asked alone."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"textapi: the answer of {operation} does not fit the texts asked", service=SERVICE
        )


class ApiRequest(Protocol):
    """One call's worth of answers wanted."""

    @property
    def engine(self) -> str:
        """Whose answers are wanted."""

    @property
    def operation(self) -> Operation:
        """The endpoint that is asked."""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys of the answers wanted, one each."""

    @property
    def documents(self) -> tuple[tuple[int, bytes], ...]:
        """The documents that an answer quotes, where it speaks of several texts as one."""

    def body(self, keys: Collection[bytes]) -> dict[str, Any]:
        """The request that answers *keys*."""

    def answers(self, reply: Mapping[str, Any], keys: Collection[bytes]) -> dict[bytes, str]:
        """Each of *keys* with its answer as JSON. Raises `ServiceBadAnswer`, `UnalignedReply`."""

    def split(self, keys: Collection[bytes]) -> list[ApiRequest]:
        """The same for *keys*, each text in a question of its own."""

    def with_engine(self, engine: str) -> ApiRequest:
        """The same of another engine, its keys in the same order."""


def answer_key(engine: str, operation: str, parameters: Mapping[str, Any], text: str) -> bytes:
    """The 16-byte name of an answer in the ledger: the hash of ``[engine, operation, parameters, text]`` as JSON."""
    return _key_of(_head(engine, operation, parameters), text)


def _head(engine: str, operation: str, parameters: Mapping[str, Any]) -> Any:
    """The hash of all but the text: a month asks for thousands of texts alike."""
    name = json.dumps([engine, operation, parameters], sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(f"{name[:-1]},".encode(), digest_size=16)


def _key_of(head: Any, text: str) -> bytes:
    key = head.copy()
    key.update(f"{json.dumps(text)}]".encode())
    return bytes(key.digest())


@dataclass(frozen=True)
class KeywordBatch:
    """Sentences with keywords, of several texts in one call; an answer for each text and term."""

    engine: str
    texts: tuple[str, ...]
    terms: tuple[str, ...]
    operation: Operation = Operation.SENTENCES_WITH_KEYWORDS
    documents: tuple[tuple[int, bytes], ...] = ()
    _places: dict[bytes, tuple[int, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {
            keyword_key(self.engine, term, text): (number, term)
            for number, text in enumerate(self.texts)
            for term in self.terms
        }
        object.__setattr__(self, "_places", places)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """A key for each text and term."""
        return tuple(self._places)

    def body(self, keys: Collection[bytes]) -> dict[str, Any]:
        """The texts that lack an answer, with the terms that one of them lacks."""
        texts, terms = self._wanted(keys)
        return {"text": "\n".join(texts), "keywords": terms}

    def answers(self, reply: Mapping[str, Any], keys: Collection[bytes]) -> dict[bytes, str]:
        """Each sentence goes to the text that it stands in."""
        texts, terms = self._wanted(keys)
        answers: dict[bytes, str] = {}
        for term in terms:
            found = reply.get(term)
            if not isinstance(found, list) or not all(
                isinstance(sentence, str) for sentence in found
            ):
                raise ServiceBadAnswer(
                    f"textapi: {self.operation} gave no list of sentences for {term!r}",
                    service=SERVICE,
                )
            by_text = placed(found, texts)
            if by_text is None:
                raise UnalignedReply(self.operation)
            for text, sentences in zip(texts, by_text, strict=True):
                answers[keyword_key(self.engine, term, text)] = _json(sentences)
        return answers

    def with_engine(self, engine: str) -> ApiRequest:
        """The same of another engine."""
        return replace(self, engine=engine)

    def split(self, keys: Collection[bytes]) -> list[ApiRequest]:
        """A pack of one text each."""
        texts, terms = self._wanted(keys)
        return [KeywordBatch(self.engine, (text,), tuple(terms)) for text in texts]

    def _wanted(self, keys: Collection[bytes]) -> tuple[list[str], list[str]]:
        places = [self._places[key] for key in keys]
        numbers, wanted = {number for number, _ in places}, {term for _, term in places}
        texts = [text for number, text in enumerate(self.texts) if number in numbers]
        return texts, [term for term in self.terms if term in wanted]


@dataclass(frozen=True)
class PolarityBatch:
    """The polarity of several texts of one sentence each, in one call of `polarity_by_sentence`."""

    engine: str
    texts: tuple[str, ...]
    operation: Operation = Operation.POLARITY_BY_SENTENCE
    documents: tuple[tuple[int, bytes], ...] = ()

    @cached_property
    def keys(self) -> tuple[bytes, ...]:
        """The keys under which `text_polarity` of each text is kept."""
        return tuple(polarity_key(self.engine, text) for text in self.texts)

    def body(self, keys: Collection[bytes]) -> dict[str, Any]:
        """The texts that lack an answer, a line each."""
        return {"text": "\n".join(self._wanted(keys))}

    def answers(self, reply: Mapping[str, Any], keys: Collection[bytes]) -> dict[bytes, str]:
        """The reply's sentences, one to one."""
        wanted = self._wanted(keys)
        pairs = reply.get("polarity by sentence")
        if not isinstance(pairs, list):
            raise ServiceBadAnswer(
                f"textapi: {self.operation} gave no list of sentences", service=SERVICE
            )
        if len(pairs) != len(wanted):
            raise UnalignedReply(self.operation)
        answers = {}
        for text, pair in zip(wanted, pairs, strict=True):
            match pair:
                case [float() | int() as score, str() as sentence] if (
                    sentence.split() == text.split()
                ):
                    answers[polarity_key(self.engine, text)] = _json(float(score))
                case _:
                    raise UnalignedReply(self.operation)
        return answers

    def with_engine(self, engine: str) -> ApiRequest:
        """The same of another engine."""
        return replace(self, engine=engine)

    def split(self, keys: Collection[bytes]) -> list[ApiRequest]:
        """Each text by `text_polarity`."""
        return [polarity_of(self.engine, text) for text in self._wanted(keys)]

    def _wanted(self, keys: Collection[bytes]) -> list[str]:
        wanted = set(keys)
        return [text for text, key in zip(self.texts, self.keys, strict=True) if key in wanted]


@dataclass(frozen=True)
class TextRequest:
    """One answer about one text."""

    engine: str
    operation: Operation
    parameters: Mapping[str, Any]
    text: str
    answer_name: str  # the reply's key that holds the answer
    quoted: tuple[int, ...] = ()  # the documents whose text this is made of

    @cached_property
    def key(self) -> bytes:
        """The answer's key."""
        return answer_key(self.engine, self.operation, self.parameters, self.text)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The one key."""
        return (self.key,)

    @property
    def documents(self) -> tuple[tuple[int, bytes], ...]:
        """The documents that this text is made of."""
        return tuple((document, self.key) for document in self.quoted)

    def body(self, keys: Collection[bytes]) -> dict[str, Any]:  # noqa: ARG002 - there is but one
        """The text and the parameters."""
        return {"text": self.text, **self.parameters}

    def answers(self, reply: Mapping[str, Any], keys: Collection[bytes]) -> dict[bytes, str]:  # noqa: ARG002
        """The answer under its name, of the type that the operation promises."""
        value = reply.get(self.answer_name)
        if not _fits(self.operation, value):
            raise ServiceBadAnswer(
                f"textapi: {self.operation} answered without a fitting {self.answer_name!r}",
                service=SERVICE,
            )
        return {self.key: _json(value)}

    def with_engine(self, engine: str) -> ApiRequest:
        """The same of another engine."""
        return replace(self, engine=engine)

    def split(self, keys: Collection[bytes]) -> list[ApiRequest]:  # noqa: ARG002 - it is single
        """Itself."""
        return [self]


def keyword_key(engine: str, term: str, text: str) -> bytes:
    """The key of the sentences of *text* that mention *term*."""
    return _key_of(_keyword_head(engine, term), text)


@lru_cache(maxsize=256)
def _keyword_head(engine: str, term: str) -> Any:
    return _head(engine, Operation.SENTENCES_WITH_KEYWORDS, {"keyword": term})


def polarity_key(engine: str, text: str) -> bytes:
    """The key of the polarity of *text*."""
    return _key_of(_polarity_head(engine), text)


@lru_cache(maxsize=16)
def _polarity_head(engine: str) -> Any:
    return _head(engine, Operation.TEXT_POLARITY, {})


def polarity_of(engine: str, text: str) -> TextRequest:
    """The polarity of one text."""
    return TextRequest(engine, Operation.TEXT_POLARITY, {}, text, "text polarity")


def phrases_of(engine: str, text: str, count: int, documents: Sequence[int] = ()) -> TextRequest:
    """The most common phrases of a text."""
    return TextRequest(
        engine,
        Operation.MOST_COMMON_PHRASES,
        {"num_phrases": count},
        text,
        "most common phrases",
        tuple(documents),
    )


def entities_of(engine: str, text: str, documents: Sequence[int] = ()) -> TextRequest:
    """The entities of a text, by the labels for articles.

    It is asked without the signs of tags and handles, which a model takes for signs of money or for noise.
    """
    words = _SIGN.sub("", text)
    return TextRequest(
        engine, Operation.NER, {"doctype": "ARTICLE"}, words, "ner", tuple(documents)
    )


def summary_of(
    engine: str, text: str, proportion: float, documents: Sequence[int] = ()
) -> TextRequest:
    """The summary of a text."""
    return TextRequest(
        engine, Operation.SUMMARIZE, {"proportion": proportion}, text, "summary", tuple(documents)
    )


def keyword_batches(
    engine: str, texts: Iterable[str], terms: Sequence[str], size: int
) -> Iterator[KeywordBatch]:
    """Packs of up to *size* characters, in the order of *texts*, which are all different; a longer text goes alone."""
    for pack in packed(texts, size):
        yield KeywordBatch(engine, tuple(pack), tuple(terms))


def polarity_requests(engine: str, texts: Iterable[str], size: int) -> list[ApiRequest]:
    """Texts of one sentence together, up to *size* characters a call, each of the others alone; all different."""
    single: list[str] = []
    several: list[ApiRequest] = []
    for text in texts:
        if split(text) == [(0, len(text))] and len(text) <= size:
            single.append(text)
        else:
            several.append(polarity_of(engine, text))
    packs: list[ApiRequest] = [PolarityBatch(engine, tuple(pack)) for pack in packed(single, size)]
    return packs + several


def _fits(operation: Operation, value: Any) -> bool:
    match operation, value:
        case Operation.TEXT_POLARITY, float() | int():
            return not isinstance(value, bool)
        case Operation.SUMMARIZE, str():
            return True
        case Operation.MOST_COMMON_PHRASES, list():
            return all(isinstance(phrase, str) for phrase in value)
        case Operation.NER, list():
            return all(
                isinstance(pair, list)
                and len(pair) == 2
                and all(isinstance(part, str) for part in pair)
                for pair in value
            )
    return False


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
