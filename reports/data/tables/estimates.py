"""The table `estimates`: what readers would say of all texts, from the codes of a sample."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from analysis.codebooks.codebook import SEPARATOR, YES, Variable, VariableType
from analysis.codebooks.drawing import find_certain
from core.enums import SamplePart
from reports.data import export_schema as schema
from reports.data.coded_samples import (
    NOT_ASKED,
    CodedSample,
    SampleUnit,
    Stratum,
    count_represented,
)
from reports.data.coded_samples import read_coded_samples as read_samples
from reports.data.groupings import list_groups
from reports.data.machine_counts import count_machine_codes
from reports.data.run_data import RunData, keep_rows_of_run
from reports.data.stratum_members import count_members_by_group
from reports.stats import human_scale
from reports.stats.coded_strata import CodedStratum, MachineCodes, average_coders
from reports.stats.intervals import round_figure
from reports.stats.proportions import (
    ShareEstimate,
    estimate_f1,
    estimate_precision,
    estimate_recall,
    estimate_share,
)

# The codebook from whose answers the precision and the recall of keywords are estimated.
RELEVANCE = "relevance"
# A group has estimates of its own from so many coded texts on.
FEWEST_CODES = 10
# Estimates that rest on no machine have this method.
PEOPLE = "people"

_KEYWORD_MEASURES: dict[str, Callable[..., ShareEstimate | None]] = {
    "precision": estimate_precision,
    "recall": estimate_recall,
    "f1": estimate_f1,
}


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """One row per codebook, variable, category, keyword, period and method.

    A sample of all texts was coded by people; an estimate says what they would say of all texts. It
    has a 95 % interval, which tells how far another sample could move it.
    """

    run: schema.RunNumber
    codebook: Annotated[str, "Name of the codebook."]
    hash: Annotated[str, "The first 12 digits of the codebook's hash."]
    variable: Annotated[str, "Name of the variable."]
    category: Annotated[str | None, "A code of the variable; null for the mean of a scale."]
    keyword: Annotated[
        str | None, "The keyword that was asked of; null if the codebook asks of none."
    ]
    period: Annotated[str | None, "Month, quarter `2020-Q1` or year; null for the whole run."]
    measure: Annotated[
        str,
        "`share` of all texts, `mean` of a scale, `precision`, `recall` or `f1` of the keyword.",
    ]
    method: Annotated[
        str, "`people`, or `people and CODER` where a machine's codes of all texts helped."
    ]
    n_population: Annotated[int, "Texts that the estimate is about."]
    n_model: Annotated[int, "Of these, texts that the machine coded."]
    n_person: Annotated[int, "Different texts that people coded."]
    estimate: Annotated[float, "The share (0 to 1) or the mean."]
    low: Annotated[float, "Lower end of its 95 % interval."]
    high: Annotated[float, "Upper end."]
    group: Annotated[
        str | None, "Outlet, section or kind, if the run has a grouping; null for all together."
    ]


@dataclass(frozen=True)
class Subject:
    """What estimates are made of: a variable, for one keyword, in one period or group."""

    sample: CodedSample
    variable: Variable
    keyword: str

    # "" for the whole run.
    period: str

    # None for all groups together.
    group: str | None = None

    # Whether it is of all groups but this one.
    is_of_others: bool = False

    def has_unit(self, unit: SampleUnit) -> bool:
        """Whether a unit of its strata is one of its group."""
        return self.group is None or (unit.group == self.group) != self.is_of_others

    def copies(self, unit: SampleUnit) -> int:
        """Return how many units have a unit's text; of a group nobody knows of more than itself.

        A wire story stands in several outlets: the others' copies are not known by outlet.
        """
        return unit.copies if self.group is None else 1

    def population(self, run: RunData, stratum: Stratum) -> int:
        """Return how many units of a stratum are of its group."""
        if self.group is None:
            return stratum.population
        counts = count_members_by_group(run, self.sample)[stratum.number]
        count = counts[self.group]
        return counts.total() - count if self.is_of_others else count

    @property
    def strata(self) -> list[Stratum]:
        """The strata of the keyword and the period."""
        return [
            stratum
            for stratum in self.sample.strata
            if stratum.keyword == self.keyword and self.period in ("", stratum.period)
        ]


@keep_rows_of_run
def read_estimates(
    run: RunData,
    job_names: Collection[str] | None = None,  # noqa: ARG001 - an estimate is of no single job
) -> Iterator[EstimateRow]:
    """Yield the estimates of each variable, for the whole run and for each period of its sample."""
    rows: list[EstimateRow] = []
    for sample in read_samples(run):
        for subject in list_subjects(sample):
            for machine in (None, *sample.machines):
                rows += _estimate_subject(run, subject, machine)
        for subject in list_group_subjects(run, sample):
            rows += _estimate_subject(run, subject, None)
    yield from ESTIMATES.sort(rows)


def list_subjects(sample: CodedSample) -> list[Subject]:
    """Return what estimates are made of, the whole run first."""
    periods = dict.fromkeys(["", *sample.periods])
    return [
        Subject(sample, variable, keyword, period)
        for variable in sample.codebook.variables
        for keyword in sample.keywords
        for period in periods
    ]


def list_group_subjects(run: RunData, sample: CodedSample) -> list[Subject]:
    """Return the same for each group of the run of which enough texts are coded."""
    coded = Counter(unit.group for unit in sample.units if unit.people)
    return [
        Subject(sample, variable, keyword, "", group)
        for variable in sample.codebook.variables
        for keyword in sample.keywords
        for group in list_groups(run)
        if coded[group] >= FEWEST_CODES
    ]


def _estimate_subject(run: RunData, subject: Subject, machine: str | None) -> Iterator[EstimateRow]:
    if subject.variable.type == VariableType.SCALE:
        if machine is None:
            yield from _estimate_scale(run, subject)
        return

    is_relevance = subject.sample.codebook.name == RELEVANCE
    for category in list_categories(subject.variable):
        strata = make_strata(run, subject, category, machine)
        measures = {"share": estimate_share, **(_KEYWORD_MEASURES if is_relevance else {})}
        for measure, estimate_measure in measures.items():
            estimate = estimate_measure(strata, use_machine=machine is not None)
            if estimate is not None:
                yield _make_row(run, subject, category, measure, machine, strata, estimate)


def list_categories(variable: Variable) -> list[str]:
    """Return the categories whose shares are estimated: of yes and no the first alone."""
    return [YES] if variable.type == VariableType.YES_NO else list(variable.codes)


def make_strata(
    run: RunData, subject: Subject, category: str, machine: str | None
) -> list[CodedStratum]:
    """Return the strata of a subject with what people, and a machine, say of a category."""
    return [stratum for _, stratum in make_numbered_strata(run, subject, category, machine)]


def make_numbered_strata(
    run: RunData, subject: Subject, category: str, machine: str | None
) -> list[tuple[Stratum, CodedStratum]]:
    """Return the strata of a subject, each with that of the sample from which it is made.

    A text that was drawn for certain is a stratum of its own. Each of the others stands for as many
    units.
    """
    sample, variable = subject.sample, subject.variable
    machine_counts = None
    if machine is not None:
        machine_counts = count_machine_codes(run, sample, machine, variable.name)

    coded_strata: list[tuple[Stratum, CodedStratum]] = []
    for stratum in subject.strata:
        units: list[_CodedUnit] = []
        for unit in sample.units_by_stratum[stratum.number]:
            people = _ask_people(sample, unit, variable, category)
            if people is not None and subject.has_unit(unit):
                code = None if machine is None else sample.code(unit, machine, variable)
                machine_code = None if code is None else is_in(code, category)
                units.append(_CodedUnit(people, machine_code, subject.copies(unit)))

        counts = None if machine_counts is None else machine_counts.counts[stratum.number]
        population = subject.population(run, stratum)
        for coded_stratum in _part_certain(stratum.part, population, units, counts, category):
            coded_strata.append((stratum, coded_stratum))
    return coded_strata


@dataclass(frozen=True)
class _CodedUnit:
    """What people and a machine say of a unit: 1 if it is in the category; None if unknown."""

    people: float
    machine: float | None
    copies: int


def _part_certain(
    part: SamplePart,
    population: int,
    units: Sequence[_CodedUnit],
    machine_counts: Counter[str] | None,
    category: str,
) -> Iterator[CodedStratum]:
    """Yield a stratum without the units that were drawn for certain, then each of these."""
    kind = SamplePart.MENTION if part == SamplePart.ALL else part
    # Documents may have been erased since the sample was drawn.
    population = max(population, sum(unit.copies for unit in units))
    positives = coded = 0
    if machine_counts is not None:
        positives = sum(n for code, n in machine_counts.items() if is_in(code, category))
        coded = min(machine_counts.total(), population)

    size = population
    certain_strata: list[CodedStratum] = []
    others: list[_CodedUnit] = []
    are_certain = find_certain([unit.copies for unit in units], len(units), population)
    for unit, is_certain in zip(units, are_certain, strict=True):
        if not is_certain:
            others.append(unit)
            continue
        machine = None
        if machine_counts is not None:
            known = 0 if unit.machine is None else unit.copies
            found = known if unit.machine else 0
            machine = MachineCodes([unit.machine], found, known)
            positives, coded = max(0, positives - found), coded - known
        certain_strata.append(
            CodedStratum(kind, unit.copies, [unit.people], [float(unit.copies)], machine)
        )
        size -= unit.copies

    machine = None
    if machine_counts is not None:
        coded = max(0, min(coded, size))
        codes = [unit.machine for unit in others]
        machine = MachineCodes(codes, min(positives, coded), coded)
    yield CodedStratum(kind, size, [unit.people for unit in others], (), machine)
    yield from certain_strata


def _ask_people(
    sample: CodedSample, unit: SampleUnit, variable: Variable, category: str
) -> float | None:
    """Return the share of the people who put a unit into a category; None if nobody knows."""
    codes: dict[str, float] = {}
    for coder in unit.people:
        code = sample.code(unit, coder, variable)
        if code is not None:
            codes[coder] = is_in(code, category)
    return average_coders(codes, None) if codes else None


def is_in(code: str, category: str) -> float:
    """Return 1 if a code puts a unit into a category, else 0; several may apply at once."""
    return float(category in code.split(SEPARATOR)) if code != NOT_ASKED else 0.0


def _estimate_scale(run: RunData, subject: Subject) -> Iterator[EstimateRow]:
    """Yield the mean of a scale over the texts of which it is asked."""
    sample, variable = subject.sample, subject.variable
    strata: list[human_scale.Stratum] = []
    for stratum in subject.strata:
        units = filter(subject.has_unit, sample.units_by_stratum[stratum.number])
        known = [unit for unit in units if _is_known(sample, unit, variable)]
        copies = [subject.copies(unit) for unit in known]
        population = max(subject.population(run, stratum), sum(copies))
        stands_for = count_represented(copies, population)
        answers = [
            (step, represented)
            for unit, represented in zip(known, stands_for, strict=True)
            if (step := _mean_code(sample, unit, variable)) is not None
        ]
        if answers:
            steps = [step for step, _ in answers]
            represented_units = [represented for _, represented in answers]
            # The texts of which the variable is asked are as many as those that stand for them.
            size = math.ceil(sum(represented_units))
            nothing = [0.0] * len(steps)
            strata.append(human_scale.Stratum(size, 0.0, nothing, steps, represented_units))

    estimate = human_scale.estimate_mean(strata, use_polarity=False)
    if estimate is not None:
        yield EstimateRow(
            run=run.id,
            codebook=sample.codebook.name,
            hash=sample.codebook.short_hash,
            variable=variable.name,
            category=None,
            keyword=subject.keyword or None,
            period=subject.period or None,
            measure="mean",
            method=PEOPLE,
            n_population=sum(stratum.size for stratum in strata),
            n_model=0,
            n_person=estimate.n,
            estimate=round_figure(estimate.mean) or 0.0,
            low=round_figure(estimate.low) or 0.0,
            high=round_figure(estimate.high) or 0.0,
            group=subject.group,
        )


def _mean_code(sample: CodedSample, unit: SampleUnit, variable: Variable) -> float | None:
    """Return the mean of the steps that people chose; None if it is not asked or nobody knows."""
    codes: dict[str, float] = {}
    for coder in unit.people:
        code = sample.code(unit, coder, variable)
        if code is not None and code != NOT_ASKED:
            codes[coder] = float(code)
    return average_coders(codes, None) if codes else None


def _is_known(sample: CodedSample, unit: SampleUnit, variable: Variable) -> bool:
    return any(sample.code(unit, coder, variable) is not None for coder in unit.people)


def _make_row(  # noqa: PLR0917 - a row has many parts
    run: RunData,
    subject: Subject,
    category: str,
    measure: str,
    machine: str | None,
    strata: Sequence[CodedStratum],
    estimate: ShareEstimate,
) -> EstimateRow:
    return EstimateRow(
        run=run.id,
        codebook=subject.sample.codebook.name,
        hash=subject.sample.codebook.short_hash,
        variable=subject.variable.name,
        category=category,
        keyword=subject.keyword or None,
        period=subject.period or None,
        measure=measure,
        method=PEOPLE if machine is None else f"{PEOPLE} and {machine}",
        n_population=sum(stratum.size for stratum in strata),
        n_model=sum(stratum.machine.coded for stratum in strata if stratum.machine is not None),
        n_person=estimate.n,
        estimate=round_figure(estimate.share) or 0.0,
        low=round_figure(estimate.low) or 0.0,
        high=round_figure(estimate.high) or 0.0,
        group=subject.group,
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
)
