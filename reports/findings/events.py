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
from reports.stats.comparing import Sample, Share, compare_means, compare_shares
from reports.stats.intervals import t_quantile

# In series of this kind alone a month without documents is a zero.
POSTS = "posts"
# The probability of any false alarm is at most this level.
LEVEL = 0.05
# At most this many earlier months tell what to expect; older ones describe a distant past.
MOST_BEFORE = 12
# A single month does not tell how much months differ.
FEWEST_BEFORE = 2
# A test at this level decides whether months differ by more than chance.
SPREAD_LEVEL = 0.05
# A smaller p-value has no normal quantile.
LEAST_P = 1e-300

Rows = Sequence[PeriodRow]


@dataclass(frozen=True)
class Departure:
    """How a month compares with those before it."""

    # The two-sided p-value of the test that the month does not differ.
    p_value: float

    before: float
    now: float


@dataclass(frozen=True)
class Series:
    """Something that is counted or measured month by month, and how a month of it is judged."""

    # A keyword, or the name of a job.
    subject: str

    # One of share, mood, wording and posts.
    kind: str

    rows: Rows
    judge: Callable[[Rows, PeriodRow], Departure | None]

    # Only a series of wording has a term.
    term: str | None = None

    @cached_property
    def usable(self) -> list[PeriodRow]:
        """The months that are whole and counted: a gap is no zero, a month without posts is one."""
        whole = [month for month in self.rows if month.matched is not None and not month.cut_off]
        counted = [month for month in whole if month.documents or self.kind == POSTS]
        return sorted(counted, key=attrgetter("period"))

    def split(self, period: str) -> tuple[list[PeriodRow], PeriodRow | None]:
        """Return the months that tell what to expect of *period*, and its row if it is usable."""
        index = bisect_left(self.usable, period, key=attrgetter("period"))
        previous_rows = self.usable[max(0, index - MOST_BEFORE) : index]
        has_row = index < len(self.usable) and self.usable[index].period == period
        return previous_rows, self.usable[index] if has_row else None

    def depart(self, period: str) -> Departure | None:
        """Judge the month *period*; None where it, or what came before, tells too little."""
        previous_rows, current_row = self.split(period)
        if not previous_rows or current_row is None:
            return None
        return self.judge(previous_rows, current_row)


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
        identity = "\n".join((self.subject, self.kind, self.term or "", self.period))
        return hashlib.sha256(identity.encode()).hexdigest()[:32]


def find_events(series: Sequence[Series]) -> list[Event]:
    """Return the events of all *series* together, by month, the surest of each first."""
    month_rows = chain.from_iterable(watched.rows for watched in series)
    periods = sorted({month_row.period for month_row in month_rows})
    events: list[Event] = []
    judged = 0

    for period in periods:
        departures = [(watched, watched.depart(period)) for watched in series]
        tested = [(watched, test) for watched, test in departures if test is not None]
        if not tested:
            continue

        judged += 1
        level = LEVEL / (judged * (judged + 1)) * (len(events) + 1) / len(tested)
        month_events = [
            _event(watched, period, test) for watched, test in tested if test.p_value <= level
        ]
        events += sorted(month_events, key=lambda event: (event.p_value, event.subject, event.kind))
    return events


def _event(series: Series, period: str, departure: Departure) -> Event:
    previous_rows, current_row = series.split(period)
    assert current_row is not None  # noqa: S101 - it was judged
    return Event(
        series.subject,
        series.kind,
        series.term,
        period,
        departure.before,
        departure.now,
        current_row,
        len(previous_rows),
        departure.p_value,
    )


def keyword_series(
    keyword: str, keyword_rows: Rows, rows_by_term: Mapping[str, Rows]
) -> list[Series]:
    """Return what is watched of a keyword: its share, its mood, and the share of each term.

    A term's share is the share of the documents that mention the keyword. *keyword_rows* count all
    terms together.
    """
    series = [
        Series(keyword, "share", keyword_rows, judge_share),
        Series(keyword, "mood", keyword_rows, judge_mood),
    ]
    matched = {month_row.period: month_row.matched or 0 for month_row in keyword_rows}
    for term, term_rows in rows_by_term.items() if len(rows_by_term) > 1 else ():
        shares = [
            replace(month_row, documents=matched.get(month_row.period, 0))
            for month_row in term_rows
        ]
        series.append(Series(keyword, "wording", shares, judge_share, term))
    return series


