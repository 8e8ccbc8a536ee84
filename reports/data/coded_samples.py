"""The samples of a run that were coded: what people and machines say of each unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import Row

from analysis.codebooks.codebook import SEPARATOR, Codebook, Variable
from analysis.codebooks.drawing import find_inclusions
from core.enums import MODEL, CodeState, SamplePart, SampleRule
from models.code_samples import list_looks, list_searched_keys, list_strata
from models.codes import ADJUDICATED
from reports.data.run_data import RunData, once_of_run
from reports.frames.codes import (
    IS_OF_PEOPLE,
    UNIT,
    UNIT_SCHEMA,
    load_codebooks,
    load_codes,
    load_units,
)
from reports.stats.intervals import CONFIDENCE
from reports.stats.looks import level_of_look

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


@dataclass(frozen=True, eq=False)
class CodedSample:
    """A sample with its codebook, strata, units and their codes.

    *units* are those of `UNIT_SCHEMA` with their number as *unit*. *codes* are those of
    `CODE_SCHEMA` with the unit's number, its *stratum*, and whether the coder *is_reader*: one of
    the people whose codes count, who is who adjudicated the unit alone, if it was.
    """

    codebook_id: int
    codebook: Codebook
    strata: Sequence[Stratum]
    units: pl.DataFrame
    codes: pl.DataFrame

    # The looks at the sample while it grew: rows of `SampleLook`.
    looks: Sequence[Row[Any]] = ()

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

    @cached_property
    def machines(self) -> list[str]:
        """The networks and models that coded units of the sample."""
        of_machines = self.codes.filter(~IS_OF_PEOPLE)
        return sorted(of_machines["coder"].cast(pl.String).unique())

    def looks_of(self, reader: str) -> list[Row[Any]]:
        """Return the looks at the codes of people, or of a model."""
        return [look for look in self.looks if look.coder == reader]

    def level(self, reader: str) -> float:
        """Return the probability with which a reader's intervals leave the truth out.

        It is that of the last look, if the sample was looked at while it grew.
        """
        looks = self.looks_of(reader)
        return level_of_look(looks[-1].number) if looks else round(1 - CONFIDENCE, 6)

    def count_coded(self, reader: str) -> int:
        """Return how many units people or a machine have coded."""
        return self.codes.filter(is_by(reader))["unit"].n_unique()

    def answers(self, variable: Variable) -> pl.DataFrame:
        """Return what each coder says of each unit: see `answer`."""
        return answer(self.codes, self.codebook, variable).sort("unit", "coder")


def is_by(reader: str) -> pl.Expr:
    """Whether a code of a sample counts as one of people, or is one of a machine."""
    return pl.col("is_reader") if reader == PEOPLE else pl.col("coder") == reader


def says(category: str | None, column: str = "code") -> pl.Expr:
    """Whether a code puts a unit into a category; several may apply at once."""
    return pl.col(column).str.split(SEPARATOR).list.contains(pl.lit(category, pl.String))


def is_in(code: str, category: str | None) -> float:
    """Return 1 if a code puts a unit into a category, else 0; several may apply at once."""
    return float(category in code.split(SEPARATOR)) if code != NOT_ASKED else 0.0


def answer(codes: pl.DataFrame, codebook: Codebook, variable: Variable) -> pl.DataFrame:
    """Return a row of *codes* for each unit and coder whose code of a variable is known.

    It is `NOT_ASKED` where the variable is not asked by what the coder says before.
    """
    given = codes.filter(pl.col("variable") == variable.name)
    known = given.filter(pl.col("state") == CodeState.CODED)
    known = known.with_columns(pl.col("code").cast(pl.String))
    if variable.condition is None:
        return known

    before = answer(codes, codebook, codebook.variable(variable.condition.variable))
    left_out = before.join(given, on=(*UNIT, "coder"), how="anti")
    left_out = left_out.filter(~says(variable.condition.code))
    return pl.concat([known, left_out.with_columns(code=pl.lit(NOT_ASKED))])


def count_represented(copies: Sequence[int], population: int) -> list[float]:
    """Return how many units of a stratum each of its coded units stands for."""
    inclusions = find_inclusions(copies, len(copies), population)
    return [n / inclusion for n, inclusion in zip(copies, inclusions, strict=True)]


@once_of_run
def read_coded_samples(run: RunData) -> list[CodedSample]:
    """Return the samples of a run that somebody has begun to code."""
    samples = []
    for codebook_id, codebook in load_codebooks(run).items():
        units = load_units(run, codebook_id).with_row_index("unit")
        codes = _choose_codes(run, codebook_id, units)
        if len(codes):
            strata = _read_strata(run, codebook_id)
            looks = run.db.fetch(list_looks, run.id, codebook_id)

            samples.append(CodedSample(codebook_id, codebook, strata, units, codes, looks))

    return samples


def _read_strata(run: RunData, codebook_id: int) -> list[Stratum]:
    rows = run.db.fetch(list_strata, run.id, codebook_id)

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


def _choose_codes(run: RunData, codebook_id: int, units: pl.DataFrame) -> pl.DataFrame:
    """Return the codes of units without what people said of some since a search had them read.

    Such a text is likelier to be of a category than others. It counts as soon as all that come
    before it in the order of coding are coded, when it would have been read anyway.
    """
    keys = units.select(*UNIT, "unit", "stratum")
    codes = keys.join(load_codes(run, codebook_id), on=UNIT, maintain_order="left")
    searched_keys = run.db.fetch(list_searched_keys, codebook_id)

    schema = {column: UNIT_SCHEMA[column] for column in UNIT}
    searched = pl.DataFrame([tuple(key) for key in searched_keys], schema, orient="row")
    of_people = codes.filter(IS_OF_PEOPLE)
    first_open = units.join(of_people, on="unit", how="anti")["unit"].min()
    if first_open is not None:
        late = units.filter(pl.col("unit") >= first_open).join(searched, on=UNIT)["unit"]
        codes = codes.filter(~(IS_OF_PEOPLE & pl.col("unit").is_in(late.implode())))

    is_decided = (pl.col("coder") == ADJUDICATED).any().over("unit")
    is_reader = IS_OF_PEOPLE & ((pl.col("coder") == ADJUDICATED) | ~is_decided)
    return codes.with_columns(is_reader=is_reader)
