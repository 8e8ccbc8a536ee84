"""What tables of documents tell of each: when, where and by whom it was published, and its text."""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, String, Text, cast, func

from core.enums import TextPart
from models.database import Database
from models.documents import quoted_text, tags_column
from models.origins import ORIGIN_FIELDS, read_origins
from models.tables import Document

_ORIGIN_COLUMNS = {"outlet": "outlet", "section": "section", "material": "kind", "desk": "desk"}
_ORIGINS = pl.Schema({"origin": pl.Int64(), **dict.fromkeys(_ORIGIN_COLUMNS.values(), pl.String())})


def document_columns(part: TextPart) -> list[ColumnElement[Any]]:
    """Return what a statement that reads documents selects for `SourceFields`."""
    whole_second = func.substr(cast(Document.published_at, String), 1, len("YYYY-MM-DD HH:MM:SS"))
    return [
        Document.id.label("id"),
        Document.identity.label("document"),
        Document.handle.label("handle"),
        whole_second.label("published_at"),
        Document.address.label("address"),
        quoted_text(part).label("text"),
        Document.origin_id.label("origin"),
        cast(tags_column(), Text).label("tags"),
    ]


class SourceFields:
    """Makes the columns of documents of what `document_columns` reads; reads each origin once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._origins = pl.DataFrame(schema=_ORIGINS)

    def add_to(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return *frame* with outlet, section, kind and desk, and its times and tags as such.

        A polarity that is none is null: see `valid_polarity`.
        """
        missing = set(frame["origin"].unique()) - set(self._origins["origin"])
        if missing:
            self._origins = pl.concat([self._origins, self._read_origins(missing)])

        placed = frame.join(self._origins, on="origin", how="left", maintain_order="left")
        completed = placed.with_columns(
            pl.col("published_at").str.to_datetime("%Y-%m-%d %H:%M:%S"),
            pl.col("tags").str.json_decode(pl.List(pl.String)),
        )
        if "polarity" not in completed:
            return completed

        # Others are mistakes of a service. A zero has no sign, which adding 0.0 would not change.
        polarity = pl.col("polarity").replace(0.0, 0.0)
        return completed.with_columns(pl.when(polarity.is_between(-1, 1)).then(polarity))

    def _read_origins(self, ids: set[int]) -> pl.DataFrame:
        origins = self._db.fetch(read_origins, ids)

        rows = []
        for origin_id, key in origins.items():
            names = dict(zip(ORIGIN_FIELDS, key, strict=True))
            rows.append((origin_id, *(names[field] or None for field in _ORIGIN_COLUMNS)))

        return pl.DataFrame(rows, _ORIGINS, orient="row")
