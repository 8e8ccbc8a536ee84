"""The inventory of the database, from the counts of documents and small tables.

No query here reads documents, since there may be millions; accounts are counted in an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, NamedTuple

from sqlalchemy import Connection, func, select

from models.database import Database
from models.imports import ImportListing, list_imports
from models.origins import ORIGIN_FIELDS, stored_names
from models.tables import Document, DocumentCount

HANDLES_SHOWN = 20


class MonthRange(NamedTuple):
    """Months from *first* to *last*, both included."""

    first: str
    last: str


@dataclass(frozen=True)
class BulkDayListing:
    """A day with more than three times the documents of a full day."""

    day: Annotated[str, "`YYYY-MM-DD`."]
    documents: Annotated[int, "Its documents."]
    full_day: Annotated[int, "Documents of a full day of that weekday."]


@dataclass
class SourceListing:
    """What is stored of a source."""

    source: Annotated[str, "Name of the source."]
    documents: Annotated[int, "Its documents."]
    undated: Annotated[int, "Documents that belong to no month."]
    first: Annotated[str | None, "First month with a document."]
    last: Annotated[str | None, "Last month with a document."]
    months: Annotated[dict[str, int], "Documents by month."]
    gaps: Annotated[list[list[str]], "First and last month of each stretch without documents."]

    # They are known to who has looked at the days (`reports.data.stored_days`).
    bulk_days: list[BulkDayListing] = field(default_factory=list)
    missing_days: Annotated[
        list[list[str]], "First and last day of each stretch of missing days."
    ] = field(default_factory=list)


@dataclass(frozen=True)
class NameListing:
    """A name with its documents."""

    name: Annotated[str | None, "The name; null for documents without one."]
    documents: Annotated[int, "Its documents."]


@dataclass(frozen=True)
class HandleListing:
    """The accounts that posts are of."""

    handles: Annotated[int, "Number of accounts."]
    documents: Annotated[int, "Their posts."]
    most: list[NameListing]


@dataclass(frozen=True)
class StoredListing:
    """What the database holds."""

    documents: Annotated[int, "All documents."]
    sources: list[SourceListing]
    names: Annotated[
        dict[str, list[NameListing]], "By `outlet`, `section`, `desk`, `material`, `language`."
    ]
    handles: HandleListing
    imports: list[ImportListing]


def take_inventory(db: Database) -> StoredListing:
    """Return what the database holds, without the days of its archives."""
    with db.read() as connection:
        sources = _list_sources(connection)
        return StoredListing(
            documents=sum(source.documents for source in sources),
            sources=sources,
            names=_count_names(connection),
            handles=_count_handles(connection),
            imports=list_imports(connection),
        )


def find_gaps(months: Sequence[str]) -> list[MonthRange]:
    """Return what lies between *months*, which are in order."""
    gaps = []
    for month, following in pairwise(months):
        first, after = _month_number(month) + 1, _month_number(following)
        if first < after:
            gaps.append(MonthRange(_month_name(first), _month_name(after - 1)))

    return gaps


def _month_number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month_name(month_number: int) -> str:
    return f"{month_number // 12:04}-{month_number % 12 + 1:02}"


def _list_sources(connection: Connection) -> list[SourceListing]:
    documents = func.sum(DocumentCount.documents)
    counts = select(DocumentCount.source, DocumentCount.period, documents)
    grouped = counts.group_by(DocumentCount.source, DocumentCount.period)
    months_by_source: dict[str, dict[str, int]] = {}
    for source, period, count in connection.execute(grouped):
        months_by_source.setdefault(source, {})[period] = int(count)

    sources = []
    for source, counts_by_month in sorted(months_by_source.items()):
        total = sum(counts_by_month.values())
        undated = counts_by_month.pop("", 0)
        months = sorted(counts_by_month)
        sources.append(
            SourceListing(
                source=source,
                documents=total,
                undated=undated,
                first=min(months, default=None),
                last=max(months, default=None),
                months={month: counts_by_month[month] for month in months},
                gaps=[list(gap) for gap in find_gaps(months)],
            )
        )

    return sources


def _count_names(connection: Connection) -> dict[str, list[NameListing]]:
    """Return the values of each field that documents have, most documents first."""
    names: dict[str, list[NameListing]] = {}
    for origin_field in ORIGIN_FIELDS:
        stored = stored_names(connection, origin_field, with_unknown=True)
        names[origin_field] = [NameListing(entry.name or None, entry.documents) for entry in stored]

    return names


def _count_handles(connection: Connection) -> HandleListing:
    # ">" and not "is not null": SQLite then passes over the documents without a handle too
    posts = select(Document.handle, func.count().label("documents")).where(Document.handle > "")
    accounts = posts.group_by(Document.handle).subquery()
    totals = (
        func.count().over().label("handles"),
        func.sum(accounts.c.documents).over().label("posts"),
    )
    columns = (accounts.c.handle, accounts.c.documents, *totals)
    ordered = select(*columns).order_by(accounts.c.documents.desc(), accounts.c.handle)

    account_rows = connection.execute(ordered.limit(HANDLES_SHOWN)).all()
    if not account_rows:
        return HandleListing(0, 0, [])

    most = [NameListing(account.handle, account.documents) for account in account_rows]
    return HandleListing(account_rows[0].handles, int(account_rows[0].posts), most)
