"""What the numbers of a run say, in at most three sentences that say no more than the numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import NormalDist

from reports import statistics
from reports.figures.accounts import Account
from reports.figures.series import count_months, mentions_by_month
from reports.figures.style import FEW, month_name, signed
from reports.figures.terms import changes_of_wording
from reports.tables.periods import PeriodRow
from reports.words import format_share, quantity

SEARCH = "search:"  # how the jobs of searches are named


def keyword_highlights(
    subject: str, rows: Sequence[PeriodRow], by_term: Mapping[str, Sequence[PeriodRow]]
) -> list[str]:
    """Describe a keyword by its peak, its polarity and its wording; fewer where numbers are few."""
    sentences = (
        _describe_peak(subject, rows),
        _describe_polarity(f"around {subject}", rows),
        _describe_wording(by_term),
        _describe_first_mention(subject, rows),
    )
    return list(filter(None, sentences))[:3]


def handle_highlights(
    name: str, rows: Sequence[PeriodRow], scored_rows: Sequence[PeriodRow]
) -> list[str]:
    """Describe the posts of the account or search that the job *name* is about.

    *scored_rows* are the same rows with the number of posts that have a polarity.
    """
    counted = count_months(rows)
    if not counted:
        return []
    most = max(counted, key=attrgetter("mentions"))
    posts, month = quantity(most.mentions, "post"), _month(most.period)
    peak, mood = f"{name} posted most in {month}: {posts}.", f"of the posts of {name}"
    if name.startswith(SEARCH):
        term = f"“{name.removeprefix(SEARCH)}”"
        peak, mood = f"Most is posted on {term} in {month}: {posts}.", f"of the posts on {term}"
    sentences = (peak if most.mentions else "", _describe_polarity(mood, scored_rows))
    return list(filter(None, sentences))


def account_highlights(accounts: Sequence[Account]) -> list[str]:
    """Compare accounts: which posts most, and whether their mean polarities differ."""
    posting = list(filter(attrgetter("n"), accounts))
    if len(posting) < 2:
        return []
    most = max(posting, key=attrgetter("n"))
    total = sum(map(attrgetter("n"), posting))
    sentences = [f"{most.name} has the most posts: {most.n:,} of {total:,}."]

    means = _reliable_means(map(attrgetter("name", "scored", "mean", "low", "high"), posting))
    if len(means) > 1:
        who = "The searches" if most.name.startswith(SEARCH) else "The accounts"
        different, equal = f"{who} differ in mood", f"{who} show no difference in mood"
        sentences.append(_compare_extremes(different, equal, "for", means))
    silent = len(accounts) - len(posting)
    if silent:
        verb = "has" if silent == 1 else "have"
        sentences.append(f"{silent} of {len(accounts)} {verb} no posts; the table says why.")
    return sentences


def _describe_peak(subject: str, rows: Sequence[PeriodRow]) -> str:
    counted = [row for row in count_months(rows) if row.share is not None]
    if not counted:
        return ""
    if not any(map(attrgetter("mentions"), counted)):
        return f"No document mentions {subject} in the months that were read: a true zero."

    most = max(counted, key=attrgetter("share"))
    interval = f"95 % interval {format_share(most.low)} to {format_share(most.high)}"
    verb = "mentions" if most.matched == 1 else "mention"
    documents = quantity(most.documents, "document")
    return (
        f"{subject} stood out most in {_month(most.period)}: {most.matched:,} of {documents} "
        f"{verb} it, {format_share(most.share)} ({interval})."
    )


def _describe_polarity(whose: str, rows: Sequence[PeriodRow]) -> str:
    """Name the months of highest and lowest polarity, and whether they differ significantly."""
    means = _reliable_means(
        (_month(r.period), r.mentions or 0, r.polarity_mean, r.polarity_low, r.polarity_high)
        for r in rows
    )
    if len(means) < 2:
        return ""
    mood = f"The mood {whose}"
    return _compare_extremes(f"{mood} changed", f"{mood} shows no change", "in", means)


def _compare_extremes(different: str, equal: str, preposition: str, means: Sequence[_Mean]) -> str:
    """Compare the highest and the lowest mean, which are those *in* a month or *for* an account.

    A z test of the two means at 5 %, divided by the number of pairs one could have picked
    (Bonferroni).
    """
    best, worst = max(means, key=attrgetter("mean")), min(means, key=attrgetter("mean"))
    pairs = math.comb(len(means), 2)
    needed = NormalDist().inv_cdf(1 - 0.025 / pairs) * math.hypot(best.error, worst.error)
    both = f"highest {preposition} {best}, lowest {preposition} {worst}"
    if best.mean - worst.mean > needed:
        return f"{different} by more than chance explains: {both}."
    return f"{equal} beyond chance: {both}."


@dataclass(frozen=True)
class _Mean:
    """A mean polarity of at least `FEW` values."""

    name: str
    mean: float
    error: float  # standard error of the mean
    n: int

    def __str__(self) -> str:
        return f"{self.name} ({signed(self.mean)}, n = {self.n:,})"


def _reliable_means(
    figures: Iterable[tuple[str, int, float | None, float | None, float | None]],
) -> list[_Mean]:
    """Return the means of (name, n, mean, low, high) that have enough values and an interval.

    A mean whose interval is the whole scale says nothing.
    """
    means = []
    for name, n, mean, low, high in figures:
        if n < FEW or mean is None or low is None or high is None:
            continue
        half = max(mean - low, high - mean)  # one end may be cut at -1 or 1
        if (low, high) != (-1.0, 1.0):
            means.append(_Mean(name, mean, half / statistics.t_quantile(n - 1), n))
    return means


def _describe_wording(by_term: Mapping[str, Sequence[PeriodRow]]) -> str:
    changes = changes_of_wording(by_term)
    if not changes:
        return _describe_gain(by_term)
    last = changes[-1]
    return (
        f"The wording changed: from {_month(last.period)} on “{last.after}” is said more often "
        f"than “{last.before}”."
    )


def _describe_gain(by_term: Mapping[str, Sequence[PeriodRow]]) -> str:
    """Name the term whose share of the mentions grew most from the first month to the last.

    A z test of two shares at 5 %, divided by the number of terms (Bonferroni).
    """
    counts: dict[str, Counter[str]] = {}
    for term, rows in by_term.items():
        counts[term] = Counter(mentions_by_month(rows))
    totals = sum(counts.values(), Counter())
    months = sorted(period for period, n in totals.items() if n >= FEW)
    if len(months) < 2:
        return ""
    first, last = months[0], months[-1]

    gains = {t: n[last] / totals[last] - n[first] / totals[first] for t, n in counts.items()}
    term = max(sorted(gains), key=gains.__getitem__)
    before, after = counts[term][first], counts[term][last]
    pooled = (before + after) / (totals[first] + totals[last])
    error = math.sqrt(pooled * (1 - pooled) * (1 / totals[first] + 1 / totals[last]))
    if gains[term] <= NormalDist().inv_cdf(1 - 0.025 / len(counts)) * error:
        return ""
    return (
        f"Of the words for it “{term}” gained most: {before:,} of "
        f"{quantity(totals[first], 'mention')} in {_month(first)}, {after:,} of {totals[last]:,} "
        f"in {_month(last)}."
    )


def _describe_first_mention(subject: str, rows: Sequence[PeriodRow]) -> str:
    counted = count_months(rows)
    first = next(filter(attrgetter("mentions"), counted), None)
    if first is None or first is counted[0]:
        return ""
    before = sum(row.documents for row in counted if row.period < first.period)
    if not before:
        return ""
    number = "the only document" if before == 1 else f"the {before:,} documents"
    verb = "does" if before == 1 else "do"
    return (
        f"{subject} is first mentioned in {_month(first.period)}; {number} of the months before "
        f"{verb} not mention it."
    )


def _month(period: str) -> str:
    return month_name(period, "%B %Y")
