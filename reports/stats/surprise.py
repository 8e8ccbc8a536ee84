"""How far a period departs from the past of its own series, and when that is a surprise.

The documents of a period are all there are, so a count is no sample of anything. What can be asked
is whether the next count is one that the series' own past lets one expect: a prediction interval.
News days depend on each other (a month's count varies two to four times as much as its days say),
so the spread is that of whole periods, never that of single days.

1. *Scale.* Counts vary by chance, and the rates behind them vary in proportion to themselves:
   the variance of a rate p over an exposure n is φ p/n + κ p². The scale on which that is 1
   everywhere is an inverse hyperbolic sine: F. J. Anscombe, "The transformation of Poisson,
   binomial and negative-binomial data", Biometrika 35 (1948).
2. *Spread.* The periods before tell their own spread, a few of them badly. It is moderated by
   the spread that usual words have, which counts as much as `USUAL_DEGREES` periods: G. K. Smyth,
   "Linear models and empirical Bayes methods for assessing differential expression in microarray
   experiments", Statistical Applications in Genetics and Molecular Biology 3 (2004). Weeks depend
   on the week before: a year of them tells the spread as half as many independent ones would.
3. *Test.* The next period is compared with the prediction interval of Student's distribution:
   W. Q. Meeker, G. J. Hahn and L. A. Escobar, "Statistical Intervals" (2017), chapter 4. A count
   must also be improbable for two Poisson counts: J. Przyborowski and H. Wilenski, "Homogeneity of
   results in testing samples from Poisson series", Biometrika 31 (1940).
4. *Season.* Subjects of a season depart every year from the months before. A departure must also
   lie beyond the same periods of up to `SEASON_YEARS` earlier years, where those stood out from
   their own half years too, in two years at least: one is no season. So counts of infections are
   judged before they are called an outbreak: C. P. Farrington, N. J. Andrews, A. D. Beale and
   M. A. Catchpole, "A statistical algorithm for the early detection of outbreaks of infectious
   disease", Journal of the Royal Statistical Society A 159 (1996).
5. *Level.* Each test spends a part of the subject's level, and what is spent does not depend on
   what comes later: D. L. DeMets and K. K. G. Lan, "Interim analysis: the alpha spending function
   approach", Statistics in Medicine 13 (1994). See `spend`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import scipy

# The variance of a usual word's rate p over n documents is CLUSTERING * p / n + (SWAY * p)²:
# measured on the months and weeks of two years of headlines (`bench/events.py --folder`).
CLUSTERING = 1.5
SWAY = 0.22
# The standard deviation of a usual subject's mean polarity between periods, beyond chance.
MOOD_SWAY = 0.03
# The usual spread counts as much as a year of a series' own months.
USUAL_DEGREES = 12.0
# A year of weeks tells its spread as well as half as many would that do not depend on each other.
MOST_OWN_DEGREES = 25

# A new level is taken over when so many periods in a row departed.
NEW_LEVEL = 3

# The same periods of so many earlier years are the season of a period.
SEASON_YEARS = 5
# One earlier year that stood out as much may be chance, or the story of that year: no season.
FEWEST_SEASON_YEARS = 2
# A departure lies beyond its season, and the season beyond its year, by a one-sided test at this
# level.
SEASON_LEVEL = 0.02

# Returns the places of the season of a period, year by year, the latest year first. A year has
# several places where days of the calendar move from week to week.
ListSeason = Callable[[int], Sequence[Sequence[int]]]

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted in a period: *matched* of *exposure* documents, or posts in so many days."""

    matched: int
    exposure: int


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of a period, and the variance that it has because its *n* values vary."""

    mean: float
    variance: float
    n: int


@dataclass(frozen=True, slots=True)
class Departure:
    """How a period compares with those before."""

    # The two-sided probability of a departure as large where nothing changes.
    p_value: float

    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was made of a period: it is the *place*-th of its series."""

    place: int
    departure: Departure

    # Whether it departs from the usual periods before.
    departs: bool

    # Whether it departs from its season too, if two earlier years or more have one.
    is_out_of_season: bool

    # The places of the periods that it was compared with.
    usual_places: Sequence[int]

    # The places of the same periods of earlier years, of each year that which is most like it.
    # Only those are there that stood out to the same side.
    season_places: Sequence[int] = ()

    @property
    def is_surprise(self) -> bool:
        """Whether neither the periods before nor those of the season let one expect it."""
        return self.departs and self.is_out_of_season


@dataclass(frozen=True)
class Memory:
    """How much of its past a series of a grain is compared with, and how its level is spent."""

    # At most so many usual periods before tell what to expect.
    most_before: int

    # Fewer say nothing, unless nothing was counted in any of them.
    fewest_before: int

    # Half of a level lasts so many periods: ten years.
    lasting: int

    # So many periods on either side tell whether one stood out in its year.
    half_year: int


MONTHS = Memory(most_before=12, fewest_before=2, lasting=120, half_year=6)
WEEKS = Memory(most_before=52, fewest_before=4, lasting=522, half_year=26)


