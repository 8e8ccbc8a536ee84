"""The cube of a run's counts: documents and mentions by day, term and group.

The cube of a month is folded from what is read of it (`month_counts`), and months, weeks, years,
groups and single days from its arrays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from analysis import grains
from core.enums import Grain, Grouping, StepState
from reports.data.daily_counts import find_missing_days
from reports.data.groupings import Group
from reports.data.month_counts import (
    DocumentCounts,
    read_selected,
    read_selected_mentions,
    read_stored,
)
from reports.data.run_data import RunData, RunJob
from reports.data.run_groups import place_groups
from reports.data.tables.coverage import NO_DATA, Progress, read_coverage_grid

# The name of a keyword, and a term of it; None stands for all terms together.
Term = tuple[str, str | None]

_Integers = NDArray[np.int64]

# The place of all groups together among the groups.
ALL_GROUPS = 0

# The rows of the array of mentions.
_TERM, _GROUP, _DAY = 0, 1, 2


@dataclass(frozen=True)
class Cube:
    """The counts of adjacent days by term, group and day.

    The group at `ALL_GROUPS` has the documents of all, of no listed group among them; a term of
    None all terms of a keyword.
    """

    days: Sequence[date]

    # The name of the job of each day, and how far it is.
    jobs: Sequence[str]
    progress: Sequence[Progress]

    groups: Sequence[Group]
    terms: Sequence[Term]

    # The documents that count, by group and day.
    documents: _Integers

    # Whether a count of the day holds, so that no documents are a true zero; by group and day.
    has_data: NDArray[np.bool_]

    # Whether a period with the day is not whole, by group and day: the day was not collected (see
    # `find_missing_days`), or its month or its group has no data.
    is_missing: NDArray[np.bool_]

    # The documents that match, by term, group and day.
    matched: _Integers

    # A column for each sentence and term: the places of its term, its group and its day, in rows;
    # and its polarity, NaN where it is not known.
    mentions: _Integers
    polarities: NDArray[np.float64]

    @property
    def mention_days(self) -> _Integers:
        """The places of the days of all mentions."""
        days: _Integers = self.mentions[_DAY]
        return days

    def split(self, grain: Grain) -> Iterator[tuple[str, Cube]]:
        """Yield the days of each period."""
        start = 0
        for period, days in groupby(self.days, key=lambda day: grains.period_of(day, grain)):
            stop = start + len(list(days))
            yield period, self._cut(start, stop)
            start = stop

    def _cut(self, start: int, stop: int) -> Cube:
        if (start, stop) == (0, len(self.days)):
            return self

        is_kept = (self.mention_days >= start) & (self.mention_days < stop)
        return replace(
            self,
            days=self.days[start:stop],
            jobs=self.jobs[start:stop],
            progress=self.progress[start:stop],
            documents=self.documents[:, start:stop],
            has_data=self.has_data[:, start:stop],
            is_missing=self.is_missing[:, start:stop],
            matched=self.matched[:, :, start:stop],
            mentions=_move_days(self.mentions[:, is_kept], -start),
            polarities=self.polarities[is_kept],
        )

    def progress_of(self, group: int) -> Progress:
        """Return how far the days with data of a group are together."""
        days_with_data = np.flatnonzero(self.has_data[group]).tolist()
        return Progress.together({self.progress[day] for day in days_with_data})

    def is_cut_off(self, group: int, period: str) -> bool:
        """Return whether days of a period are missing, or lie outside the run."""
        return len(self.days) < grains.count_days(period) or bool(self.is_missing[group].any())

    def select(self, term: int, group: int) -> NDArray[np.bool_]:
        """Return which mentions are of a term in a group."""
        is_of_term: NDArray[np.bool_] = self.mentions[_TERM] == term
        return is_of_term if group == ALL_GROUPS else is_of_term & (self.mentions[_GROUP] == group)


def join_cubes(cubes: Sequence[Cube]) -> Cube:
    """Return the days of several cubes of the same terms and groups."""
    if len(cubes) == 1:
        return cubes[0]

    day_places = np.cumsum([0, *(len(cube.days) for cube in cubes)])
    shifted = [
        _move_days(cube.mentions, start) for cube, start in zip(cubes, day_places[:-1], strict=True)
    ]
    return replace(
        cubes[0],
        days=[day for cube in cubes for day in cube.days],
        jobs=[job for cube in cubes for job in cube.jobs],
        progress=[progress for cube in cubes for progress in cube.progress],
        documents=np.concatenate([cube.documents for cube in cubes], axis=1),
        has_data=np.concatenate([cube.has_data for cube in cubes], axis=1),
        is_missing=np.concatenate([cube.is_missing for cube in cubes], axis=1),
        matched=np.concatenate([cube.matched for cube in cubes], axis=2),
        mentions=np.concatenate(shifted, axis=1),
        polarities=np.concatenate([cube.polarities for cube in cubes]),
    )


def _move_days(mentions: _Integers, days: int) -> _Integers:
    """Return *mentions* with the places of their days moved."""
    moved = mentions.copy()
    moved[_DAY] += days
    return moved


def read_cubes(
    run: RunData,
    grain: Grain,
    job_names: Collection[str] | None = None,
    groups: Sequence[str] = (),
) -> Iterator[tuple[str, Cube]]:
    """Yield each period of the run's months with its days; memory holds one period's mentions."""
    parts = (part for cube in read_months(run, job_names, groups) for part in cube.split(grain))
    for period, period_parts in groupby(parts, key=lambda part: part[0]):
        yield period, join_cubes([cube for _, cube in period_parts])


def read_months(
    run: RunData, job_names: Collection[str] | None = None, groups: Sequence[str] = ()
) -> Iterator[Cube]:
    """Yield the days of each of the run's months.

    A day without any stored document has no data. Neither has an outlet without one, nor a day that
    the selection leaves out. A day whose stored documents are all of other sections or material is
    a true zero, and so is a section or kind without documents on a day with others.
    """
    coverage = read_coverage_grid(run, job_names).jobs
    for job in run.jobs_named(job_names):
        yield _read_month(run, job, Progress.of(coverage[job.name]), groups)


def list_terms(run: RunData) -> list[Term]:
    """Return the keywords in the order of code points, each with None, then with its terms."""
    terms: list[Term] = []
    for keyword in sorted(run.keywords, key=lambda keyword: keyword.name):
        terms += [(keyword.name, term) for term in (None, *sorted(keyword.terms))]

    return terms


def _read_month(run: RunData, job: RunJob, progress: Progress, groups: Sequence[str]) -> Cube:
    """Return the cube of a month."""
    days = grains.days_of(job.name)
    has_data, is_missing = _judge_days(run, job, progress, days, groups)
    documents = _fold_documents(run, read_selected(run, job), days, groups)
    matched, mentions, polarities = _fold_mentions(run, job, progress, days, groups)
    return Cube(
        days=days,
        jobs=[job.name] * len(days),
        progress=[progress] * len(days),
        groups=(None, *groups),
        terms=list_terms(run),
        documents=documents,
        has_data=has_data,
        is_missing=is_missing,
        matched=matched,
        mentions=mentions,
        polarities=polarities,
    )


def _judge_days(
    run: RunData, job: RunJob, progress: Progress, days: Sequence[date], groups: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return `Cube.has_data` and `Cube.is_missing` of a month.

    Whether a month lacks its first or last days is a question to the archive, whatever sections or
    material the run chose: all runs over it have the same answer.
    """
    stored = _fold_documents(run, read_stored(run, job), days, groups)
    is_absent = np.zeros(1 + len(groups), np.bool_)
    if groups and run.grouping == Grouping.OUTLET:
        is_absent[1:] = job.newest_document is not None and ~stored[1:].any(axis=1)
    else:
        # Sections and kinds are judged by the days of all.
        stored = stored[[ALL_GROUPS] * len(stored)]

    # If a month holds nothing at all, the job alone says whether that is a zero.
    has_gaps = np.logical_and(stored.any(axis=1), progress.state == StepState.COMPLETE)
    is_left_out = np.array([day in run.selection.days for day in days])
    is_gap = is_left_out | (has_gaps[:, None] & (stored == 0)) | is_absent[:, None]
    is_edge = np.array([_mark_edges(group_days) for group_days in stored.tolist()])
    is_without_data = progress == NO_DATA
    return ~is_gap & (not is_without_data), is_edge | is_absent[:, None] | is_without_data


