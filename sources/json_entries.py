"""The entries of JSON and JSONL files: documents, and what stands beside them.

Both kinds of files are a row of entries, however the lists in them are nested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sources.file_reading import (
    BLANK,
    bound_blank_lines,
    decode_chunks,
    open_file,
    read_chunks,
    split_lines,
    unify_line_ends,
)
from sources.jsonstream import LONGEST, Root, parse_line, read_elements
from sources.registry import SOURCES

_TOO_LONG = f"is longer than {LONGEST:,} characters: shorten it, or leave it out"

_FORMATS = [source.json_format for source in SOURCES if source.json_format is not None]
_SERVICE_LISTS = frozenset[tuple[str, ...]]().union(
    *(json_format.lists for json_format in _FORMATS)
)
_LISTS = _SERVICE_LISTS | {(), ("posts",)}
_OBJECTS = {path[:-1] for path in _LISTS}
_PAGE_KEYS = sorted(path[-1] for path in _SERVICE_LISTS if path)
_READ_AUTHORS = {
    json_format.authors_key: json_format.read_authors
    for json_format in _FORMATS
    if json_format.authors_key is not None and json_format.read_authors is not None
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A document's object (*index* counts them), or without an index something about the file."""

    index: int | None
    value: Any = None
    wrong: str | None = None

    #: The key under which the list stands.
    key: str = ""

    #: The handles by account id.
    authors: Mapping[str, str] = field(default_factory=dict)


def read_json_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a JSON file: of each of its lists, or its only document."""
    index, has_list = 0, False
    root = Root()
    for element in read_elements(path, lists=_LISTS, objects=_OBJECTS):
        key = element.path[-1] if element.path else ""
        if element.index is not None:
            for entry in _unfold(element.value, element.wrong, key):
                yield replace(entry, index=None if entry.index is None else index)
                index += entry.index is not None
        elif element.wrong:
            yield Entry(index=None, wrong=element.wrong)
        elif element.path in _LISTS and element.value == []:
            has_list = True
            yield Entry(index=None, value=[])
        elif len(element.path) == 1 and key in _READ_AUTHORS:
            yield Entry(index=None, authors=_READ_AUTHORS[key](element.value))
        else:
            root.add(element)

    # A value without a key is a number or a text alone, and no document.
    if not has_list and root.values and "" not in root.values:
        wrapped = root.values.get("data")
        only = wrapped if isinstance(wrapped, Mapping) else root.values
        yield Entry(index=0, value=only)


def read_line_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a file with one JSON value a line: a document, or a service's page."""
    index = 0
    damages: list[str] = []
    with open_file(path) as file:
        chunks = unify_line_ends(decode_chunks(read_chunks(file, damages.append)))
        lines = bound_blank_lines(split_lines(chunks, LONGEST), damages.append)
        for line_number, line in enumerate(lines, start=1):
            line_value: Any = None
            wrong: str | None = f"line {line_number:,} {_TOO_LONG}"
            if line is not None:
                if not line.strip(BLANK):
                    continue

                line_value, wrong = parse_line(line.lstrip("\ufeff"))

            for entry in _unfold(line_value, wrong, ""):
                yield replace(entry, index=None if entry.index is None else index)
                index += entry.index is not None

    for damage in damages:
        yield Entry(index=None, wrong=damage)


def _unfold(json_value: Any, wrong: str | None, key: str) -> Iterator[Entry]:
    """Yield the documents in a value: those of a page or of a list, or itself."""
    objects = json_value if isinstance(json_value, list) else [json_value]
    if isinstance(json_value, Mapping):
        page_key = next(
            (candidate for candidate in _PAGE_KEYS if isinstance(json_value.get(candidate), list)),
            None,
        )
        if page_key is not None:
            for authors_key, read_authors in _READ_AUTHORS.items():
                yield Entry(index=None, authors=read_authors(json_value.get(authors_key)))

            objects, key = json_value[page_key], page_key

    for document in objects:
        yield Entry(index=0, value=document, wrong=wrong, key=key)
