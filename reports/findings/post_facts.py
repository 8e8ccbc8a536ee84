"""Facts about the posts of accounts and searches: when most were written, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.grains import count_days
from analysis.kinds.searches import Searches
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Fact
from reports.findings.mood_facts import find_mood_facts
from reports.stats.thresholds import LEAST_RATIO


@dataclass(frozen=True)
class PostRate:
    """The posts of a period, or those of an account or search by its title."""

    posts: int
    days: int
    period: str = ""
    title: str = ""

    @property
    def a_day(self) -> float:
        """The posts a day."""
        return self.posts / self.days


def find_post_facts(
    title: str, month_rows: Sequence[PeriodRow], engines: Sequence[str] = (), noun: str = "post"
) -> list[Fact]:
    """Return the facts about an account, or a search, by its title, the most interesting first.

    *noun* is what one of its documents is called.
    """
    is_search, name = title.startswith(Searches.prefix), title.removeprefix(Searches.prefix)
    posts = f"{noun}s of “{name}”" if is_search else f"{noun}s of {title}"
    figures = {"is_search": is_search, "name": name, "noun": noun}
    facts = [
        *_find_busiest(_list_rates(month_rows), figures),
        *find_mood_facts(posts, month_rows, noun, engines),
    ]
    return sorted(facts, key=lambda fact: -fact.interest)


def find_account_facts(
    rows_by_account: Mapping[str, Sequence[PeriodRow]],
    subjects: str = "accounts",
    noun: str = "post",
) -> list[Fact]:
    """Return the account, or search, with most posts, and how many have none.

    *subjects* is what they are called, *noun* what one of their documents is.

    Accounts are compared in the months that all of them cover whole. Their moods are not compared:
    an engine's scores differ by names and by style.
    """
    posting = {account: rows for account, rows in rows_by_account.items() if rows}
    silent = len(rows_by_account) - len(posting)
    nouns = {"subjects": subjects, "noun": noun, "has_reposts": noun == "post"}
    facts = _find_most(posting, {"are_all": not silent, **nouns})
    if silent and posting:
        figures = {"silent": silent, "accounts": len(rows_by_account), **nouns}
        facts.append(Fact("silent accounts", "", ("silent",), (silent,), figures))

    return facts


def _find_busiest(rates: Sequence[PostRate], said: Mapping[str, Any]) -> list[Fact]:
    """Return the period with most posts a day, beside all; *said* are figures of the sentence."""
    ranked = sorted(rates, key=lambda rate: (-rate.a_day, rate.period))
    days = sum(rate.days for rate in rates)
    average = sum(rate.posts for rate in rates) / max(1, days)
    if len(ranked) < 2 or ranked[0].a_day <= LEAST_RATIO * average:
        return []

    top = ranked[0]
    figures = {**said, "top": top, "average": average}
    answer, counts = (top.period,), (top.posts,)
    interest = 0.6 * (1 - average / top.a_day)
    kind = "busiest period"
    return [
        Fact(kind, said["name"], ("busiest",), answer, figures, counts=counts, interest=interest)
    ]


def _list_rates(month_rows: Sequence[PeriodRow]) -> list[PostRate]:
    return [
        PostRate(row.mentions, count_days(row.period), row.period)
        for row in month_rows
        if row.mentions is not None and not row.cut_off
    ]


def _find_most(
    rows_by_account: Mapping[str, Sequence[PeriodRow]], said: Mapping[str, Any]
) -> list[Fact]:
    """Return the account with most posts a day in the months that all accounts cover whole.

    *said* are figures of the sentence.
    """
    rates_by_account = {account: _list_rates(rows) for account, rows in rows_by_account.items()}
    periods = [{rate.period for rate in rates} for rates in rates_by_account.values()]
    common = set.intersection(*periods) if len(periods) > 1 else set()
    if not common:
        return []

    totals = []
    for account, rates in rates_by_account.items():
        counted = [rate for rate in rates if rate.period in common]
        posts, days = sum(rate.posts for rate in counted), sum(rate.days for rate in counted)
        totals.append(PostRate(posts, days, title=account))

    most, second, *_ = sorted(totals, key=lambda rate: (-rate.a_day, rate.title))
    if most.posts == second.posts:
        return []

    figures = {**said, "most": most, "second": second, "periods": sorted(common)}
    topic, counts = ("most posts",), (most.posts,)
    return [Fact("most posts", "", topic, (most.title,), figures, counts=counts, interest=0.9)]
