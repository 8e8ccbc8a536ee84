"""A run without its repeated texts, and without its bulk days.

What a report states is computed on the run and on these variants: a fact that does not hold on one
of them is printed with both numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from reports.data.bulk_days import find_bulk_days
from reports.data.repeats import read_families
from reports.data.run_data import RunData, Selection


@dataclass(frozen=True)
class Variants:
    """A run, and the same run without some documents; None where there are no such documents."""

    run: RunData

    # What `--distinct` counts.
    without_repeats: RunData | None

    without_bulk_days: RunData | None
    bulk_days: Sequence[date]


def read_variants(run: RunData) -> Variants:
    """Return the variants of a run, which share what is read of the run."""
    bulk_days = find_bulk_days(run)
    without_repeats = without_bulk_days = None
    if not run.selection.distinct and any(
        read_families(run, job)["is_repeat"].any() for job in run.jobs
    ):
        without_repeats = replace(run, selection=run.selection | Selection(distinct=True))

    if bulk_days:
        without_bulk_days = replace(run, selection=run.selection | Selection(days=bulk_days))

    return Variants(run, without_repeats, without_bulk_days, sorted(bulk_days))
