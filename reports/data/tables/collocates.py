"""The table `collocates`: the words that stand near a keyword more often than elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from analysis.options import Keyword
from analysis.steps.distinctive import FEWEST_DOCUMENTS, WordCounts, log_likelihood
from analysis.text.stopwords import stop_words_for
from analysis.text.words import words_of, words_of_terms
from reports.data import export_schema as schema
from reports.data.run_data import RunData
from reports.data.tables.documents import DOCUMENTS
from reports.data.tables.mentions import MENTIONS

# Words stand near a keyword if at most four others are between, as corpus tools count by default.
WINDOW = 5

# At most this many collocates are listed of each keyword.
MOST_COLLOCATES = 200


@dataclass(frozen=True, slots=True)
class CollocateRow:
    """The words that stand within five words of a keyword, in its sentence, more than elsewhere."""

    run: schema.RunNumber
    keyword: Annotated[str, "Name of the keyword."]
    rank: Annotated[int, "1 for the largest G²; ties by the word."]
    word: Annotated[str, "The word as it is written most often; words are compared case-folded."]
    count: Annotated[int, "How often it stands near the keyword."]
    documents: Annotated[int, "Documents in which it does."]
    all_count: Annotated[int, "How often all documents of the run use it."]
    g2: Annotated[float, "Dunning's log-likelihood ratio G² (1993), near the keyword or elsewhere."]
    log_ratio: Annotated[
        float,
        "Binary logarithm of how many times as frequent it is near the keyword as elsewhere "
        "(Hardie 2014); half a use stands for none elsewhere.",
    ]
    log_dice: Annotated[
        float,
        "logDice (Rychlý 2008): 14 + log₂ of twice `count` over the uses of both; at most 14 where "
        "they stand together once each time.",
    ]


@dataclass
class Neighbours:
    """The words near one keyword."""

    # The number of places at which the keyword stands.
    places: int = 0

    uses: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)


def read_collocates(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[CollocateRow]:
    """Yield a row per keyword and rank, from the documents that the run's selection leaves."""
    neighbours = _read_neighbours(run, job_names)
    all_words = WordCounts.of(row.text for row in DOCUMENTS.read(run, job_names))
    for keyword in sorted(run.keywords, key=lambda sought: sought.name):
        yield from rank_collocates(run.id, keyword, neighbours[keyword.name], all_words)


def _read_neighbours(run: RunData, job_names: Collection[str] | None) -> dict[str, Neighbours]:
    """Count the words near each keyword; a sentence that several terms find is read once."""
    neighbours = {keyword.name: Neighbours() for keyword in run.keywords}
    keywords = {keyword.name: keyword for keyword in run.keywords}
    read_sentences: set[tuple[str, int]] = set()
    words_of_document: dict[str, set[str]] = {}
    document = None
    for mention in MENTIONS.read(run, job_names):
        if mention.document != document:
            document, words_of_document = mention.document, {}
            read_sentences.clear()

        if (mention.keyword, mention.position) in read_sentences:
            continue

        read_sentences.add((mention.keyword, mention.position))
        near, places = find_near(mention.sentence, keywords[mention.keyword])
        counted = neighbours[mention.keyword]
        counted.places += places
        counted.uses.update(near)
        known_words = words_of_document.setdefault(mention.keyword, set())
        counted.documents.update(set(near) - known_words)
        known_words.update(near)

    return neighbours


def find_near(sentence: str, keyword: Keyword) -> tuple[list[str], int]:
    """Return the case-folded words within `WINDOW` of *keyword*, and how often it stands there.

    A word between two of its places counts once.
    """
    parts, end = [], 0
    spans = sorted(span for rule in keyword.patterns for span in rule.find_spans(sentence))
    for start, span_end in spans:
        if start >= end:
            parts.append(sentence[end:start])
            end = span_end

    parts.append(sentence[end:])
    near: list[str] = []
    last = len(parts) - 1
    for index, part in enumerate(parts):
        near += _near_part(list(words_of(part)), is_first=index == 0, is_last=index == last)

    return [word.casefold() for word in near], last


def _near_part(words: Sequence[str], *, is_first: bool, is_last: bool) -> Sequence[str]:
    """Return the words near the places between which a part of a sentence stands."""
    if is_first and is_last:
        return ()
    if is_first:
        return words[-WINDOW:]
    if is_last or len(words) <= WINDOW:
        return words[:WINDOW]

    return [*words[:WINDOW], *words[max(WINDOW, len(words) - WINDOW) :]]


def rank_collocates(
    run_id: int, keyword: Keyword, near: Neighbours, all_words: WordCounts
) -> list[CollocateRow]:
    """Return the rows of a keyword, without stop words and its own words."""
    unwanted = stop_words_for(all_words.uses) | words_of_terms(keyword.terms)
    near_total = near.uses.total()
    elsewhere_total = max(all_words.total - near_total, 1)
    rows = []

    for word, count in near.uses.items():
        elsewhere = max(all_words.uses[word] - count, 0)
        g2 = log_likelihood(count, near_total, elsewhere, elsewhere_total)
        is_rare = near.documents[word] < FEWEST_DOCUMENTS or word not in all_words.forms
        if g2 <= 0 or is_rare or word in unwanted:
            continue

        row = CollocateRow(
            run=run_id,
            keyword=keyword.name,
            rank=0,
            word=all_words.shown_form(word),
            count=count,
            documents=near.documents[word],
            all_count=all_words.uses[word],
            g2=round(g2, 6),
            log_ratio=round(log_ratio(count, near_total, elsewhere, elsewhere_total), 6),
            log_dice=round(log_dice(count, near.places, all_words.uses[word]), 6),
        )
        rows.append(row)

    rows.sort(key=lambda ranked: (-ranked.g2, ranked.word.casefold()))
    return [replace(row, rank=rank) for rank, row in enumerate(rows[:MOST_COLLOCATES], start=1)]


def log_ratio(count: int, total: int, elsewhere: int, elsewhere_total: int) -> float:
    """Return the binary logarithm of the ratio of two relative frequencies.

    Source: Hardie (2014), Log Ratio: an informal introduction; half a use stands for none.
    """
    return math.log2(count / total) - math.log2((elsewhere or 0.5) / elsewhere_total)


def log_dice(both: int, uses: int, other_uses: int) -> float:
    """Return logDice of two words that stand near each other *both* times.

    Source: Rychlý (2008), A Lexicographer-Friendly Association Score, RASLAN, 6-9.
    """
    return 14 + math.log2(2 * both / (uses + other_uses))


COLLOCATES = schema.Table(
    "collocates",
    CollocateRow,
    read_collocates,
    schema.MENTION_RUNS,
    key=("keyword", "rank"),
    is_selected=True,
)
