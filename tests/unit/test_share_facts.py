"""Facts about shares: what they say of counts that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.tables.periods import PeriodRow
from reports.findings.share_facts import find_share_facts
from reports.words.quantities import format_share, format_shares
from tests.period_rows import row

SUBJECT = "“covid”"


def rows_of(*matched: int | None, documents: int = 1000) -> list[PeriodRow]:
    periods = [f"{2018 + place // 12}-{place % 12 + 1:02}" for place in range(len(matched))]
    return [
        row(period, count, documents=documents)
        for period, count in zip(periods, matched, strict=True)
    ]


Terms = Mapping[str, Sequence[PeriodRow]]

# The counts of months of 1,000 documents, or their rows; the rows of terms; the sentence.
SENTENCES: dict[str, tuple[Sequence[PeriodRow], Terms, str, str]] = {
    "the highest, the next and the lowest month": (
        rows_of(40, 227, 133, 50),
        {},
        "share",
        (
            "“covid” is in 227 of 1,000 documents (22.7 %) of February 2018, the highest share of "
            "4 months; next is March 2018 with 13.3 %, lowest January 2018 with 4.0 %."
        ),
    ),
    "shares that are close have places that show by how much": (
        [
            row("2018-01", 44, documents=4193),
            row("2018-02", 50, documents=4747),
            row("2018-03", 27, documents=4878),
        ],
        {},
        "share",
        (
            "“covid” is in 50 of 4,747 documents (1.053 %) of February 2018 and in 44 of 4,193 "
            "documents (1.049 %) of January 2018, nearly the same and the highest shares of 3 "
            "months; lowest March 2018 with 0.554 %."
        ),
    ),
    "two months, one after the other": (
        rows_of(40, 227),
        {},
        "share",
        (
            "“covid” is in 40 of 1,000 documents (4.0 %) of January 2018 and in 227 of 1,000 "
            "documents (22.7 %) of February 2018."
        ),
    ),
    "one month with its counts": (
        rows_of(40),
        {},
        "share",
        "“covid” is in 40 of 1,000 documents (4.0 %) of January 2018.",
    ),
    "months with the same share are both named": (
        rows_of(40, 90, 90, 50),
        {},
        "share",
        (
            "“covid” has its highest share of 4 months, 9.0 %, in February 2018 and March 2018; "
            "lowest January 2018 with 4.0 %."
        ),
    ),
    "many months with the same share are counted": (
        rows_of(90, 0, 0, 0, 90, 90),
        {},
        "share",
        "“covid” has its highest share of 6 months, 9.0 %, in 3 months; none in 3 months.",
    ),
    "a month alone": (
        rows_of(0, 90, 0, 0),
        {},
        "share",
        (
            "“covid” is in 90 of 1,000 documents (9.0 %) of February 2018, and in none of the "
            "other 3 months."
        ),
    ),
    "equal months": (
        rows_of(90, 90, 90),
        {},
        "share",
        "“covid” is in the same share of documents in all 3 months: 9.0 %.",
    ),
    "of few documents each month is named": (
        rows_of(0, 1, 2, 0),
        {},
        "share",
        "3 of 4,000 documents mention “covid”: February 2018 (1) and March 2018 (2).",
    ),
    "no mention": (
        rows_of(0, 0, 0),
        {},
        "share",
        "None of the 3,000 documents that were read mentions “covid”.",
    ),
    "gaps and months that are cut off are not ranked": (
        [*rows_of(40, 50, 30, None), row("2018-05", 900, cut_off=True)],
        {},
        "share",
        (
            "“covid” is in 50 of 1,000 documents (5.0 %) of February 2018, the highest share of 3 "
            "months; next is January 2018 with 4.0 %, lowest March 2018 with 3.0 %."
        ),
    ),
    "a rise that one month before shares": (
        rows_of(10, 12, 31, 11, 10, 12, *[32, 33, 34, 36, 32, 35, 30]),
        {},
        "level",
        (
            "From July 2018 on “covid” is in 3.3 % of the documents, before in 1.4 %: 6 of 7 "
            "months since then are above each of the 6 before."
        ),
    ),
    "a fall": (
        rows_of(*[52, 50, 51, 49], *[13, 12, 14, 13]),
        {},
        "level",
        (
            "From May 2018 on “covid” is in 1.3 % of the documents, before in 5.1 %: 4 of 4 months "
            "since then are below each of the 4 before."
        ),
    ),
    "a first mention names its term": (
        rows_of(0, 0, 17, 60, 80),
        {"covid": rows_of(0, 0, 0, 50, 60), "coronavirus": rows_of(0, 0, 17, 60, 80)},
        "first",
        (
            "“covid” is first mentioned in March 2018, in 17 documents (as “coronavirus”); none of "
            "the 2,000 documents of the 2 months that were read before mentions it."
        ),
    ),
    "a first mention after a single month": (
        rows_of(0, 50, 60, 55),
        {},
        "first",
        (
            "“covid” is first mentioned in February 2018, in 50 documents; none of the 1,000 "
            "documents of January 2018, the only earlier month, mentions it."
        ),
    ),
    "a first mention that stands alone names the next": (
        rows_of(0, 0, 1, 0, 0, 0, 50, 60),
        {},
        "first",
        (
            "“covid” is first mentioned in March 2018, in 1 document; none of the 2,000 documents "
            "of the 2 months that were read before mentions it. The next mention is in July 2018."
        ),
    ),
    "a last mention": (
        rows_of(20, 20, 0, 0),
        {},
        "last",
        (
            "“covid” is last mentioned in February 2018; none of the 2,000 documents of the 2 "
            "months that were read since mentions it."
        ),
    ),
    "terms": (
        rows_of(100, 90),
        {"covid": rows_of(20, 20), "coronavirus": rows_of(90, 80), "virus": rows_of(1, 0)},
        "terms",
        (
            "Of the 190 documents of “covid”, “coronavirus” is in 170, “covid” in 40 and “virus” "
            "in 1; one may have several."
        ),
    ),
    "terms that are in no document together": (
        rows_of(100, 90),
        {"covid": rows_of(20, 20), "virus": rows_of(80, 70)},
        "terms",
        "Of the 190 documents of “covid”, “virus” is in 150 and “covid” in 40.",
    ),
    "a hashtag whose word is a term is not named beside it": (
        rows_of(100, 90),
        {"covid": rows_of(99, 80), "#covid": rows_of(90, 80), "virus": rows_of(1, 10)},
        "terms",
        "Of the 190 documents of “covid”, “covid” is in 179 and “virus” in 11.",
    ),
}


@pytest.mark.parametrize("case", SENTENCES.values(), ids=SENTENCES)
def test_rows_have_their_sentence(case: tuple[Sequence[PeriodRow], Terms, str, str]) -> None:
    rows, terms, topic, text = case
    texts = {fact.topic[0]: fact.text for fact in find_share_facts(SUBJECT, rows, terms)}
    assert texts[topic] == text


# The counts of months of which a fact of the topic is not told.
UNTOLD: dict[str, tuple[Sequence[PeriodRow], str]] = {
    "a gap alone": ([row("2018-05", None)], "share"),
    "a steady share": (rows_of(*[10, 12, 9, 11, 10, 12] * 2), "level"),
    # March is at the new level, and so few months before make no level of their own.
    "a share that had changed before": (
        rows_of(140, 123, 90, *[70, 72, 69, 71, 70, 68]),
        "level",
    ),
    "a subject that was unknown": (rows_of(*[0] * 9, 1, 2, *[30, 33, 31, 36, 32]), "level"),
    "a last mention with nothing after it": (rows_of(20, 20, 20, 1, documents=50_000), "last"),
}


@pytest.mark.parametrize("case", UNTOLD.values(), ids=UNTOLD)
def test_nothing_is_said_of_rows_that_do_not_tell(case: tuple[Sequence[PeriodRow], str]) -> None:
    rows, topic = case
    assert topic not in {fact.topic[0] for fact in find_share_facts(SUBJECT, rows, {})}


def test_a_share_changes_its_level_at_the_first_month_that_is_near_the_new_one() -> None:
    rows = rows_of(140, 123, 131, *[70, 72, 69, 71, 70, 68])
    facts = {fact.topic: fact.answer for fact in find_share_facts(SUBJECT, rows, {})}
    assert facts["level",] == ("down", "2018-04")
    unknown = rows_of(*[0] * 9, 1, 2, *[30, 33, 31, 36, 32])
    assert ("first",) in {fact.topic for fact in find_share_facts(SUBJECT, unknown, {})}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_shares_beside_each_other_are_as_exact_as_one_alone_and_at_most_two_places_more(
    shares: list[float],
) -> None:
    for share, text in zip(shares, format_shares(shares), strict=True):
        assert text in {format_share(share, places) for places in range(1, 6)}
    if max(shares) >= 0.01:
        assert format_shares(shares)[0] in {format_share(shares[0], places) for places in (1, 2, 3)}


def test_the_most_interesting_fact_comes_first() -> None:
    facts = find_share_facts(SUBJECT, rows_of(0, 0, 17, 300, 80), {})
    assert [fact.topic[0] for fact in facts] == ["first", "share"]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_what_is_named_as_highest_is_the_highest(matched: list[int]) -> None:
    facts = {fact.topic[0]: fact for fact in find_share_facts(SUBJECT, rows_of(*matched), {})}
    answer = facts["share"].answer
    if answer[0] == "highest":
        place = matched.index(max(matched))
        assert answer[1] == f"{2018 + place // 12}-{place % 12 + 1:02}"
    else:
        assert len(matched) <= 2 or sum(matched) < 10
