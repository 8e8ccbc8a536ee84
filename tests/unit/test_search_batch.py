"""The batches of a search: what ranks highest, and draws whose odds are known."""

from __future__ import annotations

import numpy as np
import pytest

from reports.stats.search_recall import DrawPlan
from workers.document_search import choose_batch, rank_highest, size_for_model, size_for_people

SCORES = np.array([1.0, 7.0, 3.0, 5.0, 2.0, 6.0])
COPIES = np.array([1, 3, 1, 2, 1, 1])


def test_the_top_is_what_ranks_highest_and_no_text_is_drawn_twice() -> None:
    batch = choose_batch(SCORES, COPIES, 5, DrawPlan(0.4), np.random.default_rng(1))
    assert batch.top.tolist() == [1, 5, 3]
    assert len(set(batch.by_chance.tolist())) == 2
    assert set(batch.by_chance.tolist()) < {0, 2, 4}
    assert np.isnan(batch.weights).all()


@pytest.mark.parametrize("are_ranked", [False, True])
def test_each_draw_falls_on_a_text_as_often_as_its_weight_says(*, are_ranked: bool) -> None:
    """One by the chance that it had is on average how many texts were left."""
    rng = np.random.default_rng(1)
    draws, runs = 4, 2_000
    inverses = np.zeros(draws)
    for _ in range(runs):
        batch = choose_batch(SCORES, COPIES, draws, DrawPlan(1.0, are_ranked=are_ranked), rng)
        copies = COPIES[batch.by_chance]
        left = COPIES.sum() - np.cumsum(copies) + copies
        weights = batch.weights / 2 if are_ranked else np.ones(draws)
        inverses += left / (weights * copies) / runs

    assert inverses == pytest.approx([6, 5, 4, 3], rel=0.03)


def test_what_ranks_high_is_drawn_more_often_where_draws_are_ranked() -> None:
    rng = np.random.default_rng(1)
    scores, copies = np.arange(100.0), np.ones(100, np.int64)
    first = [
        choose_batch(scores, copies, 1, DrawPlan(1.0, are_ranked=True), rng).by_chance[0]
        for _ in range(2_000)
    ]
    # Half of the draws fall on each alike, half by the inverse square root of the rank.
    ranks = 1 / np.sqrt(np.arange(1, 101))
    expected = 0.05 + 0.5 * ranks[:10].sum() / ranks.sum()
    assert np.mean(np.array(first) >= 90) == pytest.approx(expected, abs=0.03)


def test_all_texts_that_are_left_can_be_drawn() -> None:
    plan = DrawPlan(1.0, are_ranked=True)
    batch = choose_batch(SCORES, COPIES, 6, plan, np.random.default_rng(2))
    assert sorted(batch.by_chance.tolist()) == list(range(6))
    nothing = choose_batch(np.empty(0), np.empty(0, np.int64), 0, plan, np.random.default_rng(2))
    assert len(nothing.top) == len(nothing.by_chance) == len(nothing.weights) == 0


def test_scores_are_ranked_as_a_sort_does_and_equal_ones_stay_in_their_order() -> None:
    scores = np.random.default_rng(3).permutation(500) - 250.0
    assert rank_highest(scores).tolist() == np.argsort(-scores).tolist()
    assert rank_highest(np.array([1.0, 2.0, 1.0, 2.0])).tolist() == [1, 3, 0, 2]
    assert rank_highest(np.full(3, 4.0)).tolist() == [0, 1, 2]
    assert rank_highest(np.empty(0)).tolist() == []


def test_people_and_models_read_so_much_before_the_next_look() -> None:
    assert [size_for_people(read) for read in (0, 1_000, 5_000)] == [50, 100, 200]
    # A fifth of what was read, or three tenths of what remains.
    assert size_for_model(10_000, 50_000) == 2_000
    assert size_for_model(10_000, 1_000) == 300
    assert size_for_model(10_000, 0) == 50
