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
from reports.findings.finding import Finding, fact
from reports.findings.overtakings import find_overtakings, state_overtaking
from reports.words.periods import period_name
from reports.words.quantities import format_share, format_shares, join_words, quantity

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


def state_shares(
    subject: str, period_rows: Sequence[PeriodRow], rows_by_term: Mapping[str, Sequence[PeriodRow]]
) -> list[Finding]:
    """Return the facts about the shares in *period_rows*, the most interesting first.

    *rows_by_term* has the rows of each term of a subject with several; it is empty otherwise.
    """
    counts = list_counted_periods(period_rows, with_cut_off=True)
    matched = sum(count.matched for count in counts)
    if not counts:
        return []
    if not matched:
        documents = sum(count.documents for count in counts)
        text = f"None of the {quantity(documents, 'document')} that were read mentions {subject}."
        return [fact(SHARE, ("never",), text, clause="no document mentions it")]

    facts = [
        *_state_highest(subject, list_counted_periods(period_rows), counts),
        *_state_level(subject, list_counted_periods(period_rows)),
        *_state_first(subject, counts, rows_by_term),
        *_state_last(subject, counts),
        *_state_terms(subject, matched, rows_by_term),
    ]
    facts += [state_overtaking(overtaking) for overtaking in find_overtakings(rows_by_term)]
    return sorted(facts, key=lambda fact: -fact.interest)


def list_counted_periods(
    period_rows: Sequence[PeriodRow], *, with_cut_off: bool = False
) -> list[PeriodShare]:
    """Return the counted periods that have documents; whole ones alone, unless *with_cut_off*."""
    counts = []
    for period_row in period_rows:
        is_counted = period_row.matched is not None and period_row.documents > 0
        if is_counted and (with_cut_off or not period_row.cut_off):
            matched = period_row.matched or 0
            counts.append(PeriodShare(period_row.period, period_row.documents, matched))

    return counts


def _state_highest(
    subject: str, whole_counts: Sequence[PeriodShare], counts: Sequence[PeriodShare]
) -> list[Finding]:
    """Name the period with the highest share, the next and the lowest; or all, if they are few."""
    matched = sum(count.matched for count in counts)
    documents = sum(count.documents for count in counts)
    if matched < FEW_DOCUMENTS and len(counts) > 1:
        named = [f"{_month(count)} ({count.matched})" for count in counts if count.matched]
        mentions = "mentions" if matched == 1 else "mention"
        text = (
            f"{matched} of {quantity(documents, 'document')} {mentions} {subject}: "
            f"{join_words(named)}."
        )
        clause = f"it is mentioned in {join_words(named)}"
        return [fact(SHARE, ("few",), text, counts=(matched,), clause=clause, interest=0.3)]

    ranked = sorted(whole_counts, key=lambda count: (-count.share, count.period))
    if not ranked or not ranked[0].matched:
        return []

    top = ranked[0]
    clause = f"it is in {_share(top)} of {_month(top)}"
    if len(ranked) == 1:
        text = f"{subject} is in {_share(top)} of {_month(top)}."
        return [
            fact(
                SHARE,
                ("highest", top.period),
                text,
                counts=(top.matched,),
                shares=(top.share,),
                clause=clause,
                interest=0.5,
            )
        ]

    if len(ranked) == 2:
        first, second = sorted(ranked, key=lambda count: count.period)
        first_share, second_share = format_shares([first.share, second.share])
        both = (
            f"{_share(first, first_share)} of {_month(first)} and in "
            f"{_share(second, second_share)} of {_month(second)}"
        )
        text, clause = f"{subject} is in {both}.", f"it is in {both}"
        return [
            fact(
                SHARE,
                ("both",),
                text,
                clause=clause,
                counts=(first.matched, second.matched),
                shares=(first.share, second.share),
                interest=0.5,
            )
        ]

    return _state_extremes(subject, ranked)


def _state_extremes(subject: str, ranked: Sequence[PeriodShare]) -> list[Finding]:
    """Name the highest, the next and the lowest of at least three periods."""
    top, second, lowest = ranked[0], ranked[1], ranked[-1]
    text, clause = _describe_extremes(subject, ranked)
    is_one_lowest = ranked[-2].share > lowest.share
    answer = ("highest", top.period, second.period, lowest.period if is_one_lowest else "several")

    return [
        fact(
            SHARE,
            answer,
            text,
            counts=(top.matched, second.matched, lowest.matched),
            shares=(top.share, second.share, lowest.share),
            clause=clause,
            interest=0.4 + 0.6 * (1 - second.share / top.share),
        )
    ]


