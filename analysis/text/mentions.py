"""Mentions: which sentences of a document hold a term of a keyword."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.options import Keyword
from models.documents import DocumentText
from textapi.text.keywords import pattern
from textapi.text.sentences import Span, split


def all_terms(keywords: Sequence[Keyword]) -> list[str]:
    """Return every term of every keyword once, in their order."""
    terms: dict[str, None] = {}
    for keyword in keywords:
        terms.update(dict.fromkeys(keyword.terms))
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
        for term in keyword.terms:
            for position in _positions(document.text, spans, term, sentences_by_term[term]):
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
