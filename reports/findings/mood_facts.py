"""Facts about the mean polarity that an engine gives: an index, highest and lowest."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analysis.grains import grain_of
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Fact

# A mean of fewer polarities is not compared: single sentences move it.
FEWEST_POLARITIES = 30
# Means that differ by less are not ranked: nobody would call the moods different. Nor are those
# whose intervals overlap.
LEAST_DIFFERENCE = 0.05
# Periods whose means differ by less share the highest or lowest place; at most so many are named.
EQUAL_DIFFERENCE = 0.01
MOST_NAMED = 3


def find_mood_facts(
    subject: str, period_rows: Sequence[PeriodRow], unit: str, engines: Sequence[str] = ()
) -> list[Fact]:
    """Return the mean polarity of *subject*, with its highest and its lowest period.

    *unit* is "mention" or "post". Means of several *engines* are on different scales and are not
    compared.
    """
    if len(engines) > 1:
        return [Fact("several engines", subject, ("engines",), (), {"engines": engines})]

    compared = [
        period_row
        for period_row in list_scored_periods(period_rows)
        if _n(period_row) >= FEWEST_POLARITIES
    ]
    if len(compared) < 3:
        return []

    highest, lowest = max(compared, key=_mean), min(compared, key=_mean)
    highest_low = -1.0 if highest.polarity_low is None else highest.polarity_low
    lowest_high = 1.0 if lowest.polarity_high is None else lowest.polarity_high
    apart = _mean(highest) - _mean(lowest)
    if apart < LEAST_DIFFERENCE or highest_low <= lowest_high:
        return []

    scored = list_scored_periods(period_rows, with_cut_off=True)
    overall, n = pool_means(scored)
    highest_rows, lowest_rows = _list_equals(compared, highest), _list_equals(compared, lowest)
    figures = {
        "mean": overall,
        "n": n,
        "unit": unit,
        "grain": grain_of(highest.period),
        "fewest": FEWEST_POLARITIES,
        "highest": _name(highest_rows),
        "lowest": _name(lowest_rows),
    }
    return [
        Fact(
            "mean",
            subject,
            ("mood",),
            tuple(period_row.period for period_row in (*highest_rows, *lowest_rows)),
            figures,
            means=(overall, _mean(highest), _mean(lowest)),
            interest=min(0.7, apart),
        )
    ]


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


def _list_equals(scored_rows: Sequence[PeriodRow], extreme: PeriodRow) -> list[PeriodRow]:
    """Return the periods whose means hardly differ from an extreme one, in their order."""
    return [
        period_row
        for period_row in scored_rows
        if abs(_mean(period_row) - _mean(extreme)) < EQUAL_DIFFERENCE
    ]


def _name(scored_rows: Sequence[PeriodRow]) -> list[dict[str, object]]:
    """Return each period with its mean and how many it is of, or many periods together."""
    if len(scored_rows) <= MOST_NAMED:
        return [
            {"periods": [period_row.period], "mean": _mean(period_row), "n": _n(period_row)}
            for period_row in scored_rows
        ]

    middle = math.fsum(_mean(period_row) for period_row in scored_rows) / len(scored_rows)
    return [{"periods": [period_row.period for period_row in scored_rows], "mean": middle}]
