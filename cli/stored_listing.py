"""What ``tidings stored`` lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from models.database import Database
from models.imports import ImportListing
from models.inventory import SourceInventory, take_inventory
from models.origins import StoredName
from reports.data.stored_days import judge_stored_days


@dataclass(frozen=True)
class BulkDayListing:
    """A day with more than three times the documents of a full day."""

    day: Annotated[str, "`YYYY-MM-DD`."]
    documents: Annotated[int, "Its documents."]
    full_day: Annotated[int, "Documents of a full day of that weekday."]


@dataclass(frozen=True)
class SourceListing:
    """What is stored of a source."""

    source: Annotated[str, "Name of the source."]
    documents: Annotated[int, "Its documents."]
    undated: Annotated[int, "Documents that belong to no month."]
    first: Annotated[str | None, "First month with a document."]
    last: Annotated[str | None, "Last month with a document."]
    months: Annotated[dict[str, int], "Documents by month."]
    gaps: Annotated[list[list[str]], "First and last month of each stretch without documents."]
    bulk_days: list[BulkDayListing]
    missing_days: Annotated[list[list[str]], "First and last day of each stretch of missing days."]


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


def list_stored(db: Database) -> StoredListing:
    """List what the database holds."""
    inventory = take_inventory(db)
    handles = inventory.handles
    return StoredListing(
        documents=inventory.documents,
        sources=[_list_source(db, source) for source in inventory.sources],
        names={field: _list_names(entries) for field, entries in inventory.names.items()},
        handles=HandleListing(handles.handles, handles.documents, _list_names(handles.most)),
        imports=list(inventory.imports),
    )


def _list_source(db: Database, source: SourceInventory) -> SourceListing:
    first_month, last_month = source.range or (None, None)
    days = judge_stored_days(db, source.source)
    bulk_days = [
        BulkDayListing(str(bulk_day.date), bulk_day.documents, bulk_day.full_day)
        for bulk_day in days.bulk_days
    ]
    return SourceListing(
        source=source.source,
        documents=source.documents,
        undated=source.undated,
        first=first_month,
        last=last_month,
        months=dict(source.months),
        gaps=[list(gap) for gap in source.gaps],
        bulk_days=bulk_days,
        missing_days=[[str(day) for day in stretch] for stretch in days.missing_days],
    )


def _list_names(entries: Sequence[StoredName]) -> list[NameListing]:
    return [NameListing(entry.name or None, entry.documents) for entry in entries]
