"""The fixed panel: the outlets that are there throughout, so that none moves a share by joining."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.data.group_counts import GroupCounts, KeywordGroups
from reports.data.tables.periods import PeriodRow
from reports.series.groupings import NOT_KNOWN


@dataclass(frozen=True)
class FixedPanel:
    """All documents of a keyword's run beside those of the outlets that are there throughout."""

    outlets: int
    all_outlets: GroupCounts

    # The outlets that have documents in every month in which any has, and their sum.
    members: Sequence[str]
    panel: GroupCounts

    # The months in which every outlet has documents, and their documents.
    shared_months: Sequence[str]
    shared: PeriodRow

    @property
    def sums(self) -> list[GroupCounts]:
        """The counts of all documents, and those of the fixed panel if it has members."""
        return [self.all_outlets, self.panel] if self.members else [self.all_outlets]


def make_fixed_panel(keyword_groups: KeywordGroups) -> FixedPanel | None:
    """Return the fixed panel of a run that is grouped by outlet.

    Return None if it makes no difference: every outlet is there throughout, or there is only one.
    Documents of no known outlet are in no panel.
    """
    outlets = []
    for group in keyword_groups.groups.values():
        if group.name != NOT_KNOWN and group.months:
            outlets.append(group)

    months = sorted({month for outlet in outlets for month in outlet.months})
    members = [outlet.name for outlet in outlets if len(outlet.months) == len(months)]
    if len(outlets) < 2 or len(members) == len(outlets):
        return None

    shared_months = [month for month in months if all(month in o.months for o in outlets)]
    names = [outlet.name for outlet in outlets]
    return FixedPanel(
        outlets=len(outlets),
        all_outlets=keyword_groups.add_up("all documents", list(keyword_groups.groups)),
        members=members,
        panel=keyword_groups.add_up("fixed panel", members),
        shared_months=shared_months,
        shared=keyword_groups.add_up("shared months", names, shared_months).total,
    )
