"""Facts about shares: what they say of counts that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def texts(
    rows: Sequence[PeriodRow], terms: Mapping[str, Sequence[PeriodRow]] | None = None
) -> dict[object, str]:
    return {fact.topic[0]: fact.text for fact in find_share_facts(SUBJECT, rows, terms or {})}


def test_the_highest_the_next_and_the_lowest_month_are_named_with_their_shares() -> None:
    assert texts(rows_of(40, 227, 133, 50))["share"] == (
        "“covid” is in 227 of 1,000 documents (22.7 %) of February 2018, the highest share of 4 "
        "months; next is March 2018 with 13.3 %, lowest January 2018 with 4.0 %."
    )


def test_shares_that_are_close_have_places_that_show_by_how_much() -> None:
    rows = [
        row("2018-01", 44, documents=4193),
        row("2018-02", 50, documents=4747),
        row("2018-03", 27, documents=4878),
    ]
    assert texts(rows)["share"] == (
        "“covid” is in 50 of 4,747 documents (1.053 %) of February 2018 and in 44 of 4,193 "
        "documents (1.049 %) of January 2018, nearly the same and the highest shares of 3 months; "
        "lowest March 2018 with 0.554 %."
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_shares_beside_each_other_are_as_exact_as_one_alone_and_at_most_two_places_more(
    shares: list[float],
) -> None:
    for share, text in zip(shares, format_shares(shares), strict=True):
        assert text in {format_share(share, places) for places in range(1, 6)}
    if max(shares) >= 0.01:
        assert format_shares(shares)[0] in {format_share(shares[0], places) for places in (1, 2, 3)}


def test_two_months_are_said_one_after_the_other() -> None:
    assert texts(rows_of(40, 227))["share"] == (
        "“covid” is in 40 of 1,000 documents (4.0 %) of January 2018 and in 227 of 1,000 documents "
        "(22.7 %) of February 2018."
    )


def test_one_month_is_said_with_its_counts() -> None:
    expected = "“covid” is in 40 of 1,000 documents (4.0 %) of January 2018."
    assert texts(rows_of(40))["share"] == expected


def test_months_with_the_same_share_are_both_named() -> None:
    assert texts(rows_of(40, 90, 90, 50))["share"] == (
        "“covid” has its highest share of 4 months, 9.0 %, in February 2018 and March 2018; lowest "
        "January 2018 with 4.0 %."
    )
    assert texts(rows_of(90, 0, 0, 0, 90, 90))["share"] == (
        "“covid” has its highest share of 6 months, 9.0 %, in 3 months; none in 3 months."
    )


def test_of_few_documents_each_month_is_named() -> None:
    assert texts(rows_of(0, 1, 2, 0))["share"] == (
        "3 of 4,000 documents mention “covid”: February 2018 (1) and March 2018 (2)."
    )


def test_no_mention_is_said_as_none_of_the_documents() -> None:
    expected = "None of the 3,000 documents that were read mentions “covid”."
    assert texts(rows_of(0, 0, 0)) == {"share": expected}


def test_gaps_and_months_that_are_cut_off_are_not_ranked() -> None:
    rows = [*rows_of(40, 50, 30, None), row("2018-05", 900, cut_off=True)]
    assert texts(rows)["share"].startswith(
        "“covid” is in 50 of 1,000 documents (5.0 %) of February"
    )
    assert texts([row("2018-05", None)]) == {}


def test_a_change_of_level_needs_nearly_every_month_beyond_those_before() -> None:
    steady = [10, 12, 9, 11, 10, 12]
    assert "level" not in texts(rows_of(*steady, *steady))
    text = texts(rows_of(10, 12, 31, 11, 10, 12, *[32, 33, 34, 36, 32, 35, 30]))["level"]
    assert text == (
        "From July 2018 on “covid” is in 3.3 % of the documents, before in 1.4 %: 6 of 7 months "
        "since then are above each of the 6 before."
    )
    fall = texts(rows_of(*[52, 50, 51, 49], *[13, 12, 14, 13]))["level"]
    assert fall.endswith("4 of 4 months since then are below each of the 4 before.")


def test_a_share_that_had_changed_before_is_no_change_of_level() -> None:
    # March is at the new level, and so few months before make no level of their own.
    assert "level" not in texts(rows_of(140, 123, 90, *[70, 72, 69, 71, 70, 68]))
    assert "level" in texts(rows_of(140, 123, 131, *[70, 72, 69, 71, 70, 68]))


def test_a_subject_that_was_unknown_has_a_first_mention_and_no_level_before() -> None:
    rows = rows_of(*[0] * 9, 1, 2, *[30, 33, 31, 36, 32])
    assert "level" not in texts(rows)
    assert "first" in texts(rows)


def test_the_first_mention_names_its_term_and_what_was_read_before() -> None:
    counts = [0, 0, 17, 60, 80]
    terms = {"covid": rows_of(0, 0, 0, 50, 60), "coronavirus": rows_of(0, 0, 17, 60, 80)}
    assert texts(rows_of(*counts), terms)["first"] == (
        "“covid” is first mentioned in March 2018, in 17 documents (as “coronavirus”); none of the "
        "2,000 documents of the 2 months that were read before mentions it."
    )


def test_a_first_mention_names_the_only_month_that_was_read_before() -> None:
    assert texts(rows_of(0, 50, 60, 55))["first"] == (
        "“covid” is first mentioned in February 2018, in 50 documents; none of the 1,000 documents "
        "of January 2018, the only month read before, mentions it."
    )


def test_a_first_mention_that_stands_alone_names_the_next() -> None:
    assert texts(rows_of(0, 0, 1, 0, 0, 0, 50, 60))["first"].endswith(
        "in 1 document; none of the 2,000 documents of the 2 months that were read before "
        "mentions it. The next mention is in July 2018."
    )


def test_the_last_mention_is_named_where_later_months_would_have_some() -> None:
    assert texts(rows_of(20, 20, 0, 0))["last"] == (
        "“covid” is last mentioned in February 2018; none of the 2,000 documents of the 2 months "
        "that were read since mentions it."
    )
    assert "last" not in texts(rows_of(20, 20, 20, 1, 0, documents=50_000)[:4])


def test_the_leading_term_is_named_with_the_others() -> None:
    terms = {"covid": rows_of(20, 20), "coronavirus": rows_of(90, 80), "virus": rows_of(1, 0)}
    assert texts(rows_of(100, 90), terms)["terms"] == (
        "Of the 190 documents of “covid”, “coronavirus” is in 170, “covid” in 40 and “virus” in 1; "
        "one may have several."
    )


def test_terms_that_are_in_no_document_together_are_not_said_to_be() -> None:
    terms = {"covid": rows_of(20, 20), "virus": rows_of(80, 70)}
    assert texts(rows_of(100, 90), terms)["terms"] == (
        "Of the 190 documents of “covid”, “virus” is in 150 and “covid” in 40."
    )


def test_a_hashtag_whose_word_is_a_term_is_not_named_beside_it() -> None:
    terms = {"covid": rows_of(99, 80), "#covid": rows_of(90, 80), "virus": rows_of(1, 10)}
    assert texts(rows_of(100, 90), terms)["terms"] == (
        "Of the 190 documents of “covid”, “covid” is in 179 and “virus” in 11."
    )


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
