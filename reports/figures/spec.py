"""A figure as one declaration: a picture as data, and what a page writes beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from reports.figures import style
from reports.figures.marks import Picture
from reports.words.document_queries import DocumentQuery


@dataclass(frozen=True)
class Subject:
    """The subject of figures: its name in titles and in file names, and the months to show."""

    name: str
    slug: str
    span: style.Range

    # The documents that it is in.
    documents: DocumentQuery | None = None

    # What its documents are called.
    noun: str = "document"

    def find(self, **fields: str) -> DocumentQuery | None:
        """Return which of its documents have more *fields*."""
        return None if self.documents is None else self.documents.narrow(**fields)


@dataclass(frozen=True, kw_only=True)
class FigureSpec:
    """A figure's name, what its picture shows, and what a page writes beside it."""

    # The names of the figure's files begin with this name.
    name: str
    picture: Picture = field(repr=False)
    alt: str
    caption: str

    # The figure has these classes in the style sheet.
    layout: str = "chart wide"
