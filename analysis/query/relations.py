"""What two queries tell about each other: one is a part of the other, or no text matches both."""

from __future__ import annotations

from enum import StrEnum
from itertools import product

from analysis.options import Keyword
from analysis.query.grammar import MOST_TRIED, Node, Or, Query, can_be, choices
from analysis.query.terms import Term


class Relation(StrEnum):
    """How the matches of one keyword relate to the matches of another, in any texts."""

    # The texts decide, or the queries are too long to tell.
    FREE = "free"

    # Every text that matches the first keyword matches the second.
    PART = "part"

    # Every text that matches the second keyword matches the first.
    WHOLE = "whole"

    # No text matches both.
    APART = "apart"


def relate(first: Keyword, second: Keyword) -> Relation:
    """Return the relation that the keywords' terms and operators make certain; PART if equal.

    A list of terms means the same in a sentence and in a document, a query does not.
    """
    if None not in (first.query, second.query) and first.within != second.within:
        return Relation.FREE

    left, right = _root(first), _root(second)
    together = Query(Or((left, right)))
    if len(together.terms) > MOST_TRIED or not _share_words(left, right):
        return Relation.FREE

    is_part, is_whole, is_apart = True, True, True
    for held in choices(together):
        is_left, is_right = (can_be(node, held, outcome=True) for node in (left, right))
        is_part &= not (is_left and can_be(right, held, outcome=False))
        is_whole &= not (is_right and can_be(left, held, outcome=False))
        is_apart &= not (is_left and is_right)

    if is_apart:
        return Relation.APART
    if is_part:
        return Relation.PART

    return Relation.WHOLE if is_whole else Relation.FREE


def _root(keyword: Keyword) -> Node:
    if keyword.parsed_query is not None:
        return keyword.parsed_query.root
    return Or(tuple(map(Term, keyword.terms)))


def _share_words(left: Node, right: Node) -> bool:
    """Return whether a term of one side implies a term of the other; else nothing is certain."""
    pairs = product(Query(left).terms, Query(right).terms)
    return any(
        left_term.implies(right_term) or right_term.implies(left_term)
        for left_term, right_term in pairs
    )
