"""Facts about subjects and groups beside each other: what they say of known counts."""

from __future__ import annotations

from analysis.query.relations import Relation
from core.enums import Grouping
from reports.data.tables.keyword_pairs import KeywordPair, PairMonth
from reports.findings.code_estimates import state_reader_mean
from reports.findings.group_facts import find_group_facts
from reports.findings.pair_facts import find_pair_facts, find_pair_overtakings
from reports.series.groups import GroupCell, GroupCounts, KeywordGroups, Moments
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


def test_subjects_are_ranked_and_their_overtaking_and_common_documents_are_told() -> None:
    pair = pair_of((90, 10, 5), (80, 20, 5), (20, 60, 10), (10, 90, 5))
    rows = {
        "a": [row("2018-01", 90, 0.1), row("2018-02", 110, 0.1)],
        "b": [row("2018-01", 100, -0.3), row("2018-02", 80, -0.3)],
    }
    texts = {finding.topic[0]: finding.text for finding in find_pair_facts([pair], rows)}
    assert texts == {
        "overtakes": (
            "“b” overtook “a” in March 2018: since then it is ahead in 2 of 2 months (150 "
            "documents to 30), before that it was behind in 2 of 2 (30 to 170)."
        ),
        "most": ("“a” is in more documents: 200 of 2,000 documents (10.0 %); “b” is in 9.0 %."),
        "moods": (
            "Of 2 subjects with at least 100 mentions the engine's mean polarity is highest for "
            "“a” (+0.10, 200 mentions) and lowest for “b” (−0.30, 180 mentions)."
        ),
        "together": (
            "“b” stands beside “a” in 25 of its 180 documents; 4.6 would be expected if one said "
            "nothing of the other."
        ),
    }


def test_a_keyword_and_a_part_of_it_are_not_set_beside_each_other() -> None:
    counts = ((90, 10, 5), (80, 20, 5), (20, 60, 10), (10, 90, 5))
    (overtaking,) = find_pair_overtakings([pair_of(*counts)])
    assert overtaking.topic == ("overtakes", "b", "a")
    assert find_pair_facts([pair_of(*counts, relation=Relation.PART)]) == []


def group(name: str, documents: int, matched: int, polarities: Moments) -> GroupCounts:
    counted = GroupCounts(name, total=GroupCell(documents, matched, has_data=True))
    counted.compared.documents, counted.compared.matched = documents, matched
    counted.compared.expected = documents * 0.1
    counted.compared.polarities = polarities
    return counted


def test_groups_are_ranked_by_share_and_mood_within_their_common_months() -> None:
    groups = {
        "Sport": group("Sport", 1000, 10, Moments(40, 8.0, 3.0)),
        "World": group("World", 500, 100, Moments(100, -10.0, 5.0)),
        "Arts": group("Arts", 29, 28, Moments(20, 10.0, 6.0)),
        "not known": group("not known", 900, 800, Moments(90, 80.0, 75.0)),
    }
    keyword_groups = KeywordGroups("covid", groups, mean=Moments(100, -10.0, 5.0))
    share, mood = [finding.text for finding in find_group_facts(keyword_groups, Grouping.SECTION)]
    assert share == (
        "Of 2 sections with at least 30 documents in their common months, World mentions “covid” "
        "in the largest share: 100 of 500 documents (20.0 %); Sport has 1.0 %."
    )
    assert mood == (
        "The engine's mean polarity for “covid” is highest in Sport (+0.10) and lowest in World "
        "(−0.20), of 2 sections, month by month."
    )


def test_what_readers_would_say_is_an_estimate_with_its_interval() -> None:
    estimate = state_reader_mean("“covid”", Estimate(-0.21, -0.27, -0.15, n=200))
    assert (estimate.kind, estimate.text) == (
        "estimate",
        (
            "Readers would give the mentions of “covid” a mean of −0.21 on their scale from −1 to "
            "1 (95 % interval −0.27 to −0.15, from 200 labels)."
        ),
    )
