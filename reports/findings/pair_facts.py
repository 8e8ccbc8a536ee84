"""Facts about subjects beside each other: who overtook whom, whose mood, which go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Fact
from reports.findings.mood_facts import LEAST_DIFFERENCE, list_scored_periods, pool_means
from reports.findings.overtakings import rank_overtakings
from reports.findings.share_facts import list_counted_periods, sum_shares

# Means of fewer mentions are not ranked beside each other.
FEWEST_MENTIONS = 100
# A pair is named if at least so many documents mention both.
FEWEST_TOGETHER = 10
# It is named if they are at least this many times as many as would be expected.
LEAST_RATIO = 1.5


def find_pair_facts(
    pairs: Sequence[KeywordPair],
    rows_by_subject: Mapping[str, Sequence[PeriodRow]] | None = None,
    engines: Sequence[str] = (),
) -> list[Fact]:
    """Return the facts about *pairs* of subjects, the most interesting first.

    *rows_by_subject* are the series of the subjects of one run, which are ranked by their shares
    and moods; subjects of several runs are not. A subject that is a part of another is not ranked,
    and means of several *engines* are not.
    """
    facts = find_pair_overtakings(pairs) + _find_together(pairs)
    if rows_by_subject is not None and len(rows_by_subject) > 1:
        parts = {part for part, _ in list_parts(pairs)}
        ranked = {name: rows for name, rows in rows_by_subject.items() if name not in parts}
        facts += _rank_shares(ranked)
        facts += _rank_means(ranked) if len(engines) <= 1 else []

    return sorted(facts, key=lambda fact: -fact.interest)


def list_compared(pairs: Sequence[KeywordPair]) -> list[KeywordPair]:
    """Return the pairs that the texts can say something of: not a keyword and a part of it."""
    return [pair for pair in pairs if pair.relation not in (Relation.PART, Relation.WHOLE)]


def list_parts(pairs: Sequence[KeywordPair]) -> list[tuple[str, str]]:
    """Return each keyword whose query is a part of another's, and the other."""
    parts = []
    for pair in pairs:
        if pair.relation in (Relation.PART, Relation.WHOLE):
            left, right = pair.names
            parts.append((left, right) if pair.relation == Relation.PART else (right, left))

    return parts


def find_pair_overtakings(pairs: Sequence[KeywordPair]) -> list[Fact]:
    """Return where one of two subjects overtakes the other for good, the clearest first."""
    counts_by_pair = {}
    for pair in list_compared(pairs):
        counts_by_pair[pair.names] = {
            month.period: (month.counts.first, month.counts.second)
            for month in pair.months
            if not month.cut_off
        }

    return rank_overtakings(counts_by_pair)


def _rank_shares(rows_by_subject: Mapping[str, Sequence[PeriodRow]]) -> list[Fact]:
    """Return the subjects in most and in fewest documents."""
    documents, matched = {}, {}
    for subject, period_rows in rows_by_subject.items():
        counts = list_counted_periods(period_rows, with_cut_off=True)
        documents[subject], matched[subject] = sum_shares(counts)

    ranked = sorted(matched, key=lambda subject: (-matched[subject], subject))
    if len(ranked) < 2 or not documents[ranked[-1]]:
        return []

    most, following, fewest = ranked[0], ranked[1], ranked[-1]
    if matched[most] == matched[following]:
        return []

    shares = {subject: matched[subject] / documents[subject] for subject in ranked}
    figures = {
        "subjects": len(ranked),
        "most": most,
        "matched": matched[most],
        "documents": documents[most],
        "share": shares[most],
        "following": following,
        "following_share": shares[following],
        "fewest": fewest,
        "fewest_share": shares[fewest],
    }
    return [
        Fact(
            "more documents" if len(ranked) == 2 else "most documents",
            "",
            ("most",),
            (most,),
            figures,
            counts=(matched[most],),
            shares=(shares[most],),
            interest=0.45,
        )
    ]


def _rank_means(rows_by_subject: Mapping[str, Sequence[PeriodRow]]) -> list[Fact]:
    """Return the subjects with the highest and the lowest mean polarity of an engine."""
    means = []
    for subject, period_rows in rows_by_subject.items():
        scored = list_scored_periods(period_rows)
        if sum(row.polarity_n or 0 for row in scored) >= FEWEST_MENTIONS:
            mean, n = pool_means(scored)
            means.append((-mean, subject, n))

    if len(means) < 2:
        return []

    ranked = sorted(means)
    candidates = {"highest": (ranked[0], ranked[1]), "lowest": (ranked[-1], ranked[-2])}
    ends: list[dict[str, Any]] = []
    for end, ((negative_mean, subject, n), neighbour) in candidates.items():
        if abs(negative_mean - neighbour[0]) >= LEAST_DIFFERENCE:
            ends.append({"end": end, "subject": subject, "mean": -negative_mean, "n": n})

    if not ends:
        return []

    return [
        Fact(
            "means of subjects",
            "",
            ("moods",),
            tuple((end["end"], end["subject"]) for end in ends),
            {"subjects": len(ranked), "fewest": FEWEST_MENTIONS, "ends": ends},
            means=tuple(end["mean"] for end in ends),
            interest=min(0.6, ranked[-1][0] - ranked[0][0]),
        )
    ]


def _find_together(pairs: Sequence[KeywordPair]) -> list[Fact]:
    """Return the pair that stands together most often beside what one would expect."""
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
    figures = {
        "rarer": rarer,
        "other": other,
        "both": counts.both,
        "documents": documents,
        "expected": pair.expected,
    }
    return [
        Fact(
            "together",
            "",
            ("together",),
            closest,
            figures,
            shares=(counts.both / documents,),
            interest=0.6 * (1 - 1 / ratios[closest]),
        )
    ]
