"""Searches by a codebook: which texts were read in which order, and what people said of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select

from core.enums import TextPart
from models.code_samples import list_sampled_keys, list_searched_keys
from models.codes import PERSON, UnitKey
from models.database import batched
from models.documents import quoted_text
from models.tables import Code, Document, SearchedUnit


class Search(NamedTuple):
    """What is searched for in a run: *sought* is a variable's category, as "about=yes".

    *keyword* is "" unless the codebook asks of one.
    """

    run_id: int
    codebook_id: int
    sought: str
    keyword: str = ""


def list_searched(connection: Connection, search: Search) -> list[Row[Any]]:
    """Return the rows of `SearchedUnit` of a search, in the order of reading."""
    read = (SearchedUnit.place, SearchedUnit.read_by, SearchedUnit.unread, SearchedUnit.weight)
    columns: tuple[Any, ...] = (SearchedUnit.document_id, *read)
    units = select(*columns).where(
        SearchedUnit.run_id == search.run_id,
        SearchedUnit.codebook_id == search.codebook_id,
        SearchedUnit.sought == search.sought,
        SearchedUnit.keyword == search.keyword,
    )
    return list(connection.execute(units.order_by(SearchedUnit.place)).all())


def add_searched(connection: Connection, search: Search, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store texts that are read next."""
    if rows:
        connection.execute(insert(SearchedUnit), [{**search._asdict(), **row} for row in rows])


def list_texts_of_search(connection: Connection, run_id: int) -> set[UnitKey]:
    """Return the texts that a run's only search has its model read."""
    columns = (SearchedUnit.document_id, SearchedUnit.keyword)
    units = select(*columns).where(SearchedUnit.run_id == run_id)
    return {UnitKey(*unit) for unit in connection.execute(units)}


def list_drawn_keys(connection: Connection, run_id: int, codebook_id: int) -> set[UnitKey]:
    """Return the texts of a run's sample and of searches whose documents are stored."""
    return list_sampled_keys(connection, run_id, codebook_id) | list_searched_keys(
        connection, codebook_id
    )


def list_machine_codes(
    connection: Connection, search: Search, variable: str
) -> dict[str, list[tuple[int, str]]]:
    """Return what each network and model said of whole texts: document and code, by coder."""
    codes = select(Code.coder, Code.document_id, Code.code).where(
        Code.run_id == search.run_id,
        Code.codebook_id == search.codebook_id,
        Code.keyword == search.keyword,
        Code.position == 0,
        Code.variable == variable,
        Code.code.is_not(None),
        ~Code.coder.startswith(PERSON, autoescape=True),
    )
    by_coder: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for coder, document_id, code in connection.execute(codes.order_by(Code.coder)):
        by_coder[coder].append((document_id, code or ""))

    return by_coder


def read_texts(
    connection: Connection, documents: Sequence[int], part: TextPart
) -> dict[int, Row[Any]]:
    """Return the identity, the month and the text of documents, by their ids."""
    columns = (Document.id, Document.identity, Document.period.label("month"))
    texts = select(*columns).add_columns(quoted_text(part))
    return {
        row.id: row
        for batch in batched(documents)
        for row in connection.execute(texts.where(Document.id.in_(batch)))
    }
