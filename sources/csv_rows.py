"""Rows of CSV files in bounded memory and time, so that a bad row costs no other.

Python's reader takes all that follows a quotation mark that is never closed, up to the next one or
to the end of the file, for one field. Here a row of several lines must be exact CSV; where it is
not, its first line is left out and the lines behind it are read as rows of their own.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
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
_CUT = "the file ends in the middle of this row"
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
        # How many lines of the file were taken.
        self._taken = 0
        self._again: deque[str | None] = deque()
        # The length of the present row.
        self._length = 0
        self.row: list[str] = []
        self.reread = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._take()
        self._length += 0 if line is None else len(line)

        if line is not None and (self._length <= LONGEST_ROW or not self.row):
            self.row.append(line)
            return line

        if self.row:
            self._again.appendleft(line)
            raise _BrokenRowError(_UNCLOSED)

        raise _BrokenRowError(
            f"line {self._taken:,} is longer than {LONGEST_ROW:,} characters: shorten it, or leave "
            "it out"
        )

    def _take(self) -> str | None:
        line = next(self._lines)
        self._taken += 1
        return line

    def is_at_end(self) -> bool:
        """Return whether the row ends the file without a line feed."""
        return not self.row[-1].endswith("\n")

    def skip_blank(self) -> str:
        """Return the next line that is not blank, and give it again; an empty one at the end."""
        for line in self:
            self.begin_row()
            if line.strip(" \r\n"):
                self._again.appendleft(line)
                return line

        return ""

    def begin_row(self) -> None:
        """Forget the lines of the last row."""
        self.row, self._length = [], 0

    def give_others_again(self) -> None:
        """Give the lines of the present row again, but for the first."""
        later_lines = self.row[1:]
        self._again.extendleft(reversed(later_lines))
        self.reread += sum(map(len, later_lines))


def read_rows(lines: Iterator[str | None], damages: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the rows of a CSV file, the names of its columns first; blank lines are no rows.

    A line is None where it was too long to be read. *damages* say why the lines ended early. The
    row in which a file was cut is none: it ends without a line feed and lacks fields that all rows
    before it have, or the file is damaged.
    """
    csv.field_size_limit(LONGEST_FIELD)
    source = _Lines(lines)
    try:
        head = source.skip_blank()
        if named := _NAMED_DELIMITER.fullmatch(head):
            next(source)
            head = source.skip_blank()
    except _BrokenRowError as error:
        yield str(error)
        return

    delimiter = named[1] if named else max(DELIMITERS, key=head.count)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    fewest_fields = 0

    while source.reread <= MAX_REREAD:
        source.begin_row()
        try:
            row: Row = next(reader)
        except StopIteration:
            return
        except (csv.Error, _BrokenRowError) as error:
            row = _read_first_line(source, delimiter) if source.row else str(error)

        if isinstance(row, list) and row:
            if source.is_at_end() and (damages or len(row) < fewest_fields):
                row = _CUT
            else:
                fewest_fields = min(fewest_fields, len(row)) or len(row)

        if row:
            yield row

    yield _TOO_MANY


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
