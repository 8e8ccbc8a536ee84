"""The month in which one term or one keyword overtakes another, tested on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations

from reports.data.tables.keyword_pairs import KeywordPair
from reports.data.tables.periods import PeriodRow, mean_dispersion
from reports.stats.comparing import LEVEL
from reports.stats.paired import sign_tail

# At this level months are excluded in which a keyword may have passed another.
MONTH_LEVEL = 0.05

Pair = tuple[str, str]
# The documents of the first and of the second subject, month by month.
Counts = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Crossover:
    """Before *period* more documents held *before*, from then on more hold *after*."""

    period: str
    before: str
    after: str

    # The documents with `after` and with `before`, earlier and later.
    counts_before: tuple[int, int]
    counts_after: tuple[int, int]

    # The counts vary this many times as much as those of independent documents.
    dispersion: float = 1.0

    # The months from *earliest* to *latest* are not excluded; empty if they were not tested.
    earliest: str = ""
    latest: str = ""


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
    pairs = list(combinations(sorted(counts), 2))
    crossovers = []
    for left, right in pairs:
        pair_counts = [(counts[left][month], counts[right][month]) for month in months]
        dispersion = max(mean_dispersion(series[left]), mean_dispersion(series[right]))
        crossover = _find_crossover(
            (left, right), months, pair_counts, dispersion, LEVEL / len(pairs)
        )
        if crossover is not None:
            crossovers.append(crossover)
    return _sort_by_month(crossovers)


def find_keyword_crossovers(pairs: Sequence[KeywordPair], level: float) -> list[Crossover]:
    """Return where one keyword overtakes another, by month, all of them together at *level*.

    As `find_crossovers`, of the documents that mention one of the two alone: a document with both
    speaks for neither. The months from `earliest` to `latest` are those in which it may have
    happened, with 95 % confidence, if it happened once (`_bound_place`).
    """
    crossovers = []
    for pair in pairs:
        whole = [month for month in pair.months if not month.cut_off]
        months = [month.period for month in whole]
        alone = [(month.counts.only_first, month.counts.only_second) for month in whole]
        crossover = _find_crossover(pair.names, months, alone, pair.dispersion, level / len(pairs))
        if crossover is not None:
            index = months.index(crossover.period)
            earliest, latest = _bound_place(alone, index, crossover.dispersion)
            crossover = replace(crossover, earliest=months[earliest], latest=months[latest])
            matched = [(month.counts.first, month.counts.second) for month in whole]
            crossovers.append(_count_sides(crossover, pair.names, matched, index))
    return _sort_by_month(crossovers)


def _find_crossover(
    subjects: Pair, months: Sequence[str], counts: Counts, dispersion: float, level: float
) -> Crossover | None:
    """Return where one of two overtakes the other at *level*, if anywhere."""
    looks = len(months) - 1
    if looks < 1:
        return None

    index = _best_split([left - right for left, right in counts])
    for overtaken, overtaking in (subjects, subjects[::-1]):
        crossover = Crossover(months[index], overtaken, overtaking, (0, 0), (0, 0), dispersion)
        crossover = _count_sides(crossover, subjects, counts, index)
        if _p_value(crossover) < level / (2 * looks):
            return crossover
    return None


def _count_sides(crossover: Crossover, subjects: Pair, counts: Counts, index: int) -> Crossover:
    """Return *crossover* with the documents before the month at *index*, and from it on."""
    counts_before, counts_after = _sum_counts(counts[:index]), _sum_counts(counts[index:])
    if crossover.after == subjects[0]:
        return replace(crossover, counts_before=counts_before, counts_after=counts_after)
    return replace(crossover, counts_before=counts_before[::-1], counts_after=counts_after[::-1])


def _sum_counts(counts: Counts) -> tuple[int, int]:
    return sum(left for left, _ in counts), sum(right for _, right in counts)


def _add_counts(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    return left[0] + right[0], left[1] + right[1]


def _bound_place(alone: Counts, index: int, dispersion: float) -> tuple[int, int]:
    """Return the first and the last month, by index, in which the overtaking may have happened.

    Had it happened earlier than *index*, the one that overtakes would lead from then on; had it
    happened later, the other would lead until then. A month is excluded if the months between say
    otherwise by the sign test, at `MONTH_LEVEL` divided by the number of other months (Bonferroni):
    the true month is compared with one of them, whichever of them is chosen.
    """
    level = MONTH_LEVEL / max(1, len(alone) - 2)
    earlier_counts = _sum_counts(alone[:index])
    left_led = earlier_counts[0] > earlier_counts[1]
    sums = list(accumulate(alone, _add_counts, initial=(0, 0)))
    possible = []
    for candidate in range(1, len(alone)):
        start, end = sums[min(index, candidate)], sums[max(index, candidate)]
        left, right = end[0] - start[0], end[1] - start[1]
        leader, follower = (left, right) if left_led else (right, left)
        against = (leader, follower) if candidate < index else (follower, leader)
        if sign_tail(against[0] / dispersion, against[1] / dispersion) >= level:
            possible.append(candidate)
    return min(possible), max(possible)


def _sort_by_month(crossovers: Sequence[Crossover]) -> list[Crossover]:
    return sorted(crossovers, key=lambda crossover: (crossover.period, _p_value(crossover)))


def _count_documents(series: Mapping[str, Sequence[PeriodRow]]) -> dict[str, dict[str, int]]:
    """Return the documents of each of *series*, by month; cut-off months are left out."""
    counts: dict[str, dict[str, int]] = {}
    for subject, period_rows in series.items():
        counts[subject] = {}
        for period_row in period_rows:
            if period_row.matched is not None and not period_row.cut_off:
                counts[subject][period_row.period] = period_row.matched
    return counts


def _best_split(leads: Sequence[int]) -> int:
    """Return the index, at least 1, at which *leads* part best into two signs."""
    sums = list(accumulate(leads))
    contrasts = [abs(2 * partial_sum - sums[-1]) for partial_sum in sums[:-1]]
    return contrasts.index(max(contrasts)) + 1


def _p_value(crossover: Crossover) -> float:
    """Return the larger p-value of both sides: each must hold (an intersection-union test)."""
    early_overtaking, early_overtaken = crossover.counts_before
    late_overtaking, late_overtaken = crossover.counts_after
    return max(
        sign_tail(early_overtaken / crossover.dispersion, early_overtaking / crossover.dispersion),
        sign_tail(late_overtaking / crossover.dispersion, late_overtaken / crossover.dispersion),
    )
