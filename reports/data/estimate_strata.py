"""What estimates are made of: what people and machines say of the units in each stratum."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from analysis.codebooks.codebook import SEPARATOR, CodedUnit, Variable
from analysis.codebooks.drawing import find_certain
from analysis.options import SAMPLE, TextOptions
from core.enums import Grain, SamplePart
from reports.data.coded_samples import (
    NOT_ASKED,
    PEOPLE,
    CodedSample,
    SampleUnit,
    Stratum,
    read_coded_samples,
)
from reports.data.domains import ALL_UNITS, Domain, DomainName, part_of, read_domain
from reports.data.machine_counts import MachineCounts, count_machine_codes
from reports.data.run_data import RunData
from reports.series.reading import read_groups
from reports.stats.coded_strata import (
    CodedStratum,
    FirstPhase,
    MachineCodes,
    average_coders,
)
from reports.stats.scale_means import ScaleMean, ScaleStratum, estimate_scale_mean
from reports.words.quantities import join_words

PeopleCode = TypeVar("PeopleCode", float, float | None)

# A group has estimates of its own from so many coded texts on.
FEWEST_CODES = 10


@dataclass(frozen=True)
class Subject:
    """What estimates are made of: a variable, for one keyword, in one period or group."""

    sample: CodedSample
    variable: Variable
    keyword: str

    # "" for the whole run.
    period: str

    # The documents that it is about, among those that the run's selection leaves.
    domain: DomainName = ALL_UNITS

    # The length to which shorter periods of the sample are joined.
    grain: Grain = Grain.MONTH

    # Who would read all texts: people, or a language model ``model:NAME``.
    reader: str = PEOPLE

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


def list_subjects(run: RunData, sample: CodedSample, reader: str = PEOPLE) -> list[Subject]:
    """Return what estimates are made of, the whole run first.

    Periods are those of the sample, or the years if the run's series are by year.
    """
    periods = dict.fromkeys(["", *(join_periods(period, run.grain) for period in sample.periods)])
    return [
        Subject(sample, variable, keyword, period, grain=run.grain, reader=reader)
        for variable in sample.codebook.variables
        for keyword in sample.keywords
        for period in periods
    ]


def list_coded_groups(run: RunData, sample: CodedSample) -> list[str]:
    """Return the groups of the run that have enough coded texts."""
    coded_groups: list[str] = []
    for group in read_groups(run).names:
        domain = read_domain(run, sample, DomainName(group))
        coded = sum(bool(unit.people) and part_of(domain, unit) > 0 for unit in sample.units)
        if coded >= FEWEST_CODES:
            coded_groups.append(group)

    return coded_groups


def list_group_subjects(run: RunData, sample: CodedSample) -> list[Subject]:
    """Return the same for each group of the run of which enough texts are coded."""
    groups = list_coded_groups(run, sample)
    return [
        Subject(sample, variable, keyword, "", DomainName(group))
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


@dataclass(frozen=True)
class Method:
    """Whose codes an estimate of what *reader* would say rests on, beside the reader's own."""

    reader: str = PEOPLE

    # A model that coded a larger sample, and a machine that coded all texts.
    sampler: str | None = None
    machine: str | None = None

    @property
    def words(self) -> str:
        """The method as tables name it."""
        coders = [self.reader, self.sampler, self.machine]
        return join_words([coder for coder in coders if coder is not None])


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
    run: RunData,
    subject: Subject,
    category: str,
    machine: str | None,
    sampler: str | None = None,
) -> list[CodedStratum]:
    """Return the strata of a subject with what its reader says of a category, and other coders.

    A *machine* coded all texts, a *sampler* a larger sample than people.
    """
    numbered = make_numbered_strata(run, subject, category, machine, sampler)
    return [stratum for _, stratum in numbered]


