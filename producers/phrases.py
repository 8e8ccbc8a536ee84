"""Phrases that may have been meant as queries, and how many stored documents hold them."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.parameters import MonthsParameters
from analysis.query.grammar import Query, parse_query
from analysis.query.matching import find_positions
from analysis.query.notation import suggest_query
from core.enums import Within
from models.database import Database
from models.documents import DocumentScope, list_texts
from producers.submit import jobs_of
from textapi.text.keywords import pattern
from textapi.text.sentences import split


@dataclass
class PhraseCounts:
    """How many of the stored *documents* hold a phrase, and how many its query matches.

    *query* is None where the phrase suggests none that can be read.
    """

    query: str | None
    within: Within
    documents: int = 0
    holding: int = 0
    matching: int = 0


def count_phrases(db: Database, parameters: MonthsParameters) -> dict[str, PhraseCounts]:
    """Return the counts of each term that looks like a query and is looked for as a phrase.

    Documents are read where there is such a term.
    """
    counts: dict[str, PhraseCounts] = {}
    for keyword in parameters.keywords:
        for phrase in keyword.terms if keyword.query is None else ():
            suggested = suggest_query(phrase)
            if suggested is not None:
                query = suggested if _is_readable(suggested) else None
                counts[phrase] = PhraseCounts(query, keyword.within)
    if not counts:
        return {}

    for job in jobs_of(parameters, ()):
        scope = DocumentScope.of_job(
            kind=job.kind, name=job.name, parameters=parameters.model_dump()
        )
        for text in list_texts(db, scope):
            for phrase, phrase_counts in counts.items():
                _count(text, phrase, phrase_counts)
    return counts


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
            number
            for number, (start, end) in enumerate(sentences)
            if term.pattern.search(text[start:end])
        ]
    in_document = within == Within.DOCUMENT
    mentions = find_positions(query, text, sentences, positions, in_document=in_document)
    return any(mentions.values())


def _is_readable(query: str) -> bool:
    try:
        parse_query(query)
    except ValueError:
        return False
    return True
