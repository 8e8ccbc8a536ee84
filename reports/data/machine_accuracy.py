"""How right a machine is beside people, and whether it errs alike in all periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.codebooks.codebook import Variable, VariableType
from analysis.codebooks.wanted import list_categories
from reports.data.coded_samples import (
    NOT_ASKED,
    CodedSample,
    SampleUnit,
    Stratum,
    count_represented,
)
from reports.data.estimate_strata import is_in
from reports.stats.agreement import CodePair, ConfusionMatrix, make_confusion_matrix
from reports.stats.differential_error import ErrorCount, compare_errors
from reports.stats.multiple_tests import adjust_holm

# Errors differ between periods if the adjusted p-value is below this.
LEVEL = 0.05


@dataclass(frozen=True)
class ErrorDifference:
    """A kind of error of a machine that is more frequent in some periods than in others."""

    variable: str
    category: str

    # Whether it puts units into the category that people do not, or leaves out what they do.
    is_false_positive: bool

    # The error rate by period.
    rates: dict[str, float]


@dataclass(frozen=True)
class MachineAccuracy:
    """A machine's codes beside people's, variable by variable, and errors that differ."""

    coder: str
    matrices: dict[str, ConfusionMatrix]
    tests: int
    differences: list[ErrorDifference]


def measure_machine(sample: CodedSample, coder: str) -> MachineAccuracy:
    """Compare a machine's codes with people's.

    Where people differ a unit is left out. All tests of a machine are one family (Holm).
    """
    matrices: dict[str, ConfusionMatrix] = {}
    compared: list[tuple[ErrorDifference, float]] = []
    for variable in sample.codebook.variables:
        if variable.type == VariableType.SCALE:
            continue
        pairs = list(_list_pairs(sample, coder, variable))
        categories = dict.fromkeys((*variable.codes, NOT_ASKED))
        for _, pair in pairs:
            categories |= dict.fromkeys((pair.person, pair.machine))
        matrix = make_confusion_matrix([pair for _, pair in pairs], list(categories))
        if matrix is not None:
            matrices[variable.name] = matrix
        compared += _compare_periods(variable, pairs)

    adjusted = adjust_holm([p_value for _, p_value in compared])
    differences = [
        difference
        for (difference, _), p_value in zip(compared, adjusted, strict=True)
        if p_value < LEVEL
    ]
    return MachineAccuracy(coder, matrices, len(compared), differences)


def _list_pairs(
    sample: CodedSample, coder: str, variable: Variable
) -> Iterator[tuple[Stratum, CodePair]]:
    """Yield what people who agree and the machine say of each unit, with its stratum."""
    for stratum in sample.strata:
        units: list[tuple[SampleUnit, str, str]] = []
        for unit in sample.units_by_stratum[stratum.number]:
            people = {sample.code(unit, person, variable) for person in unit.people} - {None}
            machine = sample.code(unit, coder, variable)
            if len(people) == 1 and machine is not None:
                units.append((unit, str(people.pop()), machine))

        copies = [unit.copies for unit, _, _ in units]
        weights = count_represented(copies, stratum.population)
        for (_, person, machine), weight in zip(units, weights, strict=True):
            yield stratum, CodePair(person, machine, weight)


def _compare_periods(
    variable: Variable, pairs: list[tuple[Stratum, CodePair]]
) -> Iterator[tuple[ErrorDifference, float]]:
    for category in list_categories(variable):
        for is_false_positive in (True, False):
            counts: dict[tuple[str, str], list[bool]] = defaultdict(list)
            for stratum, pair in pairs:
                is_person, is_machine = is_in(pair.person, category), is_in(pair.machine, category)
                if bool(is_person) != is_false_positive:
                    counts[stratum.period, stratum.part].append(is_person != is_machine)

            errors = [
                ErrorCount(period, part, sum(are_wrong), len(are_wrong))
                for (period, part), are_wrong in counts.items()
            ]
            comparison = compare_errors(errors)
            if comparison is not None:
                difference = ErrorDifference(
                    variable.name, category, is_false_positive, comparison.rates
                )
                yield difference, comparison.p_value
