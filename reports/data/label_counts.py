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


def count_labels(run: RunData) -> LabelCounts:
    """Count the labels of a run and measure the agreement of its coders."""
    label_counts = Counter[str]()
    units: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for mention_label in read_labels(run):
        if mention_label.label is not None:
            label_counts[mention_label.coder] += 1
            units[mention_label.document, mention_label.keyword, mention_label.position].append(
                mention_label.label
            )

    shared = sum(len(labels) > 1 for labels in units.values())
    return LabelCounts(
        dict(sorted(label_counts.items())), shared, krippendorff_alpha(units.values())
    )
