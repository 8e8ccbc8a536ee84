"""What the numbers of a run say, in at most three sentences that the numbers carry, and no more than they carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from reports import statistics
from reports.figures.series import known
from reports.figures.style import FEW, month_name, signed
from reports.figures.terms import changes_of_wording
from reports.results import PeriodRow


def of_keyword(subject: str, rows: Sequence[PeriodRow], by_term: Mapping[str, Sequence[PeriodRow]]) -> list[str]:
    """Findings on one keyword: its peak, its mood, its words. Fewer than three where the numbers carry fewer."""
    found = [_peak(subject, rows), _extremes_of_mood(subject, rows), _wording(by_term), _first(subject, rows)]
    return [sentence for sentence in found if sentence][:3]


def of_handle(subject: str, rows: Sequence[PeriodRow]) -> list[str]:
    """Findings on the posts of one account or search."""
    counted = known(rows)
    if not counted:
        return []
    most = max(counted, key=lambda row: row.mentions)
    sentences = [
        f"{subject} posted most in {month_name(most.period, '%B %Y')}: {most.mentions:,} posts."
        if most.mentions
        else "",
        _extremes_of_mood(subject, rows),
    ]
    return [sentence for sentence in sentences if sentence]


def _peak(subject: str, rows: Sequence[PeriodRow]) -> str:
    counted = [row for row in known(rows) if row.share is not None]
    if not counted or not any(row.mentions for row in counted):
        return f"No document mentions {subject} in the months that were read: a true zero." if counted else ""
    most = max(counted, key=lambda row: row.share or 0)
    return (
        f"{subject} stood out most in {month_name(most.period, '%B %Y')}: {most.matched:,} of {most.documents:,} "
        f"documents mention it, {_percent(most.share)} (95 % interval {_percent(most.low)} to {_percent(most.high)})."
    )


def _extremes_of_mood(subject: str, rows: Sequence[PeriodRow]) -> str:
    """The brightest and the darkest month; said to differ only where chance among so many months does not explain it.

    A z test of the two means at 5 %, divided by the number of pairs of months one could have picked (Bonferroni).
    """
    sure = [mood for mood in map(_mood, rows) if mood is not None]
    if len(sure) < 2:
        return ""
    best, worst = max(sure, key=lambda mood: mood.mean), min(sure, key=lambda mood: mood.mean)
    pairs = len(sure) * (len(sure) - 1) / 2
    needed = NormalDist().inv_cdf(1 - 0.025 / pairs) * math.hypot(best.error, worst.error)
    both = f"{best} the highest, {worst} the lowest"
    if best.mean - worst.mean > needed:
        return f"The mood around {subject} moved more than chance explains: {both}."
    return f"The mood around {subject} shows no change that chance could not explain: {both}."


@dataclass(frozen=True)
class _Mood:
    period: str
    mean: float
    error: float  # standard error of the mean
    n: int

    def __str__(self) -> str:
        return f"{month_name(self.period, '%B %Y')} has {signed(self.mean)} (n = {self.n:,})"


def _mood(row: PeriodRow) -> _Mood | None:
    n = row.mentions or 0
    if n < FEW or row.polarity_mean is None or row.polarity_low is None or row.polarity_high is None:
        return None
    error = (row.polarity_high - row.polarity_low) / 2 / statistics.t_quantile(n - 1)
    return _Mood(row.period, row.polarity_mean, error, n)


def _wording(by_term: Mapping[str, Sequence[PeriodRow]]) -> str:
    changes = changes_of_wording(by_term)
    if not changes:
        return ""
    last = changes[-1]
    return (
        f"The wording changed: from {month_name(last.period, '%B %Y')} on “{last.after}” is said more often than "
        f"“{last.before}”."
    )


def _first(subject: str, rows: Sequence[PeriodRow]) -> str:
    counted = known(rows)
    first = next((row for row in counted if row.mentions), None)
    if first is None or first is counted[0]:
        return ""
    before = sum(row.documents for row in counted if row.period < first.period)
    return (
        f"{subject} is first mentioned in {month_name(first.period, '%B %Y')}; the {before:,} documents of the months "
        f"before hold it nowhere."
    )


def _percent(share: float | None) -> str:
    value = 100 * (share or 0)
    return f"{value:.1f} %" if value >= 0.1 or value == 0 else f"{value:.2f} %"
