"""The fixed panel of outlets: those that are there throughout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.fixed_panel import make_fixed_panel
from reports.series.groupings import NOT_KNOWN
from tests.groups_kit import Month, count_months


def test_an_outlet_that_joins_moves_the_share_of_all_but_not_that_of_the_fixed_panel() -> None:
    old: Month = {"Post": (1000, 100, [0.5]), "Sun": (500, 50, [-0.5]), "Wire": None}
    new: Month = {**old, "Wire": (3000, 0, [])}
    panel = make_fixed_panel(count_months(old, old, new))
    assert panel is not None
    assert panel.members == ["Post", "Sun"]
    assert [panel.all_outlets.by_period[f"2020-0{month}"].share for month in (1, 2, 3)] == [
        0.1, 0.1, pytest.approx(1 / 30, abs=1e-6),
    ]  # fmt: skip
    assert [panel.panel.by_period[f"2020-0{month}"].share for month in (1, 2, 3)] == [0.1] * 3
    assert (panel.panel.total.documents, panel.all_outlets.total.documents) == (4500, 7500)
    assert (panel.panel.total.polarity_n, panel.panel.total.polarity_mean) == (6, 0.0)
    assert [counts.name for counts in panel.sums] == ["all documents", "fixed panel"]


def test_without_an_outlet_that_is_there_throughout_the_months_that_all_share_count() -> None:
    panel = make_fixed_panel(
        count_months(
            {"Post": (1000, 100, []), "Sun": None},
            {"Post": (1000, 200, []), "Sun": (1000, 0, [])},
            {"Post": None, "Sun": (1000, 900, [])},
        )
    )
    assert panel is not None
    assert panel.members == []
    assert panel.shared_months == ["2020-02"]
    assert panel.shared.share == 0.1
    assert [counts.name for counts in panel.sums] == ["all documents"]


def test_there_is_no_panel_where_every_outlet_or_only_one_is_there_throughout() -> None:
    month: Month = {"Post": (1000, 100, []), "Sun": (500, 50, [])}
    assert make_fixed_panel(count_months(month, month)) is None
    assert make_fixed_panel(count_months({"Post": (1000, 100, [])})) is None


def test_a_month_without_any_outlet_takes_none_from_the_panel_and_not_known_is_in_none() -> None:
    month: Month = {"Post": (100, 10, []), "Sun": (50, 5, []), NOT_KNOWN: (10, 0, [])}
    nothing: Month = {"Post": None, "Sun": None, NOT_KNOWN: None}
    panel = make_fixed_panel(count_months(month, nothing, {**month, "Sun": None}))
    assert panel is not None
    assert panel.members == ["Post"]
    assert panel.all_outlets.total.documents == 270


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=6))
def test_the_fixed_panel_has_the_same_outlets_in_each_month(there: list[list[bool]]) -> None:
    months: list[Month] = []
    for flags in there:
        outlets = enumerate(flags)
        months.append({f"Outlet {n}": (100, n, []) if flag else None for n, flag in outlets})

    counted = count_months(*months)
    panel = make_fixed_panel(counted)
    if panel is None:
        return

    documents = {row.documents for row in panel.panel.by_period.values() if row.matched is not None}
    assert documents <= {100 * len(panel.members)}
    assert len(panel.members) < panel.outlets
