"""What readers would say of all texts, in sentences: shares, precision and recall, differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from analysis.codebooks.codebook import Variable, VariableType
from analysis.codebooks.wanted import list_categories
from reports.data.coded_samples import CodedSample
from reports.data.estimate_strata import (
    Subject,
    list_group_subjects,
    list_subjects,
    make_strata,
)
from reports.data.run_data import RunData
from reports.data.tables.estimates import EstimateRow
from reports.findings.finding import Finding, FindingKind
from reports.stats.multiple_tests import adjust_holm
from reports.stats.paired import Estimate
from reports.stats.proportions import compare_shares
from reports.words.periods import name_sample_period
from reports.words.quantities import format_points, format_share, join_words, quantity

# A difference is told if it has this p-value, adjusted for all that the page tests.
LEVEL = 0.05
# A longer question is named by its variable.
LONGEST_QUESTION = 120
# A sentence names at most so many categories, the most common ones.
CATEGORIES_SHOWN = 4


def state_shares(rows: Sequence[EstimateRow], variable: Variable, unit: str) -> Finding:
    """State the shares of all texts of the run that its readers would put into each category."""
    row = rows[0]
    question = variable.question_about(row.keyword or "")
    asked = f"“{question}”" if len(question) <= LONGEST_QUESTION else variable.name
    answers = [
        f"“{share.category}” of {format_share(share.estimate)} "
        f"({format_share(share.low)} to {format_share(share.high)})"
        for share in sorted(rows, key=lambda share: -share.estimate)[:CATEGORIES_SHOWN]
    ]
    text = (
        f"Asked {asked}, {row.model or 'readers'} would say {join_words(answers)}, of "
        f"{quantity(row.n_population, unit)}; {row.n_read:,} are coded, intervals are at "
        f"{format_confidence(row)}."
    )
    if row.model:
        text += " Not checked against people."
    topic = ("readers' shares", row.codebook, row.variable, row.keyword, row.period)
    return _estimate(topic, row, text)


def state_relevance(precision: EstimateRow, recall: EstimateRow | None) -> Finding:
    """State how many of the texts with a keyword are about it, and how many it misses."""
    keyword = precision.keyword
    text = (
        f"Of the texts that mention “{keyword}” {format_share(precision.estimate)} are about it "
        f"({_interval(precision)})"
    )
    if recall is not None:
        text += (
            f"; of all texts about it the keyword finds {format_share(recall.estimate)} "
            f"({_interval(recall)})"
        )
    text += f". {(recall or precision).n_read:,} texts are coded."
    return _estimate(("relevance", keyword), precision, text)


def state_differences(run: RunData, sample: CodedSample, machine: str | None) -> list[Finding]:
    """State where the share of a category differs from one period to the next, or in a group.

    All comparisons of a codebook are one family of tests.
    """
    estimates: list[tuple[_Comparison, str, Estimate]] = []
    for comparison in _list_comparisons(run, sample, machine):
        for category in list_categories(comparison.subject.variable):
            strata = [
                make_strata(run, subject, category, comparison.machine)
                for subject in (comparison.subject, comparison.reference)
            ]
            difference = compare_shares(*strata, use_machine=comparison.machine is not None)
            if difference is not None:
                estimates.append((comparison, category, difference))

    adjusted = adjust_holm([difference.p_value for *_, difference in estimates])
    findings = []
    for (comparison, category, difference), p_value in zip(estimates, adjusted, strict=True):
        if p_value < LEVEL:
            subject = comparison.subject
            about = f" about “{subject.keyword}”" if subject.keyword else ""
            text = (
                f"“{category}” of {subject.variable.name}{about}: "
                f"{format_points(difference.value)} points {comparison.words} "
                f"({format_points(difference.low)} to {format_points(difference.high)})."
            )
            place = (subject.keyword, subject.period, subject.group)
            topic = ("readers' difference", subject.variable.name, category, *place)
            answer = (round(difference.value, 4),)
            findings.append(Finding(FindingKind.ESTIMATE, topic, answer, text, interest=0.6))
    return findings


@dataclass(frozen=True)
class _Comparison:
    """Texts whose shares are compared with those of others, *words* say how."""

    subject: Subject
    reference: Subject
    machine: str | None
    words: str


def _list_comparisons(
    run: RunData, sample: CodedSample, machine: str | None
) -> Iterator[_Comparison]:
    """Yield each period beside the one before it, and each group beside all others."""
    periods: dict[tuple[str, str], list[Subject]] = {}
    for subject in list_subjects(sample):
        if subject.period and subject.variable.type != VariableType.SCALE:
            periods.setdefault((subject.variable.name, subject.keyword), []).append(subject)
    for subjects in periods.values():
        for earlier, later in pairwise(subjects):
            earlier_name, later_name = map(name_sample_period, (earlier.period, later.period))
            yield _Comparison(later, earlier, machine, f"from {earlier_name} to {later_name}")

    for subject in list_group_subjects(run, sample):
        if subject.variable.type != VariableType.SCALE:
            others = replace(subject, is_of_others=True)
            yield _Comparison(subject, others, None, f"in {subject.group} against all others")


def list_statements(sample: CodedSample, rows: Sequence[EstimateRow], unit: str) -> list[Finding]:
    """State the estimates for the whole run: how right keywords are, then the shares."""
    whole = [row for row in rows if row.period is None and row.group is None]
    recalls = {row.keyword: row for row in whole if row.measure == "recall"}
    statements = [
        state_relevance(row, recalls.get(row.keyword))
        for row in whole
        if row.measure == "precision"
    ]

    shares = [row for row in whole if row.measure == "share"]
    for variable in sample.codebook.variables:
        for keyword in sample.keywords:
            variable_shares = [
                row
                for row in shares
                if row.variable == variable.name and (row.keyword or "") == keyword
            ]
            if variable_shares:
                statements.append(state_shares(variable_shares, variable, unit))
    return statements


def format_confidence(row: EstimateRow) -> str:
    """Return how often the interval of an estimate covers: "95 %", "98.7 %"."""
    return f"{100 * row.confidence:.3g} %"


def _interval(row: EstimateRow) -> str:
    return f"{format_confidence(row)} interval {format_share(row.low)} to {format_share(row.high)}"


def _estimate(topic: tuple[object, ...], row: EstimateRow, text: str) -> Finding:
    answer = (round(row.estimate, 4),)
    return Finding(FindingKind.ESTIMATE, topic, answer, text, interest=0.65)