def _describe_extremes(subject: str, ranked: Sequence[PeriodShare]) -> tuple[str, str]:
    """Return the sentence on the highest and the lowest period, and its clause."""
    top, second, lowest = ranked[0], ranked[1], ranked[-1]
    periods = f"{len(ranked)} {grain_of(top.period)}s"
    shares = format_shares([top.share, second.share, lowest.share])
    highest_share, second_share, lowest_share = shares

    if lowest.share == top.share:
        return (
            f"{subject} is in the same share of documents in all {periods}: {highest_share}.",
            f"it is in {highest_share} of the documents of each",
        )

    if not second.matched:
        others = f"none of the other {len(ranked) - 1} {grain_of(top.period)}s"
        return (
            f"{subject} is in {_share(top)} of {_month(top)}, and in {others}.",
            f"it is in {_share(top)} of {_month(top)} alone",
        )

    lows = _name_equals(ranked, lowest)
    end = f"lowest {lows} with {lowest_share}" if lowest.matched else f"none in {lows}"
    if second.share == top.share:
        highest = f"{highest_share}, in {_name_equals(ranked, top)}; {end}"
        return (
            f"{subject} has its highest share of {periods}, {highest}.",
            f"its highest share is {highest}",
        )

    following = f"next is {_month(second)} with {second_share}, {end}"
    if (top.matched - 1) / top.documents < second.share:
        # One document less, and the other would be the highest.
        both = (
            f"{_share(top, highest_share)} of {_month(top)} and in "
            f"{_share(second, second_share)} of {_month(second)}"
        )
        return (
            f"{subject} is in {both}, nearly the same and the highest shares of {periods}; {end}.",
            f"it is in {both}; {end}",
        )

    highest = (
        f"{subject} is in {_share(top, highest_share)} of {_month(top)}, the highest share of "
        f"{periods}"
    )
    return (
        f"{highest}; {following}.",
        f"it is highest in {_month(top)} ({highest_share}); {following}",
    )


def _name_equals(counts: Sequence[PeriodShare], named: PeriodShare) -> str:
    """Name the periods with the share of *named*, or say how many they are."""
    equal_periods = sorted(count.period for count in counts if count.share == named.share)
    if len(equal_periods) > 2:
        return quantity(len(equal_periods), grain_of(named.period))

    return join_words([period_name(period, "%B %Y") for period in equal_periods])


def _state_level(subject: str, counts: Sequence[PeriodShare]) -> list[Finding]:
    """Name the period from which on nearly every share is above, or below, those before."""
    shares = [count.share for count in counts]
    clearness_by_place = {}
    for place in range(FEWEST_OF_LEVEL, len(counts) - FEWEST_OF_LEVEL + 1):
        before, after = shares[:place], shares[place:]
        pairs = list(product(before, after))
        lead = sum((later > earlier) - (later < earlier) for earlier, later in pairs) / len(pairs)
        if abs(lead) >= 2 * LEVEL_PAIRS - 1:
            # Of all ways to part the periods in two, the clearest leaves the smallest squares.
            apart = fmean(after) - fmean(before)
            clearness_by_place[place] = len(pairs) * apart**2

    if not clearness_by_place:
        return []

    change = max(clearness_by_place, key=clearness_by_place.__getitem__)
    counts_before, counts_after = counts[:change], counts[change:]
    if not _is_step(counts_before, counts_after):
        return []

    return _describe_level(subject, counts_before, counts_after)


def _is_step(before: Sequence[PeriodShare], after: Sequence[PeriodShare]) -> bool:
    """Return whether a share changes at this place: it is near its new level from here on.

    A subject of which most periods before know nothing has no level there, but a first mention.
    """
    middle = (_pool(before) + _pool(after)) / 2
    is_at_change = (before[-1].share - middle) * (after[0].share - middle) < 0
    known_before = sum(count.matched > 0 for count in before)
    known_after = sum(count.matched > 0 for count in after)
    return is_at_change and 2 * min(known_before / len(before), known_after / len(after)) > 1


def _describe_level(
    subject: str, before: Sequence[PeriodShare], after: Sequence[PeriodShare]
) -> list[Finding]:
    share_before, share_after = _pool(before), _pool(after)
    low, high = sorted((share_before, share_after))
    if high < LEVEL_RATIO * low or not high:
        return []

    grain = grain_of(after[0].period)
    rises = share_after > share_before
    if rises:
        bound = max(count.share for count in before)
        beyond = sum(count.share > bound for count in after)
    else:
        bound = min(count.share for count in before)
        beyond = sum(count.share < bound for count in after)

    if beyond < LEVEL_PERIODS * len(after):
        return []

    text = (
        f"From {_month(after[0])} on {subject} is in {format_share(share_after)} of the documents, "
        f"before in {format_share(share_before)}: {beyond} of {len(after)} {grain}s since then are "
        f"{'above' if rises else 'below'} each of the {len(before)} before."
    )
    clause = f"it changes from {format_share(share_before)} to {format_share(share_after)}"
    answer = ("up" if rises else "down", after[0].period)
    interest = 0.85 * (1 - low / high)
    return [
        fact(
            ("level",),
            answer,
            text,
            shares=(share_before, share_after),
            clause=f"{clause} in {_month(after[0])}",
            interest=interest,
        )
    ]


