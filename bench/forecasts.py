"""How good forecasts are: runs of random shape in virtual time, with faults.

Each run has jobs whose calls are known only when they are made, slots, a service whose latency
changes, fails and stops, other runs that share slots and limits, and windows that are kept call by
call (in steps of seconds). From a fifth of its time on it is looked at, with what the database
would say then. ``python -m bench.forecasts --runs 30 --looks 12``
"""

from __future__ import annotations

import argparse
import math
import random
from dataclasses import dataclass, field

from core.ratelimit.notation import Window, parse_limits
from producers.forecast import LONG_SECONDS, MINUTE, LimitUse, Work, forecast
from producers.run_forecasts import LONGEST_LOOK_BACK, JobGroup, measure_done, measure_tail

FIRST_LOOK, LAST_LOOK = 0.2, 0.98
LONGEST = 12 * 86400.0


@dataclass
class SimulatedJob:
    weight: float
    calls: float
    made: float = 0.0
    started: float | None = None
    ended: float | None = None


@dataclass
class SimulatedRun:
    begins: float
    jobs: list[SimulatedJob]
    calls: list[float] = field(default_factory=list)
    ended: float | None = None

    @property
    def open_jobs(self) -> list[SimulatedJob]:
        return [job for job in self.jobs if job.ended is None]


class Service:
    """A service whose latency drifts, jumps and fails, and which is away at times."""

    def __init__(self, chance: random.Random, step: float) -> None:
        self._chance, self._step = chance, step
        self._usual = chance.choice([0.05, 0.2, 0.5, 1.0])
        self._level, self._drift = 1.0, 0.0
        self._failures = chance.choice([0.0, 0.0, 0.02, 0.1])
        self._away_until = 0.0
        self._is_faulty = chance.random() < 0.6

    def next(self, now: float) -> tuple[float, float]:
        """Return the seconds of a call, without end while it is away, and the share that fails."""
        chance, hours = self._chance, self._step / 3600
        self._drift += -self._drift * min(1.0, 6 * hours) + 0.15 * math.sqrt(
            min(1.0, 12 * hours)
        ) * chance.gauss(0, 1)
        if self._is_faulty:
            if chance.random() < 0.3 * hours:
                self._level = math.exp(chance.gauss(0, 0.3))
            if chance.random() < 0.2 * hours:
                self._away_until = now + chance.uniform(30, 600)
        if now < self._away_until:
            return math.inf, 0.0
        return self._usual * self._level * math.exp(self._drift), self._failures


class Windows:
    """Trailing windows, in steps."""

    def __init__(self, windows: tuple[Window, ...], step: float) -> None:
        self.windows, self._step = windows, step
        self.used: list[float] = []
        # What was asked for while a window shorter than a quarter of an hour was the brake.
        self.wanted: list[float] = []
        self._sums = [0.0 for _ in windows]

    def allow(self, demand: float) -> float:
        """Return how many of the calls of a step may be made, and count them."""
        granted = demand
        for at, window in enumerate(self.windows):
            if window.seconds <= self._step:
                granted = min(granted, window.amount * self._step / window.seconds)
                continue
            steps = round(window.seconds / self._step)
            if len(self.used) >= steps:
                self._sums[at] -= self.used[-steps]
            granted = min(granted, max(0.0, window.amount - self._sums[at]))
            if window.seconds >= LONG_SECONDS and granted < demand:
                # Jobs are put off, and nothing waits.
                demand = granted
        self.wanted.append(demand)
        self.used.append(granted)
        for at in range(len(self.windows)):
            self._sums[at] += granted
        return granted


def make_jobs(chance: random.Random, count: int, calls: float) -> list[SimulatedJob]:
    """Return jobs whose weights are known and whose calls are so up to their own spread."""
    known = chance.random() < 0.8
    # Months grow with the archive; accounts, whose sizes nobody knows, come in no order.
    trend, sizes = chance.uniform(-1, 1) * known, chance.uniform(0.05, 0.6)
    spread = chance.uniform(0.05, 0.35)
    jobs = []
    for at in range(count):
        size = math.exp(trend * at / count + sizes * chance.gauss(0, 1))
        needed = max(1.0, calls * size * math.exp(spread * chance.gauss(0, 1)))
        jobs.append(SimulatedJob(size if known else 1.0, needed))
    return jobs


