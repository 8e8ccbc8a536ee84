"""The months in which some groups of a run have no documents, and the groups that have all."""

from __future__ import annotations

from collections.abc import Sequence

from reports.data.fixed_panel import FixedPanel
from reports.series.groups import GroupCounts
from reports.words.periods import describe_periods
from reports.words.quantities import format_share, join_words, quantity

# The months of at most this many groups are named.
NAMED = 3


def describe_gaps(groups: Sequence[GroupCounts], plural: str) -> str:
    """Name the months in which a group has no stored document although another group has.

    *groups* are those of one keyword, *plural* is what they are called. Return an empty text if all
    have the same months.
    """
    incomplete_groups = [group for group in groups if group.missing_months]
    if not incomplete_groups:
        return ""
    if len(incomplete_groups) > NAMED:
        counted_groups = f"{len(incomplete_groups):,} of {len(groups):,} {plural} have no document"
        return f"{counted_groups} in a month in which others have."

    group_gaps = []
    for group in incomplete_groups:
        group_gaps.append(f"{group.name} has no document {describe_periods(group.missing_months)}")

    return f"{'; '.join(group_gaps)}."


def describe_panel(keyword: str, panel: FixedPanel) -> str:
    """State the share of a keyword in all documents, and in the fixed panel of outlets.

    Where no outlet has all months, state it over the months that all outlets share.
    """
    share = format_share(panel.all_outlets.total.share)
    statement = f"“{keyword}” is in {share} of all documents"
    if panel.members:
        members = quantity(len(panel.members), "outlet")
        verb = "has" if len(panel.members) == 1 else "have"
        named = f" ({join_words(panel.members)})" if len(panel.members) <= NAMED else ""
        fixed = f"in {format_share(panel.panel.total.share)} of those of the fixed panel"
        return f"{statement} and {fixed}: {members} of {panel.outlets:,}{named} {verb} every month."

    if panel.shared_months:
        months = describe_periods(panel.shared_months)
        fixed = f"in {format_share(panel.shared.share)} of those {months}"
        return (
            f"{statement} and {fixed}, which all {panel.outlets:,} outlets share; none of them has "
            "every month, so that there is no fixed panel."
        )

    return (
        f"{statement}; no outlet has every month and no month has all {panel.outlets:,} outlets, "
        "so that there is no fixed panel."
    )