def make_numbered_strata(
    run: RunData,
    subject: Subject,
    category: str,
    machine: str | None,
    sampler: str | None = None,
) -> list[tuple[Stratum, CodedStratum]]:
    """Return the strata of a subject, each with that of the sample from which it is made.

    A text that was drawn for certain is a stratum of its own. Each of the others stands for as many
    units. A stratum of which a model has read everything is known, whatever was drawn of it.
    """
    sample, variable = subject.sample, subject.variable
    domain = read_domain(run, sample, subject.domain)
    machine_counts: MachineCounts | None = None
    if machine is not None:
        machine_counts = count_machine_codes(run, sample, machine, variable.name)

    known_strata = _read_known(run, subject, category)
    phase_strata: dict[int, list[CodedStratum]] = defaultdict(list)
    if sampler is not None:
        first_subject = replace(subject, reader=sampler)
        for stratum, phase in make_numbered_strata(run, first_subject, category, machine):
            phase_strata[stratum.number].append(phase)

    coded_strata: list[tuple[Stratum, CodedStratum]] = []
    for stratum in subject.strata:
        if stratum.number in known_strata:
            coded_strata.append((stratum, known_strata[stratum.number]))
            continue

        units = list(_read_units(subject, stratum, domain, category, (machine, sampler)))
        counts = None if machine_counts is None else machine_counts.count(stratum.number, domain)
        size = _count_units(stratum, domain, units)
        made_strata = make_coded_strata(stratum, units, size, counts, category)
        if sampler is not None:
            phases = phase_strata[stratum.number]
            made_strata = _add_first_phase(stratum, units, made_strata, phases)

        coded_strata += [(stratum, coded) for coded in made_strata]

    return coded_strata


def _read_known(run: RunData, subject: Subject, category: str) -> dict[int, CodedStratum]:
    """Return the strata all of whose units the subject's reader has read, by their number."""
    if subject.reader == PEOPLE:
        return {}

    sample = subject.sample
    domain = read_domain(run, sample, subject.domain)
    reader_counts = count_machine_codes(run, sample, subject.reader, subject.variable.name)
    known_strata: dict[int, CodedStratum] = {}
    for stratum in subject.strata:
        codes = reader_counts.count(stratum.number, domain)
        if codes.total() >= _count_population(stratum, domain):
            known_strata[stratum.number] = _make_known(stratum, codes, category)

    return known_strata


def _read_units(
    subject: Subject,
    stratum: Stratum,
    domain: Domain | None,
    category: str,
    helpers: tuple[str | None, str | None],
) -> Iterator[DrawnUnit[float]]:
    """Yield the units of a stratum that the reader has coded, with the codes of two *helpers*.

    They are a machine and the coder of a larger sample, of which a text without a usable code is in
    no category.
    """
    sample, variable = subject.sample, subject.variable
    machine, sampler = helpers
    for unit in sample.units_by_stratum[stratum.number]:
        reading = _ask_reader(subject, unit, category)
        if reading is None:
            continue

        code = None if machine is None else sample.code(unit, machine, variable)
        first_code: float | None = None
        if sampler is not None and sampler in unit.codes:
            first_code = is_in(sample.code(unit, sampler, variable) or NOT_ASKED, category)

        yield DrawnUnit(
            people=reading,
            copies=unit.copies,
            part=part_of(domain, unit),
            machine=None if code is None else is_in(code, category),
            first=first_code,
        )


def _add_first_phase(
    stratum: Stratum,
    units: Sequence[DrawnUnit[float]],
    coded_strata: Sequence[CodedStratum],
    phase_strata: Sequence[CodedStratum],
) -> list[CodedStratum]:
    """Return what `make_coded_strata` makes of *units* with the larger sample of the stratum.

    A text that is a stratum of its own is one in the larger sample, too.
    """
    certain_units, other_units = _part_certain(stratum, units)
    stratum_of_others, *certain_strata = coded_strata
    remaining = list(phase_strata)
    completed: list[CodedStratum] = []
    for text, certain in zip(certain_units, certain_strata, strict=True):
        phase = FirstPhase([text.first], [])
        if text.first is not None:
            known = replace(certain, codes=[text.first])
            phase = FirstPhase([text.first], [known])
            if known in remaining:
                remaining.remove(known)

        completed.append(replace(certain, first_phase=phase))

    phase = FirstPhase([unit.first for unit in other_units], remaining)
    return [replace(stratum_of_others, first_phase=phase), *completed]


