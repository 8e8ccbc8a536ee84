"""What a first pass over the rows of a JSON table shows of its columns.

Rows of JSON need not have the same keys: a time or a handle may be missing in the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.columns import COLUMN_NAMES, fold_column
from sources.timestamps import is_day_first, is_order_unclear

_SAMPLED = {"published_at", "address"}  # fields whose first value is kept


class TableSample:
    """The columns of the rows added so far.

    The columns of a field are those of the first row that has one. So memory is bounded by one row
    and one column a field, and a name further down changes nothing that is found already.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        """*given* maps fields to columns that the user named."""
        self.names: list[str] = []
        self.first_values: dict[str, Any] = {}  #: of the columns of times and addresses
        self.day_first: dict[str, bool] = {}  #: by column, where one of its dates shows it
        self.unclear_dates: dict[str, str] = {}  #: by column, the first that may begin with either
        self._covered: set[str] = set()
        self._sampled: list[str] = []
        self._fields: dict[str, set[str]] = {}
        for field, candidates in COLUMN_NAMES.items():
            for name in [given[field]] if field in given else candidates:
                self._fields.setdefault(fold_column(name), set()).add(field)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take note of the columns of *row*, of its time and of its address."""
        is_first = not self.names
        covered: set[str] = set()
        for name in row:
            fields = self._fields.get(fold_column(name), set())
            if is_first or not fields <= self._covered:
                self.names.append(name)
                covered |= fields
                if fields & _SAMPLED:
                    self._sampled.append(name)
        self._covered |= covered

        for name in self._sampled:
            self._add_value(name, row.get(name))

    def _add_value(self, name: str, value: object) -> None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return
        self.first_values.setdefault(name, value)
        if isinstance(value, str) and name not in self.day_first:
            day_first = is_day_first(value)
            if day_first is not None:
                self.day_first[name] = day_first
            elif name not in self.unclear_dates and is_order_unclear(value):
                self.unclear_dates[name] = value.strip()
