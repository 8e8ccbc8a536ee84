"""Where documents stand in their archives, and how many of each are stored, month by month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Insert, Select, delete, func, or_, select, tuple_

from models.bulk import insert_of_many, many, select_in
from models.database import VALUES_PER_STATEMENT, Database
from models.tables import Document, DocumentCount, Origin

ORIGIN_FIELDS = ("outlet", "section", "desk", "material", "language")

# The values of `ORIGIN_FIELDS`; "" stands for an unknown one.
OriginKey = tuple[str, ...]
# The source, the period ("" without a time) and the id of the origin.
CountKey = tuple[str, str, int]

_KEYS_PER_STATEMENT = VALUES_PER_STATEMENT // len(ORIGIN_FIELDS)
_COUNT_KEY = ("source", "period", "origin_id")
_COUNT_COLUMNS = (*_COUNT_KEY, "documents")
_COLUMNS = tuple(getattr(Origin, field) for field in ORIGIN_FIELDS)
_ORIGINS = select(Origin.id, *_COLUMNS)


class StoredName(NamedTuple):
    """A value that documents have in one of `ORIGIN_FIELDS`, and how many have it."""

    name: str
    documents: int


def origin_key(row: Mapping[str, Any]) -> OriginKey:
    """Return where the document *row* stands; what the row does not have is not known."""
    return tuple(row.get(field) or "" for field in ORIGIN_FIELDS)


def find_or_add_origins(
    connection: Connection, db: Database, keys: Iterable[OriginKey]
) -> dict[OriginKey, int]:
    """Return the ids of these origins; what is not there yet is added."""
    # All processes add origins in the same order, so that they cannot deadlock.
    missing = sorted(set(keys))
    ids = _origin_ids(connection, missing)
    new = [dict(zip(ORIGIN_FIELDS, key, strict=True)) for key in missing if key not in ids]
    if new:
        connection.execute(db.upsert(Origin).on_conflict_do_nothing(), new)
        ids = _origin_ids(connection, missing)

    return ids


def _origin_ids(connection: Connection, keys: Sequence[OriginKey]) -> dict[OriginKey, int]:
    ids: dict[OriginKey, int] = {}
    for start in range(0, len(keys), _KEYS_PER_STATEMENT):
        batch = keys[start : start + _KEYS_PER_STATEMENT]
        is_of_batch = tuple_(*_COLUMNS).in_(batch)
        for origin_id, *key in connection.execute(_ORIGINS.where(is_of_batch)):
            ids[tuple(key)] = origin_id

    return ids


def read_origins(connection: Connection, ids: Iterable[int]) -> dict[int, OriginKey]:
    """Return the origins with these ids."""
    origins = select_in(connection, _ORIGINS, Origin.id, ids)
    return {origin_id: tuple(key) for origin_id, *key in origins}


def is_of_origin(**chosen: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition on `Document` for an origin that `select_origins` selects."""
    return Document.origin_id.in_(select_origins(**chosen))


def select_origins(**chosen: Sequence[str]) -> Select[int]:
    """Select the ids of origins with one of the *chosen* names of each field; case ignored.

    A field without a name chooses all.
    """
    conditions: list[ColumnElement[bool]] = []
    for field, names in chosen.items():
        column = func.lower(getattr(Origin, field))
        if names:
            conditions.append(or_(*(column == func.lower(chosen_name) for chosen_name in names)))

    return select(Origin.id).where(*conditions)


def stored_names(
    connection: Connection, field: str, *, sources: Sequence[str] = (), with_unknown: bool = False
) -> list[StoredName]:
    """Return the names of a field of `ORIGIN_FIELDS` that documents have, most documents first.

    Documents without a name are counted under "" if *with_unknown*.
    """
    column = getattr(Origin, field)
    documents = func.sum(DocumentCount.documents)
    names = select(column, documents).join(Origin, Origin.id == DocumentCount.origin_id)
    if sources:
        names = names.where(DocumentCount.source.in_(sources))
    if not with_unknown:
        names = names.where(column != "")

    counted = connection.execute(names.group_by(column))
    stored = [StoredName(name, int(count)) for name, count in counted]
    return sorted(stored, key=lambda entry: (-entry.documents, entry.name))


def stored_sources(connection: Connection) -> set[str]:
    """Return the sources that have stored documents."""
    return set(connection.scalars(select(DocumentCount.source).distinct()))


def sources_with_outlets(connection: Connection, outlets: Sequence[str]) -> set[str]:
    """Return the sources that have a document of one of *outlets*; case ignored."""
    has_outlet = DocumentCount.origin_id.in_(select_origins(outlet=outlets))
    return set(connection.scalars(select(DocumentCount.source).where(has_outlet).distinct()))


def stored_languages(connection: Connection, source: str, outlets: Sequence[str] = ()) -> set[str]:
    """Return the languages of the stored documents of *source*, "" if one has none.

    *outlets* are those that count, by default all; case ignored.
    """
    languages = select(Origin.language).join(DocumentCount, Origin.id == DocumentCount.origin_id)
    languages = languages.where(
        DocumentCount.source == source,
        DocumentCount.documents > 0,
        Origin.id.in_(select_origins(outlet=outlets)),
    )
    return set(connection.scalars(languages.distinct()))


def list_months_of(connection: Connection, sources: Sequence[str]) -> list[tuple[str, str]]:
    """Return each source of *sources* with its months that have documents, "" for no month."""
    columns = (DocumentCount.source, DocumentCount.period)
    months = select(*columns).where(DocumentCount.source.in_(sources)).distinct()
    return [(source, period) for source, period in connection.execute(months.order_by(*columns))]


# --- counts ---


def count_key(row: Mapping[Any, Any]) -> CountKey:
    """Return under what the document *row*, with its ``origin_id``, is counted."""
    return row["source"], row["period"] or "", row["origin_id"]


def add_to_counts(connection: Connection, db: Database, changes: Mapping[CountKey, int]) -> None:
    """Add what was stored (or, below zero, removed) to the counts of documents."""
    count_rows = []
    for (source, period, origin_id), change in sorted(changes.items()):
        if change:
            key = {"source": source, "period": period, "origin_id": origin_id}
            count_rows.append({**key, "documents": change})

    if not count_rows:
        return

    parameters = many(count_rows, _COUNT_COLUMNS, is_sqlite=db.is_sqlite)
    connection.execute(_adding_to_counts(db.is_sqlite), parameters)
    if min(changes.values()) < 0:
        connection.execute(delete(DocumentCount).where(DocumentCount.documents == 0))


@lru_cache(maxsize=2)
def _adding_to_counts(is_sqlite: bool) -> Insert:
    insert = insert_of_many(DocumentCount, _COUNT_COLUMNS, is_sqlite=is_sqlite)
    total = DocumentCount.documents + insert.excluded.documents
    return insert.on_conflict_do_update(index_elements=_COUNT_KEY, set_={"documents": total})


def count_by_key(connection: Connection, ids: Sequence[int]) -> Counter[CountKey]:
    """Return how many of the documents *ids* are counted under each key."""
    columns = select(Document.source, Document.period, Document.origin_id)
    documents = select_in(connection, columns, Document.id, ids)
    return Counter(count_key(document._asdict()) for document in documents)
