"""What an export table is: its rows, columns and meanings, and the page that lists them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.resources import files
from itertools import starmap
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import polars as pl

from analysis.kinds.kind import Kind
from reports.data.formats import Category, Columns
from reports.data.run_data import Reader, RunData

T = TypeVar("T")

RunNumber = Annotated[int, "Number of the run."]
JOB_NAME = (
    "Natural name of the job: a month `2020-03`, a handle `@nasa`, `search:TERM`, or a training."
)
JobName = Annotated[str, JOB_NAME]
KeywordName = Annotated[str | None, "Name of the keyword; null for handles and searches."]
DocumentIdentity = Annotated[
    str, "Identity of the document: its source and native id, else its source and a hash."
]
AuthorHandle = Annotated[str | None, "Handle of the document's author, without @; null for news."]
PublishedAt = Annotated[
    datetime | None,
    "When it was published, UTC; null where its service cannot have meant the time.",
]
WebAddress = Annotated[str | None, "Web address of the document; null where none is known."]
OutletName = Annotated[
    str | None, "Newspaper or site that published the document; null where it is not known."
]
SectionName = Annotated[str | None, "Section of the outlet; null where it is not known."]
DocumentKind = Annotated[
    str | None, "Kind of document, as `News` or `Op-Ed`; null where it is not known."
]
DeskName = Annotated[
    str | None, "Part of the newsroom that wrote the document; null where it is not known."
]
Tags = Annotated[
    list[str] | None,
    "The source's own subject terms, in its order; an empty list where it gave none to this "
    "document, null where it is not known.",
]

#: A field of a row with this mark is no column of its table.
NO_COLUMN = "no column"


@dataclass(frozen=True)
class Scale:
    """The unit of a column's numbers, a code of UCUM, and the ends between which they lie."""

    unit: str
    minimum: int
    maximum: int | None = None


SECONDS = Scale("s", minimum=0)
FRACTION = Scale("1", minimum=0, maximum=1)
POLARITY = Scale("1", minimum=-1, maximum=1)

#: columns of any table whose values are few
CATEGORIES = frozenset(
    {"period", "handle", "keyword", "term", "job", "source", "type", "step", "state", "service"}
    | {"operation", "split", "other", "group", "outlet", "section", "kind", "desk"}
)
# What a kind of run declares that can have rows in a table.
Declared: TypeAlias = Literal["has_mentions", "has_documents", "has_networks"]
MENTION_RUNS: Declared = "has_mentions"
TEXT_RUNS: Declared = "has_documents"
TRAINING_RUNS: Declared = "has_networks"


@dataclass(frozen=True)
class Table(Generic[T]):
    """An export table.

    The fields of the dataclass *row* are the columns: ``Annotated[type, "what it means"]``, with a
    `Scale` behind the meaning where the numbers have one. A field without a meaning holds a
    dictionary, whose keys become columns. The docstring of *row* describes the table.
    """

    name: str
    row: type[T]
    read: Reader[T]

    # Runs of the kinds that declare it can have rows.
    needs: Declared

    # These columns tell rows apart; rows are sorted by them.
    key: tuple[str, ...]

    # It counts only the documents that `--distinct` and `--without` leave.
    is_selected: bool = False

    # Yields batches of rows, with the columns as the fields stand, where rows may be a million.
    read_frames: Reader[pl.DataFrame] | None = None

    def is_of(self, kind: Kind[Any]) -> bool:
        """Return whether runs of *kind* can have rows."""
        return bool(getattr(kind, self.needs))

    @property
    def has_documents(self) -> bool:
        """Whether rows are of documents with texts, and so have a column for each search."""
        return "tags" in self.columns

    @property
    def description(self) -> str:
        """What one row of the table is, in a sentence or two."""
        return " ".join((self.row.__doc__ or "").split())

    @cached_property
    def columns(self) -> Columns:
        """The type of each column, without None."""
        columns: Columns = {}
        hints = get_type_hints(self.row, include_extras=True)
        for column, hint in get_type_hints(self.row).items():
            if NO_COLUMN not in get_args(hints[column]):
                columns[column] = Category if column in CATEGORIES else _plain_type(hint)

        return columns

    @cached_property
    def meanings(self) -> dict[str, str]:
        """What each column means."""
        meanings: dict[str, str] = {}
        for column, hint in get_type_hints(self.row, include_extras=True).items():
            if get_origin(hint) is Annotated and column in self.columns:
                meanings[column] = get_args(hint)[1]

        return meanings

    @cached_property
    def scales(self) -> dict[str, Scale]:
        """The scale of each column that has one."""
        scales: dict[str, Scale] = {}
        for column, hint in get_type_hints(self.row, include_extras=True).items():
            for mark in get_args(hint):
                if isinstance(mark, Scale):
                    scales[column] = mark

        return scales

    @cached_property
    def nullable_columns(self) -> frozenset[str]:
        """The columns that may be null."""
        hints = get_type_hints(self.row)
        return frozenset(column for column in self.columns if NoneType in get_args(hints[column]))

    def sort(self, rows: Iterable[T]) -> list[T]:
        """Sort *rows* by the key columns: text by code points, null first."""
        return sorted(rows, key=self._sort_key)

    def _sort_key(self, row: T) -> list[Any]:
        sort_key = []
        for column in self.key:
            cell = getattr(row, column)
            sort_key.append("" if cell is None else cell)

        return sort_key


def _plain_type(hint: Any) -> type:
    """Return ``str`` for ``str | None``, ``list`` for ``list[str]``."""
    kind = get_args(hint)[0] if isinstance(hint, UnionType) else hint
    plain: type = get_origin(kind) or kind
    return plain


def read_rows(row: type[T], read_frames: Reader[pl.DataFrame]) -> Reader[T]:
    """Return a reader of the rows that are in frames."""

    def read(run: RunData, job_names: Collection[str] | None = None) -> Iterator[T]:
        for frame in read_frames(run, job_names):
            yield from starmap(row, frame.iter_rows())

    return read


def finite(figure: float | None) -> float | None:
    """Return *figure* as every format can hold it: no infinity, no NaN, no minus zero."""
    return figure + 0.0 if figure is not None and math.isfinite(figure) else None


def describe_tables(tables: Iterable[Table[Any]]) -> str:
    """Return the data dictionary: one page of Markdown about *tables* and the formats."""
    introduction = files("reports.data").joinpath("dictionary.md")
    parts = [introduction.read_text(encoding="utf-8")]
    for table in tables:
        lines = [
            f"## {table.name}",
            "",
            table.description,
            "",
            "| column | meaning |",
            "| --- | --- |",
        ]
        for column, meaning in table.meanings.items():
            lines.append(f"| `{column}` | {meaning} |")

        parts.append("\n".join([*lines, ""]))

    return "\n".join(parts)
