"""Tables of the texts: documents with their origins, imports, crawls, and names left out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import BIG, Base, Counter, NumberKey, RawBytes, TextKey

# Documents of archives have no handle.
HAS_HANDLE = text("handle IS NOT NULL")
HAS_AUTHOR = text("author_id IS NOT NULL")
# The row of `Origin` in which nothing is known; the migrations make it.
UNKNOWN_ORIGIN = 1


class Document(Base):
    """One text with its source, date, address and, for posts, its handle."""

    __tablename__ = "documents"
    __table_args__ = (
        Index(None, "source", "published_at"),
        Index(None, "handle", "source", sqlite_where=HAS_HANDLE, postgresql_where=HAS_HANDLE),
        Index(None, "author_id", "source", sqlite_where=HAS_AUTHOR, postgresql_where=HAS_AUTHOR),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)

    # Exports call it `document`: "nyt:…".
    identity: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]

    # Rows of `Origin` always stay.
    origin_id: Mapped[int] = mapped_column(default=UNKNOWN_ORIGIN)

    # The `Import` that stored the document; None if it was stored before imports were noted.
    import_id: Mapped[int | None]

    # The handle in lower case, without "@".
    handle: Mapped[str | None]

    # The id that stays when a handle changes, such as a DID.
    author_id: Mapped[str | None]
    published_at: Mapped[datetime | None]

    # The month "YYYY-MM" of `published_at`.
    period: Mapped[str | None]
    address: Mapped[str | None]

    # What the Text API is asked about. It may end in a full stop that the source does not have,
    # which no quotation shows: see `models.documents.quoted_text`.
    text: Mapped[str]
    full_stop_added: Mapped[bool] = mapped_column(server_default=false())
    repost: Mapped[bool] = mapped_column(default=False)

    # The text's language by its code in `core.languages`: as the archive states it, else as it was
    # detected. "" stands for one that cannot be decided, None for one that nobody has looked at.
    language_code: Mapped[str | None]


class Origin(Base):
    """Where in an archive documents stand: one row for all of the same outlet, section and so on.

    "" stands for what is not known.
    """

    __tablename__ = "origins"
    __table_args__ = (UniqueConstraint("outlet", "section", "desk", "material", "language"),)

    id: Mapped[NumberKey]
    outlet: Mapped[str]
    section: Mapped[str]
    desk: Mapped[str]

    # The kind of document: "News", "Op-Ed".
    material: Mapped[str]

    # As the archive writes it; `Document.language_code` has its code.
    language: Mapped[str]


class DocumentDetails(Base):
    """What is kept of a document and not read with it."""

    __tablename__ = "document_details"

    document_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    abstract: Mapped[str | None]

    # The archive's own subject terms; the JSON null, which is no null of SQL, where not known.
    tags: Mapped[list[str] | None] = mapped_column(nullable=False)


class DocumentCount(Base):
    """How many documents of a source, origin and month are stored, kept with every change."""

    __tablename__ = "document_counts"

    source: Mapped[TextKey]

    # "" stands for documents without a time.
    period: Mapped[TextKey]
    origin_id: Mapped[NumberKey]
    documents: Mapped[int]


class Import(Base):
    """What was read from a file, month or subject of a service, for a report's methods section."""

    __tablename__ = "imports"

    id: Mapped[NumberKey]

    # The file's name without its folder; otherwise the month or subject.
    path: Mapped[str]
    source: Mapped[str]
    read: Mapped[int]
    added: Mapped[int]
    empty: Mapped[int]
    left_out: Mapped[int]

    # The first documents that were left out, with the reasons.
    named: Mapped[list[str]] = mapped_column(default=list)
    #: Where to read on in a file that was not read to its end, and which file that is.
    place: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    at: Mapped[float]


class SuppressedName(Base):
    """The hash of a name that was erased on request and stays away (`models.suppression_list`)."""

    __tablename__ = "suppressed_names"

    name: Mapped[bytes] = mapped_column(RawBytes(32), primary_key=True)

    # The hash of the account to which the name belongs.
    account: Mapped[bytes | None] = mapped_column(RawBytes(32), index=True)
    at: Mapped[float]


class Crawl(Base):
    """How far a service has been read for one month, handle or search term."""

    __tablename__ = "crawls"

    source: Mapped[TextKey]

    # "2020-03", "@nasa" or "search:term".
    subject: Mapped[TextKey]

    # Where to go on; after the end, where newer posts begin.
    cursor: Mapped[dict[str, Any] | None]
    documents: Mapped[Counter]

    # "open", "complete", or the reason why it ended otherwise.
    state: Mapped[str]
    at: Mapped[float]
