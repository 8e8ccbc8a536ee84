"""The months of accounts and searches, with silent months as zeros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, select

from analysis import grains
from core.enums import Grain, StepState
from models.tables import Document, PostPolarity
from reports.data.queries import Statement, index_by
from reports.data.run_data import RunData, RunJob, documents_condition
from reports.data.tables.periods import PeriodRow

#: A silence of a year or longer is missing data and no row of zeros. The key is the grain, the
#: value the number of periods in a year.
SILENCE = {Grain.DAY: 365, Grain.WEEK: 52, Grain.MONTH: 12, Grain.YEAR: 1}


def fill_periods(known_rows: Sequence[PeriodRow]) -> list[PeriodRow]:
    """Return every period from the first known post to the last.

    A period without a post is a zero. A silence of a year or longer is missing data, since nobody
    knows whether the account said nothing or the archive has a gap.
    """
    if not known_rows:
        return []

    rows_by_period = index_by("period", known_rows)
    first_period, last_period = min(rows_by_period), max(rows_by_period)
    silence = SILENCE[grains.grain_of(first_period)]
    periods: list[PeriodRow] = []
    silent: list[str] = []
    for period in grains.list_periods(first_period, last_period):
        if period not in rows_by_period:
            silent.append(period)
            continue

        for silent_period in silent:
            periods.append(
                _silent_period(known_rows[0], silent_period, is_zero=len(silent) < silence)
            )

        periods.append(rows_by_period[period])
        silent.clear()

    return periods


def _silent_period(known_row: PeriodRow, period: str, *, is_zero: bool) -> PeriodRow:
    """Return the row of a *period* without posts, of the account whose row is *known_row*."""
    return PeriodRow(
        run=known_row.run,
        period=period,
        handle=known_row.handle,
        keyword=known_row.keyword,
        term=known_row.term,
        state=known_row.state if is_zero else StepState.NO_DATA.value,
        documents=0,
        matched=0 if is_zero else None,
        mentions=0 if is_zero else None,
        share=None,
        share_low=None,
        share_high=None,
        polarity_mean=None,
        polarity_low=None,
        polarity_high=None,
        job=known_row.job,
    )


def select_posts(data: RunData, job: RunJob, *columns: Any) -> Statement:
    """Select *columns* of a job's documents and, last, their polarity."""
    scored = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id)
    statement = select(*columns, PostPolarity.polarity).outerjoin(PostPolarity, scored)
    return statement.where(documents_condition(data, job))
