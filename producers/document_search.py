"""A search for the documents of a run that people put into a category of a codebook.

Texts are read in batches: the highest of a ranking that learns from what was read, and some that
are drawn by chance from all that are unread (`reports.stats.search_recall` says what these tell).
What was read in which order is stored beside the codes, so that a search goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from sqlalchemy import Row

from analysis.codebooks.codebook import SEPARATOR, Codebook
from analysis.codebooks.near_misses import Bits, Floats, Integers, WordsOfTexts
from analysis.codebooks.search_ranking import SearchRanking
from analysis.codebooks.stored import keep_codebook
from analysis.codebooks.units import read_documents, read_posts
from analysis.codebooks.wanted import WantedCategory
from analysis.kinds import kind_named
from core.enums import ReadBy, SampleRule
from core.errors import UsageError
from models.codes import UnitKey, read_all_peoples_codes
from models.database import Database
from models.documents import text_part_of
from models.run_transitions import lock_run
from models.runs import get_run
from models.searches import (
    Search,
    add_searched,
    list_machine_codes,
    list_searched,
    read_texts,
)
from producers.code_sample import SampledText, check_unit, name_item

# A batch is of this share of the texts that were read, within these bounds.
BATCH_SHARE = 0.1
LEAST_BATCH, _MOST_BATCH = 50, 200

# How often texts of the top were relevant lately is told by so many, or by this share of all read.
LEAST_LATELY = 50
LATELY_SHARE = 0.2

# A query has at most so many words.
_MOST_WORDS = 8

_NUMBERS = 2.0**64
_NO_PLACES: Integers = np.empty(0, np.int64)


@dataclass(frozen=True)
class SearchState:
    """How far a search is, in documents but for *texts* and *texts_read*.

    Of each draw by chance *unread_before* and *found_before* say how many documents were so, and
    *are_hits* whether it was relevant. *top_read* and *top_found* are of the texts that were read
    last since they ranked high. *pending* are texts of the last batch that nobody has read.
    """

    documents: int
    read: int
    found: int
    texts: int
    texts_read: int
    unread_before: Integers
    found_before: Integers
    are_hits: Bits
    top_read: int
    top_found: int
    pending: Sequence[int]


class DocumentSearch:
    """A search in a run, which knows the words of all its texts."""

    def __init__(
        self,
        db: Database,
        run_id: int,
        codebook: Codebook,
        sought: WantedCategory,
        keyword: str | None = None,
    ) -> None:
        """Read the texts of the run.

        *keyword* is the one that is asked of, where a codebook asks of several. Raises `NotFound`,
        and `UsageError` if there is nothing to read.
        """
        self._db, self._codebook, self._sought = db, codebook, sought
        with db.read() as connection:
            run = get_run(connection, run_id)

        keywords = _list_keywords(run, codebook, sought, keyword)
        if keywords:
            units, matches = read_documents(db, run, keywords, b"", SampleRule.PERIOD)
        else:
            units, matches = read_posts(db, run, b"", SampleRule.PERIOD), {}
        if not len(units):
            raise UsageError(f"run {run_id} has no text (yet): `tidings status {run_id}` says why")

        with db.write() as connection:
            codebook_id = keep_codebook(connection, db, codebook)

        asked_of = keywords[0] if codebook.asks_of_keyword else ""
        self.search = Search(run_id, codebook_id, f"{sought}", asked_of)
        self._part = text_part_of(run.parameters)
        self._vocabulary = units.vocabulary

        # Units with the same number have the same words; the first of them stands for all.
        numbers = units.random_numbers("")
        _, first, self._text_of, self._copies = np.unique(
            numbers, return_index=True, return_inverse=True, return_counts=True
        )
        self._documents = units.documents
        self._first_documents = units.documents[first]
        self._texts_by_document: dict[int, int] = dict(
            zip(units.documents.tolist(), self._text_of.tolist(), strict=True)
        )
        # Where documents come or go, all that are unread are drawn from anew.
        others = units.random_numbers(f"{sought} of {len(units)}")[first]
        self._chance = -np.log1p(-(others + 0.5) / _NUMBERS) / self._copies

        words = units.words_of_texts()
        is_first = np.zeros(len(units), bool)
        is_first[first] = True
        kept = is_first[words.text_of]
        self._words = WordsOfTexts(
            len(first), words.vocabulary, words.words[kept], self._text_of[words.text_of[kept]]
        )
        signs = [is_match[first] for is_match in matches.values()]
        self._ranking = SearchRanking(self._words, [*signs, *self._read_machines()])

    def look(self) -> SearchState:
        """Return how far the search is, by the codes that are stored now."""
        is_read, is_relevant = self._read_codes()
        with self._db.read() as connection:
            rows = list_searched(connection, self.search)

        return self._describe(rows, is_read, is_relevant)

    def plan_batch(self, share_by_chance: float) -> list[SampledText]:
        """Return the texts that are read next, in the order in which they are shown.

        That is what remains of a batch that was begun. *share_by_chance* of a new one is drawn by
        chance. It is empty if all is read. Texts of both kinds are mixed, so that a coder does not
        know of which one is.
        """
        is_read, is_relevant = self._read_codes()
        with self._db.write() as connection:
            lock_run(connection, self.search.run_id)
            rows = list_searched(connection, self.search)
            pending = self._describe(rows, is_read, is_relevant).pending
            if not pending:
                new_rows = self._choose(rows, is_read, is_relevant, share_by_chance)
                add_searched(connection, self.search, new_rows)
                pending = [row["document_id"] for row in new_rows if row["read_by"] != ReadBy.KNOWN]

            texts = read_texts(connection, pending, self._part)

        keyword = self.search.keyword
        batch = [
            SampledText(
                unit=UnitKey(document, keyword),
                item=name_item(text.identity, keyword, 0),
                period=text.month or "",
                keyword=keyword,
                document=text.identity,
                text=text.text,
            )
            for document, text in texts.items()
        ]
        return sorted(batch, key=attrgetter("item"))

    def suggest_query(self) -> tuple[str, float]:
        """Return words that tell of what was found, as a query, and the share of it with one."""
        is_read, is_relevant = self._read_codes()
        self._learn(is_read, is_relevant)
        words = [
            word
            for word in self._ranking.list_telling_words(_MOST_WORDS)
            if not self._vocabulary[word].isdigit()
        ]
        has_word = np.zeros(len(self._copies), bool)
        has_word[self._words.text_of[np.isin(self._words.words, words)]] = True
        found = self._copies * is_relevant
        share = int((found * has_word).sum()) / max(1, int(found.sum()))
        return " OR ".join(self._vocabulary[word] for word in words), share

    def _text(self, document: int) -> int:
        return self._texts_by_document.get(document, -1)

    def _read_machines(self) -> list[Bits]:
        """Return of which texts each network and model says that they are relevant."""
        with self._db.read() as connection:
            coded = list_machine_codes(connection, self.search, self._sought.variable)

        signs = []
        for codes in coded.values():
            documents = [
                id_ for id_, code in codes if self._sought.category in code.split(SEPARATOR)
            ]
            sign = np.zeros(len(self._copies), bool)
            sign[self._text_of[np.isin(self._documents, documents)]] = True
            signs.append(sign)

        return signs

    def _read_codes(self) -> tuple[Bits, Bits]:
        """Return which texts people have read, and which of these are relevant."""
        with self._db.read() as connection:
            codes_by_unit = read_all_peoples_codes(connection, self.search.codebook_id)

        votes = np.zeros((2, len(self._copies)))
        for unit, codes in codes_by_unit.items():
            is_found = self._sought.is_found(self._codebook, codes)
            text = self._text(unit.document_id)
            if is_found is not None and text >= 0 and unit[1:] == (self.search.keyword, 0):
                votes[int(is_found), text] += 1

        is_read: Bits = votes.sum(axis=0) > 0
        return is_read, is_read & (votes[1] >= votes[0])

    def _describe(self, rows: Sequence[Any], is_read: Bits, is_relevant: Bits) -> SearchState:
        places = [self._text(row.document_id) for row in rows]
        texts = np.array([text for text in places if text >= 0], np.int64)
        kept = [row for row, text in zip(rows, places, strict=True) if text >= 0]
        copies = self._copies[texts]
        found = copies * is_relevant[texts]
        read_before = np.cumsum(copies) - copies
        found_before = np.cumsum(found) - found

        # A draw counts once all that was to be read before it is, and if no document came since.
        documents = len(self._documents)
        unread_before = np.array([row.unread for row in kept], np.int64)
        open_texts = ~is_read[texts]
        counts = np.array([row.read_by == ReadBy.CHANCE for row in kept], bool)
        counts &= ~np.maximum.accumulate(open_texts)
        counts &= unread_before == documents - read_before

        lately = max(LEAST_LATELY, int(LATELY_SHARE * is_read.sum()))
        is_top = np.array([row.read_by == ReadBy.RANK for row in kept], bool) & ~open_texts
        top = np.flatnonzero(is_top)[-lately:]
        return SearchState(
            documents=documents,
            read=int((self._copies * is_read).sum()),
            found=int((self._copies * is_relevant).sum()),
            texts=len(self._copies),
            texts_read=int(is_read.sum()),
            unread_before=unread_before[counts],
            found_before=found_before[counts],
            are_hits=is_relevant[texts][counts],
            top_read=int(copies[top].sum()),
            top_found=int(found[top].sum()),
            pending=[
                row.document_id for row, is_open in zip(kept, open_texts, strict=True) if is_open
            ],
        )

    def _choose(
        self, rows: Sequence[Any], is_read: Bits, is_relevant: Bits, share_by_chance: float
    ) -> list[dict[str, Any]]:
        """Return the rows of texts that are read next, what is known already first."""
        self._learn(is_read, is_relevant)
        listed = np.zeros(len(self._copies), bool)
        listed[[text for row in rows if (text := self._text(row.document_id)) >= 0]] = True
        known = np.flatnonzero(is_read & ~listed)

        unread = np.flatnonzero(~is_read)
        wanted = min(_MOST_BATCH, max(LEAST_BATCH, int(BATCH_SHARE * is_read.sum())))
        size = min(len(unread), wanted)
        top, by_chance = choose_batch(
            self._ranking.score()[unread], self._chance[unread], size, share_by_chance
        )
        chosen = [
            *((text, ReadBy.KNOWN) for text in known.tolist()),
            *((text, ReadBy.RANK) for text in unread[top].tolist()),
            *((text, ReadBy.CHANCE) for text in unread[by_chance].tolist()),
        ]
        documents = len(self._documents)
        read = int((self._copies * listed).sum())
        place = rows[-1].place + 1 if rows else 0
        new_rows: list[dict[str, Any]] = []
        for text, read_by in chosen:
            new_rows.append(
                {
                    "document_id": int(self._first_documents[text]),
                    "place": place + len(new_rows),
                    "read_by": read_by,
                    "copies": int(self._copies[text]),
                    "unread": documents - read,
                }
            )
            read += int(self._copies[text])

        return new_rows

    def _learn(self, is_read: Bits, is_relevant: Bits) -> None:
        texts = np.flatnonzero(is_read)
        self._ranking.forget()
        self._ranking.learn(texts, is_relevant[texts])


def _list_keywords(
    run: Row[Any], codebook: Codebook, sought: WantedCategory, keyword: str | None
) -> list[str]:
    """Return the keywords of a run, or the one that is asked of. Raises `UsageError`."""
    check_unit(codebook, run)
    kind = kind_named(run.kind)
    names = [entry.name for entry in kind.keywords(kind.read_parameters(run.parameters))]
    if codebook.is_of_mentions:
        raise UsageError("a search is for documents: write unit: document into the codebook")
    if not codebook.asks_of_keyword:
        return names

    chosen = [name for name in names if keyword in (None, name)]
    if len(chosen) != 1:
        raise UsageError(
            f"the codebook {codebook.name} asks of each keyword: write --find KEYWORD:{sought} "
            f"with one of run {run.id}"
        )

    return chosen


def choose_batch(
    scores: Floats, chance: Floats, size: int, share_by_chance: float
) -> tuple[Integers, Integers]:
    """Return the texts of a batch: those with the highest *scores*, and those drawn by *chance*.

    The lowest numbers of *chance* are drawn from all that do not rank high enough.
    """
    by_chance = round(share_by_chance * size)
    top = find_lowest(-scores, size - by_chance)
    is_other = np.ones(len(scores), bool)
    is_other[top] = False
    others = np.flatnonzero(is_other)
    return top, others[find_lowest(chance[others], by_chance)]


def find_lowest(numbers: Floats, n: int) -> Integers:
    """Return the places of the *n* lowest numbers, the lowest first."""
    places: Integers = np.argpartition(numbers, min(n, len(numbers) - 1))[:n] if n else _NO_PLACES
    return places[np.argsort(numbers[places], kind="stable")]
