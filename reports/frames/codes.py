"""The codes of a run by a codebook, and the units of its sample, as frames.

Labels are codes of the codebook `POLARITY_CODEBOOK`.
"""

from __future__ import annotations

import polars as pl
from sqlalchemy import and_, func, or_, select

from analysis.codebooks.codebook import Codebook
from models.code_samples import list_strata, list_unit_rows
from models.codes import ADJUDICATED, PERSON
from models.tables import (
    POLARITY_CODEBOOK,
    Code,
    Document,
    SampledUnit,
    SampleStratum,
    StoredCodebook,
)
from reports.data.queries import Statement, fetch_all, fetch_columns
from reports.data.run_data import RunData, once_of_run

# What is coded: a mention, or a whole text at the position 0.
UNIT = ("document", "keyword", "position")

# What a coder answered to a variable of a unit.
CODE_SCHEMA = pl.Schema(
    {
        "document": pl.Int64(),
        "keyword": pl.String(),
        "position": pl.Int32(),
        "variable": pl.Categorical(),
        "coder": pl.Categorical(),
        # Null unless the state is "coded".
        "code": pl.Categorical(),
        "probability": pl.Float64(),
        "state": pl.Categorical(),
        "reason": pl.Categorical(),
        # The run in which it was given.
        "run": pl.Int64(),
        # The document's name and month, which is null where it has no date.
        "identity": pl.Categorical(),
        "month": pl.Categorical(),
    }
)

# A unit of a sample, in the order of coding.
UNIT_SCHEMA = pl.Schema(
    {
        "document": pl.Int64(),
        "keyword": pl.String(),
        "position": pl.Int32(),
        # The number of its stratum, and its place in the order of coding.
        "stratum": pl.Int64(),
        "place": pl.Int64(),
        # How many units of the stratum have this text, and how likely it was drawn.
        "copies": pl.Int64(),
        "inclusion": pl.Float64(),
        # The period and the part of its stratum.
        "sample_period": pl.String(),
        "sample_part": pl.String(),
    }
)

# Whether a code is one that a person gave, or that was decided where people differ.
IS_OF_PEOPLE = pl.col("coder").cast(pl.String).str.starts_with(PERSON)
# Whether it is one that a person gave.
IS_OF_PERSON = IS_OF_PEOPLE & (pl.col("coder") != ADJUDICATED)

_COLUMNS = (
    *(Code.document_id, Code.keyword, Code.position, Code.variable, Code.coder, Code.code),
    *(Code.probability, Code.state, Code.reason, Code.run_id, Document.identity, Document.period),
)

# The codes of documents with ids in a range of this length are read in a transaction.
_DOCUMENTS_AT_A_TIME = 20_000


@once_of_run
def load_codebooks(run: RunData) -> dict[int, Codebook]:
    """Return the codebooks by which the run was coded, or drawn to be coded, by their ids."""
    coded = select(Code.codebook_id).where(Code.run_id == run.id)
    sampled = select(SampleStratum.codebook_id).where(SampleStratum.run_id == run.id)
    is_used = or_(StoredCodebook.id.in_(coded), StoredCodebook.id.in_(sampled))
    stored = select(StoredCodebook.id, StoredCodebook.content).where(is_used)
    rows = fetch_all(run.db, stored.order_by(StoredCodebook.id))
    return {codebook_id: Codebook.model_validate(content) for codebook_id, content in rows}


@once_of_run
def load_codes(run: RunData, codebook_id: int) -> pl.DataFrame:
    """Return the codes that count in a run, read once: see `CODE_SCHEMA`.

    They are those that were given in it, and what people said in other runs of units of its sample,
    unless they said it in this one.
    """
    is_own = (Code.run_id == run.id, Code.codebook_id == codebook_id)
    codes = select(*_COLUMNS).join(Document, Document.id == Code.document_id)
    ends = select(func.min(Code.document_id), func.max(Code.document_id)).where(*is_own)
    (first,), (last,) = fetch_columns(run.db, ends)
    frames = []
    for start in range(first or 0, (last or -1) + 1, _DOCUMENTS_AT_A_TIME):
        is_in_range = Code.document_id.between(start, start + _DOCUMENTS_AT_A_TIME - 1)
        frames.append(_fetch(run, codes.where(*is_own, is_in_range)))

    is_drawn = and_(
        SampledUnit.run_id == run.id,
        SampledUnit.codebook_id == Code.codebook_id,
        SampledUnit.document_id == Code.document_id,
        SampledUnit.keyword == Code.keyword,
        SampledUnit.position == Code.position,
    )
    is_of_people = Code.coder.startswith(PERSON, autoescape=True)
    elsewhere = codes.join(SampledUnit, is_drawn).where(
        Code.run_id != run.id, Code.codebook_id == codebook_id, is_of_people
    )
    frames.append(_fetch(run, elsewhere).sort("run"))
    return pl.concat(frames).unique((*UNIT, "variable", "coder"), keep="first", maintain_order=True)


@once_of_run
def load_labels(run: RunData) -> pl.DataFrame:
    """Return the labels that people gave in a run, as codes: -1, 0, 1, or null if skipped."""
    is_label = IS_OF_PEOPLE & (pl.col("run") == run.id)
    return load_codes(run, POLARITY_CODEBOOK).filter(is_label).sort("identity", *UNIT)


def load_units(run: RunData, codebook_id: int) -> pl.DataFrame:
    """Return the units of the sample that was drawn last of a run: see `UNIT_SCHEMA`."""
    with run.db.read() as connection:
        units = list_unit_rows(connection, run.id, codebook_id)
        strata = list_strata(connection, run.id, codebook_id)

    places = {stratum.number: (stratum.period, stratum.part) for stratum in strata}
    rows = [(*unit, *places[unit.stratum]) for unit in units]
    return pl.DataFrame(rows, UNIT_SCHEMA, orient="row")


def _fetch(run: RunData, statement: Statement) -> pl.DataFrame:
    columns = fetch_columns(run.db, statement)
    return pl.DataFrame(dict(zip(CODE_SCHEMA, columns, strict=True)), CODE_SCHEMA)
