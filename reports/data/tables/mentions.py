"""The table `mentions`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

import polars as pl
from sqlalchemy import bindparam, select

from core.progress import track
from models.documents import quoted_sentence
from models.tables import Document, Mention
from reports.data import export_schema as schema
from reports.data.queries import Statement, fetch_frame, in_batches, is_among
from reports.data.run_data import RunData, RunJob
from reports.data.selection import left_out
from reports.data.source_fields import SourceFields, document_columns
from reports.data.tables.documents import DOCUMENTS_AT_A_TIME
from reports.series.reading import read_groups_of


@dataclass(frozen=True, slots=True)
class MentionRow:
    """One row per sentence of a document that holds a term of a keyword, per keyword and term."""

    run: schema.RunNumber
    period: Annotated[str, "Month, UTC, of `published_at`."]
    handle: schema.AuthorHandle
    document: schema.DocumentIdentity
    published_at: schema.PublishedAt
    address: schema.WebAddress
    keyword: Annotated[str, "Name of the keyword."]
    term: Annotated[str, "The term of the keyword that the sentence holds."]
    position: Annotated[int, "Number of the sentence in its document, from 1."]
    sentence: Annotated[str, "The sentence as its source has it."]
    text: Annotated[str, "The whole document, as its source has it."]
    polarity: Annotated[
        float | None,
        "Polarity of the sentence, from -1 to 1, as the Text API gave it; null where it was not "
        "asked for, has not come yet or lies outside that range.",
        schema.POLARITY,
    ]
    group: Annotated[
        str | None,
        "If documents are grouped (`--by`): the document's group, `not known` where the archive "
        "does not tell; else null.",
    ] = None
    outlet: schema.OutletName = None
    section: schema.SectionName = None
    kind: schema.DocumentKind = None
    desk: schema.DeskName = None
    tags: schema.Tags = None


def read_frames(run: RunData, job_names: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
    """Yield a row per month, document, keyword, term and sentence, a batch of documents a time."""
    statement = _select_mentions(run)
    source_fields = SourceFields(run.db)
    for job in track("reading the mentions", run.jobs_named(job_names)):
        for documents in in_batches(_mentioning_documents(run, job), DOCUMENTS_AT_A_TIME):
            frame = fetch_frame(run.db, statement, job=job.id, documents=documents)
            groups = read_groups_of(run, job, documents)
            group = pl.col("id").replace_strict(groups, default=None, return_dtype=pl.String)
            whole = source_fields.add_to(frame.sort("handle", *MENTIONS.key[2:]))
            of_job = whole.with_columns(group=group, period=pl.lit(job.name), run=run.id)
            yield of_job.select(*MENTIONS.columns)


def _select_mentions(run: RunData) -> Statement:
    """Return the statement that reads the mentions of a *job* in some *documents*."""
    sentence = quoted_sentence(run.text_part).label("sentence")
    columns = (*(Mention.keyword, Mention.term, Mention.position), sentence, Mention.polarity)
    joined = select(*document_columns(run.text_part), *columns).join(
        Document, Document.id == Mention.document_id
    )
    in_documents = is_among(run.db, Mention.document_id, "documents")
    return joined.where(Mention.job_id == bindparam("job"), in_documents)


def _mentioning_documents(run: RunData, job: RunJob) -> list[int]:
    """Return the ids of the selected documents with a mention, by handle and identity."""
    mentioning = select(Mention.document_id).where(Mention.job_id == job.id)
    statement = select(Document.handle, Document.identity, Document.id)
    frame = fetch_frame(run.db, statement.where(Document.id.in_(mentioning)))
    documents: list[int] = frame.sort("handle", "identity")["id"].to_list()
    without = left_out(run, job)
    return [document for document in documents if document not in without]


MENTIONS = schema.Table(
    "mentions",
    MentionRow,
    schema.read_rows(MentionRow, read_frames),
    schema.MENTION_RUNS,
    key=("period", "handle", "document", "keyword", "term", "position"),
    is_selected=True,
    read_frames=read_frames,
)