def account_series(
    job_name: str, month_rows: Rows, scored_rows: Rows, days: DailyCounts
) -> list[Series]:
    """Return what is watched of an account or a search: its posts a day, and their mood.

    *scored_rows* are the same rows with the number of posts that have a polarity.
    """

    def judge_rate(previous_rows: Rows, current_row: PeriodRow) -> Departure | None:
        *previous_rates, current_rate = rate_by_month([*previous_rows, current_row], days)
        return _judge_sample(previous_rates, current_rate)

    return [
        Series(job_name, POSTS, month_rows, judge_rate),
        Series(job_name, "mood", scored_rows, judge_mood),
    ]


def judge_share(previous_rows: Rows, current_row: PeriodRow) -> Departure | None:
    """Compare the share of documents of a month with that of the *previous_rows* together.

    The test of two shares of `compare_shares`, exact where little is counted, of as many documents
    as are independent (Rao and Scott 1992). What months differ by beyond that is allowed for as in
    `_allow_for_spread`. One month before is enough where it has no match: nothing can vary there.
    """
    dispersion = mean_dispersion([*previous_rows, current_row])
    *previous_shares, current_share = (
        _share(month_row).discount(dispersion) for month_row in (*previous_rows, current_row)
    )
    matched, documents = (
        sum(share.matched for share in previous_shares),
        sum(share.n for share in previous_shares),
    )
    if len(previous_shares) < FEWEST_BEFORE and matched:
        return None

    comparison = compare_shares([Share("before", matched, documents), current_share])
    if comparison is None:
        return None

    spread = measure_dispersion(
        [share.matched for share in previous_shares], [share.n for share in previous_shares]
    )
    p_value = _allow_for_spread(float(comparison.single[0, 1]), spread or 1.0, len(previous_shares))
    return Departure(p_value, matched / documents, current_share.matched / current_share.n)


def _share(month_row: PeriodRow) -> Share:
    return Share(month_row.period, month_row.matched or 0, month_row.documents)


def polarity_samples(period_rows: Sequence[PeriodRow]) -> list[Sample]:
    """Return the mean polarity of each whole month with an interval, and the values' variance."""
    samples = []
    for period_row in period_rows:
        if period_row.cut_off:
            continue
        scored, mean = period_row.mentions or 0, period_row.polarity_mean
        low, high = period_row.polarity_low, period_row.polarity_high
        if scored > 1 and mean is not None and low is not None and high is not None:
            # One end of the interval may be cut at -1 or 1.
            half = max(mean - low, high - mean)
            variance = scored * (half / t_quantile(scored - 1)) ** 2
            samples.append(Sample(period_row.period, scored, mean, variance))
    return samples


def judge_mood(previous_rows: Rows, current_row: PeriodRow) -> Departure | None:
    """Compare the mean polarity of a month with that of the *previous_rows* together."""
    current_samples = polarity_samples([current_row])
    return (
        _judge_sample(polarity_samples(previous_rows), current_samples[0])
        if current_samples
        else None
    )


def _judge_sample(previous_samples: Sequence[Sample], current_sample: Sample) -> Departure | None:
    """Compare a mean with that of all *previous_samples*, by Welch's t test of `compare_means`.

    The months before count as one sample, whose variance is that of all its values: what they
    differ by is in it. It is allowed for once more as in `_allow_for_spread`.
    """
    degrees = sum(sample.n - 1 for sample in previous_samples)
    if len(previous_samples) < FEWEST_BEFORE or degrees <= 0:
        return None

    n = sum(sample.n for sample in previous_samples)
    mean = sum(sample.n * sample.mean for sample in previous_samples) / n
    within = sum((sample.n - 1) * sample.variance for sample in previous_samples)
    between = sum(sample.n * (sample.mean - mean) ** 2 for sample in previous_samples)
    pooled = Sample("before", n, mean, (within + between) / (n - 1))
    comparison = compare_means([pooled, current_sample], one_variance=True)
    if comparison is None or not within:
        return None

    spread = between / (len(previous_samples) - 1) / (within / degrees)
    p_value = _allow_for_spread(float(comparison.single[0, 1]), spread, len(previous_samples))
    return Departure(p_value, mean, current_sample.mean)


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
