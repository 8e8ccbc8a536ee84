"""Samples that are coded: which units were drawn from which stratum, and with which probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select

from core.enums import ReadBy, SamplePart, TextPart
from models.codes import PERSON, UnitKey
from models.database import Database
from models.documents import quoted_sentence, quoted_text
from models.tables import (
    Code,
    Document,
    Job,
    Mention,
    Run,
    SampledUnit,
    SampleLook,
    SampleStratum,
    SearchedUnit,
)


def replace_sample(
    connection: Connection,
    run_id: int,
    codebook_id: int,
    strata: Sequence[Mapping[str, Any]],
    units: Sequence[Mapping[str, Any]],
) -> None:
    """Store a sample in the place of the one that the run has for the codebook."""
    whose = {"run_id": run_id, "codebook_id": codebook_id}
    for table, rows in ((SampledUnit, units), (SampleStratum, strata)):
        is_of_sample = (table.run_id == run_id, table.codebook_id == codebook_id)
        connection.execute(delete(table).where(*is_of_sample))
        if rows:
            connection.execute(insert(table), [{**whose, **row} for row in rows])


def list_strata(connection: Connection, run_id: int, codebook_id: int) -> list[Row[Any]]:
    """Return the rows of `SampleStratum` of a sample, by number."""
    strata = select(SampleStratum.__table__).where(
        SampleStratum.run_id == run_id, SampleStratum.codebook_id == codebook_id
    )
    return list(connection.execute(strata.order_by(SampleStratum.number)).all())


def list_unit_rows(connection: Connection, run_id: int, codebook_id: int) -> list[Row[Any]]:
    """Return the rows of `SampledUnit` of a sample in the order of coding.

    Their first columns are those of a `UnitKey`.
    """
    key = (SampledUnit.document_id, SampledUnit.keyword, SampledUnit.position)
    drawn = (SampledUnit.stratum, SampledUnit.place, SampledUnit.copies, SampledUnit.inclusion)
    columns: tuple[Any, ...] = (*key, *drawn)
    units = select(*columns).where(
        SampledUnit.run_id == run_id, SampledUnit.codebook_id == codebook_id
    )
    return list(connection.execute(units.order_by(SampledUnit.place)).all())


def list_sampled_units(
    connection: Connection, run_id: int, codebook_id: int, text_part: TextPart
) -> list[Row[Any]]:
    """Return the units of a sample in the order of coding, each with what a coder reads.

    Beside the columns of `SampledUnit` a row has the document's *identity*, its *month*, its *text*
    and the mention's *sentence*, which is None for a whole text.
    """
    # A sentence with two terms of a keyword is two rows of mentions.
    sentence = (
        select(quoted_sentence(text_part))
        .join(Job, Job.id == Mention.job_id)
        .where(
            Job.run_id == run_id,
            Mention.document_id == SampledUnit.document_id,
            Mention.keyword == SampledUnit.keyword,
            Mention.position == SampledUnit.position,
        )
        .limit(1)
        .scalar_subquery()
    )
    document_columns = (Document.identity, Document.period.label("month"))
    units = (
        select(SampledUnit.__table__, *document_columns)
        .add_columns(quoted_text(text_part), sentence.label("sentence"))
        .join(Document, Document.id == SampledUnit.document_id)
        .where(SampledUnit.run_id == run_id, SampledUnit.codebook_id == codebook_id)
    )
    return list(connection.execute(units.order_by(SampledUnit.place)).all())


def list_coded_keys(
    connection: Connection, run_id: int, codebook_id: int, sampler: str | None = None
) -> set[UnitKey]:
    """Return the units that people coded in a run, whether or not they are in its sample.

    Those that a *sampler* coded, a model that codes the sample alone, are among them.
    """
    is_coded = Code.coder.startswith(PERSON, autoescape=True)
    if sampler is not None:
        is_coded |= Code.coder == sampler

    units = (
        select(Code.document_id, Code.keyword, Code.position)
        .where(Code.run_id == run_id, Code.codebook_id == codebook_id)
        .where(is_coded)
    )
    return {UnitKey(*unit) for unit in connection.execute(units.distinct())}


def count_codes_by_part(
    connection: Connection, run_id: int, codebook_id: int, variable: str, sampler: str | None = None
) -> dict[SamplePart, dict[str, int]]:
    """Return how often each code of a variable was given in each part of a run's sample.

    By people, or by a *sampler* where it is named.
    """
    is_coded = Code.coder.startswith(PERSON, autoescape=True)
    if sampler is not None:
        is_coded = Code.coder == sampler

    counts = (
        select(SampleStratum.part, Code.code, func.count())
        .join(SampledUnit, _is_unit_of(Code, SampledUnit))
        .join(
            SampleStratum,
            and_(
                SampleStratum.run_id == SampledUnit.run_id,
                SampleStratum.codebook_id == SampledUnit.codebook_id,
                SampleStratum.number == SampledUnit.stratum,
            ),
        )
        .where(Code.run_id == run_id, Code.codebook_id == codebook_id, is_coded)
        .where(Code.variable == variable, Code.code.is_not(None))
        .group_by(SampleStratum.part, Code.code)
    )
    codes: dict[SamplePart, dict[str, int]] = {}
    for part, code, n in connection.execute(counts):
        codes.setdefault(SamplePart(part), {})[code or ""] = n

    return codes


def _is_unit_of(code: Any, unit: Any) -> ColumnElement[bool]:
    """Return the condition that a code is of a sampled unit."""
    columns = ("run_id", "codebook_id", "document_id", "keyword", "position")
    return and_(*(getattr(code, column) == getattr(unit, column) for column in columns))


def count_dropped_units(connection: Connection, run_id: int, codebook_id: int) -> int:
    """Return how many units that people coded in a run are not in the sample drawn last.

    What a search had them read is of no sample.
    """
    coded_units = list_coded_keys(connection, run_id, codebook_id)
    coded_units -= list_searched_keys(connection, codebook_id)
    return len(coded_units - list_sampled_keys(connection, run_id, codebook_id))


def list_searched_keys(connection: Connection, codebook_id: int) -> set[UnitKey]:
    """Return the texts that searches by a codebook chose to be read, in any run."""
    units = select(SearchedUnit.document_id, SearchedUnit.keyword).where(
        SearchedUnit.codebook_id == codebook_id, SearchedUnit.read_by != ReadBy.KNOWN
    )
    return {UnitKey(*unit) for unit in connection.execute(units.distinct())}


def list_sampled_keys(connection: Connection, run_id: int, codebook_id: int) -> set[UnitKey]:
    """Return the units of a sample whose documents are stored."""
    units = select(SampledUnit.document_id, SampledUnit.keyword, SampledUnit.position).where(
        SampledUnit.run_id == run_id, SampledUnit.codebook_id == codebook_id
    )
    return {UnitKey(*unit) for unit in connection.execute(units)}


def list_sampled_runs(connection: Connection, codebook_id: int, kinds: Sequence[str]) -> list[int]:
    """Return the runs of *kinds* that have a sample for the codebook, the newest first."""
    sampled = select(SampledUnit.run_id).where(SampledUnit.codebook_id == codebook_id).distinct()
    runs = select(Run.id).where(Run.id.in_(sampled), Run.kind.in_(kinds)).order_by(Run.id.desc())
    return list(connection.scalars(runs))


def list_looks(connection: Connection, run_id: int, codebook_id: int) -> list[Row[Any]]:
    """Return the looks at a sample, those at the codes of each coder in their order."""
    looks = select(SampleLook.__table__).where(
        SampleLook.run_id == run_id, SampleLook.codebook_id == codebook_id
    )
    return list(connection.execute(looks.order_by(SampleLook.coder, SampleLook.number)).all())


def store_look(connection: Connection, db: Database, look: Mapping[str, Any]) -> None:
    """Store a look; of the same number, in the place of what was seen before."""
    key = ("run_id", "codebook_id", "coder", "number")
    changes = {column: seen for column, seen in look.items() if column not in key}
    insert_look = db.upsert(SampleLook).values(**look)
    connection.execute(insert_look.on_conflict_do_update(index_elements=key, set_=changes))
