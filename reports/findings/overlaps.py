"""Why months are not told apart although their 95 % intervals in the table do not overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from analysis.grains import grain_of
from reports.data.tables.periods import PeriodRow, mean_dispersion
from reports.stats.comparing import LEVEL, Comparison, Share, compare_shares
from reports.words.periods import period_name
from reports.words.quantities import join_words

# At most this many months are named.
NAMED = 4

Pair = tuple[str, str]


def find_separate(
    intervals: Mapping[str, tuple[float, float]], comparison: Comparison
) -> list[Pair]:
    """Return the pairs of compared months whose *intervals* do not overlap, the surest first."""
    p_values = {}
    for left, right in combinations(range(len(comparison.names)), 2):
        pair = comparison.names[left], comparison.names[right]
        (low, high), (other_low, other_high) = intervals[pair[0]], intervals[pair[1]]
        if high < other_low or other_high < low:
            p_values[pair] = comparison.single[left, right]
    return sorted(p_values, key=p_values.__getitem__)


def explain_strict_level(separate: Sequence[Pair]) -> str:
    """Return a sentence on *separate* pairs of months, which no highlight tells apart."""
    if not separate:
        return ""
    return f"{_name_pairs(separate)}, but that is not beyond the strict level of this page."


def explain_share_overlaps(period_rows: Sequence[PeriodRow], comparison: Comparison) -> str:
    """Return why months are not told apart whose shares' intervals in *period_rows* do not overlap.

    Where the shares differ, only the highest and those that may be as high are looked at. The
    intervals take documents for independent; where the test does so as well and tells months apart,
    it is their bursts that hide the difference.
    """
    intervals = {}
    for period_row in period_rows:
        if period_row.share_low is not None and period_row.share_high is not None:
            intervals[period_row.period] = period_row.share_low, period_row.share_high
    separate = find_separate(intervals, comparison)
    differs = comparison.differs(LEVEL)
    if differs:
        highest = comparison.list_highest(LEVEL)
        top = max(zip(comparison.values, comparison.names, strict=True))[1]
        separate = [pair for pair in separate if top in pair and set(pair) <= set(highest)]
    if not separate:
        return ""
    if not _is_hidden_by_bursts(period_rows, separate, differs=differs):
        return explain_strict_level(separate)

    burst = max(period_rows, key=lambda period_row: period_row.dispersion or 0.0)
    return (
        f"{_name_pairs(separate)}, but mentions came in bursts, most of all in "
        f"{_month(burst.period)} (its days vary {burst.dispersion:.2g} times as much as chance "
        "allows)."
    )


def _is_hidden_by_bursts(
    period_rows: Sequence[PeriodRow], separate: Sequence[Pair], *, differs: bool
) -> bool:
    """Return whether the test would tell the first pair apart if documents were independent."""
    if mean_dispersion(period_rows) <= 1:
        return False
    counted = [month for month in period_rows if month.matched is not None and month.documents]
    shares = [Share(month.period, month.matched or 0, month.documents) for month in counted]
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
        other_periods = sorted(set().union(*separate) - shared)
        periods = _join(other_periods)
        return f"The 95 % intervals of {periods} do not overlap with that of {_month(month)}"
    return (
        f"The 95 % intervals of {len(separate)} pairs of {grain_of(separate[0][0])}s, such as "
        f"{_join(separate[0])}, do not overlap"
    )


def _join(periods: Sequence[str]) -> str:
    return join_words(list(map(_month, periods)))


def _month(period: str) -> str:
    return period_name(period, "%B %Y")
