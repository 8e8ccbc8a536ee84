"""What people say of a search by a machine: how much of what they would find it has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.stats.coded_shares import estimate_precision, estimate_recall
from reports.stats.coded_strata import CodedStratum
from reports.stats.estimates import Estimate


@dataclass(frozen=True)
class SearchCheck:
    """What people say of a random part of what a model read, and of what it did not read.

    *precision* is the share of what it found that people put into the category, too, *recall* the
    share of all that people would put there that it found; None where too little was read.
    """

    read: int
    precision: Estimate | None
    recall: Estimate | None

    @classmethod
    def of(cls, strata: Sequence[CodedStratum]) -> SearchCheck:
        """Return what the codes of *strata* say: what was found is of the kind `MENTION`."""
        read = sum(len(stratum.codes) for stratum in strata)
        return cls(read, estimate_precision(strata), estimate_recall(strata))
