"""The frames of a job, from the database or made anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import blake2b, sha256
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import String, and_, cast, func, select

from analysis.text.forms import MonthForms
from analysis.text.person_names import NameEvidence
from core.enums import ENDED
from core.progress import tell
from models.database import Database
from models.documents import DocumentScope, documents_of, quoted_text, text_column
from models.frames import hash_origins_of_frames, read_frames, write_frames
from models.origins import ORIGIN_FIELDS, read_origins, select_origins
from models.tables import Document, Entity, Mention, PostPolarity
from reports.data.queries import fetch_columns, fetch_scalars
from reports.data.run_data import RunData, RunJob, document_scope, once_of_run
from reports.frames.frames import DOCUMENT_SCHEMA, MENTION_SCHEMA, Frames, valid_polarity
from reports.stats.intervals import TRILLIONTHS

# Frames of together so many documents are kept in memory, and those of 25 jobs at least: of the
# months of centuries most have hardly a document.
_KEPT_DOCUMENTS, _KEPT_JOBS = 150_000, 25

# This many letters count as a word, since some scripts have no spaces.
_LETTERS_OF_WORD = 10

# The date of a document. `extract` would not do: SQLite rounds the last moment of a day up.
DAY = func.substr(cast(Document.published_at, String), 1, len("YYYY-MM-DD"))

# The columns of documents, and what they are called in `Origin`.
_PLACES = {"outlet": "outlet", "section": "section", "kind": "material", "desk": "desk"}


def load_frames(run: RunData, job: RunJob) -> Frames:
    """Return the frames of a job, whatever the run's selection leaves out.

    They are read where they are stored, else made, and stored if the job has ended.
    """
    kept = _kept_frames(run)
    if job.id not in kept:
        while len(kept) >= _KEPT_JOBS and _count_documents(kept.values()) >= _KEPT_DOCUMENTS:
            del kept[next(iter(kept))]

        kept[job.id] = _load(run, job)

    return kept[job.id]


@once_of_run
def _kept_frames(run: RunData) -> dict[int, Frames]:  # noqa: ARG001 - it is kept with the run
    """Return the frames that are in memory, by their jobs' ids."""
    return {}


def _count_documents(kept: Iterable[Frames]) -> int:
    return sum(len(frames.documents) for frames in kept)


def count_days(run: RunData, *, stored: bool = False) -> dict[date, int]:
    """Return the documents that the run reads on every day of its months that have any.

    *stored* says to count the documents of every section and material.
    """
    counts: dict[date, int] = {}
    for job in run.jobs:
        frames = load_frames(run, job)
        documents = frames.documents if stored else frames.chosen
        if len(documents):
            counted = dict(documents.group_by("day").len().iter_rows())
            counts.update({day: counted.get(day, 0) for day in job.days})

    return counts


def _load(run: RunData, job: RunJob) -> Frames:
    tell("reading what was counted", 1 + run.jobs.index(job), len(run.jobs))
    made_of = _hash_origins(run)[job.id]
    with run.db.read() as connection:
        stored = read_frames(connection, job.id, made_of)

    if stored is not None:
        return Frames.from_bytes(stored)

    # Later documents are none of a job that has frozen its own.
    is_settled = job.state in ENDED and job.newest_document is not None
    make = keep_frames if is_settled else make_frames
    return make(run.db, job.id, document_scope(run, job), has_mentions=run.kind.has_mentions)


@once_of_run
def _hash_origins(run: RunData) -> dict[int, str]:
    with run.db.read() as connection:
        return hash_origins_of_frames(connection, [job.id for job in run.jobs])


def keep_frames(db: Database, job_id: int, scope: DocumentScope, *, has_mentions: bool) -> Frames:
    """Make and store the frames of a job whose steps are through."""
    with db.read() as connection:
        made_of = hash_origins_of_frames(connection, [job_id])[job_id]

    frames = make_frames(db, job_id, scope, has_mentions=has_mentions)
    write_frames(db, job_id, made_of, frames.to_bytes())
    return frames


def make_frames(db: Database, job_id: int, scope: DocumentScope, *, has_mentions: bool) -> Frames:
    """Read the documents and the mentions of a job; without mentions, its posts."""
    placed = _read_documents(db, scope)
    chosen = placed.filter("chosen").select("document")
    texts = chosen.join(_read_texts(db, scope), on="document", maintain_order="left")
    forms, hashes = MonthForms.read(texts.select("document", "quoted").rows())
    read = texts.select(
        "document",
        form=pl.Series(hashes, dtype=pl.UInt64),
        digest=pl.Series(map(_digest, texts["quoted"]), dtype=pl.UInt64),
        words=pl.Series(map(_count_words, texts["text"]), dtype=pl.Int32),
        checksum=_hash_texts(texts["identity"], texts["text"]),
    )
    documents = placed.join(read, on="document", how="left", maintain_order="left")
    mentions = _read_mentions(db, job_id) if has_mentions else _read_posts(db, job_id, scope)
    return Frames(
        documents.select(DOCUMENT_SCHEMA.names()).cast(DOCUMENT_SCHEMA),
        mentions.join(chosen, on="document", how="semi"),
        forms.to_bytes(),
        _read_names(db, job_id, scope),
    )