def simulate(seed: int) -> tuple[SimulatedRun, list[SimulatedRun], Windows, float, str]:
    """Return a run that has ended, the others, what its limit counted, and the step in seconds."""
    chance = random.Random(seed)
    slots = chance.choice([1, 2, 4, 8, 16, 40])
    count = max(3 * slots, round(math.exp(chance.uniform(math.log(24), math.log(600)))))
    concurrency = chance.choice([1, 4, 10])
    hours = math.exp(chance.uniform(math.log(0.3), math.log(24)))
    step = 5.0 if hours < 3 else 20.0
    service = Service(chance, step)
    natural = slots * concurrency / service._usual
    total = natural * hours * 3600
    share = chance.choice([0.3, 0.6, 0.9, 2.0])
    rate = natural * share
    shape = chance.choice(["", "s", "min", "s,d", "d", "h"])
    parts = []
    if "s" in shape.split(","):
        parts.append(f"{max(1, round(rate))}/s")
    if shape == "min":
        parts.append(f"{max(1, round(60 * rate))}/min")
    if shape == "h":
        parts.append(f"{max(1, round(3600 * rate))}/h")
    if "d" in shape.split(","):
        parts.append(f"{max(1, round(total / chance.choice([0.5, 1.5, 3.0, 6.0])))}/d")
    text = ",".join(parts)
    windows = Windows(parse_limits(text), step)

    run = SimulatedRun(0.0, make_jobs(chance, count, total / count))
    others = []
    for _ in range(chance.choice([0, 0, 1, 2, 3])):
        size = chance.uniform(0.1, 1.5)
        begins = chance.choice([0.0, 0.0, chance.uniform(0, 1) * hours * 3600])
        others.append(SimulatedRun(begins, make_jobs(chance, count, size * total / count)))

    now = 0.0
    while run.ended is None and now < LONGEST:
        active = [r for r in [run, *others] if r.ended is None and r.begins <= now]
        latency, failures = service.next(now)
        at_work: list[tuple[SimulatedRun, list[SimulatedJob]]] = []
        share_of_slots = slots / len(active)
        for r in active:
            jobs = [j for j in r.jobs if j.ended is None][: max(1, math.ceil(share_of_slots))]
            at_work.append((r, jobs))
        demands = [
            min(share_of_slots, len(jobs)) * concurrency / latency * step for _, jobs in at_work
        ]
        granted = windows.allow(sum(demands))
        scale = granted / sum(demands) if sum(demands) else 0.0
        now += step
        for (r, jobs), demand in zip(at_work, demands, strict=True):
            calls = demand * scale
            r.calls.extend([0.0] * (len(windows.used) - 1 - len(r.calls)))
            r.calls.append(calls)
            rest = calls * (1 - failures)
            for number, job in enumerate(jobs):
                job.started = now - step if job.started is None else job.started
                part = rest / (len(jobs) - number)
                used = min(part, job.calls - job.made)
                job.made += used
                rest -= used
                if job.calls - job.made < 1e-6:
                    job.ended = now
            if not r.open_jobs:
                r.ended = now
    return run, others, windows, step, text or "no limit"


def groups_at(run: SimulatedRun, now: float) -> list[JobGroup]:
    """Return what the database would say of the run's jobs at a time."""
    groups = []
    for job in run.jobs:
        seconds = (job.ended or 0) - (job.started or 0)
        if job.ended is not None and job.ended <= now:
            groups.append(JobGroup(job.weight, ended=1, seconds=seconds, squares=seconds**2))
        elif job.started is not None and job.started < now:
            groups.append(JobGroup(job.weight, at_work=1, ages=now - job.started))
        else:
            groups.append(JobGroup(job.weight, left=1))
    return groups


def by_minute(calls: list[float], step: float, now: float) -> list[float]:
    """Return the calls of each whole minute until *now*."""
    whole, each = int(now // MINUTE), round(MINUTE / step)
    return [sum(calls[at * each : (at + 1) * each]) for at in range(whole)]


def measure(
    run: SimulatedRun, others: list[SimulatedRun], windows: Windows, step: float, now: float
) -> Work:
    """Return what can be measured at a time."""
    steps = round(now / step)
    groups = groups_at(run, now)
    done, error = measure_done(groups)
    calls = run.calls[:steps]
    unit = done / sum(calls) if any(calls) else 0.0
    all_minutes = by_minute(windows.used[:steps], step, now)
    used = [
        (now - MINUTE * (at + 1), amount * unit) for at, amount in enumerate(all_minutes) if amount
    ]
    limits = [LimitUse("textapi", w, w.amount * unit, used) for w in windows.windows]
    ratios = []
    for other in others:
        if other.begins < now and (other.ended is None or other.ended > now):
            other_done, _ = measure_done(groups_at(other, now))
            is_known = done and other_done
            other_left = (1 - other_done) / other_done * (now - other.begins) if is_known else 0.0
            ratios.append(other_left / ((1 - done) / done * now) if is_known else 1.0)

    looked_at = [calls * unit for calls in all_minutes[-LONGEST_LOOK_BACK // 60 :]]
    wanted, made = (sum(amounts[:steps][-180:]) for amounts in (windows.wanted, windows.used))
    stretch = wanted / made if made else 1.0
    return Work(
        done,
        looked_at,
        error,
        stretch,
        tail=measure_tail(groups, sum(group.at_work for group in groups)),
        others=ratios,
        limits=limits,
    )


def main() -> None:
    """Print the share of looks within 10 % and inside the range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--looks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    all_looks: list[tuple[bool, bool]] = []
    for seed in range(options.seed, options.seed + options.runs):
        run, others, windows, step, text = simulate(seed)
        if run.ended is None:
            print(seed, "did not end", text)
            continue
        found, errors, widths = [], [], []
        for number in range(options.looks):
            share = FIRST_LOOK + (LAST_LOOK - FIRST_LOOK) * number / (options.looks - 1)
            now = run.ended * share // step * step
            told = forecast(measure(run, others, windows, step, now), now)
            if isinstance(told, str):
                found.append((False, False))
                continue
            error = (told.ends_at - run.ended) / run.ended
            errors.append(error)
            widths.append((told.latest - told.earliest) / run.ended)
            found.append((abs(error) <= 0.1, told.earliest <= run.ended <= told.latest))
        all_looks += found
        close, inside = (sum(flags) / len(found) for flags in zip(*found, strict=True))
        print(
            f"{seed:>4} {run.ended / 3600:>7.2f} h {len(run.jobs):>4} jobs {len(others)} others "
            f"{text:<22} within 10 % {close:>4.0%} inside {inside:>4.0%} "
            f"errors {' '.join(f'{e:+.0%}' for e in errors)}  width {sum(widths) / max(1, len(widths)):.0%}"
        )
    close, inside = (sum(flags) / len(all_looks) for flags in zip(*all_looks, strict=True))
    print(f"{len(all_looks)} looks: within 10 % {close:.1%}, inside the range {inside:.1%}")


if __name__ == "__main__":
    main()
