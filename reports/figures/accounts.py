"""Accounts, searches or feeds beside each other: what they publish by period, and its polarity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from reports.data.period_counts import cut_off, gaps
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.dots import draw_dots
from reports.figures.marks import (
    Axis,
    Chart,
    Heat,
    Layer,
    Mark,
    Picture,
    label_columns,
    name_row,
)
from reports.figures.period_marks import fill_span, mark_counts, mark_means
from reports.figures.polarity import signed_tick
from reports.figures.sheet import HATCHED
from reports.figures.spec import FigureSpec
from reports.words.document_queries import DocumentQuery
from reports.words.quantities import quantity, signed
from reports.words.scales import UNCHECKED, with_scale

# Each account has its rows.
RowsByAccount = Mapping[str, Sequence[PeriodRow]]


class Nouns(NamedTuple):
    """What the subjects of a run are called, and what one of their documents is."""

    subject: str
    document: str


@dataclass(frozen=True)
class Account:
    """One account or search: *n* posts, the mean polarity of the scored ones, its interval."""

    name: str
    n: int

    # Reposts are not scored.
    scored: int
    mean: float | None
    low: float | None
    high: float | None

    documents: DocumentQuery | None = None


def means_spec(accounts: Sequence[Account], nouns: Nouns) -> FigureSpec | None:
    """Declare the figure of the accounts' mean polarities."""
    if not any(account.mean is not None for account in accounts):
        return None

    chart = Chart(
        layers=[Layer(draw=draw_dots, marks=[_mark(account, nouns) for account in accounts])],
        title=f"Mean polarity by {nouns.subject}",
        sub="lines: 95 % t interval",
        names=[_name(account) for account in accounts],
        values=Axis(name=f"mean polarity of {nouns.document}s (\u22121 to 1)", format=signed_tick),
    )
    return FigureSpec(
        name="accounts-polarity",
        picture=Picture(panels=[chart]),
        alt=f"Dots: mean polarity of each {nouns.subject}'s {nouns.document}s, with its interval. "
        "The numbers are in the table.",
        caption=with_scale(
            f"Each over all its {nouns.document}s. Hollow: n < 5. Scores differ by names and by "
            "style, so that a difference between two says nothing of their moods.",
            UNCHECKED,
        ),
    )


def _name(account: Account) -> str:
    return f"{account.name}  n = {account.scored:,}"


def _mark(account: Account, nouns: Nouns) -> Mark:
    mean = "no polarity" if account.mean is None else f"mean polarity {signed(account.mean)}"
    return Mark(
        position=_name(account),
        value=account.mean,
        low=None if account.low is None else max(-1.0, account.low),
        high=None if account.high is None else min(1.0, account.high),
        n=account.scored,
        is_few=account.scored < style.FEW,
        title=f"{account.name}: {mean} of {account.scored:,} scored of "
        f"{quantity(account.n, nouns.document)}",
        row=name_row("accounts", "polarity", account.name),
        documents=account.documents,
    )


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
    return FigureSpec(
        name="accounts-polarity-by-month",
        picture=Picture(panels=[heat]),
        alt=f"Heat chart: mean polarity of each {nouns.subject} in each {span.grain}.",
        caption=with_scale(
            f"Blue is positive, brown negative. A blank cell has no {nouns.document} with a "
            f"polarity; reposts have none.{_explain_gaps(accounts, nouns)}",
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
