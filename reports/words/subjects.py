"""Subjects in words: a keyword with the terms that its name stands for."""

from __future__ import annotations

from analysis.options import Keyword

# More terms than these are counted instead of named.
MOST_TERMS = 3

# A longer query is cut.
LONGEST_QUERY = 80


def introduce_subject(keyword: Keyword) -> str:
    """Return a subject as the first sentence on a page names it: “covid” (coronavirus, flu).

    Later sentences may use its name alone, which stands for all its terms. A query stands behind
    its name, unless it is the name.
    """
    meaning = _describe_meaning(keyword)
    return f"“{keyword.name}” ({meaning})" if meaning else f"“{keyword.name}”"


def _describe_meaning(keyword: Keyword) -> str:
    """Return what a subject's name stands for besides itself; nothing if it is all."""
    if keyword.query is not None:
        query = "" if keyword.as_written == keyword.query else keyword.query
        return query if len(query) <= LONGEST_QUERY else f"{query[:LONGEST_QUERY].rstrip()}…"

    other_terms = [term for term in keyword.terms if term != keyword.name]
    listing = ", ".join(other_terms[:MOST_TERMS])
    more = len(other_terms) - MOST_TERMS
    return f"{listing} and {more:,} more" if more > 0 else listing
