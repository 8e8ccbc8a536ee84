"""The page on the archive itself: what of a figure may come from it and not from the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_high

from analysis import grains
from core.enums import Grouping
from reports.data.archive_health import ArchiveHealth, LoadedDay, LoneDocument, read_archive_health
from reports.data.missing_days import DayRange
from reports.data.presence import Presence
from reports.data.run_data import RunData
from reports.data.silent_feeds import SilentFeed, read_silent_feeds
from reports.data.sources_in_common import CommonPeriod, read_sources_in_common
from reports.figures import archive as figures
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.spec import FigureSpec
from reports.words.periods import name_stretch, period_name

ARCHIVE_PAGE = "archive.html"
# A table shows at most this many rows.
SHOWN = 12


@dataclass(frozen=True)
class PresenceRow:
    """A section, kind or outlet that some months lack, in words."""

    name: str
    grouping: str
    documents: int
    present: Sequence[str]
    absent: Sequence[str]
    documents_in_absence: int


@dataclass(frozen=True)
class ArchivePage:
    """All that the template needs besides the summary."""

    figures: list[FigureRef]

    # Half of the days that have documents have so many or more.
    usual: int
    days: int
    first: str
    last: str

    # The largest bulk days, in their order, out of *all_bulk_days*.
    bulk_days: Sequence[LoadedDay]
    all_bulk_days: int
    bulk_documents: int

    # The longest stretches, in their order, out of *all_stretches* with *missing_days* days.
    stretches: Sequence[DayRange]
    all_stretches: int
    missing_days: int
    empty_months: Sequence[str]

    silent_feeds: Sequence[SilentFeed]

    # The names with most documents, out of *all_presences*.
    presences: Sequence[PresenceRow]
    all_presences: int

    lone_documents: Sequence[LoneDocument]
    all_lone_documents: int

    # The outlets of which several sources have most stories, out of *all_common_outlets*.
    common: Sequence[CommonPeriod]
    all_common_outlets: int

    # The shares of what all sources hold of the first of them, month by month.
    common_figures: list[FigureRef]


def make_archive_page(run: RunData, store: FigureStore) -> ArchivePage:
    """Draw the documents of a run of months, and list what is conspicuous in its archive."""
    health = read_archive_health(run)
    spec = _declare_figure(run, health) if health.documents else None
    counted_days = [day for day, documents in sorted(health.documents_by_day.items()) if documents]
    counts = [health.documents_by_day[day] for day in counted_days]

    bulk_days = sorted(health.bulk_days, key=lambda loaded: -loaded.bulk_day.documents)[:SHOWN]
    stretches = sorted(health.missing_days, key=lambda stretch: -stretch.days)[:SHOWN]
    rows = _list_presences(health.presences)
    in_common = read_sources_in_common(run)
    common = [period for period in in_common if period.period is None]
    common.sort(key=lambda outlet: -outlet.seen)
    common_spec = None
    if common:
        outlet = common[0].outlet
        months = [row for row in in_common if row.outlet == outlet and row.period is not None]
        common_spec = figures.common_spec(outlet, months)

    return ArchivePage(
        figures=store.show_all(spec),
        usual=median_high(counts) if counts else 0,
        days=len(counted_days),
        first=period_name(counted_days[0].isoformat()) if counted_days else "",
        last=period_name(counted_days[-1].isoformat()) if counted_days else "",
        bulk_days=sorted(bulk_days, key=lambda loaded: loaded.bulk_day.date),
        all_bulk_days=len(health.bulk_days),
        bulk_documents=sum(loaded.bulk_day.documents for loaded in health.bulk_days),
        stretches=sorted(stretches),
        all_stretches=len(health.missing_days),
        missing_days=sum(stretch.days for stretch in health.missing_days),
        empty_months=health.empty_months,
        silent_feeds=read_silent_feeds(run),
        presences=rows[:SHOWN],
        all_presences=len(rows),
        lone_documents=health.lone_documents[:SHOWN],
        all_lone_documents=len(health.lone_documents),
        common=common[:SHOWN],
        common_figures=store.show_all(common_spec),
        all_common_outlets=len(common),
    )


def _declare_figure(run: RunData, health: ArchiveHealth) -> FigureSpec:
    parameters = run.month_parameters
    span = figures.choose_span(parameters.first, parameters.last)
    bulk_days = [(loaded.bulk_day.date, loaded.bulk_day.documents) for loaded in health.bulk_days]
    left_out = {day for day, _ in bulk_days}
    documents: Counter[str] = Counter()
    days: Counter[str] = Counter()
    for day, day_documents in health.documents_by_day.items():
        if day not in left_out:
            period = grains.period_of(day, span.grain)
            documents[period] += day_documents
            days[period] += 1

    counts = [(period, documents[period], days[period]) for period in sorted(days)]
    return figures.archive_spec(counts, bulk_days, health.missing_days, span)


def _list_presences(presences: Mapping[Grouping, Sequence[Presence]]) -> list[PresenceRow]:
    rows = []
    for grouping, grouping_presences in presences.items():
        for presence in grouping_presences:
            rows.append(
                PresenceRow(
                    presence.name,
                    grouping.value,
                    presence.documents,
                    [name_stretch(*stretch) for stretch in presence.present],
                    [name_stretch(*stretch) for stretch in presence.absent],
                    presence.documents_in_absence,
                )
            )

    # An outlet bears on every figure, so outlets come first.
    return sorted(rows, key=lambda row: (row.grouping != Grouping.OUTLET, -row.documents, row.name))
