"""The days of a run of months: how many documents each has, and what was found in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from analysis import grains
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

# These steps decide what a row can hold.
_STEPS = (DOCUMENTS, keywords_step.NAME, polarity_step.NAME)
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
        """Return how far a period is whose days lie in several jobs; some may have no data."""
        known_parts = set(parts) - {NO_DATA}
        if not known_parts:
            return NO_DATA
        states = {part.state for part in known_parts}
        failed, complete = StepState.FAILED.value, StepState.COMPLETE.value
        return cls(
            failed if failed in states else complete if states == {complete} else None,
            has_counts=all(part.has_counts for part in known_parts),
            has_polarity=all(part.has_polarity for part in known_parts),
        )


NO_DATA = Progress(StepState.NO_DATA.value, has_counts=False, has_polarity=False)


@dataclass(frozen=True, slots=True)
class Matches:
    """The matches of a term on a day: the number of documents and the polarity of each mention."""

    matched: int
    polarities: list[float | None]


NO_MATCHES = Matches(0, [])


@dataclass(frozen=True, slots=True)
class ArchiveDay:
    """The documents of a month's job on one day: all of them, or those of a group."""

    date: date
    job: str
    progress: Progress

    # The number of documents that count.
    documents: int

    # True if the day was not collected: see `find_missing_days`; or its month has no data.
    is_missing: bool

    # The matches of the terms that were found, by keyword and term.
    matches: Mapping[Term, Matches]


@dataclass(frozen=True, slots=True)
class _DailyCounts:
    """The documents of a month, or of a group of them, on each day."""

    # The documents that the run reads.
    chosen: Sequence[int]

    # The documents among these that count.
    selected: Sequence[int]

    # The documents of every section and material; a day without one has no data.
    stored: Sequence[int]


def read_archive_days(
    run: RunData, job_names: Collection[str] | None = None, groups: Sequence[str] = ()
) -> Iterator[Mapping[Group, ArchiveDay]]:
    """Yield every day of the run's months, with one month's mentions in memory.

    Each day has the documents of all groups together, under None, and those of each of *groups*. A
    day without any stored document has no data, and neither has a day that the selection leaves
    out; one without a document of the run's sections and material is a true zero, as a month is. An
    outlet without any stored document has no data; a section or kind without one is a true zero
    where the archive has others.
    """
    coverage = read_coverage_grid(run, job_names).jobs
    for job in run.jobs_named(job_names):
        progress = Progress.of(coverage[job.name])
        days_by_group = _read_month(run, job, progress, groups)
        for days in zip(*days_by_group.values(), strict=True):
            yield dict(zip(days_by_group, days, strict=True))


def _read_month(
    run: RunData, job: RunJob, progress: Progress, groups: Sequence[str]
) -> dict[Group, list[ArchiveDay]]:
    """Return the days of a month, for all documents together and for each group."""
    grouping = run.grouping if groups else None
    counts = _count_days(run, job) if grouping is None else _count_groups(run, job, grouping)
    matches = _find_by_day(run, job, grouping) if progress.has_counts else {}
    together = counts[None]
    nothing = no_documents(job.name)
    days = {}

    for group in (None, *groups):
        matches_by_day = matches.get(group, {})
        if group is None or grouping != Grouping.OUTLET:
            group_counts = counts.get(group) or _DailyCounts(nothing, nothing, together.stored)
            days[group] = _list_days(
                job,
                progress,
                group_counts,
                together.chosen,
                matches_by_day,
                left_out_days=run.selection.days,
            )
        else:
            outlet_counts = counts.get(group) or _DailyCounts(nothing, nothing, nothing)
            is_without = job.newest_document is not None and not any(outlet_counts.stored)
            outlet_progress = NO_DATA if is_without else progress
            days[group] = _list_days(
                job,
                outlet_progress,
                outlet_counts,
                outlet_counts.chosen,
                matches_by_day,
                left_out_days=run.selection.days,
            )
    return days


def _list_days(
    job: RunJob,
    progress: Progress,
    counts: _DailyCounts,
    collected: Sequence[int],
    matches: Mapping[int, Mapping[Term, Matches]],
    *,
    left_out_days: Collection[date],
) -> list[ArchiveDay]:
    """Return each day of a month; *collected* shows which first and last days are missing.

    A day that the selection leaves out has no data, since nothing of it counts, and is not missing.
    """
    missing_first, missing_last = find_missing_days(collected)
    # If a month holds nothing at all, the job alone says whether that is a zero.
    has_gaps = progress.state == StepState.COMPLETE and any(counts.stored)
    has_no_data = progress == NO_DATA
    days = []

    for index, day in enumerate(grains.days_of(job.name)):
        is_edge = index < missing_first or index >= len(collected) - missing_last
        is_gap = day in left_out_days or (has_gaps and not counts.stored[index])
        days.append(
            ArchiveDay(
                day,
                job.name,
                NO_DATA if is_gap else progress,
                counts.selected[index],
                is_edge or has_no_data,
                matches.get(index, {}),
            )
        )
    return days


def _count_days(run: RunData, job: RunJob) -> dict[Group, _DailyCounts]:
    """Return a month's documents on each day, all together."""
    empty = no_documents(job.name)
    selected = stored = chosen = read_daily_counts(run, job).get(job.name, empty)
    if run.selection:
        selected = read_selected_counts(run, job).get(job.name, empty)
    if _is_choice(run):
        stored = read_stored_counts(run, job).get(job.name, empty)
    return {None: _DailyCounts(chosen, selected, stored)}


def _count_groups(run: RunData, job: RunJob, grouping: Grouping) -> dict[Group, _DailyCounts]:
    """Return a month's documents on each day, all together and by group."""
    empty = no_documents(job.name)
    selected = stored = chosen = read_group_counts(run, job, grouping)
    if run.selection:
        selected = read_selected_group_counts(run, job, grouping, chosen)
    if _is_choice(run):
        stored = read_group_counts(run, job, grouping, of_all_kinds=True)

    counts: dict[Group, _DailyCounts] = {}
    for group in {**chosen, **stored}:
        stored_days = stored[group if grouping == Grouping.OUTLET else None]
        counts[group] = _DailyCounts(
            chosen.get(group, empty), selected.get(group, empty), stored_days
        )
    return counts


def _is_choice(run: RunData) -> bool:
    parameters = run.month_parameters
    return bool(parameters.sections) or parameters.material is not None


def _find_by_day(
    run: RunData, job: RunJob, grouping: Grouping | None
) -> dict[Group, dict[int, dict[Term, Matches]]]:
    """Return what was found on each day of a month, from 0, by group, keyword and term."""
    sentences = read_sentences(run, job)
    day_of = read_mentioning_days(run, job) if sentences else {}
    group_of = read_mentioning_groups(run, job, grouping) if sentences and grouping else {}
    matches: dict[Group, dict[int, dict[Term, Matches]]] = defaultdict(lambda: defaultdict(dict))

    for term, mentioning in sentences.items():
        matching: dict[tuple[Group, int], set[int]] = defaultdict(set)
        polarities: dict[tuple[Group, int], list[float | None]] = defaultdict(list)
        for (document, _), polarity in mentioning.items():
            day = day_of.get(document)
            if day is None:
                # The document was erased meanwhile.
                continue
            for group in dict.fromkeys((None, group_of.get(document))):
                matching[group, day].add(document)
                polarities[group, day].append(polarity)
        for (group, day), documents in matching.items():
            matches[group][day][term] = Matches(len(documents), polarities[group, day])
    return matches
