"""Facts about subjects beside each other: who overtook whom, whose mood, which go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Finding, fact
from reports.findings.mood_facts import LEAST_DIFFERENCE, Mean, list_means, overall_mean
from reports.findings.overtakings import (
    MOST_TOLD,
    Overtaking,
    Tally,
    describe_overtaking,
    find_overtaking,
    rank_overtakings,
)
from reports.findings.share_facts import count_periods
from reports.words.quantities import format_share, quantity, signed

# Means of fewer mentions are not ranked beside each other.
FEWEST_MENTIONS = 100
# A pair is named if at least so many documents mention both.
FEWEST_TOGETHER = 10


def state_pairs(
    pairs: Sequence[KeywordPair], rows_by_subject: Mapping[str, Sequence[PeriodRow]] | None = None
) -> list[Finding]:
    """Return the facts about *pairs* of subjects, the most interesting first.

    *rows_by_subject* are the series of the subjects of one run, which are ranked by their shares
    and moods; subjects of several runs are not.
    """
    compared = list_compared(pairs)
    overtakings = find_pair_overtakings(compared)[:MOST_TOLD]
    facts = [describe_overtaking(overtaking) for overtaking in overtakings]
    facts += _state_together(compared)
    if rows_by_subject is not None and len(rows_by_subject) > 1:
        facts += [*_rank_shares(rows_by_subject), *_rank_moods(rows_by_subject)]
    return sorted(facts, key=lambda stated: -stated.interest)


def list_compared(pairs: Sequence[KeywordPair]) -> list[KeywordPair]:
    """Return the pairs that the texts can say something of: not a keyword and a part of it."""
    return [pair for pair in pairs if pair.relation not in (Relation.PART, Relation.WHOLE)]


def find_pair_overtakings(pairs: Sequence[KeywordPair]) -> list[Overtaking]:
    """Return where one of two subjects overtakes the other for good, the clearest first."""
    overtakings = []
    for pair in pairs:
        tallies = [
            Tally(month.period, month.counts.first, month.counts.second)
            for month in pair.months
            if not month.cut_off
        ]
        overtaking = find_overtaking(pair.names, tallies)
        if overtaking is not None:
            overtakings.append(overtaking)
    return rank_overtakings(overtakings)


def _rank_shares(rows_by_subject: Mapping[str, Sequence[PeriodRow]]) -> list[Finding]:
    """Name the subjects in most and in fewest documents."""
    matched, documents = {}, {}
    for subject, period_rows in rows_by_subject.items():
        counts = count_periods(period_rows, with_cut_off=True)
        matched[subject] = sum(count.matched for count in counts)
        documents[subject] = sum(count.documents for count in counts)
    ranked = sorted(matched, key=lambda subject: (-matched[subject], subject))
    most, following, fewest = ranked[0], ranked[1], ranked[-1]
    if matched[most] == matched[following]:
        return []

    def share_of(subject: str) -> str:
        return format_share(matched[subject] / documents[subject])

    lead = f"Of {len(ranked)} subjects “{most}” is in most documents"
    rest = (
        f"next is “{following}” with {share_of(following)}, last “{fewest}” with {share_of(fewest)}"
    )
    if len(ranked) == 2:
        lead, rest = f"“{most}” is in more documents", f"“{following}” is in {share_of(following)}"
    text = (
        f"{lead}: {matched[most]:,} of {quantity(documents[most], 'document')} ({share_of(most)}); "
        f"{rest}."
    )
    clause = f"“{most}” is in most, {matched[most]:,}"
    shares = (matched[most] / documents[most],)
    return [
        fact(
            ("most",),
            (most,),
            text,
            clause=clause,
            counts=(matched[most],),
            shares=shares,
            interest=0.45,
        )
    ]


def _rank_moods(rows_by_subject: Mapping[str, Sequence[PeriodRow]]) -> list[Finding]:
    """Name the subjects with the highest and the lowest mean polarity of an engine."""
    means = []
    for subject, period_rows in rows_by_subject.items():
        period_means = list_means(period_rows)
        n = sum(mean.n for mean in period_means)
        if n >= FEWEST_MENTIONS:
            means.append(Mean(subject, overall_mean(period_means), n))
    if len(means) < 2:
        return []

    highest = max(means, key=lambda mean: mean.mean)
    lowest = min(means, key=lambda mean: mean.mean)
    if highest.mean - lowest.mean < LEAST_DIFFERENCE:
        return []

    high, low = _describe_mean(highest), _describe_mean(lowest)
    text = f"The engine's mean polarity is highest for {high} and lowest for {low}."
    clause = f"it is highest for {high} and lowest for {low}"
    answer, named = (highest.name, lowest.name), (highest.mean, lowest.mean)
    interest = min(0.6, highest.mean - lowest.mean)
    return [fact(("moods",), answer, text, clause=clause, means=named, interest=interest)]


def _describe_mean(mean: Mean) -> str:
    return f"“{mean.name}” ({signed(mean.mean)}, {mean.n:,} mentions)"


def _state_together(pairs: Sequence[KeywordPair]) -> list[Finding]:
    """Name the pair that goes together most often, as a share of the rarer subject's documents."""
    shares = {}
    for pair in pairs:
        if pair.counts.both >= FEWEST_TOGETHER and pair.relation == Relation.FREE:
            shares[pair.names] = pair.counts.both / min(pair.counts.first, pair.counts.second)
    if not shares:
        return []

    closest = max(sorted(shares), key=shares.__getitem__)
    (counts,) = (pair.counts for pair in pairs if pair.names == closest)
    rarer, other = closest if counts.first <= counts.second else closest[::-1]
    share = f"{counts.both:,} of its {min(counts.first, counts.second):,} documents"
    text = (
        f"“{rarer}” stands beside “{other}” in {share} ({format_share(shares[closest])}), more "
        f"often than any other pair."
    )
    if len(pairs) == 1:
        text = text.replace(", more often than any other pair", "")
    clause = f"“{rarer}” stands beside “{other}” in {share}"
    named = (shares[closest],)
    interest = 0.6 * shares[closest]
    return [fact(("together",), closest, text, clause=clause, shares=named, interest=interest)]
