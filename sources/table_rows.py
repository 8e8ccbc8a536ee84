"""What a table's row says of a document beside its text, and the ids that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sources.base import clean, hash_id

NO_OUTLET = (
    "nothing says which outlet published these, so they are grouped as not known: --outlet NAME, "
    "or --column outlet=NAME"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """The fields of a table's row that a source may complete from one another."""

    native_id: str | None
    address: str | None
    handle: str | None
    outlet: str | None
    published_at: datetime | None


def date_of_row(moment: datetime | None, written: object) -> str:
    """Return the time of a row as its ids have it: what was *written* where it is no time."""
    if moment:
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return clean(str(written or ""))[0] if isinstance(written, str | int | float) else ""


def identify_post(row: TableRow, date: str, text: str) -> list[str]:
    """Return the id of a post, and the ids that it has where less is known of it.

    It is the row's own id, else a hash of its address, else of date, handle and text. An import
    that does not know the handles or the times of a table makes the less known ones.
    """
    if row.native_id is not None:
        return [row.native_id]
    if row.address:
        return [hash_id(row.address)]

    handle = row.handle or ""
    keys = [(date, handle), (date, ""), ("", handle), ("", "")]
    return [hash_id(*key, text) for key in dict.fromkeys(keys)]


def identify_headline(row: TableRow, date: str, text: str) -> list[str]:
    """Return the id of a headline, and the ids that it has where less is known of it.

    It is a hash of its address, else of its outlet with the row's own id, since every outlet may
    number its rows from 1, else of outlet, date and text: a wire copy in two outlets is two
    documents. Case is ignored in an outlet's name. An import that does not know the outlets or the
    times of a table makes the less known ids.
    """
    if row.address:
        return [hash_id(with_https(row.address))]

    outlet = (row.outlet or "").casefold()
    keys = [(outlet, date), ("", date), (outlet, ""), ("", "")]
    if outlet and row.native_id is not None:
        keys = [("", date), ("", "")]

    ids = [hash_id("text", *key, text) for key in dict.fromkeys(keys)]
    if outlet and row.native_id is not None:
        ids.insert(0, hash_id("id", outlet, row.native_id))

    return ids


def with_https(address: str) -> str:
    """Return an address as it is named; old ones with ``http:`` are the same pages."""
    is_plain = address[:7].lower() == "http://"
    return f"https://{address[7:]}" if is_plain else address
