"""How many units of each stratum a machine put into each category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

import polars as pl
from sqlalchemy import func, select

from analysis.codebooks.codebook import Codebook
from core.enums import UNUSABLE, CodeState
from models.tables import Code
from reports.data.coded_samples import NOT_ASKED, CodedSample
from reports.data.domains import ALL_UNITS, DomainName, read_domain, read_members
from reports.data.queries import fetch_all
from reports.data.run_data import RunData


def count_machine_codes(
    run: RunData, sample: CodedSample, coder: str, variable: str, name: DomainName = ALL_UNITS
) -> Mapping[int, Counter[str]]:
    """Count the codes of a machine in each stratum of a sample, by its number, read once.

    They are those of the units that a domain has. A unit that came after the sample was drawn is in
    the stratum in which it would be. A variable that was not asked of a unit has the code
    `NOT_ASKED`.
    """
    reading = (count_machine_codes, sample.codebook_id, coder, variable, name)
    return run.once(reading, lambda: _count_codes(run, sample, coder, variable, name))


def _count_codes(
    run: RunData, sample: CodedSample, coder: str, variable: str, name: DomainName
) -> dict[int, Counter[str]]:
    members = read_members(run, sample)
    domain = read_domain(run, sample, name)
    if domain is not None:
        members = members.filter(pl.col("document").is_in(domain.documents.implode()))

    counts: dict[int, Counter[str]] = {stratum.number: Counter() for stratum in sample.strata}
    for keyword in sample.keywords:
        strata = [stratum.number for stratum in sample.strata if stratum.keyword == keyword]
        reading = (_read_codes, sample.codebook_id, coder, variable, keyword)
        read = partial(_read_codes, run, sample, coder, keyword, variable)
        codes: pl.DataFrame = run.once_of_all(reading, read)
        of_keyword = members.filter(pl.col("stratum").is_in(strata))
        coded = of_keyword.join(codes, on=["document", "position"])
        for number, code, count in coded.group_by("stratum", "code").len().iter_rows():
            counts[number][code] = count

    return counts


def _read_codes(
    run: RunData, sample: CodedSample, coder: str, keyword: str, variable: str
) -> pl.DataFrame:
    """Return the codes that a machine gave for a keyword, by document and position."""
    is_of_coder = (Code.run_id == run.id, Code.codebook_id == sample.codebook_id)
    statement = select(Code.document_id, Code.position, Code.variable, Code.code, Code.state).where(
        *is_of_coder, Code.coder == coder, Code.keyword == keyword
    )
    conditions = _list_conditions(sample.codebook, variable)
    codes: dict[tuple[int, int], str] = {}
    unknown: set[tuple[int, int]] = set()
    for row in fetch_all(run.db, statement):
        unit = row.document_id, row.position
        is_coded = row.state == CodeState.CODED
        if row.variable == variable and is_coded:
            codes[unit] = row.code
        elif not is_coded and row.variable in (variable, *conditions):
            unknown.add(unit)
        else:
            codes.setdefault(unit, NOT_ASKED)

    return pl.DataFrame(
        [(*unit, code) for unit, code in codes.items() if unit not in unknown],
        schema={"document": pl.Int64, "position": pl.Int32, "code": pl.String},
        orient="row",
    )


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
