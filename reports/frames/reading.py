"""The frames of a job, from the database or made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b, sha256

import numpy as np
import polars as pl
from sqlalchemy import String, and_, cast, select

from analysis.text.forms import MonthForms
from analysis.text.person_names import NameEvidence
from core.enums import ENDED
from core.progress import tell
from models.database import Database
from models.documents import DocumentScope, documents_of, quoted_text, text_column
from models.frames import hash_origins_of_frames, read_frames, write_frames
from models.origins import ORIGIN_FIELDS, read_origins, select_origins
from models.tables import Document, Entity, Mention, PostPolarity
from reports.data.queries import (
    fetch_column_pages,
    fetch_columns,
    fetch_scalars,
    is_among,
)
from reports.data.run_data import RunData, RunJob, document_scope, once_of_run
from reports.frames.frames import DOCUMENT_SCHEMA, MENTION_SCHEMA, Frames, valid_polarity
from reports.stats.intervals import TRILLIONTHS

# Frames of together so many documents are kept in memory, in some 20 MB.
_KEPT_DOCUMENTS = 250_000

# This many letters count as a word, since some scripts have no spaces.
_LETTERS_OF_WORD = 10

# What is read of documents, and of those that the run chooses.
_PLACED_SCHEMA = {
    "document": pl.Int64(),
    "time": pl.String(),
    "identity": pl.String(),
    "origin": pl.Int64(),
}
_TEXT_SCHEMA = {
    "document": pl.Int64(),
    "quoted": pl.String(),
    "digest": pl.UInt64(),
    "words": pl.Int32(),
    "checksum": DOCUMENT_SCHEMA["checksum"],
}

# So many texts are read at once.
_TEXTS_AT_ONCE = 2_000


def load_frames(run: RunData, job: RunJob) -> Frames:
    """Return the frames of a job, whatever the run's selection leaves out.

    They are read where they are stored, else made, and stored if the job has ended.
    """
    kept = _keep_whole(run)
    if job.id not in kept:
        kept.add(job.id, _load(run, job))

    return kept[job.id]


def load_mentioning(run: RunData, job: RunJob) -> Frames:
    """Return the frames of a job with the documents alone that have a mention.

    They are few, so that those of many more jobs stay in memory than of `load_frames`.
    """
    kept = _keep_mentioning(run)
    if job.id not in kept:
        kept.add(job.id, load_frames(run, job).mentioning)

    return kept[job.id]


class _KeptFrames(dict[int, Frames]):
    """The frames that stay in memory, by their jobs' ids: of together `_KEPT_DOCUMENTS`."""

    def __init__(self) -> None:
        super().__init__()
        self._documents = 0

    def add(self, job_id: int, frames: Frames) -> None:
        """Keep the frames of a further job, for which others may have to go."""
        while self and self._documents + len(frames.documents) > _KEPT_DOCUMENTS:
            # All jobs are read in their order, and then again: the last ones are needed last.
            _, last = self.popitem()
            self._documents -= len(last.documents)

        self[job_id] = frames
        self._documents += len(frames.documents)


@once_of_run
def _keep_whole(run: RunData) -> _KeptFrames:  # noqa: ARG001 - it is kept with the run
    return _KeptFrames()


@once_of_run
def _keep_mentioning(run: RunData) -> _KeptFrames:  # noqa: ARG001 - it is kept with the run
    return _KeptFrames()


def gather(
    run: RunData,
    jobs: Iterable[RunJob],
    select: Callable[[RunJob, Frames], Sequence[pl.LazyFrame]],
    load: Callable[[RunData, RunJob], Frames] = load_frames,
) -> list[pl.DataFrame]:
    """Return each of the rows that *select* takes from the frames of a job, with its ``job``.

    *load* reads the frames: see `load_mentioning`, too. The rows of many jobs are computed at once,
    as many as may be kept in memory. Without a job there are none.
    """
    gathered: list[list[pl.DataFrame]] = []
    selected: list[list[pl.LazyFrame]] = []
    n_documents = 0
    for job in jobs:
        frames = load(run, job)
        if selected and n_documents + len(frames.documents) > _KEPT_DOCUMENTS:
            gathered.append(_collect(selected))
            selected, n_documents = [], 0

        name = pl.lit(job.name).alias("job")
        selected.append([rows.with_columns(name) for rows in select(job, frames)])
        n_documents += len(frames.documents)

    gathered.append(_collect(selected))
    return [pl.concat(parts) for parts in zip(*gathered, strict=True)]


def _collect(selected: Sequence[Sequence[pl.LazyFrame]]) -> list[pl.DataFrame]:
    return pl.collect_all([pl.concat(parts) for parts in zip(*selected, strict=True)])


