"""Headlines of any outlet: tables, and files in the shape of another archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from sources.base import Item, Remark, SourceDocument
from sources.source import Archive, Source, TableRules, never
from sources.table_rows import NO_OUTLET, TableRow, date_of_row, identify_headline

NAME = "archive"


def adopt(items: Iterable[Item], file: str) -> Iterator[Item]:
    """Yield *items*, another archive's documents as those of this source."""
    count = count_with_outlet = 0
    for item in items:
        if isinstance(item, SourceDocument) and item.source != NAME:
            count += 1
            count_with_outlet += item.outlet is not None
            yield _adopt_document(item)
        else:
            yield item

    if count and not count_with_outlet:
        yield Remark(file, NO_OUTLET)


def _adopt_document(document: SourceDocument) -> SourceDocument:
    """Return the document as one of this source, under an id of its outlet."""
    table_row = TableRow(
        native_id=document.native_id,
        address=document.address,
        handle=None,
        outlet=document.outlet,
        published_at=document.published_at,
    )
    date = date_of_row(document.published_at, None)
    native_id, *less_known_ids = identify_headline(table_row, date, document.text)
    return replace(document, source=NAME, native_id=native_id, less_known_ids=tuple(less_known_ids))


SOURCE = Source(
    name=NAME,
    label="news archives",
    # The first newspapers are from 1605.
    earliest=datetime(1600, 1, 1, tzinfo=UTC),
    archive=Archive(adopt=adopt),
    table_rules=TableRules(
        adds_full_stop=True,
        identify=identify_headline,
        text_columns=("headline", "title"),
        is_repost=never,
        has_handles=False,
        has_outlets=True,
    ),
    terms="The texts belong to the outlets that published them; the files name no licence.",
)
