"""Forms of many texts as arrays are those of the texts one by one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text import form_batches
from analysis.text.fixed_phrases import read_phrases
from analysis.text.form_batches import FormBatch, Lexicon, read_batches
from analysis.text.template_index import Outlines
from analysis.text.templates import join, read_form, template_of

WORDS = st.sampled_from(
    ["Ash", "Elm", "river", "the", "of", "9", "May", "@oak", "RT @elm:", ":", "\u2014", "|", "a\nb"]
)
TEXTS = st.lists(WORDS, max_size=9).map(" ".join) | st.text(max_size=20)


@given(st.lists(TEXTS, max_size=8))
def test_each_form_of_a_batch_is_that_of_its_text(texts: list[str]) -> None:
    batch = FormBatch.read(texts, Lexicon())
    assert [batch.read_form(place) for place in range(len(batch))] == list(map(read_form, texts))


@given(st.lists(TEXTS, max_size=8))
def test_hashes_are_equal_where_texts_differ_in_case_and_in_figures_beside_each_other(
    texts: list[str],
) -> None:
    hashes = FormBatch.read(texts, Lexicon()).hash_forms().tolist()
    keys = [read_form(text).key for text in texts]
    for (key, hashed), (other_key, other) in pairwise(zip(keys, hashes, strict=True)):
        assert (key == other_key) == (hashed == other)


@given(st.lists(st.tuples(TEXTS, st.booleans()), max_size=8))
def test_selected_forms_are_a_batch_of_their_own(texts: list[tuple[str, bool]]) -> None:
    lexicon = Lexicon()
    batch = FormBatch.read([text for text, _ in texts], lexicon)
    selected = batch.select(np.array([is_selected for _, is_selected in texts], bool))
    expected = FormBatch.read([text for text, is_selected in texts if is_selected], lexicon)
    assert selected.texts == expected.texts
    for column in ("words", "bounds", "marks"):
        assert getattr(selected, column).tolist() == getattr(expected, column).tolist()


def test_words_are_numbered_anew_where_many_are_known_and_their_hashes_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [f"{name} River" for name in ("Ash", "Birch", "Elm", "Ash")]
    monkeypatch.setattr(form_batches, "_CHARACTERS", 5)
    monkeypatch.setattr(form_batches, "_MOST_WORDS", 4)
    (_, first), *_, (numbers, last) = read_batches(lambda: enumerate(texts))
    assert numbers == [3]
    assert first.lexicon is not last.lexicon
    assert first.hash_forms().tolist() == last.hash_forms().tolist()


def test_phrases_lie_between_marks_and_without_the_figures_at_their_ends() -> None:
    assert read_phrases("9 Ash: River Elm 5") == {
        (True, ("ash",)),
        (True, ("river", "elm")),
        (False, ("river", "elm")),
    }
    assert read_phrases("RT @elm: Ash River") == {
        (True, ("ash", "river")),
        (False, ("ash", "river")),
    }
    assert read_phrases("At 9:30 Ash") == {
        (True, ("at", "0")),
        (True, ("at", "0", "0")),
        (True, ("at", "0", "0", "ash")),
        (False, ("0", "ash")),
        (False, ("0", "0", "ash")),
        (False, ("at", "0", "0", "ash")),
    }
    assert read_phrases("ash " * 61) == set()


SENTENCES = st.lists(
    st.sampled_from(["Ash", "Elm", "Oak", "walks", "to", "river", "Town", "the", "9", "@birch"]),
    min_size=4,
    max_size=9,
).map(" ".join)


@given(SENTENCES, SENTENCES)
def test_what_is_joined_is_never_taken_for_too_far_apart(first: str, second: str) -> None:
    template, form = template_of(read_form(first)), read_form(second)
    outlines = Outlines.read(FormBatch.read([first, second], Lexicon()))
    near, is_now = outlines.find_near(np.array([1]), outlines, np.array([0]))
    if join(template, form) is not None:
        assert near.tolist() == [0]
        assert is_now.tolist() == [True]


def test_texts_that_share_too_few_words_or_lack_a_word_that_is_no_name_are_far_apart() -> None:
    texts = [
        "Ash walks to the river in town",
        "Elm walks to the river in town",
        "Elm walks to the river in snow",
        "Birch runs by a lake at dawn",
    ]
    outlines = Outlines.read(FormBatch.read(texts, Lexicon()))
    near, _ = outlines.find_near(np.array([1, 2, 3]), outlines, np.array([0, 0, 0]))
    assert near.tolist() == [0]
