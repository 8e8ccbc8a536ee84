"""The series of a run, from the frames of its jobs and what the run's selection leaves out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from core.enums import Grain, Grouping
from core.progress import track
from reports.data.run_data import NO_SELECTION, RunData, RunJob, once, once_of_run
from reports.data.selection import left_out
from reports.data.tables.coverage import read_coverage_grid
from reports.frames.frames import Frames
from reports.frames.reading import gather, load_frames, load_mentioning
from reports.series.daily import Daily, DailyJob, count_days, judge_days
from reports.series.fold import Subject, fold
from reports.series.groupings import GROUPINGS, Groups, name_groups
from reports.series.progress import Progress


def select_frames(run: RunData, job: RunJob) -> Frames:
    """Return the documents of a job that have a mention, but for what the selection leaves out."""
    return load_mentioning(run, job).leave_out(left_out(run, job))


def list_subjects(run: RunData) -> list[Subject]:
    """Return the keywords in the order of code points, each with None, then with its terms.

    Posts are of no keyword and no term.
    """
    subjects: list[Subject] = []
    for keyword in sorted(run.keywords, key=lambda keyword: keyword.name):
        subjects += [(keyword.name, term) for term in (None, *sorted(keyword.terms))]

    return subjects or [(None, None)]


def read_groups(run: RunData) -> Groups:
    """Return the groups of a run, in the order of code points; none where it has no grouping.

    They are those that documents of its months have, and those that its parameters name.
    """
    if run.grouping is None:
        return Groups()

    return Groups(run.grouping, _name_groups(run, run.grouping))


@once_of_run
def _name_groups(run: RunData, grouping: Grouping) -> list[str]:
    def select_names(_: RunJob, frames: Frames) -> list[pl.LazyFrame]:
        return [frames.chosen.lazy().select(group=name_groups(grouping).unique())]

    (found,) = gather(run, run.jobs, select_names)
    names = set(found["group"])
    asked = GROUPINGS[grouping].asked(run.month_parameters)
    folded = {name.casefold() for name in names}
    return sorted([*names, *(name for name in asked if name.casefold() not in folded)])


def list_stored_days(run: RunData, job: RunJob) -> dict[str, tuple[int, ...]]:
    """Return the days of a month, from 1, of each outlet's documents that the run does not read.

    A day stands there once for each document. They tell gaps from zeros, and whether the archive
    ends within the month.
    """
    if not run.kind.has_mentions:
        return {}

    unread = load_frames(run, job).documents.filter(~pl.col("chosen"))
    days = unread.select(pl.col("outlet").cast(pl.String), pl.col("day").dt.day()).sort("day")
    by_outlet = days.group_by("outlet", maintain_order=True).agg("day").sort("outlet")
    return {outlet: tuple(outlet_days) for outlet, outlet_days in by_outlet.iter_rows()}


def read_groups_of(run: RunData, job: RunJob, document_ids: Collection[int]) -> dict[int, str]:
    """Return the group of each of these documents of a job; nothing without a grouping."""
    if run.grouping is None:
        return {}

    is_asked = pl.col("document").is_in(list(document_ids))
    documents = load_frames(run, job).documents.filter(is_asked)
    return dict(documents.select("document", name_groups(run.grouping)).iter_rows())


def read_daily(
    run: RunData, job_names: Collection[str] | None = None, groups: Groups | None = None
) -> Daily:
    """Return the counts of jobs day by day, without what the run's selection leaves out."""
    if job_names is None and groups is None:
        return _count_all_days(run)

    return _count_days(run, job_names, groups or Groups())


@once
def _count_all_days(run: RunData) -> Daily:
    return _count_days(run, None, Groups())


def read_days(run: RunData) -> pl.DataFrame:
    """Return the days of the months that hold any document, whatever the selection leaves out.

    They have the documents that the run reads, and those that are ``stored``: of every section and
    material.
    """
    days = read_daily(replace(run, selection=NO_SELECTION)).days
    return days.filter(pl.col("stored").sum().over("job") > 0)


def _count_days(run: RunData, job_names: Collection[str] | None, groups: Groups) -> Daily:
    coverage, jobs = read_coverage_grid(run, job_names).jobs, run.jobs_named(job_names)
    daily_jobs = {}
    for job in jobs:
        states = {step: row.state for step, row in coverage[job.name].items()}
        is_collected = job.newest_document is not None
        daily_jobs[job.id] = DailyJob(job.name, Progress.of(states), job.days, is_collected)

    def count(job: RunJob, frames: Frames) -> tuple[pl.LazyFrame, ...]:
        return count_days(daily_jobs[job.id], frames, left_out(run, job), groups)

    counts, hits = gather(run, track("counting", jobs), count)
    return judge_days(
        list(daily_jobs.values()), counts, hits, without_days=run.selection.days, groups=groups
    )


def read_series(
    run: RunData,
    grain: Grain,
    job_names: Collection[str] | None = None,
    groups: Groups | None = None,
) -> pl.DataFrame:
    """Return the rows of `fold`: of the keywords of a run of months, or of posts."""
    return fold(read_daily(run, job_names, groups), grain, list_subjects(run), groups)
