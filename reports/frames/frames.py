"""Frames: the documents of a job and their mentions as columns, in memory and as bytes.

Polarities are whole numbers, in trillionths: their sums are exact in any order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO

import polars as pl

from analysis.text.forms import MonthForms
from analysis.text.person_names import NameEvidence
from models.frames import StoredFrames

# A document, in the order of time, then of identities. Without a time it has no day.
DOCUMENT_SCHEMA = pl.Schema(
    {
        "document": pl.Int64(),
        "day": pl.Date(),
        "outlet": pl.Categorical(),
        "section": pl.Categorical(),
        "kind": pl.Categorical(),
        "desk": pl.Categorical(),
        # The hashes of its form (see `analysis.text.forms`), and of its text without case.
        "form": pl.UInt64(),
        "digest": pl.UInt64(),
        # About how many words its text has: its spaces and one, or a tenth of its letters if that
        # is more, since some scripts have no spaces.
        "words": pl.Int32(),
        # Its part in the hash of all: see `hash_documents`.
        "checksum": pl.Array(pl.UInt64(), 4),
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


@dataclass(frozen=True)
class Frames:
    """The documents and mentions of a job: see `DOCUMENT_SCHEMA` and `MENTION_SCHEMA`.

    Documents that are not chosen tell gaps from zeros. Mentions, forms and names are of chosen
    documents alone.
    """

    documents: pl.DataFrame
    mentions: pl.DataFrame

    # What a search for repeats needs, and what shows persons; as bytes, which few readers unpack.
    packed_forms: bytes = b""
    packed_names: bytes = b""

    @property
    def forms(self) -> MonthForms:
        """The different forms of the texts."""
        return MonthForms.from_bytes(self.packed_forms)

    @property
    def names(self) -> NameEvidence:
        """How words stand in the texts, as far as it shows persons; nothing without names."""
        return NameEvidence.from_bytes(self.packed_names) if self.packed_names else NameEvidence()

    @cached_property
    def chosen(self) -> pl.DataFrame:
        """The documents that the run reads."""
        # Most runs read all of them, which are not copied.
        are_all = self.documents["chosen"].all()
        return self.documents if are_all else self.documents.filter("chosen")

    @property
    def mentioning(self) -> Frames:
        """The frames with the documents alone that have a mention, and no forms or names."""
        documents = self.documents.join(
            self.mentions, on="document", how="semi", maintain_order="left"
        )
        return Frames(documents, self.mentions)

    def sentences(self, keyword: str) -> pl.DataFrame:
        """Return the mentions of a keyword, a sentence with several of its terms once."""
        of_keyword = self.mentions.filter(pl.col("keyword") == keyword)
        return of_keyword.unique(["document", "position"], keep="first", maintain_order=True)

    def leave_out(self, document_ids: Collection[int]) -> Frames:
        """Return the frames without some of the chosen documents and their mentions."""
        if not document_ids:
            return self

        is_left_out = pl.col("document").is_in(list(document_ids))
        documents = self.documents.with_columns(chosen=pl.col("chosen") & ~is_left_out)
        return replace(self, documents=documents, mentions=self.mentions.filter(~is_left_out))

    def to_bytes(self) -> StoredFrames:
        """Return the frames as they are stored: documents and mentions as Arrow tables."""
        tables = _pack(self.documents), _pack(self.mentions)
        return StoredFrames(*tables, self.packed_forms, self.packed_names)

    @classmethod
    def from_bytes(cls, stored: StoredFrames) -> Frames | None:
        """Return the frames that `to_bytes` gave; None if they have not the columns of today."""
        documents, mentions = pl.read_ipc(stored.documents), pl.read_ipc(stored.mentions)
        if (documents.schema, mentions.schema) != (DOCUMENT_SCHEMA, MENTION_SCHEMA):
            return None

        return cls(documents, mentions, stored.forms, stored.names)


def _pack(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def valid_polarity(polarity: float | None) -> float | None:
    """Return *polarity* if it is one, from -1 to 1; None for NaN or a mistake of a service."""
    return polarity + 0.0 if polarity is not None and -1 <= polarity <= 1 else None
