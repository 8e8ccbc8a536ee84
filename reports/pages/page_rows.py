"""The first rows of a long table, which a page shows, and data for its script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from markupsafe import Markup

T = TypeVar("T")

# A page shows so many rows; the list of documents has all.
MOST_ROWS = 50
# With these escapes no text can end the script.
_ESCAPES = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class PageRows(Generic[T]):
    """The rows of a table: how many there are, and the first ones."""

    number: int
    first: Sequence[T]

    @classmethod
    def of(cls, rows: Sequence[T]) -> Self:
        """Return what a page shows of *rows*."""
        return cls(len(rows), rows[:MOST_ROWS])

    @property
    def is_whole(self) -> bool:
        """Whether the page shows all rows."""
        return self.number == len(self.first)


def write_json(value: object) -> Markup:
    """Return what a script of a page reads."""
    text = _ENCODE(value)
    for sign, escaped in _ESCAPES.items():
        text = text.replace(sign, escaped)

    return Markup(text)  # noqa: S704 - escaped above
