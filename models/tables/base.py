"""What all tables share: their parent, the types of keys, and columns of raw bytes."""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, Dialect, ForeignKey, Integer, LargeBinary, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

# SQLite numbers rows by INTEGER PRIMARY KEY alone.
BIG = BigInteger().with_variant(Integer, "sqlite")


class RawBytes(LargeBinary):
    """A digest or bitmap as raw bytes, which both drivers take and give unchanged.

    `LargeBinary` wraps and copies each value, which was a tenth of a worker's time.
    """

    def bind_processor(self, dialect: Dialect) -> None:
        """Leave parameters unchanged."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Leave results unchanged."""


# Parts of primary keys: rows go when what they belong to goes.
RunKey = Annotated[int, mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)]
JobKey = Annotated[
    int, mapped_column(BIG, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
]
DocumentKey = Annotated[
    int,
    mapped_column(
        BIG, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
]
QuestionKey = Annotated[
    int, mapped_column(ForeignKey("keyword_questions.id", ondelete="CASCADE"), primary_key=True)
]
CodebookKey = Annotated[
    int, mapped_column(ForeignKey("codebooks.id", ondelete="CASCADE"), primary_key=True)
]
TextKey = Annotated[str, mapped_column(primary_key=True)]
NumberKey = Annotated[int, mapped_column(primary_key=True)]
Counter = Annotated[int, mapped_column(default=0)]


class Base(DeclarativeBase):
    """The parent of every table; constraints are named so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text, dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012
