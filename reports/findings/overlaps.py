"""Why months are not told apart although their 95 % intervals in the table do not overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from analysis.grains import grain_of
from reports.data.tables.periods import PeriodRow, mean_dispersion
from reports.stats.comparing import LEVEL, Comparison, Share, compare_shares
from reports.words.periods import period_name
from reports.words.quantities import join_words

NAMED = 4  # months that are named

Pair = tuple[str, str]


def find_separate(
    intervals: Mapping[str, tuple[float, float]], comparison: Comparison
) -> list[Pair]:
    """Return the pairs of compared months whose *intervals* do not overlap, the surest first."""
    by_p_value = {}
    for first, second in combinations(range(len(comparison.names)), 2):
        pair = comparison.names[first], comparison.names[second]
        (low, high), (other_low, other_high) = intervals[pair[0]], intervals[pair[1]]
        if high < other_low or other_high < low:
            by_p_value[pair] = comparison.single[first, second]
    return sorted(by_p_value, key=by_p_value.__getitem__)


def explain_strict_level(separate: Sequence[Pair]) -> str:
    """Return a sentence on *separate* pairs of months, which no highlight tells apart."""
    if not separate:
        return ""
    return f"{_name_pairs(separate)}, but that is not beyond the strict level of this page."


def explain_share_overlaps(rows: Sequence[PeriodRow], comparison: Comparison) -> str:
    """Return why months are not told apart whose shares' intervals in *rows* do not overlap.

    Where the shares differ, only the highest and those that may be as high are looked at. The
    intervals take documents for independent; where the test does so as well and tells months apart,
    it is their bursts that hide the difference.
    """
    intervals = {}
    for row in rows:
        if row.share_low is not None and row.share_high is not None:
            intervals[row.period] = row.share_low, row.share_high
    separate = find_separate(intervals, comparison)
    differs = comparison.differs(LEVEL)
    if differs:
        highest = comparison.list_highest(LEVEL)
        top = max(zip(comparison.values, comparison.names, strict=True))[1]
        separate = [pair for pair in separate if top in pair and set(pair) <= set(highest)]
    if not separate:
        return ""
    if not _is_hidden_by_bursts(rows, separate, differs=differs):
        return explain_strict_level(separate)

    burst = max(rows, key=lambda row: row.dispersion or 0.0)
    return (
        f"{_name_pairs(separate)}, but mentions came in bursts, most of all in "
        f"{_month(burst.period)} (its days vary {burst.dispersion:.2g} times as much as chance "
        "allows)."
    )


def _is_hidden_by_bursts(
    rows: Sequence[PeriodRow], separate: Sequence[Pair], *, differs: bool
) -> bool:
    """Return whether the test would tell the first pair apart if documents were independent."""
    if mean_dispersion(rows) <= 1:
        return False
    counted = [row for row in rows if row.matched is not None and row.documents]
    shares = [Share(row.period, row.matched or 0, row.documents) for row in counted]
    independent = compare_shares(shares)
    if independent is None or not independent.differs(LEVEL):
        return False
    return not differs or not set(separate[0]) <= set(independent.list_highest(LEVEL))


def _name_pairs(separate: Sequence[Pair]) -> str:
    shared = set(separate[0]).intersection(*separate[1:])
    if len(separate) == 1:
        return f"The 95 % intervals of {_join(separate[0])} do not overlap"
    if len(shared) == 1 and len(separate) <= NAMED:
        (month,) = shared
        others = sorted(set().union(*separate) - shared)
        return f"The 95 % intervals of {_join(others)} do not overlap with that of {_month(month)}"
    return (
        f"The 95 % intervals of {len(separate)} pairs of {grain_of(separate[0][0])}s, such as "
        f"{_join(separate[0])}, do not overlap"
    )


def _join(periods: Sequence[str]) -> str:
    return join_words(list(map(_month, periods)))


def _month(period: str) -> str:
    return period_name(period, "%B %Y")
