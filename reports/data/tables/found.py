"""The table `found`: the documents that searches by codebooks have found."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.wanted import parse_wanted
from models.codes import UnitKey, read_all_peoples_codes
from models.documents import quoted_text
from models.tables import Document, SearchedUnit, StoredCodebook
from reports.data import export_schema as schema
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, keep_rows_of_run
from reports.data.tables.codes import CodebookHash, CodebookName


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One row per search and document that people put into the category that is searched for.

    Of documents with the same words the first is there: people read it for all of them.
    """

    run: schema.RunNumber
    codebook: CodebookName
    hash: CodebookHash
    search: Annotated[str, "What is searched for: a variable and its category, as `about=yes`."]
    keyword: Annotated[
        str | None, "Name of the keyword that was asked of; null if the codebook asks of none."
    ]
    period: Annotated[str | None, "Month of the document, UTC; null where it has no date."]
    document: schema.DocumentIdentity
    published_at: schema.PublishedAt
    address: schema.WebAddress
    text: Annotated[str, "What was read of it."]
    copies: Annotated[int, "How many documents of the run have these words."]
    read_by: Annotated[
        str,
        "How it came to be read: `rank`, `chance`, or `known` if it was coded before the search.",
    ]
    place: Annotated[int, "Its place in the order of reading, from 1."]


@keep_rows_of_run
def read_found(
    run: RunData,
    job_names: Collection[str] | None = None,  # noqa: ARG001 - a search is of no single job
) -> Iterator[FoundRow]:
    """Yield what each search has found, by its codebook."""
    document_columns = (Document.identity, Document.period, Document.published_at, Document.address)
    statement = (
        select(SearchedUnit.__table__, *document_columns, StoredCodebook.content)
        .add_columns(quoted_text(run.text_part))
        .join(Document, Document.id == SearchedUnit.document_id)
        .join(StoredCodebook, StoredCodebook.id == SearchedUnit.codebook_id)
        .where(SearchedUnit.run_id == run.id)
    )
    codebooks: dict[int, Codebook] = {}
    codes_by_unit = {}
    rows = []
    for row in fetch_all(run.db, statement):
        if row.codebook_id not in codebooks:
            codebooks[row.codebook_id] = Codebook.model_validate(row.content)
            with run.db.read() as connection:
                codes_by_unit[row.codebook_id] = read_all_peoples_codes(connection, row.codebook_id)

        codebook = codebooks[row.codebook_id]
        (sought,) = parse_wanted(codebook, [row.sought])
        codes = codes_by_unit[row.codebook_id].get(UnitKey(row.document_id, row.keyword), [])
        if sought.is_found(codebook, codes):
            rows.append(
                FoundRow(
                    run=run.id,
                    codebook=codebook.name,
                    hash=codebook.short_hash,
                    search=row.sought,
                    keyword=row.keyword or None,
                    period=row.period,
                    document=row.identity,
                    published_at=schema.whole_second(row.published_at),
                    address=row.address,
                    text=row.text,
                    copies=row.copies,
                    read_by=row.read_by,
                    place=row.place + 1,
                )
            )

    yield from FOUND.sort(rows)


FOUND = schema.Table(
    "found",
    FoundRow,
    read_found,
    schema.TEXT_RUNS,
    key=("codebook", "hash", "search", "keyword", "period", "document"),
)
