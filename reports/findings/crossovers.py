"""The month in which one term or one keyword overtakes another, tested on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations

from reports.data.tables.keyword_pairs import KeywordPair
from reports.data.tables.periods import PeriodRow, mean_dispersion
from reports.stats.comparing import LEVEL
from reports.stats.paired import sign_tail

MONTH_LEVEL = 0.05  # at which months are excluded in which a keyword may have passed another

Pair = tuple[str, str]
Counts = Sequence[tuple[int, int]]  # of each month: documents of the first, and of the second


@dataclass(frozen=True)
class Crossover:
    """Before *period* more documents held *before*, from then on more hold *after*."""

    period: str
    before: str
    after: str
    counts_before: tuple[int, int]  # documents with `after`, with `before`
    counts_after: tuple[int, int]
    dispersion: float = 1.0  # of the two, by which documents go together
    earliest: str = ""  # and `latest`: the months that are not excluded, where they were tested
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
    for one, other in pairs:
        of_pair = [(counts[one][month], counts[other][month]) for month in months]
        dispersion = max(mean_dispersion(series[one]), mean_dispersion(series[other]))
        crossover = _find_crossover((one, other), months, of_pair, dispersion, LEVEL / len(pairs))
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
            place = months.index(crossover.period)
            earliest, latest = _bound_place(alone, place, crossover.dispersion)
            crossover = replace(crossover, earliest=months[earliest], latest=months[latest])
            matched = [(month.counts.first, month.counts.second) for month in whole]
            crossovers.append(_count_sides(crossover, pair.names, matched, place))
    return _sort_by_month(crossovers)


def _find_crossover(
    names: Pair, months: Sequence[str], counts: Counts, dispersion: float, level: float
) -> Crossover | None:
    """Return where one of two overtakes the other at *level*, if anywhere."""
    looks = len(months) - 1
    if looks < 1:
        return None
    place = _best_split([first - second for first, second in counts])
    for before, after in (names, names[::-1]):
        crossover = Crossover(months[place], before, after, (0, 0), (0, 0), dispersion)
        crossover = _count_sides(crossover, names, counts, place)
        if _p_value(crossover) < level / (2 * looks):
            return crossover
    return None


def _count_sides(crossover: Crossover, names: Pair, counts: Counts, place: int) -> Crossover:
    """Return *crossover* with the documents before *place* and from it on."""
    before, after = _sum_counts(counts[:place]), _sum_counts(counts[place:])
    if crossover.after == names[0]:
        return replace(crossover, counts_before=before, counts_after=after)
    return replace(crossover, counts_before=before[::-1], counts_after=after[::-1])


def _sum_counts(counts: Counts) -> tuple[int, int]:
    return sum(first for first, _ in counts), sum(second for _, second in counts)


def _add_counts(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _bound_place(alone: Counts, place: int, dispersion: float) -> tuple[int, int]:
    """Return the first and the last place that may be that of the one overtaking.

    Had it happened earlier than *place*, the one that overtakes would lead from then on; had it
    happened later, the other would lead until then. A place is excluded where the months between
    say otherwise by the sign test, at `MONTH_LEVEL` divided by the other places (Bonferroni): the
    true place is compared with one of them, whichever of them is chosen.
    """
    level = MONTH_LEVEL / max(1, len(alone) - 2)
    before = _sum_counts(alone[:place])
    first_led = before[0] > before[1]
    sums = list(accumulate(alone, _add_counts, initial=(0, 0)))
    kept = []
    for other in range(1, len(alone)):
        start, end = sums[min(place, other)], sums[max(place, other)]
        first, second = end[0] - start[0], end[1] - start[1]
        leader, follower = (first, second) if first_led else (second, first)
        against = (leader, follower) if other < place else (follower, leader)
        if sign_tail(against[0] / dispersion, against[1] / dispersion) >= level:
            kept.append(other)
    return min(kept), max(kept)


def _sort_by_month(crossovers: Sequence[Crossover]) -> list[Crossover]:
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


def _p_value(crossover: Crossover) -> float:
    """Return the larger p-value of both sides: each must hold (an intersection-union test)."""
    after_before, before_before = crossover.counts_before
    after_after, before_after = crossover.counts_after
    return max(
        sign_tail(before_before / crossover.dispersion, after_before / crossover.dispersion),
        sign_tail(after_after / crossover.dispersion, before_after / crossover.dispersion),
    )
