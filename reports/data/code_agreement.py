"""How far the people who coded the same units agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from analysis.codebooks.codebook import Codebook, Variable, VariableType
from core.enums import CodeState
from models.codes import ADJUDICATED, PERSON, CodeValue
from reports.frames.codes import UNIT
from reports.stats.agreement import MeasurementLevel, estimate_alpha
from reports.stats.estimates import Estimate

# The codes of a unit by coder and variable.
CoderCodes = Mapping[str, Mapping[str, CodeValue]]


@dataclass(frozen=True)
class VariableAgreement:
    """How far people agree on a variable; without *alpha* nobody can say."""

    name: str
    level: MeasurementLevel
    coders: int

    # The units that somebody coded, and those that several people did.
    units: int
    shared: int
    alpha: Estimate | None


def measure_agreement(codebook: Codebook, units: Iterable[CoderCodes]) -> list[VariableAgreement]:
    """Measure how far people agree on each variable of a codebook.

    What was decided where they differ is no code of a coder. Several categories count as one code.
    """
    people_codes = [{coder: unit[coder] for coder in list_people(unit)} for unit in units]
    return [_measure_variable(variable, people_codes) for variable in codebook.variables]


def list_units(codes: pl.DataFrame) -> list[CoderCodes]:
    """Return the codes of each unit in a frame of codes, in its order."""
    units: dict[tuple[Any, ...], dict[str, dict[str, CodeValue]]] = {}
    columns = (*UNIT, "coder", "variable", "code", "state")
    for *unit, coder, variable, code, state in codes.select(columns).iter_rows():
        unit_codes = units.setdefault(tuple(unit), {}).setdefault(coder, {})
        unit_codes[variable] = CodeValue(code, CodeState(state))

    return list(units.values())


def list_people(unit: CoderCodes) -> list[str]:
    """Return the people who coded a unit by themselves, sorted."""
    return sorted(coder for coder in unit if coder.startswith(PERSON) and coder != ADJUDICATED)


def _measure_variable(variable: Variable, units: Iterable[CoderCodes]) -> VariableAgreement:
    numbers = {code: float(number) for number, code in enumerate(variable.codes)}
    coders: set[str] = set()
    coded_units: list[list[float]] = []
    for unit in units:
        codes: list[float] = []
        for coder, unit_codes in unit.items():
            value = unit_codes.get(variable.name)
            if value is None or value.state != CodeState.CODED or value.code is None:
                continue

            coders.add(coder)
            if variable.type == VariableType.SCALE:
                codes.append(float(value.code))
            else:
                codes.append(numbers.setdefault(value.code, float(len(numbers))))

        if codes:
            coded_units.append(codes)

    level = name_level(variable)
    shared = sum(len(codes) > 1 for codes in coded_units)
    alpha = estimate_alpha(coded_units, level)
    return VariableAgreement(variable.name, level, len(coders), len(coded_units), shared, alpha)


def name_level(variable: Variable) -> MeasurementLevel:
    """Return how codes of a variable are compared."""
    is_scale = variable.type == VariableType.SCALE
    return MeasurementLevel.INTERVAL if is_scale else MeasurementLevel.NOMINAL
