"""What is stored of the months of archives, and how far their services were read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from models.crawls import COMPLETE, Crawled, read_crawl
from models.documents import DocumentScope, days_of_month, has_documents
from models.tables import Document
from sources.source import Archive, Source


@dataclass(frozen=True)
class StoredMonth:
    """What is stored of a month of an archive, and how far its service was read for it."""

    period: str
    has_documents: bool
    crawl: Crawled | None

    @property
    def is_complete(self) -> bool:
        """Whether all that the service had was read."""
        return self.crawl is not None and self.crawl.state == COMPLETE

    def is_to_be_fetched(self, archive: Archive, now: float) -> bool:
        """Return whether the service is asked at *now*, in Unix seconds."""
        return archive.is_to_be_fetched(
            self.period,
            stored=int(self.has_documents),
            complete=self.is_complete,
            fetched_at=self.crawl.at if self.crawl else None,
            now=now,
        )


def read_stored_month(connection: Connection, source: Source, period: str) -> StoredMonth:
    """Return what is stored of a month of an archive."""
    scope = DocumentScope(days=days_of_month(period), sources=(source.name,))
    crawl = read_crawl(connection, source.name, period)
    return StoredMonth(period, has_documents(connection, scope), crawl)


def newest_by_day(connection: Connection, sources: Collection[str], seen: int) -> dict[date, int]:
    """Return the newest document of each day that has documents with an id above *seen*."""
    day = func.date(Document.published_at)
    later = (Document.source.in_(sources), Document.period.is_not(None), Document.id > seen)
    newest = connection.execute(select(day, func.max(Document.id)).where(*later).group_by(day))
    return {date.fromisoformat(str(on_day)): document for on_day, document in newest}
