"""What the front page of a run of months shows first: a picture and three sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from operator import attrgetter
from typing import Generic, TypeVar

from analysis import grains
from reports.data.block_intervals import use_block_intervals
from reports.data.period_counts import FEW, cut_off, gaps
from reports.data.run_data import RunData
from reports.data.tables.periods import PeriodRow, read_series
from reports.data.variants import read_variants
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.shares import Share, SharePanel, shares_specs
from reports.pages.repeats import ALL

T = TypeVar("T")

# The page begins with this many sentences.
LEADING = 3
# The page shows at most this many further sentences of a subject.
FURTHER = 3


@dataclass(frozen=True)
class SubjectSentences(Generic[T]):
    """The sentences about a subject that the front page shows further down."""

    shown: Sequence[T]

    # This many more are on the subject's own page.
    hidden: int


@dataclass(frozen=True)
class FrontSentences(Generic[T]):
    """The sentences of a front page: the leading ones, and the others by keyword."""

    leading: Sequence[T]
    by_subject: Mapping[str, SubjectSentences[T]]


def arrange_sentences(
    keyword_names: Sequence[str], sentences_of: Callable[[str], Sequence[T]]
) -> FrontSentences[T]:
    """Choose the sentences that the page begins with: the first of each subject in turn."""
    names = [*keyword_names, ALL]
    sentences = {name: list(sentences_of(name)) for name in names}
    turns = zip_longest(*sentences.values())
    in_turn = [sentence for sentence in chain.from_iterable(turns) if sentence is not None]
    leading = in_turn[:LEADING]

    by_subject = {}
    for name, subject_sentences in sentences.items():
        others = [sentence for sentence in subject_sentences if sentence not in leading]
        hidden = len(others) - FURTHER
        by_subject[name] = SubjectSentences(others[:FURTHER], max(0, hidden))
    return FrontSentences(leading, by_subject)


def draw_shares(
    run: RunData, series: Mapping[str, Sequence[PeriodRow]], span: style.Range, store: FigureStore
) -> list[FigureRef]:
    """Draw the shares of all keywords, for a page and for a phone; nothing if none is known."""
    variants = read_variants(run)
    distinct: dict[tuple[str | None, str], int] = {}
    if variants.without_families is not None:
        for period_row in read_series(replace(variants.without_families, grain=run.grain)):
            if period_row.term is None and period_row.matched is not None:
                distinct[period_row.keyword, period_row.period] = period_row.matched
    bulk = {grains.period_of(day, run.grain) for day in variants.bulk_days}

    panels = []
    for keyword_name, series_rows in series.items():
        rows = use_block_intervals(run, series_rows, run.grain)
        panels.append(_make_panel(keyword_name, rows, distinct, bulk))
    documents = sum(map(attrgetter("documents"), next(iter(series.values()), [])))
    specs = shares_specs(panels, span, documents)
    return store.show_all(*specs) if specs else []


def _make_panel(
    keyword_name: str,
    series_rows: Sequence[PeriodRow],
    distinct: Mapping[tuple[str | None, str], int],
    bulk: set[str],
) -> SharePanel:
    """Return a keyword's shares; *distinct* has the documents that match and are no repeats."""
    shares = []
    for row in series_rows:
        if row.share is None or row.matched is None or not row.documents:
            continue
        is_few = row.matched < FEW
        repeated = row.matched - distinct.get((row.keyword, row.period), row.matched)
        shares.append(
            Share(
                row.period,
                row.share,
                min(row.share, max(0, repeated) / row.documents),
                None if is_few else row.share_low,
                None if is_few else row.share_high,
            )
        )
    return SharePanel(
        keyword_name,
        tuple(shares),
        tuple(gaps(series_rows)),
        tuple(cut_off(series_rows)),
        tuple(row.period for row in series_rows if row.period in bulk),
    )
