"""The days of a run of months: how many documents each has, and what was found in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from analysis import grains
from analysis.parameters import MonthsParameters
from analysis.steps import keywords as keywords_step
from analysis.steps import polarity as polarity_step
from core.enums import DOCUMENTS, Grouping, StepState
from reports.data.daily_counts import (
    find_missing_days,
    no_documents,
    read_daily_counts,
    read_selected_counts,
    read_stored_counts,
)
from reports.data.groupings import (
    Group,
    read_group_counts,
    read_mentioning_groups,
    read_selected_group_counts,
)
from reports.data.month_mentions import Term, read_mentioning_days, read_sentences
from reports.data.run_data import RunData, RunJob
from reports.data.tables.coverage import CoverageRow, read_coverage_grid

_STEPS = (DOCUMENTS, keywords_step.NAME, polarity_step.NAME)  # that decide what a row can hold
_ENDED = (StepState.COMPLETE, StepState.NO_DATA)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: the state of its rows, and whether its counts and polarities are final."""

    state: str | None
    has_counts: bool
    has_polarity: bool

    @classmethod
    def of(cls, coverage: Mapping[str, CoverageRow]) -> Progress:
        """Return how far the job is whose steps *coverage* has."""
        states = {step: coverage[step].state for step in _STEPS if step in coverage}
        if states.get(DOCUMENTS) == StepState.NO_DATA:
            return NO_DATA

        ended = {step for step, state in states.items() if state in _ENDED}
        state = None
        if StepState.FAILED in states.values():
            state = StepState.FAILED.value
        elif len(ended) == len(states):
            state = StepState.COMPLETE.value
        return cls(state, keywords_step.NAME in ended, polarity_step.NAME in ended)

    @classmethod
    def together(cls, parts: Collection[Progress]) -> Progress:
        """Return how far a period is whose days are in several jobs; those without data aside."""
        with_data = set(parts) - {NO_DATA}
        if not with_data:
            return NO_DATA
        states = set(map(attrgetter("state"), with_data))
        failed, complete = StepState.FAILED.value, StepState.COMPLETE.value
        return cls(
            failed if failed in states else complete if states == {complete} else None,
            has_counts=all(map(attrgetter("has_counts"), with_data)),
            has_polarity=all(map(attrgetter("has_polarity"), with_data)),
        )


NO_DATA = Progress(StepState.NO_DATA.value, has_counts=False, has_polarity=False)


@dataclass(frozen=True, slots=True)
class Matches:
    """What a day's documents say of a term: how many match, and the polarity of each mention."""

    matched: int
    polarities: list[float | None]


NO_MATCHES = Matches(0, [])


@dataclass(frozen=True, slots=True)
class ArchiveDay:
    """A day of a month's job, of all documents or of a group."""

    date: date
    job: str
    progress: Progress
    documents: int  # that count
    is_missing: bool  # was not collected: `find_missing_days`, or there is no data of the month
    matches: Mapping[Term, Matches]  # by keyword and term, of terms that were found


@dataclass(frozen=True, slots=True)
class _DailyCounts:
    """The documents of a month, or of a group of them, on each day."""

    chosen: Sequence[int]  # that the run reads
    selected: Sequence[int]  # of them, those that count
    stored: Sequence[int]  # of every section and material: without one, the day has no data


def read_archive_days(
    data: RunData, names: Collection[str] | None = None, groups: Sequence[str] = ()
) -> Iterator[Mapping[Group, ArchiveDay]]:
    """Yield every day of the run's months, with one month's mentions in memory.

    A day is given of all documents together, under None, and of each of *groups*. A day without any
    stored document has no data; one without a document of the run's sections and material is a true
    zero, as a month is. An outlet without any stored document has no data; a section or kind
    without one is a true zero where the archive has others.
    """
    coverage = read_coverage_grid(data, names).jobs
    for job in data.jobs_named(names):
        progress = Progress.of(coverage[job.name])
        by_group = _read_month(data, job, progress, groups)
        for days in zip(*by_group.values(), strict=True):
            yield dict(zip(by_group, days, strict=True))


