"""Requests to the Text API: what one call asks, and which part of its reply answers which text.

An answer's key is made of engine, operation, parameters and text alone, so that everybody who asks
the same finds it. A request has the `keys` of the answers that it may bring; its `body` asks for
those still missing, `answers` reads them out of a reply (or raises `ServiceBadAnswer`), without
those that cannot be told apart, and `split` makes requests of one text each for these.
Its `documents` are (document, key) pairs of answers that quote several documents as one text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from operator import itemgetter
from typing import Any, Self, TypeAlias

from textapi.alignment import align, join, length_joined
from textapi.answer_validation import read_answer
from textapi.messages import EXCHANGES, Operation
from textapi.packing import pack
from textapi.text.sentences import split

# The sign of a tag or a handle; ".@" lets everybody see a post that begins with a handle.
_SIGN = re.compile(r"(?<!\w)\.?[@#](?=\w)")


def answer_key(engine: str, operation: str, parameters: Mapping[str, Any], text: str) -> bytes:
    """Return the 16-byte hash of ``[engine, operation, parameters, text]`` as JSON."""
    return _finish_key(_begin_key(engine, operation, parameters), text)


def keyword_key(engine: str, term: str, text: str) -> bytes:
    """Return the key of the sentences of *text* that mention *term*."""
    return _finish_key(_begin_keyword_key(engine, term), text)


def polarity_key(engine: str, text: str) -> bytes:
    """Return the key of the polarity of *text*."""
    return _finish_key(_begin_polarity_key(engine), text)


def _begin_key(engine: str, operation: str, parameters: Mapping[str, Any]) -> hashlib.blake2b:
    """Return the hash of everything before the text, which thousands of keys share."""
    head = json.dumps([engine, operation, parameters], sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(f"{head[:-1]},".encode(), digest_size=16)


@lru_cache(maxsize=256)
def _begin_keyword_key(engine: str, term: str) -> hashlib.blake2b:
    return _begin_key(engine, Operation.SENTENCES_WITH_KEYWORDS, {"keyword": term})


@lru_cache(maxsize=16)
def _begin_polarity_key(engine: str) -> hashlib.blake2b:
    return _begin_key(engine, Operation.TEXT_POLARITY, {})


def _finish_key(head: hashlib.blake2b, text: str) -> bytes:
    key = head.copy()
    key.update(f"{json.dumps(text)}]".encode())
    return key.digest()


@dataclass(frozen=True)
class _Request:
    engine: str  # the engine whose answers are requested

    def with_engine(self, engine: str) -> Self:
        """Return the same request to another engine, its keys in the same order."""
        return replace(self, engine=engine)


@dataclass(frozen=True)
class KeywordBatch(_Request):
    """Sentences with keywords of several texts: an answer for each text and term."""

    texts: tuple[str, ...]
    terms: tuple[str, ...]
    operation: Operation = Operation.SENTENCES_WITH_KEYWORDS
    documents: tuple[tuple[int, bytes], ...] = ()

    @property
    def keys(self) -> tuple[bytes, ...]:
        """A key for each text and term."""
        return tuple(self._positions)

    @cached_property
    def _positions(self) -> dict[bytes, tuple[int, str]]:
        positions = {}
        for number, text in enumerate(self.texts):
            for term in self.terms:
                positions[keyword_key(self.engine, term, text)] = number, term
        return positions

    def body(self, keys: Collection[bytes]) -> dict[str, Any]:
        """Return the JSON body: texts that lack an answer, and the terms that one of them lacks."""
        texts, terms = self._select(keys)
        return {"text": join(texts), "keywords": terms}

    def answers(self, reply: Mapping[str, Any], keys: Collection[bytes]) -> dict[bytes, str]:
        """Return the sentences of *reply* that stand in each text, as JSON lists.

        A text whose sentences are not certain has no answer.
        """
        texts, terms = self._select(keys)
        text_of_all = join(texts)
        answers: dict[bytes, str] = {}

        for term in terms:
            sentences = read_answer(self.operation, reply, term, text_of_all)
            for number, mentioning in _sentences_by_text(sentences, texts, term).items():
                answers[keyword_key(self.engine, term, texts[number])] = _to_json(mentioning)
        return answers

    def split(self, keys: Collection[bytes]) -> list[ApiRequest]:
        """Return a batch for each text that lacks an answer, with the terms that it lacks."""
        terms_by_text: dict[str, list[str]] = {}
        for key, (number, term) in self._positions.items():
            if key in keys:
                terms_by_text.setdefault(self.texts[number], []).append(term)
        return [
            KeywordBatch(self.engine, (text,), tuple(terms))
            for text, terms in terms_by_text.items()
        ]

    def _select(self, keys: Collection[bytes]) -> tuple[list[str], list[str]]:
        positions = list(map(self._positions.__getitem__, keys))
        numbers = set(map(itemgetter(0), positions))
        terms = set(map(itemgetter(1), positions))

        texts = [text for number, text in enumerate(self.texts) if number in numbers]
        return texts, [term for term in self.terms if term in terms]


@dataclass(frozen=True)
class PolarityBatch(_Request):
    """The polarity of several texts of one sentence each, by `polarity_by_sentence`."""

    texts: tuple[str, ...]
    operation: Operation = Operation.POLARITY_BY_SENTENCE
    documents: tuple[tuple[int, bytes], ...] = ()

    @cached_property
    def keys(self) -> tuple[bytes, ...]:
        """The keys under which `text_polarity` of each text is stored."""
        return tuple(map(partial(polarity_key, self.engine), self.texts))

    def body(self, keys: Collection[bytes]) -> dict[str, Any]:
        """Return the JSON body: the texts that lack an answer, a line each."""
        return {"text": join(self._select(keys))}

    def answers(self, reply: Mapping[str, Any], keys: Collection[bytes]) -> dict[bytes, str]:
        """Return the polarities of *reply*; a text that is not one of its sentences has none."""
        texts = self._select(keys)
        pairs = read_answer(self.operation, reply, _name_of(self.operation), join(texts))
        alignment = align([sentence for _, sentence in pairs], texts)

        parts_by_text: dict[int, list[tuple[float, str]]] = {}
        for (polarity, _), place in zip(pairs, alignment.places, strict=True):
            if place is not None:
                parts_by_text.setdefault(place[0], []).append((polarity, place[1]))

        answers: dict[bytes, str] = {}
        for number, parts in parts_by_text.items():
            text, (polarity, part) = texts[number], parts[0]
            if len(parts) == 1 and part.split() == text.split():
                answers[polarity_key(self.engine, text)] = _to_json(polarity)
        return answers

    def split(self, keys: Collection[bytes]) -> list[ApiRequest]:
        """Return a request of `text_polarity` for each text."""
        return list(map(partial(polarity_of, self.engine), self._select(keys)))

    def _select(self, keys: Collection[bytes]) -> list[str]:
        selected = set(keys)
        return [text for text, key in zip(self.texts, self.keys, strict=True) if key in selected]


@dataclass(frozen=True)
class TextRequest(_Request):
    """One answer about one text; *quoted* are the documents that the text is made of."""

    operation: Operation
    parameters: Mapping[str, Any]
    text: str
    quoted: tuple[int, ...] = ()

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
        """The documents that the text is made of, with the key."""
        return tuple((document, self.key) for document in self.quoted)

    def body(self, _keys: Collection[bytes]) -> dict[str, Any]:
        """Return the JSON body: the text and the parameters."""
        return {"text": self.text, **self.parameters}

    def answers(self, reply: Mapping[str, Any], _keys: Collection[bytes]) -> dict[bytes, str]:
        """Return the answer."""
        value = read_answer(self.operation, reply, _name_of(self.operation), self.text)
        return {self.key: _to_json(value)}

    def split(self, _keys: Collection[bytes]) -> list[ApiRequest]:
        """Return the request itself."""
        return [self]


ApiRequest: TypeAlias = KeywordBatch | PolarityBatch | TextRequest


def polarity_of(engine: str, text: str) -> TextRequest:
    """Return the request for the polarity of one text."""
    return TextRequest(engine, Operation.TEXT_POLARITY, {}, text)


def phrases_of(engine: str, text: str, count: int, documents: Sequence[int] = ()) -> TextRequest:
    """Return the request for the *count* most common phrases of a text."""
    parameters = {"num_phrases": count}
    return TextRequest(engine, Operation.MOST_COMMON_PHRASES, parameters, text, tuple(documents))


def entities_of(engine: str, text: str, documents: Sequence[int] = ()) -> TextRequest:
    """Return the request for the entities of a text, by the labels for articles.

    The text is sent without the signs of tags and handles, which a model takes for signs of money.
    """
    parameters, text = {"doctype": "ARTICLE"}, _SIGN.sub("", text)
    return TextRequest(engine, Operation.NER, parameters, text, tuple(documents))


def summary_of(
    engine: str, text: str, proportion: float, documents: Sequence[int] = ()
) -> TextRequest:
    """Return the request for the summary of a text."""
    parameters = {"proportion": proportion}
    return TextRequest(engine, Operation.SUMMARIZE, parameters, text, tuple(documents))


def keyword_batches(
    engine: str, texts: Iterable[str], terms: Sequence[str], size: int
) -> Iterator[KeywordBatch]:
    """Yield batches of up to *size* characters, or of one longer text. *texts* are distinct."""
    for batch in pack(texts, size, length_joined):
        yield KeywordBatch(engine, tuple(batch), tuple(terms))


def polarity_requests(engine: str, texts: Iterable[str], size: int) -> list[ApiRequest]:
    """Return batches of the *texts* that are one sentence, and a request for each other text."""
    single_sentences: list[str] = []
    requests: list[ApiRequest] = []
    for text in texts:
        if split(text) == [(0, len(text))] and len(text) <= size:
            single_sentences.append(text)
        else:
            requests.append(polarity_of(engine, text))

    batches = pack(single_sentences, size, length_joined)
    return [*(PolarityBatch(engine, tuple(batch)) for batch in batches), *requests]


def _sentences_by_text(
    sentences: Sequence[str], texts: Sequence[str], term: str
) -> dict[int, list[str]]:
    """Return the sentences by the number of their text, without the texts that are doubtful."""
    if len(texts) == 1:
        return {0: list(sentences)}

    alignment = align(sentences, texts, term)
    mentioning: dict[int, list[str]] = {}
    for number in range(len(texts)):
        if number not in alignment.doubtful:
            mentioning[number] = []
    for place in alignment.places:
        if place is not None and place[0] in mentioning:
            mentioning[place[0]].append(place[1])
    return mentioning


def _name_of(operation: Operation) -> str:
    """Return the key of the answer on the wire."""
    return EXCHANGES[operation].answer_name or ""


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
