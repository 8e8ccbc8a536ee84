"""What two keywords' queries make certain of each other, whatever the texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.options import Keyword
from analysis.query.grammar import Node
from analysis.query.relations import Relation, relate
from core.enums import Within
from reports.findings.pair_facts import list_compared
from tests.pair_months import pair, sum_scores
from tests.unit.test_queries import TEXTS, naive_match, read, written_queries


@pytest.mark.parametrize(
    ("first", "second", "relation"),
    [
        ("trump", "trump NOT biden", Relation.WHOLE),
        ("trump AND biden", "biden", Relation.PART),
        ("donald trump", "trump", Relation.PART),
        ("trump:donald trump", "Trump OR biden", Relation.PART),
        ("covid:coronavirus", "covid:coronavirus,pandemic", Relation.PART),
        ("covid*", "covid-19", Relation.WHOLE),
        ("=US", "us", Relation.PART),
        ("police near/2 kill*", "police", Relation.PART),
        ("trump NOT biden", "biden", Relation.APART),
        ("trump NOT biden", "Both:trump AND biden", Relation.APART),
        ("trump", "biden", Relation.FREE),
        ("trump NOT biden", "trump NOT sanders", Relation.FREE),
        ("covid", "covid-19", Relation.FREE),  # by the rule for keywords two words
        ("police near/2 kill*", "police near/2 shot", Relation.FREE),
        ("virus:a,b,c,d,e,f", "virus:a,b,c,d,e,f,g,h,i,j,k,l", Relation.FREE),  # too many to try
    ],
)
def test_a_part_and_its_opposite_are_seen_in_the_queries(
    first: str, second: str, relation: Relation
) -> None:
    one, other = Keyword.parse(first), Keyword.parse(second)
    assert relate(one, other) == relation
    turned = {Relation.PART: Relation.WHOLE, Relation.WHOLE: Relation.PART}
    assert relate(other, one) == turned.get(relation, relation)


def test_a_query_of_sentences_and_one_of_documents_say_nothing_of_each_other() -> None:
    whole = Keyword.parse("trump NOT biden", Within.DOCUMENT)
    by_sentence = Keyword.parse("Both:trump AND biden")
    assert relate(whole, by_sentence) == Relation.FREE
    assert relate(whole, Keyword.parse("biden")) == Relation.APART


@settings(max_examples=3 * settings.default.max_examples)
@given(written_queries(), written_queries(), st.lists(TEXTS, max_size=4))
def test_no_text_is_against_what_the_queries_make_certain(
    first: tuple[Node, str], second: tuple[Node, str], texts: list[str]
) -> None:
    one, other = (read(written, Within.DOCUMENT) for _, written in (first, second))
    if one is None or other is None:
        return

    relation = relate(one, other)
    found = {(naive_match(first[0], text), naive_match(second[0], text)) for text in texts}
    if relation == Relation.APART:
        assert (True, True) not in found
    if relation == Relation.PART:
        assert (True, False) not in found
    if relation == Relation.WHOLE:
        assert (False, True) not in found


def test_a_keyword_and_a_part_of_it_are_not_compared() -> None:
    low, high = ({n: [mean + 0.01 * (n % 7)] for n in range(80)} for mean in (-0.5, 0.5))
    months = ((80, 10, 10), (80, 10, 10))
    free = pair(*months, scores=sum_scores(low, high))
    assert list_compared([free]) == [free]
    part = pair(*months, scores=sum_scores(low, high), relation=Relation.PART)
    assert list_compared([part, free]) == [free]
