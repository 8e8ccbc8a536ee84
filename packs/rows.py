"""The rows of a run as a pack holds them: a file of JSON lines for each table of the database.

The columns are those of `models.tables`. A column that refers to another table has the natural key
of the row there: the name of a job, the identity of a document, the hash of a codebook. So equal
runs have equal rows in every database. The lines are sorted by their primary keys.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, create_model
from sqlalchemy import ColumnElement, Select, insert, select, union
from sqlalchemy.exc import IntegrityError

from analysis.codebooks.codebook import Codebook
from analysis.frozen_model import FrozenModel
from core.enums import CodeState, ReadBy, SamplePart, SampleRule, StepState
from core.errors import BadInput
from models import tables
from models.database import Database
from models.tables import (
    Base,
    Code,
    Document,
    Job,
    JobStep,
    Mention,
    PostPolarity,
    SampledUnit,
    SampleLook,
    SampleStratum,
    SearchedUnit,
)
from packs.contents import Number
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData
from reports.series.reading import list_stored_days
from reports.stats.looks import LEVELS

ROWS = "rows"

_Share = Annotated[float, Field(ge=0, le=1)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]
# What a column holds if nothing else is said of it, by the type of its column.
_KINDS: Mapping[type, Any] = {
    str: str,
    int: Number,
    float: _Finite,
    bool: bool,
    object: dict[str, Any],
}
_NATURAL_KEYS: Mapping[str, Any] = {
    "jobs": Job.name,
    "documents": Document.identity,
    "codebooks": tables.StoredCodebook.hash,
}

# A row as it is written, by its fields.
PackedRow = dict[str, Any]


def _check_codebook(content: dict[str, Any]) -> dict[str, Any]:
    Codebook.model_validate(content)
    return content


@dataclass(frozen=True)
class PackedTable:
    """A table whose rows a pack holds: its columns but *left_out*, with *added* fields."""

    table: type[Base]
    left_out: frozenset[str] = frozenset()
    kinds: Mapping[str, Any] = field(default_factory=dict)
    added: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the table."""
        return str(self.table.__tablename__)

    @property
    def file_name(self) -> str:
        """The name of the file in a pack."""
        return f"{ROWS}/{self.name}.jsonl"

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The packed columns, by their fields."""
        columns = {}
        for column in self.table.__table__.columns:
            if column.name not in self.left_out and column.name != "run_id":
                field_name = column.name.removesuffix("_id") if column.foreign_keys else column.name
                columns[field_name] = column

        return columns

    @cached_property
    def line(self) -> type[FrozenModel]:
        """The model of a line."""
        fields: dict[str, Any] = {}
        for name, column in self.columns.items():
            kind = str if column.foreign_keys else _KINDS[column.type.python_type]
            kind = self.kinds.get(name, kind)
            kind = kind | None if column.nullable else kind
            fields[name] = (kind, self.defaults.get(name, ...))

        fields |= {name: (kind, ...) for name, kind in self.added.items()}
        return create_model(self.name, __base__=FrozenModel, **fields)

    def key(self, row: PackedRow) -> str:
        """Return by what a row is sorted: rows without a key stay in their order."""
        keys = [name for name, column in self.columns.items() if column.primary_key]
        return json.dumps([row[name] for name in keys])

    def select(self) -> Select[Any]:
        """Select the columns as a pack holds them."""
        selected, parents = [], []
        for name, column in self.columns.items():
            if column.foreign_keys:
                parent = next(iter(column.foreign_keys)).column
                parents.append((parent.table, parent == column))
                column = _NATURAL_KEYS[parent.table.name]  # noqa: PLW2901 - its key

            selected.append(column.label(name))

        statement = select(*selected).select_from(self.table)
        for parent_table, is_parent in parents:
            statement = statement.join(parent_table, is_parent)

        return statement


JOBS = PackedTable(
    Job,
    frozenset(Job.__table__.columns.keys())
    - {"kind", "name", "options", "state", "result", "reason"},
    {"name": Annotated[str, Field(min_length=1, max_length=1000)]},
    {"frozen": bool, "stored_days": dict[str, tuple[Number, ...]]},
)
STEPS = PackedTable(
    JobStep,
    frozenset({"fetch_remark", "refused"}),
    {"state": StepState},
    {"engine": str | None},
    # Packs of before have none.
    {"dictionary_share": None},
)
CODEBOOKS = PackedTable(
    tables.StoredCodebook,
    frozenset({"id", "name", "hash"}),
    {"content": Annotated[dict[str, Any], AfterValidator(_check_codebook)]},
)
STRATA = PackedTable(
    SampleStratum,
    kinds={
        "part": SamplePart,
        "seed": Annotated[str, Field(pattern="^[0-9]+$")],
        # Packs of earlier versions have no rule.
        "rule": SampleRule,
    },
    defaults={"rule": SampleRule.TEXT},
)
UNITS = PackedTable(SampledUnit, kinds={"inclusion": _Share})
LOOKS = PackedTable(
    SampleLook,
    kinds={
        "coder": Annotated[str, Field(pattern="^(people$|model:)", max_length=300)],
        "number": Annotated[int, Field(ge=1, le=len(LEVELS))],
        "within": _Share,
        "half_width": _Share,
    },
)
SEARCHED = PackedTable(SearchedUnit, kinds={"read_by": ReadBy}, defaults={"weight": None})
CODES = PackedTable(
    Code,
    frozenset({"at"}),
    {
        "coder": Annotated[str, Field(pattern="^(person|network|model):", max_length=300)],
        "probability": _Share,
        "state": CodeState,
    },
)
# Polarities of mentions are computed from answers.
MENTIONS = PackedTable(Mention, frozenset({"polarity"}))
POLARITIES = PackedTable(PostPolarity, kinds={"polarity": Annotated[float, Field(ge=-1, le=1)]})
# The tables of which a pack has files of rows.
PACKED_TABLES = (JOBS, STEPS, CODEBOOKS, STRATA, UNITS, LOOKS, SEARCHED)


def read_rows(run_data: RunData, packed: PackedTable) -> Iterator[PackedRow]:
    """Yield the rows that a run has in a table, as they are packed."""
    is_of_job = (Job.run_id == run_data.id, ~tables.IS_REPORT)
    run_id = packed.table.__table__.columns.get("run_id")
    statement = packed.select().where(*(is_of_job if run_id is None else [run_id == run_data.id]))
    for row in fetch_all(run_data.db, statement):
        yield {
            name: cell.hex() if isinstance(cell, bytes) else cell
            for name, cell in row._mapping.items()  # noqa: SLF001 - its public name
        }


def write_rows(folder: Path, packed: PackedTable, rows: Iterable[PackedRow]) -> None:
    """Write the rows of a table, sorted by their keys; no file if there is none.

    SQLite sorts them in a temporary file of its own.
    """
    with closing(sqlite3.connect("")) as disk:
        disk.execute("CREATE TABLE lines (key TEXT, line TEXT)")
        lines = ((packed.key(row), json.dumps(row, ensure_ascii=False)) for row in rows)
        disk.executemany("INSERT INTO lines VALUES (?, ?)", lines)
        path = folder / packed.file_name
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for (line,) in disk.execute("SELECT line FROM lines ORDER BY key, rowid"):
                file.write(f"{line}\n")

    if not path.stat().st_size:
        path.unlink()


def load_rows(
    db: Database,
    packed: PackedTable,
    lines: Iterable[tuple[str, Any]],
    ids: Mapping[str, Mapping[str, int]],
    **given: Any,
) -> None:
    """Insert the *lines* of a table; *ids* are those of rows that they refer to, by field and key.

    *given* are columns that are the same in each row. Raises `BadInput`, which names the line.
    """

    def make_rows() -> Iterator[dict[str, Any]]:
        for location, line in lines:
            row = {**line.model_dump(exclude=set(packed.added)), **given}
            for name, column in packed.columns.items():
                if column.foreign_keys:
                    row[column.name] = find_id(ids[name], row.pop(name), location)

            yield row

    insert_rows(db, packed.table, make_rows(), packed.file_name)


def insert_rows(
    db: Database, table: type[Base], rows: Iterable[Mapping[str, Any]], file_name: str
) -> None:
    """Insert rows in short transactions. Raises `BadInput` where one is there twice."""
    for batch in in_batches(rows):
        try:
            with db.write() as connection:
                connection.execute(insert(table), batch)
        except IntegrityError as error:
            raise BadInput(f"{file_name}: a row is there twice ({error.orig})") from None


def find_id(ids: Mapping[str, int], key: str, location: str) -> int:
    """Return the id of the row with the natural *key*. Raises `BadInput` if there is none."""
    if key not in ids:
        raise BadInput(f"{location}: {key[:100]!r} is not in the pack")
    return ids[key]


def list_codebooks(run: RunData) -> list[tuple[int, Codebook]]:
    """Return the codebooks of a run that was coded or drawn from, with their ids, by hash."""
    used = [
        select(packed.columns["codebook"]).where(packed.table.__table__.c.run_id == run.id)
        for packed in (CODES, STRATA, SEARCHED)
    ]
    is_used: ColumnElement[bool] = tables.StoredCodebook.id.in_(union(*used))
    if getattr(run.parameters, "has_model_coder", False):
        # A model's answers are read by it, also where none of them gives a code.
        is_used |= tables.StoredCodebook.hash == bytes.fromhex(run.parameters.codebook)

    rows = fetch_all(run.db, select(tables.StoredCodebook.__table__).where(is_used))
    return [
        (row.id, Codebook.model_validate(row.content))
        for row in sorted(rows, key=lambda row: bytes(row.hash))
    ]


def write_run_rows(
    run_data: RunData,
    folder: Path,
    engines: Mapping[tuple[str, str], str | None],
    *,
    without_seed: Collection[int] = (),
) -> None:
    """Write the rows of a run that no step makes again from what is in its pack.

    *engines* answered the steps, by job and step. The seed of the samples of some codebooks does
    not draw them again.
    """
    write_rows(folder, JOBS, _read_jobs(run_data))
    write_rows(
        folder,
        STEPS,
        (
            row | {"engine": engines.get((row["job"], row["step"]))}
            for row in read_rows(run_data, STEPS)
        ),
    )
    if not run_data.kind.has_documents:
        return

    codebooks = list_codebooks(run_data)
    contents_of_codebooks = (
        {"content": codebook.model_dump(mode="json", by_alias=True)} for _, codebook in codebooks
    )
    write_rows(folder, CODEBOOKS, contents_of_codebooks)
    seedless = {codebook.hash.hex() for key, codebook in codebooks if key in without_seed}
    strata = (
        row | ({"seed": None} if row["codebook"] in seedless else {})
        for row in read_rows(run_data, STRATA)
    )
    write_rows(folder, STRATA, strata)
    for packed in (UNITS, LOOKS, SEARCHED):
        write_rows(folder, packed, read_rows(run_data, packed))


def _read_jobs(run_data: RunData) -> Iterator[PackedRow]:
    """Yield the jobs in the order of their submission."""
    results: dict[int, str | None] = dict(
        fetch_all(run_data.db, select(Job.id, Job.result).where(Job.run_id == run_data.id))
    )
    for job in sorted(run_data.jobs, key=attrgetter("id")):
        yield {
            "kind": job.kind,
            "name": job.name,
            "options": job.options,
            "state": job.state,
            "result": results[job.id],
            "reason": job.reason,
            "frozen": job.newest_document is not None,
            "stored_days": list_stored_days(run_data, job),
        }
