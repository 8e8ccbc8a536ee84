"""The counts of a job day by day: documents, and what mentions each subject among them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from analysis import grains
from core.enums import Grain, StepState
from reports.data.daily_counts import find_missing_days
from reports.frames.frames import Frames
from reports.series.groupings import Groups
from reports.series.progress import NO_DATA, Progress

# A row of hits is of a day, a group and a subject: a term of a keyword, or all of its terms
# together, whose term is null. A post has neither.
HIT = ("day", "group", "keyword", "term")


@dataclass(frozen=True, slots=True)
class Daily:
    """The days of a job.

    *days* has a row for each day and group: ``documents``, ``has_data``, and ``is_missing`` where a
    period with the day is not whole. The group null is all documents together. *hits* has a row for
    each day, group and subject that is mentioned: ``matched`` documents, ``mentions``, and of the
    mentions with a polarity ``scored``, ``total`` and ``squares``, in trillionths.
    """

    job: str
    progress: Progress
    days: pl.DataFrame
    hits: pl.DataFrame


def count_month(
    job: str,
    progress: Progress,
    frames: Frames,
    days: Sequence[date],
    *,
    without_days: Collection[date] = (),
    groups: Groups | None = None,
    is_collected: bool = True,
) -> Daily:
    """Count the *days* of a month; *without_days* are those that are left out.

    A day without any stored document has no data. Neither has a day that is left out, nor an outlet
    without a document in the month. A day whose stored documents are all of other sections or
    material is a true zero, and so is a section or kind without documents on a day with others.
    Whether a month lacks its first or last days is a question to the archive: all runs over it
    have the same answer, whatever they chose. A month that is not collected yet lacks no outlet.
    """
    groups = groups or Groups()
    grid = pl.DataFrame({"day": days}, {"day": pl.Date}).join(groups.frame, how="cross")
    counts = (
        groups.split(frames.documents)
        .group_by("day", "group")
        .agg(documents=pl.col("chosen").sum().cast(pl.Int64), stored=pl.len().cast(pl.Int64))
    )
    joined = grid.join(counts, on=["day", "group"], how="left", nulls_equal=True)
    stored = joined.with_columns(pl.col("documents", "stored").fill_null(0)).sort("group", "day")
    if not groups.may_be_absent:
        # Sections and kinds are judged by the days of all.
        in_all = stored.filter(pl.col("group").is_null()).select("day", "stored")
        stored = stored.drop("stored").join(in_all, on="day", how="left", maintain_order="left")

    is_empty = pl.col("stored").sum().over("group") == 0
    may_be_absent = groups.may_be_absent and is_collected
    is_absent = pl.col("group").is_not_null() & is_empty & may_be_absent
    is_complete = progress.state == StepState.COMPLETE
    # If a month holds nothing at all, the job alone says whether that is a zero.
    is_gap = (pl.col("stored") == 0) & ~is_empty & is_complete
    is_left_out = pl.col("day").is_in(list(without_days))
    is_without_data = progress == NO_DATA
    judged = stored.with_columns(_mark_edges(stored["stored"].to_list(), len(days))).select(
        "day",
        "group",
        "documents",
        has_data=~(is_gap | is_left_out | is_absent | is_without_data),
        is_missing=pl.col("is_edge") | is_absent | is_without_data,
    )
    hits = count_hits(frames, groups) if progress.has_counts else _NO_HITS
    return Daily(job, progress, judged, hits)


def count_posts(job: str, progress: Progress, frames: Frames) -> Daily:
    """Count the days of an account or a search that have posts; each post is a mention."""
    dated = frames.chosen.drop_nulls("day")
    days = dated.group_by("day").agg(documents=pl.len().cast(pl.Int64))
    has_data = pl.lit(value=True)
    rows = days.select(
        "day",
        "documents",
        group=pl.lit(None, pl.String),
        has_data=has_data,
        is_missing=~has_data,
    )
    return Daily(job, progress, rows, count_hits(frames, Groups()))


def count_hits(frames: Frames, groups: Groups) -> pl.DataFrame:
    """Return the rows of `Daily.hits`."""
    is_post = pl.col("keyword").is_null()
    # A sentence counts once for all terms together, then for each of its terms.
    together = frames.mentions.unique(["keyword", "document", "position"], keep="first")
    of_all = together.with_columns(term=pl.lit(None, pl.Categorical))
    mentions = pl.concat([of_all, frames.mentions.filter(~is_post)])
    days = groups.split(frames.chosen.drop_nulls("day"))
    dated = mentions.join(days.select("document", "day", "group"), on="document")
    polarity = pl.col("polarity")
    counted = dated.group_by(HIT).agg(
        matched=pl.col("document").n_unique().cast(pl.Int64),
        mentions=pl.len().cast(pl.Int64),
        scored=polarity.count().cast(pl.Int64),
        total=polarity.sum(),
        squares=(polarity.cast(pl.Int128) ** 2).sum(),
    )
    return counted.with_columns(pl.col("keyword", "term").cast(pl.String))


def count_by_period(frames: Frames, grain: Grain) -> dict[str, list[int]]:
    """Return the chosen documents of each day of the periods in which any day has some."""
    days = frames.chosen.drop_nulls("day").group_by("day").len().sort("day")
    counts: dict[date, int] = dict(days.iter_rows())
    periods = dict.fromkeys(grains.period_of(day, grain) for day in counts)
    return {period: [counts.get(day, 0) for day in grains.days_of(period)] for period in periods}


_NO_HITS = pl.DataFrame(
    schema={
        "day": pl.Date,
        **dict.fromkeys(HIT[1:], pl.String),
        **dict.fromkeys(("matched", "mentions", "scored", "total"), pl.Int64),
        "squares": pl.Int128,
    }
)


def _mark_edges(stored: Sequence[int], n_days: int) -> pl.Series:
    """Return which days are missing at the edges of a month of *n_days*, group after group."""
    marks: list[bool] = []
    for start in range(0, len(stored), n_days or 1):
        n_first, n_last = find_missing_days(stored[start : start + n_days])
        marks += [not n_first <= place < n_days - n_last for place in range(n_days)]

    return pl.Series("is_edge", marks, pl.Boolean)
