"""Which units of a run are in which stratum of a sample, and which of them have the same text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.codebooks.cells import make_cells
from core.enums import SamplePeriod
from models.codes import UnitKey
from models.runs import get_run
from reports.data.coded_samples import CodedSample
from reports.data.run_data import RunData

# A document has fewer sentences than this.
MOST_POSITIONS = 2**16

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class StratumMembers:
    """The units of a stratum by `number_unit`; those with the same number in *texts* are copies."""

    units: Integers
    texts: Integers

    @property
    def documents(self) -> Integers:
        """The id of the document of each unit."""
        return self.units // MOST_POSITIONS


Members = Mapping[int, StratumMembers]


def number_unit(unit: UnitKey) -> int:
    """Return the number of a unit: of its document and its position."""
    return unit.document_id * MOST_POSITIONS + unit.position


def read_members(run: RunData, sample: CodedSample) -> Members:
    """Return the units of each stratum by its number, read once.

    A unit that came after the sample was drawn is in the stratum in which it would be.
    """
    return run.readings.once(("members", sample.codebook_id), lambda: _list_members(run, sample))


def _list_members(run: RunData, sample: CodedSample) -> dict[int, StratumMembers]:
    with run.db.read() as connection:
        run_row = get_run(connection, run.id)

    per = SamplePeriod.that_has(sample.strata[0].period)
    units, cells = make_cells(run.db, run_row, sample.codebook, per, b"")
    numbers = {
        (stratum.period, stratum.keyword, stratum.part): stratum.number for stratum in sample.strata
    }
    nothing: Integers = np.array([], np.int64)
    members = {stratum.number: StratumMembers(nothing, nothing) for stratum in sample.strata}
    for cell in cells:
        random_numbers = units.random_numbers(cell.keyword)
        for part, frame in cell.frames.items():
            number = numbers.get((cell.period, cell.keyword, part))
            if number is not None:
                unit_numbers = units.documents[frame.members] * MOST_POSITIONS
                unit_numbers += units.positions[frame.members]
                _, texts = np.unique(random_numbers[frame.members], return_inverse=True)
                members[number] = StratumMembers(unit_numbers, texts)

    return members
