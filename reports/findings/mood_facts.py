"""Facts about the mean polarity that an engine gives: an index, highest and lowest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.grains import grain_of
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Finding, fact
from reports.words.periods import period_name
from reports.words.quantities import join_words, quantity, signed

# A mean of fewer polarities is not compared: single sentences move it.
FEWEST_POLARITIES = 30
# Means that differ by less are not ranked: nobody would call the moods different. Nor are those
# whose intervals overlap.
LEAST_DIFFERENCE = 0.05
# Periods whose means differ by less share the highest or lowest place; at most so many are named.
EQUAL_DIFFERENCE = 0.01
MOST_NAMED = 3


@dataclass(frozen=True)
class Mean:
    """The mean polarity of *n* mentions or posts of a period or subject."""

    name: str
    mean: float
    n: int

    # The 95 % interval of the mean if its values were drawn at random.
    low: float = -1.0
    high: float = 1.0


def state_mood(
    subject: str, period_rows: Sequence[PeriodRow], unit: str, engines: Sequence[str] = ()
) -> list[Finding]:
    """State the mean polarity of *subject*, with its highest and its lowest period.

    The rows count what has a polarity as their mentions; *unit* is "mention" or "post". Means of
    several *engines* are on different scales and are not compared.
    """
    if len(engines) > 1:
        text = (
            f"The mood around {subject} is not compared over time: {join_words(engines)} have "
            "scored it, each on a scale of its own."
        )
        return [fact(("engines",), (), text)]

    means = list_means(period_rows, with_cut_off=True)
    whole_means = list_means(period_rows)
    compared = [mean for mean in whole_means if mean.n >= FEWEST_POLARITIES]
    if len(compared) < 3:
        return []

    highest = max(compared, key=lambda mean: mean.mean)
    lowest = min(compared, key=lambda mean: mean.mean)
    if highest.mean - lowest.mean < LEAST_DIFFERENCE or highest.low <= lowest.high:
        return []

    n = sum(mean.n for mean in means)
    overall = overall_mean(means)
    noun = grain_of(highest.name)
    highest_means, lowest_means = _list_equals(compared, highest), _list_equals(compared, lowest)
    text = (
        f"The engine's mean polarity for {subject} is {signed(overall)} ({n:,} {unit}s); of the "
        f"{noun}s with at least {FEWEST_POLARITIES} it is highest in "
        f"{_describe(highest_means, unit)} and lowest in {_describe(lowest_means, unit)}."
    )
    clause = (
        f"the mean is {signed(overall)}; of the {noun}s with at least {FEWEST_POLARITIES} it is "
        f"highest in {_describe(highest_means)} and lowest in {_describe(lowest_means)}"
    )
    answer = tuple(mean.name for mean in (*highest_means, *lowest_means))
    named = overall, highest.mean, lowest.mean
    interest = min(0.7, highest.mean - lowest.mean)
    return [fact(("mood",), answer, text, clause=clause, means=named, interest=interest)]


def list_means(period_rows: Sequence[PeriodRow], *, with_cut_off: bool = False) -> list[Mean]:
    """Return the mean polarity of each period that has one; whole ones, unless *with_cut_off*."""
    means = []
    for row in period_rows:
        if row.polarity_mean is None or not row.mentions or (row.cut_off and not with_cut_off):
            continue

        low = -1.0 if row.polarity_low is None else row.polarity_low
        high = 1.0 if row.polarity_high is None else row.polarity_high
        means.append(Mean(row.period, row.polarity_mean, row.mentions, low, high))

    return means


def overall_mean(means: Sequence[Mean]) -> float:
    """Return the mean of all polarities that *means* are of."""
    return math.fsum(mean.n * mean.mean for mean in means) / sum(mean.n for mean in means)


def _list_equals(means: Sequence[Mean], extreme: Mean) -> list[Mean]:
    """Return the means that hardly differ from an extreme one, in the order of their periods."""
    return [mean for mean in means if abs(mean.mean - extreme.mean) < EQUAL_DIFFERENCE]


def _describe(means: Sequence[Mean], unit: str = "") -> str:
    """Name periods with their means, and how many a *unit* counts; many by their number alone."""
    if len(means) > MOST_NAMED:
        middle = math.fsum(mean.mean for mean in means) / len(means)
        return f"{quantity(len(means), grain_of(means[0].name))} (about {signed(middle)})"

    names = []
    for mean in means:
        n = f", {mean.n:,} {unit}s" if unit else ""
        names.append(f"{period_name(mean.name, '%B %Y')} ({signed(mean.mean)}{n})")

    return join_words(names)
