"""The texts of a run that can be coded, in arrays: whole texts, posts or mentions."""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, select

from analysis.codebooks.drawing import Integers, RandomNumbers
from analysis.codebooks.near_misses import Bits, WordsOfTexts
from analysis.text.repeats import read_form
from core.enums import SamplePeriod, SampleRule
from models.codes import UnitKey
from models.database import Database
from models.documents import (
    SCOPE_COLUMNS,
    DocumentScope,
    DocumentText,
    list_documents,
    list_documents_by_day,
    read_sections,
)
from models.tables import IS_REPORT, Document, Job, Mention

# The id, kind and name of a job, and the newest document that it works on.

# A random number of a text for one keyword is made of its number for none, as in SplitMix64.
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass
class CodableUnits:
    """All units of a run in the order of their days, in some 60 bytes each.

    Mentions have a keyword, by its number, and a position; whole texts have neither.
    """

    _documents: array[int] = field(default_factory=lambda: array("q"))
    _positions: array[int] = field(default_factory=lambda: array("i"))
    _keywords: array[int] = field(default_factory=lambda: array("i"))
    _months: array[int] = field(default_factory=lambda: array("i"))
    _random_numbers: array[int] = field(default_factory=lambda: array("Q"))
    # By these one of the units with the same text is drawn.
    _copy_numbers: array[int] = field(default_factory=lambda: array("Q"))
    rule: SampleRule = SampleRule.RANK

    # The different words of each text as numbers, and how many they are.
    _words: array[int] = field(default_factory=lambda: array("i"))
    _word_counts: array[int] = field(default_factory=lambda: array("i"))

    _month_names: dict[str, int] = field(default_factory=dict)
    _vocabulary: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, document: int, month: str, random_number: int, identity: str = "") -> None:
        """Add a whole text."""
        self._documents.append(document)
        self._copy_numbers.append(make_random_number(b"", [identity]))
        self._months.append(self._month_names.setdefault(month, len(self._month_names)))
        self._random_numbers.append(random_number)

    def add_mention(self, keyword: int, position: int) -> None:
        """Say of the text that was added last which mention it is."""
        self._keywords.append(keyword)
        self._positions.append(position)

    def add_words(self, form: Iterable[str]) -> None:
        """Note the different words of the text that was added last."""
        different_words = dict.fromkeys(form)
        self._word_counts.append(len(different_words))
        vocabulary = self._vocabulary
        for word in different_words:
            self._words.append(vocabulary.setdefault(word, len(vocabulary)))

    @property
    def documents(self) -> Integers:
        """The id of the document of each unit."""
        return np.frombuffer(self._documents, np.int64)

    @property
    def vocabulary(self) -> list[str]:
        """The words of all texts, by their numbers."""
        return list(self._vocabulary)

    @property
    def keywords(self) -> NDArray[np.int32]:
        """The number of the keyword of each mention."""
        return np.frombuffer(self._keywords, np.int32)

    @property
    def positions(self) -> NDArray[np.int32]:
        """The number of the sentence of each mention; 0 of whole texts."""
        if self._positions:
            return np.frombuffer(self._positions, np.int32)
        return np.zeros(len(self), np.int32)

    def key(self, place: int, keyword: str) -> UnitKey:
        """Return the key of the unit at *place*, coded for *keyword*."""
        position = self._positions[place] if self._positions else 0
        return UnitKey(self._documents[place], keyword, position)

    def random_numbers(self, keyword: str) -> RandomNumbers:
        """Return the random numbers of all units; keywords have samples of their own."""
        numbers: RandomNumbers = np.frombuffer(self._random_numbers, np.uint64)
        return _mix(numbers, keyword) if keyword else numbers

    def random_numbers_in(self, keyword: str, period: str, places: Integers) -> RandomNumbers:
        """Return the random numbers of the units of a period at *places*.

        Periods have samples of their own: by one number for all of them a headline that returns
        would be drawn in nearly all or in none, though their samples are taken as independent.
        """
        numbers: RandomNumbers = self.random_numbers(keyword)[places]
        return _mix(numbers, f"\0{period}") if self.rule != SampleRule.TEXT else numbers

    def copy_numbers_of(self, places: Integers) -> RandomNumbers | None:
        """Return by which numbers one of equal texts is drawn; None if the first is."""
        if self.rule == SampleRule.TEXT:
            return None

        numbers: RandomNumbers = np.frombuffer(self._copy_numbers, np.uint64)[places]
        return numbers

    def places_by_period(self, per: SamplePeriod) -> dict[str, Integers]:
        """Return the places of the units of each period, sorted by period."""
        months = np.frombuffer(self._months, np.int32)
        month_numbers: dict[str, list[int]] = defaultdict(list)
        for month, number in self._month_names.items():
            month_numbers[per.of_month(month)].append(number)

        return {
            period: np.flatnonzero(np.isin(months, numbers))
            for period, numbers in sorted(month_numbers.items())
        }

    def words_of_texts(self) -> WordsOfTexts:
        """Return the words of all texts."""
        text_of = np.repeat(np.arange(len(self)), np.frombuffer(self._word_counts, np.int32))
        words = np.frombuffer(self._words, np.int32).astype(np.int64)
        return WordsOfTexts(len(self), len(self._vocabulary), words, text_of)


