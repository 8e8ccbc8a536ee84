"""Facts about subjects and groups beside each other: what they say of known counts."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from analysis.query.relations import Relation
from core.enums import Grouping
from reports.data.group_counts import ComparedMonths, GroupCounts, KeywordGroups
from reports.data.tables.keyword_pairs import KeywordPair, PairMonth
from reports.findings.code_estimates import state_reader_mean
from reports.findings.group_facts import find_group_facts
from reports.findings.pair_facts import find_pair_facts, find_pair_overtakings
from reports.stats.estimates import Estimate
from reports.stats.paired import PairCounts, PairScores
from tests.period_rows import row


def pair_of(*counts: tuple[int, int, int], relation: Relation = Relation.FREE) -> KeywordPair:
    """Return two keywords in months of 1,000 documents: those with one, the other and both."""
    months = []
    for month, (first, second, both) in enumerate(counts, 1):
        pair_counts = PairCounts(1000, first, second, both)
        period = f"2018-{month:02}"
        months.append(PairMonth(("a", "b"), period, False, pair_counts, PairScores(), None, None))

    return KeywordPair(("a", "b"), months, relation)


COUNTS = ((90, 10, 5), (80, 20, 5), (70, 20, 5), (20, 60, 10), (10, 90, 5), (10, 70, 5))
NAMES = {"a": "Rain", "b": "Fog", "c": "Sun", "d": "Snow"}
OVERTAKING = (
    "Fog overtook Rain in April 2018: it was ahead in 3 of 3 months since, and behind in 3 of 3 "
    "before."
)


def test_the_overtaking_of_two_subjects_and_their_common_documents_are_told() -> None:
    facts = find_pair_facts([pair_of(*COUNTS)], NAMES)
    assert {fact.topic[0]: fact.text for fact in facts} == {
        "overtakes": OVERTAKING,
        "together": (
            "Of the 270 documents with Fog, 35 also mention Rain: 5.2 times as many as by chance."
        ),
    }


def test_of_many_subjects_only_those_that_go_together_are_compared() -> None:
    apart = tuple((first, second, 0) for first, second, _ in COUNTS)
    third = replace(pair_of(*apart), names=("c", "d"))
    close = find_pair_facts([pair_of(*COUNTS), third], NAMES)
    assert [fact.topic for fact in close] == [("overtakes", "b", "a"), ("together", "a", "b")]
    assert find_pair_facts([pair_of(*apart), third], NAMES) == []


def test_months_that_are_cut_off_take_no_part_in_an_overtaking() -> None:
    pair = pair_of(*COUNTS)
    assert [fact.text for fact in find_pair_overtakings([pair], NAMES)] == [OVERTAKING]
    pair.months[-1] = replace(pair.months[-1], cut_off=True)
    assert find_pair_overtakings([pair], NAMES) == []


def test_a_keyword_and_a_part_of_it_are_not_set_beside_each_other() -> None:
    assert find_pair_facts([pair_of(*COUNTS, relation=Relation.PART)], NAMES) == []


def group(name: str, documents: int, matched: int, scored: int, apart: float) -> GroupCounts:
    compared = ComparedMonths(matched, documents, documents * 0.1, scored, apart)
    return GroupCounts(name, row("", matched, documents=documents), compared=compared)


def test_groups_are_ranked_by_share_and_mood_within_their_common_months() -> None:
    groups = {
        "Sport": group("Sport", 1000, 10, 40, 0.2),
        "World": group("World", 500, 100, 100, -0.1),
        "Arts": group("Arts", 29, 28, 20, 0.5),
        "not known": group("not known", 900, 800, 90, 80 / 90),
    }
    keyword_groups = KeywordGroups("covid", groups, -0.1, pl.DataFrame(), pl.DataFrame())
    share, mood = [
        finding.text for finding in find_group_facts("Covid", keyword_groups, Grouping.SECTION)
    ]
    assert share == (
        "World mentions Covid more than Sport: in 20.0 % of documents (100 of 500), against 1.0 %."
    )
    assert mood == (
        "The engine's mood score for Covid is highest in Sport (+0.10) and lowest in World (−0.20)."
    )


def test_what_readers_would_say_is_an_estimate_with_its_interval() -> None:
    estimate = state_reader_mean("“covid”", Estimate(-0.21, -0.27, -0.15, n=200))
    assert (estimate.kind, estimate.whole) == (
        "estimate",
        (
            "Readers would give the mentions of “covid” −0.21 on average, between −1 and 1 (−0.27 "
            "to −0.15). (95 % interval, 200 labels)"
        ),
    )
