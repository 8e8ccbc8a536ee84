"""The inventory of the database, from the counts of documents and small tables.

No query here reads documents, since there may be millions; accounts are counted in an index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from models.database import Database
from models.imports import ImportListing, list_imports
from models.origins import ORIGIN_FIELDS, StoredName
from models.tables import Document, DocumentCount, Origin

HANDLES_SHOWN = 20


class MonthRange(NamedTuple):
    """Months from *first* to *last*, both included."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class SourceInventory:
    """The documents of a source."""

    source: str
    documents: int

    # The number of documents that belong to no month.
    undated: int

    # The number of documents of each month that has one, in the order of the months.
    months: Mapping[str, int]

    @property
    def range(self) -> MonthRange | None:
        """The first and the last month with a document."""
        months = list(self.months)
        return MonthRange(months[0], months[-1]) if months else None

    @property
    def gaps(self) -> list[MonthRange]:
        """The months between the first and the last that have no document."""
        return find_gaps(list(self.months))


@dataclass(frozen=True, slots=True)
class HandleInventory:
    """The accounts that posts are of."""

    handles: int
    documents: int

    # The handles with the most posts.
    most: Sequence[StoredName]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the database holds."""

    sources: Sequence[SourceInventory]

    # The stored names by field of `ORIGIN_FIELDS`; "" stands for documents without one.
    names: Mapping[str, Sequence[StoredName]]
    handles: HandleInventory

    # The newest import comes first.
    imports: Sequence[ImportListing]

    @property
    def documents(self) -> int:
        """How many documents are stored."""
        return sum(source.documents for source in self.sources)


def take_inventory(db: Database) -> Inventory:
    """Return what the database holds."""
    with db.read() as connection:
        return Inventory(
            sources=_list_sources(connection),
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


def _list_sources(connection: Connection) -> list[SourceInventory]:
    documents = func.sum(DocumentCount.documents)
    counts = select(DocumentCount.source, DocumentCount.period, documents)
    grouped = counts.group_by(DocumentCount.source, DocumentCount.period)
    months_by_source: dict[str, dict[str, int]] = {}
    for source, period, count in connection.execute(grouped):
        months_by_source.setdefault(source, {})[period] = int(count)

    sources = []
    for source, months in sorted(months_by_source.items()):
        total = sum(months.values())
        undated = months.pop("", 0)
        sources.append(SourceInventory(source, total, undated, dict(sorted(months.items()))))

    return sources


def _count_names(connection: Connection) -> dict[str, list[StoredName]]:
    """Return the values of each field that documents have, most documents first."""
    documents = func.sum(DocumentCount.documents).label("documents")
    origin_counts = select(DocumentCount.origin_id, documents).group_by(DocumentCount.origin_id)
    counted = origin_counts.subquery()
    fields = [getattr(Origin, field) for field in ORIGIN_FIELDS]
    origins = select(counted.c.documents, *fields).join(Origin, Origin.id == counted.c.origin_id)

    counts: dict[str, Counter[str]] = {field: Counter() for field in ORIGIN_FIELDS}
    for count, *origin_values in connection.execute(origins):
        for field, origin_value in zip(ORIGIN_FIELDS, origin_values, strict=True):
            counts[field][origin_value] += int(count)

    stored_names = {}
    for field, counter in counts.items():
        stored = [StoredName(*value_and_count) for value_and_count in counter.items()]
        stored_names[field] = sorted(
            stored, key=lambda stored_name: (-stored_name.documents, stored_name.name)
        )

    return stored_names


def _count_handles(connection: Connection) -> HandleInventory:
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
        return HandleInventory(0, 0, ())

    most = [StoredName(account.handle, account.documents) for account in account_rows]
    return HandleInventory(account_rows[0].handles, int(account_rows[0].posts), most)
