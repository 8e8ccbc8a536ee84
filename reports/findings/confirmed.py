"""Findings that are printed: they stand without repeats and bulk days, or say what changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from reports.data.repeat_counts import read_repeat_counts
from reports.data.run_data import RunData
from reports.data.tables.periods import read_periods
from reports.data.variants import read_variants
from reports.findings.finding import Finding
from reports.findings.overtakings import limit_overtakings
from reports.words.periods import MONTHS
from reports.words.quantities import join_words, quantity

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

FindingsBySubject = Mapping[str, Sequence[Finding]]
ReadFindings = Callable[[RunData], FindingsBySubject]


def read_confirmed(run: RunData, read_findings: ReadFindings) -> dict[str, list[Finding]]:
    """Return the findings of each subject that can be printed.

    A finding is read again without the repeats, and without the bulk days. Where its answer or its
    figures differ there, it is printed with both; where there is no such finding, it is not
    printed.
    """
    variants = read_variants(run)
    confirmed = {subject: list(found) for subject, found in read_findings(run).items()}
    documents = _count_documents(run)

    if variants.without_repeats is not None:
        others = read_findings(variants.without_repeats)
        kept = _count_documents(variants.without_repeats)
        for subject, found in confirmed.items():
            left_out = _name_repeats(run, subject, documents[subject] - kept[subject])
            without = LeftOut(left_out, "repeats")
            confirmed[subject] = _confirm(found, others.get(subject, ()), without)

    if variants.without_bulk_days is not None:
        others = read_findings(variants.without_bulk_days)
        days = variants.bulk_days
        again = "that day" if len(days) == 1 else "those days"
        without = LeftOut(_name_days(days), again)
        for subject, found in confirmed.items():
            confirmed[subject] = _confirm(found, others.get(subject, ()), without)

    return {subject: limit_overtakings(found) for subject, found in confirmed.items()}


@dataclass(frozen=True)
class LeftOut:
    """What is left out of a run: as a subject's first sentence names it, and its later ones."""

    first: str
    again: str


def _confirm(
    findings: Sequence[Finding], others: Sequence[Finding], without: LeftOut
) -> list[Finding]:
    """Return *findings* with what changes of them where only *others* are found."""
    others_by_topic = {other.topic: other for other in others}
    name = without.first
    confirmed = []
    for finding in findings:
        other = others_by_topic.get(finding.topic)
        if finding.clause and other is None:
            continue

        text = finding.text
        if finding.clause and other is not None and not _is_same(finding, other):
            text = f"{text} Without {name}, {other.clause}."
            name = without.again

        confirmed.append(replace(finding, text=text))

    return confirmed


def _is_same(finding: Finding, other: Finding) -> bool:
    """Return whether both have the same answer, and figures that hardly differ."""
    if finding.answer != other.answer:
        return False

    has_same_shares = _is_near(finding.shares, other.shares)
    has_same_counts = bool(finding.shares) or _is_near(
        finding.counts, other.counts, floor=FEW_DOCUMENTS
    )
    pairs = zip(finding.means, other.means, strict=True)
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
        return "repeats, of which none mentions it"

    verb = "is a repeat" if left_out == 1 else "are repeats"
    words = f"the {quantity(left_out, run.kind.document_noun)} that {verb}"
    counts = read_repeat_counts(run).get((subject, None))
    if counts is None or counts.largest is None or 2 * counts.largest_documents < left_out:
        return words
    if counts.largest_documents == left_out:
        return f"{words}, “{counts.largest.text}”"

    return f"{words} ({counts.largest_documents:,} of them “{counts.largest.text}”)"


def _name_days(days: Sequence[date]) -> str:
    named = [f"{day.day} {MONTHS[day.month - 1]} {day.year}" for day in days]
    if len(days) > DAYS_NAMED:
        return f"{len(days)} days on which the archive has far more documents than usual"
    return f"{join_words(named)}, when the archive has far more documents than usual"
