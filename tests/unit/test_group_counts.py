"""What is counted of groups beside each other, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import grains
from core.enums import Grain, Grouping
from reports.data.fixed_panel import make_fixed_panel
from reports.data.group_counts import Cell, GroupCounts, KeywordGroups, Moments, add_month
from reports.data.groupings import NOT_KNOWN
from reports.data.tables.archive_days import NO_DATA, ArchiveDay, Matches, Progress
from reports.findings.group_facts import state_groups
from reports.stats.intervals import polarity_interval

COMPLETE = Progress("complete", has_counts=True, has_polarity=True)
Month = Mapping[str, tuple[int, int, Sequence[float]] | None]  # documents, matched, polarities


def count(*months: Month, grain: Grain = Grain.MONTH) -> KeywordGroups:
    """Return what is counted of months of 2020; None stands for a gap."""
    names = dict.fromkeys(name for month in months for name in month)
    counted = KeywordGroups("fog", {name: GroupCounts(name) for name in names})
    for number, month in enumerate(months, 1):
        period = f"2020-{number:02}"
        days = {name: make_days(period, month.get(name)) for name in names}
        add_month(counted, days, grain)
    return counted


def make_days(period: str, figures: tuple[int, int, Sequence[float]] | None) -> list[ArchiveDay]:
    """Return the days of a month over which documents and matches are spread evenly."""
    days = grains.days_of(period)
    if figures is None:
        return [ArchiveDay(day, period, NO_DATA, 0, True, {}) for day in days]
    documents, matched, polarities = figures
    made = []
    for place, day in enumerate(days):
        n, of_day = spread(documents, place, len(days)), spread(matched, place, len(days))
        values: list[float | None] = list(polarities[place :: len(days)])
        matches = {("fog", None): Matches(of_day, values)}
        made.append(ArchiveDay(day, period, COMPLETE, n, False, matches))
    return made


def spread(total: int, place: int, places: int) -> int:
    return total * (place + 1) // places - total * place // places


def sentences(counted: KeywordGroups) -> list[str]:
    return [finding.text for finding in state_groups(counted, Grouping.OUTLET)]


def test_an_outlet_that_has_the_busy_month_alone_is_not_ahead_for_that() -> None:
    quiet: Month = {"Post": None, "Sun": (3000, 30, []), "Echo": (3000, 30, [])}
    busy: Month = {"Post": (3000, 300, []), "Sun": (3000, 300, []), "Echo": (1000, 100, [])}
    counted = count(quiet, busy)
    shares = {name: group.total.share for name, group in counted.groups.items()}
    assert shares == {"Post": 0.1, "Sun": 0.055, "Echo": 130 / 4000}
    assert sentences(counted) == []


def test_months_of_one_group_alone_compare_nothing() -> None:
    alone: Month = {"Post": (3000, 2000, []), "Sun": None}
    both: Month = {"Post": (3000, 30, []), "Sun": (3000, 60, [])}
    (text,) = sentences(count(alone, both))
    assert text == (
        "Of 2 outlets, Sun mentions “fog” in the largest share of its documents: 60 of 3,000 "
        "documents (2.0 %); Post has 1.0 %."
    )
    assert sentences(count(alone, alone)) == []


def test_documents_of_no_known_outlet_are_counted_and_not_compared() -> None:
    counted = count({"Post": (3000, 30, []), NOT_KNOWN: (3000, 900, [])})
    assert sentences(counted) == []
    assert counted.groups[NOT_KNOWN].total.share == 0.3


def test_moods_are_compared_within_their_months() -> None:
    low, high = [-0.5, -0.3] * 40, [0.3, 0.5] * 40
    (mood,) = sentences(count({"Post": (900, 80, low), "Sun": (900, 80, high)}))
    assert mood == (
        "The engine's mean polarity for “fog” is highest in Sun (+0.40) and lowest in Post "
        "(\u22120.40), of 2 outlets."
    )
    moved: list[Month] = [
        {"Post": (900, 80, low), "Sun": (900, 40, low[:40])},
        {"Post": (900, 40, high[:40]), "Sun": (900, 80, high)},
    ]
    counted = count(*moved)
    means = [round(group.polarities.mean or 0, 2) for group in counted.groups.values()]
    assert means == [-0.13, 0.13]
    assert not [text for text in sentences(counted) if "polarity" in text]


def test_a_year_of_which_a_group_has_a_part_is_cut_off_and_a_year_without_is_a_gap() -> None:
    counted = count(
        {"Post": (31, 3, []), "Sun": None}, {"Post": None, "Sun": None}, grain=Grain.YEAR
    )
    post, sun = (counted.groups[name].by_period["2020"] for name in ("Post", "Sun"))
    assert (post.documents, post.matched, post.has_data, post.cut_off) == (31, 3, True, True)
    assert (sun.share, sun.has_data, sun.cut_off) == (None, False, False)
    assert Cell(documents=0, has_data=True).share is None


@given(st.lists(st.lists(st.floats(-1, 1), max_size=9), min_size=1, max_size=5))
def test_moments_give_the_interval_of_all_values(parts: list[list[float]]) -> None:
    together = Moments()
    for part in parts:
        moments = Moments()
        moments.add(part)
        together.add_less(moments, 0.0)
    mean, low, high = polarity_interval([value for part in parts for value in part])
    assert together.mean == pytest.approx(mean, abs=1e-9)
    if low is None:
        assert together.interval is None
    else:
        assert together.interval == pytest.approx((low, high), abs=1e-6)


def test_an_outlet_that_joins_moves_the_share_of_all_but_not_that_of_the_fixed_panel() -> None:
    old: Month = {"Post": (1000, 100, [0.5]), "Sun": (500, 50, [-0.5]), "Wire": None}
    new: Month = {**old, "Wire": (3000, 0, [])}
    panel = make_fixed_panel(count(old, old, new))
    assert panel is not None
    assert panel.members == ["Post", "Sun"]
    assert [panel.all_outlets.by_period[f"2020-0{month}"].share for month in (1, 2, 3)] == [
        0.1, 0.1, pytest.approx(1 / 30),
    ]  # fmt: skip
    assert [panel.panel.by_period[f"2020-0{month}"].share for month in (1, 2, 3)] == [0.1] * 3
    assert (panel.panel.total.documents, panel.all_outlets.total.documents) == (4500, 7500)
    assert (panel.panel.polarities.n, panel.panel.polarities.mean) == (6, 0.0)
    assert [counts.name for counts in panel.sums] == ["all documents", "fixed panel"]


def test_without_an_outlet_that_is_there_throughout_the_months_that_all_share_count() -> None:
    panel = make_fixed_panel(
        count(
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
    assert make_fixed_panel(count(month, month)) is None
    assert make_fixed_panel(count({"Post": (1000, 100, [])})) is None


def test_a_month_without_any_outlet_takes_none_from_the_panel_and_not_known_is_in_none() -> None:
    month: Month = {"Post": (100, 10, []), "Sun": (50, 5, []), NOT_KNOWN: (10, 0, [])}
    nothing: Month = {"Post": None, "Sun": None, NOT_KNOWN: None}
    panel = make_fixed_panel(count(month, nothing, {**month, "Sun": None}))
    assert panel is not None
    assert panel.members == ["Post"]
    assert panel.all_outlets.total.documents == 270


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=6))
def test_the_fixed_panel_has_the_same_outlets_in_each_month(there: list[list[bool]]) -> None:
    months: list[Month] = []
    for flags in there:
        outlets = enumerate(flags)
        months.append({f"Outlet {n}": (100, n, []) if flag else None for n, flag in outlets})
    counted = count(*months)
    panel = make_fixed_panel(counted)
    if panel is None:
        return
    documents = {cell.documents for cell in panel.panel.by_period.values() if cell.has_data}
    assert documents <= {100 * len(panel.members)}
    assert len(panel.members) < panel.outlets
