"""Mentions: which sentences of a document hold a term of a keyword."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.options import Keyword
from analysis.query.matching import find_positions
from analysis.query.terms import Term
from core.enums import Within
from models.documents import DocumentText
from textapi.placement import Placement, place_answer
from textapi.text.keywords import pattern
from textapi.text.normal_form import normal_form
from textapi.text.sentences import Span, split


def all_terms(keywords: Sequence[Keyword]) -> list[str]:
    """Return every requested term once, in the order of the keywords."""
    terms: dict[str, None] = {}
    for keyword in keywords:
        terms.update(dict.fromkeys(keyword.request_terms))

    return list(terms)


def place_sentences(
    document: DocumentText, sentences_by_term: Mapping[str, Sequence[str]]
) -> dict[str, Placement]:
    """Return where the sentences that were found for each term stand in the document.

    A service may miss a term in a text that is not in normal form, and so does an answer of our own
    engine that was stored before it knew the form: our own search completes it.
    """
    text = document.text
    spans = split(text)
    is_normal = normal_form(text) is text
    placements = {}
    for term, sentences in sentences_by_term.items():
        placement = place_answer(sentences, text, spans, term)
        if not is_normal:
            rule = pattern(term)
            found = [i for i, (start, end) in enumerate(spans) if rule.search(text[start:end])]
            positions = sorted({*placement.positions, *found})
            placement = replace(placement, positions=positions)

        placements[term] = placement

    return placements


def mention_rows(
    document: DocumentText, keywords: Sequence[Keyword], placements: Mapping[str, Placement]
) -> list[dict[str, Any]]:
    """Return the mentions of one document, from where the sentences for each term stand in it.

    Our own splitter sets a mention's sentence and its position (from 1), whoever found it.
    """
    spans = split(document.text)
    mentions = []

    for keyword in keywords:
        positions_by_term = _positions_by_term(document.text, spans, keyword, placements)
        for term in keyword.terms:
            for position in positions_by_term[term]:
                mention = {
                    "document_id": document.id,
                    "keyword": keyword.name,
                    "term": term,
                    "position": position + 1,
                    "sentence": document.text[slice(*spans[position])],
                    "polarity": None,
                }
                mentions.append(mention)

    return mentions


def _positions_by_term(
    text: str, spans: Sequence[Span], keyword: Keyword, placements: Mapping[str, Placement]
) -> Mapping[str, Sequence[int]]:
    """Return the mentioning sentences that hold each of the keyword's terms."""
    query = keyword.parsed_query
    if query is None:
        return {term: placements[term].positions for term in keyword.terms}

    positions_by_term: dict[Term, set[int]] = {}
    for term in query.terms:
        positions_by_term[term] = set()
        for request_term in keyword.request_terms_of(term):
            positions_by_term[term].update(placements[request_term].positions)

        if term.case_sensitive:
            positions_by_term[term] = {
                i for i in positions_by_term[term] if term.pattern.search(text[slice(*spans[i])])
            }

    is_whole_document = keyword.within == Within.DOCUMENT
    mentioning = find_positions(
        query, text, spans, positions_by_term, in_document=is_whole_document
    )
    return {str(term): positions for term, positions in mentioning.items()}
