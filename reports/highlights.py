"""What the numbers of a run say, in at most three sentences that the numbers carry, and no more than they carry."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from reports import statistics
from reports.figures.accounts import Account
from reports.figures.series import counted as known
from reports.figures.style import FEW, month_name, signed
from reports.figures.terms import changes_of_wording
from reports.tables.periods import PeriodRow


def keyword_highlights(
    subject: str, rows: Sequence[PeriodRow], by_term: Mapping[str, Sequence[PeriodRow]]
) -> list[str]:
    """Findings on one keyword: its peak, its mood, its words. Fewer than three where the numbers carry fewer."""
    found = [
        _peak(subject, rows),
        _extremes_of_mood(subject, rows),
        _wording(by_term),
        _first(subject, rows),
    ]
    return [sentence for sentence in found if sentence][:3]


def handle_highlights(
    subject: str, rows: Sequence[PeriodRow], moods: Sequence[PeriodRow]
) -> list[str]:
    """Findings on the posts of one account or search; *moods* are the same rows with the number of scored posts."""
    counted = known(rows)
    if not counted:
        return []
    most = max(counted, key=lambda row: row.mentions)
    sentences = [
        f"{subject} posted most in {month_name(most.period, '%B %Y')}: {most.mentions:,} posts."
        if most.mentions
        else "",
        _extremes_of_mood(subject, moods),
    ]
    return [sentence for sentence in sentences if sentence]


def account_highlights(accounts: Sequence[Account]) -> list[str]:
    """Findings on several accounts: who posts most, and whether they sound different."""
    posting = [account for account in accounts if account.n]
    if len(posting) < 2:
        return []
    most = max(posting, key=lambda account: account.n)
    total = sum(account.n for account in posting)
    found = [f"{most.name} has most posts: {most.n:,} of {total:,}."]
    moods = [
        mood
        for mood in (_mood(a.name, a.scored, a.mean, a.low, a.high) for a in posting)
        if mood is not None
    ]
    if len(moods) > 1:
        found.append(
            _apart("The accounts sound different, by", "There is no difference in mood", moods)
        )
    silent = len(accounts) - len(posting)
    return (
        [*found, f"{silent} of {len(accounts)} have no posts; why stands in the table."]
        if silent
        else found
    )


def _peak(subject: str, rows: Sequence[PeriodRow]) -> str:
    counted = [row for row in known(rows) if row.share is not None]
    if not counted or not any(row.mentions for row in counted):
        return (
            f"No document mentions {subject} in the months that were read: a true zero."
            if counted
            else ""
        )
    most = max(counted, key=lambda row: row.share or 0)
    return (
        f"{subject} stood out most in {month_name(most.period, '%B %Y')}: {most.matched:,} of {most.documents:,} "
        f"documents mention it, {_percent(most.share)} (95 % interval {_percent(most.low)} to {_percent(most.high)})."
    )


def _extremes_of_mood(subject: str, rows: Sequence[PeriodRow]) -> str:
    """The brightest and the darkest month; said to differ only where chance among so many months does not explain it.

    A z test of the two means at 5 %, divided by the number of pairs of months one could have picked (Bonferroni).
    """
    found = [
        _mood(
            month_name(r.period, "%B %Y"),
            r.mentions or 0,
            r.polarity_mean,
            r.polarity_low,
            r.polarity_high,
        )
        for r in rows
    ]
    sure = [mood for mood in found if mood is not None]
    if len(sure) < 2:
        return ""
    return _apart(
        f"The mood around {subject} moved", f"The mood around {subject} shows no change", sure
    )


def _apart(differs: str, does_not: str, moods: Sequence[_Mood]) -> str:
    best, worst = max(moods, key=lambda mood: mood.mean), min(moods, key=lambda mood: mood.mean)
    pairs = len(moods) * (len(moods) - 1) / 2
    needed = NormalDist().inv_cdf(1 - 0.025 / pairs) * math.hypot(best.error, worst.error)
    both = f"{best} the highest, {worst} the lowest"
    if best.mean - worst.mean > needed:
        return f"{differs} more than chance explains: {both}."
    return f"{does_not} that chance could not explain: {both}."


@dataclass(frozen=True)
class _Mood:
    name: str
    mean: float
    error: float  # standard error of the mean
    n: int

    def __str__(self) -> str:
        return f"{self.name} has {signed(self.mean)} (n = {self.n:,})"


def _mood(
    name: str, n: int, mean: float | None, low: float | None, high: float | None
) -> _Mood | None:
    if n < FEW or mean is None or low is None or high is None:
        return None
    return _Mood(name, mean, (high - low) / 2 / statistics.t_quantile(n - 1), n)


def _wording(by_term: Mapping[str, Sequence[PeriodRow]]) -> str:
    changes = changes_of_wording(by_term)
    if not changes:
        return _gain(by_term)
    last = changes[-1]
    return (
        f"The wording changed: from {month_name(last.period, '%B %Y')} on “{last.after}” is said more often than "
        f"“{last.before}”."
    )


def _gain(by_term: Mapping[str, Sequence[PeriodRow]]) -> str:
    """The term that gained most of the mentions from the first month to the last, where chance does not explain it.

    A z test of two shares at 5 %, divided by the number of terms (Bonferroni).
    """
    counts = {
        term: {row.period: row.mentions for row in known(rows)} for term, rows in by_term.items()
    }
    totals = Counter[str]()
    for of_term in counts.values():
        totals.update(of_term)
    months = sorted(period for period, n in totals.items() if n >= FEW)
    if len(months) < 2:
        return ""
    first, last = months[0], months[-1]

    def gain(term: str) -> float:
        return counts[term].get(last, 0) / totals[last] - counts[term].get(first, 0) / totals[first]

    term = max(sorted(counts), key=gain)
    before, after = counts[term].get(first, 0), counts[term].get(last, 0)
    pooled = (before + after) / (totals[first] + totals[last])
    error = math.sqrt(pooled * (1 - pooled) * (1 / totals[first] + 1 / totals[last]))
    if gain(term) <= NormalDist().inv_cdf(1 - 0.025 / len(counts)) * error:
        return ""
    return (
        f"Of the words for it “{term}” gained most: {before:,} of {totals[first]:,} mentions in "
        f"{month_name(first, '%B %Y')}, {after:,} of {totals[last]:,} in {month_name(last, '%B %Y')}."
    )


def _first(subject: str, rows: Sequence[PeriodRow]) -> str:
    counted = known(rows)
    first = next((row for row in counted if row.mentions), None)
    if first is None or first is counted[0]:
        return ""
    before = sum(row.documents for row in counted if row.period < first.period)
    if not before:
        return ""
    return (
        f"{subject} is first mentioned in {month_name(first.period, '%B %Y')}; the {before:,} documents of the months "
        f"before hold it nowhere."
    )


def _percent(share: float | None) -> str:
    value = 100 * (share or 0)
    return f"{value:.1f} %" if value >= 0.1 or value == 0 else f"{value:.2f} %"
