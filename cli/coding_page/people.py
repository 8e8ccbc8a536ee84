"""The codes that people gave a sample, coder by coder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection

from analysis.codebooks.codebook import Codebook
from models.codes import (
    ADJUDICATED,
    PERSON,
    CodeValue,
    Coding,
    UnitKey,
    list_coders,
    read_codes,
    read_codes_elsewhere,
)
from producers.coding_session import next_variable

# The codes of each unit by coder ("person:NAME"), without decisions between them.
PeopleCodes = Mapping[str, Mapping[UnitKey, Mapping[str, CodeValue]]]


def read_people_codes(
    connection: Connection,
    run_id: int,
    codebook_id: int,
    coders: Iterable[str],
    units: Collection[UnitKey],
) -> PeopleCodes:
    """Return the codes that *units* got from *coders*, and from all other people, by coder.

    What a person coded by the same codebook in another run counts for the same unit.
    """
    names = {f"{PERSON}{coder}" for coder in coders}
    names.update(list_coders(connection, run_id, codebook_id))
    people: dict[str, Mapping[UnitKey, Mapping[str, CodeValue]]] = {}
    for name in sorted(names):
        if name.startswith(PERSON) and name != ADJUDICATED:
            coding = Coding(run_id, codebook_id, name)
            codes, elsewhere = (
                read_codes(connection, coding),
                read_codes_elsewhere(connection, coding),
            )
            people[name] = {
                unit: {**elsewhere.get(unit, {}), **codes.get(unit, {})}
                for unit in units
                if unit in codes or unit in elsewhere
            }

    return people


def list_finished(codebook: Codebook, people: PeopleCodes, unit: UnitKey) -> list[str]:
    """Return the coders who have answered all that a unit is asked."""
    return [
        coder
        for coder, codes_by_unit in people.items()
        if unit in codes_by_unit and next_variable(codebook, codes_by_unit[unit]) is None
    ]
