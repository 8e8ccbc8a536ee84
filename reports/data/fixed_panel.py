"""The fixed panel: the outlets that are there throughout, so that none moves a share by joining."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reports.series.groupings import NOT_KNOWN
from reports.series.groups import GroupCell, GroupCounts, KeywordGroups


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
    shared: GroupCell

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
        if group.name != NOT_KNOWN and group.by_month:
            outlets.append(group)

    months = sorted({month for outlet in outlets for month in outlet.by_month})
    members = [outlet for outlet in outlets if len(outlet.by_month) == len(months)]
    if len(outlets) < 2 or len(members) == len(outlets):
        return None

    shared_months = [
        month for month in months if all(month in outlet.by_month for outlet in outlets)
    ]
    shared = GroupCell()
    for outlet in outlets:
        for month in shared_months:
            shared.add(outlet.by_month[month])

    return FixedPanel(
        len(outlets),
        sum_groups("all documents", list(keyword_groups.groups.values())),
        [outlet.name for outlet in members],
        sum_groups("fixed panel", members),
        shared_months,
        shared,
    )


def sum_groups(name: str, groups: Collection[GroupCounts]) -> GroupCounts:
    """Return the counts of several groups together."""
    together = GroupCounts(name)
    for group in groups:
        together.total.add(group.total)
        together.polarities.add(group.polarities)
        for period, cell in group.by_period.items():
            together.by_period[period].add(cell)

    return together
