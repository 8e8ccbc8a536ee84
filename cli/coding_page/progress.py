"""How far the coders are while they code."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from analysis.codebooks.codebook import Codebook
from cli.coding_page.people import PeopleCodes, list_finished
from models.codes import PERSON, UnitKey


@dataclass(frozen=True)
class CoderProgress:
    """How many of a coder's texts are done."""

    coder: str
    done: int
    total: int


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
