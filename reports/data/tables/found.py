"""The table `found`: the documents that searches by codebooks have found."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from reports.data import export_schema as schema
from reports.data.coded_samples import PEOPLE
from reports.data.run_data import RunData, keep_rows_of_run
from reports.data.searched_texts import read_searched_texts
from reports.data.tables.codes import CodebookHash, CodebookName


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One row per search and document that is of the category that is searched for.

    Of documents with the same words the first is there: it was read for all of them. `documents`
    and `mentions` of such a run have a column for each search, `found_ports_about_yes` say: true if
    the document was found, false if it was read and is none, null if nobody has read it.
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
    reader: Annotated[str, "Who says that it is found: `people`, or a model as `model:NAME`."]


@keep_rows_of_run
def read_found(
    run: RunData,
    job_names: Collection[str] | None = None,  # noqa: ARG001 - a search is of no single job
) -> Iterator[FoundRow]:
    """Yield what each search has found, by its codebook."""
    rows = [
        FoundRow(
            run=run.id,
            codebook=searched.codebook.name,
            hash=searched.codebook.short_hash,
            search=searched.row.sought,
            keyword=searched.row.keyword or None,
            period=searched.row.period,
            document=searched.row.identity,
            published_at=_whole_second(searched.row.published_at),
            address=searched.row.address,
            text=searched.row.text,
            copies=searched.row.copies,
            read_by=searched.row.read_by,
            place=searched.row.place + 1,
            reader=searched.reader or PEOPLE,
        )
        for searched in read_searched_texts(run)
        if searched.is_found
    ]

    yield from FOUND.sort(rows)


def _whole_second(at: datetime | None) -> datetime | None:
    """Return a UTC time as every format holds it, without parts of a second."""
    return at.replace(microsecond=0) if at is not None else None


FOUND = schema.Table(
    "found",
    FoundRow,
    read_found,
    schema.TEXT_RUNS,
    key=("codebook", "hash", "search", "keyword", "period", "document"),
)