def _pool(counts: Sequence[PeriodShare]) -> float:
    return sum(count.matched for count in counts) / sum(count.documents for count in counts)


def _state_first(
    subject: str, counts: Sequence[PeriodShare], rows_by_term: Mapping[str, Sequence[PeriodRow]]
) -> list[Finding]:
    """Name the first period with a mention, if mentions at the average share would come before."""
    place = next(place for place, count in enumerate(counts) if count.matched)
    documents_before = sum(count.documents for count in counts[:place])
    expected = documents_before * _pool(counts)
    if expected < FEWEST_EXPECTED:
        return []

    first = counts[place]
    grain = grain_of(first.period)
    before = f"the {quantity(place, grain)} that were read before"
    if place == 1:
        before = f"{_month(counts[0])}, the only {grain} read before,"

    text = (
        f"{subject} is first mentioned in {_month(first)}, in "
        f"{quantity(first.matched, 'document')}{_name_terms(first.period, rows_by_term)}; none of "
        f"the {documents_before:,} documents of {before} mentions it."
    )
    following = next((count for count in counts[place + 1 :] if count.matched), None)
    if following is not None and following != counts[place + 1]:
        text = f"{text.removesuffix('.')}. The next mention is in {_month(following)}."

    clause = f"the first mention is in {_month(first)}, in {quantity(first.matched, 'document')}"
    interest = 0.8 + 0.2 * documents_before / sum(count.documents for count in counts)
    return [
        fact(
            ("first",),
            (first.period,),
            text,
            clause=clause,
            counts=(first.matched,),
            interest=interest,
        )
    ]


def _name_terms(period: str, rows_by_term: Mapping[str, Sequence[PeriodRow]]) -> str:
    """Return which of several terms stand in the documents of a period."""
    present = []
    for term, term_rows in rows_by_term.items():
        if any(term_row.period == period and term_row.matched for term_row in term_rows):
            present.append(f"“{term}”")

    if not present or len(present) == len(rows_by_term):
        return ""

    return f" (as {join_words(present)})"


def _state_last(subject: str, counts: Sequence[PeriodShare]) -> list[Finding]:
    """Name the last period with a mention, if mentions at the average share would come after."""
    place = max(place for place, count in enumerate(counts) if count.matched)
    later_counts = counts[place + 1 :]
    documents_after = sum(count.documents for count in later_counts)
    if documents_after * _pool(counts) < FEWEST_EXPECTED:
        return []

    last = counts[place]
    grain = grain_of(last.period)
    were = "was" if len(later_counts) == 1 else "were"
    text = (
        f"{subject} is last mentioned in {_month(last)}; none of the {documents_after:,} documents "
        f"of the {quantity(len(later_counts), grain)} that {were} read since mentions it."
    )
    clause = f"the last mention is in {_month(last)}"
    return [fact(("last",), (last.period,), text, clause=clause, interest=0.6)]


def _state_terms(
    subject: str, matched: int, rows_by_term: Mapping[str, Sequence[PeriodRow]]
) -> list[Finding]:
    """Name the term that is in most documents of a subject with several terms.

    A hashtag whose word is a term, too, is in no other documents than the word.
    """
    documents_by_term = {}
    for term, term_rows in rows_by_term.items():
        if term.startswith("#") and term[1:] in rows_by_term:
            continue

        documents_by_term[term] = sum(term_row.matched or 0 for term_row in term_rows)

    ranked = sorted(documents_by_term, key=lambda term: (-documents_by_term[term], term))
    if len(ranked) < 2 or not documents_by_term[ranked[1]]:
        return []

    shown = ranked[: TERMS_NAMED + 1]
    lead, *others = shown
    named = [f"“{term}” in {documents_by_term[term]:,}" for term in others]
    clause = join_words([f"“{lead}” is in {documents_by_term[lead]:,}", *named])
    text = f"Of the {quantity(matched, 'document')} of {subject}, {clause}"
    text += "; one may have several." if sum(documents_by_term.values()) > matched else "."
    shares = tuple(documents_by_term[term] / matched for term in shown)
    counts = tuple(documents_by_term[term] for term in shown)
    return [
        fact(
            ("terms",),
            (ranked[0],),
            text,
            clause=clause,
            counts=counts,
            shares=shares,
            interest=0.1,
        )
    ]


def _share(count: PeriodShare, formatted_share: str | None = None) -> str:
    documents = f"{count.matched:,} of {quantity(count.documents, 'document')}"
    return f"{documents} ({formatted_share or format_share(count.share)})"


def _month(count: PeriodShare) -> str:
    return period_name(count.period, "%B %Y")
