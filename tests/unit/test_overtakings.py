"""Overtakings: one subject leads before, the other after, and it lasts."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from reports.findings.overtakings import Counts, Side, find_overtaking

PAIR, NAMES = ("a", "b"), {"a": "Rain", "b": "Fog"}


def counts_of(*counts: tuple[int, int]) -> Counts:
    return {
        f"{2018 + place // 12}-{place % 12 + 1:02}": count for place, count in enumerate(counts)
    }


def test_the_month_parts_the_months_in_which_each_leads() -> None:
    counts = counts_of((90, 10), (80, 12), (85, 20), (20, 70), (15, 90), (10, 50))
    overtaking = find_overtaking(PAIR, counts, NAMES)
    assert overtaking is not None
    assert (*overtaking.topic, *overtaking.answer) == ("overtakes", "b", "a", "2018-04")
    assert overtaking.figures["earlier"] == Side(255, 42, 3, 3)
    assert overtaking.figures["later"] == Side(210, 45, 3, 3)
    assert overtaking.text == (
        "Fog overtook Rain in April 2018: it was ahead in 3 of 3 months since, and behind in 3 "
        "of 3 before."
    )
    mirrored = {period: (right, left) for period, (left, right) in counts.items()}
    swapped = find_overtaking(PAIR, mirrored, NAMES)
    assert swapped is not None
    assert (*swapped.topic, *swapped.answer) == ("overtakes", "a", "b", "2018-04")


def test_a_gap_before_an_overtaking_is_told() -> None:
    counts = {
        period: count
        for period, count in counts_of(
            (90, 10), (80, 12), (85, 20), (0, 0), (20, 70), (15, 90), (10, 50)
        ).items()
        if period != "2018-04"
    }
    overtaking = find_overtaking(PAIR, counts, NAMES)
    assert overtaking is not None
    assert overtaking.text.startswith("Fog overtook Rain between March 2018 and May 2018: ")


def test_a_lead_that_comes_and_goes_is_no_overtaking() -> None:
    assert (
        find_overtaking(PAIR, counts_of((90, 10), (10, 90), (90, 10), (10, 90), (90, 10)), NAMES)
        is None
    )


def test_a_leader_that_is_behind_in_most_months_of_a_side_overtakes_nobody() -> None:
    # Of the last four months b has most documents, but all of them in one month.
    counts = counts_of((50, 10), (50, 10), (50, 10), (20, 10), (20, 10), (20, 10), (0, 900))
    assert find_overtaking(PAIR, counts, NAMES) is None


def test_a_lead_of_a_few_documents_is_none() -> None:
    assert (
        find_overtaking(PAIR, counts_of((2, 1), (1, 0), (1, 0), (0, 1), (0, 1), (1, 3)), NAMES)
        is None
    )


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=24))
def test_on_each_side_the_leader_is_ahead_in_most_months(counts: Sequence[tuple[int, int]]) -> None:
    months = counts_of(*counts)
    overtaking = find_overtaking(PAIR, months, NAMES)
    if overtaking is None:
        return

    sign = 1 if overtaking.topic[2] == "a" else -1
    leads = {period: sign * (left - right) for period, (left, right) in months.items()}
    first_period = overtaking.answer[0]
    earlier = [lead for period, lead in leads.items() if period < str(first_period)]
    later = [-lead for period, lead in leads.items() if period >= str(first_period)]
    for side in (earlier, later):
        assert len(side) >= 3
        assert 4 * sum(lead > 0 for lead in side) >= 3 * len(side)
        assert sum(side) >= 5