def _read_month(
    data: RunData, job: RunJob, progress: Progress, groups: Sequence[str]
) -> dict[Group, list[ArchiveDay]]:
    """Return the days of a month, of all documents together and of each group."""
    grouping = data.grouping if groups else None
    counts = _count_days(data, job) if grouping is None else _count_groups(data, job, grouping)
    matches = _find_by_day(data, job, grouping) if progress.has_counts else {}
    together = counts[None]
    nothing = no_documents(job.name)
    days = {}

    for group in (None, *groups):
        by_day = matches.get(group, {})
        if group is None or grouping != Grouping.OUTLET:
            of_group = counts.get(group) or _DailyCounts(nothing, nothing, together.stored)
            days[group] = _list_days(job, progress, of_group, together.chosen, by_day)
        else:
            of_outlet = counts.get(group) or _DailyCounts(nothing, nothing, nothing)
            is_without = job.newest_document is not None and not any(of_outlet.stored)
            of_progress = NO_DATA if is_without else progress
            days[group] = _list_days(job, of_progress, of_outlet, of_outlet.chosen, by_day)
    return days


def _list_days(
    job: RunJob,
    progress: Progress,
    counts: _DailyCounts,
    collected: Sequence[int],
    matches: Mapping[int, Mapping[Term, Matches]],
) -> list[ArchiveDay]:
    """Return each day of a month; *collected* shows which first and last days are missing."""
    first, last = find_missing_days(collected)
    # of a month that holds nothing at all, the job alone says whether that is a zero
    has_gaps = progress.state == StepState.COMPLETE and any(counts.stored)
    has_no_data = progress == NO_DATA
    days = []

    for number, day in enumerate(grains.days_of(job.name)):
        is_edge = number < first or number >= len(collected) - last
        is_gap = has_gaps and not counts.stored[number]
        days.append(
            ArchiveDay(
                day,
                job.name,
                NO_DATA if is_gap else progress,
                counts.selected[number],
                is_edge or has_no_data,
                matches.get(number, {}),
            )
        )
    return days


def _count_days(data: RunData, job: RunJob) -> dict[Group, _DailyCounts]:
    """Return the documents of a month on each day, of all together."""
    empty = no_documents(job.name)
    selected = stored = chosen = read_daily_counts(data, job).get(job.name, empty)
    if data.selection:
        selected = read_selected_counts(data, job).get(job.name, empty)
    if _is_choice(data):
        stored = read_stored_counts(data, job).get(job.name, empty)
    return {None: _DailyCounts(chosen, selected, stored)}


def _count_groups(data: RunData, job: RunJob, grouping: Grouping) -> dict[Group, _DailyCounts]:
    """Return the documents of a month on each day, of all together and of each group."""
    empty = no_documents(job.name)
    selected = stored = chosen = read_group_counts(data, job, grouping)
    if data.selection:
        selected = read_selected_group_counts(data, job, grouping, chosen)
    if _is_choice(data):
        stored = read_group_counts(data, job, grouping, of_all_kinds=True)

    counts: dict[Group, _DailyCounts] = {}
    for group in {**chosen, **stored}:
        in_archive = stored[group if grouping == Grouping.OUTLET else None]
        counts[group] = _DailyCounts(
            chosen.get(group, empty), selected.get(group, empty), in_archive
        )
    return counts


def _is_choice(data: RunData) -> bool:
    assert isinstance(data.parameters, MonthsParameters)  # noqa: S101 - by the run's kind
    return bool(data.parameters.sections) or data.parameters.material is not None


def _find_by_day(
    data: RunData, job: RunJob, grouping: Grouping | None
) -> dict[Group, dict[int, dict[Term, Matches]]]:
    """Return what was found on each day of a month, from 0, by group, keyword and term."""
    sentences = read_sentences(data, job)
    day_of = read_mentioning_days(data, job) if sentences else {}
    group_of = read_mentioning_groups(data, job, grouping) if sentences and grouping else {}
    matches: dict[Group, dict[int, dict[Term, Matches]]] = defaultdict(lambda: defaultdict(dict))

    for term, mentioning in sentences.items():
        matching: dict[tuple[Group, int], set[int]] = defaultdict(set)
        polarities: dict[tuple[Group, int], list[float | None]] = defaultdict(list)
        for (document, _), polarity in mentioning.items():
            day = day_of.get(document)
            if day is None:  # it was erased meanwhile
                continue
            for group in dict.fromkeys((None, group_of.get(document))):
                matching[group, day].add(document)
                polarities[group, day].append(polarity)
        for (group, day), documents in matching.items():
            matches[group][day][term] = Matches(len(documents), polarities[group, day])
    return matches
