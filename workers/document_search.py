"""A search for the documents of a run that people put into a category of a codebook.

Texts are read in batches: the highest of a ranking that learns from what was read, and some that
are drawn by chance from all that are unread (`reports.stats.search_recall` says what these tell).
What was read in which order is stored beside the codes, so that a search goes on where it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from sqlalchemy import Connection

from analysis.codebooks.codebook import SEPARATOR, Codebook
from analysis.codebooks.near_misses import Bits, Floats, Integers, WordsOfTexts
from analysis.codebooks.search_ranking import SearchRanking
from analysis.codebooks.stored import keep_codebook
from analysis.codebooks.units import hash_parts, read_documents, read_posts
from analysis.codebooks.wanted import SoughtCategory
from analysis.kinds import kind_named
from core.enums import ReadBy, SamplePart, SampleRule
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
from reports.stats.coded_strata import CodedStratum
from reports.stats.search_check import SearchCheck
from reports.stats.search_recall import ChanceDraws, DrawPlan, SearchProgress

# A batch is of this share of the texts that were read, within these bounds.
_PEOPLES_SHARE = 0.1
_LEAST_BATCH, _MOST_BATCH = 50, 200

# A model reads this share at once, or this share of what seems to remain to be read.
_MODELS_SHARE, _REMAINING_SHARE = 0.2, 0.3

# How often texts of the top were relevant lately is told by so many, or by this share of all read.
LEAST_LATELY = 50
LATELY_SHARE = 0.2

# A query has at most so many words.
_MOST_WORDS = 8

# Chance is asked for so many numbers at once.
_DRAWN_AT_ONCE = 1024


@dataclass(frozen=True)
class SearchState:
    """How far a search is: what its draws tell, and how many different texts were read.

    *pending* are texts of the last batch that nobody has read.
    """

    progress: SearchProgress
    texts: int
    texts_read: int
    pending: Sequence[int]

    def has_ended(self, recall: float) -> bool:
        """Whether *recall* is reached, or all is read."""
        return self.progress.has_reached(recall) or self.texts_read == self.texts


class DocumentSearch:
    """A search in a run, which knows the words of all its texts."""

    def __init__(
        self,
        db: Database,
        run_id: int,
        codebook: Codebook,
        sought: SoughtCategory,
        model: str | None = None,
    ) -> None:
        """Read the texts of the run, in which people search, or the *model* that the run has.

        Raises `NotFound`, and `UsageError` if there is nothing to read.
        """
        self._db, self._codebook, self._sought = db, codebook, sought.category
        self.model = model
        run = db.fetch(get_run, run_id)
        check_unit(codebook, run)
        kind = kind_named(run.kind)
        names = [entry.name for entry in kind.keywords(kind.read_parameters(run.parameters))]
        keywords = sought.choose_keywords(codebook, names)
        if keywords:
            units, matches = read_documents(db, run, keywords, b"", SampleRule.PERIOD)
        else:
            units, matches = read_posts(db, run, b"", SampleRule.PERIOD), {}
        if not len(units):
            raise UsageError(f"run {run_id} has no text (yet): `tidings status {run_id}` says why")

        with db.write() as connection:
            codebook_id = keep_codebook(connection, db, codebook)

        asked_of = keywords[0] if codebook.asks_of_keyword else ""
        self.search = Search(run_id, codebook_id, f"{sought.category}", asked_of)
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
        self._check_order = units.random_numbers(f"check of {sought}")[first]
        # Where documents come or go, all that are unread are drawn from anew.
        self._salt = f"{sought} of {len(units)}"

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
        rows = self._db.fetch(list_searched, self.search)
        return self._describe(rows, is_read, is_relevant)

    def plan_batch(self, draws: DrawPlan) -> list[SampledText]:
        """Return the texts that are read next, in the order in which they are shown.

        That is what remains of a batch that was begun, or a new one with *draws*. It is empty if
        all is read. Texts of both kinds are mixed, so that a coder does not know of which one is.
        """
        is_read, is_relevant = self._read_codes()
        with self._db.write() as connection:
            lock_run(connection, self.search.run_id)
            rows = list_searched(connection, self.search)
            pending = self._describe(rows, is_read, is_relevant).pending
            if not pending:
                size = size_for_people(int(is_read.sum()))
                new_rows = self._choose(rows, is_read, is_relevant, draws, size)
                add_searched(connection, self.search, new_rows)
                pending = [row["document_id"] for row in new_rows if row["read_by"] != ReadBy.KNOWN]

        return self._show(pending)

    def choose_for_model(self, recall: float) -> Callable[[Connection], set[str]]:
        """Return what stores the texts that the model reads next, and returns their months.

        It reads more at once than people do, since each month is worked on again.
        """
        state = self.look()
        is_read, is_relevant = self._read_codes()
        rows = self._db.fetch(list_searched, self.search)
        size = size_for_model(int(is_read.sum()), state.progress.count_to_read(recall))
        draws = state.progress.plan_draws(recall)
        new_rows = self._choose(rows, is_read, is_relevant, draws, size)

        def store(connection: Connection) -> set[str]:
            add_searched(connection, self.search, new_rows)
            texts = read_texts(connection, [row["document_id"] for row in new_rows], self._part)
            return {text.month for text in texts.values()}

        return store

    def list_check(self, n: int) -> list[SampledText]:
        """Return *n* texts by which people check the model, a third of each kind, by chance."""
        chosen = [
            text
            for texts in self._list_kinds().values()
            for text in texts[: math.ceil(n / 3)].tolist()
        ]
        return self._show(self._first_documents[chosen].tolist())

    def check(self) -> SearchCheck:
        """Return what people have said of the model's search.

        What it found, what it did not find in what it read, and what it left unread are the strata.
        Of each, texts count in a random order up to the first that nobody has read: others may have
        been read since they ranked high.
        """
        codes_by_unit = self._db.fetch(read_all_peoples_codes, self.search.codebook_id)
        strata = []
        for kind, texts in self._list_kinds().items():
            codes = []
            for document in self._first_documents[texts].tolist():
                unit = UnitKey(document, self.search.keyword)
                is_found = self._sought.is_found(self._codebook, codes_by_unit.get(unit, ()))
                if is_found is None:
                    break

                codes.append(float(is_found))

            copies = self._copies[texts]
            weights = copies[: len(codes)].astype(float).tolist()
            strata.append(CodedStratum(kind, int(copies.sum()), codes, weights))

        return SearchCheck.of(strata)

    def _list_kinds(self) -> dict[SamplePart, Integers]:
        """Return the texts that a model found, others that it read, and the unread, by chance."""
        is_read, is_relevant = self._read_codes()
        kinds = {
            SamplePart.MENTION: is_relevant,
            SamplePart.NEAR_MISS: is_read & ~is_relevant,
            SamplePart.REST: ~is_read,
        }
        order = np.argsort(self._check_order, kind="stable")
        return {kind: order[is_of_kind[order]] for kind, is_of_kind in kinds.items()}

    def _show(self, documents: Sequence[int]) -> list[SampledText]:
        """Return texts as coders read them, in an order that tells nothing of them."""
        texts = self._db.fetch(read_texts, documents, self._part)
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
        coded = self._db.fetch(list_machine_codes, self.search, self._sought.variable)
        return [self._mark(codes) for coder, codes in coded.items() if coder != self.model]

    def _mark(self, codes: Sequence[tuple[int, str]]) -> Bits:
        """Return which texts are of the category by *codes* of documents."""
        relevant = [id_ for id_, code in codes if self._sought.category in code.split(SEPARATOR)]
        sign = np.zeros(len(self._copies), bool)
        sign[self._text_of[np.isin(self._documents, relevant)]] = True
        return sign

    def _read_codes(self) -> tuple[Bits, Bits]:
        """Return which texts were read, and which of these are relevant.

        A model has read all that it was given: what it cannot code is not relevant.
        """
        if self.model is not None:
            with self._db.read() as connection:
                rows = list_searched(connection, self.search)
                coded = list_machine_codes(connection, self.search, self._sought.variable)

            is_given = np.zeros(len(self._copies), bool)
            is_given[[text for row in rows if (text := self._text(row.document_id)) >= 0]] = True
            return is_given, is_given & self._mark(coded.get(self.model, ()))

        codes_by_unit = self._db.fetch(read_all_peoples_codes, self.search.codebook_id)
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
        draws = ChanceDraws(
            unread_before[counts].astype(float),
            found_before[counts].astype(float),
            is_relevant[texts][counts],
            np.array([row.weight for row in kept], float)[counts],
        )
        progress = SearchProgress(
            documents,
            int((self._copies * is_read).sum()),
            int((self._copies * is_relevant).sum()),
            draws,
            int(copies[top].sum()),
            int(found[top].sum()),
        )
        return SearchState(
            progress,
            texts=len(self._copies),
            texts_read=int(is_read.sum()),
            pending=[
                row.document_id for row, is_open in zip(kept, open_texts, strict=True) if is_open
            ],
        )

    def _choose(
        self,
        rows: Sequence[Any],
        is_read: Bits,
        is_relevant: Bits,
        draws: DrawPlan,
        size: int,
    ) -> list[dict[str, Any]]:
        """Return the rows of *size* texts that are read next, what is known already first."""
        self._learn(is_read, is_relevant)
        listed = np.zeros(len(self._copies), bool)
        listed[[text for row in rows if (text := self._text(row.document_id)) >= 0]] = True
        known = np.flatnonzero(is_read & ~listed)

        unread = np.flatnonzero(~is_read)
        place = rows[-1].place + 1 if rows else 0
        seed = int.from_bytes(hash_parts(self._salt, f"{place}"))
        batch = choose_batch(
            self._ranking.score()[unread],
            self._copies[unread],
            min(len(unread), size),
            draws,
            np.random.default_rng(seed),
        )
        chosen = [
            *((text, ReadBy.KNOWN, None) for text in known.tolist()),
            *((text, ReadBy.RANK, None) for text in unread[batch.top].tolist()),
            *(
                (text, ReadBy.CHANCE, weight)
                for text, weight in zip(
                    unread[batch.by_chance].tolist(), batch.weights.tolist(), strict=True
                )
            ),
        ]
        documents = len(self._documents)
        read = int((self._copies * listed).sum())
        new_rows: list[dict[str, Any]] = []
        for text, read_by, weight in chosen:
            new_rows.append(
                {
                    "document_id": int(self._first_documents[text]),
                    "place": place + len(new_rows),
                    "read_by": read_by,
                    "copies": int(self._copies[text]),
                    "unread": documents - read,
                    "weight": None if weight is None or math.isnan(weight) else weight,
                }
            )
            read += int(self._copies[text])

        return new_rows

    def _learn(self, is_read: Bits, is_relevant: Bits) -> None:
        texts = np.flatnonzero(is_read)
        self._ranking.forget()
        self._ranking.learn(texts, is_relevant[texts])


def size_for_people(read: int) -> int:
    """Return how many texts people read before the next look, after *read* of them."""
    return min(_MOST_BATCH, max(_LEAST_BATCH, int(_PEOPLES_SHARE * read)))


def size_for_model(read: int, remaining: int) -> int:
    """Return how many texts a model reads before the next look, after *read* of them."""
    return max(_LEAST_BATCH, int(min(_MODELS_SHARE * read, _REMAINING_SHARE * remaining)))


@dataclass(frozen=True)
class Batch:
    """The places of texts that are read next: those of the *top*, and those drawn *by_chance*.

    *weights* are how many times as likely each draw was as the least likely document, NaN where all
    are alike.
    """

    top: Integers
    by_chance: Integers
    weights: Floats


def choose_batch(
    scores: Floats,
    copies: Integers,
    size: int,
    plan: DrawPlan,
    rng: np.random.Generator,
) -> Batch:
    """Return a batch of texts with *scores*, of which a share is drawn by chance.

    They are drawn one after the other from all that do not rank high enough. If they *are_ranked*,
    each is by even chance one that may fall on each document alike, or one that falls on documents
    by the inverse square root of their rank; else all are of the first kind, and weigh NaN.
    """
    draws = round(plan.share * size)
    top, others = np.split(rank_highest(scores), [size - draws])

    own_copies = copies[others].astype(float)
    favours = own_copies / np.sqrt(np.arange(1, len(others) + 1))
    streams = draw_forever(own_copies, rng), draw_forever(favours, rng)
    drawn: dict[int, None] = {}
    for stream in rng.integers(0, 1 + plan.are_ranked, draws).tolist():
        drawn[next(text for text in streams[stream] if text not in drawn)] = None

    places = np.array([*drawn], np.int64)
    weights = np.full(draws, np.nan)
    if plan.are_ranked:
        drawn_copies, drawn_favours = own_copies[places], favours[places]
        left = own_copies.sum() - np.cumsum(drawn_copies) + drawn_copies
        left_favours = favours.sum() - np.cumsum(drawn_favours) + drawn_favours
        weights = 1 + drawn_favours / drawn_copies * left / left_favours

    return Batch(top, others[places], weights)


def draw_forever(chances: Floats, rng: np.random.Generator) -> Iterator[int]:
    """Yield places by their *chances*, again and again.

    Whoever leaves out what came before draws by the chances of what is left.
    """
    ends = np.cumsum(chances)
    while True:
        points = rng.random(_DRAWN_AT_ONCE) * ends[-1]
        yield from np.searchsorted(ends[:-1], points, side="right").tolist()


def rank_highest(scores: Floats) -> Integers:
    """Return the places of *scores*, the highest first, equal ones in their order.

    Scores are equal if they fall on the same of 65,536 levels: numbers of 16 bits are sorted by
    their digits, which takes a tenth of the time.
    """
    depths = np.max(scores, initial=-math.inf) - scores
    span = float(np.max(depths, initial=0.0)) or 1.0
    levels = depths / span * np.iinfo(np.uint16).max
    places: Integers = np.argsort(levels.astype(np.uint16), kind="stable")
    return places
