"""Forms of many texts as arrays are those of the texts one by one, and survive being stored."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.fixed_phrases import read_phrases
from analysis.text.forms import FIGURE, Forms, MonthForms, WrittenForm
from analysis.text.near_duplicates import find_among, find_patterns

WORDS = st.sampled_from(
    ["Ash", "Elm", "river", "the", "of", "9", "May", "@oak", "RT @elm:", ":", "\u2014", "|", "a\nb"]
)
TEXTS = st.lists(WORDS, max_size=9).map(" ".join) | st.text(max_size=20)


@given(st.lists(TEXTS, max_size=8))
def test_each_form_has_the_words_of_its_text(texts: list[str]) -> None:
    written = [WrittenForm.read(text).words for text in texts]
    assert Forms.read(texts).lengths.tolist() == list(map(len, written))


@given(st.lists(TEXTS, max_size=8))
def test_hashes_are_equal_where_texts_differ_in_case_and_in_figures_beside_each_other(
    texts: list[str],
) -> None:
    hashes = Forms.read(texts).hash_forms().tolist()
    written = [WrittenForm.read(text).words for text in texts]
    for (words, hashed), (others, other) in pairwise(zip(written, hashes, strict=True)):
        assert (words == others) == (hashed == other)


def test_figures_beside_each_other_are_one_and_the_name_of_a_repost_is_none_of_the_form() -> None:
    assert WrittenForm.read("RT @elm_town: On Monday, May 4, 2020").words == ("on", FIGURE)
    texts = ["RT @elm_town: The Rain", "RT @oak: the rain", "The Rain"]
    assert len(set(Forms.read(texts).hash_forms().tolist())) == 1


@given(st.lists(st.tuples(TEXTS, st.booleans()), max_size=8))
def test_selected_forms_are_those_of_their_texts(texts: list[tuple[str, bool]]) -> None:
    forms = Forms.read(text for text, _ in texts)
    places = np.flatnonzero([is_selected for _, is_selected in texts])
    selected = forms.select(places)
    expected = Forms.read(text for text, is_selected in texts if is_selected)
    assert selected.hashes.tolist() == expected.hashes.tolist()
    assert selected.bounds.tolist() == expected.bounds.tolist()
    assert selected.marks.tolist() == expected.marks.tolist()
    joined = Forms.join([expected, selected])
    assert joined.hash_forms().tolist() == 2 * expected.hash_forms().tolist()


HEADS = ("Saying of the Day: ", "Letter From the North: ", "")
LISTS = st.lists(st.tuples(st.sampled_from(HEADS), TEXTS).map("".join), max_size=30)


@given(LISTS, st.integers(1, 9))
def test_months_that_were_stored_have_the_patterns_of_all_their_texts(
    texts: list[str], n_of_month: int
) -> None:
    numbers = np.arange(len(texts))
    months, hashes = [], [np.zeros(0, np.uint64)]
    for start in range(0, len(texts), n_of_month):
        part = slice(start, start + n_of_month)
        month, of_texts = MonthForms.read(numbers[part], texts[part])
        months.append(MonthForms.from_bytes(month.to_bytes()))
        hashes.append(of_texts)

    forms = MonthForms.join(months)
    found = find_among(forms, lambda wanted: {number: texts[number] for number in wanted})
    expected, places = find_patterns(texts)
    assert found.patterns == expected.patterns
    assert found.texts == expected.texts == len(texts)
    assert found.find_places(np.concatenate(hashes)).to_list() == places


def test_a_part_of_a_month_has_the_forms_of_its_texts_alone() -> None:
    texts = ["The Rain", "Sun at Last", "the rain", "Snow, 9 Inches"]
    month, hashes = MonthForms.read(np.arange(4), texts)
    part = month.select(hashes[[0, 3]])
    assert part.sizes.tolist() == [1, 1]
    assert part.first_texts.tolist() == [0, 3]
    assert part.hashes.tolist() == part.forms.hash_forms().tolist() == hashes[[0, 3]].tolist()


def phrases_of(text: str) -> set[tuple[bool, str]]:
    """Return whether each phrase of a text is a head, and its words."""
    form, rows = WrittenForm.read(text), read_phrases(Forms.read([text]))
    return {
        (row["phrase"] == row["hash"], " ".join(form.words[row["start"] :][: row["length"]]))
        for row in rows.iter_rows(named=True)
    }


def test_phrases_lie_between_marks_and_without_the_figures_at_their_ends() -> None:
    assert phrases_of("9 Ash: River Elm 5") == {(True, "river elm"), (False, "river elm")}
    assert phrases_of("RT @elm: Ash River") == {(True, "ash river"), (False, "ash river")}
    assert phrases_of("At 9:30 Ash") == {(True, "at 0 ash"), (False, "at 0 ash")}
    assert phrases_of("ash " * 61) == set()
