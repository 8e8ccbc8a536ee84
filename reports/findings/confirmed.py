"""Facts that are printed: they stand without repeats and bulk days, or say what changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from reports.data.repeat_counts import read_repeat_counts
from reports.data.run_data import RunData
from reports.data.tables.periods import read_periods
from reports.data.variants import read_variants
from reports.findings.finding import Fact, FactsBySubject
from reports.findings.overtakings import limit_overtakings
from reports.words.periods import name_day
from reports.words.quantities import join_words
from reports.words.writing import write_sentence

# Subjects are keywords, or the names of jobs of posts; this key stands for all of them together.
ALL = ""
# Counts and shares that change by a larger part are printed with both numbers, unless they change
# by a smaller part of the largest figure of the sentence.
LEAST_CHANGE = 0.1
LEAST_BESIDE_LARGEST = 0.02
# A count that changes by so few documents is taken for the same.
FEW_DOCUMENTS = 2
# A mean polarity that changes by more is printed with both numbers.
LEAST_CHANGE_OF_MEAN = 0.02
# At most this many days are named.
DAYS_NAMED = 3

ReadFacts = Callable[[RunData], FactsBySubject]


def read_confirmed(run: RunData, read_facts: ReadFacts) -> dict[str, list[Fact]]:
    """Return the facts of each subject that can be printed.

    A fact is read again without the repeats, and without the bulk days. Where its answer or its
    figures differ there, it is printed with both; where there is no such fact, it is not printed.
    """
    variants = read_variants(run)
    confirmed = {subject: list(facts) for subject, facts in read_facts(run).items()}
    documents = _count_documents(run)

    if variants.without_repeats is not None:
        others = read_facts(variants.without_repeats)
        kept = _count_documents(variants.without_repeats)
        for subject, facts in confirmed.items():
            left_out = _name_repeats(run, subject, documents[subject] - kept[subject])
            confirmed[subject] = _confirm(facts, others.get(subject, ()), left_out, "repeats")

    if variants.without_bulk_days is not None:
        others = read_facts(variants.without_bulk_days)
        left_out = _name_days(variants.bulk_days)
        again = "that day" if len(variants.bulk_days) == 1 else "those days"
        for subject, facts in confirmed.items():
            confirmed[subject] = _confirm(facts, others.get(subject, ()), left_out, again)

    return {subject: limit_overtakings(facts) for subject, facts in confirmed.items()}


def _confirm(
    facts: Sequence[Fact], others: Sequence[Fact], left_out: str, left_out_again: str
) -> list[Fact]:
    """Return *facts* with what changes of them where only *others* are found.

    The first fact that changes says what is left out; later ones say it in short.
    """
    others_by_topic = {other.topic: other for other in others}
    confirmed = []
    for fact in facts:
        other = others_by_topic.get(fact.topic)
        if not fact.clause or (other is not None and _is_same(fact, other)):
            confirmed.append(fact)
        elif other is not None:
            contrasts = (*fact.contrasts, (left_out, other))
            confirmed.append(replace(fact, contrasts=contrasts))
            left_out = left_out_again

    return confirmed


def _is_same(fact: Fact, other: Fact) -> bool:
    """Return whether both have the same answer, and figures that hardly differ."""
    if fact.answer != other.answer:
        return False

    has_same_shares = _is_near(fact.shares, other.shares)
    has_same_counts = bool(fact.shares) or _is_near(fact.counts, other.counts, floor=FEW_DOCUMENTS)
    pairs = zip(fact.means, other.means, strict=True)
    has_same_means = all(abs(mean - other) <= LEAST_CHANGE_OF_MEAN for mean, other in pairs)
    return has_same_shares and has_same_counts and has_same_means


def _is_near(figures: Sequence[float], other_figures: Sequence[float], floor: float = 0.0) -> bool:
    """Return whether no figure changes by more than a part of it, or hardly beside the largest."""
    if len(figures) != len(other_figures):
        return False

    floor = max(floor, LEAST_BESIDE_LARGEST * max(figures, default=0.0))
    for figure, other_figure in zip(figures, other_figures, strict=True):
        if abs(figure - other_figure) > max(floor, LEAST_CHANGE * figure):
            return False

    return True


def _count_documents(run: RunData) -> Counter[str]:
    """Return the documents that mention each subject, and under `ALL` their sum."""
    documents: Counter[str] = Counter()
    for period_row in read_periods(run):
        if period_row.term is not None and run.keywords:
            continue

        subject = period_row.keyword if run.keywords else period_row.job
        documents[subject or ALL] += period_row.matched or 0

    documents[ALL] = documents.total()
    return documents


def _name_repeats(run: RunData, subject: str, left_out: int) -> str:
    """Say how many documents of a subject are left out, and of which pattern the most are."""
    if subject == ALL and run.keywords:
        return "repeats"
    if not left_out:
        return write_sentence("repeats of another subject")

    kind, named = "repeats", {}
    counts = read_repeat_counts(run).get((subject, None))
    if counts is not None and counts.largest is not None:
        named = {"largest": counts.largest_documents, "pattern": counts.largest.text}
        if counts.largest_documents == left_out:
            kind = "repeats of a pattern"
        elif 2 * counts.largest_documents >= left_out:
            kind = "repeats, most of a pattern"

    return write_sentence(kind, n=left_out, noun=run.kind.document_noun, **named)


def _name_days(days: Sequence[date]) -> str:
    if len(days) > DAYS_NAMED:
        return write_sentence("many bulk days", n=len(days))
    return write_sentence("bulk days", days=join_words([name_day(day) for day in days]))
