"""Facts that are printed: they stand without repeats and bulk days, or say what changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reports.data.run_data import RunData
from reports.data.variants import read_variants
from reports.findings.finding import Fact, FactsBySubject
from reports.findings.overtakings import limit_overtakings
from reports.stats.thresholds import LEAST_CHANGE

# Subjects are keywords, or the names of jobs of posts; this key stands for all of them together.
ALL = ""
# Counts and shares that change are printed with both numbers, unless they change by a smaller part
# of the largest figure of the fact.
LEAST_BESIDE_LARGEST = 0.02
# A count that changes by so few documents is taken for the same.
FEW_DOCUMENTS = 2
# A mean polarity that changes by more is printed with both numbers.
LEAST_CHANGE_OF_MEAN = 0.02
# What is left out, in words.
REPEATS, BULK_DAYS = "repeats", "bulk days"

ReadFacts = Callable[[RunData], FactsBySubject]


def read_confirmed(run: RunData, read_facts: ReadFacts) -> dict[str, list[Fact]]:
    """Return the facts of each subject that can be printed.

    A fact is read again without the repeats, and without the bulk days. Where its answer or its
    figures differ there, it has a contrast; where there is no such fact, it is not printed.
    """
    variants = read_variants(run)
    confirmed = {subject: list(facts) for subject, facts in read_facts(run).items()}
    others_by_name = {REPEATS: variants.without_repeats, BULK_DAYS: variants.without_bulk_days}
    for left_out, other_run in others_by_name.items():
        if other_run is not None:
            others = read_facts(other_run)
            for subject, facts in confirmed.items():
                confirmed[subject] = _confirm(facts, others.get(subject, ()), left_out)

    return {subject: limit_overtakings(facts) for subject, facts in confirmed.items()}


def _confirm(facts: Sequence[Fact], others: Sequence[Fact], left_out: str) -> list[Fact]:
    """Return *facts* with what changes of them where only *others* are found."""
    others_by_topic = {other.topic: other for other in others}
    confirmed = []
    for fact in facts:
        other = others_by_topic.get(fact.topic)
        if not fact.clause or (other is not None and _is_same(fact, other)):
            confirmed.append(fact)
        elif other is not None:
            contrasts = (*fact.contrasts, (left_out, other))
            confirmed.append(replace(fact, contrasts=contrasts))

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
