"""Which words stand out: Dunning's G², its sign, and what is left out."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.data import PostData
from analysis.options import TextOptions
from analysis.pipelines import MONTHS, POSTS
from analysis.step import StepResult
from analysis.steps import distinctive
from analysis.steps.distinctive import WordCounts, distinctive_rows, log_likelihood
from analysis.text.words import words_of_terms
from models.documents import DocumentText
from models.tables import DistinctiveWord
from textapi.text.keywords import pattern


def rows_of(target: list[str], reference: list[str], *terms: str) -> list[tuple[object, ...]]:
    patterns = list(map(pattern, terms))
    counts = WordCounts.of(target, patterns), WordCounts.of(reference, patterns)
    return [tuple(row.values()) for row in distinctive_rows("k", *counts)]


def test_the_ratio_is_that_of_dunnings_table_of_pairs_with_swiss() -> None:
    # the pair "the swiss": 110 and 2442 against 111 and 29114, 270.72 in the paper
    g2 = log_likelihood(110, 110 + 2442, 111, 111 + 29114)
    assert g2 == pytest.approx(270.72, abs=0.005)


def test_the_ratio_is_negative_where_the_first_corpus_uses_the_word_less() -> None:
    assert log_likelihood(10, 100, 2, 200) == pytest.approx(13.34928, abs=1e-5)
    assert log_likelihood(2, 200, 10, 100) == -log_likelihood(10, 100, 2, 200)


@given(st.integers(0, 500), st.integers(1, 500), st.integers(0, 500), st.integers(1, 500))
def test_the_ratio_is_zero_only_for_equal_shares(
    uses: int, others: int, reference_uses: int, reference_others: int
) -> None:
    total, reference_total = uses + others, reference_uses + reference_others
    g2 = log_likelihood(uses, total, reference_uses, reference_total)
    assert g2 == -log_likelihood(reference_uses, reference_total, uses, total) or g2 == 0
    more = uses * reference_total - reference_uses * total
    assert (g2 > 1e-9) <= (more > 0)
    assert (g2 < -1e-9) <= (more < 0)


def test_words_are_compared_case_folded_and_shown_as_they_are_written_most_often() -> None:
    target = ["Harbour tide", "Harbour tide", "harbour TIDE"]
    rows = rows_of(target, ["boats", "boats", "boats"])
    assert [(rank, word, count) for _, rank, word, count, *_ in rows] == [
        (1, "boats", 0),
        (2, "Harbour", 3),
        (3, "tide", 3),
    ]


def test_a_row_has_the_counts_of_both_sides_and_the_ratio() -> None:
    rows = rows_of(["tide tide boat", "tide boat", "tide boat"], ["boat", "boat", "tide boat"])
    tide, boat = log_likelihood(4, 7, 1, 4), log_likelihood(3, 7, 3, 4)
    assert tide == pytest.approx(-boat)  # of two words the one takes what the other leaves
    assert rows == [
        ("k", 1, "boat", 3, 3, 3, round(boat, 6)),
        ("k", 2, "tide", 4, 3, 1, round(tide, 6)),
    ]


def test_a_word_of_two_documents_does_not_stand_out() -> None:
    words = [row[2] for row in rows_of(["tide tide tide boat", "tide boat", "boat"], ["ship"])]
    assert words == ["boat"]


def test_stop_words_and_the_terms_are_left_out() -> None:
    target = ["the covid ward of the harbour", "the Covid harbour and the ward", "the harbour ward"]
    words = {row[2] for row in rows_of(target, ["boat"], r"\bcovid\b")}
    assert words == {"harbour", "ward"}


def test_ten_words_are_kept_those_with_the_largest_ratio_of_either_sign() -> None:
    target = [" ".join(f"word{letter}" for letter in "abcdefgh")] * 3
    reference = [" ".join(f"other{letter}" for letter in "abcdefgh")] * 6
    rows = rows_of(target, reference)
    assert len(rows) == 10
    sizes = [abs(float(str(row[-1]))) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_nothing_stands_out_against_nothing() -> None:
    assert rows_of(["tide", "tide", "tide"], []) == []


def post(number: int, text: str, *, repost: bool = False) -> DocumentText:
    return DocumentText(number, f"x:{number}", "2020-03", text, repost)


def find(
    posts: list[DocumentText], others: list[DocumentText], subject: str = "tide"
) -> StepResult:
    async def read_other_posts() -> list[DocumentText]:
        return others

    data = PostData(posts, TextOptions(), subject, read_other_posts)
    return asyncio.run(distinctive.find_distinctive_words(data, None))  # type: ignore[arg-type]


def test_an_account_is_compared_with_the_authored_posts_of_the_others() -> None:
    posts = [post(n, "Tide harbour https://t.co/x") for n in range(3)]
    others = [post(10 + n, "boat") for n in range(3)] + [post(20, "harbour", repost=True)]
    result = find(posts, others)
    rows = result.rows[DistinctiveWord]
    found = [(row["word"], row["count"], row["reference_count"]) for row in rows]
    assert sorted(found) == [("boat", 0, 3), ("harbour", 3, 0)]
    assert result.no_data_reason is None


def test_a_single_word_of_a_term_of_several_words_does_not_stand_out() -> None:
    target = WordCounts.of(["ann quist sails", "ann sails", "ann sails"])
    reference = WordCounts.of(["boat"])
    rows = distinctive_rows("k", target, reference, words_of_terms(["Ann Quist"]))
    assert [row["word"] for row in rows] == ["sails"]


def test_the_name_of_an_account_does_not_stand_out() -> None:
    posts = [post(n, "President Tide of the New Tide harbour") for n in range(3)]
    posts.append(post(4, "thank you @NewTide", repost=True))
    others = [post(10 + n, "boat") for n in range(3)]
    found = {row["word"] for row in find(posts, others, "newtide").rows[DistinctiveWord]}
    assert found == {"President", "harbour", "boat"}


def test_an_account_alone_has_no_data_and_says_so() -> None:
    result = find([post(1, "harbour")], [])
    assert result.rows == {DistinctiveWord: []}
    assert result.no_data_reason == "there are no other documents to compare with"


def test_the_step_is_one_of_the_defaults_of_both_pipelines() -> None:
    assert "distinctive" in MONTHS.default_names
    assert "distinctive" in POSTS.default_names
