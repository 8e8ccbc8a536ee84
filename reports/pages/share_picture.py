"""The picture that a page begins with: the share of documents of each keyword over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports.data.period_counts import sum_matched
from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.data.tables.periods import PeriodRow, read_series
from reports.data.variants import read_variants
from reports.figures import style
from reports.figures.shares import SharePanel, shares_spec
from reports.figures.spec import FigureSpec
from reports.pages.surprises import read_notes


@dataclass(frozen=True)
class SharePicture:
    """The shares of a run's keywords, with those without repeats."""

    # By the name of the keyword.
    panels: Mapping[str, SharePanel]
    span: style.Range

    def of(self, keyword_name: str) -> SharePicture:
        """Return the picture of one keyword."""
        return replace(self, panels={keyword_name: self.panels[keyword_name]})

    def limit(self, most: int) -> SharePicture:
        """Return the picture of at most so many keywords, those in most documents."""
        ranked = sorted(self.panels, key=lambda name: -sum_matched(self.panels[name].rows))
        chosen = {name: self.panels[name] for name in self.panels if name in ranked[:most]}
        return replace(self, panels=chosen)

    def declare(self, name: str) -> FigureSpec | None:
        """Declare the figure of that *name*; None if no share is known."""
        spec = shares_spec(list(self.panels.values()), self.span)
        return spec and replace(spec, name=name)


def read_share_picture(
    run: RunData, series: Mapping[str, Sequence[PeriodRow]], span: style.Range
) -> SharePicture:
    """Read the shares without repeats beside the *series* of each keyword."""
    without_repeats = read_variants(run).without_repeats
    distinct: dict[str | None, dict[str, float]] = defaultdict(dict)
    if without_repeats is not None:
        for period_row in read_series(replace(without_repeats, grain=run.grain)):
            if period_row.term is None and period_row.share is not None:
                distinct[period_row.keyword][period_row.period] = period_row.share

    names, notes = read_names(run), read_notes(run)
    panels = {
        keyword: SharePanel(names[keyword], rows, distinct[keyword], notes.get(keyword, {}))
        for keyword, rows in series.items()
    }
    return SharePicture(panels, span)
