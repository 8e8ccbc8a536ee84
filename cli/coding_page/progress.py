"""How far the coders are, and how far they agree, while they code."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import Codebook, Variable, VariableType
from cli.coding_page.people import PeopleCodes, list_finished
from models.codes import PERSON, UnitKey
from reports.stats.agreement import AlphaEstimate, Level, estimate_alpha


@dataclass(frozen=True)
class CoderProgress:
    """How many of a coder's texts are done."""

    coder: str
    done: int
    total: int


@dataclass(frozen=True)
class VariableAgreement:
    """How far coders agree on a variable; *alpha* is None as long as their codes do not vary."""

    variable: str

    # The texts that two or more people have coded.
    units: int
    alpha: AlphaEstimate | None


def count_done(
    codebook: Codebook, people: PeopleCodes, units_by_coder: Mapping[str, Collection[UnitKey]]
) -> list[CoderProgress]:
    """Return how far each coder is with the units that are theirs."""
    finished_by_coder: dict[str, set[UnitKey]] = {coder: set() for coder in units_by_coder}
    for unit in {unit for units in units_by_coder.values() for unit in units}:
        for coder in list_finished(codebook, people, unit):
            finished_by_coder.setdefault(coder.removeprefix(PERSON), set()).add(unit)
    return [
        CoderProgress(coder, len(finished_by_coder[coder].intersection(units)), len(units))
        for coder, units in units_by_coder.items()
    ]


def measure_agreement(codebook: Codebook, people: PeopleCodes) -> list[VariableAgreement]:
    """Return Krippendorff's alpha of each variable, of all that two or more people have coded."""
    return [_measure_variable(variable, people) for variable in codebook.variables]


def _measure_variable(variable: Variable, people: PeopleCodes) -> VariableAgreement:
    codes_by_unit: dict[UnitKey, list[str]] = {}
    for units in people.values():
        for unit, codes in units.items():
            value = codes.get(variable.name)
            if value is not None and value.code is not None:
                codes_by_unit.setdefault(unit, []).append(value.code)

    shared = [codes for codes in codes_by_unit.values() if len(codes) > 1]
    level = Level.INTERVAL if variable.type == VariableType.SCALE else Level.NOMINAL
    alpha = estimate_alpha(_number_codes(variable, shared), level) if shared else None
    return VariableAgreement(variable.name, len(shared), alpha)


def _number_codes(variable: Variable, shared: Sequence[Sequence[str]]) -> list[list[float]]:
    """Return the steps of a scale; of other codes a number for each that differs."""
    if variable.type == VariableType.SCALE:
        return [[float(code) for code in codes] for codes in shared]
    different = sorted({code for codes in shared for code in codes})
    numbers = {code: float(number) for number, code in enumerate(different)}
    return [[numbers[code] for code in codes] for codes in shared]
