"""Facts about the share of documents that mention a subject: peak, level, years, first and last.

The documents of a period are a census of what was read, so a share has no sampling error. Shares of
whole periods are ranked. A period that is cut off counts where it matters that a document was there
at all: in a first and a last mention.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from statistics import fmean

from analysis.grains import grain_of
from core.enums import Grain
from reports.data.tables.periods import PeriodRow
from reports.data.years import WHOLE_MONTHS
from reports.findings.finding import Fact
from reports.stats.thresholds import (
    FEW_DOCUMENTS,
    FEWEST_EXPECTED,
    LARGE_RATIO,
    LEAST_RATIO,
    MOST_PERIODS,
)
from reports.words.document_queries import Counted, DocumentQuery

# The topics of what is said of the highest share, of a change of level, of years, and of a run that
# is too short for them.
SHARE, LEVEL, YEARS, COURSE = ("share",), ("level",), ("years",), ("course",)

# A level has at least so many periods on either side of its change: half a year, or three years.
FEWEST_OF_LEVEL = {Grain.DAY: 182, Grain.WEEK: 26, Grain.MONTH: 6, Grain.YEAR: 3}
# Years are alike whose highest share is at most so many times the lowest, and so many standard
# errors above it. Counts of news vary about three times as much as independent documents
# (docs/watch.md).
ALIKE_RATIO, ALIKE_ERRORS, OVERDISPERSION = 1.2, 2.0, 3.0
# A first or last mention is told after, or before, twelve months without one, in which at least so
# many documents would mention it if they came as often as in the twelve months beside.
SILENCE = {Grain.DAY: 365, Grain.WEEK: 52, Grain.MONTH: 12, Grain.YEAR: 1}


@dataclass(frozen=True)
class PeriodShare:
    """The documents of a period, and those of them that mention the subject."""

    period: str
    documents: int
    matched: int

    @property
    def share(self) -> float:
        """The share of the documents that mention the subject."""
        return self.matched / self.documents


def find_share_facts(subject: str, period_rows: Sequence[PeriodRow]) -> list[Fact]:
    """Return the facts about the shares in *period_rows*, the most interesting first."""
    counts = list_counted_periods(period_rows, with_cut_off=True)
    documents, matched = sum_shares(counts)
    if not matched:
        never = Fact("never mentioned", subject, SHARE, ("never",), {"documents": documents})
        return [never] if counts else []

    whole_counts = list_counted_periods(period_rows)
    level = find_level(subject, whole_counts)
    years = find_change_of_years(subject, whole_counts, is_told=level is not None)
    course = None if level or years else find_course(subject, whole_counts)
    found = (
        find_few(subject, counts) or find_highest(subject, whole_counts),
        level,
        years,
        course,
        find_first(subject, counts),
        find_last(subject, counts),
    )
    facts = [fact for fact in found if fact is not None]
    return sorted(facts, key=lambda fact: -fact.interest)


def list_counted_periods(
    period_rows: Sequence[PeriodRow], *, with_cut_off: bool = False
) -> list[PeriodShare]:
    """Return the counted periods that have documents; whole ones alone, unless *with_cut_off*."""
    counts = []
    for row in period_rows:
        if row.matched is not None and row.documents > 0 and (with_cut_off or not row.cut_off):
            matched = Counted(row.matched, row.query)
            counts.append(PeriodShare(row.period, row.documents, matched))

    return counts


def sum_shares(counts: Sequence[PeriodShare]) -> tuple[int, int]:
    """Return all documents, and those that mention the subject."""
    return sum(count.documents for count in counts), sum(count.matched for count in counts)


def _pool(counts: Sequence[PeriodShare]) -> float:
    documents, matched = sum_shares(counts)
    return matched / documents


def find_few(subject: str, counts: Sequence[PeriodShare], few_periods: int = 4) -> Fact | None:
    """Return each of several periods with its count, if the documents are few, and they are."""
    documents, matched = sum_shares(counts)
    if matched >= FEW_DOCUMENTS or len(counts) == 1:
        return None

    named = [count for count in counts if count.matched]
    figures = {
        "matched": matched,
        "documents": documents,
        "named": [vars(count) for count in named],
        "periods": [count.period for count in counts],
    }
    kind = "few mentions" if len(named) <= few_periods else "few mentions in many periods"
    return Fact(kind, subject, SHARE, ("few",), figures, counts=(matched,), interest=0.1)


def find_highest(subject: str, counts: Sequence[PeriodShare]) -> Fact | None:
    """Return the period with the highest share, beside all; of two both."""
    ranked = sorted(counts, key=lambda count: (-count.share, count.period))
    if not ranked or not ranked[0].matched:
        return None

    top, average = ranked[0], _pool(counts)
    figures = {
        "top": top,
        "average": average,
        "periods": [count.period for count in ranked],
        "highest": sorted(count.period for count in ranked if count.share == top.share),
        "is_peak": top.share >= LARGE_RATIO * average,
    }
    kind, named = _kind_of_highest(ranked)
    if kind == "shares of two periods":
        named = sorted(named, key=lambda count: count.period)

    figures |= {"first": named[0], "second": named[-1]}
    return Fact(
        kind,
        subject,
        SHARE,
        ("highest", top.period) if len(ranked) != 2 else ("both",),
        figures,
        counts=tuple(count.matched for count in named),
        shares=tuple(count.share for count in named),
        interest=0.6 * (1 - average / top.share),
    )


def _kind_of_highest(ranked: Sequence[PeriodShare]) -> tuple[str, Sequence[PeriodShare]]:
    """Return what is said of shares, the highest of which comes first, and which are named."""
    if len(ranked) == 1:
        return "share of a period", ranked
    if len(ranked) == 2:
        return "shares of two periods", ranked

    top, second, lowest = ranked[0], ranked[1], ranked[-1]
    if lowest.share == top.share:
        return "equal shares", [top]
    if not second.matched:
        return "share of a period alone", [top]
    if second.share == top.share:
        return "several highest shares", [top]

    # One document less, and the other would be the highest.
    is_near = (top.matched - 1) / top.documents < second.share
    return ("two nearly equal shares", [top, second]) if is_near else ("highest share", [top])


def find_level(
    subject: str,
    counts: Sequence[PeriodShare],
    *,
    least_pairs: float = 0.95,
    least_periods: float = 0.75,
) -> Fact | None:
    """Return the period from which on nearly every share is above, or below, those before.

    Of all pairs of a period before and one after, at least this part differs in that direction; of
    the periods after, at least this part is beyond each period before.
    """
    if not counts:
        return None

    shares = [count.share for count in counts]
    fewest = FEWEST_OF_LEVEL[grain_of(counts[0].period)]
    clearness_by_place = {}
    for place in range(fewest, len(counts) - fewest + 1):
        pairs = list(product(shares[:place], shares[place:]))
        lead = sum((later > earlier) - (later < earlier) for earlier, later in pairs) / len(pairs)
        if abs(lead) >= 2 * least_pairs - 1:
            # Of all ways to part the periods in two, the clearest leaves the smallest squares.
            apart = fmean(shares[place:]) - fmean(shares[:place])
            clearness_by_place[place] = len(pairs) * apart**2

    if not clearness_by_place:
        return None

    change = max(clearness_by_place, key=clearness_by_place.__getitem__)
    earlier_counts, later_counts = counts[:change], counts[change:]
    share_before, share_after = _pool(earlier_counts), _pool(later_counts)
    low, high = sorted((share_before, share_after))
    is_large = high > 0 and high >= LEAST_RATIO * low
    beyond = _count_beyond(earlier_counts, later_counts, is_rise=share_after > share_before)
    is_lasting = beyond >= least_periods * len(later_counts)
    if not (is_large and is_lasting and _is_step(earlier_counts, later_counts)):
        return None

    first_period, is_rise = later_counts[0].period, share_after > share_before
    return Fact(
        "level",
        subject,
        LEVEL,
        ("up" if is_rise else "down", first_period),
        {"period": first_period, "is_rise": is_rise},
        shares=(share_before, share_after),
        interest=0.6 + 0.4 * (1 - low / high),
    )


def _is_step(earlier_counts: Sequence[PeriodShare], later_counts: Sequence[PeriodShare]) -> bool:
    """Return whether a share changes at this place: it is near its new level from here on.

    A subject of which most periods before know nothing has no level there, but a first mention.
    """
    middle = (_pool(earlier_counts) + _pool(later_counts)) / 2
    is_at_change = (earlier_counts[-1].share - middle) * (later_counts[0].share - middle) < 0
    known_parts = [
        fmean(count.matched > 0 for count in counts) for counts in (earlier_counts, later_counts)
    ]
    return is_at_change and 2 * min(known_parts) > 1


def _count_beyond(
    earlier_counts: Sequence[PeriodShare], later_counts: Sequence[PeriodShare], *, is_rise: bool
) -> int:
    """Count the later periods that lie beyond each of the earlier ones."""
    earlier_shares = [count.share for count in earlier_counts]
    if is_rise:
        return sum(count.share > max(earlier_shares) for count in later_counts)
    return sum(count.share < min(earlier_shares) for count in later_counts)


def find_change_of_years(
    subject: str, counts: Sequence[PeriodShare], *, is_told: bool = False
) -> Fact | None:
    """Return how the share of the years changed, of at least two years with nine whole months.

    Where a change of level tells it, it comes after other facts.
    """
    counts_by_year: dict[str, list[PeriodShare]] = defaultdict(list)
    for count in counts:
        if grain_of(count.period) == Grain.MONTH:
            counts_by_year[count.period[:4]].append(count)

    years = []
    for year, year_counts in counts_by_year.items():
        if len(year_counts) >= WHOLE_MONTHS:
            years.append(PeriodShare(year, *sum_shares(year_counts)))

    most = max(years, key=lambda count: count.share, default=None)
    if len(years) < 2 or most is None or most.matched < FEW_DOCUMENTS:
        return None

    least = min(years, key=lambda count: count.share)
    is_large = most.share >= LEAST_RATIO * least.share
    kind, named = "years apart", [most, least]
    variance = OVERDISPERSION * sum(count.share / count.documents for count in (most, least))
    is_within_errors = most.share - least.share <= ALIKE_ERRORS * math.sqrt(variance)
    if most.share <= ALIKE_RATIO * least.share and is_within_errors:
        kind = "years alike"
    elif {most, least} == {years[0], years[-1]}:
        kind, named = "change over years", [years[0], years[-1]]

    return Fact(
        kind,
        subject,
        YEARS,
        # Whether a small change goes up or down may hang on a few repeats.
        (kind, *(count.period for count in named)) if is_large else ("small",),
        {"first": named[0], "second": named[1], "is_rise": named[1].share > named[0].share},
        shares=tuple(count.share for count in named),
        interest=(0.5 if is_large and not is_told else 0.1) + 0.4 * (1 - least.share / most.share),
    )


def find_course(subject: str, counts: Sequence[PeriodShare]) -> Fact | None:
    """Return how the share went from the first third of the periods to the last, if it is news.

    It is told if most pairs of periods differ in that direction: one odd month makes no course.
    """
    third = len(counts) // 3
    if not third:
        return None

    first_counts, last_counts = counts[:third], counts[-third:]
    shares = _pool(first_counts), _pool(last_counts)
    is_rise = shares[1] > shares[0]
    higher = max(first_counts, last_counts, key=_pool)
    is_large = max(shares) >= LARGE_RATIO * min(shares)
    if not is_large or sum_shares(higher)[1] < FEW_DOCUMENTS:
        return None

    pairs = list(combinations([count.share for count in counts], 2))
    in_direction = sum(later > earlier if is_rise else later < earlier for earlier, later in pairs)
    variance = OVERDISPERSION * sum(
        share / sum_shares(part)[0]
        for share, part in zip(shares, (first_counts, last_counts), strict=True)
    )
    is_within_errors = abs(shares[0] - shares[1]) <= ALIKE_ERRORS * math.sqrt(variance)
    if in_direction < MOST_PERIODS * len(pairs) or is_within_errors:
        return None

    figures = {
        "first": [count.period for count in first_counts],
        "second": [count.period for count in last_counts],
        "is_rise": is_rise,
    }
    kind = "course of months" if third == 1 else "course of parts"
    # The months that it names need not be named as the highest again.
    named = (first_counts[0].period, last_counts[0].period) if third == 1 else ()
    answer = ("up" if is_rise else "down", *named)
    interest = 0.5 + 0.4 * (1 - min(shares) / max(shares))
    return Fact(kind, subject, COURSE, answer, figures, shares=shares, interest=interest)


def find_most_mentioned(rows_by_name: Mapping[str, Sequence[PeriodRow]]) -> list[Fact]:
    """Return which of several subjects most documents mention, and the next."""
    totals = []
    for name, period_rows in rows_by_name.items():
        counts = list_counted_periods(period_rows, with_cut_off=True)
        if counts:
            documents, matched = sum_shares(counts)
            query = DocumentQuery(subject=period_rows[0].keyword)
            totals.append((name, PeriodShare("", documents, Counted(matched, query))))

    totals.sort(key=lambda total: -total[1].matched)
    if len(totals) < 2 or totals[0][1].matched == totals[1][1].matched:
        return []

    (name, most), (next_name, following) = totals[:2]
    if most.documents != following.documents or following.matched < FEW_DOCUMENTS:
        return []

    figures = {"most": most, "next": next_name, "following": following}
    shares = (most.share, following.share)
    return [Fact("most mentioned", name, ("most",), (name,), figures, shares=shares, interest=0.2)]


def find_first(subject: str, counts: Sequence[PeriodShare]) -> Fact | None:
    """Return the first period with a mention, if more would be expected before it."""
    place = next(place for place, count in enumerate(counts) if count.matched)
    first, before = counts[place], counts[:place]
    documents, _ = sum_shares(before)
    silence = SILENCE[grain_of(first.period)]
    expected = documents * _pool(counts[place : place + silence])
    if len(before) < silence or expected < FEWEST_EXPECTED:
        return None

    figures = {
        "first": first,
        "before": [count.period for count in before],
        "grain": grain_of(first.period),
        "documents": documents,
    }
    interest = 0.8 + 0.2 * documents / sum_shares(counts)[0]
    return Fact(
        "first mention",
        subject,
        ("first",),
        (first.period,),
        figures,
        counts=(first.matched,),
        interest=interest,
    )


def find_last(subject: str, counts: Sequence[PeriodShare]) -> Fact | None:
    """Return the last period with a mention, if more would be expected after it."""
    place = max(place for place, count in enumerate(counts) if count.matched)
    last, later = counts[place].period, counts[place + 1 :]
    documents, _ = sum_shares(later)
    silence = SILENCE[grain_of(last)]
    expected = documents * _pool(counts[: place + 1][-silence:])
    if len(later) < silence or expected < FEWEST_EXPECTED:
        return None

    figures = {
        "last": last,
        "documents": documents,
        "later": [count.period for count in later],
        "grain": grain_of(last),
    }
    return Fact("last mention", subject, ("last",), (last,), figures, interest=0.6)
