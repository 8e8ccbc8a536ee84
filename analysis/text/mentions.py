"""Mentions: which sentences of a document hold a term of a keyword."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.options import Keyword
from analysis.query.matching import find_positions
from analysis.query.terms import Term
from core.enums import Within
from models.documents import DocumentText
from textapi.text.keywords import pattern
from textapi.text.sentences import Span, split


def all_terms(keywords: Sequence[Keyword]) -> list[str]:
    """Return every term that is asked for once, in the order of the keywords."""
    terms: dict[str, None] = {}
    for keyword in keywords:
        terms.update(dict.fromkeys(keyword.request_terms))
    return list(terms)


def mention_rows(
    document: DocumentText,
    keywords: Sequence[Keyword],
    sentences_by_term: Mapping[str, Sequence[str]],
) -> list[dict[str, Any]]:
    """Return the mentions of one document, from the sentences that were found for each term.

    A mention's sentence and its position (from 1) are those of our own splitter, whoever found
    it: of the sentences that an answer covers, those that hold the term, else the first.
    """
    if not any(sentences_by_term.values()):
        return []

    spans = split(document.text)
    rows = []

    for keyword in keywords:
        positions_by_term = _positions_by_term(document.text, spans, keyword, sentences_by_term)
        for term in keyword.terms:
            for position in positions_by_term[term]:
                row = {
                    "document_id": document.id,
                    "keyword": keyword.name,
                    "term": term,
                    "position": position + 1,
                    "sentence": document.text[slice(*spans[position])],
                    "polarity": None,
                }
                rows.append(row)

    return rows


def _positions_by_term(
    text: str,
    spans: Sequence[Span],
    keyword: Keyword,
    sentences_by_term: Mapping[str, Sequence[str]],
) -> Mapping[str, Sequence[int]]:
    """Return the mentioning sentences that hold each of the keyword's terms."""
    query = keyword.parsed_query
    if query is None:
        return {
            term: _positions(text, spans, term, sentences_by_term[term]) for term in keyword.terms
        }

    positions_by_term: dict[Term, set[int]] = {}
    for term in query.terms:
        positions_by_term[term] = set()
        for request_term in keyword.request_terms_of(term):
            answered_sentences = sentences_by_term[request_term]
            positions_by_term[term].update(
                _positions(text, spans, request_term, answered_sentences)
            )
        if term.case_sensitive:
            positions_by_term[term] = {
                i for i in positions_by_term[term] if term.pattern.search(text[slice(*spans[i])])
            }

    in_document = keyword.within == Within.DOCUMENT
    mentioning = find_positions(query, text, spans, positions_by_term, in_document=in_document)
    return {str(term): positions for term, positions in mentioning.items()}


def _positions(
    text: str, spans: Sequence[Span], term: str, answered_sentences: Sequence[str]
) -> list[int]:
    our_sentences = [text[start:end] for start, end in spans]
    positions: set[int] = set()
    next_position, cursor = 0, 0

    for sentence in answered_sentences:
        if sentence in our_sentences[next_position:]:
            position = our_sentences.index(sentence, next_position)
            positions.add(position)
            next_position, cursor = position + 1, spans[position][1]
            continue

        begin = max(text.find(sentence, cursor), 0)
        end = begin + len(sentence)
        covered = [i for i, span in enumerate(spans) if span[0] < end and span[1] > begin]
        matching = [i for i in covered if pattern(term).search(our_sentences[i])]
        positions.update(matching or covered[:1])
        cursor = end

    return sorted(positions)
