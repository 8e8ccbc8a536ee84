"""What is counted of groups beside each other, and what is said of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.enums import Grouping
from reports.data.group_counts import KeywordGroups
from reports.findings.group_facts import find_group_facts
from reports.series.fold import sum_rows
from reports.series.groupings import NOT_KNOWN
from reports.stats.intervals import interval_of_sums
from tests.groups_kit import Month, count_months
from tests.interval_kit import student_interval


def sentences(counted: KeywordGroups) -> list[str]:
    return [finding.text for finding in find_group_facts("Fog", counted, Grouping.OUTLET)]


def test_an_outlet_that_has_the_busy_month_alone_is_not_ahead_for_that() -> None:
    quiet: Month = {"Post": None, "Sun": (3000, 30, []), "Echo": (3000, 30, [])}
    busy: Month = {"Post": (3000, 300, []), "Sun": (3000, 300, []), "Echo": (1000, 100, [])}
    counted = count_months(quiet, busy)
    shares = {name: group.total.share for name, group in counted.groups.items()}
    assert shares == {"Post": 0.1, "Sun": 0.055, "Echo": 0.0325}
    assert sentences(counted) == []


def test_months_of_one_group_alone_compare_nothing() -> None:
    alone: Month = {"Post": (3000, 2000, []), "Sun": None}
    both: Month = {"Post": (3000, 30, []), "Sun": (3000, 60, [])}
    (text,) = sentences(count_months(alone, both))
    assert text == (
        "Sun mentions Fog more than Post: in 2.0 % of documents (60 of 3,000), against 1.0 %."
    )
    assert sentences(count_months(alone, alone)) == []


def test_documents_of_no_known_outlet_are_counted_and_not_compared() -> None:
    counted = count_months({"Post": (3000, 30, []), NOT_KNOWN: (3000, 900, [])})
    assert sentences(counted) == []
    assert counted.groups[NOT_KNOWN].total.share == 0.3


def test_moods_are_compared_within_their_months() -> None:
    low, high = [-0.5, -0.3] * 40, [0.3, 0.5] * 40
    (mood,) = sentences(count_months({"Post": (900, 80, low), "Sun": (900, 80, high)}))
    assert mood == (
        "The engine's mood score for Fog is highest in Sun (+0.40) and lowest in Post (\u22120.40)."
    )
    moved: list[Month] = [
        {"Post": (900, 80, low), "Sun": (900, 40, low[:40])},
        {"Post": (900, 40, high[:40]), "Sun": (900, 80, high)},
    ]
    counted = count_months(*moved)
    means = [round(group.total.polarity_mean or 0, 2) for group in counted.groups.values()]
    assert means == [-0.13, 0.13]
    assert not [text for text in sentences(counted) if "mood" in text]


@given(st.lists(st.lists(st.floats(-1, 1), max_size=9), min_size=1, max_size=5))
def test_months_together_have_the_interval_of_all_values(parts: list[list[float]]) -> None:
    counted = count_months(*({"Post": (9, len(part), part)} for part in parts))
    (row,) = sum_rows(counted.month_rows).to_dicts()
    together = interval_of_sums(row["scored"], row["total"], row["squares"])
    mean, low, high = student_interval([value for part in parts for value in part])
    assert together[0] == pytest.approx(mean, abs=1e-9)
    if low is None:
        assert together[1:] == (None, None)
    else:
        assert together[1:] == pytest.approx((low, high), abs=1e-6)
