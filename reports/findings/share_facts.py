"""Facts about the share of documents that mention a subject: highest, level, first and last.

The documents of a period are a census of what was read, so a share has no sampling error. Shares of
whole periods are ranked. A period that is cut off counts where it matters that a document was there
at all: in a first and a last mention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from analysis.grains import grain_of
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Fact
from reports.findings.overtakings import find_overtakings
from reports.words.document_queries import Counted

# The topic of what is said of the highest and the lowest share.
SHARE = ("share",)

# Of fewer documents each month is named with its count.
FEW_DOCUMENTS = 10
# A level has at least so many periods on either side of its change.
FEWEST_OF_LEVEL = 3
# Of all pairs of a period before and one after, at least so many differ in the same direction.
LEVEL_PAIRS = 0.95
# At least this share of the periods after is beyond each period before.
LEVEL_PERIODS = 0.75
# The average share after a change of level is at least this many times that before, or the inverse.
LEVEL_RATIO = 1.5
# At least so many documents would lie before the first mention, or after the last, if all periods
# had the same share.
FEWEST_EXPECTED = 3.0
# The leading term is named with at most this many others.
TERMS_NAMED = 3


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


def find_share_facts(
    subject: str, period_rows: Sequence[PeriodRow], rows_by_term: Mapping[str, Sequence[PeriodRow]]
) -> list[Fact]:
    """Return the facts about the shares in *period_rows*, the most interesting first.

    *rows_by_term* has the rows of each term of a subject with several; it is empty otherwise.
    """
    counts = list_counted_periods(period_rows, with_cut_off=True)
    documents, matched = sum_shares(counts)
    if not matched:
        never = Fact("never mentioned", subject, SHARE, ("never",), {"documents": documents})
        return [never] if counts else []

    whole_counts = list_counted_periods(period_rows)
    found = (
        find_few(subject, counts) or find_highest(subject, whole_counts),
        find_level(subject, whole_counts),
        find_first(subject, counts, rows_by_term),
        find_last(subject, counts),
        find_terms(subject, matched, rows_by_term),
        *find_overtakings(rows_by_term),
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


def find_few(subject: str, counts: Sequence[PeriodShare]) -> Fact | None:
    """Return each of several periods with its count, if the documents are few."""
    documents, matched = sum_shares(counts)
    if matched >= FEW_DOCUMENTS or len(counts) == 1:
        return None

    periods = [vars(count) for count in counts if count.matched]
    figures = {"matched": matched, "documents": documents, "periods": periods}
    return Fact("few mentions", subject, SHARE, ("few",), figures, counts=(matched,), interest=0.3)


def find_highest(subject: str, counts: Sequence[PeriodShare]) -> Fact | None:
    """Return the period with the highest share, the next and the lowest; of two both."""
    ranked = sorted(counts, key=lambda count: (-count.share, count.period))
    if not ranked or not ranked[0].matched:
        return None
    if len(ranked) > 2:
        return _find_extremes(subject, ranked)

    named = sorted(ranked, key=lambda count: count.period)
    kind = "share of a period" if len(named) == 1 else "shares of two periods"
    return Fact(
        kind,
        subject,
        SHARE,
        ("highest", named[0].period) if len(named) == 1 else ("both",),
        {"top": named[0], "second": named[-1]},
        counts=tuple(count.matched for count in named),
        shares=tuple(count.share for count in named),
        interest=0.5,
    )


def _find_extremes(subject: str, ranked: Sequence[PeriodShare]) -> Fact:
    """Return the highest, the next and the lowest of at least three periods."""
    top, second, lowest = named = ranked[0], ranked[1], ranked[-1]
    figures = {
        "top": top,
        "second": second,
        "periods": [count.period for count in ranked],
        "others": [count.period for count in ranked[1:]],
        "highest": _list_equals(ranked, top),
        "lowest": _list_equals(ranked, lowest),
        "is_absent": not lowest.matched,
    }

    is_one_lowest = ranked[-2].share > lowest.share
    return Fact(
        _kind_of_extremes(top, second, lowest),
        subject,
        SHARE,
        ("highest", top.period, second.period, lowest.period if is_one_lowest else "several"),
        figures,
        counts=tuple(count.matched for count in named),
        shares=tuple(count.share for count in named),
        interest=0.4 + 0.6 * (1 - second.share / top.share),
    )


def _kind_of_extremes(top: PeriodShare, second: PeriodShare, lowest: PeriodShare) -> str:
    if lowest.share == top.share:
        return "equal shares"
    if not second.matched:
        return "share of a period alone"
    if second.share == top.share:
        return "several highest shares"

    # One document less, and the other would be the highest.
    is_near = (top.matched - 1) / top.documents < second.share
    return "two nearly equal shares" if is_near else "highest share"


def _list_equals(counts: Sequence[PeriodShare], named: PeriodShare) -> list[str]:
    """Return the sorted periods with the share of *named*."""
    return sorted(count.period for count in counts if count.share == named.share)


def find_level(subject: str, counts: Sequence[PeriodShare]) -> Fact | None:
    """Return the period from which on nearly every share is above, or below, those before."""
    shares = [count.share for count in counts]
    clearness_by_place = {}
    for place in range(FEWEST_OF_LEVEL, len(counts) - FEWEST_OF_LEVEL + 1):
        pairs = list(product(shares[:place], shares[place:]))
        lead = sum((later > earlier) - (later < earlier) for earlier, later in pairs) / len(pairs)
        if abs(lead) >= 2 * LEVEL_PAIRS - 1:
            # Of all ways to part the periods in two, the clearest leaves the smallest squares.
            apart = fmean(shares[place:]) - fmean(shares[:place])
            clearness_by_place[place] = len(pairs) * apart**2

    if not clearness_by_place:
        return None

    change = max(clearness_by_place, key=clearness_by_place.__getitem__)
    earlier_counts, later_counts = counts[:change], counts[change:]
    share_before, share_after = _pool(earlier_counts), _pool(later_counts)
    low, high = sorted((share_before, share_after))
    is_large = high > 0 and high >= LEVEL_RATIO * low
    beyond = _count_beyond(earlier_counts, later_counts, is_rise=share_after > share_before)
    is_lasting = beyond >= LEVEL_PERIODS * len(later_counts)
    if not (is_large and is_lasting and _is_step(earlier_counts, later_counts)):
        return None

    first_period, is_rise = later_counts[0].period, share_after > share_before
    return Fact(
        "level",
        subject,
        ("level",),
        ("up" if is_rise else "down", first_period),
        {
            "after": [count.period for count in later_counts],
            "before": len(earlier_counts),
            "share_before": share_before,
            "share_after": share_after,
            "beyond": beyond,
            "is_rise": is_rise,
        },
        shares=(share_before, share_after),
        interest=0.85 * (1 - low / high),
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


def find_first(
    subject: str, counts: Sequence[PeriodShare], rows_by_term: Mapping[str, Sequence[PeriodRow]]
) -> Fact | None:
    """Return the first period with a mention, if mentions at the average share would come before.

    A period that stands alone is followed by one without a mention, and by another with one.
    """
    places = [place for place, count in enumerate(counts) if count.matched]
    first = counts[places[0]]
    before = counts[: places[0]]
    documents, _ = sum_shares(before)
    if documents * _pool(counts) < FEWEST_EXPECTED:
        return None

    terms = _list_terms(first.period, rows_by_term)
    is_alone = len(places) > 1 and places[1] > places[0] + 1
    figures = {
        "first": first,
        "before": [count.period for count in before],
        "documents": documents,
        "grain": grain_of(first.period),
        "terms": terms,
        "is_of_some": 0 < len(terms) < len(rows_by_term),
        "is_alone": is_alone,
        "following": counts[places[1]].period if is_alone else None,
    }
    return Fact(
        "first mention",
        subject,
        ("first",),
        (first.period,),
        figures,
        counts=(first.matched,),
        interest=0.8 + 0.2 * documents / sum_shares(counts)[0],
    )


def _list_terms(period: str, rows_by_term: Mapping[str, Sequence[PeriodRow]]) -> list[str]:
    """Return which of several terms stand in the documents of a period."""
    return [
        term
        for term, term_rows in rows_by_term.items()
        if any(term_row.period == period and term_row.matched for term_row in term_rows)
    ]


def find_last(subject: str, counts: Sequence[PeriodShare]) -> Fact | None:
    """Return the last period with a mention, if mentions at the average share would come after."""
    place = max(place for place, count in enumerate(counts) if count.matched)
    last, later = counts[place].period, counts[place + 1 :]
    documents, _ = sum_shares(later)
    if documents * _pool(counts) < FEWEST_EXPECTED:
        return None

    figures = {"last": last, "documents": documents, "later": [count.period for count in later]}
    return Fact("last mention", subject, ("last",), (last,), figures, interest=0.6)


def find_terms(
    subject: str, matched: int, rows_by_term: Mapping[str, Sequence[PeriodRow]]
) -> Fact | None:
    """Return the term that is in most documents of a subject with several terms, and the next.

    A hashtag whose word is a term, too, is in no other documents than the word.
    """
    documents_by_term = {
        term: sum(term_row.matched or 0 for term_row in term_rows)
        for term, term_rows in rows_by_term.items()
        if not (term.startswith("#") and term[1:] in rows_by_term)
    }
    ranked = sorted(documents_by_term, key=lambda term: (-documents_by_term[term], term))
    if len(ranked) < 2 or not documents_by_term[ranked[1]]:
        return None

    named = ranked[: TERMS_NAMED + 1]
    counts = tuple(documents_by_term[term] for term in named)
    terms = [
        {"term": term, "matched": count, "is_first": term == named[0]}
        for term, count in zip(named, counts, strict=True)
    ]
    figures = {
        "matched": matched,
        "terms": terms,
        "have_several": sum(documents_by_term.values()) > matched,
    }
    return Fact(
        "terms",
        subject,
        ("terms",),
        (named[0],),
        figures,
        counts=counts,
        shares=tuple(count / matched for count in counts),
        interest=0.1,
    )