def make_coded_strata(
    stratum: Stratum,
    units: Sequence[DrawnUnit[float]],
    size: int,
    machine_counts: Counter[str] | None,
    category: str,
) -> list[CodedStratum]:
    """Return what is known of a stratum: without the texts that are certain, then each of these.

    An estimate is about *size* of its units; a machine gave them the codes of *machine_counts*.
    """
    certain_units, other_units = _part_certain(stratum, units)
    remaining = None if machine_counts is None else _RemainingCodes.of(machine_counts, category)
    kind = SamplePart.MENTION if stratum.part == SamplePart.ALL else stratum.part

    certain_strata: list[CodedStratum] = []
    for text in certain_units:
        codes = None if remaining is None else remaining.take(text)
        certain_strata.append(
            CodedStratum(kind, text.covered, [text.people], [float(text.covered)], codes)
        )
        size -= text.covered

    size = max(size, sum(_count_verdicts(other_units)))
    codes = None if remaining is None else remaining.give(other_units, size)
    people_codes = [unit.people for unit in other_units]
    stratum_of_others = CodedStratum(kind, size, people_codes, _weigh(other_units), codes)
    return [stratum_of_others, *certain_strata]


def make_scale_strata(run: RunData, subject: Subject) -> list[ScaleStratum]:
    """Return the strata of a subject with the steps of a scale that people chose."""
    sample = subject.sample
    domain = read_domain(run, sample, subject.domain)
    scale_strata: list[ScaleStratum] = []
    for stratum in subject.strata:
        units: list[DrawnUnit[float | None]] = []
        for unit in sample.units_by_stratum[stratum.number]:
            is_known, step = _ask_step(sample, unit, subject.variable)
            if is_known:
                units.append(DrawnUnit(step, unit.copies, part_of(domain, unit)))

        certain_units, other_units = _part_certain(stratum, units)
        certain_size = sum(unit.covered for unit in certain_units)
        size = _count_units(stratum, domain, units) - certain_size
        size = max(size, sum(_count_verdicts(other_units)))
        steps = [unit.people for unit in other_units]
        covered = sum(unit.copies * unit.part for unit in other_units)
        scale_strata.append(ScaleStratum(stratum.part, size, steps, _weigh(other_units), covered))
        for text in certain_units:
            scale_strata.append(
                ScaleStratum(stratum.part, text.covered, [text.people], (), text.covered)
            )

    return scale_strata


def estimate_subject_mean(run: RunData, subject: Subject) -> ScaleMean | None:
    """Return the mean of a scale over the units of which it is asked; None of too few codes."""
    steps = [float(code) for code in subject.variable.codes]
    return estimate_scale_mean(make_scale_strata(run, subject), min(steps), max(steps))


def _ask_step(
    sample: CodedSample, unit: SampleUnit, variable: Variable
) -> tuple[bool, float | None]:
    """Return whether people know of a unit, and the mean step; None if it is not asked."""
    codes = {coder: sample.code(unit, coder, variable) for coder in unit.people}
    known = {coder: code for coder, code in codes.items() if code is not None}
    steps = {coder: float(code) for coder, code in known.items() if code != NOT_ASKED}
    return bool(known), average_coders(steps) if steps else None


@dataclass(frozen=True)
class DrawnUnit(Generic[PeopleCode]):
    """What people and a machine say of a unit: 1 if it is in the category; None if unknown.

    Of a scale people say the step; None if it is not asked.
    """

    people: PeopleCode

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


