"""The months that not all groups of a run have: all together are then other groups."""

from __future__ import annotations

from collections.abc import Sequence

from reports.data.group_counts import GroupCounts
from reports.words.periods import describe_periods

NAMED = 3  # groups whose months are named


def describe_gaps(groups: Sequence[GroupCounts], plural: str) -> str:
    """Name the months of which a group has no document stored, though another one has.

    *groups* are those of one keyword, *plural* is what they are called. Returns nothing where all
    have the same months.
    """
    with_gaps = [group for group in groups if group.missing_months]
    if not with_gaps:
        return ""
    if len(with_gaps) > NAMED:
        some = f"{len(with_gaps):,} of {len(groups):,} {plural} have no document"
        return f"{some} in a month in which others have."
    named = []
    for group in with_gaps:
        named.append(f"{group.name} has no document {describe_periods(group.missing_months)}")
    return f"{'; '.join(named)}."
