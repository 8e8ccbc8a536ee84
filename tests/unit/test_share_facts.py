"""Facts about shares: what they say of counts that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.tables.periods import PeriodRow
from reports.findings.share_facts import find_most_mentioned, find_share_facts
from reports.words.quantities import format_share, format_shares
from tests.period_rows import row

SUBJECT = "Covid"


def rows_of(*matched: int | None, documents: int = 1000) -> list[PeriodRow]:
    periods = [f"{2018 + place // 12}-{place % 12 + 1:02}" for place in range(len(matched))]
    return [
        row(period, count, documents=documents)
        for period, count in zip(periods, matched, strict=True)
    ]


# The counts of months of 1,000 documents, or their rows; the topic and its sentence.
SENTENCES: dict[str, tuple[Sequence[PeriodRow], str, str]] = {
    "the highest month beside the average": (
        rows_of(40, 227, 133, 50),
        "share",
        (
            "Covid peaked in February 2018, in 22.7 % of documents (227 of 1,000); the average is "
            "11.2 %."
        ),
    ),
    "a month that is less than twice the average is no peak": (
        rows_of(40, 60, 50),
        "share",
        (
            "Covid was most frequent in February 2018, in 6.0 % of documents (60 of 1,000); the "
            "average "
            "is 5.0 %."
        ),
    ),
    "shares that are close have places that show by how much": (
        [
            row("2018-01", 44, documents=4193),
            row("2018-02", 50, documents=4747),
            row("2018-03", 27, documents=4878),
        ],
        "share",
        (
            "Covid was most frequent in February 2018 (1.053 % of documents) and nearly as "
            "frequent in January 2018 (1.049 %)."
        ),
    ),
    "two months, one after the other": (
        rows_of(227, 40),
        "share",
        (
            "Covid was in 22.7 % of documents in January 2018 (227) and in 4.0 % in February 2018 "
            "(40)."
        ),
    ),
    "one month with its counts": (
        rows_of(40),
        "share",
        "In January 2018, Covid was in 4.0 % of documents (40 of 1,000).",
    ),
    "months with the same share are both named": (
        rows_of(40, 90, 90, 50),
        "share",
        "Covid was most frequent in February 2018 and March 2018, in 9.0 % of documents each.",
    ),
    "a month alone": (
        rows_of(0, 90, 0, 0),
        "share",
        "Covid appears in February 2018 alone, in 9.0 % of documents (90 of 1,000).",
    ),
    "equal months": (
        rows_of(90, 90, 90),
        "share",
        "Covid was in 9.0 % of documents in each of the 3 months.",
    ),
    "of few documents each month is named": (
        rows_of(0, 1, 2, 0),
        "share",
        "3 of 4,000 documents mention Covid: February 2018 (1) and March 2018 (2).",
    ),
    "of few documents in many months the months are counted": (
        rows_of(0, 1, 2, 0, 1, 1, 1, 0),
        "share",
        "6 of 8,000 documents mention Covid, in 5 of 8 months.",
    ),
    "no mention": (rows_of(0, 0, 0), "share", "None of the 3,000 documents mentions Covid."),
    "gaps and months that are cut off are not ranked": (
        [*rows_of(40, 50, 30, None), row("2018-05", 900, cut_off=True)],
        "share",
        (
            "Covid was most frequent in February 2018, in 5.0 % of documents (50 of 1,000); the "
            "average "
            "is 4.0 %."
        ),
    ),
    "a rise that one month before shares": (
        rows_of(10, 12, 31, 11, 10, 12, *[32, 33, 34, 36, 32, 35, 30]),
        "level",
        "Covid rose in July 2018 and stayed up: from 1.4 % of documents before to 3.3 % since.",
    ),
    "a fall": (
        rows_of(*[52, 50, 51, 49] * 2, *[13, 12, 14, 13] * 2),
        "level",
        (
            "Covid fell in September 2018 and stayed down: from 5.1 % of documents before to 1.3 % "
            "since."
        ),
    ),
    "a slow fall over years": (
        rows_of(*[52, 50] * 6, *[40] * 12, *[20] * 9),
        "years",
        "Covid fell from 5.1 % of documents in 2018 to 2.0 % in 2020.",
    ),
    "years that rise and fall": (
        rows_of(*[40] * 12, *[60] * 12, *[20] * 12, *[30] * 12),
        "years",
        "By year, Covid was most frequent in 2019 (6.0 % of documents) and least in 2020 (2.0 %).",
    ),
    "years that hardly differ": (
        rows_of(*[40] * 12, *[43] * 12),
        "years",
        "By year, Covid hardly changed: it was in 4.0 % to 4.3 % of documents.",
    ),
    "a small change of a frequent subject": (
        rows_of(*[400] * 12, *[430] * 12),
        "years",
        "Covid rose from 40.0 % of documents in 2018 to 43.0 % in 2019.",
    ),
    "a fall over four months": (
        rows_of(227, 140, 80, 49),
        "course",
        "Covid fell from 22.7 % of documents in January 2018 to 4.9 % in April 2018.",
    ),
    "a rise over nine months, with one that is odd": (
        rows_of(10, 12, 11, 15, 9, 19, 24, 26, 30),
        "course",
        "Covid rose from 1.1 % of documents in the first 3 months to 2.7 % in the last 3.",
    ),
    "a first mention after a year without one": (
        rows_of(*[0] * 12, 17, 60, 80),
        "first",
        (
            "Covid first appears in January 2019, in 17 documents; the 12,000 documents of the 12 "
            "months before have none."
        ),
    ),
    "a last mention before a year without one": (
        rows_of(20, 20, *[0] * 12),
        "last",
        (
            "Covid last appears in February 2018; the 12,000 documents of the 12 months since have "
            "none."
        ),
    ),
}


@pytest.mark.parametrize("case", SENTENCES.values(), ids=SENTENCES)
def test_rows_have_their_sentence(case: tuple[Sequence[PeriodRow], str, str]) -> None:
    rows, topic, text = case
    texts = {fact.topic[0]: fact.text for fact in find_share_facts(SUBJECT, rows)}
    assert texts[topic] == text


# The counts of months of which a fact of the topic is not told.
UNTOLD: dict[str, tuple[Sequence[PeriodRow], str]] = {
    "a gap alone": ([row("2018-05", None)], "share"),
    "a rise from one odd month": (rows_of(10, 40, 42, 38, 41, 39), "course"),
    "a peak that went as it came": (rows_of(10, 12, 90, 80, 12, 26), "course"),
    "a fall by less than half": (rows_of(90, 80, 70, 60), "course"),
    "a fall of few documents": (rows_of(9, 6, 4, 1), "course"),
    "two months": (rows_of(90, 20), "course"),
    "a fall that the years tell": (rows_of(*[80] * 6, *[60] * 6, *[30] * 6, *[20] * 6), "course"),
    "a steady share": (rows_of(*[10, 12, 9, 11, 10, 12] * 2), "level"),
    # March is at the new level, and so few months before make no level of their own.
    "a share that had changed before": (
        rows_of(*[140, 123, 131, 120, 119], 90, *[70, 72, 69, 71, 70, 68]),
        "level",
    ),
    "a level of less than half a year at the edge of the run": (
        rows_of(*[13, 12, 14, 13] * 5, *[52, 50, 51, 49, 52]),
        "level",
    ),
    "years of which one has eight months": (rows_of(*[52] * 12, *[20] * 8), "years"),
    "a first mention after eleven months": (rows_of(*[0] * 11, 17, 60, 80), "first"),
    "a last mention before eleven months": (rows_of(20, 20, *[0] * 11), "last"),
    # One document in 2018 foretells none before it; nor does one in the last year foretell more.
    "a first mention long before the others": (
        rows_of(*[0] * 12, 1, *[0] * 24, *[60] * 12),
        "first",
    ),
    "a last mention of a subject that was rare in its last year": (
        rows_of(*[60] * 12, *[0] * 24, 1, *[0] * 12),
        "last",
    ),
    "a subject that was unknown": (rows_of(*[0] * 9, 1, 2, *[30, 33, 31, 36, 32]), "level"),
    "a last mention with nothing after it": (rows_of(20, 20, 20, 1, documents=50_000), "last"),
}


@pytest.mark.parametrize("case", UNTOLD.values(), ids=UNTOLD)
def test_nothing_is_said_of_rows_that_do_not_tell(case: tuple[Sequence[PeriodRow], str]) -> None:
    rows, topic = case
    assert topic not in {fact.topic[0] for fact in find_share_facts(SUBJECT, rows)}


@pytest.mark.parametrize("periods", [("2020-03-01", "2020-03-02"), ("2020-W09", "2020-W10")])
def test_days_and_weeks_have_facts_as_months_have(periods: tuple[str, str]) -> None:
    rows = [row(periods[0], 20, documents=100), row(periods[1], 40, documents=100)]
    assert [fact.topic for fact in find_share_facts(SUBJECT, rows)] == [("share",)]


def test_a_share_changes_its_level_at_the_first_month_that_is_near_the_new_one() -> None:
    rows = rows_of(*[140, 123, 131] * 2, *[70, 72, 69, 71, 70, 68])
    facts = {fact.topic: fact.answer for fact in find_share_facts(SUBJECT, rows)}
    assert facts["level",] == ("down", "2018-07")
    unknown = rows_of(*[0] * 12, 1, 2, *[30, 33, 31, 36, 32])
    assert ("first",) in {fact.topic for fact in find_share_facts(SUBJECT, unknown)}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_shares_beside_each_other_are_as_exact_as_one_alone_and_at_most_two_places_more(
    shares: list[float],
) -> None:
    for share, text in zip(shares, format_shares(shares), strict=True):
        assert text in {format_share(share, places) for places in range(1, 6)}
    if max(shares) >= 0.01:
        assert format_shares(shares)[0] in {format_share(shares[0], places) for places in (1, 2, 3)}


def test_the_most_interesting_fact_comes_first() -> None:
    facts = find_share_facts(SUBJECT, rows_of(*[0] * 12, 17, 300, 80))
    assert [fact.topic[0] for fact in facts] == ["first", "share"]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_what_is_named_as_highest_is_the_highest(matched: list[int]) -> None:
    facts = {fact.topic[0]: fact for fact in find_share_facts(SUBJECT, rows_of(*matched))}
    answer = facts["share"].answer
    if answer[0] == "highest":
        place = matched.index(max(matched))
        assert answer[1] == f"{2018 + place // 12}-{place % 12 + 1:02}"
    else:
        assert len(matched) <= 2 or sum(matched) < 10


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.integers(0, 1))
def test_each_sentence_on_shares_has_at_most_25_words(matched: list[int], shift: int) -> None:
    facts = find_share_facts(SUBJECT, rows_of(*matched))
    for fact, other in product(facts, find_share_facts(SUBJECT, rows_of(*matched[shift:], 7))):
        compared = replace(fact, contrasts=(("bulk days", other),))
        for sentence in compared.text.replace(" %", "%").split(". "):
            assert len(sentence.split()) <= 25


# The counts of two subjects in months of 1,000 documents, and what is said of the two.
MOST_MENTIONED = {
    "two that differ": (
        (100, 120),
        (10, 12),
        [
            (
                "Fog was mentioned most, in 220 of 2,000 documents (11.0 %); next was Rain with 22 "
                "(1.1 %)."
            )
        ],
    ),
    "two that are alike": ((10, 12), (12, 10), []),
    "a second of few documents": ((10, 12), (4, 5), []),
    "months that differ": ((10, 12, 14), (10, 2), []),
}


@pytest.mark.parametrize("case", MOST_MENTIONED.values(), ids=MOST_MENTIONED)
def test_the_subject_of_most_documents_is_named_with_the_next(
    case: tuple[Sequence[int], Sequence[int], list[str]],
) -> None:
    fog, rain, texts = case
    facts = find_most_mentioned({"Rain": rows_of(*rain), "Fog": rows_of(*fog)})
    assert [fact.text for fact in facts] == texts
