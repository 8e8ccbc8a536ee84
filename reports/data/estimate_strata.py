"""What estimates are made of: what people and machines say of the units in each stratum."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from analysis.codebooks.codebook import CodedUnit, Variable
from analysis.codebooks.drawing import find_certain
from analysis.codebooks.rank_classes import expect_relative_share
from analysis.options import SAMPLE, TextOptions
from core.enums import Grain, SamplePart, SampleRule
from reports.data.coded_samples import (
    NOT_ASKED,
    PEOPLE,
    CodedSample,
    Stratum,
    is_by,
    is_in,
    read_coded_samples,
    says,
)
from reports.data.domains import (
    ALL_UNITS,
    Domain,
    DomainName,
    count_machine_codes,
    read_domain,
)
from reports.data.run_data import RunData, once
from reports.series.reading import read_groups
from reports.stats.coded_strata import CodedStratum, FirstPhase, MachineCodes
from reports.words.quantities import join_words

# A group has estimates of its own from so many coded texts on.
FEWEST_CODES = 10


@dataclass(frozen=True)
class Method:
    """Whose codes an estimate of what *reader* would say rests on, beside the reader's own."""

    # People, or a language model ``model:NAME``.
    reader: str = PEOPLE

    # A model that coded a larger sample, and a machine that coded all texts.
    sampler: str | None = None
    machine: str | None = None

    @property
    def words(self) -> str:
        """The method as tables name it."""
        coders = [self.reader, self.sampler, self.machine]
        return join_words([coder for coder in coders if coder is not None])


PEOPLE_ALONE = Method()


@dataclass(frozen=True)
class CodedSubject:
    """What estimates are made of: a variable, for one keyword, in one period or group."""

    sample: CodedSample
    variable: Variable = field(hash=False)
    keyword: str

    # "" for the whole run.
    period: str
    method: Method = PEOPLE_ALONE

    # The documents that it is about, among those that the run's selection leaves.
    domain: DomainName = ALL_UNITS

    # The length to which shorter periods of the sample are joined.
    grain: Grain = Grain.MONTH

    # Whether the estimate is about the texts of which the variable is asked, and no others.
    is_of_asked: bool = False

    @property
    def strata(self) -> list[Stratum]:
        """The strata of the keyword and the period."""
        return [
            stratum
            for stratum in self.sample.strata
            if stratum.keyword == self.keyword
            and self.period in ("", join_periods(stratum.period, self.grain))
        ]


def join_periods(period: str, grain: Grain) -> str:
    """Return the year of a sample's period if the series of its run are by year."""
    return period[: len("2020")] if grain == Grain.YEAR else period


def list_subjects(
    run: RunData, sample: CodedSample, method: Method = PEOPLE_ALONE
) -> list[CodedSubject]:
    """Return what estimates are made of, the whole run first.

    Periods are those of the sample, or the years if the run's series are by year.
    """
    periods = dict.fromkeys(["", *(join_periods(period, run.grain) for period in sample.periods)])
    return [
        CodedSubject(sample, variable, keyword, period, method, grain=run.grain)
        for variable in sample.codebook.variables
        for keyword in sample.keywords
        for period in periods
    ]


def list_coded_groups(run: RunData, sample: CodedSample) -> list[str]:
    """Return the groups of the run that have enough coded texts."""
    coded_groups: list[str] = []
    for group in read_groups(run).names:
        domain = read_domain(run, sample, DomainName(group))
        if domain is not None and _count_coded(sample, domain) >= FEWEST_CODES:
            coded_groups.append(group)

    return coded_groups


def _count_coded(sample: CodedSample, domain: Domain) -> int:
    coded = sample.codes.filter("is_reader")
    return domain.parts.filter(pl.col("part") > 0).join(coded, on="unit", how="semi").height


