"""A run without its families of repeated texts, and without its bulk days.

What a report states is computed on the run and on these variants: a fact that does not hold on one
of them is printed with both numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from analysis.text.near_duplicates import Pattern
from reports.data.bulk_days import find_bulk_days
from reports.data.repeats import read_patterns
from reports.data.run_data import RunData, Selection
from reports.data.selection import select_documents

# A family has at least so many documents; smaller patterns of texts change no figure.
FEWEST_OF_FAMILY = 5


@dataclass(frozen=True)
class Variants:
    """A run, and the same run without some documents; None where there are no such documents."""

    run: RunData

    # A share leaves out the repeats that mention its keyword, and no others.
    without_families: RunData | None

    without_bulk_days: RunData | None

    # The largest families come first.
    families: Sequence[Pattern]
    bulk_days: Sequence[date]


def read_variants(run: RunData) -> Variants:
    """Return the variants of a run; each is made once, so that what is read of it is kept."""
    return run.selected_readings.once(read_variants, lambda: _make_variants(run))


def _make_variants(run: RunData) -> Variants:
    patterns = read_patterns(run)
    places = patterns.places_of_size(FEWEST_OF_FAMILY)
    bulk_days = find_bulk_days(run)
    without_families = without_bulk_days = None
    if places:
        selection = run.selection | Selection(places=frozenset(places))
        without_families = replace(select_documents(run, selection), whole_run=run)

    if bulk_days:
        selection = run.selection | Selection(days=bulk_days)
        without_bulk_days = select_documents(run, selection)

    families = [patterns.patterns[place] for place in places if place < len(patterns.patterns)]
    return Variants(run, without_families, without_bulk_days, families, sorted(bulk_days))
