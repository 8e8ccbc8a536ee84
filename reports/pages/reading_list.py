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


@dataclass(eq=False)
class _Mentioning:
    """A document by its mentioning sentences; *words* are case-folded."""

    first: MentionRow

    # Repeats share a key: the index of their pattern, else their first sentence.
    key: str | int

    # The words of the whole document.
    words: frozenset[str]

    # The polarities of its mentioning sentences, and their mean.
    scores: list[float]
    polarity: float | None

    # Why it is to be read.
    reasons: list[str] = field(default_factory=list)


# The chosen documents; only one of several repeats is chosen.
_Chosen = dict[str | int, _Mentioning]


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
    earliest: _Chosen = {}
    for document in documents:
        earliest.setdefault(document.key, document)

    chosen: _Chosen = {}
    for document in documents[:1]:
        _choose(chosen, document, f"the first of the {period_noun}")

    _add_extremes(chosen, documents, band)
    # The first document of the most common pattern, or the one of it that is chosen already.
    for key, size in Counter(document.key for document in documents).most_common(1):
        if size > 1:
            most_repeated = chosen.get(key, earliest[key])
            _choose(chosen, most_repeated, write_sentence("most repeated", size=size))

    untypical = len(chosen)
    for document, standing_out in rank_by_typicality(list(earliest.values()), distinctive):
        is_new = document.key not in chosen
        if len(chosen) < LENGTH and (is_new or standing_out):
            _choose(chosen, document, _describe(standing_out))

    readings = [
        Reading(document.first, "; ".join(document.reasons)) for document in chosen.values()
    ]
    return [*readings[untypical:], *readings[:untypical]]


def _choose(chosen: _Chosen, document: _Mentioning, reason: str) -> bool:
    """Add a document or a reason to it; return False where a repeat of it is there."""
    is_chosen = chosen.setdefault(document.key, document) is document
    if is_chosen:
        document.reasons.append(reason)

    return is_chosen


def _add_extremes(
    chosen: _Chosen, documents: Sequence[_Mentioning], band: NeutralBand, most: int = 2
) -> None:
    """Add so many documents of highest and of lowest polarity: beyond the mean, of that sign."""
    scored = [
        (document.polarity, document) for document in documents if document.polarity is not None
    ]
    middle = mean([polarity for polarity, _ in scored])
    if middle is None:
        return

    for extreme, sign in (("highest", 1), ("lowest", -1)):
        added = 0
        for polarity, document in sorted(scored, key=lambda pair: -sign * pair[0]):
            is_extreme = (
                sign * ((polarity or 0.0) - middle) > 0 and band.sign(polarity or 0.0) == sign
            )
            if is_extreme and added < most:
                text, sentence = document.first.text, document.first.sentence
                n_scores = len(document.scores)
                reason = write_sentence(
                    "extreme polarity",
                    extreme=extreme,
                    polarity=polarity,
                    scored=n_scores,
                    is_mean=n_scores > 1,
                    is_part=n_scores <= 1 and join_lines(sentence) != join_lines(text),
                )
                added += _choose(chosen, document, reason)


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

        yield _Mentioning(opening, key, document_words, scores, mean(scores))


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
    standing = {word_row.word.casefold(): word_row for word_row in distinctive if word_row.g2 > 0}
    weights = {word: math.sqrt(word_row.g2) for word, word_row in standing.items()}

    ranked = []
    for document in documents:
        tokens = document.words - stop_words
        if len(tokens) >= fewest_words:
            length = math.sqrt(len(tokens))
            centrality = math.fsum(users[token] for token in tokens) / length
            named = [token for token in standing if token in tokens]
            ranked.append(_Typical(document, length, centrality, named))

    ranked.sort(key=lambda typical: typical.centrality, reverse=True)

    nearest = _pick_nearest(ranked, weights)
    remaining = [typical for typical in ranked if typical not in nearest]
    remaining.sort(key=lambda typical: bool(typical.named))
    return [
        (typical.document, [standing[token].word for token in typical.named])
        for typical in (*nearest, *remaining)
    ]


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
