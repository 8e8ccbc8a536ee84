"""When a run will be done, what it will have cost, and which limit decides that.

`forecast` is a function of what was measured, on any clock. `producers.run_forecasts` measures.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from statistics import NormalDist, fmean, pstdev
from typing import Annotated

from core.prices import MICRO, format_money
from core.ratelimit.notation import LONG_WINDOW_SECONDS, ONE_CALL, LimitedResource, Window

#: The range holds the end in so many of all cases.
COVERAGE = 0.9
MINUTE = 60.0
# A shorter window only bounds the speed; a longer one can be used up early, and stops all then.
LONG_SECONDS = 900
# Of a limit of so much per second this much is used (docs/rate-limits.md).
USED_SHARE = 0.985
# A window counts as used up from this share on.
FULL_SHARE = 0.97
# What lies further back than this share of the time so far hardly counts for the speed.
MEMORY_SHARE, SHORTEST_MEMORY = 0.5, 10 * MINUTE
# The spread of the speed is that of so many parts of the time so far.
BLOCKS = 6
# The least errors of a speed and of what is left, as shares, and the least of an end, as a share of
# the time that is left (of all of it where a long window binds) and in seconds: with them the range
# holds nine ends of ten in `bench/forecasts.py`.
LEAST_SPEED_ERROR, LEAST_WORK_ERROR = 0.15, 0.08
LEAST_END_ERROR, LEAST_SECONDS = 0.03, MINUTE
# The time of the last jobs is known no better than up to these factors.
TAIL_LOW, TAIL_HIGH = 0.4, 2.0
FEWEST_MINUTES = 2
# The spread of a speed of which nothing is known.
UNKNOWN_SPREAD = 0.3
_STRATA = 9
_QUANTILES = [NormalDist().inv_cdf((number + 0.5) / _STRATA) for number in range(_STRATA)]

THE_WORKERS = "what the workers do"
NOTHING_ENDED = "no job has ended so far"
NO_PROGRESS = "nothing was done lately"


@dataclass(frozen=True)
class Forecast:
    """When a run will be done, and what it will have cost."""

    ends_at: Annotated[float, "The most likely end, in seconds since 1970, UTC."]
    earliest: Annotated[float, "It ends later than this in 95 of 100 cases."]
    latest: Annotated[float, "It ends before this in 95 of 100 cases."]
    bound_by: Annotated[str, "What decides it: a limit, with its service, or the workers."]
    cost: Annotated[float | None, "What it will have cost; null if it costs nothing."] = None
    cost_low: Annotated[float | None, "It costs more in 95 of 100 cases."] = None
    cost_high: Annotated[float | None, "It costs less in 95 of 100 cases."] = None
    currency: Annotated[str | None, "Of the cost."] = None


@dataclass(frozen=True)
class LimitUse:
    """A window of a limit, in units of the run's work, which is 1 in all.

    *used* are (how many seconds ago, how much), the oldest first, of all runs.
    """

    service: str
    window: Window
    amount: float
    used: Sequence[tuple[float, float]] = ()

    @property
    def label(self) -> str:
        """The window with its service, as a message names it."""
        return f"the limit {self.window} of {self.service}"


@dataclass(frozen=True)
class Work:
    """What of a run is done and left, measured now; its whole work is 1."""

    done: float

    # What this run and those that share its slots did in each whole minute, the newest last, in
    # units of this run's work.
    by_minute: Sequence[float]

    # The error of `done / (1 - done)`, as a share.
    error: float = 0.0

    # How many times the measured speed there would be if no short window let calls wait.
    stretch: float = 1.0

    # The seconds for which slots go idle at the end, since jobs are not divided.
    tail: float = 0.0

    # How long it has been at work, in seconds, as far as that was looked at.
    elapsed: float = 0.0

    # How long each other run that shares the slots takes, as a multiple of this one.
    others: Sequence[float] = ()

    limits: Sequence[LimitUse] = ()

    # So far, in millionths of the currency.
    cost: int = 0
    currency: str | None = None


def forecast(work: Work, now: float) -> Forecast | str:
    """Return when *work* will be done, seen from *now*, or why nobody can tell yet.

    A call may be made when the call that is *amount* calls before it is a window's length ago, and
    not faster than the slots are. What is not known, the speed to come and the work that is left,
    is drawn from the quantiles of two log-normal distributions, each with the spread that was seen.
    """
    speed, speed_error = _measure_speed(work)
    if not speed:
        return NO_PROGRESS

    # The pace of jobs was measured while limits let them wait; the last ones wait less.
    tail = work.tail * min(1.0, fmean(work.by_minute) / MINUTE / speed)

    turns = 1 + sum(min(1.0, other) for other in work.others)
    left = (1 - work.done) * turns
    work_error = math.hypot(work.error, LEAST_WORK_ERROR)

    most = left * math.exp(_QUANTILES[-1] * work_error)
    times: list[float] = []
    for quantile in _QUANTILES:
        curve = _Curve(speed * math.exp(quantile * speed_error), work.limits, most)
        times += [curve.time(left * math.exp(other * work_error)) for other in _QUANTILES]

    middle = _Curve(speed, work.limits, left)
    low, high = _bounds(times)
    whole = middle.time(left) + (work.elapsed if middle.is_stopped else 0.0)
    margin = max(LEAST_SECONDS, LEAST_END_ERROR * whole)
    prediction = Forecast(
        now + middle.time(left) + tail,
        now + max(0.0, low + TAIL_LOW * tail - margin),
        now + high + TAIL_HIGH * tail + margin,
        middle.bound_by,
    )
    if work.currency is None or not work.done:
        return prediction

    rest = work.cost / work.done * (1 - work.done)
    draws = [rest * math.exp(quantile * work_error) for quantile in _QUANTILES]
    about, cheap, dear = ((work.cost + more) / MICRO for more in (rest, draws[0], draws[-1]))
    return replace(prediction, cost=about, cost_low=cheap, cost_high=dear, currency=work.currency)


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return the bounds of the middle `COVERAGE` of equally likely *values*."""
    ordered = sorted(values)
    outside = round(len(ordered) * (1 - COVERAGE) / 2)
    return ordered[outside], ordered[-1 - outside]


