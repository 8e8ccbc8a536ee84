"""Accounts, searches or feeds beside each other: what they publish by period, and its polarity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from reports.data.period_gaps import cut_off, gaps
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.marks import Heat, Mark, Picture, label_columns
from reports.figures.period_marks import fill_span, mark_counts, mark_means
from reports.figures.sheet import HATCHED
from reports.figures.spec import FigureSpec
from reports.words.quantities import signed
from reports.words.scales import UNCHECKED, with_scale

# Each account has its rows.
RowsByAccount = Mapping[str, Sequence[PeriodRow]]


class Nouns(NamedTuple):
    """What the subjects of a run are called, and what one of their documents is."""

    subject: str
    document: str


def posts_spec(accounts: RowsByAccount, span: style.Range, nouns: Nouns) -> FigureSpec:
    """Declare the figure of each account's posts in each period."""
    heat = _heat(accounts, span, lambda rows: mark_counts(rows, nouns.document))
    cells = [mark.value or 0 for marks in heat.rows.values() for mark in marks]
    heat = replace(
        heat,
        title=f"{nouns.document.capitalize()}s per {span.grain}",
        high=max(cells, default=0) or 1,
    )
    return FigureSpec(
        name="accounts-posts",
        picture=Picture(panels=[heat]),
        alt=f"Heat chart: {nouns.document}s of each {nouns.subject} in each {span.grain}.",
        caption=f"A blank cell has no {nouns.document}.{_explain_gaps(accounts, nouns)}",
    )


def polarity_spec(accounts: RowsByAccount, span: style.Range, nouns: Nouns) -> FigureSpec | None:
    """Declare the figure of each account's mean polarity in each period."""
    heat = _heat(accounts, span, lambda rows: mark_means(rows, nouns.document))
    means = [abs(mark.value) for marks in heat.rows.values() for mark in marks if mark.value]
    if not means:
        return None

    heat = replace(
        heat,
        title=f"Mean polarity per {span.grain}",
        shades=style.BROWN_TO_BLUE,
        low=-max(means),
        high=max(means),
        format=signed,
    )
    without = "; reposts have none" if nouns.document == "post" else ""
    return FigureSpec(
        name="accounts-polarity-by-month",
        picture=Picture(panels=[heat]),
        alt=f"Heat chart: mean polarity of each {nouns.subject} in each {span.grain}.",
        caption=with_scale(
            f"Blue is positive, brown negative. A blank cell has no {nouns.document} with a "
            f"polarity{without}.{_explain_gaps(accounts, nouns)}",
            UNCHECKED,
        ),
    )


def _heat(
    accounts: RowsByAccount,
    span: style.Range,
    mark_rows: Callable[[Sequence[PeriodRow]], list[Mark]],
) -> Heat:
    """Return a row for each account, a cell for each period with a post."""
    rows, gaps_by_account, signs = {}, {}, {}
    for account, period_rows in accounts.items():
        daggers = set(cut_off(period_rows))
        marks = []
        for mark in fill_span(mark_rows(period_rows), span):
            sign = style.CUT_OFF if mark.position in daggers else ""
            marks.append(replace(mark, value=mark.value if mark.n else None, label=sign))

        rows[account] = marks
        counted = {row.period for row in period_rows} - set(gaps(period_rows))
        gaps_by_account[account] = [period for period in span if period not in counted]
        if daggers:
            signs["first or last days missing"] = style.CUT_OFF
        if gaps_by_account[account]:
            signs["no data"] = HATCHED

    columns = label_columns(span)
    return Heat(rows=rows, columns=columns, gaps=gaps_by_account, legend=signs)


def _explain_gaps(accounts: RowsByAccount, nouns: Nouns) -> str:
    if len(accounts) < 2:
        return ""

    return (
        f" A hatched one has no data: it lies before the first known {nouns.document}, after the "
        "last, or in a year or more without any."
    )
