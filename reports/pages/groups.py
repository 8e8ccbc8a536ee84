"""The section of a grouped run: outlets, sections or kinds side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from analysis import grains
from core.enums import Grouping
from reports.data.group_counts import (
    Cell,
    GroupCounts,
    KeywordGroups,
    choose_grain,
    count_groups,
)
from reports.data.groupings import NOT_KNOWN
from reports.data.run_data import RunData
from reports.data.wire_copies import Copies, count_copies
from reports.figures import groups as figures
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore, slug
from reports.figures.groups import GroupPanel, Mean, Point
from reports.findings.group_statements import PLURALS, describe_groups
from reports.findings.highlights import Highlight
from reports.pages.group_gaps import describe_gaps

SIDE_BY_SIDE = 8  # groups that have a panel each; more are a heat map
MOST_PERIODS = 60  # that a figure shows; beyond, longer ones
DRAWN = 30  # groups of the figure of totals, those with most documents
SHOWN = 60  # groups of the table

_HEADINGS = {Grouping.OUTLET: "Outlets", Grouping.SECTION: "Sections", Grouping.KIND: "Kinds"}


@dataclass(frozen=True)
class GroupRow:
    """A group in the table of a keyword."""

    counts: GroupCounts
    copies: int | None  # documents that mention it and are copies; None where none are looked for


@dataclass(frozen=True)
class GroupedKeyword:
    """A keyword in each group."""

    name: str
    scale: str  # of its polarities
    rows: list[GroupRow]  # those with most documents
    groups: int  # of the run
    highlights: list[Highlight]
    figures: list[FigureRef]


@dataclass
class GroupSection:
    """All that the template needs; empty where the run has no grouping."""

    heading: str = ""
    grouping: str = ""
    grain: str = ""  # of the figures, where it is not the run's
    keywords: list[GroupedKeyword] = field(default_factory=list)
    gaps: str = ""  # the months that some group lacks, in words; they are those of each keyword

    @property
    def has_copies(self) -> bool:
        """Whether copies were looked for."""
        return self.grouping == Grouping.OUTLET


def make_groups(data: RunData, store: FigureStore, scale_of: Callable[[str], str]) -> GroupSection:
    """Count and draw each keyword in each group; *scale_of* is what is said of its polarities."""
    if data.grouping is None:
        return GroupSection()
    parameters = data.month_parameters
    names = [keyword.name for keyword in parameters.keywords]
    grain = choose_grain(data, parameters.first, parameters.last, MOST_PERIODS)
    span = style.Range(*grains.periods_of_months(parameters.first, parameters.last, grain))
    copies = count_copies(data)
    other_grain = grain.value if grain != data.grain else ""
    section = GroupSection(_HEADINGS[data.grouping], data.grouping.value, other_grain)

    for counted in count_groups(data, names, grain):
        scale = scale_of(counted.keyword)
        shown = _show(counted, data.grouping, store, copies=copies, span=span, scale=scale)
        section.keywords.append(shown)
        section.gaps = describe_gaps(list(counted.groups.values()), PLURALS[data.grouping])
    return section


def _show(
    counted: KeywordGroups,
    grouping: Grouping,
    store: FigureStore,
    *,
    copies: Copies,
    span: style.Range,
    scale: str,
) -> GroupedKeyword:
    ranked = sorted(counted.groups.values(), key=_by_documents)
    rows = []
    for group in ranked[:SHOWN]:
        n = copies.get((counted.keyword, group.name), 0) if grouping == Grouping.OUTLET else None
        rows.append(GroupRow(group, n))

    name = slug(counted.keyword)
    by_share = sorted(ranked[:DRAWN], key=_by_share)
    totals = []
    for group in by_share:
        point = _point("", group.total)
        if point is not None:
            totals.append((group.name, point))
    in_heat = sorted(ranked[: figures.MOST_ROWS], key=_by_share)
    panels = [_panel(group, span) for group in in_heat]
    specs = (
        figures.totals_spec(counted.keyword, name, totals),
        figures.series_spec(counted.keyword, name, panels, span, most=SIDE_BY_SIDE),
        figures.polarities_spec(counted.keyword, name, _polarities(by_share), scale),
    )
    return GroupedKeyword(
        counted.keyword,
        scale,
        rows,
        len(ranked),
        describe_groups(counted, grouping),
        store.show_all(*specs),
    )


def _polarities(groups: Sequence[GroupCounts]) -> list[tuple[str, Mean]]:
    """Return the mean polarity of each group that has one and its interval."""
    means = []
    for group in groups:
        polarities = group.polarities
        if polarities.mean is not None and polarities.interval is not None:
            mean = Mean(polarities.mean, *polarities.interval, polarities.n)
            means.append((group.name, mean))
    return means


def _by_documents(group: GroupCounts) -> tuple[bool, int, str]:
    return group.name == NOT_KNOWN, -group.total.documents, group.name


def _by_share(group: GroupCounts) -> tuple[bool, float, str]:
    return group.name == NOT_KNOWN, -(group.total.share or 0.0), group.name


def _panel(group: GroupCounts, span: style.Range) -> GroupPanel:
    points = []
    gaps = []
    cut_off = []
    for period in span:
        cell = group.by_period.get(period, Cell())
        point = _point(period, cell)
        if point is not None:
            points.append(point)
        if not cell.has_data:
            gaps.append(period)
        elif cell.cut_off:
            cut_off.append(period)
    return GroupPanel(group.name, tuple(points), tuple(gaps), tuple(cut_off))


def _point(period: str, cell: Cell) -> Point | None:
    if cell.share is None or cell.interval is None:
        return None
    return Point(period, cell.share, *cell.interval, cell.documents)