def _load(run: RunData, job: RunJob) -> Frames:
    tell("reading what was counted", 1 + run.jobs.index(job), len(run.jobs))
    made_of = hash_origins(run)[job.id]
    stored = run.db.fetch(read_frames, job.id, made_of)

    frames = Frames.from_bytes(stored) if stored else None
    if frames is not None:
        return frames

    # Later documents are none of a job that has frozen its own.
    is_settled = job.state in ENDED and job.newest_document is not None
    make = keep_frames if is_settled else make_frames
    return make(run.db, job.id, document_scope(run, job), has_mentions=run.kind.has_mentions)


@once_of_run
def hash_origins(run: RunData) -> dict[int, str]:
    """Return for each job a hash of what its frames are made of."""
    return run.db.fetch(hash_origins_of_frames, [job.id for job in run.jobs])


def keep_frames(db: Database, job_id: int, scope: DocumentScope, *, has_mentions: bool) -> Frames:
    """Make and store the frames of a job whose steps are through."""
    made_of = db.fetch(hash_origins_of_frames, [job_id])[job_id]

    frames = make_frames(db, job_id, scope, has_mentions=has_mentions)
    write_frames(db, job_id, made_of, frames.to_bytes())
    return frames


def make_frames(db: Database, job_id: int, scope: DocumentScope, *, has_mentions: bool) -> Frames:
    """Read the documents and the mentions of a job; without mentions, its posts."""
    placed = _read_documents(db, scope)
    chosen = placed.filter("chosen").select("document")
    pages = [_read_texts(db, scope, page) for page in chosen.iter_slices(_TEXTS_AT_ONCE)]
    texts = pl.concat([pl.DataFrame(schema=_TEXT_SCHEMA), *pages])
    forms, hashes = MonthForms.read(texts["document"].to_numpy(), texts["quoted"])
    read = texts.with_columns(form=pl.Series(hashes, dtype=pl.UInt64))
    documents = placed.join(read, on="document", how="left", maintain_order="left")
    mentions = _read_mentions(db, job_id) if has_mentions else _read_posts(db, job_id, scope)
    return Frames(
        documents.select(DOCUMENT_SCHEMA.names()).cast(DOCUMENT_SCHEMA),
        mentions.join(chosen, on="document", how="semi"),
        forms.to_bytes(),
        _read_names(db, job_id, scope),
    )


def _read_texts(db: Database, scope: DocumentScope, documents: pl.DataFrame) -> pl.DataFrame:
    """Return the texts of documents as their source has them, and what is counted of each."""
    part = scope.text_part
    statement = select(Document.id, Document.identity, text_column(part), quoted_text(part))
    is_asked = is_among(db, Document.id, "documents")
    ids = documents["document"].to_list()
    columns = fetch_columns(db, statement.where(is_asked), documents=ids)
    numbers, identities, texts, quoted = columns
    read = pl.DataFrame(
        {
            "document": numbers,
            "quoted": quoted,
            "digest": map(_digest, quoted),
            "words": map(_count_words, texts),
            "checksum": _hash_texts(identities, texts),
        },
        _TEXT_SCHEMA,
    )
    return documents.join(read, on="document", maintain_order="left")


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
    time = cast(Document.published_at, String)
    columns = (Document.id, time, Document.identity, Document.origin_id)
    statement = select(*columns).where(documents_of(scope.of_all_kinds))
    pages = [pl.DataFrame(schema=_PLACED_SCHEMA)]
    for page in fetch_column_pages(db, statement, Document.id):
        pages.append(pl.DataFrame(page, _PLACED_SCHEMA))

    frame = pl.concat(pages)
    places = _read_places(db, scope, frame["origin"].unique().to_list())
    placed = frame.join(places, on="origin", how="left")
    # Neither database rounds a time that it gives as text.
    day = pl.col("time").str.head(len("YYYY-MM-DD")).str.to_date("%Y-%m-%d")
    return placed.with_columns(day=day).sort("time", "identity")


def _read_places(db: Database, scope: DocumentScope, origins: Sequence[int]) -> pl.DataFrame:
    """Return what is known of each origin, and whether the scope chooses its documents."""
    materials = [] if scope.material is None else [scope.material]
    chosen = set(fetch_scalars(db, select_origins(section=scope.sections, material=materials)))
    keys = db.fetch(read_origins, origins)

    rows = [(origin_id, origin_id in chosen, *key) for origin_id, key in keys.items()]
    schema = {"origin": pl.Int64, "chosen": pl.Boolean, **dict.fromkeys(ORIGIN_FIELDS, pl.String)}
    return pl.DataFrame(rows, schema, orient="row").rename({"material": "kind"})


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
