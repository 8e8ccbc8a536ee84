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
from reports.figures.series import count_months
from reports.figures.style import FEW, month_name, signed
from reports.figures.terms import changes_of_wording
from reports.tables.periods import PeriodRow


def keyword_highlights(
    subject: str, rows: Sequence[PeriodRow], by_term: Mapping[str, Sequence[PeriodRow]]
) -> list[str]:
    """Describe a keyword by its peak, its polarity and its wording; fewer where numbers are few."""
    sentences = (
        _describe_peak(subject, rows),
        _describe_polarity(subject, rows),
        _describe_wording(by_term),
        _describe_first_mention(subject, rows),
    )
    return list(filter(None, sentences))[:3]


def handle_highlights(
    subject: str, rows: Sequence[PeriodRow], scored_rows: Sequence[PeriodRow]
) -> list[str]:
    """Describe the posts of an account or search.

    *scored_rows* are the same rows with the number of posts that have a polarity.
    """
    counted = count_months(rows)
    if not counted:
        return []
    most = max(counted, key=attrgetter("mentions"))
    peak = f"{subject} posted most in {_month(most.period)}: {most.mentions:,} posts."
    sentences = (peak if most.mentions else "", _describe_polarity(subject, scored_rows))
    return list(filter(None, sentences))


def account_highlights(accounts: Sequence[Account]) -> list[str]:
    """Compare accounts: which posts most, and whether their mean polarities differ."""
    posting = list(filter(attrgetter("n"), accounts))
    if len(posting) < 2:
        return []
    most = max(posting, key=attrgetter("n"))
    total = sum(map(attrgetter("n"), posting))
    sentences = [f"{most.name} has most posts: {most.n:,} of {total:,}."]

    means = _reliable_means((a.name, a.scored, a.mean, a.low, a.high) for a in posting)
    if len(means) > 1:
        different, equal = "The accounts sound different, by", "There is no difference in mood"
        sentences.append(_compare_extremes(different, equal, means))
    silent = len(accounts) - len(posting)
    if silent:
        sentences.append(f"{silent} of {len(accounts)} have no posts; the table says why.")
    return sentences


def _describe_peak(subject: str, rows: Sequence[PeriodRow]) -> str:
    counted = [row for row in count_months(rows) if row.share is not None]
    if not counted:
        return ""
    if not any(map(attrgetter("mentions"), counted)):
        return f"No document mentions {subject} in the months that were read: a true zero."

    most = max(counted, key=attrgetter("share"))
    interval = f"95 % interval {_percent(most.low)} to {_percent(most.high)}"
    return (
        f"{subject} stood out most in {_month(most.period)}: {most.matched:,} of "
        f"{most.documents:,} documents mention it, {_percent(most.share or 0)} ({interval})."
    )


def _describe_polarity(subject: str, rows: Sequence[PeriodRow]) -> str:
    """Name the months of highest and lowest polarity, and whether they differ significantly."""
    means = _reliable_means(
        (_month(r.period), r.mentions or 0, r.polarity_mean, r.polarity_low, r.polarity_high)
        for r in rows
    )
    if len(means) < 2:
        return ""
    mood = f"The mood around {subject}"
    return _compare_extremes(f"{mood} moved", f"{mood} shows no change", means)


def _compare_extremes(different: str, equal: str, means: Sequence[_Mean]) -> str:
    """Compare the highest and the lowest mean.

    A z test of the two means at 5 %, divided by the number of pairs one could have picked
    (Bonferroni).
    """
    best, worst = max(means, key=attrgetter("mean")), min(means, key=attrgetter("mean"))
    pairs = math.comb(len(means), 2)
    needed = NormalDist().inv_cdf(1 - 0.025 / pairs) * math.hypot(best.error, worst.error)
    both = f"{best} the highest, {worst} the lowest"
    if best.mean - worst.mean > needed:
        return f"{different} more than chance explains: {both}."
    return f"{equal} that chance could not explain: {both}."


@dataclass(frozen=True)
class _Mean:
    """A mean polarity of at least `FEW` values."""

    name: str
    mean: float
    error: float  # standard error of the mean
    n: int

    def __str__(self) -> str:
        return f"{self.name} has {signed(self.mean)} (n = {self.n:,})"


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
        counts[term] = Counter({row.period: row.mentions for row in count_months(rows)})
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
        f"Of the words for it “{term}” gained most: {before:,} of {totals[first]:,} mentions in "
        f"{_month(first)}, {after:,} of {totals[last]:,} in {_month(last)}."
    )


def _describe_first_mention(subject: str, rows: Sequence[PeriodRow]) -> str:
    counted = count_months(rows)
    first = next(filter(attrgetter("mentions"), counted), None)
    if first is None or first is counted[0]:
        return ""
    before = sum(row.documents for row in counted if row.period < first.period)
    if not before:
        return ""
    return (
        f"{subject} is first mentioned in {_month(first.period)}; the {before:,} documents of the "
        f"months before hold it nowhere."
    )


def _month(period: str) -> str:
    return month_name(period, "%B %Y")


def _percent(share: float) -> str:
    value = 100 * share
    return f"{value:.1f} %" if value >= 0.1 or value == 0 else f"{value:.2f} %"
