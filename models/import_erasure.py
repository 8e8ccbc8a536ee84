"""What an import stored, to be erased piece by piece, and its record, which goes last."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from core.enums import ActKind
from models.acts import record_act
from models.database import Database
from models.documents import days_of_month, moments_of
from models.imports import blank_import, get_import
from models.origins import list_months_of
from models.tables import Crawl, Document, RunErasure

# So many documents are erased together, because each piece costs a look at all answers.
PIECE = 50_000


def ids_by_import(db: Database, import_id: int) -> Iterator[list[int]]:
    """Yield the ids of the documents that an import stored, month by month, in bounded pieces.

    A month is in few pieces, so that its jobs are looked at and queued again few times. Raises
    `NotFound`.
    """
    with db.read() as connection:
        sources = get_import(connection, import_id).source.split(",")
        months = list_months_of(connection, sources)

    piece: list[int] = []
    for source, period in months:
        is_stored_by_it = and_(Document.import_id == import_id, _is_of_month(source, period))
        with db.read() as connection:
            piece += connection.scalars(select(Document.id).where(is_stored_by_it))

        while len(piece) >= PIECE:
            yield piece[:PIECE]
            piece = piece[PIECE:]

    if piece:
        yield piece


def _is_of_month(source: str, period: str) -> ColumnElement[bool]:
    """Return the condition for an index by source and time; there is none by import."""
    if not period:
        return and_(Document.source == source, Document.published_at.is_(None))

    first, after = moments_of(*days_of_month(period))
    return and_(
        Document.source == source, Document.published_at >= first, Document.published_at < after
    )


def forget_import(db: Database, import_id: int, *, read: int, person: str | None = None) -> None:
    """Empty the record of an import whose documents are gone, so that it may be read again.

    A month, account or search that a service was asked for is fetched anew by the next run.
    *read* is what the record had read before. The act is that of a *person*. Raises `ImportGoesOn`.
    """
    with db.write() as connection:
        record = get_import(connection, import_id)
        blank_import(connection, import_id, read=read)
        is_of_record = and_(Crawl.source == record.source, Crawl.subject == record.path)
        connection.execute(delete(Crawl).where(is_of_record))
        record_act(connection, ActKind.FORGET, f"import {import_id}", person=person)


def runs_erased_for(connection: Connection, reason: str) -> list[int]:
    """Return the runs whose last erasure of documents has a reason that begins with *reason*."""
    is_erased_for_it = RunErasure.reason.startswith(reason, autoescape=True)
    runs = select(RunErasure.run_id).where(is_erased_for_it).order_by(RunErasure.run_id)
    return list(connection.scalars(runs))
