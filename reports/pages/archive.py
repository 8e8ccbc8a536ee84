"""The page on the archive itself: what of a figure may come from it and not from the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median_high

from analysis import grains
from core.enums import Grouping
from reports.data.archive_health import ArchiveHealth, read_archive_health
from reports.data.presence import Presence
from reports.data.run_data import RunData
from reports.data.silent_feeds import SilentFeed, read_silent_feeds
from reports.data.sources_in_common import CommonPeriod, read_sources_in_common
from reports.figures import archive as figures
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.spec import FigureSpec


@dataclass(frozen=True)
class ArchivePage:
    """All that the template needs besides the summary."""

    health: ArchiveHealth
    figures: list[FigureRef]
    silent_feeds: Sequence[SilentFeed]

    # What comes and goes, of what grouping it is, in the order of a table.
    presences: Sequence[tuple[Grouping, Presence]]

    # The outlets that several sources hold, those of which they have most stories first.
    common: Sequence[CommonPeriod]

    # The shares of what all sources hold of the first of them, month by month.
    common_figures: list[FigureRef]

    @property
    def counts(self) -> dict[date, int]:
        """The documents of each day that has some, in order."""
        return {day: n for day, n in sorted(self.health.documents_by_day.items()) if n}

    @property
    def usual(self) -> int:
        """Half of the days that have documents have so many or more."""
        return median_high(self.counts.values())


def make_archive_page(run: RunData, store: FigureStore) -> ArchivePage:
    """Draw the documents of a run of months, and list what is conspicuous in its archive."""
    health = read_archive_health(run)
    spec = _declare_figure(run, health) if health.documents else None
    in_common = read_sources_in_common(run)
    common = [period for period in in_common if period.period is None]
    common.sort(key=lambda outlet: -outlet.seen)
    common_spec = None
    if common:
        outlet = common[0].outlet
        months = [row for row in in_common if row.outlet == outlet and row.period is not None]
        common_spec = figures.common_spec(outlet, months)

    presences = [
        (grouping, presence) for grouping, named in health.presences.items() for presence in named
    ]
    return ArchivePage(
        health=health,
        figures=store.show_all(spec),
        silent_feeds=read_silent_feeds(run),
        presences=sorted(presences, key=_rank_presence),
        common=common,
        common_figures=store.show_all(common_spec),
    )


def _rank_presence(listed: tuple[Grouping, Presence]) -> tuple[bool, int, str]:
    """Order by documents; an outlet bears on every figure, so outlets come first."""
    grouping, presence = listed
    return grouping != Grouping.OUTLET, -presence.documents, presence.name


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
