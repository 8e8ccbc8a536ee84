"""The months in which some groups of a run have no documents, and the groups that have all."""

from __future__ import annotations

from collections.abc import Sequence

from reports.data.fixed_panel import FixedPanel
from reports.data.group_counts import GroupCounts
from reports.words.quantities import NAMED
from reports.words.writing import write_sentence


def describe_gaps(groups: Sequence[GroupCounts], plural: str) -> str:
    """Name the months in which a group has no stored document although another group has.

    *groups* are those of one keyword, *plural* is what they are called. Return an empty text if all
    have the same months.
    """
    incomplete = [group for group in groups if group.missing_months]
    if len(incomplete) > NAMED:
        counts = {"incomplete": len(incomplete), "groups": len(groups), "plural": plural}
        return write_sentence("groups without documents", **counts)

    gaps = [
        write_sentence("group without documents", group=group.name, months=group.missing_months)
        for group in incomplete
    ]
    return write_sentence("some groups without documents", gaps=gaps) if gaps else ""


def describe_panel(keyword: str, panel: FixedPanel) -> str:
    """State the share of a keyword in all documents, and in the fixed panel of outlets.

    Where no outlet has all months, state it over the months that all outlets share.
    """
    kind = "months of all outlets" if panel.shared_months else "no fixed panel"
    return write_sentence(
        "fixed panel" if panel.members else kind,
        keyword=keyword,
        share=panel.all_outlets.total.share,
        outlets=panel.outlets,
        members=len(panel.members),
        names=panel.members,
        are_named=len(panel.members) <= NAMED,
        panel_share=panel.panel.total.share,
        months=panel.shared_months,
        shared_share=panel.shared.share,
    )
