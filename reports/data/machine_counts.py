"""How many units of each stratum a machine put into each category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from analysis.codebooks.codebook import Codebook
from core.enums import UNUSABLE, CodeState
from models.codes import UnitKey
from models.tables import Code
from reports.data.coded_samples import NOT_ASKED, CodedSample
from reports.data.domains import Domain
from reports.data.queries import fetch_all
from reports.data.run_data import RunData
from reports.data.stratum_members import Integers, number_unit, read_members

# The machine has not coded such a unit.
_UNKNOWN = -1


@dataclass(frozen=True)
class MachineCounts:
    """The codes that a machine gave the members of each stratum, by its number.

    They are numbers of *codes*. A variable that was not asked of a unit has the code `NOT_ASKED`.
    """

    codes: Sequence[str]
    members: Mapping[int, Integers]

    def count(self, stratum: int, domain: Domain | None) -> Counter[str]:
        """Return how often each code was given in the stratum, or in the part that a domain has."""
        numbers = self.members[stratum]
        if domain is not None:
            numbers = numbers[domain.members[stratum]]

        counts = np.bincount(numbers[numbers != _UNKNOWN], minlength=len(self.codes))
        return Counter(dict(zip(self.codes, counts.tolist(), strict=True)))


def count_machine_codes(
    run: RunData, sample: CodedSample, coder: str, variable: str
) -> MachineCounts:
    """Count the codes of a machine in the strata of a sample, read once.

    A unit that came after the sample was drawn is in the stratum in which it would be.
    """
    reading = (count_machine_codes, sample.codebook_id, coder, variable)
    return run.readings.once(reading, lambda: _number_codes(run, sample, coder, variable))


def _number_codes(run: RunData, sample: CodedSample, coder: str, variable: str) -> MachineCounts:
    members = read_members(run, sample)
    number_of_code: dict[str, int] = {}
    codes_of_members: dict[int, Integers] = {}
    for keyword in sample.keywords:
        codes = _read_codes(run, sample, coder, keyword, variable)
        units = np.array(sorted(codes), np.int64)
        numbers = [
            number_of_code.setdefault(codes[unit], len(number_of_code)) for unit in sorted(codes)
        ]
        for stratum in sample.strata:
            if stratum.keyword == keyword:
                stratum_units = members[stratum.number].units
                codes_of_members[stratum.number] = _look_up(
                    stratum_units, units, np.array(numbers, np.int64)
                )

    return MachineCounts(list(number_of_code), codes_of_members)


def _look_up(stratum_units: Integers, units: Integers, numbers: Integers) -> Integers:
    """Return the number of the code of each unit of a stratum; *units* are sorted."""
    if not len(units):
        return np.full(len(stratum_units), _UNKNOWN, np.int64)

    places = np.minimum(np.searchsorted(units, stratum_units), len(units) - 1)
    return np.where(units[places] == stratum_units, numbers[places], _UNKNOWN)


def _read_codes(
    run: RunData, sample: CodedSample, coder: str, keyword: str, variable: str
) -> dict[int, str]:
    """Return the codes that a machine gave for a keyword, by the number of the unit."""
    is_of_coder = (Code.run_id == run.id, Code.codebook_id == sample.codebook_id)
    statement = select(Code.document_id, Code.position, Code.variable, Code.code, Code.state).where(
        *is_of_coder, Code.coder == coder, Code.keyword == keyword
    )
    conditions = _list_conditions(sample.codebook, variable)
    codes: dict[int, str] = {}
    unknown: set[int] = set()
    for row in fetch_all(run.db, statement):
        unit = number_unit(UnitKey(row.document_id, keyword, row.position))
        is_coded = row.state == CodeState.CODED
        if row.variable == variable and is_coded:
            codes[unit] = row.code
        elif not is_coded and row.variable in (variable, *conditions):
            unknown.add(unit)
        else:
            codes.setdefault(unit, NOT_ASKED)

    return {unit: code for unit, code in codes.items() if unit not in unknown}


def _list_conditions(codebook: Codebook, variable: str) -> list[str]:
    """Return the variables whose codes decide whether a variable is asked."""
    conditions: list[str] = []
    condition = codebook.variable(variable).condition
    while condition is not None:
        conditions.append(condition.variable)
        condition = codebook.variable(condition.variable).condition

    return conditions


def count_unusable_answers(run: RunData, sample: CodedSample, coder: str) -> dict[str, int]:
    """Return how many units have no code of a model, since it was refused, cut off or invalid."""
    # The first variable is asked of every unit.
    is_of_variable = Code.variable == sample.codebook.variables[0].name
    is_of_coder = (Code.run_id == run.id, Code.codebook_id == sample.codebook_id)
    states = select(Code.state, func.count()).where(
        *is_of_coder, Code.coder == coder, is_of_variable, Code.state.in_(UNUSABLE)
    )
    return dict(fetch_all(run.db, states.group_by(Code.state).order_by(Code.state)))
