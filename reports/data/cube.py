"""The cube of a run's counts: documents and mentions by day, term and group, read once by month.

Two things are read of a month: how many documents are of each day and origin, and its mentions.
What a selection leaves out is the same count of other documents, and is subtracted. The cube of a
month is folded from these, and months, weeks, years, groups and single days from its arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import groupby
from math import isnan
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, String, cast, func, select

from analysis import grains
from analysis.kinds.kind import Unit
from analysis.kinds.months import MonthsParameters
from core.enums import Grain, Grouping, StepState
from models.documents import documents_of
from models.origins import ORIGIN_FIELDS, OriginKey, read_origins, select_origins
from models.tables import Document, Mention
from reports.data.daily_counts import find_missing_days
from reports.data.export_schema import valid_polarity
from reports.data.groupings import Group, name_group, origin_column
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, RunJob, document_scope, documents_condition
from reports.data.selection import left_out
from reports.data.tables.coverage import NO_DATA, Progress, read_coverage_grid

# The date of a document. `extract` would not do: SQLite rounds the last moment of a day up.
DATE = func.substr(cast(Document.published_at, String), 1, len("YYYY-MM-DD"))

# The polarity of each sentence, by document and position in the document.
Sentences = dict[tuple[int, int], float | None]

# The name of a keyword, and a term of it; None stands for all terms together.
Term = tuple[str, str | None]

_Integers = NDArray[np.int64]


@dataclass(frozen=True)
class DocumentCounts:
    """How many documents are of a day and an origin: columns of equal length.

    Days are numbers as those of `date.toordinal`. A day and an origin may stand in several rows.
    """

    days: NDArray[np.int32]
    origins: NDArray[np.int32]
    documents: NDArray[np.int32]

    def where(self, is_kept: NDArray[np.bool_]) -> DocumentCounts:
        """Return the rows that are kept."""
        return DocumentCounts(self.days[is_kept], self.origins[is_kept], self.documents[is_kept])

    def subtract(self, other: DocumentCounts) -> DocumentCounts:
        """Return the counts without those of other documents."""
        return DocumentCounts(
            np.concatenate([self.days, other.days]),
            np.concatenate([self.origins, other.origins]),
            np.concatenate([self.documents, -other.documents]),
        )

    def by_period(self, grain: Grain) -> dict[str, list[int]]:
        """Return the documents of each day of the periods in which any day was counted."""
        totals: dict[date, int] = defaultdict(int)
        for ordinal, documents in zip(self.days.tolist(), self.documents.tolist(), strict=True):
            totals[date.fromordinal(ordinal)] += documents
        periods = dict.fromkeys(grains.period_of(day, grain) for day in sorted(totals))
        return {
            period: [totals.get(day, 0) for day in grains.days_of(period)] for period in periods
        }


@dataclass(frozen=True)
class KeywordMentions:
    """The mentions of a keyword in a month: columns of equal length, some 40 bytes each."""

    documents: NDArray[np.int64]
    positions: NDArray[np.int64]
    terms: list[str]

    # NaN where it is not known.
    polarities: NDArray[np.float64]

    # Numbers as those of `date.toordinal`.
    days: NDArray[np.int32]
    origins: NDArray[np.int32]

    def where(self, is_kept: NDArray[np.bool_]) -> KeywordMentions:
        """Return the mentions that are kept."""
        kept_terms = [self.terms[index] for index in np.flatnonzero(is_kept)]
        return KeywordMentions(
            self.documents[is_kept],
            self.positions[is_kept],
            kept_terms,
            self.polarities[is_kept],
            self.days[is_kept],
            self.origins[is_kept],
        )


_NO_MENTIONS = KeywordMentions(
    documents=np.zeros(0, np.int64),
    positions=np.zeros(0, np.int64),
    terms=[],
    polarities=np.zeros(0),
    days=np.zeros(0, np.int32),
    origins=np.zeros(0, np.int32),
)


@dataclass(frozen=True)
class Cube:
    """The counts of adjacent days by term, group and day.

    The first group has the documents of all; a term of None all terms of a keyword.
    """

    days: Sequence[date]

    # The name of the job of each day, and how far it is.
    jobs: Sequence[str]
    progress: Sequence[Progress]

    groups: Sequence[Group]
    terms: Sequence[Term]

    # The documents that count, by group and day.
    documents: _Integers

    # Whether the archive has documents of the day, by group and day.
    has_data: NDArray[np.bool_]

    # Whether the day was not collected (see `find_missing_days`), or its month has no data.
    is_missing: NDArray[np.bool_]

    # The documents that match, by term, group and day.
    matched: _Integers

    # A row for each sentence and term: the places of its term, its group and its day, and its
    # polarity, NaN where it is not known.
    mentions: _Integers
    polarities: NDArray[np.float64]

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
        is_kept = (self.mentions[2] >= start) & (self.mentions[2] < stop)
        return replace(
            self,
            days=self.days[start:stop],
            jobs=self.jobs[start:stop],
            progress=self.progress[start:stop],
            documents=self.documents[:, start:stop],
            has_data=self.has_data[:, start:stop],
            is_missing=self.is_missing[:, start:stop],
            matched=self.matched[:, :, start:stop],
            mentions=np.subtract(self.mentions[:, is_kept], [[0], [0], [start]]),
            polarities=self.polarities[is_kept],
        )

    def progress_of(self, group: int) -> Progress:
        """Return how far the days are together; those of a group without documents are none."""
        days_with_data = np.flatnonzero(self.has_data[group]).tolist()
        return Progress.together({self.progress[day] for day in days_with_data})

    def is_part(self, group: int, period: str) -> bool:
        """Return whether days of a period are missing, or lie outside the run."""
        return len(self.days) < grains.count_days(period) or bool(self.is_missing[group].any())

    def select(self, term: int, group: int) -> NDArray[np.bool_]:
        """Return which mentions are of a term in a group."""
        is_of_term: NDArray[np.bool_] = self.mentions[0] == term
        return is_of_term & (self.mentions[1] == group) if group else is_of_term


def join_cubes(cubes: Sequence[Cube]) -> Cube:
    """Return the days of several cubes of the same terms and groups."""
    if len(cubes) == 1:
        return cubes[0]
    day_places = np.cumsum([0, *(len(cube.days) for cube in cubes)])
    shifted = [
        np.add(cube.mentions, [[0], [0], [start]])
        for cube, start in zip(cubes, day_places[:-1], strict=True)
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


def read_cubes(
    run: RunData,
    grain: Grain,
    job_names: Collection[str] | None = None,
    groups: Sequence[str] = (),
) -> Iterator[tuple[str, Cube]]:
    """Yield each period of the run's months with its days; memory holds the mentions of one."""
    parts = (part for cube in read_months(run, job_names, groups) for part in cube.split(grain))
    for period, period_parts in groupby(parts, key=lambda part: part[0]):
        yield period, join_cubes([cube for _, cube in period_parts])