@dataclass(frozen=True)
class Judge(Generic[M]):
    """How the measures of a series are compared: with those before, and whether these are zero."""

    compare: Callable[[Sequence[M], M], Departure | None]
    is_zero: Callable[[M], bool]


@dataclass
class _UsualPeriods(Generic[M]):
    """The usual periods of a series, each with its place, and the departures since the last one."""

    present: list[tuple[int, M]]
    departing: list[tuple[int, M]]

    # The periods that were usual before, to which a series may return.
    former: list[tuple[int, M]]

    def add_departing(self, place: int, measure: M) -> None:
        """Add a period that departs; enough of them in a row are usual from now on."""
        self.departing.append((place, measure))
        if len(self.departing) == NEW_LEVEL:
            self.present, self.former, self.departing = self.departing, self.present, []

    def add_usual(self, place: int, measure: M) -> None:
        """Add a period that is as usual."""
        self.present.append((place, measure))
        self.departing = []
        if len(self.present) == 2 * NEW_LEVEL:
            self.former = []

    def return_to_former(self) -> None:
        """Forget the present ones: what was usual before is so again."""
        self.present, self.former, self.departing = self.former, [], []


def find_surprises(
    measures: Sequence[M | None],
    judge: Judge[M],
    memory: Memory,
    level: float,
    list_season: ListSeason | None = None,
) -> list[Judgement]:
    """Judge each period of a series by those before it; *level* bounds false surprises.

    A period without a measure is passed over. Periods that depart are not among those that tell
    what to expect of later ones, so one that stands out does not hide the next. After `NEW_LEVEL`
    of them in a row these are what is usual, unless the series soon returns to its former level. No
    judgement depends on a later period.
    """
    judgements: list[Judgement] = []
    usual_periods = _UsualPeriods[M]([], [], [])
    past = _PastValues(measures, judge, memory)
    tests = 0

    for place, measure in enumerate(measures):
        if measure is None:
            continue

        departure = _compare(usual_periods.present, measure, judge, memory)
        if departure is not None and usual_periods.former:
            return_departure = _compare(usual_periods.former, measure, judge, memory)
            if return_departure is not None and return_departure.p_value > departure.p_value:
                usual_periods.return_to_former()
                departure = return_departure

        departs = False
        if departure is not None:
            before = usual_periods.present[-memory.most_before :]
            if len(before) >= memory.fewest_before or all(
                judge.is_zero(zero) for _, zero in before
            ):
                tests += 1
                departs = departure.p_value <= level * spend(tests, memory)

            usual_places = [earlier_place for earlier_place, _ in before]
            season_places: list[int] = []
            if list_season is not None and departure.p_value <= SEASON_LEVEL:
                season_places = past.find_season(place, list_season(place), departure)

            season = [past.measure(season_place) for season_place in season_places]
            has_season = len(season) >= FEWEST_SEASON_YEARS
            is_out_of_season = not has_season or past.lies_beyond(season, measure, departure)
            judgements.append(
                Judgement(place, departure, departs, is_out_of_season, usual_places, season_places)
            )

        if departs:
            usual_periods.add_departing(place, measure)
            past.departed.add(place)
        else:
            usual_periods.add_usual(place, measure)

    return judgements


class _PastValues(Generic[M]):
    """The periods of a series, as those of a season are compared with."""

    def __init__(self, measures: Sequence[M | None], judge: Judge[M], memory: Memory) -> None:
        # The places of the periods that departed from those before.
        self.departed: set[int] = set()
        self._measured = {
            place: measure for place, measure in enumerate(measures) if measure is not None
        }
        self._judge = judge
        self._half_year = memory.half_year

    def measure(self, place: int) -> M:
        """Return the measure of a period that has one."""
        return self._measured[place]

    def find_season(
        self, departing: int, years: Sequence[Sequence[int]], departure: Departure
    ) -> list[int]:
        """Return the place of each year's period that is most like the *departing* one.

        Years whose period did not stand out to the same side are left out: what was usual
        was another, or their season.
        """
        is_rise = departure.now > departure.before
        chosen = []
        for places in years:
            measured_places = [place for place in places if place in self._measured]
            if not measured_places:
                continue

            most_alike = (max if is_rise else min)(measured_places, key=self._height)
            end = min(departing, most_alike + self._half_year + 1)
            neighbours = [
                self._measured[place]
                for place in range(most_alike - self._half_year, end)
                if place in self._measured and place != most_alike and place not in self.departed
            ]
            if not neighbours or self.lies_beyond(neighbours, self.measure(most_alike), departure):
                chosen.append(most_alike)

        return chosen

    def lies_beyond(self, others: Sequence[M], measure: M, departure: Departure) -> bool:
        """Return whether a period departs from others to the side of *departure*."""
        comparison = self._judge.compare(others, measure)
        if comparison is None:
            return False

        is_same_side = (comparison.now > comparison.before) == (departure.now > departure.before)
        return is_same_side and comparison.p_value / 2 <= SEASON_LEVEL

    def _height(self, place: int) -> float:
        comparison = self._judge.compare([self._measured[place]], self._measured[place])
        return 0.0 if comparison is None else comparison.now


