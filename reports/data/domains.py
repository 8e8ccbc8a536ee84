"""Domains of a sample: the units of a group, or those that a selection of documents leaves.

A domain is a part of a population whose units no stratum tells from the others (C.-E. Särndal, B.
Swensson and J. Wretman, "Model Assisted Survey Sampling", 1992, chapter 10). A text of several
copies is drawn once for all of them. So it counts in each domain that has one of its copies, by the
part of them that the domain has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.codebooks.cells import make_cells
from core.enums import SamplePeriod
from models.runs import get_run
from reports.data.coded_samples import CodedSample, answer
from reports.data.run_data import RunData, once, once_of_run
from reports.data.selection import left_out
from reports.frames.codes import UNIT, load_codes
from reports.frames.reading import load_frames
from reports.series.groupings import name_groups

# A unit of a stratum. Units of a stratum with the same number in *text* are copies, of which one
# stands for all unless another was drawn.
_MEMBER_SCHEMA = pl.Schema(
    {
        "stratum": pl.Int64(),
        "document": pl.Int64(),
        "position": pl.Int32(),
        "text": pl.UInt64(),
        "is_first": pl.Boolean(),
    }
)


@dataclass(frozen=True)
class DomainName:
    """The documents that a domain has: those of a group, or of all others; None for all groups."""

    group: str | None = None
    is_of_others: bool = False


ALL_UNITS = DomainName()


@dataclass(frozen=True)
class Domain:
    """A part of the units of a sample's strata: those of its *documents*.

    *populations* has the number of its units by the number of the stratum, and *parts* the part of
    the copies of each drawn unit that it has: columns *unit* and *part*.
    """

    documents: pl.Series
    populations: Mapping[int, int]
    parts: pl.DataFrame


@once
def read_domain(run: RunData, sample: CodedSample, name: DomainName) -> Domain | None:
    """Return the units of a domain that the run's selection leaves, read once; None for all."""
    if name.group is None and not run.selection:
        return None

    documents = _choose_documents(run, name)
    is_chosen = pl.col("document").is_in(documents.implode())
    members = read_members(run, sample).with_columns(is_chosen=is_chosen)
    # Documents that were stored or erased after the draw change the part alone.
    parts = dict(members.group_by("stratum").agg(pl.col("is_chosen").mean()).iter_rows())
    populations = {
        stratum.number: round(stratum.population * parts.get(stratum.number, 0.0))
        for stratum in sample.strata
    }

    copies = members.with_columns(chosen=pl.col("is_chosen").mean().over("stratum", "text"))
    found = sample.units.join(copies, on=("stratum", "document", "position"), how="left")
    # Later documents may have made a near miss of it, or the reverse.
    part = pl.col("chosen").fill_null(is_chosen.cast(pl.Float64))
    return Domain(documents, populations, found.select("unit", part=part))


def _choose_documents(run: RunData, name: DomainName) -> pl.Series:
    """Return the documents of a group, or of all others, that the run's selection leaves."""
    documents = [pl.Series("document", [], pl.Int64)]
    for job in run.jobs:
        chosen = load_frames(run, job).leave_out(left_out(run, job)).chosen
        if name.group is not None and run.grouping is not None:
            is_of_group = name_groups(run.grouping) == name.group
            chosen = chosen.filter(is_of_group != name.is_of_others)

        documents.append(chosen["document"])

    return pl.concat(documents).unique()


@once_of_run
def read_members(run: RunData, sample: CodedSample) -> pl.DataFrame:
    """Return all units of the strata of a sample, read once.

    A unit that came after the sample was drawn is in the stratum in which it would be.
    """
    run_row = run.db.fetch(get_run, run.id)

    per = SamplePeriod.that_has(sample.strata[0].period)
    units, cells = make_cells(run.db, run_row, sample.codebook, per, b"", rule=sample.rule)
    numbers = {
        (stratum.period, stratum.keyword, stratum.part): stratum.number for stratum in sample.strata
    }
    members = [_MEMBER_SCHEMA.to_frame()]
    for cell in cells:
        for part, frame in cell.frames.items():
            number = numbers.get((cell.period, cell.keyword, part))
            if number is not None:
                columns = {
                    "stratum": [number] * frame.population,
                    "document": units.documents[frame.members],
                    "position": units.positions[frame.members],
                    "text": frame.member_numbers,
                    "is_first": np.isin(frame.members, frame.places),
                }
                members.append(pl.DataFrame(columns, schema=_MEMBER_SCHEMA))

    return pl.concat(members)


@once
def count_machine_codes(
    run: RunData, sample: CodedSample, coder: str, variable: str, name: DomainName = ALL_UNITS
) -> Mapping[int, Counter[str]]:
    """Count the codes of a machine in each stratum of a sample, by its number, read once.

    They are those of the units that a domain has. A unit that came after the sample was drawn is in
    the stratum in which it would be. A variable that was not asked of a unit has the code
    `NOT_ASKED`.
    """
    members = read_members(run, sample)
    domain = read_domain(run, sample, name)
    if domain is not None:
        members = members.filter(pl.col("document").is_in(domain.documents.implode()))

    keywords = {stratum.number: stratum.keyword for stratum in sample.strata}
    strata = pl.DataFrame({"stratum": [*keywords], "keyword": [*keywords.values()]})
    units = members.join(strata, on="stratum")
    coded = units.join(_read_answers(run, sample, coder, variable), on=UNIT)
    counts: dict[int, Counter[str]] = {number: Counter() for number in keywords}
    for number, code, count in coded.group_by("stratum", "code").len().iter_rows():
        counts[number][code] = count

    return counts


@once_of_run
def _read_answers(run: RunData, sample: CodedSample, coder: str, variable: str) -> pl.DataFrame:
    """Return what a machine says of each unit of the run, read once."""
    codes = load_codes(run, sample.codebook_id).filter(pl.col("coder") == coder)
    answers = answer(codes, sample.codebook, sample.codebook.variable(variable))
    return answers.select(*UNIT, "code")