def read_months(
    run: RunData, job_names: Collection[str] | None = None, groups: Sequence[str] = ()
) -> Iterator[Cube]:
    """Yield the days of each of the run's months.

    A day without any stored document has no data, and neither has a day that the selection leaves
    out; one without a document of the run's sections and material is a true zero, as a month is. An
    outlet without any stored document has no data; a section or kind without one is a true zero
    where the archive has others.
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
    days = grains.days_of(job.name)
    stored = _fold_documents(run, read_stored(run, job), days, groups)
    collected = _fold_documents(run, read_documents(run, job), days, groups)
    is_by_outlet = bool(groups) and run.grouping == Grouping.OUTLET
    is_absent = np.zeros(1 + len(groups), np.bool_)
    if not is_by_outlet:
        stored, seen = stored[[0] * len(is_absent)], collected[[0] * len(is_absent)]
    else:
        seen = collected
        is_absent[1:] = job.newest_document is not None and ~stored[1:].any(axis=1)

    # If a month holds nothing at all, the job alone says whether that is a zero.
    has_gaps = np.logical_and(stored.any(axis=1), progress.state == StepState.COMPLETE)
    is_left_out = np.array([day in run.selection.days for day in days])
    is_gap = is_left_out | (has_gaps[:, None] & (stored == 0)) | is_absent[:, None]
    is_edge = np.array([_mark_edges(group_days) for group_days in seen.tolist()])
    matched, mentions, polarities = _fold_mentions(run, job, progress, days, groups)
    return Cube(
        days=days,
        jobs=[job.name] * len(days),
        progress=[progress] * len(days),
        groups=(None, *groups),
        terms=list_terms(run),
        documents=_fold_documents(run, read_selected(run, job), days, groups),
        has_data=~is_gap & (progress != NO_DATA),
        is_missing=is_edge | is_absent[:, None] | (progress == NO_DATA),
        matched=matched,
        mentions=mentions,
        polarities=polarities,
    )


def _mark_edges(days: Sequence[int]) -> list[bool]:
    """Return which days are missing at the edges of a month."""
    missing_first, missing_last = find_missing_days(days)
    last = len(days) - missing_last
    return [not missing_first <= index < last for index in range(len(days))]


def _fold_documents(
    run: RunData, counts: DocumentCounts, days: Sequence[date], groups: Sequence[str]
) -> _Integers:
    """Return documents by group and day; the first group is of all."""
    folded = np.zeros((1 + len(groups), len(days)), np.int64)
    group_places = _place_groups(run, counts.origins, groups)
    np.add.at(folded, (group_places, counts.days - days[0].toordinal()), counts.documents)
    folded[0] = folded.sum(axis=0)
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
        together = _find_distinct(mentions.documents, mentions.positions)
        term_places = np.array(
            [places.get((keyword.name, term), -1) for term in mentions.terms], np.int64
        )
        listed = np.flatnonzero(term_places >= 0)
        indices = np.concatenate([together, listed])
        row_terms = np.concatenate(
            [np.full(len(together), places[keyword.name, None]), term_places[listed]]
        )
        row_groups = _place_groups(run, mentions.origins, groups)[indices]
        row_days = mentions.days[indices] - days[0].toordinal()
        keyword_rows = np.stack([row_terms, row_groups, row_days])

        distinct = _find_distinct(row_terms, mentions.documents[indices])
        np.add.at(matched, tuple(keyword_rows[:, distinct]), 1)
        columns.append(keyword_rows)
        polarities.append(mentions.polarities[indices])

    matched[:, 0] = matched.sum(axis=1)
    return matched, np.concatenate(columns, axis=1), np.concatenate(polarities)


def _find_distinct(left: _Integers, right: _Integers) -> NDArray[np.intp]:
    """Return the place of a row of each different pair."""
    order = np.lexsort((left, right))
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (np.diff(left[order]) != 0) | (np.diff(right[order]) != 0)
    return order[is_new]


# --- what is read of a month ---


def read_stored(run: RunData, job: RunJob) -> DocumentCounts:
    """Return the documents of a job, of every section and material."""
    is_of_job = documents_of(document_scope(run, job).of_all_kinds)
    return run.readings.once((read_stored, job.id), lambda: _count_documents(run, [is_of_job]))


def read_documents(run: RunData, job: RunJob) -> DocumentCounts:
    """Return the documents that a job reads; what the run's selection leaves out counts too."""
    stored = read_stored(run, job)
    if run.kind.unit == Unit.POST or not _is_choice(run):
        return stored
    return stored.where(np.isin(stored.origins, _list_chosen_origins(run)))


