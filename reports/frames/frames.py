"""Frames: the documents of a job and their mentions as columns, in memory and as bytes.

Polarities are whole numbers, in trillionths: their sums are exact in any order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from io import BytesIO

import polars as pl

# A document, in the order of time, then of identities. Without a time it has no day.
DOCUMENT_SCHEMA = pl.Schema(
    {
        "document": pl.Int64(),
        "day": pl.Date(),
        "outlet": pl.Categorical(),
        "section": pl.Categorical(),
        "kind": pl.Categorical(),
        "desk": pl.Categorical(),
        # Whether it is of the sections and the material that the run reads.
        "chosen": pl.Boolean(),
    }
)

# A sentence that mentions a term, or a post, whose keyword and term are null.
MENTION_SCHEMA = pl.Schema(
    {
        "document": pl.Int64(),
        "position": pl.Int32(),
        "keyword": pl.Categorical(),
        "term": pl.Categorical(),
        # In trillionths; null where it is not known.
        "polarity": pl.Int64(),
    }
)


@dataclass(frozen=True, slots=True)
class Frames:
    """The documents and mentions of a job: see `DOCUMENT_SCHEMA` and `MENTION_SCHEMA`.

    Documents that are not chosen tell gaps from zeros. Mentions are of chosen documents alone.
    """

    documents: pl.DataFrame
    mentions: pl.DataFrame

    @property
    def chosen(self) -> pl.DataFrame:
        """The documents that the run reads."""
        return self.documents.filter("chosen")

    def sentences(self, keyword: str) -> pl.DataFrame:
        """Return the mentions of a keyword, a sentence with several of its terms once."""
        of_keyword = self.mentions.filter(pl.col("keyword") == keyword)
        return of_keyword.unique(["document", "position"], keep="first", maintain_order=True)

    def leave_out(self, document_ids: Collection[int]) -> Frames:
        """Return the frames without some of the chosen documents and their mentions."""
        if not document_ids:
            return self

        is_left_out = pl.col("document").is_in(pl.Series(list(document_ids), dtype=pl.Int64))
        documents = self.documents.with_columns(chosen=pl.col("chosen") & ~is_left_out)
        return replace(self, documents=documents, mentions=self.mentions.filter(~is_left_out))

    def to_bytes(self) -> tuple[bytes, bytes]:
        """Return the documents and the mentions as compressed Arrow tables."""
        return _pack(self.documents), _pack(self.mentions)

    @classmethod
    def from_bytes(cls, documents: bytes, mentions: bytes) -> Frames:
        """Return the frames that `to_bytes` gave."""
        return cls(pl.read_ipc(documents), pl.read_ipc(mentions))


def _pack(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()
