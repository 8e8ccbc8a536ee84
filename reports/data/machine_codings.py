"""Codes that machines gave the texts of a run of which nobody has drawn a sample."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import select

from analysis.codebooks.codebook import SEPARATOR, Codebook, Variable
from core.enums import UNUSABLE, CodeState
from models.tables import Code, StoredCodebook
from reports.data.coded_samples import PEOPLE, read_coded_samples
from reports.data.export_schema import pad_period
from reports.data.queries import fetch_all
from reports.data.run_data import RunData
from reports.data.selection import left_out
from reports.frames.codes import IS_OF_PEOPLE, load_codes

# The keyword that a variable is asked of, its name, and the month; "" for what there is none of.
Cell = tuple[str, str, str]


@dataclass
class CodeCounts:
    """How many units have each code."""

    # Of several categories a unit has each.
    units: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, count: int) -> None:
        """Add units with a code, which may be several categories."""
        self.units += count
        for category in code.split(SEPARATOR):
            self.codes[category] += count


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

    # By month; "" stands for all months together.
    counts: Mapping[Cell, CodeCounts]

    @property
    def keywords(self) -> list[str]:
        """The keywords that are asked of; "" alone if the codebook asks of none."""
        return sorted({keyword for keyword, _, _ in self.counts})

    @property
    def months(self) -> list[str]:
        """The months of the texts, after "" for all of them."""
        return sorted({month for _, _, month in self.counts})

    def count(self, keyword: str, variable: Variable, month: str = "") -> CodeCounts:
        """Return the counts of a variable."""
        return self.counts.get((keyword, variable.name, month), CodeCounts())


def read_machine_codings(run: RunData) -> list[MachineCoding]:
    """Return what machines say of the run's texts by codebooks of which there is no coded sample.

    Where there is one, its section says how far they agree with people. What the run's selection
    leaves out does not count.
    """
    return run.once(read_machine_codings, lambda: _read_codings(run))


def _read_codings(run: RunData) -> list[MachineCoding]:
    sampled = set()
    for sample in read_coded_samples(run):
        if sample.models or sample.count_coded(PEOPLE):
            sampled.add(sample.codebook_id)

    coded = select(Code.codebook_id).where(Code.run_id == run.id).distinct()
    stored = select(StoredCodebook.id, StoredCodebook.content)
    codings = []
    for codebook_id, content in fetch_all(run.db, stored.where(StoredCodebook.id.in_(coded))):
        if codebook_id not in sampled:
            codebook = Codebook.model_validate(content)
            codings += _count_codes(run, codebook_id, codebook)

    return sorted(codings, key=lambda coding: (coding.codebook.name, coding.coder))


def _count_codes(run: RunData, codebook_id: int, codebook: Codebook) -> list[MachineCoding]:
    codes = load_codes(run, codebook_id).filter(~IS_OF_PEOPLE)
    for job in run.jobs if run.selection else ():
        codes = codes.filter(~pl.col("document").is_in(list(left_out(run, job))))

    counts: dict[str, dict[Cell, CodeCounts]] = defaultdict(lambda: defaultdict(CodeCounts))
    coded, unusable = Counter[str](), defaultdict[str, Counter[str]](Counter)
    # The first variable is asked of every unit.
    first = codebook.variables[0].name
    answers = codes.group_by("coder", "keyword", "variable", "month", "code", "state").len()
    for coder, keyword, variable, period, code, state, count in answers.iter_rows():
        if state == CodeState.CODED:
            for month in dict.fromkeys(("", pad_period(period) if period else "")):
                counts[coder][keyword, variable, month].add(code or "", count)

        if variable == first and state in UNUSABLE:
            unusable[coder][state] += count
        elif variable == first:
            coded[coder] += count

    return [
        MachineCoding(codebook, coder, coded[coder], +unusable[coder], counts[coder])
        for coder in sorted({*coded, *unusable})
        if coded[coder] or unusable[coder]
    ]
