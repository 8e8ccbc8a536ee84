"""Fetchers that make no call: one records the answers that a step reads, one gives them again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import IO, Any

from core.errors import NotFound
from models.answers import read_answers
from models.database import Database
from reports.packs.contents import PackedAnswer, read_lines
from textapi.requests import ApiRequest

NOTHING_FOUND = "[]"  # is not recorded: most texts do not mention a keyword

StoredAnswers = dict[bytes, str]  # JSON by key


class AnswersMissing(NotFound):
    """An answer that a step needs is not in the ledger."""


class RecordingFetcher:
    """Reads answers in the ledger and keeps what it has read."""

    def __init__(self, db: Database, engine: str) -> None:
        self.engine = engine
        self.answers: StoredAnswers = {}
        self._db = db

    async def fetch(self, requests: Iterable[ApiRequest]) -> None:
        """Do nothing: what is missing is noticed when it is read."""

    async def read(self, keys: Collection[bytes]) -> dict[bytes, Any]:
        """Read the answers with *keys*. Raises `AnswersMissing`."""
        with self._db.read() as connection:
            stored = read_answers(connection, keys)
        if len(stored) < len(set(keys)):
            raise AnswersMissing("answers are not stored any more")

        for key, value in stored.items():
            if value != NOTHING_FOUND:
                self.answers[key] = value
        return {key: json.loads(value) for key, value in stored.items()}


class ReplayingFetcher:
    """Gives the recorded answers; what was not recorded had found nothing."""

    def __init__(self, engine: str, answers: Mapping[bytes, Any]) -> None:
        self.engine = engine
        self._answers = answers

    async def fetch(self, requests: Iterable[ApiRequest]) -> None:
        """Do nothing: the answers are there."""

    async def read(self, keys: Collection[bytes]) -> dict[bytes, Any]:
        """Return the answers with *keys*."""
        return {key: self._answers.get(key, ()) for key in keys}


def write_answers(file: IO[bytes], answers: StoredAnswers) -> None:
    """Write *answers* by key; their values as they are stored."""
    for key, value in sorted(answers.items()):
        file.write(f'{{"key": "{key.hex()}", "value": {value}}}\n'.encode())


def load_answers(file: IO[bytes], name: str) -> dict[bytes, Any]:
    """Return the answers of the file *name*. Raises `BadInput`, which names file and line."""
    return {bytes.fromhex(line.key): line.value for line in read_lines(file, name, PackedAnswer)}
