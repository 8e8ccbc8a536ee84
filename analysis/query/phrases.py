"""Phrases that may have been meant as queries, and how many stored documents hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from analysis.options import Keyword
from analysis.query.grammar import Query, parse_query
from analysis.query.matching import find_positions
from analysis.query.notation import suggest_query
from core.enums import Within
from core.errors import UsageError
from textapi.text.keywords import pattern
from textapi.text.sentences import split

#: A phrase may have been meant as a query if the query matches this many times as many documents.
MUCH_MORE = 2


@dataclass
class PhraseCounts:
    """How many of the stored *documents* hold a phrase, and how many its query matches.

    *query* is None if the phrase suggests no query that can be read.
    """

    query: str | None
    within: Within
    documents: int = 0
    holding: int = 0
    matching: int = 0


def count_phrases(
    keywords: Sequence[Keyword], texts: Callable[[], Iterable[str]]
) -> dict[str, PhraseCounts]:
    """Return the counts of each term that looks like a query and is looked for as a phrase.

    Texts are read only if there is such a term.
    """
    counts: dict[str, PhraseCounts] = {}
    for keyword in keywords:
        for phrase in keyword.terms if keyword.query is None else ():
            suggested = suggest_query(phrase)
            if suggested is not None:
                query = suggested if _is_readable(suggested) else None
                counts[phrase] = PhraseCounts(query, keyword.within)

    for text in texts() if counts else ():
        for phrase, phrase_counts in counts.items():
            _count(text, phrase, phrase_counts)

    return counts


def describe_phrases(
    keywords: Sequence[Keyword], texts: Callable[[], Iterable[str]]
) -> Iterator[str]:
    """Yield remarks on phrases that may have been meant as queries, from the stored documents.

    Raises `UsageError` if a subject is only such a phrase and no stored document holds it.
    """
    for phrase, counts in count_phrases(keywords, texts).items():
        query = counts.query or "AND, OR or NOT, as in trump NOT biden"
        is_subject = any(keyword.terms == (phrase,) for keyword in keywords)
        matching = ""
        if counts.matching:
            matching = f" ({counts.matching:,} match {counts.query})"
        if not counts.documents:
            yield f"{phrase!r} is looked for as a phrase: for a query write {query}"
        elif not counts.holding and is_subject:
            raise UsageError(
                f"--keyword: no stored document holds the phrase {phrase!r}{matching}; for a query "
                f"write {query}, for the phrase all the same put it in quotation marks"
            )
        elif not counts.holding:
            yield (
                f"no stored document holds the phrase {phrase!r}{matching}; for a query write "
                f"{query}"
            )
        elif MUCH_MORE * counts.holding < counts.matching:
            documents = "document holds" if counts.holding == 1 else "documents hold"
            yield (
                f"{phrase!r} is looked for as a phrase, which {counts.holding:,} stored "
                f"{documents}{matching}; for a query write {query}"
            )


def _count(text: str, phrase: str, counts: PhraseCounts) -> None:
    counts.documents += 1
    counts.holding += pattern(phrase).search(text) is not None
    if counts.query is not None:
        counts.matching += _has_match(parse_query(counts.query), text, counts.within)


def _has_match(query: Query, text: str, within: Within) -> bool:
    """Return whether the query has a mention in *text*."""
    if not any(term.pattern.search(text) for term in query.sought_terms):
        return False

    sentences = split(text)
    positions = {}
    for term in query.terms:
        positions[term] = [
            position
            for position, (start, end) in enumerate(sentences)
            if term.pattern.search(text[start:end])
        ]

    is_whole_document = within == Within.DOCUMENT
    mentions = find_positions(query, text, sentences, positions, in_document=is_whole_document)
    return any(mentions.values())


def _is_readable(query: str) -> bool:
    try:
        parse_query(query)
    except ValueError:
        return False

    return True