def _measure_speed(work: Work) -> tuple[float, float]:
    """Return the work of a second if no short window binds, and its error as a share.

    Minutes count by how lately they were; those in which a long window was full do not count, as
    long as there are others. The error is that of the mean of past and future parts of the time.
    """
    long = [limit for limit in work.limits if limit.window.seconds >= LONG_SECONDS]
    pasts = [(limit, _UsedAmounts(limit.used)) for limit in long]
    agos = range(len(work.by_minute), 0, -1)
    minutes = [
        done
        for ago, done in zip(agos, work.by_minute, strict=True)
        if not any(past.is_full(limit, ago * MINUTE) for limit, past in pasts)
    ]
    if len(minutes) < FEWEST_MINUTES:
        minutes = sorted(work.by_minute)[-FEWEST_MINUTES:]
    if len(minutes) < FEWEST_MINUTES or not any(minutes):
        return 0.0, 0.0

    memory = max(SHORTEST_MEMORY / MINUTE, MEMORY_SHARE * len(minutes))
    weights = [math.exp(-ago / memory) for ago in range(len(minutes), 0, -1)]
    weighed = math.fsum(weight * done for weight, done in zip(weights, minutes, strict=True))
    speed = weighed / math.fsum(weights)
    size = max(1, len(minutes) // BLOCKS)
    parts = [fmean(minutes[at : at + size]) for at in range(0, len(minutes) - size + 1, size)]
    spread = pstdev(parts) / fmean(parts) if any(parts) else UNKNOWN_SPREAD
    parts_to_come = (1 - work.done) / speed / size
    error = spread * math.sqrt(2 / len(parts) + 1 / max(1.0, parts_to_come))
    return speed * work.stretch / MINUTE, math.hypot(error, LEAST_SPEED_ERROR)


class _UsedAmounts:
    """What was used of a window: how much since each earlier time."""

    def __init__(self, used: Sequence[tuple[float, float]]) -> None:
        # From now backwards, both grow.
        self.agos = [ago for ago, _ in reversed(used)]
        self.sums = list(accumulate(amount for _, amount in reversed(used)))

    def is_full(self, limit: LimitUse, ago: float) -> bool:
        """Return whether *limit* was used up so many seconds ago."""
        used = self._since(ago + limit.window.seconds) - self._since(ago - MINUTE)
        return used >= FULL_SHARE * limit.amount

    def _since(self, ago: float) -> float:
        at = bisect_right(self.agos, ago)
        return self.sums[at - 1] if at else 0.0

    def opens(self, room: float, seconds: float) -> float:
        """Return when *room* more than is free now may be used of a window of *seconds*.

        *room* is what may be left of what was used until now.
        """
        at = bisect_left(self.sums, room)
        return seconds - self.agos[at] if at < len(self.sums) else 0.0


class _Curve:
    """How long so much work takes from now on, at one speed of the slots."""

    def __init__(self, speed: float, limits: Sequence[LimitUse], most: float) -> None:
        self.bound_by = THE_WORKERS
        # Whether a long window lets calls wait for longest.
        self.is_stopped = False
        long: list[LimitUse] = []
        for limit in limits:
            allowed = USED_SHARE * limit.amount / limit.window.seconds
            if limit.window.seconds >= LONG_SECONDS:
                long.append(limit)
            elif allowed < speed:
                speed, self.bound_by = allowed, limit.label

        self._speed = speed
        # Where no long window is, a straight line tells all.
        self._work, self._times = [0.0], [0.0]
        if long:
            self._follow(long, most)

    def time(self, work: float) -> float:
        """Return the seconds until *work* is done."""
        at = bisect_left(self._work, work)
        if at == len(self._work):
            return self._times[-1] + (work - self._work[-1]) / self._speed
        if not at:
            return 0.0

        share = (work - self._work[at - 1]) / (self._work[at] - self._work[at - 1])
        return self._times[at - 1] + share * (self._times[at] - self._times[at - 1])

    def _follow(self, limits: Sequence[LimitUse], most: float) -> None:
        """Find the time of each next bit of work up to *most*, and what let it wait longest."""
        smallest = min(limit.amount for limit in limits)
        steps = min(1000, max(50, math.ceil(20 * most / smallest)))
        pasts = [_UsedAmounts(limit.used) for limit in limits]
        waited = dict.fromkeys([self.bound_by, *(limit.label for limit in limits)], 0.0)
        for step in range(1, steps + 1):
            work = most * step / steps
            time = self._times[-1] + most / steps / self._speed
            cause = self.bound_by
            for limit, past in zip(limits, pasts, strict=True):
                before = work - limit.amount
                if before > 0:
                    at = min(bisect_left(self._work, before), len(self._times) - 1)
                    opens = self._times[at] + limit.window.seconds
                else:
                    opens = past.opens(-before, limit.window.seconds)

                if opens > time:
                    time, cause = opens, limit.label

            waited[cause] += time - self._times[-1]
            self._work.append(work)
            self._times.append(time)

        brake = max(waited, key=waited.__getitem__)
        self.is_stopped = brake != self.bound_by
        self.bound_by = brake


def describe_forecast(prediction: Forecast | str, now: float) -> str:
    """Return a forecast in words, in UTC."""
    if isinstance(prediction, str):
        return f"the end cannot be foretold yet: {prediction}"

    ends = [prediction.ends_at, prediction.earliest, prediction.latest]
    about, low, high = _describe_times(ends, now)
    words = f"done about {about} ({low} to {high}) UTC, bound by {prediction.bound_by}"
    if prediction.cost is None:
        return words

    return f"{words}; {describe_cost(prediction)}"


def describe_cost(prediction: Forecast) -> str:
    """Return what a run will have cost in words; it has a currency."""
    amounts = (prediction.cost, prediction.cost_low, prediction.cost_high)
    # Cents are enough from one unit of the currency on.
    digits = 2 if (prediction.cost or 0.0) >= 1 else 4
    about, low, high = (
        format_money(round(round(amount or 0.0, digits) * MICRO), "") for amount in amounts
    )
    return f"about {about} {prediction.currency} ({low} to {high})"


def _describe_times(times: Sequence[float], now: float) -> list[str]:
    """Return times as "Tue 14:00"; the day stands where it is another than that before."""
    width = max(times) - min(times)
    grain = next(g for g in (1, 5, 10, 30, 60) if width <= g * 30 * MINUTE or g == 60) * MINUTE
    day = datetime.fromtimestamp(now, UTC).date()
    week_ends = day + timedelta(days=6)
    words: list[str] = []
    for time in times:
        moment = datetime.fromtimestamp(round(time / grain) * grain, UTC)
        clock = f"{moment:%H:%M}"
        if moment.date() != day or not words:
            near = moment.date() <= week_ends
            clock = f"{moment:%a} {clock}" if near else f"{moment.day} {moment:%b} {clock}"

        words.append(clock)
        day = moment.date()

    return words


def time_at_limits(
    windows: Sequence[Window], calls: float, weights: Mapping[LimitedResource, float] = ONE_CALL
) -> tuple[float, str | None]:
    """Return the seconds until the last of *calls* may be made, and the limit that binds.

    The calls of a window may be made as soon as the shorter windows allow them, the next calls when
    the window is over. *weights* are what a call takes of each unit. Returns 0
    and None if no limit binds.
    """
    seconds, binding, longest = 0.0, None, 0.0

    for window in sorted(windows, key=lambda window: window.seconds, reverse=True):
        weight = weights.get(window.resource, 0.0)
        if not weight:
            continue

        calls_of_window = window.amount / weight
        full_windows = max(math.ceil(calls / calls_of_window) - 1, 0)
        calls -= full_windows * calls_of_window
        spent = float(full_windows * window.seconds)
        if window.seconds < LONG_WINDOW_SECONDS:
            # Calls are spaced evenly in a short window.
            spent += calls / calls_of_window * window.seconds

        if spent > longest:
            binding, longest = str(window), spent

        seconds += spent

    return seconds, binding
