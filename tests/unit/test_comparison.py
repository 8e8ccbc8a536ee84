"""Forms of a text in which it is equal to what a service made of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textapi.text.comparison import Form, collapse, fold, verbatim

NFC, NFD = partial(normalize, "NFC"), partial(normalize, "NFD")
NFKC, NFKD = partial(normalize, "NFKC"), partial(normalize, "NFKD")
REWRITINGS: list[Callable[[str], str]] = [
    *(NFC, NFD, NFKC, NFKD, str.upper, str.lower, str.casefold, str.title),
    *(lambda text: NFD(text).upper(), lambda text: NFC(text.casefold())),
]
any_text = st.text(st.characters(codec="utf-8") | st.sampled_from(" \t\n\u0301\u0345ßİıﬁ…½\u00a0"))


@given(any_text, st.lists(st.sampled_from(REWRITINGS), max_size=3))
def test_a_folded_text_is_the_same_in_any_normal_form_and_case(
    text: str, rewritings: list[Callable[[str], str]]
) -> None:
    rewritten = text
    for rewriting in rewritings:
        rewritten = rewriting(rewritten)
    assert fold(rewritten).text == fold(text).text


def test_every_letter_that_has_a_case_or_can_be_decomposed_is_folded_with_its_other_forms() -> None:
    for number in range(sys.maxunicode + 1):
        letter = chr(number)
        if category(letter) in {"Cn", "Cs"}:
            continue

        other_forms = {letter.upper(), letter.lower(), NFC(letter), NFKD(letter)} - {letter}
        for other in other_forms:
            assert fold(f"a{other}b").text == fold(f"a{letter}b").text, hex(number)


@pytest.mark.parametrize("form", [verbatim, collapse, fold])
@given(any_text)
def test_each_character_comes_from_a_place_in_the_text(form: Form, text: str) -> None:
    compared = form(text)
    assert len(compared.text) == len(compared.starts) == len(compared.ends)
    assert list(compared.starts) == sorted(compared.starts)
    for place, character in enumerate(compared.text):
        start, end = compared.span(place, place + 1)
        assert 0 <= start < end <= len(text)
        assert character.isspace() == text[start].isspace() or not text[start].isalnum()
        assert compared.place_of(start) <= place


def test_letters_that_become_several_or_none_keep_their_places() -> None:
    text = "Die  Straße in İzmir"
    folded = fold(text)
    assert folded.text == "die strasse in i\u0307zmir"
    start = folded.text.index("strasse")
    assert text[slice(*folded.span(start, start + len("strasse")))] == "Straße"
    assert text[slice(*folded.span(start + 5, start + 6))] == "ß"


def test_white_space_is_joined_and_none_is_around_a_text() -> None:
    assert collapse(" One \n\t two\u00a0").text == "One two"
    assert fold("\u00a0ONE \u2003 two ").text == "one two"