def read_documents(
    db: Database, run: Row[Any], keywords: Sequence[str], salt: bytes, rule: SampleRule
) -> tuple[CodableUnits, dict[str, Bits]]:
    """Return all documents of a run of months, and for each keyword which of them mention it."""
    units = CodableUnits(rule=rule)
    mentioning: dict[str, list[int]] = defaultdict(list)
    for job in _list_jobs(db, run):
        scope = _scope_of(job, run)
        sections = read_sections(db, scope) if rule != SampleRule.TEXT else {}
        for day, documents in list_documents_by_day(db, scope):
            for document in documents:
                form = read_form(document.text)
                number = make_random_number(salt, form)
                units.add(document.id, day[:7], number, document.identity)
                section = sections.get(document.id)
                # No word is written so.
                units.add_words((*form, f"\0{section}") if section else form)

        mentions = select(Mention.keyword, Mention.document_id).where(Mention.job_id == job.id)
        with db.read() as connection:
            for keyword, document_id in connection.execute(mentions.distinct()):
                mentioning[keyword].append(document_id)

    matches = {
        keyword: np.isin(units.documents, np.array(mentioning[keyword], np.int64))
        for keyword in keywords
    }
    return units, matches


def read_mentions(
    db: Database, run: Row[Any], keywords: Sequence[str], salt: bytes, rule: SampleRule
) -> CodableUnits:
    """Return all mentions of a run: each sentence of a keyword once."""
    units = CodableUnits(rule=rule)
    numbers = {keyword: number for number, keyword in enumerate(keywords)}
    columns = (Mention.document_id, Mention.keyword, Mention.position, Mention.sentence)

    for job in _list_jobs(db, run):
        mentions = (
            select(Document.published_at, Document.identity, *columns)
            .join(Document, Document.id == Mention.document_id)
            .where(Mention.job_id == job.id)
            .distinct()
        )
        with db.read() as connection:
            mention_rows = connection.execute(mentions).all()

        for mention in sorted(mention_rows, key=_day_identity_position):
            form = read_form(mention.sentence)
            month = f"{mention.published_at:%Y-%m}"
            units.add(mention.document_id, month, make_random_number(salt, form), mention.identity)
            units.add_mention(numbers[mention.keyword], mention.position)

    return units


def read_posts(db: Database, run: Row[Any], salt: bytes, rule: SampleRule) -> CodableUnits:
    """Return the authored posts of a run over accounts or searches, each once."""
    posts: dict[int, DocumentText] = {}
    for job in _list_jobs(db, run):
        with db.read() as connection:
            for post in list_documents(connection, _scope_of(job, run)):
                if not post.repost and post.period is not None:
                    posts[post.id] = post

    units = CodableUnits(rule=rule)
    for post in sorted(posts.values(), key=lambda post: (post.period or "", post.identity)):
        form = read_form(post.text)
        number = make_random_number(salt, form)
        units.add(post.id, post.period or "", number, post.identity)
        units.add_words(form)

    return units


def make_random_number(salt: bytes, form: Iterable[str]) -> int:
    """Return the permanent random number of a text, which its repeats share."""
    digest = hashlib.blake2b(" ".join(form).encode(), digest_size=8, key=salt)
    return int.from_bytes(digest.digest(), "little")


def _mix(numbers: RandomNumbers, name: str) -> RandomNumbers:
    """Return other random numbers for *name*, as different as those that are given (SplitMix64)."""
    numbers = numbers ^ np.frombuffer(hash_parts(name)[:8], np.uint64)[0]
    for shift, factor in zip(_SHIFTS, _FACTORS, strict=False):
        numbers = (numbers ^ (numbers >> shift)) * factor

    return numbers ^ (numbers >> _SHIFTS[-1])


def hash_parts(*parts: str) -> bytes:
    """Return a hash of texts in their order."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


def _list_jobs(db: Database, run: Row[Any]) -> list[Row[Any]]:
    """Return the jobs of a run that have documents, by name."""
    columns: tuple[Any, ...] = (*SCOPE_COLUMNS, Job.name)
    with db.read() as connection:
        jobs = connection.execute(select(*columns).where(Job.run_id == run.id, ~IS_REPORT)).all()

    return sorted(jobs, key=attrgetter("name"))


def _scope_of(job: Row[Any], run: Row[Any]) -> DocumentScope:
    return DocumentScope.of_job(job, run.parameters)


def _day_identity_position(mention: Any) -> tuple[Any, ...]:
    day = mention.published_at.date()
    return day, mention.identity, mention.position, mention.keyword
