"""The marks of rows of the table `periods`: one for each period and each of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.marks import Mark, name_row
from reports.stats.thresholds import FEW
from reports.words.periods import period_name
from reports.words.quantities import format_share, quantity, signed


def mark_counts(period_rows: Iterable[PeriodRow], unit: str) -> list[Mark]:
    """Return a mark for the mentions, or posts, of each counted period; *unit* is one of them."""
    marks = []
    for row in period_rows:
        if row.mentions is not None:
            said = quantity(row.mentions, unit) + _name_documents(row, unit)
            marks.append(_mark(row, "mentions", row.mentions, row.mentions, said))

    return marks


def mark_shares(period_rows: Iterable[PeriodRow]) -> list[Mark]:
    """Return a mark for the share of documents of each period that has one."""
    marks = []
    for row in period_rows:
        if row.mentions is not None and row.share is not None:
            said = f"{row.matched or 0:,} of {quantity(row.documents, 'document')}"
            said += f", {format_share(row.share)}"
            ends = row.share_low, row.share_high
            mark = _mark(row, "share", row.share, row.matched or 0, said, ends)
            marks.append(replace(mark, exported=row.exported_share))

    return marks


def mark_means(period_rows: Iterable[PeriodRow], unit: str) -> list[Mark]:
    """Return a mark for the mean polarity of each period that has one."""
    marks = []
    for row in period_rows:
        if row.polarity_mean is not None:
            n = row.scored_row.mentions or 0
            of_all = n if unit == "mention" else row.matched or n
            scored = "" if n == of_all else f"{n:,} scored of "
            said = f"mean polarity {signed(row.polarity_mean)} of {scored}{quantity(of_all, unit)}"
            said += _name_documents(row, unit)
            ends = row.polarity_low, row.polarity_high
            mark = _mark(row, "polarity_mean", row.polarity_mean, n, said, ends)
            marks.append(replace(mark, exported=row.exported_polarity))

    return marks


def _name_documents(row: PeriodRow, unit: str) -> str:
    """Say in how many documents mentions stand; a post is one."""
    return f" in {quantity(row.matched or 0, 'document')}" if unit == "mention" else ""


def fill_span(marks: Iterable[Mark], span: style.Range) -> list[Mark]:
    """Return a mark for each period of *span*; one without a value where there is none."""
    by_period = {mark.position: mark for mark in marks}
    return [by_period.get(period, Mark(position=period, value=None)) for period in span]


def _mark(  # noqa: PLR0917 - what a mark consists of
    row: PeriodRow,
    column: str,
    value: float,
    n: int,
    said: str,
    ends: Sequence[float | None] = (None, None),
) -> Mark:
    subject = f"@{row.handle}" if row.handle else row.keyword
    low, high = ends
    return Mark(
        position=row.period,
        value=value,
        low=low,
        high=high,
        n=n,
        is_few=n < FEW,
        title=f"{period_name(row.period, '%B %Y')}: {said}",
        row=name_row("periods", column, row.period, subject, row.term),
        documents=row.query if row.matched else None,
    )
