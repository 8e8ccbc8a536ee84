"""The documents of a month that say most about it, to be read whole, each with its reasons."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.text.stopwords import stop_words_for
from analysis.text.words import words_of
from reports.data.tables.distinctive import DistinctiveRow
from reports.data.tables.mentions import MentionRow
from reports.stats.intervals import mean
from reports.words.quantities import NAMED
from reports.words.texts import MOST_CHARACTERS, cut_at_word, join_lines
from reports.words.writing import write_sentence
from textapi.engine.polarity import VADER_BAND, NeutralBand
from textapi.text.keywords import TermPattern

LENGTH = 10


@dataclass(frozen=True)
class Reading:
    """A document to read: its first sentence that mentions the keyword, and why it is here."""

    mention: MentionRow
    reason: str

    @property
    def passage(self) -> str:
        """The whole document, or its beginning; from the sentence on if that comes later."""
        text, sentence = join_lines(self.mention.text), join_lines(self.mention.sentence)
        beginning = cut_at_word(text, MOST_CHARACTERS)
        start = text.find(sentence)
        if start <= 0 or sentence in beginning:
            return beginning

        return f"… {cut_at_word(text[start:], MOST_CHARACTERS)}"

    @property
    def quote(self) -> str:
        """The sentence alone, with "…" where the document goes on."""
        text, sentence = join_lines(self.mention.text), join_lines(self.mention.sentence)
        before, _, after = text.partition(sentence)
        return f"{'… ' if before else ''}{sentence}{' …' if after else ''}"


# A function that returns the index of a document's pattern of repeats, if it has one.
PlaceOf = Callable[[str], int | None]


def no_repeats(_document: str) -> None:
    """Return None, since no document is a repeat."""


@dataclass(frozen=True)
class _Mentioning:
    """A document by its mentioning sentences; *words* are case-folded."""

    first: MentionRow

    # Repeats share a key: the index of their pattern, else their first sentence.
    key: str | int

    # The words of the whole document.
    words: frozenset[str]

    # How many of its mentioning sentences have a polarity, and the mean of these.
    scored: int
    polarity: float | None


@dataclass(frozen=True, eq=False)
class _Typical:
    """A document with what its typicality is computed from."""

    document: _Mentioning
    length: float
    centrality: float

    # Its words that stand out in the month, case-folded.
    named: list[str]

    def nearness(self, weights: Mapping[str, float]) -> float:
        """Return how near the document is to the words that have weights."""
        return math.fsum(weights.get(word, 0.0) for word in self.named) / self.length


@dataclass
class _Choice:
    """The chosen documents with their reasons; only one of several repeats is chosen."""

    reasons: dict[str | int, tuple[_Mentioning, list[str]]] = field(default_factory=dict)

    def add(self, document: _Mentioning, reason: str) -> bool:
        """Add a document or a reason to it; return False where a repeat of it is there."""
        chosen, reasons = self.reasons.setdefault(document.key, (document, []))
        if chosen is document:
            reasons.append(reason)

        return chosen is document

    def readings(self) -> list[Reading]:
        """Return the documents in the order in which they were added."""
        readings = []
        for document, reasons in self.reasons.values():
            readings.append(Reading(document.first, "; ".join(reasons)))

        return readings


def choose_documents(
    sentences: Sequence[MentionRow],
    terms: Collection[TermPattern],
    place_of: PlaceOf = no_repeats,
    distinctive: Sequence[DistinctiveRow] = (),
    band: NeutralBand = VADER_BAND,
    *,
    period_noun: str = "month",
) -> list[Reading]:
    """Return ten documents: most typical, first, highest and lowest polarity, most repeated.

    *sentences* are a period's mentions of a keyword in order of publication, *terms* its patterns,
    *distinctive* the words that stand out in the period. No two documents have the same first
    sentence or are of one pattern of repeats, whose place *place_of* gives. Equals are in order of
    publication. Polarities within *band* are neutral, and no extremes.
    """
    documents = list(_group(sentences, terms, place_of))
    choice = _Choice()
    for document in documents[:1]:
        choice.add(document, f"the first of the {period_noun}")

    _add_extremes(choice, documents, band)
    _add_most_repeated(choice, documents)

    untypical = len(choice.reasons)
    for document, standing_out in rank_by_typicality(_first_of_repeats(documents), distinctive):
        is_new = document.key not in choice.reasons
        if len(choice.reasons) < LENGTH and (is_new or standing_out):
            choice.add(document, _describe(standing_out))

    readings = choice.readings()
    return [*readings[untypical:], *readings[:untypical]]


def _add_extremes(
    choice: _Choice, documents: Sequence[_Mentioning], band: NeutralBand, most: int = 2
) -> None:
    """Add so many documents of highest and of lowest polarity: beyond the mean, of that sign."""
    scored = [document for document in documents if document.polarity is not None]
    middle = mean([document.polarity or 0.0 for document in scored])
    if middle is None:
        return

    for extreme, sign in (("highest", 1), ("lowest", -1)):
        added = 0
        for document in sorted(scored, key=lambda candidate: -sign * (candidate.polarity or 0.0)):
            polarity = document.polarity or 0.0
            is_extreme = sign * (polarity - middle) > 0 and band.sign(polarity) == sign
            if is_extreme and added < most:
                text, sentence = document.first.text, document.first.sentence
                reason = write_sentence(
                    "extreme polarity",
                    extreme=extreme,
                    polarity=polarity,
                    scored=document.scored,
                    is_mean=document.scored > 1,
                    is_part=document.scored <= 1 and join_lines(sentence) != join_lines(text),
                )
                added += choice.add(document, reason)


def _add_most_repeated(choice: _Choice, documents: Sequence[_Mentioning]) -> None:
    """Add the first document of the most common pattern, if several documents share it.

    If another document of that pattern is chosen already, it gets the reason.
    """
    sizes = Counter(document.key for document in documents)
    for key, size in sizes.most_common(1):
        if size > 1:
            earliest = next(document for document in documents if document.key == key)
            document, _ = choice.reasons.get(key, (earliest, []))
            choice.add(document, write_sentence("most repeated", size=size))


def _group(
    sentences: Iterable[MentionRow], terms: Collection[TermPattern], place_of: PlaceOf
) -> Iterator[_Mentioning]:
    sentences_by_document: dict[str, list[MentionRow]] = {}
    for sentence in sentences:
        sentences_by_document.setdefault(sentence.document, []).append(sentence)

    for mentions in sentences_by_document.values():
        opening = min(mentions, key=lambda mention: mention.position)
        document_words = frozenset(word.casefold() for word in words_of(opening.text, terms))
        scores = [mention.polarity for mention in mentions if mention.polarity is not None]
        pattern_index = place_of(opening.document)
        key: str | int = " ".join(opening.sentence.casefold().split())
        if pattern_index is not None:
            key = pattern_index

        yield _Mentioning(opening, key, document_words, len(scores), mean(scores))


def _first_of_repeats(documents: Iterable[_Mentioning]) -> list[_Mentioning]:
    """Return *documents* without repeats; the first document of each pattern stays."""
    earliest: dict[str | int, _Mentioning] = {}
    for document in documents:
        earliest.setdefault(document.key, document)

    return list(earliest.values())


def rank_by_typicality(
    documents: Sequence[_Mentioning],
    distinctive: Sequence[DistinctiveRow] = (),
    fewest_words: int = 3,
) -> list[tuple[_Mentioning, list[str]]]:
    """Return the documents of three different words and more, the most typical first.

    With each are those of its words that stand out in the month, in the order of *distinctive*.
    First come the documents nearest to these words, weighted by √G²: each word counts for one
    document, so that the words of a column do not fill the list with its instalments. Then come
    those that hold none of the words, by the share of the documents that use each of their words:
    nearest to the centroid. Those that are left come last.
    A document is the set of its words without stop words; nearness is the cosine,
    Σ weight / √words up to a factor that all have in common. Sources: Radev, Jing, Styś and Tam
    (2004), Centroid-based summarization of multiple documents, Information Processing & Management
    40(6), 919-938; Carbonell and Goldstein (1998), The use of MMR, diversity-based reranking for
    reordering documents and producing summaries, SIGIR, 335-336.
    """
    users = Counter[str]()
    for document in documents:
        users.update(document.words)

    stop_words = stop_words_for(users)
    spellings = {
        distinct.word.casefold(): distinct.word for distinct in distinctive if distinct.g2 > 0
    }
    weights = {
        distinct.word.casefold(): math.sqrt(distinct.g2)
        for distinct in distinctive
        if distinct.g2 > 0
    }

    ranked = []
    for document in documents:
        tokens = document.words - stop_words
        if len(tokens) >= fewest_words:
            length = math.sqrt(len(tokens))
            centrality = math.fsum(users[token] for token in tokens) / length
            named = [token for token in spellings if token in tokens]
            ranked.append(_Typical(document, length, centrality, named))

    ranked.sort(key=lambda typical: typical.centrality, reverse=True)

    nearest = _pick_nearest(ranked, weights)
    remaining = [typical for typical in ranked if typical not in nearest]
    remaining.sort(key=lambda typical: bool(typical.named))
    ordered = []
    for typical in (*nearest, *remaining):
        ordered.append((typical.document, [spellings[token] for token in typical.named]))

    return ordered


def _pick_nearest(ranked: Sequence[_Typical], weights: Mapping[str, float]) -> list[_Typical]:
    """Return the documents nearest to the weighted words, each word counting for one of them."""
    unused = dict(weights)
    nearest: list[_Typical] = []
    while unused:
        best = max(ranked, key=lambda typical: typical.nearness(unused), default=None)
        if best is None or not best.nearness(unused):
            break

        nearest.append(best)
        for named_word in best.named:
            unused.pop(named_word, None)

    return nearest


def _describe(standing_out: Sequence[str]) -> str:
    """Return why a document is typical; *standing_out* are its distinctive words in order."""
    if not standing_out:
        return write_sentence("typical")
    return write_sentence("typical words", words=standing_out[:NAMED])