def list_group_subjects(
    run: RunData, sample: CodedSample, method: Method = PEOPLE_ALONE
) -> list[CodedSubject]:
    """Return the same for each group of the run of which enough texts are coded."""
    groups = list_coded_groups(run, sample)
    return [
        CodedSubject(sample, variable, keyword, "", method, DomainName(group))
        for variable in sample.codebook.variables
        for keyword in sample.keywords
        for group in groups
    ]


def need_texts(run: RunData) -> bool:
    """Whether estimates of the run need the words of its texts, by which near misses are told.

    They are needed where units are counted in strata beside the drawn ones: those of a machine, a
    group or a selection.
    """
    if not run.kind.has_mentions:
        return False

    return any(
        sample.codebook.unit == CodedUnit.DOCUMENT
        and (bool(sample.machines) or run.grouping is not None or bool(run.selection))
        for sample in read_coded_samples(run)
    )


def list_methods(run: RunData, sample: CodedSample) -> list[Method]:
    """Return the methods of people's estimates, then those of what models would say."""
    methods = [
        Method(PEOPLE, sampler, machine)
        for sampler in (None, *_list_samplers(run, sample))
        for machine in (None, *list_helpers(run, sample))
    ]
    for model in sample.models:
        helper = find_helper(run, sample, model)
        methods += [Method(model, None, machine) for machine in dict.fromkeys((None, helper))]

    return methods


def list_helpers(run: RunData, sample: CodedSample) -> list[str]:
    """Return the machines whose codes of all texts make estimates more precise.

    A model that codes the sample alone knows nothing of the texts outside it.
    """
    samplers = _list_samplers(run, sample)
    return [machine for machine in sample.machines if machine not in samplers]


def _list_samplers(run: RunData, sample: CodedSample) -> list[str]:
    """Return the model that codes the sample alone, if the run has one."""
    options = run.parameters
    is_of_sample = isinstance(options, TextOptions) and options.coded_part == SAMPLE
    return [machine for machine in sample.machines if is_of_sample and machine == options.coder]


def find_helper(run: RunData, sample: CodedSample, reader: str) -> str | None:
    """Return the network whose codes of all texts help the estimates of a model; None without."""
    helpers = [] if reader == PEOPLE else list_helpers(run, sample)
    return next((helper for helper in helpers if helper not in sample.models), None)


def make_strata(
    run: RunData, subject: CodedSubject, category: str | None = None
) -> list[CodedStratum]:
    """Return the strata of a subject with what its reader says of a category, and other coders.

    Without a category they hold the steps of a scale. A text that was drawn for certain is a
    stratum of its own. Each of the others stands for as many units. A stratum of which a model has
    read everything is known, whatever was drawn of it.
    """
    sample, method = subject.sample, subject.method
    domain = read_domain(run, sample, subject.domain)
    phases: dict[int, list[CodedStratum]] | None = None
    if method.sampler is not None:
        phases = defaultdict(list)
        first_subject = replace(subject, method=Method(method.sampler, None, method.machine))
        for phase in make_strata(run, first_subject, category):
            phases[phase.number].append(phase)

    coded_strata: list[CodedStratum] = []
    for stratum in subject.strata:
        known = _count_codes(run, subject, stratum, method.reader)
        if known is not None and known.total() >= _count_population(stratum, domain):
            positives, coded = _count_positives(known, category)
            codes = [1.0] * positives + [0.0] * (coded - positives)
            coded_strata.append(replace(_begin(stratum), size=coded, codes=codes))
            continue

        units = _read_units(run, subject, category)[stratum.number]
        coded = math.ceil(sum(unit.copies * unit.part for unit in units))
        # Documents may have been erased since the sample was drawn.
        size = max(_count_population(stratum, domain), coded)
        counts = _count_codes(run, subject, stratum, method.machine)
        stratum_phases = None if phases is None else phases[stratum.number]
        coded_strata += make_coded_strata(stratum, units, size, counts, category, stratum_phases)

    return coded_strata


