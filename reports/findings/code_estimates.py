"""What readers would say of all texts, in sentences: shares, precision and recall, differences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from analysis.codebooks.codebook import KEYWORD_SIGN, CodedUnit, Variable, VariableType
from analysis.codebooks.wanted import list_categories
from reports.data.coded_samples import CodedSample
from reports.data.estimate_rows import EstimateRow
from reports.data.estimate_strata import (
    PEOPLE_ALONE,
    CodedSubject,
    Method,
    list_group_subjects,
    list_methods,
    list_subjects,
    make_strata,
)
from reports.data.machine_codings import MachineCoding
from reports.data.read_texts import bound_missed, count_read, is_even
from reports.data.run_data import RunData
from reports.findings.code_evidence import state_number, state_read
from reports.findings.finding import Finding, FindingKind
from reports.frames.codes import IS_OF_PERSON
from reports.stats.coded_shares import compare_shares
from reports.stats.estimates import Estimate
from reports.stats.intervals import LEVEL
from reports.stats.multiple_tests import adjust_holm
from reports.stats.scale_means import compare_scale_means
from reports.words.periods import name_sample_period
from reports.words.quantities import (
    NAMED,
    format_confidence,
    format_share,
    quantity,
)
from reports.words.writing import write_sentence


def state_coding(coding: MachineCoding, unit: str) -> list[Finding]:
    """State what a machine says of the texts that it was given; nobody has checked it."""
    findings = []
    for keyword in coding.keywords:
        for variable in coding.codebook.variables:
            counts = coding.count(keyword, variable)
            if not counts.units:
                continue

            ranked = sorted(counts.codes.items(), key=lambda code: (-code[1], code[0]))
            (code, n), *others = ranked[:NAMED]
            text = write_sentence(
                "coding",
                asked=_ask(variable, keyword),
                coder=coding.coder,
                code=code,
                share=n / counts.units,
                texts=quantity(counts.units, unit),
                n=n,
            )
            marks = [f"{other} {format_share(times / counts.units)}" for other, times in others]
            mark = "; ".join([*marks, "not checked against people"])
            topic = ("coding", coding.coder, variable.name, keyword)
            findings.append(Finding(FindingKind.FACT, topic, (code,), text, mark=mark))

    return findings


def state_search(coder: str, sought: str, outcome: str) -> list[Finding]:
    """State how much of what is sought a model has found; nobody has checked it."""
    text = write_sentence("search", coder=coder, sought=sought, outcome=outcome)
    mark = "not checked against people"
    return [Finding(FindingKind.FACT, ("search", coder, sought), (), text, mark=mark)]


def _ask(variable: Variable, keyword: str, longest: int = 120) -> str:
    """Return the question; a longer one is named by its variable."""
    question = variable.question_about(keyword)
    # Answers about several keywords are told apart, even if the question names none.
    about = f" ({keyword})" if keyword and KEYWORD_SIGN not in variable.question else ""
    if len(question) > longest:
        return f"{variable.name}{about}:"
    return f"“{question}”{about}" if question.endswith("?") else f"“{question}?”{about}"


def state_shares(
    rows: Sequence[EstimateRow], variable: Variable, unit: str, reader: str = "Readers"
) -> Finding:
    """State the share of texts that readers would put into the most common category, the first.

    Behind it stand the other categories, and how sure it is.
    """
    first, *others = rows[:NAMED]
    text = write_sentence(
        "share of answers",
        asked=_ask(variable, first.keyword or ""),
        reader=first.model or reader,
        category=first.category,
        share=first.estimate,
        interval=(first.low, first.high),
        texts=_name_texts(first, variable, unit),
    )
    marks = [f"{row.category} {format_share(row.estimate)}" for row in others]
    topic = ("readers' shares", first.codebook, first.variable, first.keyword, first.measure)
    return _estimate(topic, first, text, marks, unit=unit)


def name_reader(sample: CodedSample) -> str:
    """Return what a sentence calls the people who coded a sample."""
    readers = sample.codes.filter(IS_OF_PERSON)["coder"].n_unique()
    return "The one reader" if readers == 1 else "Readers"


def name_keyword(run: RunData, subject: CodedSubject) -> str:
    """Return what tells the kinds of a subject's texts apart, as sentences name it."""
    names = [subject.keyword] if subject.keyword else [keyword.name for keyword in run.keywords]
    return f"“{names[0]}”" if len(names) == 1 else "a keyword"


def _name_texts(row: EstimateRow, variable: Variable, unit: str) -> str:
    """Return the texts that an estimate is about in words."""
    mention = f" that mention “{row.keyword}”" if row.keyword else ""
    if row.measure == "asked":
        return f"the {unit}s{mention} where {variable.condition}"
    if row.measure == "precision":
        return f"the {unit}s{mention}"
    about = f" of “{row.keyword}”" if row.keyword and unit == CodedUnit.MENTION else ""
    return f"all {quantity(row.n_population, unit)}{about}"