def read_selected(run: RunData, job: RunJob) -> DocumentCounts:
    """Return the documents of a job that the run's selection leaves."""
    documents = read_documents(run, job)
    return documents.subtract(_read_left_out(run, job)) if run.selection else documents


def _read_left_out(run: RunData, job: RunJob) -> DocumentCounts:
    batches = in_batches(left_out(run, job))
    return run.selected_readings.once(
        (_read_left_out, job.id),
        lambda: _count_documents(run, [Document.id.in_(batch) for batch in batches]),
    )


def _count_documents(run: RunData, conditions: Iterable[ColumnElement[bool]]) -> DocumentCounts:
    """Count the documents that fulfil any of *conditions*, which no document fulfils twice."""
    counted: list[tuple[int, int, int]] = []
    statement = select(DATE, Document.origin_id, func.count()).where(Document.period.is_not(None))
    grouped = statement.group_by(DATE, Document.origin_id).order_by(DATE, Document.origin_id)
    for condition in conditions:
        for day, origin_id, documents in fetch_all(run.db, grouped.where(condition)):
            counted.append((date.fromisoformat(day).toordinal(), origin_id, documents))
    return DocumentCounts(*np.array(counted, np.int32).reshape(-1, 3).T)


def count_days(run: RunData) -> dict[date, int]:
    """Return the documents that the run reads on every day of its months that have any."""
    counts: dict[date, int] = {}
    for job in run.jobs:
        for month, documents in read_documents(run, job).by_period(Grain.MONTH).items():
            counts.update(zip(grains.days_of(month), documents, strict=True))
    return counts


def read_month_mentions(run: RunData, job: RunJob) -> Mapping[str, KeywordMentions]:
    """Return the mentions of a month by keyword, whatever the selection leaves out."""
    return run.readings.once((read_month_mentions, job.id), partial(_read_mentions, run, job))


def read_selected_mentions(run: RunData, job: RunJob, keyword_name: str) -> KeywordMentions:
    """Return the mentions of a keyword in the documents that the run's selection leaves."""
    mentions = read_month_mentions(run, job).get(keyword_name, _NO_MENTIONS)
    without = left_out(run, job)
    if not without:
        return mentions
    return mentions.where(~np.isin(mentions.documents, np.fromiter(without, np.int64)))


def read_sentences(run: RunData, job: RunJob, keyword_name: str) -> Sentences:
    """Return each sentence that mentions a keyword, in the documents that the selection leaves."""
    mentions = read_selected_mentions(run, job, keyword_name)
    places = zip(mentions.documents.tolist(), mentions.positions.tolist(), strict=True)
    polarities = mentions.polarities.tolist()
    return dict(zip(places, [None if isnan(score) else score for score in polarities], strict=True))


