"""Rows of CSV files in bounded memory and time, so that a bad row costs no other.

Python's reader takes all that follows a quotation mark that is never closed, up to the next one or
to the end of the file, for one field. Here a row of several lines must be exact CSV; where it is
not, its first line is left out and the lines behind it are read as rows of their own.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import TypeAlias

#: A longer field makes its row unreadable; the lengths here are in characters.
LONGEST_FIELD = 2**20
#: All lines of a row together may have so many characters.
LONGEST_ROW = 2**22
#: So many characters may be read twice, if lines were first taken for a part of an earlier row.
MAX_REREAD = 2**25
DELIMITERS = ",;\t|"
# Excel writes the delimiter in this way.
_NAMED_DELIMITER = re.compile(r"\"?sep=([,;\t|])\"?\s*", re.IGNORECASE)
_UNCLOSED = "a quotation mark opens a field, and none closes it"
_TOO_MANY = "too many quotation marks are not closed: the file was read no further"

#: The fields of a row, or the reason why it could not be read.
Row: TypeAlias = list[str] | str


class _BrokenRowError(Exception):
    """The lines read so far are no row."""


class _Lines:
    """The lines that a CSV reader asks for; those of the present row can be given again."""

    def __init__(self, lines: Iterator[str | None]) -> None:
        self._lines = lines
        self._again: deque[str | None] = deque()
        # The length of the present row.
        self._length = 0
        self.row: list[str] = []
        self.reread = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._length += 0 if line is None else len(line)

        if line is not None and (self._length <= LONGEST_ROW or not self.row):
            self.row.append(line)
            return line

        if self.row:
            self._again.appendleft(line)
            raise _BrokenRowError(_UNCLOSED)

        raise _BrokenRowError(f"it is longer than {LONGEST_ROW:,} characters")

    def begin_row(self) -> None:
        """Forget the lines of the last row."""
        self.row, self._length = [], 0

    def give_others_again(self) -> None:
        """Give the lines of the present row again, but for the first."""
        later_lines = self.row[1:]
        self._again.extendleft(reversed(later_lines))
        self.reread += sum(map(len, later_lines))


def read_rows(lines: Iterator[str | None]) -> Iterator[Row]:
    """Yield the rows of a CSV file, the names of its columns first; blank lines are no rows.

    A line is None where it was too long to be read.
    """
    csv.field_size_limit(LONGEST_FIELD)
    head = _next_written_line(lines)
    if named := _NAMED_DELIMITER.fullmatch(head):
        head = _next_written_line(lines)

    delimiter = named[1] if named else max(DELIMITERS, key=head.count)
    source = _Lines(chain([head], lines))
    reader = csv.reader(source, delimiter=delimiter, strict=True)

    while source.reread <= MAX_REREAD:
        source.begin_row()
        try:
            row: Row = next(reader)
        except StopIteration:
            return
        except (csv.Error, _BrokenRowError) as error:
            row = _read_first_line(source, delimiter) if source.row else str(error)

        if row:
            yield row

    yield _TOO_MANY


def _next_written_line(lines: Iterator[str | None]) -> str:
    """Return the next line that is not blank; an empty one at the end, or where it is too long."""
    for line in lines:
        if line is None or line.strip(" \r\n"):
            return line or ""

    return ""


def _read_first_line(source: _Lines, delimiter: str) -> Row:
    """Read the first of the row's lines by itself, where more may stand behind a quotation mark."""
    source.give_others_again()

    def one_line() -> Iterator[str]:
        yield source.row[0]
        # The reader asks for a second line.
        raise _BrokenRowError(_UNCLOSED)

    try:
        return next(csv.reader(one_line(), delimiter=delimiter))
    except _BrokenRowError as error:
        return str(error)
    except csv.Error as error:
        return f"it is no row of CSV ({error})"
