"""Fetchers that make no call: one records the answers that a step reads, one replays them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import IO, Any

from analysis.fetcher import Request
from core.errors import BadInput, NotFound
from models.answers import read_answers
from models.database import Database
from models.keyword_answers import read_searched, read_sentences
from packs.archive import PackReader, lines_of
from packs.contents import PackedAnswer
from textapi.messages import Operation
from textapi.requests import KeywordBatch, KeywordKey, answer_key

MISSING = "answers are not stored any more"
# Such an answer is not recorded, since most texts do not mention a keyword.
NOTHING_FOUND = "[]"

# The answers as JSON, by key.
StoredAnswers = dict[bytes, str]


class AnswersMissing(NotFound):
    """An answer that a step needs is not in the ledger."""


class _CallFreeFetcher:
    """Knows the texts in which a step looks for keywords, by document.

    The ledger keys such answers by the document's row, which differs between databases; a pack keys
    them by a hash of the text.
    """

    def __init__(self, engine: str, languages: frozenset[str] | None) -> None:
        self.engine = engine
        self.languages = languages
        self._texts: dict[int, str] = {}

    async def fetch(self, requests: Iterable[Request]) -> None:
        """Make no call: remember the texts of *requests* and forget the earlier ones."""
        self._texts.clear()
        for request in requests:
            if isinstance(request, KeywordBatch):
                self._texts.update(zip(request.document_ids, request.texts, strict=True))

    def _packed_key(self, term: str, document_id: int) -> bytes:
        """Return the key of an answer in a pack."""
        parameters = {"keyword": term}
        operation = Operation.SENTENCES_WITH_KEYWORDS
        return answer_key(self.engine, operation, parameters, self._texts[document_id])


class RecordingFetcher(_CallFreeFetcher):
    """Reads answers in the ledger and keeps what it has read."""

    def __init__(self, db: Database, engine: str, languages: frozenset[str] | None = None) -> None:
        super().__init__(engine, languages)
        self.answers: StoredAnswers = {}
        self._db = db

    async def read_sentences(
        self, terms: Sequence[str], document_ids: Sequence[int]
    ) -> dict[KeywordKey, list[str]]:
        """Read the sentences that were found in documents. Raises `AnswersMissing`."""
        with self._db.read() as connection:
            searched = read_searched(connection, self.engine, terms, document_ids)
            sentences = read_sentences(connection, self.engine, terms, document_ids)

        if any(searched.missing(term, document_ids) for term in terms):
            raise AnswersMissing(MISSING)

        for (term, document_id), quotes in sentences.items():
            answer = json.dumps(quotes, ensure_ascii=False, separators=(",", ":"))
            self.answers[self._packed_key(term, document_id)] = answer

        return sentences

    async def read(self, keys: Collection[bytes]) -> dict[bytes, Any]:
        """Read the answers with *keys*. Raises `AnswersMissing`."""
        stored = self._db.fetch(read_answers, keys)
        if len(stored) < len(set(keys)):
            raise AnswersMissing(MISSING)

        for key, answer in stored.items():
            if answer != NOTHING_FOUND:
                self.answers[key] = answer

        return {key: json.loads(answer) for key, answer in stored.items()}


class ReplayingFetcher(_CallFreeFetcher):
    """Returns the recorded answers; a request without one had found nothing."""

    def __init__(
        self,
        engine: str,
        answers: Mapping[bytes, Any],
        languages: frozenset[str] | None = None,
    ) -> None:
        super().__init__(engine, languages)
        self.keys_read: set[bytes] = set()
        self._answers = answers

    async def read_sentences(
        self, terms: Sequence[str], document_ids: Sequence[int]
    ) -> dict[KeywordKey, list[str]]:
        """Return the sentences that were found in documents."""
        sentences: dict[KeywordKey, list[str]] = {}
        for term in terms:
            for document_id in document_ids:
                key = self._packed_key(term, document_id)
                self.keys_read.add(key)
                answer = self._answers.get(key)
                if answer:
                    sentences[term, document_id] = answer

        return sentences

    async def read(self, keys: Collection[bytes]) -> dict[bytes, Any]:
        """Return the answers with *keys*."""
        self.keys_read.update(keys)
        return {key: self._answers.get(key, ()) for key in keys}


def write_answers(file: IO[bytes], answers: StoredAnswers) -> None:
    """Write *answers* by key; their values as they are stored."""
    for key, answer in sorted(answers.items()):
        file.write(f'{{"key": "{key.hex()}", "value": {answer}}}\n'.encode())


def load_answers(pack: PackReader, file_name: str) -> dict[bytes, Any]:
    """Return the answers of a file of the pack. Raises `BadInput`, which names file and line."""
    answers: dict[bytes, Any] = {}
    last_key = ""
    for location, line in lines_of(pack, file_name, PackedAnswer):
        if line.key <= last_key:
            raise BadInput(f"{location}: it is not in the order of keys")

        last_key = line.key
        answers[bytes.fromhex(line.key)] = line.value

    return answers
