"""Which units of a run are in which stratum of a sample, and of which group they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from analysis.codebooks.cells import make_cells
from core.enums import SamplePeriod
from models.runs import get_run
from models.tables import Document, Origin
from reports.data.coded_samples import CodedSample
from reports.data.groupings import name_group, origin_column
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, documents_condition

# A document has fewer sentences than this.
MOST_POSITIONS = 2**16

Members = Mapping[int, NDArray[np.int64]]


def read_members(run: RunData, sample: CodedSample) -> Members:
    """Return the units of each stratum by its number, read once.

    A unit is its document's id times `MOST_POSITIONS`, and its position. One that came after the
    sample was drawn is in the stratum in which it would be.
    """
    return run.readings.once(("members", sample.codebook_id), lambda: _list_members(run, sample))


def _list_members(run: RunData, sample: CodedSample) -> dict[int, NDArray[np.int64]]:
    with run.db.read() as connection:
        run_row = get_run(connection, run.id)
    per = SamplePeriod.that_has(sample.strata[0].period)
    units, cells = make_cells(run.db, run_row, sample.codebook, per, b"")
    numbers = {
        (stratum.period, stratum.keyword, stratum.part): stratum.number for stratum in sample.strata
    }
    members = {stratum.number: np.array([], np.int64) for stratum in sample.strata}
    for cell in cells:
        for part, frame in cell.frames.items():
            number = numbers.get((cell.period, cell.keyword, part))
            if number is not None:
                members[number] = units.documents[frame.members] * MOST_POSITIONS
                members[number] += units.positions[frame.members]
    return members


def count_members_by_group(run: RunData, sample: CodedSample) -> Mapping[int, Counter[str]]:
    """Return how many units of each stratum are of each group of the run."""
    return run.readings.once(
        ("members by group", sample.codebook_id), lambda: _count_groups(run, sample)
    )


def _count_groups(run: RunData, sample: CodedSample) -> dict[int, Counter[str]]:
    groups = _read_groups(run)
    counts: dict[int, Counter[str]] = {}
    for number, units in read_members(run, sample).items():
        documents = (units // MOST_POSITIONS).tolist()
        counts[number] = Counter(groups[document] for document in documents)
    return counts


def _read_groups(run: RunData) -> dict[int, str]:
    """Return the group of each document of the run."""
    groups: dict[int, str] = {}
    if run.grouping is None:
        return groups
    column = origin_column(run.grouping)
    documents = select(Document.id, column).join(Origin, Origin.id == Document.origin_id)
    for job in run.jobs:
        for document_id, stored in fetch_all(
            run.db, documents.where(documents_condition(run, job))
        ):
            groups[document_id] = name_group(stored)
    return groups
