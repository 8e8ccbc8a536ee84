"""The days of a stored archive, whatever runs read it: bulk days and missing days."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String, cast, func, select

from analysis import grains
from core.enums import Grain
from models.database import Database
from models.inventory import BulkDayListing, SourceListing
from models.tables import Document
from reports.data.bulk_days import judge_days
from reports.data.missing_days import list_missing_days
from reports.data.queries import fetch_all
from sources.registry import archives

_DAY = func.substr(cast(Document.published_at, String), 1, len("YYYY-MM-DD"))


def judge_stored_days(db: Database, listing: SourceListing) -> None:
    """List the bulk days and the missing days of all stored documents of an archive."""
    if listing.source not in {archive.name for archive in archives()}:
        return

    documents_by_day = _read_documents_by_day(db, listing.source)
    bulk_days = judge_days(documents_by_day)
    for bulk_day in bulk_days:
        day = BulkDayListing(str(bulk_day.date), bulk_day.documents, bulk_day.full_day)
        listing.bulk_days.append(day)

    missing_days = list_missing_days(documents_by_day, {bulk_day.date for bulk_day in bulk_days})
    listing.missing_days += [list(map(str, stretch)) for stretch in missing_days]


def _read_documents_by_day(db: Database, source: str) -> dict[date, int]:
    """Return the days of months with documents, from the first document to the last.

    They are counted in the index on source and time, without reading documents.
    """
    statement = select(_DAY, func.count()).where(
        Document.source == source, Document.published_at.is_not(None)
    )
    counts = {
        date.fromisoformat(day): count for day, count in fetch_all(db, statement.group_by(_DAY))
    }
    documents_by_day: dict[date, int] = {}
    for month in dict.fromkeys(grains.period_of(day, Grain.MONTH) for day in sorted(counts)):
        for day in grains.days_of(month):
            if min(counts) <= day <= max(counts):
                documents_by_day[day] = counts.get(day, 0)

    return documents_by_day
