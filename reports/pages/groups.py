"""The section of a grouped run: its groups side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from analysis import grains
from core.enums import Grouping
from reports.data.fixed_panel import make_fixed_panel
from reports.data.group_counts import (
    GroupCounts,
    KeywordGroups,
    choose_grain,
    count_groups,
)
from reports.data.run_data import RunData
from reports.data.tables.periods import PeriodRow
from reports.data.years import MOST_MONTHS
from reports.figures import groups as figures
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore, slug
from reports.figures.groups import GroupPanel, mark_share
from reports.figures.marks import Mark
from reports.findings.confirmed import read_confirmed
from reports.findings.finding import Fact, Finding, state_facts
from reports.findings.group_facts import read_group_facts
from reports.pages.group_gaps import describe_gaps, describe_panel
from reports.series.groupings import GROUPINGS, NOT_KNOWN
from reports.words.document_queries import DocumentQuery


@dataclass(frozen=True)
class GroupedKeyword:
    """A keyword in each group."""

    name: str

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


def make_groups(run: RunData, store: FigureStore) -> GroupSection:
    """Count and draw each keyword in each group."""
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
        of_keyword = facts[keyword_groups.keyword]
        section.keywords.append(_show(keyword_groups, of_keyword, run.grouping, span, store))
        section.gaps = describe_gaps(list(keyword_groups.groups.values()), plural)

    return section


def _show(
    keyword_groups: KeywordGroups,
    facts: Sequence[Fact],
    grouping: Grouping,
    span: style.Range,
    store: FigureStore,
) -> GroupedKeyword:
    ranked = sorted(keyword_groups.groups.values(), key=_by_documents)
    keyword, file_prefix = keyword_groups.keyword, slug(keyword_groups.keyword)
    shown = ranked[: style.MOST_ROWS]
    query = DocumentQuery(subject=keyword)
    totals, panels = [], []
    for group in sorted(shown, key=_by_share):
        of_group = replace(query, group=(grouping.value, group.name))
        totals += _mark(group, "", group.total, of_group)
        panels.append(_panel(group, span, of_group))

    fixed_panel = make_fixed_panel(keyword_groups) if grouping == Grouping.OUTLET else None
    panel_spec = None
    if fixed_panel is not None:
        all_points = _panel(fixed_panel.all_outlets, span, query).shares
        # No filter of the list is several outlets.
        panel_points = _panel(fixed_panel.panel, span, None).shares
        panel_spec = figures.panel_spec(keyword, file_prefix, all_points, panel_points, span)

    specs = (
        figures.totals_spec(keyword, file_prefix, totals),
        figures.series_spec(keyword, file_prefix, panels, span, most=style.SIDE_BY_SIDE),
        panel_spec,
    )
    return GroupedKeyword(
        name=keyword,
        rows=shown,
        groups=len(ranked),
        figures=store.show_all(*specs),
        findings=state_facts(facts),
        panel=describe_panel(keyword, fixed_panel) if fixed_panel else "",
        sums=fixed_panel.sums if fixed_panel else [],
    )


def _by_documents(group: GroupCounts) -> tuple[bool, int, str]:
    return group.name == NOT_KNOWN, -group.total.documents, group.name


def _by_share(group: GroupCounts) -> tuple[bool, float, str]:
    return group.name == NOT_KNOWN, -(group.total.share or 0.0), group.name


def _panel(group: GroupCounts, span: style.Range, query: DocumentQuery | None) -> GroupPanel:
    shares = []
    gaps = []
    cut_off = []
    for period in span:
        row = group.by_period.get(period)
        shares += _mark(group, period, row, query and query.narrow(period=period))
        if row is None or row.matched is None:
            gaps.append(period)
        elif row.cut_off:
            cut_off.append(period)

    return GroupPanel(group.name, tuple(shares), tuple(gaps), tuple(cut_off))


def _mark(
    group: GroupCounts, period: str, row: PeriodRow | None, query: DocumentQuery | None
) -> list[Mark]:
    """Return the mark of a row; none of one without a document."""
    if row is None or row.share is None or row.share_low is None or row.share_high is None:
        return []

    counts = row.matched or 0, row.documents
    shares = row.share, row.share_low, row.share_high
    return [mark_share(group.name, period, counts, *shares, query)]
