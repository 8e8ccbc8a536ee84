"""What is said of two keywords: who overtook whom, in which months, and whose mood is higher."""

from __future__ import annotations

import math

from reports.findings.crossovers import find_keyword_crossovers
from reports.findings.pair_highlights import PAIR_LEVEL, list_different, pair_highlights
from reports.stats.paired import Estimate, sum_pair
from tests.pair_months import pair


def test_an_overtaking_is_named_with_the_months_in_which_it_may_have_been() -> None:
    (highlight,) = pair_highlights([pair((80, 10, 0), (90, 12, 0), (10, 60, 0), (12, 90, 0))])
    assert highlight.kind == "subjects"
    assert highlight.claim == ("overtakes", "b", "a", "2020-03")
    assert highlight.text == (
        "“b” overtook “a” in March 2020 (if it happened once, no other month is possible with 95 % "
        "confidence): 22 to 170 documents before, 150 to 22 from then on."
    )


def test_months_in_which_neither_leads_are_all_possible() -> None:
    months = [(90, 20, 0)] * 3 + [(30, 30, 0), (29, 31, 0), (31, 30, 0)] + [(20, 90, 0)] * 3
    (crossover,) = find_keyword_crossovers([pair(*months)], PAIR_LEVEL)
    assert (crossover.earliest, crossover.latest) == ("2020-04", "2020-07")
    assert crossover.earliest <= crossover.period <= crossover.latest
    (highlight,) = pair_highlights([pair(*months)])
    assert "possible from April 2020 to July 2020 with 95 % confidence" in highlight.text


def test_documents_with_both_make_nobody_overtake() -> None:
    alone = pair((30, 4, 0), (4, 30, 0))
    (with_both,) = find_keyword_crossovers([pair((530, 504, 500), (504, 530, 500))], PAIR_LEVEL)
    (without,) = find_keyword_crossovers([alone], PAIR_LEVEL)
    assert (with_both.period, with_both.after) == (without.period, without.after)
    assert with_both.counts_before == (504, 530)  # of all that mention it
    assert find_keyword_crossovers([pair((30, 24, 22), (24, 30, 22))], PAIR_LEVEL) == []


def test_bursts_and_other_pairs_make_an_overtaking_less_sure() -> None:
    months = ((30, 4, 0), (4, 30, 0))
    others = [pair((1, 1, 0), (1, 1, 0), names=("c", f"d{n}")) for n in range(400)]
    assert find_keyword_crossovers([pair(*months), *others], PAIR_LEVEL) == []
    assert find_keyword_crossovers([pair(*months, dispersion=4.0)], PAIR_LEVEL) == []
    assert find_keyword_crossovers([pair(*months, cut_off=(1,))], PAIR_LEVEL) == []
    assert find_keyword_crossovers([pair((30, 4, 0))], PAIR_LEVEL) == []


def test_the_mood_that_is_surely_higher_is_named_with_the_interval_of_the_difference() -> None:
    low = {n: [-0.3 + 0.2 * math.sin(n)] for n in range(80)}
    high = {n + 60: [0.2 + 0.2 * math.cos(n)] for n in range(80)}
    scored = pair((80, 80, 20), scores=sum_pair(low, high))
    (highlight,) = pair_highlights([scored])
    assert highlight.claim == ("higher mood", "b", "a")
    assert highlight.text.startswith(
        "The mood around “b” was higher than around “a” in all months together: by 0.50 (95 % "
    )
    same = pair((80, 80, 20), scores=sum_pair(low, low))
    assert pair_highlights([same]) == []


def test_differences_are_tested_with_all_others() -> None:
    sure, unsure = Estimate(0.1, 0.1, 0.1, 1e-6), Estimate(0.1, 0.1, 0.1, PAIR_LEVEL / 3)
    assert list_different([sure, unsure, None]) == [True, True, False]
    assert list_different([unsure, unsure, None, None]) == [False] * 4
    assert list_different([]) == []
