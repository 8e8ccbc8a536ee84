"""How many labels each coder gave, and how far they agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from reports.data.run_data import RunData
from reports.data.tables.labels import read_labels
from reports.stats.agreement import krippendorff_alpha


@dataclass(frozen=True)
class LabelCounts:
    """Labels by coder, skipped mentions left out; *shared* mentions have those of several."""

    by_coder: dict[str, int]
    shared: int
    alpha: float | None


def count_labels(data: RunData) -> LabelCounts:
    """Count the labels of a run and measure the agreement of its coders."""
    by_coder = Counter[str]()
    units: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for row in read_labels(data):
        if row.label is not None:
            by_coder[row.coder] += 1
            units[row.document, row.keyword, row.position].append(row.label)

    shared = sum(len(labels) > 1 for labels in units.values())
    return LabelCounts(dict(sorted(by_coder.items())), shared, krippendorff_alpha(units.values()))
