"""A highlight that rests on repeated texts says so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.sensitivity import ReadStatements, Statement, keep_robust

JANUARY = "“x” stood out most in January 2021: 1,932 of 2,044 documents mention it, 32.3 % (95 %)."
FEWER = "“x” stood out most in January 2021: 112 of 2,000 documents mention it, 5.6 % (95 %)."
FEBRUARY = "“x” stood out most in February 2021: 120 of 2,000 documents mention it, 6.0 % (95 %)."


def reading(*sentences: str) -> ReadStatements:
    return lambda: [Statement.read(sentence) for sentence in sentences]


def kept(sentences: Sequence[str], without: dict[str, ReadStatements]) -> list[str]:
    checked = keep_robust([Statement.read(sentence) for sentence in sentences], without)
    return [statement.text for statement in checked]


def test_a_statement_that_holds_without_the_patterns_is_printed_as_it_is() -> None:
    assert kept([JANUARY], {"the pattern “a”": reading(FEWER, "More.")}) == [JANUARY]


def test_a_statement_that_does_not_hold_names_the_pattern_that_it_rests_on() -> None:
    without = {
        "the 2 largest patterns of repeats": reading(FEBRUARY),
        "the pattern “a”": reading(FEWER),
        "the pattern “b”": reading(FEBRUARY),
    }
    assert kept([JANUARY], without) == [f"{JANUARY} Without the pattern “b” this cannot be said."]


def test_a_statement_that_rests_on_several_patterns_together_says_so() -> None:
    without = {
        "the 2 largest patterns of repeats": reading(),
        "the pattern “a”": reading(FEWER),
        "the pattern “b”": reading(FEWER),
    }
    caution = "Without the 2 largest patterns of repeats this cannot be said."
    assert kept([JANUARY], without) == [f"{JANUARY} {caution}"]


def test_without_any_pattern_nothing_is_read_again() -> None:
    assert kept([JANUARY], {}) == [JANUARY]
    assert kept([], {"the pattern “a”": pytest.fail}) == []  # type: ignore[dict-item]


def test_months_are_part_of_what_is_claimed_and_figures_are_not() -> None:
    claims = [Statement.read(sentence).claim for sentence in (JANUARY, FEWER, FEBRUARY)]
    assert claims[0] == claims[1] != claims[2]
    moods = [
        "lowest in May 2020 (\u22120.44, n = 26)",
        "lowest in May 2020 (\u22120.31, n = 2,600)",
    ]
    assert len({Statement.read(mood).claim for mood in moods}) == 1


@given(st.lists(st.text(max_size=30), max_size=4), st.lists(st.text(max_size=30), max_size=4))
def test_each_statement_is_kept_once_in_its_order(first: list[str], second: list[str]) -> None:
    sentences = kept(first, {"the pattern “a”": reading(*second)})
    assert len(sentences) == len(first)
    for sentence, printed in zip(first, sentences, strict=True):
        assert printed in {sentence, f"{sentence} Without the pattern “a” this cannot be said."}
