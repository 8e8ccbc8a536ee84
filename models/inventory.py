"""What the database holds, from the counts of documents and small tables.

No query here reads documents, of which there may be millions; accounts are counted in an index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from models.database import Database
from models.imports import list_imports
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
    undated: int  # those of no month
    months: Mapping[str, int]  # how many are of each month that has one, in order

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
    most: Sequence[StoredName]  # those with the most posts


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the database holds."""

    sources: Sequence[SourceInventory]
    names: Mapping[str, Sequence[StoredName]]  # by field of `ORIGIN_FIELDS`; "" is not known
    handles: HandleInventory
    imports: Sequence[Mapping[str, Any]]  # the newest first

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


def _month_name(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _list_sources(connection: Connection) -> list[SourceInventory]:
    documents = func.sum(DocumentCount.documents)
    counts = select(DocumentCount.source, DocumentCount.period, documents)
    grouped = counts.group_by(DocumentCount.source, DocumentCount.period)
    months_by_source: dict[str, dict[str, int]] = {}
    for source, period, number in connection.execute(grouped):
        months_by_source.setdefault(source, {})[period] = int(number)

    sources = []
    for source, months in sorted(months_by_source.items()):
        total = sum(months.values())
        undated = months.pop("", 0)
        sources.append(SourceInventory(source, total, undated, dict(sorted(months.items()))))
    return sources


def _count_names(connection: Connection) -> dict[str, list[StoredName]]:
    """Return the values of each field that documents have, most documents first."""
    documents = func.sum(DocumentCount.documents).label("documents")
    by_origin = select(DocumentCount.origin_id, documents).group_by(DocumentCount.origin_id)
    counted = by_origin.subquery()
    fields = [getattr(Origin, field) for field in ORIGIN_FIELDS]
    origins = select(counted.c.documents, *fields).join(Origin, Origin.id == counted.c.origin_id)

    counts: dict[str, Counter[str]] = {field: Counter() for field in ORIGIN_FIELDS}
    for number, *values in connection.execute(origins):
        for field, value in zip(ORIGIN_FIELDS, values, strict=True):
            counts[field][value] += int(number)

    names = {}
    for field, counter in counts.items():
        stored = [StoredName(*item) for item in counter.items()]
        names[field] = sorted(stored, key=lambda each: (-each.documents, each.name))
    return names


def _count_handles(connection: Connection) -> HandleInventory:
    # ">" and not "is not null": SQLite then passes over the documents without a handle too
    posts = select(Document.handle, func.count().label("documents")).where(Document.handle > "")
    accounts = posts.group_by(Document.handle).subquery()
    of_all = (
        func.count().over().label("handles"),
        func.sum(accounts.c.documents).over().label("posts"),
    )
    columns = (accounts.c.handle, accounts.c.documents, *of_all)
    ordered = select(*columns).order_by(accounts.c.documents.desc(), accounts.c.handle)

    rows = connection.execute(ordered.limit(HANDLES_SHOWN)).all()
    if not rows:
        return HandleInventory(0, 0, ())
    most = [StoredName(row.handle, row.documents) for row in rows]
    return HandleInventory(rows[0].handles, int(rows[0].posts), most)
