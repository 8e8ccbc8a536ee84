"""Shares of periods by rates of all periods, for the categories of a coded sample."""

from __future__ import annotations

from dataclasses import replace

from reports.data.estimate_strata import CodedSubject, join_periods, make_strata
from reports.data.run_data import RunData, once
from reports.stats.pooled_periods import PooledPeriods, pool_periods


@once
def pool_shares(
    run: RunData, subject: CodedSubject, category: str, tail: float
) -> PooledPeriods | None:
    """Return the share of a category in each period, by rates of all.

    *subject* is of the whole run. None where periods are few or nothing is coded.
    """
    periods = dict.fromkeys(
        join_periods(period, subject.grain) for period in subject.sample.periods
    )
    strata = {
        period: make_strata(run, replace(subject, period=period), category)
        for period in periods
        if period
    }
    return pool_periods(strata, tail)