def _read_mentions(run: RunData, job: RunJob) -> dict[str, KeywordMentions]:
    columns = (Mention.keyword, Mention.document_id, Mention.position, Mention.term)
    statement = select(*columns, Mention.polarity, DATE, Document.origin_id)
    joined = statement.join(Document, Document.id == Mention.document_id)
    is_of_job = (Mention.job_id == job.id, documents_condition(run, job))
    by_keyword: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for keyword_name, *cells in fetch_all(run.db, joined.where(*is_of_job)):
        by_keyword[keyword_name].append(tuple(cells))

    mentions = {}
    for keyword_name, rows in by_keyword.items():
        documents, positions, terms, stored_polarities, days, origins = zip(*rows, strict=True)
        polarities = [valid_polarity(polarity) for polarity in stored_polarities]
        mentions[keyword_name] = KeywordMentions(
            documents=np.array(documents, np.int64),
            positions=np.array(positions, np.int64),
            terms=[intern(term) for term in terms],
            polarities=np.array(polarities, np.float64),
            days=np.array([date.fromisoformat(day).toordinal() for day in days], np.int32),
            origins=np.array(origins, np.int32),
        )
    return mentions


# --- groups ---


def list_groups(run: RunData) -> list[str]:
    """Return the groups of a run, in the order of code points; none where it has no grouping.

    They are those that documents of its months have, and those that its parameters name.
    """
    if run.grouping is None:
        return []
    return run.readings.once(list_groups, partial(_find_groups, run, run.grouping))


def _find_groups(run: RunData, grouping: Grouping) -> list[str]:
    group_names: set[str] = set()
    for job in run.jobs:
        group_names.update(name_origins(run, grouping, read_documents(run, job).origins))
    folded = {group_name.casefold() for group_name in group_names}
    chosen = _choose(run.month_parameters, grouping)
    absent = [group_name for group_name in chosen if group_name.casefold() not in folded]
    return sorted([*group_names, *absent])


def _choose(parameters: MonthsParameters, grouping: Grouping) -> Collection[str]:
    match grouping:
        case Grouping.OUTLET:
            return parameters.outlets
        case Grouping.SECTION:
            return parameters.sections
        case Grouping.KIND:
            return () if parameters.material is None else (parameters.material,)


def name_origins(run: RunData, grouping: Grouping, origins: NDArray[np.int32]) -> list[str]:
    """Return the name of the group of each origin."""
    return [name_group(stored_name) for stored_name in _read_names(run, grouping, origins)]


def _read_names(run: RunData, grouping: Grouping, origins: NDArray[np.int32]) -> list[str]:
    """Return what is stored of each origin, "" where it is not known; each origin is read once."""
    keys: dict[int, OriginKey] = run.readings.once(_read_names, dict)
    origin_ids = origins.tolist()
    missing = set(origin_ids) - keys.keys()
    if missing:
        with run.db.read() as connection:
            keys.update(read_origins(connection, missing))
    field = ORIGIN_FIELDS.index(origin_column(grouping).key)
    return [keys[origin_id][field] for origin_id in origin_ids]


def _place_groups(run: RunData, origins: NDArray[np.int32], groups: Sequence[str]) -> _Integers:
    """Return the place of the group of each origin; 0 for an origin of none of *groups*."""
    if not groups or run.grouping is None:
        return np.zeros(len(origins), np.int64)
    places = {group_name: place for place, group_name in enumerate(groups, 1)}
    group_names = name_origins(run, run.grouping, origins)
    return np.array([places.get(group_name, 0) for group_name in group_names], np.int64)


def list_stored_days(run: RunData, job: RunJob) -> dict[str, tuple[int, ...]]:
    """Return the days of a month, from 1, on which each outlet has documents of any section.

    They tell gaps from zeros. A run that reads every section and material needs none.
    """
    if run.kind.unit != Unit.MENTION or not _is_choice(run):
        return {}
    stored = read_stored(run, job)
    days: dict[str, set[int]] = defaultdict(set)
    outlets = _read_names(run, Grouping.OUTLET, stored.origins)
    for outlet, ordinal in zip(outlets, stored.days.tolist(), strict=True):
        days[outlet].add(date.fromordinal(ordinal).day)
    return {outlet: tuple(sorted(outlet_days)) for outlet, outlet_days in sorted(days.items())}


def _is_choice(run: RunData) -> bool:
    parameters = run.month_parameters
    return bool(parameters.sections) or parameters.material is not None


def _list_chosen_origins(run: RunData) -> list[int]:
    """Return the origins of the sections and the material that the run reads."""
    parameters = run.month_parameters
    materials = [] if parameters.material is None else [parameters.material]
    statement = select_origins(section=parameters.sections, material=materials)
    return run.readings.once(_list_chosen_origins, lambda: list(fetch_scalars(run.db, statement)))
