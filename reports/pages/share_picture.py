"""The share of documents of each keyword over time, with which its page begins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.data.tables.periods import PeriodRow, read_series
from reports.data.variants import read_variants
from reports.figures.shares import SharePanel
from reports.pages.surprises import read_notes


def read_share_panels(
    run: RunData, series: Mapping[str, Sequence[PeriodRow]]
) -> dict[str, SharePanel]:
    """Return the panel of each keyword's *series*, with the shares without repeats beside them."""
    without_repeats = read_variants(run).without_repeats
    distinct: dict[str | None, dict[str, float]] = defaultdict(dict)
    if without_repeats is not None:
        for period_row in read_series(replace(without_repeats, grain=run.grain)):
            if period_row.term is None and period_row.share is not None:
                distinct[period_row.keyword][period_row.period] = period_row.share

    names, notes = read_names(run), read_notes(run)
    return {
        keyword: SharePanel(names[keyword], rows, distinct[keyword], notes.get(keyword, {}))
        for keyword, rows in series.items()
    }
