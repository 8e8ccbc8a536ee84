"""Facts about the posts of accounts and searches: when most were written, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.grains import count_days, grain_of
from analysis.kinds.searches import Searches
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Finding, fact
from reports.findings.mood_facts import state_mood
from reports.words.periods import name_stretch, period_name
from reports.words.quantities import quantity


@dataclass(frozen=True)
class Rate:
    """The posts of a number of days."""

    # A period, or the title of an account or search.
    label: str

    posts: int
    days: int

    @property
    def a_day(self) -> float:
        """The posts a day."""
        return self.posts / self.days


def state_posts(
    title: str,
    month_rows: Sequence[PeriodRow],
    scored_rows: Sequence[PeriodRow],
    engines: Sequence[str] = (),
) -> list[Finding]:
    """Return the facts about an account, or a search, by its *title*, the most interesting first.

    *scored_rows* are the same rows with the number of posts that have a polarity.
    """
    subject = f"“{_searched_term(title)}”" if _is_search(title) else title
    facts = [
        *_state_busiest(title, _list_rates(month_rows)),
        *state_mood(f"posts of {subject}", scored_rows, "post", engines),
    ]
    return sorted(facts, key=lambda fact: -fact.interest)


def state_accounts(rows_by_account: Mapping[str, Sequence[PeriodRow]]) -> list[Finding]:
    """Name the account, or search, with most posts, and how many have none.

    Accounts are compared in the months that all of them cover whole. Their moods are not compared:
    an engine's scores differ by names and by style.
    """
    posting = {account: rows for account, rows in rows_by_account.items() if rows}
    facts = _state_most(posting, are_all=len(posting) == len(rows_by_account))
    silent = len(rows_by_account) - len(posting)
    if silent and posting:
        verb = "has" if silent == 1 else "have"
        text = f"{silent} of {len(rows_by_account)} {verb} no posts; the table says why."
        facts.append(fact(("silent",), (silent,), text))

    return facts


def _state_busiest(title: str, rates: Sequence[Rate]) -> list[Finding]:
    ranked = sorted(rates, key=lambda rate: (-rate.a_day, rate.label))
    if len(ranked) < 2 or not ranked[0].posts:
        return []

    busiest, following, quietest = ranked[0], ranked[1], ranked[-1]
    grain = grain_of(busiest.label)
    lead = f"{title} posted most"
    if _is_search(title):
        lead = f"Most was posted on “{_searched_term(title)}”"

    n_lowest = sum(rate.a_day == quietest.a_day for rate in ranked)
    low_months = _month(quietest) if n_lowest == 1 else quantity(n_lowest, grain)
    fewest = f"fewest in {low_months} with {quietest.a_day:.1f}"
    if not quietest.posts:
        fewest = f"none in {low_months}"

    comparison = f"next is {_month(following)} with {following.a_day:.1f}, {fewest}"
    if len(ranked) == 2:
        comparison = f"{_month(following)} has {following.a_day:.1f}"

    counted = f"{quantity(busiest.posts, 'post')}, {busiest.a_day:.1f} a day"
    if following.a_day == busiest.a_day:
        comparison = f"{_month(following)} has as many a day"

    text = f"{lead} in {_month(busiest)} of {len(ranked)} whole {grain}s: {counted}; {comparison}."
    clause = f"it is most in {_month(busiest)}: {counted}"
    interest = 0.4 + 0.6 * (1 - following.a_day / busiest.a_day)
    answer, counts = (busiest.label,), (busiest.posts,)
    return [fact(("busiest",), answer, text, clause=clause, counts=counts, interest=interest)]


def _list_rates(month_rows: Sequence[PeriodRow]) -> list[Rate]:
    rates = []
    for month_row in month_rows:
        if month_row.mentions is not None and not month_row.cut_off:
            days = count_days(month_row.period)
            rates.append(Rate(month_row.period, month_row.mentions, days))

    return rates


def _state_most(
    rows_by_account: Mapping[str, Sequence[PeriodRow]], *, are_all: bool
) -> list[Finding]:
    """Name the account with most posts a day in the months that all accounts cover whole."""
    rates_by_account = {account: _list_rates(rows) for account, rows in rows_by_account.items()}
    periods = [{rate.label for rate in rates} for rates in rates_by_account.values()]
    common = set.intersection(*periods) if len(periods) > 1 else set()
    if not common:
        return []

    totals = []
    for account, rates in rates_by_account.items():
        counted = [rate for rate in rates if rate.label in common]
        posts, days = sum(rate.posts for rate in counted), sum(rate.days for rate in counted)
        totals.append(Rate(account, posts, days))

    most, following, *_ = sorted(totals, key=lambda rate: (-rate.a_day, rate.label))
    if most.posts == following.posts:
        return []

    statement = f"{most.label} posts more than {following.label}"
    against = f"against {following.a_day:.1f}"
    if len(totals) > 2:
        statement = f"{most.label} posts most of {len(totals)}"
        against = f"against {following.a_day:.1f} of {following.label}, the next"

    span = name_stretch(min(common), max(common), "%B %Y")
    months = quantity(len(common), grain_of(min(common)))
    everybody = "both" if len(totals) == 2 else "all"
    if not are_all:
        everybody = "those with posts"

    text = (
        f"{statement}: {most.a_day:.1f} posts a day {against}, in the {months} that "
        f"{'is' if len(common) == 1 else 'are'} complete for {everybody} ({span}). Reposts count."
    )
    clause = f"{most.label} posts most, {most.a_day:.1f} a day"
    answer, counts = (most.label,), (most.posts,)
    return [fact(("most posts",), answer, text, clause=clause, counts=counts, interest=0.9)]


def _month(rate: Rate) -> str:
    return period_name(rate.label, "%B %Y")


def _is_search(title: str) -> bool:
    return title.startswith(Searches.prefix)


def _searched_term(title: str) -> str:
    return title.removeprefix(Searches.prefix)
