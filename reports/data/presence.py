"""When a section, kind or outlet is there: in which months it has documents as it usually has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from reports.data.daily_counts import IMPROBABLE_CLUSTERS
from reports.stats.dispersion import measure_index_of_dispersion

# A month with less than this part of what is usual has nearly none.
_NEARLY_NONE = 0.2
# Fewer documents in all show nothing.
_FEWEST_DOCUMENTS = 20
# A single month says little.
_FEWEST_MONTHS = 2
# What is absent more often comes and goes by its nature: with the school year, say.
_MOST_ABSENCES = 2

Months = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Presence:
    """A name that some months lack."""

    name: str
    documents: int

    # The first and the last month of each stretch in which it is there, and in which it is not.
    present: Sequence[Months]
    absent: Sequence[Months]

    # The documents in the months in which it is not there.
    documents_in_absence: int


def judge_presence(
    name: str, counts: Mapping[str, int], totals: Mapping[str, int]
) -> Presence | None:
    """Return in which months a name is there; None if it is always, or if nothing shows.

    *counts* are its documents by month, *totals* all documents of the months in their order. Usual
    is the median of its shares of months that have any of it. It is absent for two months or more
    that have less than a fifth of that, if so few are improbable: the expected number, divided by
    the index of dispersion of the other months, is above 6.9.
    """
    months = [month for month, total in totals.items() if total]
    shares = [counts[month] / totals[month] for month in months if counts.get(month)]
    if sum(counts.values()) < _FEWEST_DOCUMENTS or not shares:
        return None

    usual_share = median(shares)
    expected = {month: usual_share * totals[month] for month in months}
    lacking = [counts.get(month, 0) < _NEARLY_NONE * expected[month] for month in months]
    others = [month for month, is_lacking in zip(months, lacking, strict=True) if not is_lacking]
    dispersion = measure_index_of_dispersion(
        (counts.get(month, 0), expected[month]) for month in others
    )

    absent: list[list[int]] = []
    for stretch in _find_stretches(lacking):
        clusters = sum(expected[months[place]] for place in stretch) / dispersion
        if len(stretch) >= _FEWEST_MONTHS and clusters > IMPROBABLE_CLUSTERS:
            absent.append(stretch)

    if not 0 < len(absent) <= _MOST_ABSENCES:
        return None

    absent_places = {place for stretch in absent for place in stretch}
    present = _find_stretches([place not in absent_places for place in range(len(months))])
    return Presence(
        name,
        sum(counts.values()),
        [(months[stretch[0]], months[stretch[-1]]) for stretch in present],
        [(months[stretch[0]], months[stretch[-1]]) for stretch in absent],
        sum(counts.get(months[place], 0) for place in absent_places),
    )


def _find_stretches(marks: Sequence[bool]) -> list[list[int]]:
    """Return the places of each stretch of adjacent marks that are set."""
    stretches = []
    for mark, places in groupby(range(len(marks)), marks.__getitem__):
        if mark:
            stretches.append(list(places))

    return stretches
