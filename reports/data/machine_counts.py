"""How many units of each stratum a machine put into each category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from core.enums import CodeState
from models.tables import Code
from reports.data.coded_samples import NOT_ASKED, CodedSample
from reports.data.queries import fetch_all
from reports.data.run_data import RunData
from reports.data.stratum_members import MOST_POSITIONS, read_members


@dataclass(frozen=True)
class MachineCounts:
    """The codes that a machine gave the units of each stratum: how often each, by its number.

    A variable that was not asked of a unit has the code `NOT_ASKED`.
    """

    counts: Mapping[int, Counter[str]]


def count_machine_codes(
    run: RunData, sample: CodedSample, coder: str, variable: str
) -> MachineCounts:
    """Count the codes of a machine in the strata of a sample, read once.

    A unit that came after the sample was drawn is in the stratum in which it would be.
    """
    members = read_members(run, sample)
    counts: dict[int, Counter[str]] = {}
    for keyword in sample.keywords:
        units, codes = _read_codes(run, sample, coder, keyword, variable)
        order = np.argsort(units)
        units, codes = units[order], codes[order]
        for stratum in sample.strata:
            if stratum.keyword == keyword:
                coded = np.isin(units, members[stratum.number])
                counts[stratum.number] = Counter(codes[coded].tolist())
    return MachineCounts(counts)


def _read_codes(
    run: RunData, sample: CodedSample, coder: str, keyword: str, variable: str
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return the units that a machine coded for a keyword, and their codes."""
    is_of_coder = (Code.run_id == run.id, Code.codebook_id == sample.codebook_id)
    statement = select(Code.document_id, Code.position, Code.variable, Code.code, Code.state).where(
        *is_of_coder, Code.coder == coder, Code.keyword == keyword
    )
    codes: dict[int, str | None] = {}
    for row in fetch_all(run.db, statement):
        unit = row.document_id * MOST_POSITIONS + row.position
        if row.variable == variable:
            codes[unit] = row.code if row.state == CodeState.CODED else None
        else:
            codes.setdefault(unit, NOT_ASKED)
    known = {unit: code for unit, code in codes.items() if code is not None}
    return np.array(list(known), np.int64), np.array(list(known.values()), object)
