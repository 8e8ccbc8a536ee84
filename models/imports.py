"""What was read from each file, month and subject, for the methods section of reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict, cast

from sqlalchemy import Connection, Row, insert, select, update

from core.errors import ImportGoesOn, NotFound
from models.database import clock
from models.tables import Import

# So many omissions are kept by name; all are counted.
NAMED = 1000
NAMED_IN_A_REMARK = 3
# A record whose documents were forgotten has this path.
FORGOTTEN = ""
_NOTHING_READ = {"read": 0, "added": 0, "empty": 0, "left_out": 0, "named": [], "place": None}


# Its first key is no name in Python.
ImportListing = TypedDict(
    "ImportListing",
    {
        "import": Annotated[int, "Number of the import."],
        "path": Annotated[str, "File, month or account that was read."],
        "source": Annotated[str, "Sources, separated by commas."],
        "read": Annotated[int, "Documents read."],
        "added": Annotated[int, "Those that were new."],
        "empty": Annotated[int, "Documents without a text."],
        "left_out": Annotated[int, "What could not be read."],
        "at": Annotated[float, "Seconds since 1970, UTC."],
    },
)
ImportListing.__doc__ = "An import; the newest is the first."


def begin_import(connection: Connection, *, path: str, source: str) -> int:
    """Add the record of what is about to be read from *path*; return its number."""
    record = {"path": path, "source": source, "at": clock(), **_NOTHING_READ}
    return connection.execute(insert(Import).values(record).returning(Import.id)).scalar_one()


def continue_import(connection: Connection, *, path: str, source: str) -> int:
    """Return the number of the last record of *path*; begin one where there is none."""
    last_record = _last_import(connection, path, source)
    if last_record is not None:
        return int(last_record.id)

    return begin_import(connection, path=path, source=source)


def count_import(
    connection: Connection,
    import_id: int,
    *,
    read: int,
    added: int,
    empty: int,
    left_out: int,
    named: Sequence[str],
    source: str | None = None,
    place: Mapping[str, Any] | None = None,
) -> None:
    """Add to a record; keep the first omissions with their reasons.

    The counts are of documents that were read, were new, had no text, and could not be read.

    *source* replaces the record's own. *place* follows what is counted and replaces the last place.
    """
    record = select(Import.read, Import.added, Import.empty, Import.left_out, Import.named)
    stored = connection.execute(record.where(Import.id == import_id)).one()
    updated = {
        "read": stored.read + read,
        "added": stored.added + added,
        "empty": stored.empty + empty,
        "left_out": stored.left_out + left_out,
        "named": [*stored.named, *named][:NAMED],
        "place": None if place is None else dict(place),
        "at": clock(),
    }
    if source is not None:
        updated["source"] = source

    connection.execute(update(Import).where(Import.id == import_id).values(updated))


def find_place(connection: Connection, *, path: str, file: str) -> Row[Any] | None:
    """Return ``(id, place)`` of the newest record of *path* that stopped in this *file*."""
    has_place = (Import.path == path, Import.place.is_not(None))
    places = select(Import.id, Import.place).where(*has_place).order_by(Import.id.desc())
    places_in_file = (
        record for record in connection.execute(places) if record.place["file"] == file
    )
    return next(places_in_file, None)


def keeps_place(connection: Connection, import_id: int, place: Mapping[str, Any] | None) -> bool:
    """Return whether a record is at the *place* at which its reader left it, and lock it.

    A record has no place if documents were erased since. Raises `ImportGoesOn` if another process
    has read on.
    """
    record = select(Import.place).where(Import.id == import_id).with_for_update()
    stored = connection.execute(record).scalar_one()
    if stored is not None and stored != place:
        raise ImportGoesOn(
            f"another process reads the file of import {import_id}, and has gone on with it: let "
            "it end, or stop it and import the file again"
        )

    return bool(stored == place)


def drop_places(connection: Connection) -> None:
    """Let files be read from their beginnings again: what stands before a place may come back."""
    has_place = update(Import).where(Import.place.is_not(None))
    connection.execute(has_place.values(place=None))


def restart_import(connection: Connection, *, path: str, source: str) -> None:
    """Set the last record of *path* to nothing before it is read from its beginning again."""
    last_record = _last_import(connection, path, source)
    if last_record is not None:
        record = update(Import).where(Import.id == last_record.id)
        connection.execute(record.values(at=clock(), **_NOTHING_READ))


def list_imports(connection: Connection) -> list[ImportListing]:
    """Return the records without what was left out, the newest first, but those forgotten."""
    counts = (Import.read, Import.added, Import.empty, Import.left_out)
    imports = select(Import.id.label("import"), Import.path, Import.source, *counts, Import.at)
    stored = imports.where(Import.path != FORGOTTEN).order_by(Import.id.desc())
    records = connection.execute(stored).mappings()
    return [cast("ImportListing", dict(record)) for record in records]


def get_import(connection: Connection, import_id: int) -> Row[Any]:
    """Return the record with that number. Raises `NotFound`, also where it was forgotten."""
    record = select(Import.__table__).where(Import.id == import_id, Import.path != FORGOTTEN)
    stored_import = connection.execute(record).one_or_none()
    if stored_import is None:
        raise NotFound(f"there is no import {import_id}: `tidings stored` lists them")

    return stored_import


def shares_documents(connection: Connection, import_id: int) -> bool:
    """Return whether a later import of the same sources had documents that were stored already."""
    sources = set(get_import(connection, import_id).source.split(","))
    had_stored = select(Import.source).where(Import.id > import_id, Import.added < Import.read)
    later = connection.scalars(had_stored.distinct())
    return any(not sources.isdisjoint(source.split(",")) for source in later)


def blank_import(connection: Connection, import_id: int, *, read: int) -> None:
    """Empty a record whose documents are gone; it stays so that no other gets its number.

    *read* is what it had read before. Raises `ImportGoesOn` where it has read more since.
    """
    record = update(Import).where(Import.id == import_id, Import.read == read)
    blank = {"path": FORGOTTEN, "source": "", "at": clock(), **_NOTHING_READ}
    if not connection.execute(record.values(blank)).rowcount:
        raise ImportGoesOn(
            f"import {import_id} has read more documents meanwhile: wait for its end, then forget "
            "it again"
        )


def left_out_remark(connection: Connection, path: str, source: str) -> str | None:
    """Return a remark on the omissions of the last reading of *path*; None if it had none."""
    last_record = _last_import(connection, path, source)
    if last_record is None or not last_record.left_out:
        return None

    omissions = ", ".join(last_record.named[:NAMED_IN_A_REMARK])
    more = ", …" if last_record.left_out > NAMED_IN_A_REMARK else ""
    return f"{last_record.left_out:,} of what was read could not be used ({omissions}{more})"


def _last_import(connection: Connection, path: str, source: str) -> Row[Any] | None:
    imports = select(Import.__table__).where(Import.path == path, Import.source == source)
    return connection.execute(imports.order_by(Import.id.desc()).limit(1)).one_or_none()
