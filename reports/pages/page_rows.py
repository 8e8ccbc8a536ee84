"""The rows of a page's long table as data, of which its script shows some at a time.

The HTML holds the first rows, so that a page without its script shows what the table is. A row is
a list of texts, numbers and nulls; the heads of the table say which of them a column shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from markupsafe import Markup

T = TypeVar("T")

ROWS_WITHOUT_SCRIPT = 50
# With these escapes no text can end the script.
_ESCAPES = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class PageRows(Generic[T]):
    """The rows of a table: how many, the first ones, and all of them as JSON for the script."""

    number: int
    first: Sequence[T]
    data: Markup


def write_json(value: object) -> Markup:
    """Return what a script of a page reads."""
    text = _ENCODE(value)
    for sign, escaped in _ESCAPES.items():
        text = text.replace(sign, escaped)

    return Markup(text)  # noqa: S704 - escaped above


def page_rows(
    rows: Iterable[T], read_values: Callable[[T], Sequence[str | float | None]]
) -> PageRows[T]:
    """Return *rows* for a page, read once; *read_values* gives what the script shows of a row."""
    first_rows: list[T] = []
    lines: list[Markup] = []
    for row in rows:
        if len(first_rows) < ROWS_WITHOUT_SCRIPT:
            first_rows.append(row)

        lines.append(write_json(read_values(row)))

    encoded_rows = Markup(",\n").join(lines)
    return PageRows(len(lines), first_rows, Markup("[{}]").format(encoded_rows))
