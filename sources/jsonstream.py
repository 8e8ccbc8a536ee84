"""Reading the documents of a JSON file one by one, so that a bad one costs no other.

The standard library's decoder is applied to one document at a time. A streaming parser was tried first (ijson over
yajl): it turns lone surrogates into "?" without a word, and it ends at the first byte that is no UTF-8 or the first
comma too many, so that all that follows would be lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, TypeAlias

from core.errors import BadInput
from sources.file_reading import chunks_of, decoded, opened

Keys: TypeAlias = tuple[str, ...]

LONGEST = 32 * 1024 * 1024  #: characters that one document may have
_DECODER = JSONDecoder(
    strict=False
)  # a raw line feed or NUL inside a string is no reason to lose a document
ASSIGNMENT = re.compile(
    r"\ufeff?\s*window\.YTD\.(\w+)\.part\d+\s*="
)  #: how each file of an X archive begins
_SPACE = " \t\r\n\ufeff"
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
_SCALAR_END = re.compile(r"[,\]}\s]")
_BAD_BYTE = re.compile(
    "[\udc80-\udcff]"
)  # how the error handler "surrogateescape" writes a byte that is no UTF-8


@dataclass(frozen=True, slots=True)
class Element:
    """A value found at *path*; *index* where it stands in a list; *wrong* says why there is no value."""

    path: Keys
    index: int | None
    value: Any = None
    wrong: str | None = None


class _Broken(Exception):
    """The text does not go on as JSON does; nothing behind this place can be trusted."""


class _Window:
    """The part of a text that is being looked at."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self.text = ""
        self.at = 0
        self.whole = False  #: the text's end is in the window

    def more(self) -> bool:
        """Take in as much again as there is (so a long document's cost stays linear); False at the text's end."""
        self.text, self.at = self.text[self.at :], 0
        taken = [self.text]
        size, wanted = 0, max(len(self.text), 1)
        while size < wanted:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.whole = True
                break
            taken.append(chunk)
            size += len(chunk)
        self.text = "".join(taken)
        return size > 0

    def peek(self) -> str:
        """The next character that is no white space, "" at the end; the window then begins there."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def take(self, expected: str) -> None:
        """Step over one of the characters *expected*."""
        found = self.peek()
        if not found:
            raise _Broken("the file ends too early")
        if found not in expected:
            raise _Broken(f"here stands {found!a} where one of {expected} belongs")
        self.at += 1

    def value(self) -> tuple[Any, str | None]:
        """The next value, else None and what is wrong with it; afterwards the window begins behind it."""
        if not self.peek():
            raise _Broken("the file ends too early")
        while True:
            value, end, wrong = _decode(self.text, self.at)
            if end is None:
                end = _end_of_value(self.text, self.at)
            if end is not None and (end < len(self.text) or self.whole):
                raw_bad = _BAD_BYTE.search(self.text, self.at, end)
                self.at = end
                return (None, "it holds bytes that are no UTF-8") if raw_bad else (value, wrong)
            if len(self.text) - self.at > LONGEST:
                raise _Broken(f"a document that does not end within {LONGEST:,} characters")
            if not self.more() and end is None:
                raise _Broken("the file ends in the middle of this document")


def elements(
    chunks: Iterator[str], *, lists: Collection[Keys], objects: Collection[Keys]
) -> Iterator[Element]:
    """Every value of a JSON text, those of the *lists* and *objects* (paths of keys from the root) one by one.

    A list that is opened is an element with an empty list and no index, its values follow. A value that cannot be read
    is an element that says what is wrong. Where the text itself cannot be followed any
    further, the last element says so.
    """
    window = _Window(chunks)
    place: list[tuple[Keys, int | None]] = [((), None)]
    try:
        yield from _walk(window, (), lists, objects, place)
        while window.peek() == ";":  # as a JavaScript file ends
            window.at += 1
        if window.peek():
            yield Element((), None, wrong="there is more text behind the end of the JSON")
    except _Broken as broken:
        path, index = place[-1]
        yield Element(path, index, wrong=str(broken))


def elements_of_file(
    path: Path, *, lists: Collection[Keys], objects: Collection[Keys]
) -> Iterator[Element]:
    """`elements` of a file, packed or not; a damaged one ends with an element that says so.

    Raises `BadInput` where the file cannot be opened or not even its beginning is JSON.
    """
    damages: list[str] = []
    with opened(path) as file:
        first = True
        for element in elements(
            _after_assignment(decoded(chunks_of(file, damages.append))),
            lists=lists,
            objects=objects,
        ):
            if element.wrong and first and element.path == () and element.index is None:
                raise BadInput(
                    f"{path} is no JSON ({'; '.join([element.wrong, *damages])}): look at what it holds"
                )
            first = False
            if element.wrong and damages:
                yield replace(element, wrong=f"{element.wrong}; {damages.pop()}")
            else:
                yield element
        for damage in damages:
            yield Element((), None, wrong=damage)


def _after_assignment(chunks: Iterator[str]) -> Iterator[str]:
    """JSON out of a JavaScript file of the form ``window.YTD.tweets.part0 = [...]``."""
    head = next(chunks, "")
    assignment = ASSIGNMENT.match(head)
    yield head[assignment.end() :] if assignment else head
    yield from chunks


def _walk(
    window: _Window,
    path: Keys,
    lists: Collection[Keys],
    objects: Collection[Keys],
    place: list[tuple[Keys, int | None]],
) -> Iterator[Element]:
    opening = window.peek()
    if opening == "[" and path in lists:
        yield from _walk_list(window, path, place)
    elif opening == "{" and path in objects:
        window.at += 1
        separator = "{"
        while separator != "}":
            if separator == "{" and window.peek() == "}":
                window.at += 1
                return
            key, wrong = window.value()
            if wrong or not isinstance(key, str):
                raise _Broken("a key is missing")
            window.take(":")
            place.append(((*path, key), None))
            yield from _walk(window, (*path, key), lists, objects, place)
            place.pop()
            separator = window.peek()
            window.take(",}")
    else:
        value, wrong = window.value()
        yield Element(path, None, value, wrong)


def _walk_list(
    window: _Window, path: Keys, place: list[tuple[Keys, int | None]]
) -> Iterator[Element]:
    window.at += 1
    yield Element(path, None, [])
    index = 0
    place.append((path, None))
    while (mark := window.peek()) != "]":
        if not mark:
            raise _Broken("the file ends too early")
        if mark in ",}":  # a comma between two documents; one too many loses nothing either
            if mark == "}":
                yield Element(path, None, wrong="there is a bracket too many between two documents")
            window.at += 1
            continue
        place[-1] = (path, index)
        value, wrong = window.value()
        yield Element(path, index, value, wrong)
        place[-1] = (path, None)
        index += 1
    window.at += 1
    place.pop()


def _decode(text: str, at: int) -> tuple[Any, int | None, str | None]:
    """Value, its end, None; or None, None and the reason: either it is wrong, or it goes on behind the window."""
    if (
        text[at] not in '{["'
    ):  # a number goes on to the next border: "1" is whole, and so it is in "1e5"
        end = _end_of_value(text, at)
        value, wrong = loads_line(text[at:end])
        return value, end if wrong is None else None, wrong
    try:
        value, end = _DECODER.raw_decode(text, at)
    except JSONDecodeError as error:
        return None, None, f"it is no JSON ({error.msg})"
    except (ValueError, RecursionError) as error:
        return None, None, f"it cannot be read ({type(error).__name__})"
    return value, end, None


def _end_of_value(text: str, at: int) -> int | None:
    """Where a value that the decoder refused ends by its brackets and quotes; None if not within *text*."""
    if text[at] not in '{["':
        found = _SCALAR_END.search(text, at)
        return None if found is None else max(found.start(), at + 1)
    depth = 0
    for token in _TOKEN.finditer(text, at):
        mark = token[0]
        if mark == '"':  # a string that does not end here
            return None
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
        if depth <= 0:
            return token.end()
    return None


def loads_line(line: str) -> tuple[Any, str | None]:
    """The value of one line of a JSONL file, else None and what is wrong with it."""
    if _BAD_BYTE.search(line) is not None:
        return None, "it holds bytes that are no UTF-8"
    try:
        return json.loads(line, strict=False), None
    except JSONDecodeError as error:
        return None, f"it is no JSON ({error.msg})"
    except (ValueError, RecursionError) as error:
        return None, f"it cannot be read ({type(error).__name__})"
