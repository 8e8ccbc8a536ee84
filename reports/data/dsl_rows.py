"""Texts, codes and probabilities as the R package `dsl` reads them.

Design-based supervised learning: N. Egami, M. Hinck, B. Stewart and H. Wei, "Using imperfect
surrogates for downstream inference" (2023). A row is a text: what people say of it (empty where
nobody was asked), what a machine says, the probability with which it was drawn (`sample_prob`), and
what is known of all texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import select

from analysis.codebooks.cells import make_cells
from analysis.codebooks.codebook import YES, Variable, VariableType
from analysis.codebooks.drawing import Frame, find_inclusions
from analysis.codebooks.units import CodableUnits
from core.enums import SamplePeriod
from core.errors import NotFound
from models.codes import UnitKey
from models.runs import get_run
from models.tables import Document, Origin
from reports.data.coded_samples import NOT_ASKED, CodedSample, read_coded_samples
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData
from reports.frames.codes import UNIT, load_codes

# The codes of units by coders who count alike.
Said = Mapping[UnitKey, Sequence[str | None]]

# What is known of each text.
_KNOWN = ("document", "period", "keyword", "position", "part", "copies", "outlet", "section")


@dataclass(frozen=True)
class DslTable:
    """Columns, and the rows of all texts of parts from which some were drawn."""

    columns: Sequence[str]
    rows: Iterator[tuple[object, ...]]


def read_dsl_table(run: RunData, codebook_name: str | None) -> DslTable:
    """Return the table of a codebook, by its name, or of the only one of the run.

    Raises `NotFound` if nobody coded a sample by it, or if there are several to choose from.
    """
    sample = _choose_sample(run, codebook_name)
    codebook = sample.codebook
    columns = [*_KNOWN, "sample_prob"]
    for variable in codebook.variables:
        columns.append(variable.name)
        columns += [_name_prediction(variable, machine) for machine in sample.machines]

    return DslTable(columns, _list_rows(run, sample))


def _choose_sample(run: RunData, codebook_name: str | None) -> CodedSample:
    samples = read_coded_samples(run)
    names = sorted({sample.codebook.name for sample in samples})
    chosen = [sample for sample in samples if codebook_name in (None, sample.codebook.name)]
    if not chosen:
        known = f": it was coded by {', '.join(names)}" if names else ""
        raise NotFound(f"nobody has coded a sample of run {run.id} by that codebook{known}")

    if len(chosen) > 1:
        raise NotFound(
            f"run {run.id} was coded by several codebooks: give one of {', '.join(names)} with "
            "--codebook"
        )

    return chosen[0]


def _name_prediction(variable: Variable, machine: str) -> str:
    return f"{variable.name}_{machine.replace(':', '_')}"


def _list_rows(run: RunData, sample: CodedSample) -> Iterator[tuple[object, ...]]:
    with run.db.read() as connection:
        run_row = get_run(connection, run.id)

    said = {
        variable.name: list(_read_answers(run, sample, variable))
        for variable in sample.codebook.variables
    }
    drawn_documents = sample.units["document"].to_numpy()
    drawn_counts = {
        (stratum.period, stratum.keyword, stratum.part): stratum.drawn for stratum in sample.strata
    }
    per = SamplePeriod.that_has(sample.strata[0].period)
    units, cells = make_cells(run.db, run_row, sample.codebook, per, b"", rule=sample.rule)
    for cell in cells:
        for part, frame in cell.frames.items():
            drawn = drawn_counts.get((cell.period, cell.keyword, part), 0)
            if drawn:
                keys = _choose_keys(units, frame, cell.keyword, drawn_documents)
                inclusions = find_inclusions(frame.copies.tolist(), drawn)
                known = zip(keys, frame.copies.tolist(), inclusions, strict=True)
                for batch in in_batches(known):
                    yield from _make_rows(run, sample, part, batch, said)


def _choose_keys(
    units: CodableUnits, frame: Frame, keyword: str, drawn_documents: Any
) -> list[UnitKey]:
    """Return the unit that stands for each text: the drawn one, or the first."""
    keys = [units.key(place, keyword) for place in frame.places.tolist()]
    place_of_text = {number: place for place, number in enumerate(frame.random_numbers.tolist())}
    is_drawn = np.isin(units.documents[frame.members], drawn_documents)
    for place, number in zip(frame.members[is_drawn], frame.member_numbers[is_drawn], strict=True):
        keys[place_of_text[int(number)]] = units.key(int(place), keyword)

    return keys


def _make_rows(
    run: RunData,
    sample: CodedSample,
    part: str,
    texts: Sequence[tuple[UnitKey, int, float]],
    said: Mapping[str, Sequence[Said]],
) -> Iterator[tuple[object, ...]]:
    columns = (Document.id, Document.identity, Document.period, Origin.outlet, Origin.section)
    documents = select(*columns).join(Origin, Origin.id == Document.origin_id)
    ids = [key.document_id for key, _, _ in texts]
    described = {
        document.id: document
        for document in fetch_all(run.db, documents.where(Document.id.in_(ids)))
    }

    for key, copies, inclusion in texts:
        document = described.get(key.document_id)
        if document is None:
            continue

        row: list[object] = [document.identity, document.period, key.keyword or None, key.position]
        row += [part, copies, document.outlet or None, document.section or None, inclusion]

        for variable in sample.codebook.variables:
            for codes in said[variable.name]:
                answers = [_as_number(variable, code) for code in codes.get(key, ())]
                row.append(_join_answers(variable, answers))

        yield tuple(row)


def _read_answers(run: RunData, sample: CodedSample, variable: Variable) -> Iterator[Said]:
    """Yield what the readers say of each drawn unit, then what each machine says of all units."""
    codes = load_codes(run, sample.codebook_id).filter(pl.col("variable") == variable.name)
    readers = sample.answers(variable).filter("is_reader")
    for given in (readers, *(codes.filter(coder=machine) for machine in sample.machines)):
        units = given.group_by(UNIT).agg("code")
        yield {UnitKey(*unit): said for *unit, said in units.iter_rows()}


def _join_answers(variable: Variable, answers: Sequence[object]) -> object:
    """Return what coders say of a unit: the mean of numbers, or the category that most chose."""
    numbers = [answer for answer in answers if isinstance(answer, float)]
    if numbers:
        return math.fsum(numbers) / len(numbers)

    # Of categories that as many chose the first of the codebook counts.
    order = {code: place for place, code in enumerate(variable.codes)}
    chosen = sorted(code for code in answers if isinstance(code, str))
    chosen.sort(key=lambda code: order.get(code, 0))
    return max(chosen, key=chosen.count, default=None)


def _as_number(variable: Variable, code: str | None) -> object:
    """Return 1 and 0 for yes and no, a number for a step; a category as it is."""
    if code is None or code == NOT_ASKED:
        return None
    if variable.type == VariableType.YES_NO:
        return float(code == YES)

    return float(code) if variable.type == VariableType.SCALE else code
