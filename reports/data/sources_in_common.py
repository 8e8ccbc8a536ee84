"""Which documents of an outlet several sources hold, and how many there may be in all."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from typing import TypeAlias

import numpy as np
import polars as pl

from reports.data.run_data import RunData, RunJob, once_of_run
from reports.data.stories import read_stories
from reports.frames.reading import load_mentioning
from reports.stats.capture_recapture import (
    Table,
    add_up,
    estimate_from_three,
    estimate_from_two,
    independence_p,
    measure_dispersion,
)
from reports.stats.estimates import Estimate
from reports.stats.intervals import LEVEL

Sources: TypeAlias = frozenset[str]
# The sources that hold a story, its day and its section.
Place: TypeAlias = tuple[Sources, date | None, str]

# The sources with most documents of an outlet are compared.
MOST_SOURCES = 3


@dataclass(frozen=True, slots=True)
class CommonPeriod:
    """What the sources hold of an outlet in a month, or in all months together."""

    outlet: str

    # None for all months together.
    period: str | None

    # The documents of each source, and those of all of them.
    held: Mapping[str, int]
    in_all: int
    seen: int

    # All documents of the outlet, those that no source holds among them.
    total: Estimate

    # The p-value that the sources do not depend on each other; None of two sources.
    independence_p: float | None

    # By keyword, the stories that mention it, of those that all sources hold and of all seen.
    mentioning: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_lower_bound(self) -> bool:
        """Whether more may be missing: nothing says that the sources do not depend."""
        return self.independence_p is None or self.independence_p < LEVEL

    @property
    def has_upper_end(self) -> bool:
        """Whether the sources have enough in common for an upper end of the interval."""
        return math.isfinite(self.total.high)


@dataclass(slots=True)
class _Outlet:
    """What the sources hold of an outlet: the stories of each place, month by month."""

    names: Counter[str] = field(default_factory=Counter)
    months: dict[str, Counter[Place]] = field(default_factory=dict)

    # The stories of each month and set of sources that mention a keyword.
    mentioning: Counter[tuple[str, Sources, str]] = field(default_factory=Counter)


@once_of_run
def read_sources_in_common(run: RunData) -> list[CommonPeriod]:
    """Return what the sources of each outlet hold, of all months, then month by month.

    Outlets of which one source alone has documents are left out.
    """
    return list(_read(run))


def _read(run: RunData) -> Iterator[CommonPeriod]:
    if not run.kind.has_mentions or len(run.month_parameters.sources) < 2:
        return

    outlets: dict[str, _Outlet] = defaultdict(_Outlet)
    for job in run.collecting_jobs:
        mentioning = _read_mentioning(run, job)
        for story in read_stories(run, job):
            outlet, sources = outlets[story.site], frozenset(story.documents)
            outlet.names += story.outlets
            month = outlet.months.setdefault(job.name, Counter())
            month[sources, story.day, story.section] += 1
            held = set(chain.from_iterable(story.documents.values()))
            for keyword, documents in mentioning.items():
                outlet.mentioning[job.name, sources, keyword] += not documents.isdisjoint(held)

    named = {_name(outlet): outlet for outlet in outlets.values()}
    for name in sorted(named):
        yield from _compare(name, named[name])


def _name(outlet: _Outlet) -> str:
    return outlet.names.most_common(1)[0][0]


def _read_mentioning(run: RunData, job: RunJob) -> dict[str, set[int]]:
    """Return the documents of a job that mention each keyword."""
    mentions = load_mentioning(run, job).mentions
    mentioning = {}
    for keyword in run.keywords:
        of_keyword = mentions.filter(pl.col("keyword") == keyword.name)
        mentioning[keyword.name] = set(of_keyword["document"])

    return mentioning


def _compare(name: str, outlet: _Outlet) -> Iterator[CommonPeriod]:
    held = Counter[str]()
    for month in outlet.months.values():
        for (sources, _, _), count in month.items():
            held.update(dict.fromkeys(sources, count))

    compared = sorted(source for source, _ in held.most_common(MOST_SOURCES))
    if len(compared) < 2:
        return

    tables = {period: _tabulate(month, compared) for period, month in sorted(outlet.months.items())}
    p_value = independence_p(list(tables.values())) if len(compared) == MOST_SOURCES else None
    if p_value is None:
        months = [_estimate_from_two(outlet.months[period], compared) for period in tables]
    else:
        are_independent = p_value >= LEVEL
        months = [
            estimate_from_three(table, are_independent=are_independent) for table in tables.values()
        ]

    everything: Table = np.sum(list(tables.values()), axis=0)

    mentioning: dict[str | None, dict[str, tuple[int, int]]] = defaultdict(dict)
    for (month_name, sources, keyword), count in outlet.mentioning.items():
        for period in (None, month_name):
            in_all, seen = mentioning[period].get(keyword, (0, 0))
            in_all += count * sources.issuperset(compared)
            seen += count * (not sources.isdisjoint(compared))
            mentioning[period][keyword] = (in_all, seen)

    together = _describe(name, None, compared, everything, add_up(months), p_value)
    yield replace(together, mentioning=mentioning[None])
    for (period, table), total in zip(tables.items(), months, strict=True):
        of_month = _describe(name, period, compared, table, total, p_value)
        yield replace(of_month, mentioning=mentioning[period])


def _tabulate(month: Counter[Place], compared: Sequence[str]) -> Table:
    table = np.zeros((2,) * len(compared))
    for (sources, _, _), count in month.items():
        table[tuple(int(source in sources) for source in compared)] += count

    table[(0,) * len(compared)] = 0
    return table


def _estimate_from_two(month: Counter[Place], compared: Sequence[str]) -> Estimate:
    """Return the estimate of a month, wider where both sources take whole days or sections."""
    dispersions = [1.0]
    for part in (1, 2):
        clusters: dict[object, Counter[Place]] = defaultdict(Counter)
        for place, count in month.items():
            clusters[place[part]][place] += count

        # A source that knows no sections takes none.
        if not clusters.keys() & {None, ""}:
            shares = [_count_shared(cluster, compared) for cluster in clusters.values()]
            dispersions.append(measure_dispersion(shares))

    return estimate_from_two(*_count_shared(month, compared), max(dispersions))


def _count_shared(places: Counter[Place], compared: Sequence[str]) -> tuple[int, int, int]:
    """Return the documents of the first source, of the second and of both."""
    table = _tabulate(places, compared)
    return int(table[1].sum()), int(table[:, 1].sum()), int(table[1, 1])


def _describe(  # noqa: PLR0917 - they are the parts of one row
    outlet: str,
    period: str | None,
    compared: Sequence[str],
    table: Table,
    total: Estimate,
    p_value: float | None,
) -> CommonPeriod:
    held = {}
    for axis, source in enumerate(compared):
        held[source] = int(np.take(table, 1, axis=axis).sum())

    return CommonPeriod(
        outlet=outlet,
        period=period,
        held=held,
        in_all=int(table[(1,) * table.ndim]),
        seen=int(table.sum()),
        total=total,
        independence_p=p_value,
    )
