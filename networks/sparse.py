"""Rows that are mostly zeros, as the columns and values of what is not zero.

A mini-batch of them is written out as an ordinary array, so that a network computes the very same
outputs and gradients as from dense rows, while all samples together need little memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from networks.errors import NetworkError
from networks.functions import Array


class SparseRows:
    """Rows of *width* columns; row *i* has *values* at *columns* from ``starts[i]`` on.

    Raises NetworkError if the three arrays do not fit each other or *width*.
    """

    def __init__(
        self, columns: NDArray[np.int32], values: Array, starts: NDArray[np.int64], width: int
    ) -> None:
        fits = len(columns) == len(values) == starts[-1] and starts[0] == 0
        if not fits or np.any(np.diff(starts) < 0):
            raise NetworkError(
                f"{len(columns)} columns and {len(values)} values do not fill rows that end at "
                f"{starts[-1]}: give as many of each"
            )

        if len(columns) and not 0 <= np.min(columns) <= np.max(columns) < width:
            raise NetworkError(f"a column lies outside 0 to {width - 1}: give a larger width")

        self.columns = columns
        self.values = values
        self.starts = starts
        self.shape = (len(starts) - 1, width)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values, and of the arrays that rows become."""
        return self.values.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, row_slice: slice) -> Array:
        """Return the rows of *row_slice* as a dense array."""
        row_numbers = np.arange(*row_slice.indices(len(self)))
        dense = np.empty((len(row_numbers), self.shape[1]), self.dtype)
        return self.take(row_numbers, axis=0, out=dense)

    def take(self, row_numbers: Array, axis: int, out: Array, mode: str = "clip") -> Array:  # noqa: ARG002
        """Write the rows into *out* ``(rows, width)`` and return it, as an array's `take` does.

        *axis* is 0; *mode* is for rows out of range, which there must not be.
        """
        assert axis == 0, "a column is not together in memory"  # noqa: S101
        out.fill(0)
        places, lengths = self._find_entries(row_numbers)
        output_rows = np.repeat(np.arange(len(row_numbers)), lengths)
        out[output_rows, self.columns[places]] = self.values[places]
        return out

    def select(self, row_numbers: NDArray[np.int64]) -> SparseRows:
        """Return the rows of these numbers."""
        places, lengths = self._find_entries(row_numbers)
        starts = np.concatenate(([0], np.cumsum(lengths)))
        return SparseRows(self.columns[places], self.values[places], starts, self.shape[1])

    def multiply(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the product of the rows and *weights* ``(columns, outputs)``.

        Sums are made entry by entry, and are the same for any other rows beside.
        """
        row_numbers = self.number_entries()
        product = np.empty((len(self), weights.shape[1]))
        for output in range(weights.shape[1]):
            entries = self.values * weights[self.columns, output]
            product[:, output] = np.bincount(row_numbers, entries, len(self))

        return product

    def number_entries(self) -> NDArray[np.int64]:
        """Return the number of the row in which each entry stands."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def _find_entries(self, row_numbers: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of all entries of the rows, one row after the other, and its length."""
        entry_starts, entry_ends = self.starts[row_numbers], self.starts[row_numbers + 1]
        lengths = entry_ends - entry_starts
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1] if len(ends) else 0)
        places += np.repeat(entry_starts - (ends - lengths), lengths)
        return places, lengths
