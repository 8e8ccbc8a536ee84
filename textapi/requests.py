"""Requests to the Text API: the body of a call, and the part of its reply that answers each text.

An answer's key is made of engine, operation, parameters and text alone, so that equal requests
find it; the key of a keyword's answer is the term and the document. A request has the `keys` of
the answers that it may bring, and `claim_keys` of those that nobody else may request meanwhile.
Its `body` asks for the keys still missing. `answers` reads them out of a reply (or raises
`ServiceBadAnswer`), except answers that are uncertain; `split` makes requests of one text each for
these. `documents` are (document, key) pairs of answers that quote several documents as one text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product
from json.encoder import encode_basestring_ascii
from typing import Any, Self, TypeAlias, cast

from core.enums import PART_SIGN
from core.errors import ServiceBadAnswer
from textapi.alignment import align, join, length_joined
from textapi.answer_validation import read_answer
from textapi.messages import EXCHANGES, SERVICE, Operation
from textapi.packing import pack
from textapi.placement import place_answer
from textapi.text.sentences import split

# The key is a term and a document's id.
KeywordKey: TypeAlias = tuple[str, int]
AnswerKey: TypeAlias = bytes | KeywordKey

# An answer without sentences is stored as this text.
NOTHING_FOUND = "[]"

# A tag or a handle begins with a sign; ".@" lets everybody see a post that begins with a handle.
_SIGN = re.compile(r"(?<!\w)\.?[@#](?=\w)")


def refusal(status: int) -> str:
    """Return what is stored as the answer to a text that the service refused with *status*.

    No answer of the service is a JSON object.
    """
    return _to_json({"refused": status})


def is_refusal(answer: Any) -> bool:
    """Return whether a stored *answer* says that the text was refused."""
    return isinstance(answer, dict)


def refusing_status(answer: Any) -> int:
    """Return the HTTP status with which the text was refused, of a refusal."""
    return int(answer["refused"])


def requested_term(term: str) -> str:
    """Return the term that a name of the ledger stands for."""
    return term.partition(PART_SIGN)[0]


def answer_key(engine: str, operation: str, parameters: Mapping[str, Any], text: str) -> bytes:
    """Return the 16-byte hash of ``[engine, operation, parameters, text]`` as JSON."""
    return finish_key(begin_key(engine, operation, parameters), text)


def polarity_key(engine: str, text: str) -> bytes:
    """Return the key of the polarity of *text*."""
    return finish_key(_begin_polarity_key(engine), text)


def begin_key(engine: str, operation: str, parameters: Mapping[str, Any]) -> hashlib.blake2b:
    """Return the hash of everything before the text, which thousands of keys share."""
    head = json.dumps([engine, operation, parameters], sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(f"{head[:-1]},".encode(), digest_size=16)


@lru_cache(maxsize=16)
def _begin_polarity_key(engine: str) -> hashlib.blake2b:
    return begin_key(engine, Operation.TEXT_POLARITY, {})


def finish_key(head: hashlib.blake2b, text: str) -> bytes:
    """Return the key of *text* behind the *head* that `begin_key` returned."""
    key = head.copy()
    # `json.dumps` writes the same, and takes thrice as long to find that it is a text.
    key.update(f"{encode_basestring_ascii(text)}]".encode())
    return key.digest()


class UnplacedAnswer(ServiceBadAnswer):
    """Sentences of an answer about one text do not stand in it; *answers* holds all answers."""

    def __init__(
        self, operation: Operation, terms: Sequence[str], answers: dict[AnswerKey, str]
    ) -> None:
        quoted_terms = ", ".join(map(repr, terms))
        super().__init__(
            f"{SERVICE}: {operation} answered with a sentence that does not stand in the text, "
            f"for {quoted_terms}",
            service=SERVICE,
        )
        self.answers = answers


@dataclass(frozen=True)
class _Request:
    # The answers of this engine are requested.
    engine: str

    def with_engine(self, engine: str) -> Self:
        """Return the same request to another engine, its keys in the same order."""
        return replace(self, engine=engine)


@dataclass(frozen=True)
class KeywordBatch(_Request):
    """Sentences with keywords of several texts of one day: an answer for each text and term.

    *document_ids* are the documents of the texts. *terms* are names of the ledger. A term and the
    whole *day* are claimed as one.
    """

    texts: tuple[str, ...]
    document_ids: tuple[int, ...]
    terms: tuple[str, ...]
    # The day is a source and a date.
    day: str = ""
    operation: Operation = Operation.SENTENCES_WITH_KEYWORDS
    documents: tuple[tuple[int, bytes], ...] = ()

    @property
    def keys(self) -> tuple[KeywordKey, ...]:
        """A key for each document and term."""
        return tuple(product(self.terms, self.document_ids))

    def claim_keys(self, keys: Collection[AnswerKey]) -> set[bytes]:
        """Return a key for each term of *keys*: of all documents of the day."""
        terms, _ = _terms_and_ids(keys)
        return {_day_key(self.engine, term, self.day) for term in terms}

    def body(self, keys: Collection[AnswerKey]) -> dict[str, Any]:
        """Return the JSON body: texts that lack an answer, and the terms that one of them lacks."""
        texts, _, terms = self._select(keys)
        return {"text": join(texts), "keywords": list(map(requested_term, terms))}

    def answers(
        self, reply: Mapping[str, Any], keys: Collection[AnswerKey]
    ) -> dict[AnswerKey, str]:
        """Return the sentences of *reply* that stand in each text, as JSON lists.

        If there are several texts, a text whose sentences are uncertain has no answer. Raises
        `UnplacedAnswer` if a sentence about a single text does not stand in it.
        """
        texts, document_ids, terms = self._select(keys)
        text_of_all = join(texts)
        answers: dict[AnswerKey, str] = {}
        unplaced_terms: list[str] = []

        for term in terms:
            requested = requested_term(term)
            sentences = read_answer(self.operation, reply, requested, text_of_all)
            if len(texts) == 1:
                covered, is_placed = _own_sentences(sentences, texts[0], requested)
                answers[term, document_ids[0]] = _to_json(covered)
                unplaced_terms += [] if is_placed else [requested]
                continue

            for index, mentioning in _sentences_by_text(sentences, texts, requested).items():
                answers[term, document_ids[index]] = (
                    _to_json(mentioning) if mentioning else NOTHING_FOUND
                )

        if unplaced_terms:
            raise UnplacedAnswer(self.operation, unplaced_terms, answers)

        return answers

    def is_about_one(self, keys: Collection[AnswerKey]) -> bool:
        """Return whether only one text lacks an answer."""
        return len(self._select(keys)[0]) == 1

    def split(self, keys: Collection[AnswerKey]) -> list[ApiRequest]:
        """Return a batch for each text that lacks an answer, with the terms that it lacks."""
        requests: list[ApiRequest] = []
        for text, document_id in zip(self.texts, self.document_ids, strict=True):
            terms = [term for term in self.terms if (term, document_id) in keys]
            if terms:
                part = replace(self, texts=(text,), document_ids=(document_id,), terms=tuple(terms))
                requests.append(part)

        return requests

    def _select(self, keys: Collection[AnswerKey]) -> tuple[list[str], list[int], list[str]]:
        missing_terms, missing_ids = _terms_and_ids(keys)
        texts, document_ids = [], []
        for text, document_id in zip(self.texts, self.document_ids, strict=True):
            if document_id in missing_ids:
                texts.append(text)
                document_ids.append(document_id)

        return texts, document_ids, [term for term in self.terms if term in missing_terms]


@dataclass(frozen=True)
class PolarityBatch(_Request):
    """The polarity of several texts of one sentence each, by `polarity_by_sentence`."""

    texts: tuple[str, ...]
    operation: Operation = Operation.POLARITY_BY_SENTENCE
    documents: tuple[tuple[int, bytes], ...] = ()

    @cached_property
    def keys(self) -> tuple[bytes, ...]:
        """The keys under which `text_polarity` of each text is stored."""
        return tuple(polarity_key(self.engine, text) for text in self.texts)

    def claim_keys(self, keys: Collection[AnswerKey]) -> set[bytes]:
        """Return *keys* themselves."""
        return _hashes(keys)

    def body(self, keys: Collection[AnswerKey]) -> dict[str, Any]:
        """Return the JSON body: the texts that lack an answer, a line each."""
        return {"text": join(self._select(keys))}

    def answers(
        self, reply: Mapping[str, Any], keys: Collection[AnswerKey]
    ) -> dict[AnswerKey, str]:
        """Return the polarities of *reply*; a text that is not one of its sentences has none."""
        texts = self._select(keys)
        pairs = read_answer(self.operation, reply, _name_of(self.operation), join(texts))
        alignment = align([sentence for _, sentence in pairs], texts)

        parts_by_text: dict[int, list[tuple[float, str]]] = {}
        for (polarity, _), placement in zip(pairs, alignment.places, strict=True):
            if placement is not None:
                parts_by_text.setdefault(placement[0], []).append((polarity, placement[1]))

        answers: dict[AnswerKey, str] = {}
        for index, parts in parts_by_text.items():
            text, (polarity, part) = texts[index], parts[0]
            if len(parts) == 1 and part.split() == text.split():
                answers[polarity_key(self.engine, text)] = _to_json(polarity)

        return answers

    def is_about_one(self, _keys: Collection[AnswerKey]) -> bool:
        """Return False: even one text is asked about by another operation when it is split."""
        return False

    def split(self, keys: Collection[AnswerKey]) -> list[ApiRequest]:
        """Return a request of `text_polarity` for each text."""
        return [polarity_of(self.engine, text) for text in self._select(keys)]

    def _select(self, keys: Collection[AnswerKey]) -> list[str]:
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

    def claim_keys(self, keys: Collection[AnswerKey]) -> set[bytes]:
        """Return *keys* themselves."""
        return _hashes(keys)

    def body(self, _keys: Collection[AnswerKey]) -> dict[str, Any]:
        """Return the JSON body: the text and the parameters."""
        return {"text": self.text, **self.parameters}

    def answers(
        self, reply: Mapping[str, Any], _keys: Collection[AnswerKey]
    ) -> dict[AnswerKey, str]:
        """Return the answer."""
        answer = read_answer(self.operation, reply, _name_of(self.operation), self.text)
        return {self.key: _to_json(answer)}

    def is_about_one(self, _keys: Collection[AnswerKey]) -> bool:
        """Return True: a text of several documents is cut by its step."""
        return True

    def split(self, _keys: Collection[AnswerKey]) -> list[ApiRequest]:
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
    engine: str, texts: Iterable[tuple[int, str]], terms: Sequence[str], size: int, day: str
) -> Iterator[KeywordBatch]:
    """Yield batches of up to *size* characters, or of one longer text.

    *texts* are those of a *day*, all different, each with the id of its document.
    """
    for batch in pack(texts, size, _length_of_document):
        document_ids, batch_texts = zip(*batch, strict=True)
        yield KeywordBatch(engine, batch_texts, document_ids, tuple(terms), day)


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


def _length_of_document(document: tuple[int, str]) -> int:
    return length_joined(document[1])


@lru_cache(maxsize=1024)
def _day_key(engine: str, term: str, day: str) -> bytes:
    return answer_key(engine, Operation.SENTENCES_WITH_KEYWORDS, {"keyword": term}, day)


def _terms_and_ids(keys: Collection[AnswerKey]) -> tuple[set[str], set[int]]:
    # A batch gets only keys that it gave.
    keyword_keys = cast("Collection[KeywordKey]", keys)
    return {term for term, _ in keyword_keys}, {document_id for _, document_id in keyword_keys}


def _hashes(keys: Collection[AnswerKey]) -> set[bytes]:
    return {key for key in keys if isinstance(key, bytes)}


def _sentences_by_text(
    sentences: Sequence[str], texts: Sequence[str], term: str
) -> dict[int, list[str]]:
    """Return the sentences by the number of their text, without the texts that are doubtful."""
    alignment = align(sentences, texts, term)
    mentioning: dict[int, list[str]] = {}
    for index in range(len(texts)):
        if index not in alignment.doubtful:
            mentioning[index] = []

    for placement in alignment.places:
        if placement is not None and placement[0] in mentioning:
            mentioning[placement[0]].append(placement[1])

    return mentioning


def _own_sentences(sentences: Sequence[str], text: str, term: str) -> tuple[list[str], bool]:
    """Return the sentences of *text* that an answer covers, and whether all stand in it.

    If one does not, all are returned as they were answered.
    """
    spans = split(text) if sentences else []
    placement = place_answer(sentences, text, spans, term)
    if placement.unplaced:
        return list(sentences), False

    return [text[slice(*spans[position])] for position in placement.positions], True


def _name_of(operation: Operation) -> str:
    """Return the key of the answer on the wire."""
    return EXCHANGES[operation].answer_name or ""


def _to_json(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
