"""Truecasing: what is written small in a headline, and what stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textapi.engine import entities, language
from textapi.engine.truecase import restore_case
from textapi.text import word_list

# Letters whose other case has another length, and words that the list has.
ODD = st.sampled_from(
    ["\u0130", "\ufb01", "\u00df", "\u1e9e", "\u01f0", "\u0149", "\u03a3", "\U00010400"]
)
WORDS = st.sampled_from(
    [
        "The",
        "Minister",
        "Warns",
        "\u201cVoters",
        "Of",
        "Bill",
        "Clinton",
        "House",
        "Un-Christian",
        "I",
    ]
)
LINES = st.lists(st.text(max_size=8) | ODD | WORDS, max_size=14).map(" ".join)


@given(LINES)
def test_a_truecased_line_has_its_length_and_its_letters(line: str) -> None:
    restored = restore_case(line)
    assert len(restored) == len(line)
    assert restored.casefold() == line.casefold()


@given(LINES)
def test_truecasing_only_ever_makes_letters_small(line: str) -> None:
    for before, after in zip(line, restore_case(line), strict=True):
        assert after in (before, before.lower())


@pytest.mark.parametrize(
    ("headline", "restored"),
    [
        (
            "Mayor Defends Plan to Close Two Schools in Harlem",
            "Mayor defends plan to close two schools in Harlem",
        ),
        (
            "Drivers Blame White House: Nobody Answers the Phone",
            "Drivers blame White House: Nobody answers the phone",
        ),
        (
            "Why Karen Woods and J. Brown Will Skip the Summer Season",
            "Why Karen Woods and J. Brown will skip the summer season",
        ),
        (
            "Friends Say Mark Rutte Will Leave His Party\u2019s Board",
            "Friends say Mark Rutte will leave his party\u2019s board",
        ),
        (
            "As U.S. Troops Leave, a Pro-Government Newspaper Folds. Readers Mourn.",
            "As U.S. troops leave, a pro-government newspaper folds. Readers mourn.",
        ),
        ("What Should I Tell My Younger Sister?", "What should I tell my younger sister?"),
    ],
)
def test_a_headline_in_title_case_is_written_as_running_text(headline: str, restored: str) -> None:
    assert restore_case(headline) == restored


@pytest.mark.parametrize(
    "line",
    [
        "The minister told the House of Commons that the White House had called.",
        "Grant Bill",
        "Bank of England",
        "she said that Bill Gates and the Board of Directors disagreed about the plan",
        "",
        "12 - 4 ( 3 )",
    ],
)
def test_a_line_that_is_not_in_title_case_stays_as_it_is(line: str) -> None:
    assert restore_case(line) == line


def test_capitals_of_a_whole_line_are_made_small_where_the_word_is_common() -> None:
    assert restore_case("STRIKE CLOSES SCHOOLS ACROSS LONDON, TEACHERS SAY") == (
        "STRIKE closes schools across LONDON, teachers say"
    )


def test_entities_of_a_headline_come_back_as_the_headline_writes_them() -> None:
    headline = "Angela Merkel Opens a Hospital in Berlin and Blames the Bundestag\u2019s Delay"
    model = language.load()
    (pairs,) = entities.entities(model, [headline])
    assert ("PERSON", "Angela Merkel") in pairs
    assert ("GPE", "Berlin") in pairs
    for _, name in pairs:
        assert name in headline


def test_the_list_knows_words_that_are_names_too() -> None:
    words = word_list.load()
    assert words.is_only_common("Lessons\u2019")
    assert not words.is_only_common("House\u2019s")
    assert not words.is_only_common("Rutte")
    assert "trump" not in words.common
    assert ("white", "house") in words.names["white"]


def test_the_list_has_places_that_no_person_bears() -> None:
    words = word_list.load()
    assert {"tulsa", "moscow", "sri lanka"} <= words.regions
    assert {"danube", "atlantic ocean"} <= words.landforms
    places = words.regions | words.landforms
    assert places.isdisjoint(words.given)
    assert places.isdisjoint({"garland", "jordan", "washington", "england", "pluto"})
