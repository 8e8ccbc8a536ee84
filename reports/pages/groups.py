"""The section of a grouped run: its groups side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from analysis import grains
from core.enums import Grouping
from reports.data.fixed_panel import FixedPanel, make_fixed_panel
from reports.data.run_data import RunData
from reports.data.tables.periods import PeriodRow
from reports.data.years import MOST_MONTHS
from reports.figures import groups as figures
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore, slug
from reports.figures.groups import GroupPanel, mark_share
from reports.figures.marks import Mark
from reports.figures.spec import FigureSpec
from reports.findings.confirmed import read_confirmed
from reports.findings.finding import Finding, state_facts
from reports.findings.group_facts import read_group_facts
from reports.pages.group_gaps import describe_gaps, describe_panel
from reports.series.groupings import GROUPINGS, NOT_KNOWN
from reports.series.groups import (
    GroupCounts,
    KeywordGroups,
    choose_grain,
    count_groups,
)
from reports.words.document_queries import DocumentQuery

# What finds the documents of a group, in a period if one is given.
Find = Callable[..., DocumentQuery | None]


@dataclass(frozen=True)
class GroupedKeyword:
    """A keyword in each group."""

    name: str

    # The note on the scale of the polarities.
    scale: str

    # The groups with most documents, out of *groups* in the run.
    rows: list[GroupCounts]
    groups: int

    figures: list[FigureRef]
    findings: Sequence[Finding] = ()

    # The share of all documents and that of the fixed panel, in words; empty if they are the same.
    panel: str = ""

    # The rows of all documents and of the fixed panel, if they differ.
    sums: list[GroupCounts] = field(default_factory=list)


@dataclass
class GroupSection:
    """All that the template needs; empty where the run has no grouping."""

    heading: str = ""
    grouping: str = ""

    # The grain of the figures; empty if it is the run's.
    grain: str = ""

    keywords: list[GroupedKeyword] = field(default_factory=list)

    # The months that some group lacks, in words. They are the same for each keyword.
    gaps: str = ""

    @property
    def has_panel(self) -> bool:
        """Whether a fixed panel differs from all documents."""
        return any(keyword.panel for keyword in self.keywords)


def make_groups(run: RunData, store: FigureStore, scale_of: Callable[[str], str]) -> GroupSection:
    """Count and draw each keyword in each group; *scale_of* is what is said of its polarities."""
    if run.grouping is None:
        return GroupSection()

    parameters = run.month_parameters
    grain = choose_grain(run, parameters.first, parameters.last, MOST_MONTHS)
    span = style.Range(*grains.periods_of_months(parameters.first, parameters.last, grain))
    other_grain = grain.value if grain != run.grain else ""
    plural = GROUPINGS[run.grouping].plural
    section = GroupSection(plural.capitalize(), run.grouping.value, other_grain)

    facts = read_confirmed(run, partial(read_group_facts, grain=grain))
    for keyword_groups in count_groups(run, grain):
        scale = scale_of(keyword_groups.keyword)
        grouped = _show(keyword_groups, run.grouping, store, span=span, scale=scale)
        grouped = replace(grouped, findings=state_facts(facts[keyword_groups.keyword]))
        section.keywords.append(grouped)
        section.gaps = describe_gaps(list(keyword_groups.groups.values()), plural)

    return section


def _show(
    keyword_groups: KeywordGroups,
    grouping: Grouping,
    store: FigureStore,
    *,
    span: style.Range,
    scale: str,
) -> GroupedKeyword:
    ranked = sorted(keyword_groups.groups.values(), key=_by_documents)
    keyword, file_prefix = keyword_groups.keyword, slug(keyword_groups.keyword)
    shown = ranked[: style.MOST_ROWS]
    groups_by_share = sorted(shown, key=_by_share)
    find = partial(_find, keyword, grouping)
    totals = [_mark(group.name, "", group.total, find(group.name)) for group in groups_by_share]

    panels = [_panel(group, span, find) for group in groups_by_share]
    fixed_panel = make_fixed_panel(keyword_groups) if grouping == Grouping.OUTLET else None
    specs = (
        figures.totals_spec(keyword, file_prefix, [mark for mark in totals if mark is not None]),
        figures.series_spec(keyword, file_prefix, panels, span, most=style.SIDE_BY_SIDE),
        _declare_panel(keyword, fixed_panel, span) if fixed_panel else None,
    )
    return GroupedKeyword(
        keyword_groups.keyword,
        scale,
        shown,
        len(ranked),
        store.show_all(*specs),
        panel=describe_panel(keyword, fixed_panel) if fixed_panel else "",
        sums=fixed_panel.sums if fixed_panel else [],
    )


def _declare_panel(keyword: str, panel: FixedPanel, span: style.Range) -> FigureSpec | None:

    def find_all(_group: str, period: str | None = None) -> DocumentQuery:
        return DocumentQuery(subject=keyword, period=period)

    all_points = _panel(panel.all_outlets, span, find_all).shares
    # No filter of the list is several outlets.
    panel_points = _panel(panel.panel, span, lambda *_: None).shares
    return figures.panel_spec(keyword, slug(keyword), all_points, panel_points, span)


def _find(keyword: str, grouping: Grouping, group: str, period: str | None = None) -> DocumentQuery:
    """Return the documents of a group that mention the keyword."""
    return DocumentQuery(subject=keyword, period=period, group=(grouping.value, group))


def _by_documents(group: GroupCounts) -> tuple[bool, int, str]:
    return group.name == NOT_KNOWN, -group.total.documents, group.name


def _by_share(group: GroupCounts) -> tuple[bool, float, str]:
    return group.name == NOT_KNOWN, -(group.total.share or 0.0), group.name


def _panel(group: GroupCounts, span: style.Range, find: Find) -> GroupPanel:
    shares = []
    gaps = []
    cut_off = []
    for period in span:
        row = group.by_period.get(period)
        mark = _mark(group.name, period, row, find(group.name, period))
        if mark is not None:
            shares.append(mark)
        if row is None or row.matched is None:
            gaps.append(period)
        elif row.cut_off:
            cut_off.append(period)

    return GroupPanel(group.name, tuple(shares), tuple(gaps), tuple(cut_off))


def _mark(
    group: str, period: str, row: PeriodRow | None, found: DocumentQuery | None
) -> Mark | None:
    if row is None or row.share is None or row.share_low is None or row.share_high is None:
        return None

    counts = row.matched or 0, row.documents
    return mark_share(group, period, counts, row.share, row.share_low, row.share_high, found)
