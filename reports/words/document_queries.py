"""Which documents a number counts, as the address of a list of just those documents."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self
from urllib.parse import quote, urlencode

DOCUMENT_LIST = "documents.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentQuery:
    """The documents that fit every field that is given; without any, all that are listed.

    The names of the fields are those of the address, which the page of the list reads.
    """

    # The name of a job: a month, or an account.
    job: str | None = None

    # A keyword, one of its terms, and a second keyword that the documents mention too.
    subject: str | None = None
    term: str | None = None
    other: str | None = None

    # A day, week, month or year, as the exports write it; or the first and the last of several
    # with ".." between them: "2018-07-03..2018-07-09".
    period: str | None = None

    # A grouping and one of its groups. The address has it by the grouping's name: "section=World".
    group: tuple[str, str] | None = None

    # A name, a phrase or a word that the documents hold.
    name: str | None = None
    phrase: str | None = None
    word: str | None = None

    # What the text that is shown of them holds, case ignored: what a reader looks for.
    search: str | None = None

    # A variable of a codebook and its category: "main_subject:yes".
    code: str | None = None

    # Whether documents that repeat an earlier one of the subject are left out.
    without_repeats: bool = False

    def narrow(self, **values: str | None) -> DocumentQuery:
        """Return the query with more fields."""
        changed: dict[str, Any] = dict(values)
        return replace(self, **changed)

    @property
    def given(self) -> dict[str, str]:
        """The fields that are given, as the address has them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values |= dict([values.pop("group")] if self.group else [])
        return {name: "1" if value is True else value for name, value in values.items() if value}

    @property
    def address(self) -> str:
        """The address of the list, relative to the pages of the report."""
        return f"{DOCUMENT_LIST}#{urlencode(self.given, quote_via=quote)}"


class Counted(int):
    """A count of documents that knows which they are: a sentence with it leads to their list."""

    documents: DocumentQuery

    def __new__(cls, number: int, documents: DocumentQuery) -> Self:
        """Return *number*, which counts *documents*."""
        counted = super().__new__(cls, number)
        counted.documents = documents
        return counted

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what a copy is made of."""
        return Counted, (int(self), self.documents)
