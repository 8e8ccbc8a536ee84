"""The months in which some groups of a run have no documents."""

from __future__ import annotations

from collections.abc import Sequence

from reports.data.group_counts import GroupCounts
from reports.words.periods import describe_periods

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
