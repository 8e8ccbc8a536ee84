"""Facts about subjects beside each other: who overtook whom, whose mood, which go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Finding, fact
from reports.findings.mood_facts import LEAST_DIFFERENCE, Mean, list_means, overall_mean
from reports.findings.overtakings import (
    Overtaking,
    Tally,
    find_overtaking,
    rank_overtakings,
    state_overtaking,
)
from reports.findings.share_facts import list_counted_periods
from reports.words.quantities import format_expected, format_share, join_words, quantity, signed

# Means of fewer mentions are not ranked beside each other.
FEWEST_MENTIONS = 100
# A pair is named if at least so many documents mention both.
FEWEST_TOGETHER = 10
# It is named if they are at least this many times as many as would be expected.
LEAST_RATIO = 1.5


def state_pairs(
    pairs: Sequence[KeywordPair],
    rows_by_subject: Mapping[str, Sequence[PeriodRow]] | None = None,
    engines: Sequence[str] = (),
) -> list[Finding]:
    """Return the facts about *pairs* of subjects, the most interesting first.

    *rows_by_subject* are the series of the subjects of one run, which are ranked by their shares
    and moods; subjects of several runs are not. A subject that is a part of another is not ranked,
    and means of several *engines* are not.
    """
    compared = list_compared(pairs)
    facts = [state_overtaking(overtaking) for overtaking in find_pair_overtakings(compared)]
    facts += _state_together(compared)
    if rows_by_subject is not None and len(rows_by_subject) > 1:
        parts = _list_parts(pairs)
        ranked = {name: rows for name, rows in rows_by_subject.items() if name not in parts}
        facts += _rank_shares(ranked)
        facts += _rank_moods(ranked) if len(engines) <= 1 else []

    return sorted(facts, key=lambda stated: -stated.interest)


def list_compared(pairs: Sequence[KeywordPair]) -> list[KeywordPair]:
    """Return the pairs that the texts can say something of: not a keyword and a part of it."""
    return [pair for pair in pairs if pair.relation not in (Relation.PART, Relation.WHOLE)]


def _list_parts(pairs: Sequence[KeywordPair]) -> set[str]:
    """Return the keywords whose query is a part of another's."""
    parts = set()
    for pair in pairs:
        if pair.relation == Relation.PART:
            parts.add(pair.names[0])
        elif pair.relation == Relation.WHOLE:
            parts.add(pair.names[1])

    return parts


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
        counts = list_counted_periods(period_rows, with_cut_off=True)
        matched[subject] = sum(count.matched for count in counts)
        documents[subject] = sum(count.documents for count in counts)

    ranked = sorted(matched, key=lambda subject: (-matched[subject], subject))
    if len(ranked) < 2 or not documents[ranked[-1]]:
        return []

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

    ranked = sorted(means, key=lambda mean: (-mean.mean, mean.name))
    ends = []
    if ranked[0].mean - ranked[1].mean >= LEAST_DIFFERENCE:
        ends.append(("highest", ranked[0]))
    if ranked[-2].mean - ranked[-1].mean >= LEAST_DIFFERENCE:
        ends.append(("lowest", ranked[-1]))
    if not ends:
        return []

    described = join_words([f"{end} for {_describe_mean(mean)}" for end, mean in ends])
    text = (
        f"Of {len(ranked)} subjects with at least {FEWEST_MENTIONS} mentions the engine's mean "
        f"polarity is {described}."
    )
    answer = tuple((end, mean.name) for end, mean in ends)
    named = tuple(mean.mean for _, mean in ends)
    interest = min(0.6, ranked[0].mean - ranked[-1].mean)
    clause = f"it is {described}"
    return [fact(("moods",), answer, text, clause=clause, means=named, interest=interest)]


def _describe_mean(mean: Mean) -> str:
    return f"“{mean.name}” ({signed(mean.mean)}, {mean.n:,} mentions)"


def _state_together(pairs: Sequence[KeywordPair]) -> list[Finding]:
    """Name the pair that stands together most often beside what one would expect."""
    ratios = {}
    for pair in pairs:
        is_free = pair.relation == Relation.FREE
        if is_free and pair.counts.both >= FEWEST_TOGETHER and pair.expected:
            ratios[pair.names] = pair.counts.both / pair.expected

    closest = max(sorted(ratios), key=ratios.__getitem__, default=None)
    if closest is None or ratios[closest] < LEAST_RATIO:
        return []

    (pair,) = (pair for pair in pairs if pair.names == closest)
    counts = pair.counts
    rarer, other = closest if counts.first <= counts.second else closest[::-1]
    documents = min(counts.first, counts.second)
    text = (
        f"“{rarer}” stands beside “{other}” in {counts.both:,} of its "
        f"{quantity(documents, 'document')}; {format_expected(pair.expected)} would be expected if "
        "one said nothing of the other."
    )
    clause = (
        f"they stand together in {counts.both:,}, where {format_expected(pair.expected)} would be "
        "expected"
    )
    interest = 0.6 * (1 - 1 / ratios[closest])
    shares = (counts.both / documents,)
    return [fact(("together",), closest, text, clause=clause, shares=shares, interest=interest)]