def _count_codes(
    run: RunData, subject: CodedSubject, stratum: Stratum, coder: str | None
) -> Counter[str] | None:
    """Return how often a machine gave each code in a stratum; None of people, or without one."""
    if coder is None or coder == PEOPLE:
        return None

    variable = subject.variable.name
    counts = count_machine_codes(run, subject.sample, coder, variable, subject.domain)
    return counts[stratum.number]


def _count_population(stratum: Stratum, domain: Domain | None) -> int:
    return stratum.population if domain is None else domain.populations[stratum.number]


@dataclass(frozen=True)
class DrawnUnit:
    """What people and a machine say of a unit: 1 if it is in the category; None if unknown.

    Of a scale people say the step; NaN if it is not asked.
    """

    people: float

    # The units of its stratum that have its text, and the part of them that the estimate is about.
    copies: int
    part: float
    machine: float | None = None

    # What the coder of a larger sample says; None of a unit outside of it.
    first: float | None = None

    @property
    def covered(self) -> int:
        """How many units it is of those that the estimate is about."""
        return round(self.copies * self.part)


def _read_units(
    run: RunData, subject: CodedSubject, category: str | None
) -> Mapping[int, Sequence[DrawnUnit]]:
    """Return the units that the reader has coded, with the codes of the helpers, by stratum.

    They are read once for all periods and keywords.
    """
    return _list_units(run, replace(subject, keyword="", period=""), category)


@once
def _list_units(
    run: RunData, subject: CodedSubject, category: str | None
) -> dict[int, list[DrawnUnit]]:
    """Join what the reader, the machine and the coder of a larger sample say of each unit.

    A text without a usable code of the coder of a larger sample is in no category.
    """
    sample, method = subject.sample, subject.method
    answers = sample.answers(subject.variable)
    in_category = says(category).cast(pl.Float64)
    read = answers.filter(is_by(method.reader)).group_by("unit").agg(_mean_code(subject, category))
    of_machine = answers.filter(pl.col("coder") == (method.machine or ""))
    of_sampler = pl.col("coder") == (method.sampler or "")
    first = sample.codes.filter(of_sampler).select("unit").unique()
    first = first.join(answers.filter(of_sampler), on="unit", how="left")

    units = sample.units.join(read, on="unit")
    units = units.join(of_machine.select("unit", machine=in_category), on="unit", how="left")
    first = first.select("unit", first=in_category.fill_null(0.0))
    units = units.join(first, on="unit", how="left")
    domain = read_domain(run, sample, subject.domain)
    if domain is None:
        units = units.with_columns(part=pl.lit(1.0))
    else:
        units = units.join(domain.parts, on="unit")

    drawn_units: dict[int, list[DrawnUnit]] = {stratum.number: [] for stratum in sample.strata}
    columns = ("stratum", "people", "copies", "part", "machine", "first")
    for number, *cells in units.sort("unit").select(columns).iter_rows():
        drawn_units[number].append(DrawnUnit(*cells))

    return drawn_units


def _mean_code(subject: CodedSubject, category: str | None) -> pl.Expr:
    """Return the share of the readers who put a unit into a category, or their mean step.

    Several coders of one text are a cluster, of which the mean counts once. It is NaN if the scale
    is not asked, or the category where the estimate is of texts with an answer.
    """
    code = pl.col("code") if category is None else says(category)
    if category is None or subject.is_of_asked:
        code = pl.when(pl.col("code") != NOT_ASKED).then(code)

    return code.cast(pl.Float64).mean().fill_null(math.nan).alias("people")


