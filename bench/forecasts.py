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
from producers.run_forecasts import LONGEST_LOOK_BACK, SizeGroup, measure_done, measure_tail

FIRST_LOOK, LAST_LOOK, CLOSE = 0.2, 0.98, 0.1


@dataclass
class SimulatedJob:
    """A job: its size as the database knows it, and the calls that it needs and has made."""

    weight: float
    calls: float
    made: float = 0.0
    started: float | None = None
    ended: float | None = None


@dataclass
class SimulatedRun:
    """A run: its jobs in their order, and its calls in each step."""

    begins: float
    jobs: list[SimulatedJob]
    calls: list[float] = field(default_factory=list)
    ended: float | None = None

    @property
    def open_jobs(self) -> list[SimulatedJob]:
        """Its jobs that have not ended."""
        return [job for job in self.jobs if job.ended is None]

    def work(self, jobs: list[SimulatedJob], calls: float, now: float, step: float) -> None:
        """Share *calls* among *jobs*; what one does not need goes to the next."""
        for number, job in enumerate(jobs):
            job.started = now - step if job.started is None else job.started
            used = min(calls / (len(jobs) - number), job.calls - job.made)
            job.made += used
            calls -= used
            if job.calls - job.made < 1e-6:
                job.ended = now

        if not self.open_jobs:
            self.ended = now


class Service:
    """A service whose latency drifts, jumps and fails, and which is away at times."""

    def __init__(self, chance: random.Random, step: float, usual: float) -> None:
        self._chance, self._step, self._usual = chance, step, usual
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


@dataclass
class Shape:
    """The shape of a run, drawn by chance: its slots, its service and its limit."""

    slots: int
    concurrency: int
    hours: float
    usual_seconds: float
    months: int
    limit: str

    @property
    def calls(self) -> float:
        """The calls that the slots would make in `hours`."""
        return self.slots * self.concurrency / self.usual_seconds * self.hours * 3600

    @property
    def step(self) -> float:
        """The seconds of a step."""
        return 5.0 if self.hours < 3 else 20.0


def draw_shape(chance: random.Random) -> Shape:
    """Draw a shape: from twenty minutes to a day without a limit, under one of six kinds."""
    slots = chance.choice([1, 2, 4, 8, 16, 40])
    months = max(3 * slots, round(math.exp(chance.uniform(math.log(24), math.log(600)))))
    concurrency = chance.choice([1, 4, 10])
    hours = math.exp(chance.uniform(math.log(0.3), math.log(24)))
    shape = Shape(slots, concurrency, hours, chance.choice([0.05, 0.2, 0.5, 1.0]), months, "")
    rate = shape.calls / hours / 3600 * chance.choice([0.3, 0.6, 0.9, 2.0])
    of_day = shape.calls / chance.choice([0.5, 1.5, 3.0, 6.0])
    kinds = ("", "{s}/s", "{min}/min", "{s}/s,{d}/d", "{d}/d", "{h}/h")
    amounts = {"s": rate, "min": 60 * rate, "h": 3600 * rate, "d": of_day}
    whole = {unit: max(1, round(amount)) for unit, amount in amounts.items()}
    shape.limit = chance.choice(kinds).format(**whole)
    return shape


@dataclass
class Simulation:
    """A run that has ended, those that shared its slots and its limit, and what that counted."""

    shape: Shape
    run: SimulatedRun
    others: list[SimulatedRun]
    windows: Windows


def simulate(seed: int) -> Simulation:
    """Draw a run with its faults and its neighbours, and follow it to its end."""
    chance = random.Random(seed)
    shape = draw_shape(chance)
    service = Service(chance, shape.step, shape.usual_seconds)
    months, calls = shape.months, shape.calls / shape.months
    run = SimulatedRun(0.0, make_jobs(chance, months, calls))
    others: list[SimulatedRun] = []
    for _ in range(chance.choice([0, 0, 1, 2, 3])):
        begins = chance.choice([0.0, 0.0, chance.uniform(0, 1) * shape.hours * 3600])
        jobs = make_jobs(chance, months, chance.uniform(0.1, 1.5) * calls)
        others.append(SimulatedRun(begins, jobs))

    simulation = Simulation(shape, run, others, Windows(parse_limits(shape.limit), shape.step))
    now = 0.0
    while run.ended is None:
        now += shape.step
        work_a_step(simulation, now, *service.next(now))

    return simulation


def work_a_step(simulation: Simulation, now: float, latency: float, failures: float) -> None:
    """Let each run that is open have its share of the slots for the step that ends *now*."""
    shape, windows = simulation.shape, simulation.windows
    runs = [simulation.run, *simulation.others]
    active = [run for run in runs if run.ended is None and run.begins < now]
    share = shape.slots / len(active)
    begun = [run.open_jobs[: max(1, math.ceil(share))] for run in active]
    a_slot = shape.concurrency / latency * shape.step
    demands = [min(share, len(jobs)) * a_slot for jobs in begun]
    wanted = sum(demands)
    scale = windows.allow(wanted) / wanted if wanted else 0.0
    for run, jobs, demand in zip(active, begun, demands, strict=True):
        run.calls.extend([0.0] * (len(windows.used) - 1 - len(run.calls)))
        run.calls.append(demand * scale)
        run.work(jobs, demand * scale * (1 - failures), now, shape.step)


