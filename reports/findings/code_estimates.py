"""What readers would say of all texts, in sentences: shares, precision and recall, differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from analysis.codebooks.codebook import Variable, VariableType
from analysis.codebooks.wanted import list_categories
from reports.data.coded_samples import CodedSample
from reports.data.estimate_strata import (
    PEOPLE_ALONE,
    CodedSubject,
    Method,
    list_group_subjects,
    list_subjects,
    make_strata,
)
from reports.data.machine_codings import MachineCoding
from reports.data.run_data import RunData
from reports.data.tables.estimates import EstimateRow
from reports.findings.finding import Finding, FindingKind
from reports.stats.estimates import Estimate
from reports.stats.multiple_tests import adjust_holm
from reports.stats.proportions import compare_shares
from reports.stats.scale_means import compare_scale_means
from reports.words.periods import name_sample_period
from reports.words.quantities import (
    format_confidence,
    format_points,
    format_share,
    join_words,
    quantity,
    signed,
)

# A difference is told if it has this p-value, adjusted for all that the page tests.
LEVEL = 0.05
# A longer question is named by its variable.
LONGEST_QUESTION = 120
# A sentence names at most so many categories, the most common ones.
CATEGORIES_SHOWN = 4


def state_coding(coding: MachineCoding, unit: str) -> list[Finding]:
    """State what a machine says of the texts that it was given; nobody has checked it."""
    findings = []
    for keyword in coding.keywords:
        for variable in coding.codebook.variables:
            counts = coding.count(keyword, variable)
            if not counts.units:
                continue

            ranked = sorted(counts.codes.items(), key=lambda code: (-code[1], code[0]))
            answers = [
                f"“{code}” of {n:,} ({format_share(n / counts.units)})"
                for code, n in ranked[:CATEGORIES_SHOWN]
            ]
            text = (
                f"Asked {_name_question(variable, keyword)}, {coding.coder} says "
                f"{join_words(answers)}, of {quantity(counts.units, unit)}. "
                "Not checked against people."
            )
            topic = ("coding", coding.coder, variable.name, keyword)
            findings.append(Finding(FindingKind.FACT, topic, (ranked[0][0],), text))

    return findings


def _name_question(variable: Variable, keyword: str) -> str:
    question = variable.question_about(keyword)
    return f"“{question}”" if len(question) <= LONGEST_QUESTION else variable.name


def state_shares(rows: Sequence[EstimateRow], variable: Variable, unit: str) -> Finding:
    """State the shares of all texts of the run that its readers would put into each category."""
    row = rows[0]
    asked = _name_question(variable, row.keyword or "")
    answers = [
        f"“{share.category}” of {format_share(share.estimate)} "
        f"({format_share(share.low)} to {format_share(share.high)})"
        for share in sorted(rows, key=lambda share: -share.estimate)[:CATEGORIES_SHOWN]
    ]
    text = (
        f"Asked {asked}, {row.model or 'readers'} would say {join_words(answers)}, of "
        f"{quantity(row.n_population, unit)}; {row.n_read:,} are coded, intervals are at "
        f"{format_confidence(row.confidence)}."
    )
    if row.model:
        text += " Not checked against people."

    topic = ("readers' shares", row.codebook, row.variable, row.keyword, row.period)
    return _estimate(topic, row, text)


def state_mean(row: EstimateRow, variable: Variable, unit: str) -> Finding:
    """State the mean step that readers would choose for the texts of which a scale is asked."""
    asked = _name_question(variable, row.keyword or "")
    steps = variable.codes
    text = (
        f"Asked {asked}, readers would choose {row.estimate:.2f} on average "
        f"({format_confidence(row.confidence)} interval {row.low:.2f} to {row.high:.2f}) between "
        f"{steps[0]} and {steps[-1]}, of the {quantity(row.n_population, unit)} of which it is "
        f"asked; {row.n_person:,} are coded."
    )
    topic = ("readers' mean", row.codebook, row.variable, row.keyword, row.period)
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


def state_differences(run: RunData, sample: CodedSample, method: Method) -> list[Finding]:
    """State where a share or a mean of people differs between periods, or in a group.

    All comparisons of a codebook are one family of tests. Shares are estimated by *method*.
    """
    differences = [
        difference
        for subject, reference, words in _list_comparisons(run, sample, method)
        for difference in _compare(run, subject, reference, words)
    ]
    adjusted = adjust_holm([difference.estimate.p_value for difference in differences])
    return [
        _state_difference(difference)
        for difference, p_value in zip(differences, adjusted, strict=True)
        if p_value < LEVEL
    ]


@dataclass(frozen=True)
class _Difference:
    """How far a share of a category is from that of other texts; without a category a mean.

    *words* say of which others.
    """

    subject: CodedSubject
    words: str
    category: str | None
    estimate: Estimate


def _compare(
    run: RunData, subject: CodedSubject, reference: CodedSubject, words: str
) -> Iterator[_Difference]:
    compared = subject, reference
    variable = subject.variable
    differences: dict[str | None, Estimate | None] = {}
    if variable.type == VariableType.SCALE:
        steps = [float(code) for code in variable.codes]
        strata, other_strata = (
            make_strata(run, replace(side, method=PEOPLE_ALONE)) for side in compared
        )
        differences[None] = compare_scale_means(strata, other_strata, min(steps), max(steps))
    else:
        for category in list_categories(variable):
            strata, other_strata = (make_strata(run, side, category) for side in compared)
            differences[category] = compare_shares(strata, other_strata, use_machine=True)

    for measured, difference in differences.items():
        if difference is not None:
            yield _Difference(subject, words, measured, difference)


def _state_difference(difference: _Difference) -> Finding:
    subject, estimate = difference.subject, difference.estimate
    variable = subject.variable.name
    about = f", about “{subject.keyword}”" if subject.keyword else ""
    is_more = estimate.value > 0
    bounds = (estimate.low, estimate.high) if is_more else (-estimate.high, -estimate.low)
    figures = (abs(estimate.value), *bounds)
    if difference.category is None:
        apart, low, high = (f"{figure:.2f}" for figure in figures)
        direction = "higher" if is_more else "lower"
        words = f"The mean of {variable}{about} is {apart} steps {direction}"
    else:
        apart, low, high = (format_points(figure).removeprefix("+") for figure in figures)
        direction = "more" if is_more else "less"
        words = (
            f"“{difference.category}” ({variable}{about}) is {apart} points {direction} frequent"
        )

    text = f"{words} {difference.words} ({low} to {high})."
    place = (subject.keyword, subject.period, subject.domain.group)
    topic = ("readers' difference", variable, difference.category or "mean", *place)
    answer = (round(estimate.value, 4),)
    return Finding(FindingKind.ESTIMATE, topic, answer, text, interest=0.6)


def _list_comparisons(
    run: RunData, sample: CodedSample, method: Method
) -> Iterator[tuple[CodedSubject, CodedSubject, str]]:
    """Yield each period beside the one before it, and each group beside all others.

    The words say beside what.
    """
    periods: dict[tuple[str, str], list[CodedSubject]] = {}
    for subject in list_subjects(run, sample, method):
        if subject.period:
            periods.setdefault((subject.variable.name, subject.keyword), []).append(subject)

    for subjects in periods.values():
        for earlier, later in pairwise(subjects):
            earlier_name, later_name = map(name_sample_period, (earlier.period, later.period))
            yield later, earlier, f"in {later_name} than in {earlier_name}"

    for subject in list_group_subjects(run, sample, method):
        others = replace(subject, domain=replace(subject.domain, is_of_others=True))
        yield subject, others, f"in {subject.domain.group} than in all others"


def list_statements(sample: CodedSample, rows: Sequence[EstimateRow], unit: str) -> list[Finding]:
    """State the estimates for the whole run: how right keywords are, then shares and means."""
    whole = [row for row in rows if row.period is None and row.group is None]
    recalls = {row.keyword: row for row in whole if row.measure == "recall"}
    statements = [
        state_relevance(row, recalls.get(row.keyword))
        for row in whole
        if row.measure == "precision"
    ]

    for variable in sample.codebook.variables:
        for keyword in sample.keywords:
            variable_rows = [
                row
                for row in whole
                if row.variable == variable.name and (row.keyword or "") == keyword
            ]
            shares = [row for row in variable_rows if row.measure == "share"]
            means = [row for row in variable_rows if row.measure == "mean"]
            if shares:
                statements.append(state_shares(shares, variable, unit))

            statements += [state_mean(row, variable, unit) for row in means]

    return statements


def state_reader_mean(subject: str, corrected: Estimate) -> Finding:
    """State the mean polarity that readers would give all mentions of *subject*."""
    text = (
        f"Readers would give the mentions of {subject} a mean of {signed(corrected.value)} on "
        f"their scale from \u22121 to 1 (95 % interval {signed(corrected.low)} to "
        f"{signed(corrected.high)}, from {quantity(corrected.n, 'label')})."
    )
    answer = (round(corrected.value, 2),)
    return Finding(FindingKind.ESTIMATE, ("readers' mean",), answer, text, interest=0.65)


def _interval(row: EstimateRow) -> str:
    limits = f"{format_share(row.low)} to {format_share(row.high)}"
    return f"{format_confidence(row.confidence)} interval {limits}"


def _estimate(topic: tuple[object, ...], row: EstimateRow, text: str) -> Finding:
    answer = (round(row.estimate, 4),)
    return Finding(FindingKind.ESTIMATE, topic, answer, text, interest=0.65)
