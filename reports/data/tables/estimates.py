"""The table `estimates`: what readers would say of all texts, from the codes of a sample."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from analysis.codebooks.codebook import KEYWORD_SIGN, CodedUnit, VariableType
from analysis.codebooks.wanted import list_categories
from core.enums import SamplePart
from reports.data import export_schema as schema
from reports.data.coded_samples import PEOPLE, read_coded_samples
from reports.data.coder_error_rates import correct_subject
from reports.data.estimate_rows import CORRECTED, POOLED, EstimateRow
from reports.data.estimate_strata import (
    PEOPLE_ALONE,
    CodedSubject,
    Method,
    list_group_subjects,
    list_methods,
    list_subjects,
    make_strata,
)
from reports.data.pooled_shares import pool_shares
from reports.data.run_data import RunData, keep_rows
from reports.stats.coded_shares import (
    estimate_f1,
    estimate_precision,
    estimate_recall,
    estimate_share,
)
from reports.stats.coded_strata import CodedStratum, group_by_kind
from reports.stats.estimates import Estimate
from reports.stats.intervals import CONFIDENCE, round_figure
from reports.stats.scale_means import estimate_scale_mean

Measures = dict[str, Callable[..., Estimate | None]]

# What is estimated of each category of a codebook that asks about whole texts with a keyword and
# without, and of the categories of a variable that asks about the keyword.
_OF_KEYWORD: Measures = {"precision": estimate_precision}
_ABOUT_KEYWORD: Measures = {"recall": estimate_recall, "f1": estimate_f1}


@keep_rows
def read_estimates(
    run: RunData,
    job_names: Collection[str] | None = None,  # noqa: ARG001 - an estimate is of no single job
) -> Iterator[EstimateRow]:
    """Yield the estimates of each variable, for the whole run and for each period of its sample."""
    rows: list[EstimateRow] = []
    for sample in read_coded_samples(run):
        for method in list_methods(run, sample):
            subjects = list_subjects(run, sample, method)
            if method.reader == PEOPLE:
                subjects += list_group_subjects(run, sample, method)

            for subject in subjects:
                rows += _estimate_subject(run, subject)
                is_whole = not subject.period and subject.domain.group is None
                if is_whole and method == Method(method.reader):
                    rows += _estimate_further(run, subject)

    yield from ESTIMATES.sort(rows)


def _estimate_subject(run: RunData, subject: CodedSubject) -> Iterator[EstimateRow]:
    level = subject.sample.level(subject.method.reader)
    if subject.variable.type == VariableType.SCALE:
        if subject.method == PEOPLE_ALONE:
            steps = [float(code) for code in subject.variable.codes]
            strata = make_strata(run, subject)
            mean = estimate_scale_mean(strata, min(steps), max(steps), level / 2)
            if mean is not None:
                yield _make_row(run, subject, None, "mean", mean, (0, round(mean.size)), level)

        return

    measures: Measures = {"share": estimate_share}
    if subject.keyword and subject.sample.codebook.unit == CodedUnit.DOCUMENT:
        measures |= _OF_KEYWORD
        if KEYWORD_SIGN in subject.variable.question:
            measures |= _ABOUT_KEYWORD

    for category in list_categories(subject.variable):
        if subject.variable.condition is not None and subject.method == PEOPLE_ALONE:
            yield from _estimate_asked(run, subject, category, level)

        strata = make_strata(run, subject, category)
        for measure, estimate_measure in measures.items():
            estimate = estimate_measure(strata, use_machine=True, tail=level / 2)
            if estimate is not None:
                counts = _count_model(subject, strata, estimate), sum(s.size for s in strata)
                yield _make_row(run, subject, category, measure, estimate, counts, level)


def _correct(
    run: RunData, subject: CodedSubject, category: str, level: float
) -> Iterator[EstimateRow]:
    """Yield the share of a category without coders' errors, if doubles tell of them."""
    errors = correct_subject(run, subject, category, level / 2)
    if errors is not None:
        counts = 0, sum(stratum.population for stratum in subject.strata)
        row = _make_row(run, subject, category, "share", errors.corrected, counts, level)
        yield replace(row, method=f"{row.method} {CORRECTED}", confidence=CONFIDENCE)


def _estimate_further(run: RunData, subject: CodedSubject) -> Iterator[EstimateRow]:
    """Yield the shares of periods by rates of all, and those without coders' errors."""
    if subject.variable.type == VariableType.SCALE:
        return

    level = subject.sample.level(subject.method.reader)
    for category in list_categories(subject.variable):
        yield from _correct(run, subject, category, level)
        pooled = pool_shares(run, subject, category, level / 2)
        if pooled is None or not pooled.may_be_pooled:
            continue

        for period, estimate in pooled.estimates.items():
            of_period = replace(subject, period=period)
            n_model = estimate.n if subject.method.reader != PEOPLE else 0
            counts = n_model, round(estimate.size)
            row = _make_row(run, of_period, category, "share", estimate, counts, level)
            yield replace(row, method=f"{row.method} {POOLED}")


def _estimate_asked(
    run: RunData, subject: CodedSubject, category: str, level: float
) -> Iterator[EstimateRow]:
    """Yield the share of a category among the texts with the keyword that have an answer."""
    asked_strata = make_strata(run, replace(subject, is_of_asked=True), category)
    mentions = group_by_kind(asked_strata).get(SamplePart.MENTION, [])
    share = estimate_scale_mean(mentions, 0.0, 1.0, level / 2)
    if share is not None:
        counts = 0, round(share.size)
        yield _make_row(run, subject, category, "asked", share, counts, level)


def _count_model(subject: CodedSubject, strata: Sequence[CodedStratum], estimate: Estimate) -> int:
    """Return how many texts the machine coded, or the coder of the larger sample."""
    method = subject.method
    if method.machine is None and method.sampler is not None:
        phases = [stratum.first_phase.strata for stratum in strata if stratum.first_phase]
        return sum(len(phase.codes) for phase_strata in phases for phase in phase_strata)
    if method.reader != PEOPLE:
        return estimate.n

    return sum(stratum.machine.coded for stratum in strata if stratum.machine is not None)


def _make_row(  # noqa: PLR0917 - a row has many parts
    run: RunData,
    subject: CodedSubject,
    category: str | None,
    measure: str,
    estimate: Estimate,
    counts: tuple[int, int],
    level: float,
) -> EstimateRow:
    n_model, n_population = counts
    codebook = subject.sample.codebook

    return EstimateRow(
        run=run.id,
        codebook=codebook.name,
        hash=codebook.short_hash,
        variable=subject.variable.name,
        category=category,
        keyword=subject.keyword or None,
        period=subject.period or None,
        measure=measure,
        method=subject.method.words,
        n_population=n_population,
        n_model=n_model,
        n_person=estimate.n if subject.method.reader == PEOPLE else 0,
        estimate=round_figure(estimate.value) or 0.0,
        low=round_figure(estimate.low) or 0.0,
        high=round_figure(estimate.high) or 0.0,
        group=subject.domain.group,
        confidence=round(1 - level, 6),
    )


ESTIMATES = schema.Table(
    "estimates",
    EstimateRow,
    read_estimates,
    schema.TEXT_RUNS,
    key=(
        "codebook",
        "hash",
        "variable",
        "category",
        "keyword",
        "period",
        "measure",
        "method",
        "group",
    ),
    is_selected=True,
)