def groups_at(run: SimulatedRun, now: float) -> list[SizeGroup]:
    """Return what the database would say of the run's jobs at a time."""
    groups = []
    for job in run.jobs:
        seconds = (job.ended or 0) - (job.started or 0)
        if job.ended is not None and job.ended <= now:
            groups.append(SizeGroup(job.weight, ended=1, seconds=seconds, squares=seconds**2))
        elif job.started is not None and job.started < now:
            groups.append(SizeGroup(job.weight, at_work=1, ages=now - job.started))
        else:
            groups.append(SizeGroup(job.weight, left=1))
    return groups


def by_minute(calls: list[float], step: float, now: float) -> list[float]:
    """Return the calls of each whole minute until *now*."""
    whole, each = int(now // MINUTE), round(MINUTE / step)
    return [sum(calls[at * each : (at + 1) * each]) for at in range(whole)]


def measure(simulation: Simulation, now: float) -> Work:
    """Return what can be measured at a time."""
    run, windows, step = simulation.run, simulation.windows, simulation.shape.step
    steps = round(now / step)
    groups = groups_at(run, now)
    done, error = measure_done(groups)
    calls = run.calls[:steps]
    unit = done / sum(calls) if any(calls) else 0.0
    all_minutes = by_minute(windows.used[:steps], step, now)
    used = [
        (now - MINUTE * (at + 1), amount * unit) for at, amount in enumerate(all_minutes) if amount
    ]
    wanted, made = (sum(amounts[:steps][-180:]) for amounts in (windows.wanted, windows.used))
    left = (1 - done) / done if done else 1.0
    ratios: list[float] = []
    for other in simulation.others:
        if other.begins < now and (other.ended is None or other.ended > now):
            other_done, _ = measure_done(groups_at(other, now))
            is_known = done and other_done
            calls_of_other = sum(other.calls[:steps])
            other_left = (1 - other_done) / other_done * calls_of_other if is_known else 0.0
            ratios.append(other_left / (left * sum(calls)) if is_known else 1.0)

    return Work(
        done,
        [made_in_minute * unit for made_in_minute in all_minutes[-LONGEST_LOOK_BACK // 60 :]],
        error,
        stretch=wanted / made if made else 1.0,
        tail=measure_tail(groups, simulation.shape.slots // (1 + len(ratios))),
        elapsed=now,
        others=ratios,
        limits=[
            LimitUse("textapi", window, window.amount * unit, used) for window in windows.windows
        ],
    )


@dataclass(frozen=True)
class Look:
    """A forecast: its error as a share of the whole time, and whether the end was in its range."""

    error: float
    is_inside: bool
    error_of_left: float

    @property
    def is_close(self) -> bool:
        """Whether it was within a tenth."""
        return abs(self.error) <= CLOSE


def look_at(simulation: Simulation, looks: int) -> list[Look | None]:
    """Return what was foretold at each look; None where nothing was."""
    ended, step = simulation.run.ended or 0.0, simulation.shape.step
    told: list[Look | None] = []
    for number in range(looks):
        share = FIRST_LOOK + (LAST_LOOK - FIRST_LOOK) * number / (looks - 1)
        now = ended * share // step * step
        prediction = forecast(measure(simulation, now), now)
        if isinstance(prediction, str):
            told.append(None)
            continue

        error = prediction.ends_at - ended
        is_inside = prediction.earliest <= ended <= prediction.latest
        told.append(Look(error / ended, is_inside, error / (ended - now)))

    return told


def main() -> None:
    """Print for each run, and of all looks, how many were within 10 % and inside the range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--looks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every: list[Look | None] = []
    for seed in range(options.seed, options.seed + options.runs):
        simulation = simulate(seed)
        looks = look_at(simulation, options.looks)
        every += looks
        shape = simulation.shape
        errors = " ".join("?" if look is None else f"{look.error:+.0%}" for look in looks)
        print(
            f"{seed:>4} {(simulation.run.ended or 0) / 3600:>6.1f} h {shape.months:>4} jobs "
            f"{shape.slots:>3} slots {len(simulation.others)} others {shape.limit or '-':<18} "
            f"{describe_looks(looks)} {errors}",
            flush=True,
        )

    print(f"{len(every)} looks: {describe_looks(every)}")


def describe_looks(looks: list[Look | None]) -> str:
    """Return the shares of looks that were close, and inside; what was not foretold is neither."""
    told = [look for look in looks if look is not None]
    close, inside = sum(look.is_close for look in told), sum(look.is_inside for look in told)
    of_left = sum(abs(look.error_of_left) <= CLOSE for look in told)
    shares = [count / len(looks) for count in (close, of_left, inside)]
    return "within 10 % {:.0%}, of what was left {:.0%}, inside {:.0%}".format(*shares)


if __name__ == "__main__":
    main()
