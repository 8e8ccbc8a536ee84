"""Events: months that depart from what the months before let one expect, found one by one.

Whatever is told of an event is told once and not taken back, so each month is judged by those
before it alone, and the share of false alarms is bounded online: A. Javanmard and A. Montanari,
"Online rules for control of false discovery rate and false discovery exceedance", The Annals of
Statistics 46 (2018), the rule LOND. The k-th month that can be judged gets the level
5 % / (k (k + 1)) for all its tests together, times one more than the events of the months before.
These levels sum to 5 %: where nothing ever changes, the chance of any event, in all months to come
and however the tests depend on each other, is at most 5 %.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from operator import attrgetter

from scipy.special import chdtrc, ndtr, ndtri, stdtr

from reports.data.daily_counts import DailyCounts, measure_dispersion
from reports.data.post_rates import rate_by_month
from reports.data.tables.periods import PeriodRow, mean_dispersion
from reports.findings.highlights import polarity_samples
from reports.stats.comparing import Sample, Share, compare_means, compare_shares

POSTS = "posts"  # the kind of series in which a month without documents is a zero
LEVEL = 0.05  # of all events together
MOST_BEFORE = 12  # months that tell what to expect: with more, what is long past would
FEWEST_BEFORE = 2  # of one nobody knows how much months differ
SPREAD_LEVEL = 0.05  # at which months differ by more than chance
LEAST_P = 1e-300  # below, it has no normal quantile

Rows = Sequence[PeriodRow]


@dataclass(frozen=True)
class Departure:
    """How a month compares with those before it."""

    p_value: float  # two-sided, that it does not differ
    before: float
    now: float


@dataclass(frozen=True)
class Series:
    """Something that is counted or measured month by month, and how a month of it is judged."""

    subject: str  # a keyword, or the name of a job
    kind: str  # share, mood, wording, posts
    rows: Rows
    judge: Callable[[Rows, PeriodRow], Departure | None]
    term: str | None = None  # of wording

    @cached_property
    def usable(self) -> list[PeriodRow]:
        """The months that are whole and counted: a gap is no zero, a month without posts is one."""
        whole = [row for row in self.rows if row.matched is not None and not row.cut_off]
        counted = [row for row in whole if row.documents or self.kind == POSTS]
        return sorted(counted, key=attrgetter("period"))

    def split(self, period: str) -> tuple[list[PeriodRow], PeriodRow | None]:
        """Return the months that tell what to expect of *period*, and its row if it is usable."""
        place = bisect_left(self.usable, period, key=attrgetter("period"))
        before = self.usable[max(0, place - MOST_BEFORE) : place]
        has_row = place < len(self.usable) and self.usable[place].period == period
        return before, self.usable[place] if has_row else None

    def depart(self, period: str) -> Departure | None:
        """Judge the month *period*; None where it, or what came before, tells too little."""
        before, now = self.split(period)
        return self.judge(before, now) if before and now is not None else None


@dataclass(frozen=True)
class Event:
    """A month that departs from those before it."""

    subject: str
    kind: str
    term: str | None
    period: str
    before: float
    now: float
    row: PeriodRow
    months_before: int
    p_value: float

    @property
    def key(self) -> str:
        """A digest that names the event without saying what it is about."""
        names = "\n".join((self.subject, self.kind, self.term or "", self.period))
        return hashlib.sha256(names.encode()).hexdigest()[:32]


def find_events(series: Sequence[Series]) -> list[Event]:
    """Return the events of all *series* together, by month, the surest of each first."""
    rows = chain.from_iterable(each.rows for each in series)
    periods = sorted({row.period for row in rows})
    events: list[Event] = []
    judged = 0

    for period in periods:
        departures = [(each, each.depart(period)) for each in series]
        tested = [(each, test) for each, test in departures if test is not None]
        if not tested:
            continue

        judged += 1
        level = LEVEL / (judged * (judged + 1)) * (len(events) + 1) / len(tested)
        of_month = [_event(each, period, test) for each, test in tested if test.p_value <= level]
        events += sorted(of_month, key=lambda event: (event.p_value, event.subject, event.kind))
    return events


def _event(series: Series, period: str, departure: Departure) -> Event:
    before, now = series.split(period)
    assert now is not None  # noqa: S101 - it was judged
    return Event(
        series.subject,
        series.kind,
        series.term,
        period,
        departure.before,
        departure.now,
        now,
        len(before),
        departure.p_value,
    )


def keyword_series(name: str, rows: Rows, by_term: Mapping[str, Rows]) -> list[Series]:
    """Return what is watched of a keyword: its share, its mood, and the share of each term.

    A term's share is of the documents that mention the keyword. *rows* are those of all terms
    together.
    """
    series = [Series(name, "share", rows, judge_share), Series(name, "mood", rows, judge_mood)]
    matched = {row.period: row.matched or 0 for row in rows}
    for term, of_term in by_term.items() if len(by_term) > 1 else ():
        shares = [replace(row, documents=matched.get(row.period, 0)) for row in of_term]
        series.append(Series(name, "wording", shares, judge_share, term))
    return series


def account_series(name: str, rows: Rows, scored_rows: Rows, days: DailyCounts) -> list[Series]:
    """Return what is watched of an account or a search: its posts a day, and their mood.

    *scored_rows* are the same rows with the number of posts that have a polarity.
    """

    def judge_rate(before: Rows, now: PeriodRow) -> Departure | None:
        *earlier, last = rate_by_month([*before, now], days)
        return _judge_sample(earlier, last)

    return [
        Series(name, POSTS, rows, judge_rate),
        Series(name, "mood", scored_rows, judge_mood),
    ]


def judge_share(before: Rows, now: PeriodRow) -> Departure | None:
    """Compare the share of documents of a month with that of the months *before* together.

    The test of two shares of `compare_shares`, exact where little is counted, of as many documents
    as are independent (Rao and Scott 1992). What months differ by beyond that is allowed for as in
    `_allow_for_spread`. One month before is enough where it has no match: nothing can vary there.
    """
    dispersion = mean_dispersion([*before, now])
    *earlier, last = (_share(row).discount(dispersion) for row in (*before, now))
    matched, n = (sum(share.matched for share in earlier), sum(share.n for share in earlier))
    if len(earlier) < FEWEST_BEFORE and matched:
        return None
    comparison = compare_shares([Share("before", matched, n), last])
    if comparison is None:
        return None

    spread = measure_dispersion(
        [share.matched for share in earlier], [share.n for share in earlier]
    )
    p_value = _allow_for_spread(float(comparison.single[0, 1]), spread or 1.0, len(earlier))
    return Departure(p_value, matched / n, last.matched / last.n)


def _share(row: PeriodRow) -> Share:
    return Share(row.period, row.matched or 0, row.documents)


def judge_mood(before: Rows, now: PeriodRow) -> Departure | None:
    """Compare the mean polarity of a month with that of the months *before* together."""
    last = polarity_samples([now])
    return _judge_sample(polarity_samples(before), last[0]) if last else None


def _judge_sample(before: Sequence[Sample], now: Sample) -> Departure | None:
    """Compare a mean with that of all values *before*, by Welch's t test of `compare_means`.

    The months before count as one sample, whose variance is that of all its values: what they
    differ by is in it. It is allowed for once more as in `_allow_for_spread`.
    """
    degrees = sum(sample.n - 1 for sample in before)
    if len(before) < FEWEST_BEFORE or degrees <= 0:
        return None
    n = sum(sample.n for sample in before)
    mean = sum(sample.n * sample.mean for sample in before) / n
    within = sum((sample.n - 1) * sample.variance for sample in before)
    between = sum(sample.n * (sample.mean - mean) ** 2 for sample in before)
    pooled = Sample("before", n, mean, (within + between) / (n - 1))
    comparison = compare_means([pooled, now], one_variance=True)
    if comparison is None or not within:
        return None

    spread = between / (len(before) - 1) / (within / degrees)
    p_value = _allow_for_spread(float(comparison.single[0, 1]), spread, len(before))
    return Departure(p_value, mean, now.mean)


def _allow_for_spread(p_value: float, spread: float, months: int) -> float:
    """Return the p-value where months differ by more than chance: *spread* times the variance.

    The test's statistic is divided by the root of *spread*: P. McCullagh and J. A. Nelder,
    "Generalized Linear Models" (1989), 4.5. Where χ² rejects that it is chance, it is compared with
    Student's distribution of *months* - 1 degrees of freedom, since so few months tell it. Never
    below *p_value*.
    """
    if spread <= 1 or months < 2:
        return p_value
    degrees = months - 1
    statistic = float(ndtri(max(p_value, LEAST_P) / 2)) / spread**0.5
    differs = chdtrc(degrees, spread * degrees) < SPREAD_LEVEL
    tail = stdtr(degrees, statistic) if differs else ndtr(statistic)
    return max(p_value, float(2 * tail))
