"""The name of an account, as the posts spell its handle out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.account_names import Writings, count_writings, names_of_account


@pytest.mark.parametrize(
    ("handle", "text", "words"),
    [
        ("annquist", "thank you, @AnnQuist!", ("Ann", "Quist")),
        ("tidehouse", "at the Tide House today", ("Tide", "House")),
        ("tide_house", "at the #TideHouse today", ("Tide", "House")),
        ("tidehouse", "see @Tide_House", ("Tide", "House")),
        ("ebbnewtides", "EBB\nNew Tides rise", ("EBB", "New", "Tides")),
        ("annquist44", "@AnnQuist44 was here", ("Ann", "Quist")),
    ],
)
def test_a_handle_is_the_words_that_posts_write_it_as(
    handle: str, text: str, words: tuple[str, ...]
) -> None:
    assert count_writings(handle, [text, "nothing", text]) == {words: 2}


@pytest.mark.parametrize(
    ("handle", "text"),
    [
        ("nowhere", "we are now here"),
        ("nowhere", "nowhere, NOWHERE and Nowhere"),
        ("annquist", "AnnQuistly, xAnnQuist, Ann. Quist"),
        ("annquist", "annQuist"),
        ("a", "A"),
        ("", "Ann"),
    ],
)
def test_other_words_are_not_the_handle(handle: str, text: str) -> None:
    assert count_writings(handle, [text]) == {}


def test_the_name_of_an_account_is_how_it_is_written_most_often() -> None:
    writings = Writings({("Ann", "Quist"): 3, ("An", "Nquist"): 3, ("Annq", "Uist"): 1})
    assert names_of_account("annquist", writings) == ["annquist", "An Nquist"]
    assert names_of_account("annquist", {}) == ["annquist"]
    assert names_of_account("quist.example.social", {}) == ["quist.example.social", "quist"]
    assert names_of_account("ann-q@example.social", {}) == ["ann-q@example.social", "ann-q"]


LETTERS = st.text("aAbBnN\u00df_1 ", max_size=12)


@given(LETTERS, LETTERS)
def test_the_words_of_a_writing_have_the_letters_of_the_handle(handle: str, text: str) -> None:
    for words in count_writings(handle, [text, handle, handle.title()]):
        letters = "".join(filter(str.isalpha, handle))
        assert "".join(words).casefold() == letters.casefold()