@dataclass
class _RemainingCodes:
    """How many units of a stratum a machine coded, and put into a category, beside those taken."""

    positives: int
    coded: int

    @classmethod
    def of(cls, counts: Counter[str], category: str) -> _RemainingCodes:
        """Return all units of a stratum."""
        positives = sum(n for code, n in counts.items() if is_in(code, category))
        return cls(positives, counts.total())

    def take(self, unit: DrawnUnit[float]) -> MachineCodes:
        """Return the machine's code of a unit, which is taken with its copies."""
        coded = 0 if unit.machine is None else unit.covered
        positives = coded if unit.machine else 0
        self.positives, self.coded = self.positives - positives, self.coded - coded
        return MachineCodes([unit.machine], positives, coded)

    def give(self, units: Sequence[DrawnUnit[float]], size: int) -> MachineCodes:
        """Return its codes of the other units, *size* in all, of which *units* were drawn."""
        # A text may be in another stratum now, by later documents: what was read counts at least.
        read_positives, read_negatives, read_others = _count_verdicts(units)
        read = read_positives + read_negatives
        coded = max(read, min(self.coded, size - read_others))
        positives = max(read_positives, min(self.positives, coded - read_negatives))
        return MachineCodes([unit.machine for unit in units], positives, coded)


def _count_verdicts(units: Sequence[DrawnUnit[Any]]) -> tuple[int, int, int]:
    """Return how many units a machine put into the category, into none, and has not coded.

    They are as many at least: of some only a part of the copies counts.
    """
    parts = {True: 0.0, False: 0.0, None: 0.0}
    for unit in units:
        parts[None if unit.machine is None else unit.machine > 0.5] += unit.part

    return math.ceil(parts[True]), math.ceil(parts[False]), math.ceil(parts[None])


def _count_units(stratum: Stratum, domain: Domain | None, units: Sequence[DrawnUnit[Any]]) -> int:
    """Return how many units of a stratum an estimate is about, at least those that were coded.

    Documents may have been erased since the sample was drawn.
    """
    coded = math.ceil(sum(unit.copies * unit.part for unit in units))
    return max(_count_population(stratum, domain), coded)


def _count_population(stratum: Stratum, domain: Domain | None) -> int:
    return stratum.population if domain is None else domain.populations[stratum.number]


def _part_certain(
    stratum: Stratum, units: Sequence[DrawnUnit[PeopleCode]]
) -> tuple[list[DrawnUnit[PeopleCode]], list[DrawnUnit[PeopleCode]]]:
    """Return the units that were drawn for certain, and the others, as far as they are counted."""
    copies = [unit.copies for unit in units]
    population = max(stratum.population, sum(copies))
    are_certain = find_certain(copies, len(units), population)
    certain_units: list[DrawnUnit[PeopleCode]] = []
    other_units: list[DrawnUnit[PeopleCode]] = []
    for unit, is_certain in zip(units, are_certain, strict=True):
        if is_certain and unit.covered:
            certain_units.append(unit)
        elif unit.part and not is_certain:
            other_units.append(unit)

    return certain_units, other_units


def _weigh(units: Sequence[DrawnUnit[Any]]) -> Sequence[float]:
    """Return how many units each stands for beside the others; nothing if all for as many.

    A text is drawn by all its copies, and counts by those that the estimate is about.
    """
    are_whole = all(unit.part == 1 for unit in units)
    return () if are_whole else [unit.part for unit in units]


def _make_known(stratum: Stratum, codes: Counter[str], category: str) -> CodedStratum:
    """Return a stratum all of whose units were read."""
    kind = SamplePart.MENTION if stratum.part == SamplePart.ALL else stratum.part
    positives = sum(n for code, n in codes.items() if is_in(code, category))
    size = codes.total()
    return CodedStratum(kind, size, [1.0] * positives + [0.0] * (size - positives))


def _ask_reader(subject: Subject, unit: SampleUnit, category: str) -> float | None:
    """Return the share of the readers who put a unit into a category; None if nobody knows."""
    sample, variable = subject.sample, subject.variable
    coders = unit.people if subject.reader == PEOPLE else [subject.reader]
    codes: dict[str, float] = {}
    for coder in coders:
        code = sample.code(unit, coder, variable)
        if code is not None:
            codes[coder] = is_in(code, category)

    return average_coders(codes, None) if codes else None


def is_in(code: str, category: str) -> float:
    """Return 1 if a code puts a unit into a category, else 0; several may apply at once."""
    return float(category in code.split(SEPARATOR)) if code != NOT_ASKED else 0.0
