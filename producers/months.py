"""What a month asks of its source and of the Text API: the same whenever asked, so that `plan` can count it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.database import Database
from models.documents import Text, archive_day, days_of
from models.parameters import Keyword, MonthsParameters
from textapi.requests import KeywordBatch, keyword_batches, polarity_key
from textapi.text.keywords import pattern
from textapi.text.sentences import split


def all_terms(keywords: Sequence[Keyword]) -> list[str]:
    """Every term of every keyword once, in their order."""
    return list(dict.fromkeys(term for keyword in keywords for term in keyword.terms))


def month_days(
    db: Database, parameters: MonthsParameters, period: str, *, up_to: int | None = None
) -> Iterator[list[Text]]:
    """The month's documents (up to that id), a day at a time: no more than a day is held."""
    for first, last in days_of(period):
        with db.read() as connection:
            texts = archive_day(connection, first, last, parameters.material, up_to=up_to)
        if texts:
            yield texts


def month_batches(
    db: Database,
    engine: str,
    parameters: MonthsParameters,
    period: str,
    *,
    up_to: int | None = None,
) -> Iterator[KeywordBatch]:
    """The keyword questions of a month, of its documents up to that id.

    A pack ends with its day, so that a document added elsewhere moves no other pack; a text that stands twice in the
    month is asked once.
    """
    terms = all_terms(parameters.keywords)
    seen: set[bytes] = set()
    for texts in month_days(db, parameters, period, up_to=up_to):
        new = []
        for text in texts:
            key = polarity_key("", text.text)  # any hash of the text would do
            if key not in seen:
                seen.add(key)
                new.append(text.text)
        yield from keyword_batches(engine, new, terms, parameters.text_size)


def mentions_in(
    text: Text, keywords: Sequence[Keyword], sentences_by_term: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """The mentions of one document, from the sentences that were found for each term.

    A mention's sentence and its position (from 1) are those of our own splitter, whoever found it: of the sentences
    that the answer covers, those that hold the term, else the first.
    """
    if not any(sentences_by_term.values()):
        return []
    spans = split(text.text)
    positions = {
        term: _positions(text.text, spans, term, sentences)
        for term, sentences in sentences_by_term.items()
        if sentences
    }
    return [
        {
            "document_id": text.id,
            "keyword": keyword.name,
            "term": term,
            "position": position + 1,
            "sentence": text.text[slice(*spans[position])],
        }
        for keyword in keywords
        for term in keyword.terms
        for position in positions.get(term, ())
    ]


def _positions(
    text: str, spans: Sequence[tuple[int, int]], term: str, sentences: Sequence[str]
) -> list[int]:
    own = [text[start:end] for start, end in spans]
    found: set[int] = set()
    next_own, cursor = 0, 0
    for sentence in sentences:
        if sentence in own[next_own:]:
            number = own.index(sentence, next_own)
            found.add(number)
            next_own, cursor = number + 1, spans[number][1]
            continue
        at = max(text.find(sentence, cursor), 0)
        covered = [
            i for i, (start, end) in enumerate(spans) if start < at + len(sentence) and end > at
        ]
        holding = [i for i in covered if pattern(term).search(own[i])]
        found.update(holding or covered[:1])
        cursor = at + len(sentence)
    return sorted(found)
