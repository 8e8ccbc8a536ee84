"""What is said of the months that some group of a run lacks."""

from __future__ import annotations

import pytest

from reports.data.fixed_panel import FixedPanel
from reports.data.group_counts import GroupCounts
from reports.pages.group_gaps import describe_gaps, describe_panel
from reports.words.periods import describe_periods
from tests.period_rows import row


def group(name: str, *months: str) -> GroupCounts:
    return GroupCounts(name, row("", 0), missing_months=list(months))


def test_nothing_is_said_where_all_have_the_same_months() -> None:
    assert describe_gaps([group("Post"), group("Sun")], "outlets") == ""


def test_up_to_three_groups_are_named_with_their_months() -> None:
    groups = [group("Post", "2020-04"), group("Sun"), group("Echo", "2020-01", "2020-02")]
    assert describe_gaps(groups, "outlets") == (
        "Post has no document in April 2020; Echo has no document in January 2020 to February 2020."
    )


def test_more_groups_are_counted() -> None:
    groups = [group(f"Outlet {n}", "2020-04") for n in range(4)]
    assert describe_gaps([*groups, group("Sun")], "outlets") == (
        "4 of 5 outlets have no document in a month in which others have."
    )


@pytest.mark.parametrize(
    ("periods", "words"),
    [
        (["2020-04"], "in April 2020"),
        (["2020-04", "2020-07", "2020-08"], "in April 2020 and July 2020 to August 2020"),
        (["2020-01", "2020-03", "2020-05", "2020-07", "2020-09"], "in 5 months"),
        (["2018", "2020", "2022", "2024", "2026"], "in 5 years"),
    ],
)
def test_stretches_of_periods_are_named_or_counted(periods: list[str], words: str) -> None:
    assert describe_periods(periods) == words


def panel(members: list[str], shared_months: list[str]) -> FixedPanel:
    return FixedPanel(
        5,
        GroupCounts("all documents", row("", 42)),
        members,
        GroupCounts("fixed panel", row("", 12, documents=600)),
        shared_months,
        row("", 15, documents=500),
    )


@pytest.mark.parametrize(
    ("members", "shared_months", "share", "rest"),
    [
        (
            ["Post", "Sun"],
            [],
            "2.0 % of the documents of the fixed panel, and in 4.2 % of all.",
            "The panel is the 2 outlets of 5 with documents in every month: Post and Sun.",
        ),
        (
            ["Post"],
            [],
            "2.0 % of the documents of the fixed panel, and in 4.2 % of all.",
            "The panel is the 1 outlet of 5 with documents in every month: Post.",
        ),
        (
            ["Post", "Sun", "Echo", "Star"],
            [],
            "2.0 % of the documents of the fixed panel, and in 4.2 % of all.",
            "The panel is the 4 outlets of 5 with documents in every month.",
        ),
        (
            [],
            ["2020-03", "2020-04"],
            (
                "3.0 % of the documents in March 2020 to April 2020, which all 5 outlets share, "
                "and in 4.2 % of all."
            ),
            "No outlet has every month, so there is no fixed panel.",
        ),
        (
            [],
            [],
            "4.2 % of all documents.",
            "No outlet has every month, and no month all 5 outlets, so there is no fixed panel.",
        ),
    ],
)
def test_the_share_of_all_documents_stands_beside_that_of_the_fixed_panel(
    members: list[str], shared_months: list[str], share: str, rest: str
) -> None:
    expected = f"“fog” is in {share} {rest}"
    assert describe_panel("fog", panel(members, shared_months)) == expected
