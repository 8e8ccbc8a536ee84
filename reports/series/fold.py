"""Series: the days of jobs folded into periods, one row for each subject and group."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from analysis import grains
from core.enums import Grain, StepState
from reports.series.daily import COUNTS, POLARITIES, Daily
from reports.series.groupings import Groups

# The form of a period's name: see `analysis.grains`.
_FORMATS = {Grain.DAY: "%Y-%m-%d", Grain.WEEK: "%G-W%V", Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}

# An account or a search has periods of its own; a period of months has no account.
KEY = ("period", "account", "group", "keyword", "term")
_SUMS = (*COUNTS, *POLARITIES)

Subject = tuple[str | None, str | None]


def fold(
    daily: Daily, grain: Grain, subjects: Sequence[Subject], groups: Groups | None = None
) -> pl.DataFrame:
    """Return a row for each period, account, subject and group, in order; zeros and gaps are rows.

    Columns are `KEY`, ``documents``, ``state``, ``has_counts``, ``has_polarity``, ``cut_off``,
    ``job`` (null where a period has days of several), the sums of hits, of which `COUNTS` are null
    where they are not known, and ``dispersion``. A period is as far as those of its days that have
    data. Each post is one that matches, and a mention.
    """
    days = daily.days.lazy().with_columns(period=period_of(grain)).join(daily.jobs.lazy(), on="job")
    periods = _join_days(_sum_days(days))
    hits = _sum_hits(daily.hits.lazy().with_columns(period=period_of(grain)), days)
    rows = _cross(periods, subjects, groups or Groups())
    joined = rows.join(hits, on=KEY, how="left", nulls_equal=True).with_columns(
        pl.col(*_SUMS, "spread").fill_null(0)
    )
    ordered = joined.sort("period", "account", "subject", "group_place")
    is_known = pl.col("account").is_not_null() | pl.col("has_counts")
    known = pl.when(is_known).then(pl.col(*COUNTS))
    return ordered.with_columns(known, dispersion=_measure_dispersion()).collect()


def sum_rows(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Return the rows of each of *keys* together, or of all, as far as they are counted."""
    add_up = rows.group_by(keys, maintain_order=True).agg if keys else rows.select
    summed = add_up(
        pl.col("documents", *COUNTS).filter("has_counts").sum(),
        pl.col(*POLARITIES).filter("has_polarity").sum(),
        pl.col("has_counts", "has_polarity").any(),
        cut_off=pl.lit(value=False),
    )
    nothing = {column: pl.lit(None) for column in rows.columns if column not in summed.columns}
    known = pl.when("has_counts").then(pl.col(*COUNTS))
    return summed.with_columns(known, **nothing)


def period_of(grain: Grain) -> pl.Expr:
    """Return the name of the period that holds each day."""
    return pl.col("day").dt.strftime(_FORMATS[grain])


def _sum_days(days: pl.LazyFrame) -> pl.LazyFrame:
    """Return the days of each period that lie in each job."""
    return days.group_by("job", "period", "group").agg(
        pl.col("documents").sum(),
        pl.col("account", "state", "has_counts", "has_polarity").first(),
        first_day=pl.col("day").min(),
        last_day=pl.col("day").max(),
        days=pl.len(),
        days_with_documents=(pl.col("documents") > 0).sum(),
        is_missing=pl.col("is_missing").any(),
        has_data=pl.col("has_data").any(),
    )


def _sum_hits(hits: pl.LazyFrame, days: pl.LazyFrame) -> pl.LazyFrame:
    """Return the hits of each period, group and subject."""
    day = ["job", "day", "group"]
    with_days = hits.join(days.select(*day, "account", "documents"), on=day, nulls_equal=True)
    # The sum of a job, and that of all, do not depend on the order in which rows were read.
    of_jobs = with_days.sort("job", "day").group_by("job", *KEY, maintain_order=True)
    spread = (pl.col("matched") ** 2 / pl.col("documents")).sum()
    summed = of_jobs.agg(pl.col(*_SUMS).sum(), spread=spread)
    return summed.group_by(KEY).agg(pl.col(*_SUMS, "spread").sum())


