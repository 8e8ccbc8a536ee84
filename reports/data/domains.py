"""Domains of a sample: the units of a group, or those that a selection of documents leaves.

A domain is a part of a population whose units no stratum tells from the others (C.-E. Särndal, B.
Swensson and J. Wretman, "Model Assisted Survey Sampling", 1992, chapter 10). A text of several
copies is drawn once for all of them. So it counts in each domain that has one of its copies, by the
part of them that the domain has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import literal, select

from models.codes import UnitKey
from models.tables import Document, Origin
from reports.data.coded_samples import CodedSample, SampleUnit
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, documents_condition
from reports.data.selection import left_out
from reports.data.stratum_members import StratumMembers, number_unit, read_members
from reports.series.groupings import name_group, origin_column

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class DomainName:
    """The documents that a domain has: those of a group, or of all others; None for all groups."""

    group: str | None = None
    is_of_others: bool = False


ALL_UNITS = DomainName()


@dataclass(frozen=True)
class Domain:
    """A part of the units of a sample's strata.

    *populations* has the number of its units by the number of the stratum, *members* which members
    of the stratum they are, and *parts* the part of the copies of each drawn unit that it has.
    """

    populations: Mapping[int, int]
    members: Mapping[int, Bits]
    parts: Mapping[UnitKey, float]


def read_domain(run: RunData, sample: CodedSample, name: DomainName) -> Domain | None:
    """Return the units of a domain that the run's selection leaves, read once; None for all."""
    if name.group is None and not run.selection:
        return None

    reading = (read_domain, sample.codebook_id, name)
    return run.selected_readings.once(reading, lambda: _make_domain(run, sample, name))


def _make_domain(run: RunData, sample: CodedSample, name: DomainName) -> Domain:
    groups = run.selected_readings.once(_read_groups, lambda: _read_groups(run))
    if name.group is None:
        chosen = set(groups)
    else:
        is_of_others = name.is_of_others
        chosen = {
            document for document, group in groups.items() if (group == name.group) != is_of_others
        }

    chosen_documents = np.array(sorted(chosen), np.int64)

    populations: dict[int, int] = {}
    chosen_members: dict[int, Bits] = {}
    parts: dict[UnitKey, float] = {}
    for stratum in sample.strata:
        members = read_members(run, sample)[stratum.number]
        are_chosen = np.isin(members.documents, chosen_documents)
        chosen_members[stratum.number] = are_chosen
        # Documents that were stored or erased after the draw change the part alone.
        part = float(are_chosen.mean()) if len(are_chosen) else 0.0
        populations[stratum.number] = round(stratum.population * part)

        parts_of_members = _divide_copies(members, are_chosen)
        for unit in sample.units_by_stratum[stratum.number]:
            # Later documents may have made a near miss of it, or the reverse.
            part_of_unit = float(unit.key.document_id in chosen)
            parts[unit.key] = parts_of_members.get(number_unit(unit.key), part_of_unit)

    return Domain(populations, chosen_members, parts)


def _divide_copies(members: StratumMembers, are_chosen: Bits) -> dict[int, float]:
    """Return the part of the copies of each member that are chosen, by the member's number."""
    copies = np.bincount(members.texts)
    chosen_copies = np.bincount(members.texts[are_chosen], minlength=len(copies))
    parts = chosen_copies / copies
    return dict(zip(members.units.tolist(), parts[members.texts].tolist(), strict=True))


def _read_groups(run: RunData) -> dict[int, str]:
    """Return the group of each document that the run's selection leaves."""
    column = literal("") if run.grouping is None else origin_column(run.grouping)
    documents = select(Document.id, column).join(Origin, Origin.id == Document.origin_id)
    groups: dict[int, str] = {}
    for job in run.jobs:
        without = left_out(run, job)
        condition = documents_condition(run, job)
        for document_id, stored_name in fetch_all(run.db, documents.where(condition)):
            if document_id not in without:
                groups[document_id] = name_group(stored_name)

    return groups


def part_of(domain: Domain | None, unit: SampleUnit) -> float:
    """Return the part of the copies of a drawn unit that a domain has: 1 of all units."""
    return 1.0 if domain is None else domain.parts[unit.key]
