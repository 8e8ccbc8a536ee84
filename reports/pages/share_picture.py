"""The picture that a front page begins with: the share of documents of each keyword over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from analysis import grains
from reports.data.period_counts import cut_off, gaps
from reports.data.run_data import RunData
from reports.data.tables.periods import PeriodRow, read_series
from reports.data.variants import read_variants
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.shares import Share, SharePanel, shares_specs


def draw_share_picture(
    run: RunData, series: Mapping[str, Sequence[PeriodRow]], span: style.Range, store: FigureStore
) -> list[FigureRef]:
    """Draw the shares of all keywords, for a page and for a phone; nothing if none is known."""
    variants = read_variants(run)
    distinct: dict[tuple[str | None, str], float] = {}
    if variants.without_repeats is not None:
        for period_row in read_series(replace(variants.without_repeats, grain=run.grain)):
            if period_row.term is None and period_row.share is not None:
                distinct[period_row.keyword, period_row.period] = period_row.share

    bulk = {grains.period_of(day, run.grain) for day in variants.bulk_days}

    panels = []
    for keyword_name, series_rows in series.items():
        panels.append(_make_panel(keyword_name, series_rows, distinct, bulk))

    documents = sum(map(attrgetter("documents"), next(iter(series.values()), [])))
    specs = shares_specs(panels, span, documents)
    return store.show_all(*specs) if specs else []


def _make_panel(
    keyword_name: str,
    series_rows: Sequence[PeriodRow],
    distinct: Mapping[tuple[str | None, str], float],
    bulk: set[str],
) -> SharePanel:
    """Return a keyword's shares; *distinct* has those without repeats."""
    shares = []
    for row in series_rows:
        if row.share is not None:
            key = row.keyword, row.period
            shares.append(Share(row.period, row.share, distinct.get(key, row.share)))

    return SharePanel(
        keyword_name,
        tuple(shares),
        tuple(gaps(series_rows)),
        tuple(cut_off(series_rows)),
        tuple(row.period for row in series_rows if row.period in bulk),
    )
