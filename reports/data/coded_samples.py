"""The samples of a run that were coded: what people and machines say of each unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import and_, select

from analysis.codebooks.codebook import Codebook, Variable
from analysis.codebooks.drawing import find_certain
from core.enums import MODEL, CodeState, SamplePart, SampleRule
from models.code_samples import list_searched_keys, list_strata
from models.codes import ADJUDICATED, PERSON, CodeValue, UnitKey
from models.tables import Code, Document, SampledUnit, SampleStratum, StoredCodebook
from reports.data.queries import fetch_all
from reports.data.run_data import RunData
from reports.series.reading import read_groups_of

# Estimates of what people would say rest on their codes alone, or on a machine's too.
PEOPLE = "people"

# The code of a variable that is not asked, since its condition does not hold.
NOT_ASKED = ""


@dataclass(frozen=True)
class Stratum:
    """The units of a period, keyword and part, of which some were drawn."""

    number: int
    period: str
    keyword: str
    part: SamplePart
    population: int

    # How many different texts its units are, and how many of these were drawn.
    texts: int
    drawn: int
    rule: SampleRule = SampleRule.PERIOD


@dataclass(frozen=True)
class SampleUnit:
    """A drawn unit, and the codes that each coder gave it by variable."""

    key: UnitKey
    stratum: int
    month: str

    # How many units of the stratum have this text.
    copies: int

    # Its group, if the run has a grouping; otherwise "".
    group: str
    codes: Mapping[str, Mapping[str, CodeValue]]

    @property
    def people(self) -> list[str]:
        """The people who coded it; who adjudicated it alone, if it was."""
        if ADJUDICATED in self.codes:
            return [ADJUDICATED]
        return sorted(coder for coder in self.codes if coder.startswith(PERSON))


@dataclass(frozen=True)
class CodedSample:
    """A sample with its codebook, strata and units."""

    codebook_id: int
    codebook: Codebook
    strata: Sequence[Stratum]
    units: Sequence[SampleUnit]

    @cached_property
    def units_by_stratum(self) -> Mapping[int, Sequence[SampleUnit]]:
        """The units of each stratum, by its number."""
        units: dict[int, list[SampleUnit]] = {stratum.number: [] for stratum in self.strata}
        for unit in self.units:
            units[unit.stratum].append(unit)

        return units

    @property
    def rule(self) -> SampleRule:
        """The rule by which the sample was begun."""
        return self.strata[0].rule

    @property
    def keywords(self) -> list[str]:
        """The keywords that are asked of; "" alone if the codebook asks of no keyword."""
        return list(dict.fromkeys(stratum.keyword for stratum in self.strata))

    @property
    def periods(self) -> list[str]:
        """The periods between which the sample was shared out; "" alone for the whole run."""
        return sorted({stratum.period for stratum in self.strata})

    @property
    def models(self) -> list[str]:
        """The language models that coded units of the sample."""
        return [coder for coder in self.machines if coder.startswith(MODEL)]

    @property
    def machines(self) -> list[str]:
        """The networks and models that coded units of the sample."""
        coders = {coder for unit in self.units for coder in unit.codes}
        return sorted(coder for coder in coders if not coder.startswith(PERSON))

    def code(self, unit: SampleUnit, coder: str, variable: Variable) -> str | None:
        """Return the code of a variable; `NOT_ASKED`, or None if nobody knows."""
        codes = unit.codes.get(coder, {})
        given = codes.get(variable.name)
        if given is not None:
            return given.code if given.state == CodeState.CODED else None
        if variable.condition is None:
            return None

        condition_variable = self.codebook.variable(variable.condition.variable)
        condition_code = self.code(unit, coder, condition_variable)
        known = {condition_variable.name: condition_code}
        is_left_out = condition_code is not None and not variable.is_asked(known)
        return NOT_ASKED if is_left_out else None


def count_represented(copies: Sequence[int], population: int) -> list[float]:
    """Return how many units of a stratum each of its coded units stands for."""
    are_certain = find_certain(copies, len(copies), population)
    certain_population = sum(
        n for n, is_certain in zip(copies, are_certain, strict=True) if is_certain
    )
    others = len(copies) - sum(are_certain)
    share = (population - certain_population) / others if others else 0.0
    return [
        float(n) if is_certain else share for n, is_certain in zip(copies, are_certain, strict=True)
    ]


def read_coded_samples(run: RunData) -> list[CodedSample]:
    """Return the samples of a run that somebody has begun to code, read once."""
    return run.once_of_all(read_coded_samples, lambda: _read_samples(run))


def _read_samples(run: RunData) -> list[CodedSample]:
    sampled = select(SampleStratum.codebook_id).where(SampleStratum.run_id == run.id).distinct()
    codebooks = fetch_all(
        run.db,
        select(StoredCodebook.id, StoredCodebook.content)
        .where(StoredCodebook.id.in_(sampled))
        .order_by(StoredCodebook.id),
    )
    samples = []
    for codebook_id, content in codebooks:
        units = _read_units(run, codebook_id)
        if any(unit.codes for unit in units):
            codebook = Codebook.model_validate(content)
            samples.append(
                CodedSample(codebook_id, codebook, _read_strata(run, codebook_id), units)
            )

    return samples


def _read_strata(run: RunData, codebook_id: int) -> list[Stratum]:
    with run.db.read() as connection:
        rows = list_strata(connection, run.id, codebook_id)

    return [
        Stratum(
            number=row.number,
            period=row.period,
            keyword=row.keyword,
            part=SamplePart(row.part),
            population=row.population,
            texts=row.texts,
            drawn=row.drawn,
            rule=SampleRule(row.rule),
        )
        for row in rows
    ]


def _read_units(run: RunData, codebook_id: int) -> list[SampleUnit]:
    codes = _read_codes(run, codebook_id)
    columns: tuple[Any, ...] = (SampledUnit.document_id, SampledUnit.keyword, SampledUnit.position)
    statement = (
        select(*columns, SampledUnit.stratum, SampledUnit.copies)
        .add_columns(Document.period)
        .join(Document, Document.id == SampledUnit.document_id)
        .where(SampledUnit.run_id == run.id, SampledUnit.codebook_id == codebook_id)
        .order_by(SampledUnit.place)
    )

    rows = fetch_all(run.db, statement)
    _leave_out_searched(run, codebook_id, [UnitKey(*row[:3]) for row in rows], codes)
    document_ids = {row.document_id for row in rows}
    groups: dict[int, str] = {}
    for job in run.jobs:
        groups.update(read_groups_of(run, job, document_ids))

    units = []
    for row in rows:
        key = UnitKey(row.document_id, row.keyword, row.position)
        units.append(
            SampleUnit(
                key=key,
                stratum=row.stratum,
                month=row.period or "",
                copies=row.copies,
                group=groups.get(row.document_id, ""),
                codes=codes.get(key, {}),
            )
        )

    return units


def _leave_out_searched(
    run: RunData,
    codebook_id: int,
    units: Sequence[UnitKey],
    codes: dict[UnitKey, dict[str, dict[str, CodeValue]]],
) -> None:
    """Leave out what people said of *units* since a search had them read these.

    Such a text is likelier to be of a category than others. It counts as soon as all that come
    before it in the order of coding are coded, when it would have been read anyway.
    """
    with run.db.read() as connection:
        searched = list_searched_keys(connection, codebook_id)

    first_open = len(units)
    for place, unit in enumerate(units):
        is_coded = any(coder.startswith(PERSON) for coder in codes.get(unit, {}))
        first_open = first_open if is_coded else min(first_open, place)

    for unit in units[first_open:]:
        if unit in searched and unit in codes:
            codes[unit] = {
                coder: given for coder, given in codes[unit].items() if not coder.startswith(PERSON)
            }


def _read_codes(run: RunData, codebook_id: int) -> dict[UnitKey, dict[str, dict[str, CodeValue]]]:
    """Return the codes of the drawn units by coder and variable.

    What a person said of a unit in another run counts too, unless they coded it in this one.
    """
    is_drawn = and_(
        SampledUnit.run_id == run.id,
        SampledUnit.codebook_id == Code.codebook_id,
        SampledUnit.document_id == Code.document_id,
        SampledUnit.keyword == Code.keyword,
        SampledUnit.position == Code.position,
    )
    unit_columns: tuple[Any, ...] = (Code.document_id, Code.keyword, Code.position)
    value_columns = (Code.code, Code.state, Code.reason, Code.probability)
    statement = (
        select(*unit_columns, Code.run_id, Code.coder, Code.variable, *value_columns)
        .join(SampledUnit, is_drawn)
        .where(Code.codebook_id == codebook_id)
        .where((Code.run_id == run.id) | Code.coder.startswith(PERSON))
    )
    codes: dict[UnitKey, dict[str, dict[str, CodeValue]]] = defaultdict(dict)
    rows = fetch_all(run.db, statement)
    for row in sorted(rows, key=lambda row: (row.run_id != run.id, row.run_id), reverse=True):
        unit = UnitKey(row.document_id, row.keyword, row.position)
        value = CodeValue(row.code, CodeState(row.state), row.reason, row.probability)
        codes[unit].setdefault(row.coder, {})[row.variable] = value

    return codes
