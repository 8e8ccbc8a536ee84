"""What estimates are made of: what people and machines say of the units in each stratum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import SEPARATOR, Variable
from analysis.codebooks.drawing import find_certain
from analysis.options import SAMPLE, TextOptions
from core.enums import SamplePart
from reports.data.coded_samples import NOT_ASKED, PEOPLE, CodedSample, SampleUnit, Stratum
from reports.data.groupings import list_groups
from reports.data.machine_counts import count_machine_codes
from reports.data.run_data import RunData
from reports.data.stratum_members import count_members_by_group
from reports.stats.coded_strata import CodedStratum, MachineCodes, average_coders

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

    # None for all groups together.
    group: str | None = None

    # Whether it is of all groups but this one.
    is_of_others: bool = False

    # Who would read all texts: people, or a language model ``model:NAME``.
    reader: str = PEOPLE

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


def list_subjects(sample: CodedSample, reader: str = PEOPLE) -> list[Subject]:
    """Return what estimates are made of, the whole run first."""
    periods = dict.fromkeys(["", *sample.periods])
    return [
        Subject(sample, variable, keyword, period, reader=reader)
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


def list_helpers(run: RunData, sample: CodedSample) -> list[str]:
    """Return the machines whose codes of all texts make estimates from people's more precise.

    A model that codes the sample alone knows nothing of the texts outside it.
    """
    options = run.parameters
    is_of_sample = isinstance(options, TextOptions) and options.coded_part == SAMPLE
    return [
        machine for machine in sample.machines if not (is_of_sample and machine == options.coder)
    ]


def make_strata(
    run: RunData, subject: Subject, category: str, machine: str | None
) -> list[CodedStratum]:
    """Return the strata of a subject with what its reader, and a machine, say of a category."""
    return [stratum for _, stratum in make_numbered_strata(run, subject, category, machine)]


def make_numbered_strata(
    run: RunData, subject: Subject, category: str, machine: str | None
) -> list[tuple[Stratum, CodedStratum]]:
    """Return the strata of a subject, each with that of the sample from which it is made.

    A text that was drawn for certain is a stratum of its own. Each of the others stands for as many
    units. A stratum of which a model has read everything is known, whatever was drawn of it.
    """
    sample, variable = subject.sample, subject.variable
    reader_counts = None
    if subject.reader != PEOPLE and subject.group is None:
        reader_counts = count_machine_codes(run, sample, subject.reader, variable.name)
    machine_counts = None
    if machine is not None:
        machine_counts = count_machine_codes(run, sample, machine, variable.name)

    coded_strata: list[tuple[Stratum, CodedStratum]] = []
    for stratum in subject.strata:
        if reader_counts is not None:
            codes = reader_counts.counts[stratum.number]
            if codes.total() >= stratum.population:
                coded_strata.append((stratum, _make_known(stratum, codes, category)))
                continue

        units: list[_CodedUnit] = []
        for unit in sample.units_by_stratum[stratum.number]:
            reading = _ask_reader(subject, unit, category)
            if reading is not None and subject.has_unit(unit):
                code = None if machine is None else sample.code(unit, machine, variable)
                machine_code = None if code is None else is_in(code, category)
                units.append(_CodedUnit(reading, machine_code, subject.copies(unit)))

        counts = None if machine_counts is None else machine_counts.counts[stratum.number]
        population = subject.population(run, stratum)
        for coded_stratum in _part_certain(stratum.part, population, units, counts, category):
            coded_strata.append((stratum, coded_stratum))
    return coded_strata


@dataclass(frozen=True)
class _CodedUnit:
    """What the reader and a machine say of a unit: 1 if it is in the category; None if unknown."""

    reading: float
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
            CodedStratum(kind, unit.copies, [unit.reading], [float(unit.copies)], machine)
        )
        size -= unit.copies

    machine = None
    if machine_counts is not None:
        coded = max(0, min(coded, size))
        codes = [unit.machine for unit in others]
        machine = MachineCodes(codes, min(positives, coded), coded)
    yield CodedStratum(kind, size, [unit.reading for unit in others], (), machine)
    yield from certain_strata


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
