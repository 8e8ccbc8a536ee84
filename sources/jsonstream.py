"""Reading the documents of a JSON file one by one, so that a bad one costs no other.

The standard library's decoder is applied to one document at a time. A streaming parser (ijson over
yajl) turns lone surrogates into "?" in silence, and it ends at the first byte that is no UTF-8 or
the first comma too many, so that all that follows is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, TypeAlias

from core.errors import BadInput
from sources.file_reading import decode_chunks, open_file, read_chunks

Keys: TypeAlias = tuple[str, ...]

#: A document may have so many characters; `{},` decodes to 25 times its size.
LONGEST = 2**23
#: Scripts with an account's data begin so: they assign a part of a list to a variable.
ASSIGNMENT = re.compile(r"\ufeff?\s*window\.\w+\.(\w+)\.part\d+\s*=")
# With this decoder a raw line feed or NUL inside a string costs no document.
_DECODER = JSONDecoder(strict=False)
_SPACE = " \t\r\n\ufeff"
_SPACES = re.compile(rf"[{_SPACE}]*+")
_SCRIPT_END = re.compile(rf"[;{_SPACE}]*+")
_BETWEEN_ELEMENTS = re.compile(rf"[,}}{_SPACE}]*+")
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
_SCALAR_END = re.compile(r"[,\]}\s]")
# `decode_chunks` marks a byte that is no UTF-8 in this way.
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_NO_JSON = "it is no JSON"
_BAD_BYTES = "it holds bytes that are no UTF-8"


@dataclass(frozen=True, slots=True)
class Element:
    """A value at *path*; *index* where it is in a list; *wrong* says why it cannot be read."""

    path: Keys
    index: int | None
    value: Any = None
    wrong: str | None = None

    #: The length of the value's text.
    length: int = field(default=0, compare=False)


class _BrokenError(Exception):
    """The text is no JSON from here on; nothing behind this place can be trusted."""


class _TextWindow:
    """The part of a text that is being looked at."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self.text = ""
        self.at = 0
        #: True if the window holds the end of the text.
        self.is_last = False

    def extend(self) -> bool:
        """Double the window, so that a long document's cost stays linear; False at the end."""
        self.text, self.at = self.text[self.at :], 0
        pieces = [self.text]
        added, enough = 0, max(len(self.text), 1)
        while added < enough:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.is_last = True
                break

            pieces.append(chunk)
            added += len(chunk)

        self.text = "".join(pieces)
        return added > 0

    def peek(self) -> str:
        """Return the next character that is no white space, "" at the end; begin there."""
        if self.at < len(self.text) and self.text[self.at] not in _SPACE:
            return self.text[self.at]

        self.skip(_SPACES)
        return self.text[self.at : self.at + 1]

    def skip(self, run: re.Pattern[str]) -> bool:
        """Step over a *run* of characters; return whether a bracket is among them."""
        has_bracket = False
        while True:
            begin = self.at
            if match := run.match(self.text, begin):
                self.at = match.end()

            has_bracket |= self.text.find("}", begin, self.at) >= 0
            if self.at < len(self.text) or not self.extend():
                return has_bracket

    def take(self, expected: str) -> None:
        """Step over one of the characters *expected*."""
        character = self.peek()
        if not character:
            raise _BrokenError("the file ends too early")
        if character not in expected:
            raise _BrokenError(f"here stands {character!a} where one of {expected} belongs")

        self.at += 1

    def take_value(self, *, is_root: bool = False) -> tuple[Any, str | None, int]:
        """Step over the next value; return it or None, what is wrong with it, and its length.

        The end of the text ends a number only if it *is_root*: else the text is cut off.
        """
        if not self.peek():
            raise _BrokenError("the file ends too early")

        while True:
            decoded, end, wrong = _decode(self.text, self.at)
            if end is None:
                end = _end_of_value(self.text, self.at)
            if end is None and is_root and self.is_last and wrong is None:
                end = len(self.text)
            if end is not None and (end < len(self.text) or self.is_last):
                length = end - self.at
                if _BAD_BYTE.search(self.text, self.at, end) is not None:
                    decoded, wrong = None, _BAD_BYTES

                self.at = end
                return decoded, wrong, length

            if len(self.text) - self.at > LONGEST:
                raise _BrokenError(
                    f"a document that does not end within {LONGEST:,} characters: shorten it, or "
                    "leave it out"
                )
            has_more = self.extend()
            if not has_more and end is None and not (is_root and wrong is None):
                raise _BrokenError("the file ends in the middle of this document")