def make_coded_strata(  # noqa: PLR0917 - a stratum is what several coders say of it
    stratum: Stratum,
    units: Sequence[DrawnUnit],
    size: int,
    machine_counts: Counter[str] | None,
    category: str | None,
    phases: Sequence[CodedStratum] | None = None,
) -> list[CodedStratum]:
    """Return what is known of a stratum: without the texts that are certain, then each of these.

    An estimate is about *size* of its units; a machine gave them the codes of *machine_counts*.
    *phases* are what the coder of a larger sample says of the stratum. A text that is a stratum of
    its own is one in the larger sample, too.
    """
    empty = _begin(stratum)
    certain_units, other_units = _part_certain(stratum, units)
    positives, coded = _count_positives(machine_counts or Counter(), category)
    remaining_phases = list(phases or ())
    certain_strata: list[CodedStratum] = []
    for unit in certain_units:
        codes = None
        if machine_counts is not None:
            covered = 0 if unit.machine is None else unit.covered
            codes = MachineCodes([unit.machine], covered if unit.machine else 0, covered)
            positives, coded = positives - int(codes.positives), coded - covered

        certain = replace(
            empty,
            size=unit.covered,
            codes=[unit.people],
            copies=[float(unit.covered)],
            machine=codes,
        )
        if phases is not None:
            own_phases = [] if unit.first is None else [replace(certain, codes=[unit.first])]
            for phase in own_phases:
                if phase in remaining_phases:
                    remaining_phases.remove(phase)

            certain = replace(certain, first_phase=FirstPhase([unit.first], own_phases))

        certain_strata.append(certain)
        size -= unit.covered

    read_positives, read_negatives, read_others = _count_verdicts(other_units)
    read = read_positives + read_negatives
    size = max(size, read + read_others)
    codes = None
    if machine_counts is not None:
        # A text may be in another stratum now, by later documents: what was read counts at least.
        coded = max(read, min(coded, size - read_others))
        positives = max(read_positives, min(positives, coded - read_negatives))
        codes = MachineCodes([unit.machine for unit in other_units], positives, coded)

    # A text is drawn by all its copies, and counts by those that the estimate is about.
    are_whole = all(unit.part == 1 for unit in other_units)
    weights = [] if are_whole else [unit.part for unit in other_units]
    first_phase = None
    if phases is not None:
        first_phase = FirstPhase([unit.first for unit in other_units], remaining_phases)

    others = replace(
        empty,
        size=size,
        codes=[unit.people for unit in other_units],
        copies=weights,
        machine=codes,
        first_phase=first_phase,
        covered=sum(unit.copies * unit.part for unit in other_units),
    )
    return [others, *certain_strata]


def _begin(stratum: Stratum) -> CodedStratum:
    """Return a stratum without a unit."""
    is_of_classes = stratum.rule == SampleRule.RANK
    return CodedStratum(
        kind=SamplePart.MENTION if stratum.part == SamplePart.ALL else stratum.part.kind,
        size=0,
        codes=(),
        number=stratum.number,
        relative_share=expect_relative_share(stratum.part) if is_of_classes else 1.0,
        joins_periods=is_of_classes,
    )


def _count_positives(counts: Counter[str], category: str | None) -> tuple[int, int]:
    """Return how many units a machine put into a category, and how many it coded."""
    positives = sum(n for code, n in counts.items() if is_in(code, category))
    return positives, counts.total()


def _count_verdicts(units: Sequence[DrawnUnit]) -> tuple[int, int, int]:
    """Return how many units a machine put into the category, into none, and has not coded.

    They are as many at least: of some only a part of the copies counts.
    """
    parts = {True: 0.0, False: 0.0, None: 0.0}
    for unit in units:
        parts[None if unit.machine is None else unit.machine > 0.5] += unit.part

    return math.ceil(parts[True]), math.ceil(parts[False]), math.ceil(parts[None])


def _part_certain(
    stratum: Stratum, units: Sequence[DrawnUnit]
) -> tuple[list[DrawnUnit], list[DrawnUnit]]:
    """Return the units that were drawn for certain, and the others, as far as they are counted."""
    copies = [unit.copies for unit in units]
    population = max(stratum.population, sum(copies))
    drawn = list(zip(units, find_certain(copies, len(units), population), strict=True))
    certain_units = [unit for unit, is_certain in drawn if is_certain and unit.covered]
    return certain_units, [unit for unit, is_certain in drawn if unit.part and not is_certain]
