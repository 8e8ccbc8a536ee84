"""The documents of a pack: read where a run is packed, loaded where a pack is restored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.enums import TextPart
from core.errors import BadInput
from core.progress import track
from models.documents import tags_column, text_column, text_part_of
from models.origins import (
    ORIGIN_FIELDS,
    CountKey,
    OriginKey,
    add_to_counts,
    count_key,
    find_or_add_origins,
    origin_key,
    read_origins,
)
from models.tables import Document, DocumentDetails, JobDocument
from packs import contents, rows
from packs.contents import PackedDocument, PackedRun, hash_text, write_lines
from packs.row_source import RowSource
from packs.rows import find_id, insert_rows
from reports.data.queries import fetch_all, fetch_pages, in_batches, sort_by_identity
from reports.data.run_data import RunData, document_scope, documents_condition


def write_documents(documents: Iterable[PackedDocument], folder: Path) -> None:
    """Write the list of documents."""
    with (folder / contents.DOCUMENTS).open("wb") as file:
        write_lines(file, documents)


def read_documents(
    run_data: RunData, *, texts: bool, hashes: Mapping[str, str] | None = None
) -> Iterator[PackedDocument]:
    """Yield the documents of all jobs by identity, each once.

    *hashes* are those of texts that are not stored, by identity.
    """
    # Only documents of searches are listed here; the others follow from their own fields.
    jobs_by_document: dict[int, list[str]] = {}

    def read_identities() -> Iterator[Any]:
        for job in track("listing the documents", run_data.jobs):
            documents = select(Document.id, Document.identity)
            job_documents = documents.where(documents_condition(run_data, job))
            for document in fetch_pages(run_data.db, job_documents, Document.id):
                if document_scope(run_data, job).is_linked:
                    jobs_by_document.setdefault(document.id, []).append(job.name)

                yield document

    for batch in in_batches(sort_by_identity(read_identities())):
        stored_documents = fetch_all(
            run_data.db,
            select(
                *(column for column in Document.__table__.columns if column.name != "text"),
                text_column(run_data.text_part).label("text"),
                tags_column(),
            ).where(Document.id.in_(batch)),
        )
        origins = run_data.db.fetch(read_origins, [row.origin_id for row in stored_documents])
        for document in sorted(stored_documents, key=lambda document: str(document.identity)):
            yield PackedDocument(
                identity=document.identity,
                source=document.source,
                handle=document.handle,
                published_at=document.published_at,
                address=document.address,
                **_named_origin(origins[document.origin_id]),
                language_code=document.language_code,
                repost=document.repost,
                sha256=hashes[document.identity] if hashes else hash_text(document.text),
                jobs=tuple(jobs_by_document.get(document.id, ())),
                text=document.text if texts else None,
                full_stop_added=document.full_stop_added,
                tags=document.tags,
            )


def _named_origin(origin: OriginKey) -> dict[str, str | None]:
    origin_fields = zip(ORIGIN_FIELDS, origin, strict=True)
    return {field: origin_name or None for field, origin_name in origin_fields}


def load_documents(
    run: PackedRun, source: RowSource, run_data: RunData, hashes: dict[str, str]
) -> dict[str, int]:
    """Write the documents, their counts, and which searches found them; return their ids.

    Their hashes are added to *hashes*.

    The texts of a run that read abstracts are abstracts; a pack has no headlines then.
    """
    db = run_data.db
    reads_abstracts = text_part_of(run.parameters) == TextPart.ABSTRACT
    job_ids = {job.name: job.id for job in run_data.jobs}
    ids: dict[str, int] = {}
    counts: Counter[CountKey] = Counter()
    last_identity = ""

    for batch in in_batches(source.documents()):
        document_rows, details, links = [], [], []
        keys = [origin_key(document.model_dump()) for _, document in batch]
        with db.write() as connection:
            origins = find_or_add_origins(connection, db, keys)

        for (location, document), key in zip(batch, keys, strict=True):
            if document.identity <= last_identity:
                raise BadInput(f"{location}: it is not in the order of identities")

            last_identity = document.identity
            hashes[last_identity] = document.sha256
            document_id = ids[last_identity] = len(ids) + 1
            row = _document_row(document, location, texts=run.texts)
            document_rows.append({"id": document_id, "origin_id": origins[key], **row})
            counts[count_key(document_rows[-1])] += 1
            for job_name in document.jobs:
                job_id = find_id(job_ids, job_name, location)
                links.append({"job_id": job_id, "document_id": document_id})

            if reads_abstracts or document.tags is not None:
                abstract = row["text"] if reads_abstracts else None
                tags = None if document.tags is None else list(document.tags)
                details.append({"document_id": document_id, "abstract": abstract, "tags": tags})

        for table, table_rows in (
            (Document, document_rows),
            (DocumentDetails, details),
            (JobDocument, links),
        ):
            insert_rows(db, table, table_rows, contents.DOCUMENTS)

    with db.write() as connection:
        add_to_counts(connection, db, counts)

    return ids


def _document_row(document: PackedDocument, location: str, *, texts: bool) -> dict[str, Any]:
    text = document.text or ""
    if texts and hash_text(text) != document.sha256:
        raise BadInput(f"{location}: the text is not the one that was hashed")

    at = document.published_at
    packed_fields = {"identity", "source", "handle", "published_at", "address", "full_stop_added"}
    row = document.model_dump(include=packed_fields | {"repost", "language_code"})
    return row | {"period": None if at is None else f"{at:%Y-%m}", "text": text}


def load_stand_ins(run_data: RunData, jobs: list[Any], *, first_id: int) -> None:
    """Write a document without a text for each day on which an outlet had documents.

    The documents have no section or material, so that a run that chose some reads none of them.
    They tell days without a document of its choice from days without any document.
    """
    if not run_data.kind.has_mentions:
        return

    source = run_data.month_parameters.sources[0]
    document_rows: list[dict[str, Any]] = []
    with run_data.db.write() as connection:
        for job in jobs:
            keys = [origin_key({"outlet": outlet}) for outlet in job.stored_days]
            origins = find_or_add_origins(connection, run_data.db, keys)
            (month,) = run_data.kind.scope(job.name, run_data.parameters).months
            for key, days in zip(keys, job.stored_days.values(), strict=True):
                for day in days:
                    document_id = first_id + len(document_rows)
                    document_row = {
                        "id": document_id,
                        "identity": f"stand-in:{document_id}",
                        "source": source,
                        "handle": None,
                        "published_at": datetime.fromisoformat(f"{month}-{day:02}"),
                        "period": month,
                        "text": "",
                        "origin_id": origins[key],
                    }
                    document_rows.append(document_row)

    insert_rows(run_data.db, Document, document_rows, rows.JOBS.file_name)
