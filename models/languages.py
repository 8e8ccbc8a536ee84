"""The languages of stored documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, select, update

from core.languages import UNDECIDED
from models.bulk import select_in
from models.documents import DocumentScope, documents_of
from models.tables import Document, Origin


class Publisher(NamedTuple):
    """Who published a document: an outlet of a source, or an account."""

    source: str

    # "" if it is not known.
    outlet: str
    handle: str | None


class LanguageRow(NamedTuple):
    """A document, its language's code ("" or None if it is not decided) and its publisher."""

    document_id: int
    code: str | None
    publisher: Publisher


_COLUMNS = select(
    Document.id, Document.language_code, Document.source, Origin.outlet, Document.handle
).join(Origin, Origin.id == Document.origin_id)


def languages_of(connection: Connection, scope: DocumentScope) -> list[LanguageRow]:
    """Return the languages of the documents of *scope*."""
    return _make_rows(connection.execute(_COLUMNS.where(documents_of(scope))))


def languages_by_id(connection: Connection, ids: Sequence[int]) -> list[LanguageRow]:
    """Return the languages of the documents with these *ids*."""
    return _make_rows(select_in(connection, _COLUMNS, Document.id, ids))


def _make_rows(documents: Iterable[Any]) -> list[LanguageRow]:
    return [
        LanguageRow(document_id, code, Publisher(source, outlet, handle))
        for document_id, code, source, outlet, handle in documents
    ]


def count_languages(connection: Connection, scope: DocumentScope) -> dict[str, int]:
    """Return how many documents of *scope* are decided to be in each language."""
    code = Document.language_code
    is_decided = (documents_of(scope), code.is_not(None), code != UNDECIDED)
    counted = select(code, func.count()).where(*is_decided).group_by(code)
    return {language or UNDECIDED: count for language, count in connection.execute(counted)}


def ids_without_language(connection: Connection, scope: DocumentScope) -> list[int]:
    """Return the documents of *scope* whose language nobody has looked at."""
    unread = (documents_of(scope), Document.language_code.is_(None))
    return list(connection.scalars(select(Document.id).where(*unread)))


def texts_with_languages(connection: Connection, ids: Sequence[int]) -> list[Row[Any]]:
    """Return id, source and text of documents, and the language that their archive states."""
    columns = select(Document.id, Document.source, Document.text, Origin.language)
    documents = columns.join(Origin, Origin.id == Document.origin_id)
    return list(connection.execute(documents.where(Document.id.in_(ids))))


def set_languages(connection: Connection, codes: Mapping[int, str]) -> None:
    """Set the codes of documents by their ids."""
    document = update(Document).where(Document.id == bindparam("document"))
    change = document.values(language_code=bindparam("code"))
    parameters = [{"document": document_id, "code": code} for document_id, code in codes.items()]
    connection.execute(change, parameters)
