"""Series: the days of jobs folded into periods, one row for each subject and group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from analysis import grains
from core.enums import Grain, StepState
from reports.series.daily import Daily
from reports.series.groupings import Groups

# The form of a period's name: see `analysis.grains`.
_FORMATS = {Grain.DAY: "%Y-%m-%d", Grain.WEEK: "%G-W%V", Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}

KEY = ("period", "group", "keyword", "term")
_SUMS = ("matched", "mentions", "scored", "total", "squares")

Subject = tuple[str | None, str | None]


def fold(
    parts: Sequence[Daily], grain: Grain, subjects: Sequence[Subject], groups: Groups | None = None
) -> pl.DataFrame:
    """Return a row for each period, subject and group, in this order; zeros and gaps are rows.

    Columns are `KEY`, ``documents``, ``state``, ``has_counts``, ``has_polarity``, ``cut_off``,
    ``job`` (null where a period has days of several), the sums of hits, of which ``matched`` and
    ``mentions`` are null where they are not known, and ``dispersion``. A period is as far as those
    of its days that have data.
    """
    if not parts:
        return pl.DataFrame()

    days = _stack([part.days for part in parts], grain)
    hits = _stack([part.hits for part in parts], grain)
    periods = _join_days(_sum_days(days, parts))
    hits = _sum_hits(hits, days)
    rows = _cross(periods, subjects, groups or Groups())
    joined = rows.join(hits, on=KEY, how="left", nulls_equal=True).with_columns(
        pl.col(*_SUMS, "spread").fill_null(0)
    )
    ordered = joined.sort("period", "subject", "group_place")
    sums = (pl.when("has_counts").then(column).alias(column) for column in ("matched", "mentions"))
    return ordered.with_columns(*sums, dispersion=_measure_dispersion())


def period_of(grain: Grain) -> pl.Expr:
    """Return the name of the period that holds each day."""
    return pl.col("day").dt.strftime(_FORMATS[grain])


def _stack(frames: Sequence[pl.DataFrame], grain: Grain) -> pl.DataFrame:
    """Return the rows of all parts, each with the number of its part and its period."""
    part = np.repeat(np.arange(len(frames)), list(map(len, frames)))
    return pl.concat(frames).with_columns(part=pl.Series(part), period=period_of(grain))


def _sum_days(days: pl.DataFrame, parts: Sequence[Daily]) -> pl.DataFrame:
    """Return the days of each period that lie in each part, and how far its job is."""
    jobs = pl.DataFrame(
        {
            "part": range(len(parts)),
            "job": [part.job for part in parts],
            "job_state": [part.progress.state for part in parts],
            "job_has_counts": [part.progress.has_counts for part in parts],
            "job_has_polarity": [part.progress.has_polarity for part in parts],
        },
        schema_overrides={"part": pl.Int64, "job_state": pl.String},
    )
    summed = days.group_by("part", "period", "group").agg(
        pl.col("documents").sum(),
        days=pl.len(),
        days_with_documents=(pl.col("documents") > 0).sum(),
        is_missing=pl.col("is_missing").any(),
        has_data=pl.col("has_data").any(),
    )
    return summed.join(jobs, on="part")


def _sum_hits(hits: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return the hits of each period, group and subject."""
    day = ["part", "day", "group"]
    with_documents = hits.join(days.select(*day, "documents"), on=day, nulls_equal=True)
    # The sum of a part, and that of all, do not depend on the order in which rows were read.
    of_parts = with_documents.sort("part", "day").group_by("part", *KEY, maintain_order=True)
    spread = (pl.col("matched") ** 2 / pl.col("documents")).sum()
    summed = of_parts.agg(pl.col(*_SUMS).sum(), spread=spread)
    return summed.group_by(KEY).agg(pl.col(*_SUMS, "spread").sum())


def _join_days(parts: pl.DataFrame) -> pl.DataFrame:
    """Return the periods, of which each part lies in one job."""
    has_data = pl.col("has_data")

    is_failed = (has_data & (pl.col("job_state") == StepState.FAILED)).any()
    is_complete = ((pl.col("job_state") == StepState.COMPLETE) | ~has_data).all()
    state = (
        pl.when(~has_data.any())
        .then(pl.lit(StepState.NO_DATA.value))
        .when(is_failed)
        .then(pl.lit(StepState.FAILED.value))
        .when(is_complete)
        .then(pl.lit(StepState.COMPLETE.value))
    )

    return (
        parts.with_columns(pl.col("job_state").fill_null(""))
        .sort("period", "job")
        .group_by("period", "group")
        .agg(
            pl.col("documents", "days", "days_with_documents").sum(),
            pl.col("is_missing").any(),
            state=state,
            has_counts=has_data.any() & (pl.col("job_has_counts") | ~has_data).all(),
            has_polarity=has_data.any() & (pl.col("job_has_polarity") | ~has_data).all(),
            job=pl.when(pl.col("job").n_unique() == 1).then(pl.col("job").first()),
        )
    )


def _cross(periods: pl.DataFrame, subjects: Sequence[Subject], groups: Groups) -> pl.DataFrame:
    """Return each period and group once for each subject, with the places of both in order."""
    days_of_period = pl.col("period").map_elements(grains.count_days, pl.UInt32)
    is_cut_off = (pl.col("days") < days_of_period) | pl.col("is_missing")
    keywords, terms = zip(*subjects, strict=True)
    subject_rows = pl.DataFrame(
        {"keyword": keywords, "term": terms}, {"keyword": pl.String, "term": pl.String}
    ).with_row_index("subject")
    rows = periods.with_columns(cut_off=is_cut_off & (pl.col("documents") > 0))
    placed = rows.join(
        groups.frame.with_row_index("group_place"), on="group", how="left", nulls_equal=True
    )
    return placed.drop_nulls("group_place").join(subject_rows, how="cross")


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
