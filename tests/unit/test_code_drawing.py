"""Drawing a stratified sample by permanent random numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.codebooks.drawing import (
    Cell,
    Draw,
    draw,
    find_certain,
    find_inclusions,
    make_frame,
)
from analysis.codebooks.near_misses import WordsOfTexts, score_texts
from core.enums import SamplePart

NUMBERS = st.lists(st.integers(0, 40), max_size=30)


def make_cell(period: str, *numbers: list[int]) -> Cell:
    """Return a cell whose parts, mentions first, have texts with these random numbers."""
    parts = (SamplePart.MENTION, SamplePart.NEAR_MISS, SamplePart.REST)
    frames = {}
    for part, part_numbers in zip(parts, numbers, strict=False):
        if part_numbers:
            places = np.arange(len(part_numbers))
            frames[part] = make_frame(places, np.array(part_numbers, np.uint64))

    return Cell(period, "tide", frames)


def test_units_with_one_text_are_one_text_and_the_first_stands_for_them() -> None:
    frame = make_frame(np.array([4, 7, 9, 11]), np.array([30, 10, 30, 20], np.uint64))
    # The number of the text with two copies counts half: 15.
    assert frame.places.tolist() == [7, 4, 11]
    assert frame.copies.tolist() == [1, 2, 1]
    assert frame.population == 4


def test_a_text_with_many_copies_is_drawn_for_certain_and_others_in_proportion() -> None:
    # Of 30 units two texts are drawn: the one of 20 copies stands for itself, 10 are left.
    assert find_certain([20, 4, 3, 2, 1], 2, 30) == [True, False, False, False, False]
    assert find_inclusions([20, 4, 3, 2, 1], 2) == [1.0, 0.4, 0.3, 0.2, 0.1]
    assert find_inclusions([20, 4, 3, 2, 1], 5) == [1.0] * 5


def test_texts_are_drawn_as_often_as_their_inclusion_says() -> None:
    copies = [40, 6, 5, 4, 3, 2] + [1] * 20
    inclusions = find_inclusions(copies, 8)
    rng = np.random.default_rng(7)
    drawn = np.zeros(len(copies))
    for _ in range(4000):
        numbers = rng.integers(1, 2**63, len(copies), np.uint64)
        places = np.arange(sum(copies))
        frame = make_frame(places, np.repeat(numbers, copies))
        text_of = np.repeat(np.arange(len(copies)), copies)
        drawn[text_of[frame.places[:8]]] += 1

    # Sequential Poisson sampling holds them nearly: the largest texts come a little too rarely.
    assert np.abs(drawn / 4000 - inclusions).max() < 0.07


def test_two_of_five_texts_are_mentions_and_the_parts_take_turns() -> None:
    cell = make_cell("2020", [1, 2, 3, 4, 5], [6, 7, 8], [9, 10, 11, 12])
    parts = [unit.part for unit in draw([cell], 10)]
    assert parts == 2 * [
        *(SamplePart.MENTION, SamplePart.REST, SamplePart.NEAR_MISS),
        *(SamplePart.MENTION, SamplePart.REST),
    ]


def test_a_part_without_texts_leaves_its_turns_to_the_others() -> None:
    cell = make_cell("2020", [1], [], [9, 10, 11])
    assert [unit.part for unit in draw([cell], 9)] == [SamplePart.MENTION, *[SamplePart.REST] * 3]


def test_cells_get_as_many_texts_and_the_lowest_numbers_decide_on_the_last() -> None:
    cells = [make_cell("2019", [5, 6]), make_cell("2020", [3, 9]), make_cell("2021", [4, 8])]
    assert [unit.cell for unit in draw(cells, 5)] == [1, 2, 0, 0, 2]


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=4), st.integers(0, 60))
def test_a_larger_sample_contains_the_smaller_one(
    numbers: list[tuple[list[int], list[int], list[int]]], n: int
) -> None:
    cells = [make_cell(f"{place}", *parts) for place, parts in enumerate(numbers)]
    smaller, larger = draw(cells, n), draw(cells, n + 7)
    assert larger[: len(smaller)] == smaller
    texts = sum(len(frame.places) for cell in cells for frame in cell.frames.values())
    assert len(smaller) == min(n, texts)
    assert len(set(larger)) == len(larger)


def test_a_draw_names_each_text_of_a_part_in_the_order_of_its_number() -> None:
    cell = make_cell("2020", [30, 10, 20])
    ranks = draw([cell], 3)
    assert ranks == [Draw(0, SamplePart.MENTION, rank) for rank in range(3)]
    places = cell.frames[SamplePart.MENTION].places
    assert [int(places[unit.rank]) for unit in ranks] == [1, 2, 0]


def test_texts_with_the_words_of_the_keyword_score_and_others_do_not() -> None:
    # Word 0 stands in texts with the keyword, word 1 everywhere, word 2 elsewhere.
    texts = [[0, 1]] * 20 + [[1, 2]] * 180 + [[0, 2], [2], [1]]
    words = np.array([word for text in texts for word in text])
    text_of = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    has_keyword = np.arange(len(texts)) < 20
    scores = score_texts(WordsOfTexts(len(texts), 3, words, text_of), has_keyword)
    # (20.5 / 21) / (1.5 / 184) of the texts without it.
    assert np.isclose(scores[200], np.log(20.5 / 21 / (1.5 / 184)))
    assert scores[[30, 201, 202]].tolist() == [0, 0, 0]


def test_a_word_of_two_texts_with_the_keyword_tells_nothing() -> None:
    texts = [[0], [0], [1], *[[2]] * 100, [0]]
    words = np.array([word for text in texts for word in text])
    text_of = np.arange(len(texts))
    scores = score_texts(WordsOfTexts(len(texts), 3, words, text_of), text_of < 3)
    assert scores.tolist() == [0] * len(texts)