def _join_days(parts: pl.LazyFrame) -> pl.LazyFrame:
    """Return the periods, of which each part lies in one job."""
    has_data = pl.col("has_data")

    is_failed = (has_data & (pl.col("state") == StepState.FAILED)).any()
    is_complete = ((pl.col("state") == StepState.COMPLETE) | ~has_data).all()
    state = (
        pl.when(~has_data.any())
        .then(pl.lit(StepState.NO_DATA.value))
        .when(is_failed)
        .then(pl.lit(StepState.FAILED.value))
        .when(is_complete)
        .then(pl.lit(StepState.COMPLETE.value))
    )

    return (
        parts.with_columns(pl.col("state").fill_null(""))
        .sort("period", "job")
        .group_by("period", "account", "group")
        .agg(
            pl.col("documents", "days", "days_with_documents").sum(),
            pl.col("is_missing").any(),
            pl.col("first_day").min(),
            pl.col("last_day").max(),
            state=state,
            has_counts=has_data.any() & (pl.col("has_counts") | ~has_data).all(),
            has_polarity=has_data.any() & (pl.col("has_polarity") | ~has_data).all(),
            job=pl.when(pl.col("job").n_unique() == 1).then(pl.col("job").first()),
        )
    )


def _cross(periods: pl.LazyFrame, subjects: Sequence[Subject], groups: Groups) -> pl.LazyFrame:
    """Return each period and group once for each subject, with the places of both in order."""
    is_of_posts, has_documents = pl.col("account").is_not_null(), pl.col("documents") > 0
    is_part = (pl.col("days") < pl.col("length")) | pl.col("is_missing")
    ends = periods.with_columns(
        start=pl.col("period").map_elements(grains.first_day, pl.Date),
        length=pl.col("period").map_elements(grains.count_days, pl.UInt32),
    )
    cut_off = pl.when(is_of_posts).then(_is_end_of_posts()).otherwise(is_part & has_documents)
    keywords, terms = zip(*subjects, strict=True)
    subject_rows = pl.DataFrame(
        {"keyword": keywords, "term": terms}, {"keyword": pl.String, "term": pl.String}
    ).with_row_index("subject")
    rows = ends.with_columns(cut_off=cut_off).filter(~is_of_posts | has_documents)
    placed = rows.join(
        groups.frame.with_row_index("group_place").lazy(), on="group", how="left", nulls_equal=True
    )
    return placed.drop_nulls("group_place").join(subject_rows.lazy(), how="cross")


def _is_end_of_posts() -> pl.Expr:
    """Return whether an account's first or last period is not whole.

    Nobody knows whether an account was silent before its first known post and after its last, or
    whether the collection ends there. A first period that begins with a post on its first day is
    whole, and so is a last one with a post on its last day.
    """
    first_day, last_day = pl.col("first_day"), pl.col("last_day")
    end = pl.col("start") + pl.duration(days=pl.col("length").cast(pl.Int64) - 1)
    is_first = (first_day == first_day.min().over("account")) & (first_day != pl.col("start"))
    is_last = (last_day == last_day.max().over("account")) & (last_day != end)
    return is_first | is_last


def _measure_dispersion() -> pl.Expr:
    """Return how much more daily shares vary than if documents were independent.

    The formula is that of `measure_dispersion`: of Pearson's χ² the days without a match are one
    sum with the others.
    """
    matched, documents = pl.col("matched"), pl.col("documents")
    share = matched / documents
    squares = pl.col("spread") - matched * share
    is_measured = (pl.col("days_with_documents") > 1) & (matched > 0) & (matched < documents)
    variance = share * (1 - share)
    degrees = pl.col("days_with_documents").cast(pl.Int64) - 1
    return pl.when(is_measured & pl.col("has_counts")).then(squares / variance / degrees)
