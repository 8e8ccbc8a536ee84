"""Overtakings: one subject leads before, the other after, and it lasts."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from reports.findings.overtakings import (
    Overtaking,
    Side,
    Tally,
    find_overtaking,
    find_overtakings,
    state_overtaking,
)
from tests.period_rows import row

NAMES = ("a", "b")


def tallies(*counts: tuple[int, int]) -> list[Tally]:
    return [Tally(f"2018-{month:02}", *pair) for month, pair in enumerate(counts, 1)]


def test_the_month_parts_the_months_in_which_each_leads() -> None:
    counts = tallies((90, 10), (80, 12), (85, 20), (20, 70), (15, 90))
    expected = Overtaking("2018-04", "a", "b", Side(255, 42, 3, 3), Side(160, 35, 2, 2), "2018-03")
    assert find_overtaking(NAMES, counts) == expected
    mirrored = [Tally(tally.period, tally.right, tally.left) for tally in counts]
    swapped = find_overtaking(NAMES, mirrored)
    assert swapped is not None
    assert (swapped.period, swapped.before, swapped.after) == ("2018-04", "b", "a")


def test_a_lead_that_comes_and_goes_is_no_overtaking() -> None:
    assert find_overtaking(NAMES, tallies((90, 10), (10, 90), (90, 10), (10, 90), (90, 10))) is None


def test_a_leader_that_is_behind_in_most_months_of_a_side_overtakes_nobody() -> None:
    # Of the last four months b has most documents, but all of them in one month.
    counts = tallies((50, 10), (50, 10), (50, 10), (20, 10), (20, 10), (20, 10), (0, 900))
    assert find_overtaking(NAMES, counts) is None


def test_a_lead_of_a_few_documents_is_none() -> None:
    assert find_overtaking(NAMES, tallies((2, 1), (1, 0), (0, 1), (1, 3))) is None


def test_months_that_are_cut_off_or_not_counted_take_no_part() -> None:
    left = [row("2018-01", 90), row("2018-02", 80), row("2018-03", 10), row("2018-04", 12)]
    right = [row("2018-01", 9), row("2018-02", 8), row("2018-03", 50), row("2018-04", 60)]
    assert [found.period for found in find_overtakings({"a": left, "b": right})] == ["2018-03"]
    right[3] = row("2018-04", None)
    assert find_overtakings({"a": left, "b": right}) == []
    right[3] = row("2018-04", 60, cut_off=True)
    assert find_overtakings({"a": left, "b": right}) == []


def test_the_sentence_counts_both_sides() -> None:
    overtaking = Overtaking(
        "2018-04", "a", "b", Side(255, 42, 3, 3), Side(160, 35, 2, 2), "2018-03"
    )
    assert state_overtaking(overtaking).text == (
        "“b” overtook “a” in April 2018: since then it is ahead in 2 of 2 months (160 documents to "
        "35), before that it was behind in 3 of 3 (42 to 255)."
    )


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=24))
def test_on_each_side_the_leader_is_ahead_in_most_months(counts: Sequence[tuple[int, int]]) -> None:
    months = [
        Tally(f"{2018 + place // 12}-{place % 12 + 1:02}", *pair)
        for place, pair in enumerate(counts)
    ]
    found = find_overtaking(NAMES, months)
    if found is None:
        return

    sign = 1 if found.before == "a" else -1
    earlier = [sign * month.lead for month in months if month.period < found.period]
    later = [-sign * month.lead for month in months if month.period >= found.period]
    for side in (earlier, later):
        assert len(side) >= 2
        assert 4 * sum(lead > 0 for lead in side) >= 3 * len(side)
        assert sum(side) >= 5