def _mark_edges(days: Sequence[int]) -> list[bool]:
    """Return which days are missing at the edges of a month."""
    n_missing_first, n_missing_last = find_missing_days(days)
    end = len(days) - n_missing_last
    return [not n_missing_first <= index < end for index in range(len(days))]


def _fold_documents(
    run: RunData, counts: DocumentCounts, days: Sequence[date], groups: Sequence[str]
) -> _Integers:
    """Return documents by group and day; the first group is of all."""
    folded = np.zeros((1 + len(groups), len(days)), np.int64)
    group_places = place_groups(run, counts.origins, groups)
    np.add.at(folded, (group_places, counts.days - days[0].toordinal()), counts.documents)
    # Until here this row has the documents of no listed group, and no document is in two rows.
    folded[ALL_GROUPS] = folded.sum(axis=0)
    return folded


def _fold_mentions(
    run: RunData, job: RunJob, progress: Progress, days: Sequence[date], groups: Sequence[str]
) -> tuple[_Integers, _Integers, NDArray[np.float64]]:
    """Return the documents that match by term, group and day; and the columns of mentions."""
    places = {term: place for place, term in enumerate(list_terms(run))}
    matched = np.zeros((len(places), 1 + len(groups), len(days)), np.int64)
    columns: list[_Integers] = [np.zeros((3, 0), np.int64)]
    polarities: list[NDArray[np.float64]] = [np.zeros(0)]
    for keyword in run.keywords if progress.has_counts else ():
        mentions = read_selected_mentions(run, job, keyword.name)
        # A sentence counts once for all terms together, then for each of its terms.
        together = _first_of_each_pair(mentions.documents, mentions.positions)
        term_places = np.array(
            [places.get((keyword.name, term), -1) for term in mentions.terms], np.int64
        )
        listed = np.flatnonzero(term_places >= 0)
        indices = np.concatenate([together, listed])
        row_terms = np.concatenate(
            [np.full(len(together), places[keyword.name, None]), term_places[listed]]
        )
        row_groups = place_groups(run, mentions.origins, groups)[indices]
        row_days = mentions.days[indices] - days[0].toordinal()
        keyword_rows = np.stack([row_terms, row_groups, row_days])

        # A document that mentions a term several times matches once.
        distinct = _first_of_each_pair(row_terms, mentions.documents[indices])
        np.add.at(matched, tuple(keyword_rows[:, distinct]), 1)
        columns.append(keyword_rows)
        polarities.append(mentions.polarities[indices])

    matched[:, ALL_GROUPS] = matched.sum(axis=1)
    return matched, np.concatenate(columns, axis=1), np.concatenate(polarities)


def _first_of_each_pair(left: _Integers, right: _Integers) -> NDArray[np.intp]:
    """Return the place of the first of each different pair of values."""
    order = np.lexsort((left, right))
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (np.diff(left[order]) != 0) | (np.diff(right[order]) != 0)
    return order[is_new]
