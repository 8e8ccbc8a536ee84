"""The counts of jobs day by day: documents, and what mentions each subject among them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from core.enums import StepState
from reports.data.daily_counts import find_missing_days
from reports.frames.frames import Frames
from reports.series.groupings import Groups
from reports.series.progress import Progress

# A row of hits is of a day, a group and a subject: a term of a keyword, or all of its terms
# together, whose term is null. A post has neither.
HIT = ("day", "group", "keyword", "term")

# What is summed over the mentions of a subject, and over the columns of their documents: counts,
# and of mentions with a polarity, which are whole numbers of trillionths, their number and sums.
COUNTS = {
    "matched": pl.col("document").n_unique().cast(pl.Int64),
    "mentions": pl.len().cast(pl.Int64),
}
POLARITIES = {
    "scored": pl.col("polarity").count().cast(pl.Int64),
    "total": pl.col("polarity").sum(),
    "squares": (pl.col("polarity").cast(pl.Int128) ** 2).sum(),
}


@dataclass(frozen=True, slots=True)
class DailyJob:
    """A job that is counted day by day."""

    name: str
    progress: Progress

    # Every day of a month; none of an account or a search, which has the days of its posts.
    days: Sequence[date] = ()

    # A month that is not collected yet lacks no outlet.
    is_collected: bool = True


@dataclass(frozen=True, slots=True)
class Daily:
    """The days of jobs.

    *jobs* has a row for each job: how far it is, and its name as ``account`` where it is one of
    posts. *days* has a row for each job, day and group: ``documents``, those that are ``stored``
    whatever the run chooses, ``has_data``, and ``is_missing`` where a period with the day is not
    whole. The group null is all documents together. *hits* has a row for each job, day, group and
    subject that is mentioned, with the sums of `COUNTS` and `POLARITIES`.
    """

    jobs: pl.DataFrame
    days: pl.DataFrame
    hits: pl.DataFrame


def count_days(
    job: DailyJob, frames: Frames, left_out: Collection[int] = (), groups: Groups | None = None
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return the documents of each day and group of a job, and its hits, to be collected.

    *left_out* are the documents that do not count.
    """
    groups = groups or Groups()
    is_left_out = pl.col("document").is_in(list(left_out))
    documents = frames.documents.lazy().drop_nulls("day")
    split = groups.split(documents.with_columns(chosen=pl.col("chosen") & ~is_left_out))
    counts = split.group_by("day", "group").agg(
        documents=pl.col("chosen").sum().cast(pl.Int64), stored=pl.len().cast(pl.Int64)
    )
    mentions = frames.mentions.lazy()
    if job.days and not job.progress.has_counts:
        mentions = mentions.clear()

    is_post = pl.col("keyword").is_null()
    # A sentence counts once for all terms together, then for each of its terms.
    together = mentions.unique(["keyword", "document", "position"], keep="first")
    of_all = together.with_columns(term=pl.lit(None, pl.Categorical))
    dated = pl.concat([of_all, mentions.filter(~is_post)]).join(
        split.filter("chosen"), on="document"
    )
    hits = dated.group_by(HIT).agg(**COUNTS, **POLARITIES)
    return counts, hits.with_columns(pl.col("keyword", "term").cast(pl.String))


def judge_days(
    jobs: Sequence[DailyJob],
    counts: pl.DataFrame,
    hits: pl.DataFrame,
    *,
    without_days: Collection[date] = (),
    groups: Groups | None = None,
) -> Daily:
    """Return the days of jobs, by the counts and hits of `count_days` and the ``job`` of each.

    A day without any stored document has no data. Neither has one of the days that are left out,
    nor an outlet without a document in the month. A day whose stored documents are all of other
    sections or material is a true zero, and so is a section or kind without documents on a day with
    others. Whether a month lacks its first or last days is a question to the archive: all runs over
    it have the same answer, whatever they chose.
    """
    groups = groups or Groups()
    job_rows = _list_jobs(jobs)
    stored = _join_counts(jobs, counts, groups)
    if not groups.may_be_absent:
        # Sections and kinds are judged by the days of all.
        in_all = pl.col("stored").filter(pl.col("group").is_null()).first()
        stored = stored.with_columns(in_all.over("job", "day"))

    is_empty = pl.col("stored").sum().over("job", "group") == 0
    may_be_absent = pl.col("is_collected") & groups.may_be_absent
    is_absent = pl.col("group").is_not_null() & is_empty & may_be_absent
    is_complete = (pl.col("state") == StepState.COMPLETE).fill_null(value=False)
    # If a month holds nothing at all, the job alone says whether that is a zero.
    is_gap = (pl.col("stored") == 0) & ~is_empty & is_complete
    is_left_out = pl.col("day").is_in(list(without_days))
    is_without_data = (pl.col("state") == StepState.NO_DATA).fill_null(value=False)
    judged = (
        stored.lazy()
        .with_columns(_mark_edges(stored))
        .join(job_rows.lazy(), on="job", maintain_order="left")
    )
    days = judged.select(
        "job",
        "day",
        "group",
        "documents",
        "stored",
        has_data=~(is_gap | is_left_out | is_absent | is_without_data),
        is_missing=pl.col("is_edge") | is_absent | is_without_data,
    )
    return Daily(job_rows, days.collect(), hits)


def _list_jobs(jobs: Sequence[DailyJob]) -> pl.DataFrame:
    """Return the rows of `Daily.jobs`."""
    columns = {
        "job": [job.name for job in jobs],
        "account": [None if job.days else job.name for job in jobs],
        "state": [job.progress.state for job in jobs],
        "has_counts": [job.progress.has_counts for job in jobs],
        "has_polarity": [job.progress.has_polarity for job in jobs],
        "is_collected": [job.is_collected for job in jobs],
    }
    return pl.DataFrame(columns, schema_overrides={"account": pl.String, "state": pl.String})


def _join_counts(jobs: Sequence[DailyJob], counts: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    """Return every day of months, and the days that have posts, with the counts of each group."""
    days = [(job.name, day) for job in jobs for day in job.days]
    grid = pl.LazyFrame(days, {"job": pl.String, "day": pl.Date}, orient="row")
    accounts = [job.name for job in jobs if not job.days]
    rows = counts.lazy()
    posts = rows.filter(pl.col("job").is_in(accounts), pl.col("stored") > 0)
    crossed = pl.concat([grid, posts.select("job", "day")]).join(groups.frame.lazy(), how="cross")
    joined = crossed.join(rows, on=["job", "day", "group"], how="left", nulls_equal=True)
    filled = joined.with_columns(pl.col("documents", "stored").fill_null(0))
    return filled.sort("job", "group", "day").collect()


def _mark_edges(stored: pl.DataFrame) -> pl.Series:
    """Return which days are missing at the edges of their months, which are in order."""
    marks: list[bool] = []
    months = stored.group_by("job", "group", maintain_order=True).agg("stored")
    for counts in months["stored"].to_list():
        n_first, n_last = (0, 0) if all(counts) else find_missing_days(counts)
        marks += [not n_first <= place < len(counts) - n_last for place in range(len(counts))]

    return pl.Series("is_edge", marks, pl.Boolean)
