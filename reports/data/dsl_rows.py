"""Texts, codes and probabilities as the R package `dsl` reads them.

Design-based supervised learning: N. Egami, M. Hinck, B. Stewart and H. Wei, "Using imperfect
surrogates for downstream inference" (2023). A row is a text: what people say of it (empty where
nobody was asked), what a machine says, the probability with which it was drawn (`sample_prob`), and
what is known of all texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import select

from analysis.codebooks.codebook import YES, Variable, VariableType
from analysis.codebooks.drawing import find_inclusions
from core.errors import NotFound
from models.tables import Document, Origin
from reports.data.coded_samples import NOT_ASKED, CodedSample, read_coded_samples
from reports.data.domains import read_members
from reports.data.queries import fetch_columns, is_among
from reports.data.run_data import RunData
from reports.frames.codes import UNIT, load_codes

# What is known of each text.
_KNOWN = ("document", "period", "keyword", "position", "part", "copies", "outlet", "section")
# The same, with the probability with which it was drawn, as the columns are called here.
_DRAWN = ("identity", *_KNOWN[1:], "inclusion")
# What is read of the document of a text.
_DESCRIBED = {"document": pl.Int64, **dict.fromkeys(("identity", "period"), pl.String)}
_DESCRIBED |= dict.fromkeys(("outlet", "section"), pl.String)

_TEXTS_AT_A_TIME = 20_000


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
    texts = _list_texts(run, sample)
    answers = [
        said for variable in sample.codebook.variables for said in _answer(run, sample, variable)
    ]
    # A variable may be called as a column of what is known.
    columns = [f"{place} said" for place in range(len(answers))]
    for column, said in zip(columns, answers, strict=True):
        named = said.rename({"said": column})
        texts = texts.join(named, on=UNIT, how="left", maintain_order="left")

    origin = (Document.id, Document.identity, Document.period, Origin.outlet, Origin.section)
    documents = select(*origin).join(Origin, Origin.id == Document.origin_id)
    of_batch = documents.where(is_among(run.db, Document.id, "documents"))
    for batch in texts.iter_slices(_TEXTS_AT_A_TIME):
        read = fetch_columns(run.db, of_batch, documents=sorted(batch["document"].unique()))
        described = pl.DataFrame(dict(zip(_DESCRIBED, read, strict=True)), _DESCRIBED)
        rows = batch.join(described, on="document", maintain_order="left")
        rows = rows.with_columns(pl.col("keyword", "outlet", "section").replace("", None))
        yield from rows.select(*_DRAWN, *columns).iter_rows()


def _list_texts(run: RunData, sample: CodedSample) -> pl.DataFrame:
    """Return the texts of the strata of which some were drawn, in the order of drawing.

    The unit that stands for a text is the drawn one, or the first.
    """
    schema = {"stratum": pl.Int64, "keyword": pl.String, "part": pl.String, "drawn": pl.Int64}
    rows = [(row.number, row.keyword, f"{row.part}", row.drawn) for row in sample.strata]
    strata = pl.DataFrame(rows, schema, orient="row").filter(pl.col("drawn") > 0)
    is_drawn = pl.col("document").is_in(sample.units["document"].implode())
    copies = pl.len().over("stratum", "text").cast(pl.Int64)
    units = read_members(run, sample).with_columns(is_drawn=is_drawn, copies=copies)
    units = units.filter(pl.col("is_first") | pl.col("is_drawn"))
    units = units.sort("is_drawn", maintain_order=True)
    texts = units.unique(("stratum", "text"), keep="last")
    order = pl.col("text").cast(pl.Float64) / pl.col("copies")
    texts = texts.join(strata, on="stratum").sort("stratum", order, "text")
    inclusions: list[float] = []
    by_stratum = texts.group_by("stratum", maintain_order=True)
    for copies, drawn_texts in by_stratum.agg("copies", pl.first("drawn")).drop("stratum").rows():
        inclusions += find_inclusions(copies, drawn_texts, sum(copies))

    return texts.with_columns(inclusion=pl.Series(inclusions, dtype=pl.Float64))


def _answer(run: RunData, sample: CodedSample, variable: Variable) -> Iterator[pl.DataFrame]:
    """Yield what the readers say of each drawn unit, then what each machine says of all units."""
    codes = load_codes(run, sample.codebook_id).filter(pl.col("variable") == variable.name)
    yield _join_answers(sample.answers(variable).filter("is_reader"), variable)
    for machine in sample.machines:
        yield _join_answers(codes.filter(pl.col("coder") == machine), variable)


def _join_answers(codes: pl.DataFrame, variable: Variable) -> pl.DataFrame:
    """Return what coders say of a unit: the mean of numbers, or the category that most chose.

    Yes is 1 and no is 0; a category is as it is.
    """
    code = pl.col("code").cast(pl.String).replace(NOT_ASKED, None)
    if variable.type in (VariableType.YES_NO, VariableType.SCALE):
        number = code == YES if variable.type == VariableType.YES_NO else code
        return codes.group_by(UNIT).agg(said=number.cast(pl.Float64).mean())

    # Of categories that as many chose the first of the codebook counts.
    order = {code: place for place, code in enumerate(variable.codes)}
    counts = codes.group_by(*UNIT, said=code).len().drop_nulls("said")
    place = pl.col("said").replace_strict(order, default=0)
    ranked = counts.sort(pl.col("len"), place, "said", descending=[True, False, False])
    return ranked.unique(UNIT, keep="first", maintain_order=True).drop("len")