@dataclass
class _Walk:
    """A walk through a JSON text, with the place that it has reached."""

    window: _TextWindow
    lists: Collection[Keys]
    objects: Collection[Keys]
    place: list[tuple[Keys, int | None]] = field(default_factory=lambda: [((), None)])

    def elements(self, path: Keys) -> Iterator[Element]:
        """Yield the elements of the value at *path*."""
        opening = self.window.peek()
        if opening == "[" and path in self.lists:
            yield from self._list_elements(path)
        elif opening == "{" and path in self.objects:
            yield from self._object_elements(path)
        else:
            decoded, wrong, length = self.window.take_value(is_root=not path)
            yield Element(path, None, decoded, wrong, length)

    def _object_elements(self, path: Keys) -> Iterator[Element]:
        window = self.window
        window.take("{")
        if window.peek() == "}":
            window.take("}")
            return

        separator = ","
        while separator == ",":
            key, wrong, _ = window.take_value()
            if wrong or not isinstance(key, str):
                raise _BrokenError("a key is missing")

            window.take(":")
            self.place.append(((*path, key), None))
            yield from self.elements((*path, key))
            self.place.pop()
            separator = window.peek()
            window.take(",}")

    def _list_elements(self, path: Keys) -> Iterator[Element]:
        window = self.window
        window.take("[")
        yield Element(path, None, [])
        index = 0
        self.place.append((path, None))

        while (mark := window.peek()) != "]":
            if not mark:
                raise _BrokenError("the file ends too early")
            if mark in ",}":
                # A comma stands between two documents; one too many loses nothing either.
                if window.skip(_BETWEEN_ELEMENTS):
                    reason = "there is a bracket too many between two documents"
                    yield Element(path, None, wrong=reason)

                continue

            self.place[-1] = (path, index)
            decoded, wrong, length = window.take_value()
            yield Element(path, index, decoded, wrong, length)
            self.place[-1] = (path, None)
            index += 1

        window.take("]")
        self.place.pop()


def parse_elements(
    chunks: Iterator[str], *, lists: Collection[Keys], objects: Collection[Keys]
) -> Iterator[Element]:
    """Yield every value of a JSON text, those of *lists* and *objects* (paths of keys) one by one.

    A list that is opened is an element with an empty list and no index, its values follow. A value
    that cannot be read is an element that says what is wrong. Where the text itself cannot be
    followed any further, the last element says so.
    """
    window = _TextWindow(chunks)
    walk = _Walk(window, lists, objects)

    try:
        yield from walk.elements(())
        window.skip(_SCRIPT_END)
        if window.peek():
            yield Element((), None, wrong="there is more text behind the end of the JSON")
    except _BrokenError as broken:
        path, index = walk.place[-1]
        yield Element(path, index, wrong=str(broken))


@dataclass
class Root:
    """The values of a file that are in no list: a single document, of bounded size."""

    values: dict[str, Any] = field(default_factory=dict)
    _length: int = 0

    def add(self, element: Element) -> None:
        """Keep an element's value under its path, unless the file is larger than a document."""
        key = ".".join(element.path)
        self._length += len(key) + element.length
        if self._length > LONGEST:
            self.values.clear()
        else:
            self.values[key] = element.value


def read_elements(
    path: Path, *, lists: Collection[Keys], objects: Collection[Keys]
) -> Iterator[Element]:
    """Yield the elements of a file, packed or not, as `parse_elements` does; damage comes last.

    Raises `BadInput` where the file cannot be opened or not even its beginning is JSON.
    """
    damages: list[str] = []
    with open_file(path) as file:
        text = _skip_assignment(decode_chunks(read_chunks(file, damages.append)))
        is_first = True
        for element in parse_elements(text, lists=lists, objects=objects):
            if element.wrong and is_first and element.path == () and element.index is None:
                wrong = element.wrong
                if wrong.startswith(_NO_JSON):
                    wrong = wrong.removeprefix(_NO_JSON).strip(" ()")

                reasons = "; ".join([wrong, *damages])
                raise BadInput(f"{path} is no JSON ({reasons}): look at what it holds")

            is_first = False
            if element.wrong and damages:
                yield replace(element, wrong=f"{element.wrong}; {damages.pop()}")
            else:
                yield element

    for damage in damages:
        yield Element((), None, wrong=damage)


def _skip_assignment(chunks: Iterator[str]) -> Iterator[str]:
    """Yield the JSON of a script such as ``window.YTD.tweets.part0 = [...]``."""
    head = next(chunks, "")
    assignment = ASSIGNMENT.match(head)
    yield head[assignment.end() :] if assignment else head
    yield from chunks


def _decode(text: str, at: int) -> tuple[Any, int | None, str | None]:
    """Return a value, its end, None; or None, None and why: it is wrong, or it is cut off."""
    if text[at] not in '{["':
        # A number ends at the next border: "1" is a number, and also the beginning of "1e5".
        end = _end_of_value(text, at)
        decoded, wrong = parse_line(text[at:end])
        return decoded, end if wrong is None else None, wrong

    try:
        decoded, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        return None, None, _reason(error)

    return decoded, end, None


def _end_of_value(text: str, at: int) -> int | None:
    """Return where a value ends by its brackets and quotes; None if not within *text*."""
    if text[at] not in '{["':
        border = _SCALAR_END.search(text, at)
        return None if border is None else max(border.start(), at + 1)

    depth = 0
    for token in _TOKEN.finditer(text, at):
        mark = token[0]
        if mark == '"':
            # The string does not end here.
            return None

        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1

        if depth <= 0:
            return token.end()

    return None


def parse_line(line: str) -> tuple[Any, str | None]:
    """Return the value of one line of a JSONL file, or None and what is wrong with it."""
    if _BAD_BYTE.search(line) is not None:
        return None, _BAD_BYTES

    try:
        return json.loads(line, strict=False), None
    except (ValueError, RecursionError) as error:
        return None, _reason(error)


def _reason(error: Exception) -> str:
    if isinstance(error, JSONDecodeError):
        return f"{_NO_JSON} ({error.msg})"
    return f"it cannot be read ({type(error).__name__})"
