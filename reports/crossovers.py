"""The month in which one term or one subject overtakes another, tested on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations

from scipy.special import betainc

from reports.comparing import LEVEL
from reports.tables.periods import PeriodRow, mean_dispersion


@dataclass(frozen=True)
class Crossover:
    """Before *period* more documents held *before*, from then on more hold *after*."""

    period: str
    before: str
    after: str
    counts_before: tuple[int, int]  # documents with `after`, with `before`
    counts_after: tuple[int, int]
    dispersion: float = 1.0  # of the two, by which documents go together


def find_crossovers(series: Mapping[str, Sequence[PeriodRow]]) -> list[Crossover]:
    """Return where one of *series* overtakes another, by month.

    For each pair the month is chosen that parts the months best: those in which one leads from
    those in which the other does. Both parts are compared by the sign test (J. Arbuthnott 1710):
    of the documents that hold one of the two, is it one as often as the other? A document with
    both adds one to each, which errs on the safe side. Documents that go together count for fewer,
    as `Share.discount` says. Both must say so at `LEVEL`, divided by the
    number of pairs, of months that could have been chosen, and of directions (Bonferroni).
    """
    counts = _count_documents(series)
    months = sorted(set.intersection(*map(set, counts.values()))) if counts else []
    looks = len(months) - 1
    pairs = list(combinations(sorted(counts), 2))
    crossovers = []
    for one, other in pairs if looks > 0 else ():
        leads = [counts[one][month] - counts[other][month] for month in months]
        place = _best_split(leads)
        for before, after in ((one, other), (other, one)):
            crossover = Crossover(
                months[place],
                before,
                after,
                _sum_counts(counts, (after, before), months[:place]),
                _sum_counts(counts, (after, before), months[place:]),
                max(mean_dispersion(series[one]), mean_dispersion(series[other])),
            )
            if _p_value(crossover) < LEVEL / (2 * looks * len(pairs)):
                crossovers.append(crossover)
    return sorted(crossovers, key=lambda crossover: (crossover.period, _p_value(crossover)))


def _count_documents(series: Mapping[str, Sequence[PeriodRow]]) -> dict[str, dict[str, int]]:
    """Return the documents of each of *series*, by month; cut-off months are left out."""
    counts: dict[str, dict[str, int]] = {}
    for name, rows in series.items():
        counts[name] = {}
        for row in rows:
            if row.matched is not None and not row.cut_off:
                counts[name][row.period] = row.matched
    return counts


def _best_split(leads: Sequence[int]) -> int:
    """Return the place from 1 at which *leads* part best into two signs."""
    sums = list(accumulate(leads))
    contrasts = [abs(2 * before - sums[-1]) for before in sums[:-1]]
    return contrasts.index(max(contrasts)) + 1


def _sum_counts(
    counts: Mapping[str, Mapping[str, int]], pair: tuple[str, str], months: Sequence[str]
) -> tuple[int, int]:
    first, second = pair
    return (
        sum(counts[first][month] for month in months),
        sum(counts[second][month] for month in months),
    )


def _p_value(crossover: Crossover) -> float:
    """Return the larger p-value of both sides: each must hold (an intersection-union test)."""
    after_before, before_before = crossover.counts_before
    after_after, before_after = crossover.counts_after
    return max(
        _sign_test(before_before / crossover.dispersion, after_before / crossover.dispersion),
        _sign_test(after_after / crossover.dispersion, before_after / crossover.dispersion),
    )


def _sign_test(more: float, fewer: float) -> float:
    """Return the probability of *more* or more heads in *more* + *fewer* throws of a coin."""
    return float(betainc(more, fewer + 1, 0.5)) if more else 1.0