def _compare(
    usual: Sequence[tuple[int, M]], measure: M, judge: Judge[M], memory: Memory
) -> Departure | None:
    previous = [earlier for _, earlier in usual[-memory.most_before :]]
    return judge.compare(previous, measure) if previous else None


def spend(test: int, memory: Memory) -> float:
    """Return the part of a level that the *test*-th test of a series gets, from 1.

    Half is spent as 1 / (k (k + 1)), for the most part on the first periods, of which a short run
    has no others; the other half evenly over ten years. So at most the whole level is spent in the
    first ten years, and little more than half of it in any later ten.
    """
    return 0.5 / (test * (test + 1)) + 0.5 / memory.lasting


def compare_counts(previous: Sequence[Count], current: Count) -> Departure:
    """Compare a rate, of posts a day for example, with those before."""
    matched = sum(count.matched for count in previous)
    exposure = sum(count.exposure for count in previous)
    usual_rate = (matched + 3 / 8) / (exposure + 3 / 4)
    usual_exposure = (exposure + current.exposure) / (len(previous) + 1)

    def stabilize(count: Count) -> float:
        rate = (count.matched + 3 / 8) / (count.exposure + 3 / 4)
        return 2 / SWAY * math.asinh(SWAY * math.sqrt(usual_exposure * rate / CLUSTERING))

    def relative_variance(count: Count) -> float:
        """Return the variance beside that of a count of the usual exposure."""
        sway = (SWAY * usual_rate) ** 2
        variance = CLUSTERING * usual_rate / count.exposure + sway
        return variance / (CLUSTERING * usual_rate / usual_exposure + sway)

    p_value = _predict(
        [stabilize(count) for count in previous],
        [relative_variance(count) for count in previous],
        stabilize(current),
        relative_variance(current),
    )
    p_value = max(p_value, _compare_poisson(matched, exposure, current))
    return Departure(p_value, matched / exposure, current.matched / current.exposure)


def compare_shares(previous: Sequence[Count], current: Count) -> Departure:
    """Compare a share of documents with those before; of two sides the rarer one is counted."""
    matched = sum(count.matched for count in previous)
    exposure = sum(count.exposure for count in previous)
    if 2 * matched <= exposure:
        return compare_counts(previous, current)

    departure = compare_counts([_complement(count) for count in previous], _complement(current))
    return Departure(departure.p_value, 1 - departure.before, 1 - departure.now)


def compare_means(previous: Sequence[Mean], current: Mean) -> Departure:
    """Compare a mean polarity with those before."""
    n = sum(sample.n for sample in previous)
    # A few equal values, zeros for example, do not make a mean sure.
    usual_variance = sum(sample.n**2 * sample.variance for sample in previous) / n

    def variance(sample: Mean) -> float:
        return CLUSTERING * max(sample.variance, usual_variance / sample.n) + MOOD_SWAY**2

    means = [sample.mean for sample in previous]
    variances = [variance(sample) for sample in previous]
    p_value = _predict(means, variances, current.mean, variance(current))
    before = sum(sample.n * sample.mean for sample in previous) / n
    return Departure(p_value, before, current.mean)


def _complement(count: Count) -> Count:
    return Count(count.exposure - count.matched, count.exposure)


def _predict(
    previous: Sequence[float], variances: Sequence[float], current: float, variance: float
) -> float:
    """Return the two-sided p-value of a value beside its prediction interval.

    *variances* are those of a usual series. The series' own is so many times as large as its
    *previous* values say, moderated by `USUAL_DEGREES` of 1.
    """
    weights = [1 / usual_variance for usual_variance in variances]
    mean = math.fsum(map(math.prod, zip(weights, previous, strict=True))) / math.fsum(weights)
    squares = [
        weight * (value - mean) ** 2 for weight, value in zip(weights, previous, strict=True)
    ]
    own_degrees = len(previous) - 1
    spread = (USUAL_DEGREES + math.fsum(squares)) / (USUAL_DEGREES + own_degrees)
    error = math.sqrt(spread * (variance + 1 / math.fsum(weights)))
    degrees = USUAL_DEGREES + min(own_degrees, MOST_OWN_DEGREES)
    return float(2 * scipy.special.stdtr(degrees, -abs(current - mean) / error))


def _compare_poisson(matched: int, exposure: int, current: Count) -> float:
    """Return the two-sided p-value of two Poisson counts, given their sum."""
    total, part = matched + current.matched, current.exposure / (exposure + current.exposure)
    is_more = current.matched * exposure > matched * current.exposure
    tail = (
        scipy.special.bdtrc(current.matched - 1, total, part)
        if is_more
        else scipy.special.bdtr(current.matched, total, part)
    )
    return min(1.0, float(2 * tail))