def state_mean(
    row: EstimateRow, variable: Variable, unit: str = "text", reader: str = "Readers"
) -> Finding:
    """State the mean step that readers would choose for the texts of which a scale is asked."""
    text = write_sentence(
        "mean of answers",
        asked=_ask(variable, row.keyword or ""),
        reader=reader,
        mean=row.estimate,
        low=row.low,
        high=row.high,
        first=variable.codes[0],
        last=variable.codes[-1],
        condition=f" where {variable.condition}" if variable.condition else "",
    )
    topic = ("readers' mean", row.codebook, row.variable, row.keyword, row.period)
    return _estimate(topic, row, text, unit=unit)


def state_recall(row: EstimateRow) -> Finding:
    """State how many of the texts with an answer a keyword finds."""
    text = write_sentence(
        "recall without a miss" if row.high == 1 else "recall",
        category=row.category,
        share=row.estimate,
        low=row.low,
        interval=(row.low, row.high),
        keyword=f"“{row.keyword}”",
    )
    return _estimate(("recall", row.codebook, row.variable, row.keyword), row, text)


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
    is_more = estimate.value > 0
    beside = estimate if is_more else estimate.reverse()
    text = write_sentence(
        "difference of means" if difference.category is None else "difference of shares",
        category=difference.category,
        about=f"{variable}, about “{subject.keyword}”" if subject.keyword else variable,
        is_more=is_more,
        beside=difference.words,
        is_known=beside.low == beside.high,
        apart=beside.value,
        low=beside.low,
        high=beside.high,
    )
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


def list_statements(
    run: RunData, sample: CodedSample, rows: Sequence[EstimateRow], unit: str
) -> list[Finding]:
    """State the estimates for the whole run, variable by variable.

    First come the texts with the keyword, or those of them of which the variable is asked, then
    all texts, with what was read of them, then how many of the texts with an answer the keyword
    finds.
    """
    reader = name_reader(sample)
    statements = []
    for keyword in sample.keywords:
        for variable in sample.codebook.variables:
            rows_by_measure: dict[str, list[EstimateRow]] = defaultdict(list)
            for row in rows:
                is_whole = row.period is None and row.group is None
                if is_whole and (row.variable, row.keyword or "") == (variable.name, keyword):
                    rows_by_measure[row.measure].append(row)

            for measure in list_measures(rows_by_measure):
                measured = sorted(rows_by_measure[measure], key=lambda row: -row.estimate)
                stated = state_shares(measured, variable, unit, reader)
                if measure == "share":
                    evidence = _state_evidence(run, sample, measured[0], unit)
                    stated = replace(stated, text=f"{stated.text} {evidence}")

                statements.append(stated)

            if variable.type == VariableType.YES_NO:
                statements += [state_recall(row) for row in rows_by_measure["recall"]]

            statements += [
                state_mean(row, variable, unit, reader) for row in rows_by_measure["mean"]
            ]

    return statements


def _state_evidence(run: RunData, sample: CodedSample, row: EstimateRow, unit: str) -> str:
    """State a share of the whole run as a number of texts, and what was read."""
    method = next(method for method in list_methods(run, sample) if method.words == row.method)
    variable, category = sample.codebook.variable(row.variable), row.category or ""
    subject = CodedSubject(sample, variable, row.keyword or "", "", method, grain=run.grain)
    parts = count_read(run, subject)
    missed = bound_missed(run, subject, category)
    keyword = name_keyword(run, subject)
    read = state_read(parts, category, keyword, unit, missed, is_even=is_even(sample, parts))
    return f"{state_number(row)} {read}"


def list_measures(measures: Collection[str]) -> list[str]:
    """Return what is said of the categories of a variable: of which texts a share is, in order."""
    first = "asked" if "asked" in measures else "precision"
    return [measure for measure in (first, "share") if measure in measures]


def state_reader_mean(subject: str, corrected: Estimate) -> Finding:
    """State the mean polarity that readers would give all mentions of *subject*."""
    mean, low, high = corrected.value, corrected.low, corrected.high
    text = write_sentence("mean of labels", subject=subject, mean=mean, low=low, high=high)
    mark = f"95 % interval, {quantity(corrected.n, 'label')}"
    answer = (round(mean, 2),)
    return Finding(FindingKind.ESTIMATE, ("readers' mean",), answer, text, 0.65, mark)


def _estimate(
    topic: tuple[object, ...],
    row: EstimateRow,
    text: str,
    marks: Sequence[str] = (),
    unit: str = "text",
) -> Finding:
    """Return an estimate; behind it stands how sure it is, and what would make it surer.

    An interval is half as wide with four times as many codes, as its width goes with one over the
    square root of their number.
    """
    sure = write_sentence(
        "sure of",
        confidence=format_confidence(row.confidence),
        n=row.n_read,
        unit=unit,
        is_wide=row.high - row.low > row.estimate,
        more=3 * row.n_read,
        is_model=row.model is not None,
    )
    mark, answer = "; ".join([*marks, sure]), (round(row.estimate, 4),)
    return Finding(FindingKind.ESTIMATE, topic, answer, text, 0.65, mark)
