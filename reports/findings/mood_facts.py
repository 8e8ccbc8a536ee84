"""Facts about the mean polarity that an engine gives: an index, and the period that stands out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Fact
from reports.stats.intervals import TAIL, t_quantile
from reports.stats.thresholds import FEWEST_OF_GROUP, LEAST_DIFFERENCE

# The topic of these facts.
MOOD = ("mood",)


def find_mood_facts(
    subject: str, period_rows: Sequence[PeriodRow], unit: str, engines: Sequence[str] = ()
) -> list[Fact]:
    """Return the period whose mean polarity differs most from the mean of all; none if none does.

    *unit* is "mention" or "post". Means of several *engines* are on different scales and are not
    compared.
    """
    if len(engines) > 1:
        return [Fact("several engines", subject, ("engines",), (), {"engines": engines})]

    scored = list_scored_periods(period_rows)
    compared = [period_row for period_row in scored if _n(period_row) >= FEWEST_OF_GROUP]
    if len(compared) < 3:
        return []

    overall, _ = pool_means(scored)
    unusual = max(compared, key=lambda period_row: abs(_mean(period_row) - overall))
    apart = abs(_mean(unusual) - overall)
    if apart < max(LEAST_DIFFERENCE, _half_width(unusual, looks=len(compared))):
        return []

    mean, n = _mean(unusual), _n(unusual)
    figures = {
        "period": unusual.period,
        "mean": mean,
        "n": n,
        "unit": unit,
        "overall": overall,
        "is_high": mean > overall,
    }
    answer = (unusual.period, "highest" if mean > overall else "lowest")
    interest = min(0.25, apart)
    return [Fact("unusual mean", subject, MOOD, answer, figures, means=(mean,), interest=interest)]


def _half_width(scored_row: PeriodRow, looks: int) -> float:
    """Return half of the interval of a mean that is the furthest of several (Bonferroni)."""
    if scored_row.polarity_half is None:
        return math.inf

    degrees = _n(scored_row) - 1
    return scored_row.polarity_half * t_quantile(degrees, TAIL / looks) / t_quantile(degrees)


def list_scored_periods(
    period_rows: Sequence[PeriodRow], *, with_cut_off: bool = False
) -> list[PeriodRow]:
    """Return the periods that have a mean polarity; whole ones, unless *with_cut_off*."""
    return [
        period_row
        for period_row in period_rows
        if period_row.polarity_mean is not None
        and period_row.polarity_n
        and (with_cut_off or not period_row.cut_off)
    ]


def pool_means(scored_rows: Sequence[PeriodRow]) -> tuple[float, int]:
    """Return the mean of all polarities of several periods, and their number."""
    n = sum(_n(period_row) for period_row in scored_rows)
    return math.fsum(_n(period_row) * _mean(period_row) for period_row in scored_rows) / n, n


def _mean(scored_row: PeriodRow) -> float:
    return scored_row.polarity_mean or 0.0


def _n(scored_row: PeriodRow) -> int:
    return scored_row.polarity_n or 0
