"""Facts about subjects beside each other: who overtook whom, which go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair
from reports.findings.finding import Fact
from reports.findings.overtakings import rank_overtakings
from reports.stats.thresholds import FEW_DOCUMENTS, LEAST_RATIO, MOST_TOLD
from reports.words.document_queries import Counted, DocumentQuery


def find_pair_facts(pairs: Sequence[KeywordPair], names: Mapping[str, str]) -> list[Fact]:
    """Return the facts about *pairs* of subjects, the most interesting first.

    *names* has what sentences call each subject.
    """
    facts = find_pair_overtakings(pairs, names) + _find_together(pairs, names)
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


def find_pair_overtakings(pairs: Sequence[KeywordPair], names: Mapping[str, str]) -> list[Fact]:
    """Return where one of two subjects overtakes the other for good, the clearest first.

    Only subjects that compete are compared: two or three that were set side by side, or two that
    go together.
    """
    are_side_by_side = len({name for pair in pairs for name in pair.names}) <= MOST_TOLD
    counts_by_pair = {}
    for pair in list_compared(pairs):
        if are_side_by_side or _measure_closeness(pair) >= LEAST_RATIO:
            counts_by_pair[pair.names] = {
                month.period: (month.counts.first, month.counts.second)
                for month in pair.months
                if not month.cut_off
            }

    return rank_overtakings(counts_by_pair, names)


def _measure_closeness(pair: KeywordPair) -> float:
    """Return how many times as many documents mention both as by chance; 0 of few documents."""
    is_free = pair.relation == Relation.FREE
    if not is_free or pair.counts.both < FEW_DOCUMENTS or not pair.expected:
        return 0.0

    return pair.counts.both / pair.expected


def _find_together(pairs: Sequence[KeywordPair], names: Mapping[str, str]) -> list[Fact]:
    """Return the pairs that stand together most often beside what chance would give."""
    closest = sorted(pairs, key=lambda pair: (-_measure_closeness(pair), pair.names))
    facts = []
    for pair in closest[:MOST_TOLD]:
        ratio, counts = _measure_closeness(pair), pair.counts
        if ratio < LEAST_RATIO:
            break

        rarer, other = pair.names if counts.first <= counts.second else pair.names[::-1]
        documents = min(counts.first, counts.second)
        figures = {
            "rarer": names[rarer],
            "other": names[other],
            "both": Counted(counts.both, DocumentQuery(subject=rarer, other=other)),
            "documents": Counted(documents, DocumentQuery(subject=rarer)),
            "ratio": ratio,
        }
        topic, shares = ("together", *pair.names), (counts.both / documents,)
        interest = 0.9 * (1 - 1 / ratio)
        facts.append(Fact("together", "", topic, (), figures, shares=shares, interest=interest))

    return facts
