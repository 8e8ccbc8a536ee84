"""Codes that machines gave the texts of a run of which nobody has drawn a sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from analysis.codebooks.codebook import SEPARATOR, Codebook, Variable
from core.enums import UNUSABLE, CodeState
from reports.data.coded_samples import PEOPLE, read_coded_samples
from reports.data.run_data import RunData, once
from reports.data.selection import left_out
from reports.frames.codes import IS_OF_PEOPLE, load_codebooks, load_codes


@dataclass(frozen=True)
class CodeCounts:
    """How many units have each code."""

    # Of several categories a unit has each.
    units: int
    codes: Counter[str]


@dataclass(frozen=True)
class MachineCoding:
    """What a machine says of the texts of a run that it was given: a census, and no sample."""

    codebook: Codebook

    # "network:RUN" or "model:NAME".
    coder: str

    # The texts that have codes, and those that have none, by the reason. With a codebook that asks
    # of keywords a text counts once for each.
    coded: int
    unusable: Mapping[str, int]

    # How many *units* have each code, by keyword, variable and month.
    answers: pl.DataFrame

    @property
    def keywords(self) -> list[str]:
        """The keywords that are asked of; "" alone if the codebook asks of none."""
        return sorted(self.answers["keyword"].unique())

    @property
    def months(self) -> list[str]:
        """The months of the texts, after "" for all of them."""
        return sorted({"", *self.answers["month"].drop_nulls()})

    def count(self, keyword: str, variable: Variable, month: str = "") -> CodeCounts:
        """Return the counts of a variable, in a month or in all."""
        is_counted = (pl.col("keyword") == keyword) & (pl.col("variable") == variable.name)
        if month:
            is_counted &= pl.col("month") == month

        counted = self.answers.filter(is_counted)
        categories = pl.col("code").cast(pl.String).str.split(SEPARATOR)
        by_code = counted.select(categories, "units").explode("code").group_by("code").sum()
        return CodeCounts(sum(counted["units"]), Counter(dict(by_code.iter_rows())))


@once
def read_machine_codings(run: RunData) -> list[MachineCoding]:
    """Return what machines say of the run's texts by codebooks of which there is no coded sample.

    Where there is one, its section says how far they agree with people. What the run's selection
    leaves out does not count.
    """
    sampled = set()
    for sample in read_coded_samples(run):
        if sample.models or sample.count_coded(PEOPLE):
            sampled.add(sample.codebook_id)

    codings = []
    for codebook_id, codebook in load_codebooks(run).items():
        if codebook_id not in sampled:
            codings += _count_codes(run, codebook_id, codebook)

    return sorted(codings, key=lambda coding: (coding.codebook.name, coding.coder))


def _count_codes(run: RunData, codebook_id: int, codebook: Codebook) -> list[MachineCoding]:
    codes = load_codes(run, codebook_id).filter(~IS_OF_PEOPLE)
    for job in run.jobs if run.selection else ():
        codes = codes.filter(~pl.col("document").is_in(list(left_out(run, job))))

    codings = []
    for (coder,), given in codes.sort("coder").group_by("coder", maintain_order=True):
        # The first variable is asked of every unit.
        of_all = given.filter(pl.col("variable") == codebook.variables[0].name)
        states = dict(of_all["state"].cast(pl.String).value_counts().sort("state").iter_rows())
        unusable = {state: count for state, count in states.items() if state in UNUSABLE}
        coded = sum(states.values()) - sum(unusable.values())
        answers = given.filter(pl.col("state") == CodeState.CODED).group_by(
            "keyword", "variable", pl.col("month").cast(pl.String).str.zfill(len("YYYY-MM")), "code"
        )
        if states:
            coding = MachineCoding(codebook, f"{coder}", coded, unusable, answers.len("units"))
            codings.append(coding)

    return codings
