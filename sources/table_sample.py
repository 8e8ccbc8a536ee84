"""What a first pass over the rows of a table shows of its columns.

Rows of JSON need not have the same keys: a time or a handle may be missing in the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.columns import COLUMN_NAMES, fold_column
from sources.timestamps import is_day_first, is_order_unclear

# The first value of these fields is kept.
_SAMPLED = {"published_at", "address"}


class TableSample:
    """The columns of the rows added so far.

    A field has the columns of the first row with such a column. So one row and one column for each
    field bound the memory, and a later row changes no earlier finding.
    """

    def __init__(self, named_columns: Mapping[str, str]) -> None:
        """*named_columns* maps fields to columns that the user named."""
        self.names: list[str] = []
        #: The first values of the columns of times and addresses.
        self.first_values: dict[str, Any] = {}
        #: Whether the day comes first, by column, if one of its dates shows it.
        self.day_first: dict[str, bool] = {}
        #: The first date of each column that may begin with the day or the month.
        self.unclear_dates: dict[str, str] = {}
        self._covered: set[str] = set()
        self._sampled: list[str] = []
        self._fields: dict[str, set[str]] = {}
        for field, candidates in COLUMN_NAMES.items():
            for column in [named_columns[field]] if field in named_columns else candidates:
                self._fields.setdefault(fold_column(column), set()).add(field)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take note of the columns of *row*, of its time and of its address."""
        is_first = not self.names
        covered: set[str] = set()
        for column in row:
            fields = self._fields.get(fold_column(column), set())
            if is_first or not fields <= self._covered:
                self.names.append(column)
                covered |= fields
                if fields & _SAMPLED:
                    self._sampled.append(column)

        self._covered |= covered

        for column in self._sampled:
            self._add_value(column, row.get(column))

    def _add_value(self, column: str, cell: object) -> None:
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return

        self.first_values.setdefault(column, cell)
        if isinstance(cell, str) and column not in self.day_first:
            day_first = is_day_first(cell)
            if day_first is not None:
                self.day_first[column] = day_first
            elif column not in self.unclear_dates and is_order_unclear(cell):
                self.unclear_dates[column] = cell.strip()
