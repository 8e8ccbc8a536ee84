"""Facts about subjects beside each other: who overtook whom, which go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Fact
from reports.findings.overtakings import rank_overtakings
from reports.findings.share_facts import list_counted_periods, sum_shares
from reports.words.document_queries import Counted, DocumentQuery

# So many subjects of a run are set side by side; of more, each is a subject of its own.
SIDE_BY_SIDE = 3
# A pair is named if at least so many documents mention both.
FEWEST_TOGETHER = 10
# It is named if they are at least this many times as many as would be expected.
LEAST_RATIO = 1.5
# At most so many pairs are named.
MOST_TOGETHER = 3


def find_pair_facts(
    pairs: Sequence[KeywordPair],
    names: Mapping[str, str],
    rows_by_subject: Mapping[str, Sequence[PeriodRow]] | None = None,
) -> list[Fact]:
    """Return the facts about *pairs* of subjects, the most interesting first.

    *names* has what sentences call each subject. *rows_by_subject* are the series of the subjects
    of one run, which are ranked where they are set side by side; subjects of several runs are not.
    A subject that is a part of another is not ranked.
    """
    facts = find_pair_overtakings(pairs, names) + _find_together(pairs, names)
    if rows_by_subject is not None and 1 < len(rows_by_subject) <= SIDE_BY_SIDE:
        parts = {part for part, _ in list_parts(pairs)}
        ranked = {name: rows for name, rows in rows_by_subject.items() if name not in parts}
        facts += _rank_shares(ranked, names)

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
    are_side_by_side = len({name for pair in pairs for name in pair.names}) <= SIDE_BY_SIDE
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
    if not is_free or pair.counts.both < FEWEST_TOGETHER or not pair.expected:
        return 0.0

    return pair.counts.both / pair.expected


def _rank_shares(
    rows_by_subject: Mapping[str, Sequence[PeriodRow]], names: Mapping[str, str]
) -> list[Fact]:
    """Return the subject in most documents, and the next."""
    documents, matched = {}, {}
    for subject, period_rows in rows_by_subject.items():
        counts = list_counted_periods(period_rows, with_cut_off=True)
        documents[subject], matched[subject] = sum_shares(counts)

    ranked = sorted(matched, key=lambda subject: (-matched[subject], subject))
    if len(ranked) < 2 or not documents[ranked[-1]]:
        return []

    most, following = ranked[0], ranked[1]
    if matched[most] == matched[following]:
        return []

    figures = {
        "most": names[most],
        "matched": Counted(matched[most], DocumentQuery(subject=most)),
        "following": names[following],
        "following_matched": Counted(matched[following], DocumentQuery(subject=following)),
    }
    return [
        Fact(
            "most documents",
            "",
            ("most",),
            (most,),
            figures,
            counts=(matched[most], matched[following]),
            shares=(matched[most] / documents[most],),
            interest=0.2,
        )
    ]


def _find_together(pairs: Sequence[KeywordPair], names: Mapping[str, str]) -> list[Fact]:
    """Return the pairs that stand together most often beside what chance would give."""
    closest = sorted(pairs, key=lambda pair: (-_measure_closeness(pair), pair.names))
    facts = []
    for pair in closest[:MOST_TOGETHER]:
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