def _read_texts(db: Database, scope: DocumentScope) -> pl.DataFrame:
    """Return the texts of documents, as they are read and as their source has them."""
    part = scope.text_part
    statement = select(Document.id, Document.identity, text_column(part), quoted_text(part))
    names = ("document", "identity", "text", "quoted")
    columns = fetch_columns(db, statement.where(documents_of(scope)))
    schema = dict.fromkeys(names, pl.String()) | {"document": pl.Int64()}
    return pl.DataFrame(dict(zip(names, columns, strict=True)), schema)


def _count_words(text: str) -> int:
    """Return the length of a text: a word more than it has spaces, and none of many letters."""
    return max(text.count(" ") + 1, len(text) // _LETTERS_OF_WORD)


def _hash_texts(identities: Iterable[str], texts: Iterable[str]) -> pl.Series:
    """Return the SHA-256 of each document: its identity, a byte of zeros and its text, in UTF-8."""
    documents = zip(identities, texts, strict=True)
    digests = [sha256(f"{identity}\0{text}".encode()).digest() for identity, text in documents]
    words = np.frombuffer(b"".join(digests), ">u8").astype(np.uint64).reshape(-1, 4)
    return pl.Series(words, dtype=DOCUMENT_SCHEMA["checksum"])


def _digest(text: str) -> int:
    """Return a hash that texts share which are equal, case and white space aside.

    So is a full stop at their end, which many archives leave out.
    """
    folded = " ".join(text.casefold().split()).removesuffix(".")
    return int.from_bytes(blake2b(folded.encode(), digest_size=8).digest())


def _read_names(db: Database, job_id: int, scope: DocumentScope) -> bytes:
    """Return what shows persons in the texts of a job that has names of persons; else nothing."""
    if not fetch_scalars(db, select(Entity.rank).where(Entity.job_id == job_id).limit(1)):
        return b""

    texts = fetch_scalars(db, select(Document.text).where(documents_of(scope)))
    return NameEvidence.read(texts).to_bytes()


def _read_documents(db: Database, scope: DocumentScope) -> pl.DataFrame:
    """Return the documents in the order of time, then of identities, with their places."""
    columns = (Document.id, Document.published_at, DAY, Document.identity, Document.origin_id)
    statement = select(*columns).where(documents_of(scope.of_all_kinds))
    ids, times, days, identities, origins = fetch_columns(db, statement)
    moments = [str(at or "") for at in times]
    frame = pl.DataFrame(
        {"document": ids, "time": moments, "day": days, "identity": identities, "origin": origins},
        schema_overrides={"document": pl.Int64, "day": pl.String, "origin": pl.Int64},
    )
    placed = frame.join(_read_places(db, scope, origins), on="origin", how="left")
    return placed.with_columns(pl.col("day").str.to_date("%Y-%m-%d")).sort("time", "identity")


def _read_places(db: Database, scope: DocumentScope, origins: Sequence[int]) -> pl.DataFrame:
    """Return what is known of each origin, and whether the scope chooses its documents."""
    materials = [] if scope.material is None else [scope.material]
    chosen = set(fetch_scalars(db, select_origins(section=scope.sections, material=materials)))
    with db.read() as connection:
        keys = read_origins(connection, origins)

    rows: list[dict[str, Any]] = []
    for origin_id, key in keys.items():
        fields = dict(zip(ORIGIN_FIELDS, key, strict=True))
        places = {column: fields[field] for column, field in _PLACES.items()}
        rows.append({"origin": origin_id, "chosen": origin_id in chosen, **places})

    schema = {"origin": pl.Int64, "chosen": pl.Boolean, **dict.fromkeys(_PLACES, pl.String)}
    return pl.DataFrame(rows, schema)


def _read_mentions(db: Database, job_id: int) -> pl.DataFrame:
    columns = (Mention.document_id, Mention.position, Mention.keyword, Mention.term)
    statement = select(*columns, Mention.polarity).where(Mention.job_id == job_id)
    return _make_mentions(*fetch_columns(db, statement))


def _read_posts(db: Database, job_id: int, scope: DocumentScope) -> pl.DataFrame:
    """Return the posts of a job as mentions of nothing."""
    is_scored = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job_id)
    posts = select(Document.id, PostPolarity.polarity).outerjoin(PostPolarity, is_scored)
    ids, polarities = fetch_columns(db, posts.where(documents_of(scope)))
    nothing = [None] * len(ids)
    return _make_mentions(ids, [1] * len(ids), nothing, nothing, polarities)


def _make_mentions(
    documents: Sequence[int],
    positions: Sequence[int],
    keywords: Sequence[str | None],
    terms: Sequence[str | None],
    polarities: Sequence[float | None],
) -> pl.DataFrame:
    trillionths = []
    for polarity in map(valid_polarity, polarities):
        trillionths.append(None if polarity is None else round(polarity * TRILLIONTHS))

    columns = (documents, positions, keywords, terms, trillionths)
    frame = pl.DataFrame(dict(zip(MENTION_SCHEMA, columns, strict=True)), MENTION_SCHEMA)
    return frame.sort("document", "position", pl.col("keyword", "term").cast(pl.String))
