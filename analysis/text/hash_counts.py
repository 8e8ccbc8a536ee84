"""Counts of hashes in a table of a fixed size: how often each came, at least."""

from __future__ import annotations

import numpy as np

from analysis.text.forms import Flags, Hashes

# The table has 2 to the power of this many counters, which take 32 MB.
_TABLE_BITS = 23


class HashCounts:
    """How often hashes came; too often where two have a counter in common."""

    def __init__(self) -> None:
        # An array of zeros takes memory where it is written to.
        self._counters = np.zeros(2**_TABLE_BITS, np.uint32)

    def add(self, hashes: Hashes) -> None:
        """Count *hashes*."""
        np.add.at(self._counters, _find_counters(hashes), np.uint32(1))

    def have(self, hashes: Hashes, fewest: int) -> Flags:
        """Return which of *hashes* may have come so often."""
        return self._counters[_find_counters(hashes)] >= fewest


def _find_counters(hashes: Hashes) -> Hashes:
    return hashes >> np.uint64(64 - _TABLE_BITS)
