"""The recall of a search: a confidence sequence from draws by chance, at all looks together."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import combinations

import numpy as np
import pytest

from reports.stats.search_recall import (
    TAIL_OF_LOWER,
    TAIL_OF_UPPER,
    ChanceDraws,
    SearchProgress,
)

NONE = ChanceDraws(np.empty(0), np.empty(0), np.empty(0, bool))


def draws(*each: tuple[int, int, bool]) -> ChanceDraws:
    """Return draws of which each has how many were unread and found before, and if it was a hit."""
    unread, found, hits = zip(*each, strict=True)
    return ChanceDraws(np.array(unread, float), np.array(found, float), np.array(hits, bool))


def dry(documents: int, found: int, times: int) -> SearchProgress:
    """Return a search that drew *times* and hit nothing, when *found* were found."""
    without = draws(*[(documents - found - n, found, False) for n in range(times)])
    return SearchProgress(documents, found + times, found, without, found, found)


@pytest.mark.parametrize("odds", [0.15, 0.7, 3.0])
def test_the_ratio_has_the_mean_1_over_all_outcomes_whatever_is_read_between(odds: float) -> None:
    """After a hit the reader takes two of the top, after none a text more is drawn."""
    documents, relevant = 7, 3
    mean = 0.0
    worlds = list(combinations(range(documents), relevant))

    def follow(
        unread: tuple[int, ...], world: tuple[int, ...], made: list[tuple[int, int, bool]]
    ) -> float:
        found = relevant - len(set(world) & set(unread))
        if len(made) == 3:
            # The bets are a single one here, of the whole weight.
            return math.exp(draws(*made).evidence(relevant, ((odds, 1.0),)))

        total = 0.0
        for drawn in unread:
            is_hit = drawn in world
            later = tuple(text for text in unread if text != drawn)
            # What ranks highest is read: the lowest number that is left.
            later = later[2 if is_hit else 0 :]
            total += follow(later, world, [*made, (len(unread), found, is_hit)])

        return total / len(unread)

    for world in worlds:
        mean += follow(tuple(range(documents)), world, []) / len(worlds)

    assert mean == pytest.approx(1)


@pytest.mark.parametrize("odds", [0.15, 0.7, 3.0])
def test_the_ratio_has_the_mean_1_where_draws_favour_some_documents(odds: float) -> None:
    """A document is drawn by even chance alike to others, else in proportion to its favour."""
    documents, relevant = 6, 2
    favours = np.array([8.0, 4.0, 3.0, 1.0, 0.5, 0.1])
    worlds = list(combinations(range(documents), relevant))

    def follow(unread: tuple[int, ...], world: tuple[int, ...], made: list[list[float]]) -> float:
        if len(made) == 3:
            columns = [np.array(column) for column in zip(*made, strict=True)]
            drawn = ChanceDraws(columns[0], columns[1], columns[2] > 0, columns[3])
            return math.exp(drawn.evidence(relevant, ((odds, 1.0),)))

        total, found = 0.0, relevant - len(set(world) & set(unread))
        favoured = favours[list(unread)].sum()
        for text in unread:
            chance = (1 / len(unread) + favours[text] / favoured) / 2
            weight = 2 * len(unread) * chance
            later = tuple(other for other in unread if other != text)
            draw = [float(len(unread)), float(found), float(text in world), weight]
            total += chance * follow(later, world, [*made, draw])

        return total

    mean = sum(follow(tuple(range(documents)), world, []) for world in worlds) / len(worlds)
    assert mean == pytest.approx(1)


def test_an_interval_rarely_fails_at_any_of_many_looks_and_an_end_reaches_what_was_asked() -> None:
    rng = np.random.default_rng(7)
    documents, relevant, runs = 800, 40, 100
    failed = ended_early = 0
    for _ in range(runs):
        is_relevant = np.arange(documents) < relevant
        ranked = np.argsort(-(is_relevant * rng.exponential(2, documents) + rng.random(documents)))
        by_chance = rng.permutation(documents)
        unread = np.ones(documents, bool)
        made: list[tuple[int, int, bool]] = []
        has_failed = False
        while unread.any():
            for drawn, order in ((False, ranked), (True, by_chance)):
                for text in order[unread[order]][:20]:
                    if drawn:
                        found = int(is_relevant[~unread].sum())
                        made.append((int(unread.sum()), found, bool(is_relevant[text])))
                    unread[text] = False

            found = int(is_relevant[~unread].sum())
            read = int((~unread).sum())
            progress = SearchProgress(documents, read, found, draws(*made))
            has_failed |= progress.refutes_more_than(relevant - 1)
            has_failed |= progress.refutes_fewer_than(relevant + 1)
            if progress.has_reached(0.8):
                ended_early += found < 0.8 * relevant
                break

        failed += has_failed

    # Three deviations above what is allowed.
    assert failed / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert ended_early / runs <= TAIL_OF_LOWER + 3 * math.sqrt(0.04 * 0.96 / runs)


def find_end(documents: int, found: int, recall: float) -> int:
    """Return after how many draws without a hit *recall* is reached."""
    return bisect_left(
        range(documents - found), True, key=lambda n: dry(documents, found, n).has_reached(recall)
    )


def test_without_a_hit_so_many_draws_end_a_search_as_an_exact_test_asks_and_few_more() -> None:
    # Of 1,000 documents 95 were found: recall is .95 if 5 are missed, and 6 may not be.
    unread = 905 - np.arange(900)
    chance_of_no_hit = np.cumprod(np.clip(1 - 6 / unread, 0, 1))
    asked = int(np.argmax(chance_of_no_hit <= TAIL_OF_LOWER)) + 1
    assert asked < find_end(1_000, 95, 0.95) < 1.3 * asked


def test_the_interval_is_what_no_draw_refutes_and_ends_are_where_they_flip() -> None:
    progress = dry(10_000, 95, 3_000)
    estimate = progress.estimate_recall()
    most = round(95 / estimate.low)
    assert progress.refutes_more_than(most)
    assert not progress.refutes_more_than(most - 1)
    assert (estimate.high, estimate.n, estimate.size) == (1.0, 3_000, 95.0)
    assert estimate.low <= estimate.value <= estimate.high


def test_many_hits_say_that_much_is_missed() -> None:
    # Each tenth draw is a hit where 40 were found of 1,000.
    made = [(960 - n, 40 + n // 10, n % 10 == 9) for n in range(200)]
    progress = SearchProgress(1_000, 240, 60, draws(*made))
    assert 115 < progress.relevant < 150
    estimate = progress.estimate_recall()
    assert estimate.high < 0.75
    assert progress.refutes_fewer_than(round(60 / estimate.high))
    assert pytest.approx(0.05) == TAIL_OF_LOWER + TAIL_OF_UPPER


def test_what_is_read_whole_is_found_whole_and_of_nothing_everything_is_found() -> None:
    for found, value in ((3, 1.0), (0, 1.0)):
        progress = SearchProgress(50, 50, found, NONE)
        estimate = progress.estimate_recall()
        assert (estimate.value, estimate.low, estimate.high) == (value, 1.0, 1.0)
        assert progress.has_reached(0.99)


def test_before_a_draw_nothing_is_known() -> None:
    progress = SearchProgress(100, 10, 5, NONE, 10, 5)
    estimate = progress.estimate_recall()
    assert (estimate.low, estimate.high) == (5 / 95, 1.0)
    assert not progress.has_reached(0.5)
    assert progress.plan_draws(0.9) == (0.2, True)


def test_chance_draws_take_over_when_the_top_yields_no_more_than_they_cost() -> None:
    known = dry(10_000, 95, 2_500)
    yields = SearchProgress(10_000, 2_595, 95, known.draws, 200, 60)
    is_dry = SearchProgress(10_000, 2_595, 95, known.draws, 1_000, 0)
    assert yields.plan_draws(0.9) == is_dry.plan_draws(0.9)._replace(share=0.2)
    # Next to nothing is missed: draws that favour what ranks high would count for half.
    assert is_dry.plan_draws(0.9) == (0.9, False)
    # The draws that remain are about those that an exact test asks less what was drawn.
    remaining = is_dry.count_to_read(0.95)
    needed = find_end(10_000, 95, 0.95) - 2_500
    assert 0.5 * needed < remaining < 2 * needed
    assert dry(10_000, 95, 9_000).count_to_read(0.95) == 0
