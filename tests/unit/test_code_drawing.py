"""Drawing a stratified sample by permanent random numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.codebooks.division import expect_shares, weigh_strata
from analysis.codebooks.drawing import (
    Cell,
    Draw,
    draw,
    find_certain,
    find_inclusions,
    make_frame,
)
from analysis.codebooks.near_misses import WordsOfTexts, rank_texts, score_texts
from analysis.codebooks.units import CodableUnits
from core.enums import SampleGoal, SamplePart, SampleRule

PARTS = (SamplePart.MENTION, SamplePart.NEAR_MISS, SamplePart.REST)
NUMBERS = st.lists(st.integers(0, 40), max_size=30)


def make_cell(period: str, *numbers: list[int]) -> Cell:
    """Return a cell whose parts, mentions first, have texts with these random numbers."""
    frames = {}
    for part, part_numbers in zip(PARTS, numbers, strict=False):
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
    assert find_inclusions([20, 4, 3, 2, 1], 2, 30) == [1.0, 0.4, 0.3, 0.2, 0.1]
    assert find_inclusions([20, 4, 3, 2, 1], 5, 30) == [1.0] * 5


def test_texts_are_drawn_as_often_as_their_inclusion_says() -> None:
    copies = [40, 6, 5, 4, 3, 2] + [1] * 20
    inclusions = find_inclusions(copies, 8, sum(copies))
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


def test_strata_get_codes_by_their_weights_and_the_order_has_them_from_the_first_on() -> None:
    cell = make_cell("2020", list(range(1, 50)), list(range(60, 90)), list(range(100, 150)))
    weights = {(0, SamplePart.MENTION): 1.0, (0, SamplePart.NEAR_MISS): 2.0}
    weights[0, SamplePart.REST] = 7.0
    parts = [unit.part for unit in draw([cell], 50, weights)]
    for n in (10, 20, 50):
        counts = [parts[:n].count(part) for part in SamplePart][:3]
        assert np.abs(np.array(counts) - n * np.array([0.1, 0.2, 0.7])).max() <= 1


def test_a_part_without_texts_leaves_its_codes_to_the_others() -> None:
    cell = make_cell("2020", [1], [], [9, 10, 11])
    weights = {(0, SamplePart.MENTION): 9.0, (0, SamplePart.REST): 1.0}
    assert sorted(unit.part for unit in draw([cell], 9, weights)) == [
        *(SamplePart.MENTION, SamplePart.REST, SamplePart.REST, SamplePart.REST)
    ]


def test_a_headline_that_returns_has_a_random_number_in_each_period() -> None:
    units = CodableUnits()
    for place, month in enumerate(["2020-01", "2020-02"]):
        units.add(place, month, 77, f"nyt:{place}")

    numbers = [
        int(units.random_numbers_in("", period, np.array([place]))[0])
        for place, period in enumerate(["2020-01", "2020-02"])
    ]
    assert len({*numbers, 77}) == 3
    units.rule = SampleRule.TEXT
    assert units.random_numbers_in("", "2020-01", np.array([0, 1])).tolist() == [77, 77]


def test_each_of_equal_texts_is_drawn_as_often_as_the_others() -> None:
    rng = np.random.default_rng(3)
    places, numbers = np.arange(4), np.array([5, 5, 5, 9], np.uint64)
    drawn = np.zeros(4)
    for _ in range(3000):
        frame = make_frame(places, numbers, rng.integers(0, 2**63, 4, np.uint64))
        drawn[frame.places] += 1

    assert np.abs(drawn / 3000 - [1 / 3, 1 / 3, 1 / 3, 1]).max() < 0.03


@pytest.mark.parametrize(
    ("goal", "mentions"), [(SampleGoal.SHARE, 0.1), (SampleGoal.PRECISION, 0.7)]
)
def test_codes_go_where_documents_and_doubt_are(goal: SampleGoal, mentions: float) -> None:
    cell = make_cell("2020", list(range(20)), list(range(100, 130)), list(range(1000, 1950)))
    weights = weigh_strata([cell], goal, {})
    assert np.isclose(sum(weights.values()), 1)
    assert np.isclose(weights[0, SamplePart.MENTION], mentions)
    # By sizes 30 : 950, times deviations .36 (of 7.2 in 30) and .11 (of 10.8 in 950).
    ratio = weights[0, SamplePart.REST] / weights[0, SamplePart.NEAR_MISS]
    assert np.isclose(ratio, 950 * 0.1060 / (30 * 0.4271), rtol=0.01)


def test_a_division_learns_from_what_is_coded() -> None:
    cell = make_cell("2020", list(range(20)), list(range(100, 130)), list(range(1000, 1950)))
    codes = {SamplePart.REST: (45.0, 90.0), SamplePart.MENTION: (10.0, 10.0)}
    before, after = (weigh_strata([cell], SampleGoal.SHARE, known) for known in ({}, codes))
    assert after[0, SamplePart.REST] > before[0, SamplePart.REST]
    shares = expect_shares(dict.fromkeys(PARTS, 100), codes)
    assert np.isclose(shares[SamplePart.MENTION], (10 + 6) / 20)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=4), st.integers(0, 60))
def test_a_larger_sample_contains_the_smaller_one(
    numbers: list[tuple[list[int], list[int], list[int]]], n: int
) -> None:
    cells = [make_cell(f"{place}", *parts) for place, parts in enumerate(numbers)]
    weights = weigh_strata(cells, SampleGoal.SHARE, {})
    smaller, larger = draw(cells, n, weights), draw(cells, n + 7, weights)
    assert larger[: len(smaller)] == smaller
    texts = sum(len(frame.places) for cell in cells for frame in cell.frames.values())
    assert len(smaller) == min(n, texts)
    assert len(set(larger)) == len(larger)


def test_a_draw_names_each_text_of_a_part_in_the_order_of_its_number() -> None:
    cell = make_cell("2020", [30, 10, 20])
    ranks = draw([cell], 3, {(0, SamplePart.MENTION): 1.0})
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


def test_all_words_rank_a_text_and_those_of_the_keyword_most() -> None:
    texts = [[0, 1]] * 20 + [[1, 2]] * 180 + [[0, 2], [2], [0]]
    words = np.array([word for text in texts for word in text])
    text_of = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    scores = rank_texts(WordsOfTexts(len(texts), 3, words, text_of), np.arange(len(texts)) < 20)
    usual = 22.5 / (len(texts) + 1)
    assert np.isclose(scores[202], np.log((20 + 30 * usual) / (50 * usual)))
    assert scores[202] > scores[200] > scores[201]
    assert scores[201] < 0
