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
        entry_starts, entry_ends = self.starts[row_numbers], self.starts[row_numbers + 1]
        lengths = entry_ends - entry_starts
        ends = np.cumsum(lengths)
        # These are the places of all entries of the rows, one row after the other.
        places = np.arange(ends[-1] if len(ends) else 0)
        places += np.repeat(entry_starts - (ends - lengths), lengths)
        output_rows = np.repeat(np.arange(len(row_numbers)), lengths)
        out[output_rows, self.columns[places]] = self.values[places]
        return out
