"""Fleets of up to a hundred workers in virtual time, scaled by `tidings_useful_slots`.

A fleet follows the gauge as KEDA's ScaledObject does (a look each 30 s, more workers at once, which
take 20 s to start, fewer when the advice was lower for 300 s), under each brake: calls, tokens,
money, a database, jobs due; with a limit that changes, and a day's cap.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.ratelimit.notation import LimitedResource, Window, parse_limits
from core.ratelimit.usage import HORIZON_SECONDS, WindowUse
from producers.useful_slots import RunLoad, ServiceLoad, count_useful_slots

MAXIMUM = 100
CALL_SECONDS, OVERHEAD_SECONDS = 0.05, 0.01
CYCLE_SECONDS = CALL_SECONDS + OVERHEAD_SECONDS
WEIGHTS = {LimitedResource.CALLS: 1, LimitedResource.TOKENS: 400, LimitedResource.COST: 50}
LOOK, STABLE, START, MINUTE, PERIOD = 30, 300, 20, 60, 120


@dataclass(frozen=True)
class Case:
    """A brake: the limits at each time, how many slots the database serves, and the jobs."""

    name: str
    limits: Callable[[int], str]
    jobs: int = 2000
    calls_of_job: float = 2000.0
    slots_of_database: float = math.inf


CASES = [
    Case("calls: 1000/s", lambda _now: "1000/s"),
    Case("tokens: 12M tokens/min", lambda _now: "12M tokens/min"),
    Case("money: 180 USD/h", lambda _now: "180 USD/h", calls_of_job=5000),
    Case("a database that serves 40 slots", lambda _now: "", slots_of_database=40),
    Case("30 jobs due", lambda _now: "", jobs=30, calls_of_job=60_000),
    Case(
        "1000/s; 300/s after 10 min; 1500/s after 30",
        lambda now: "1000/s" if now < 600 else "300/s" if now < 1800 else "1500/s",
        calls_of_job=2500,
    ),
    Case("a day's cap: 1000/s, 1.2M/d", lambda _now: "1000/s,1.2M/d", calls_of_job=1500),
]


class Step(NamedTuple):
    """A second: the calls that were made, how many were in flight and waited, the busy slots."""

    calls: float
    in_flight: float
    waiting: float
    busy: float


@dataclass
class Fleet:
    """Slots that work off jobs under windows; each second is a step."""

    case: Case
    slots: int
    now: int = 0
    # The calls made until each second.
    made: list[float] = field(default_factory=lambda: [0.0])
    steps: list[Step] = field(default_factory=list)
    slot_seconds: float = 0.0
    # What the advice said and what was at work, where the run was not being stopped by a cap.
    advised: float = 0.0
    needed: float = 0.0

    @property
    def left(self) -> float:
        """The calls that are left."""
        return self.case.jobs * self.case.calls_of_job - self.made[-1]

    @property
    def due(self) -> int:
        """The jobs that are left."""
        return math.ceil(self.left / self.case.calls_of_job - 1e-9)

    def windows(self) -> Sequence[Window]:
        """Return the limit now."""
        return parse_limits(self.case.limits(self.now))

    def use(self, window: Window) -> WindowUse:
        """Return what of a window is used, in its unit."""
        weight = WEIGHTS[window.resource]
        first = max(0, self.now - window.seconds + 1)
        opens = min(self.now, max(first, self.now - window.seconds + HORIZON_SECONDS))
        used, opening = (self.made[at] - self.made[first] for at in (self.now, opens))
        return WindowUse(window, round(used * weight), round(opening * weight))

    def step(self) -> None:
        """Work for a second."""
        busy = float(min(self.slots, self.due))
        demand = min(busy, self.case.slots_of_database) / CYCLE_SECONDS
        wanted = granted = min(demand, self.left)
        for window in self.windows():
            room = self.use(window).left / WEIGHTS[window.resource]
            if window.seconds == MINUTE:
                # Calls come evenly in it.
                room = min(room, window.amount / WEIGHTS[window.resource] / MINUTE)
            if window.seconds > MINUTE and room < wanted:
                # Jobs that wait so long are put off, and hold no slot.
                busy *= room / wanted

            granted = min(granted, room)

        is_database = self.case.slots_of_database < busy
        waiting = 0.0 if is_database else max(0.0, busy - granted * CYCLE_SECONDS)
        self.steps.append(Step(granted, granted * CALL_SECONDS, waiting, busy))
        self.made.append(self.made[-1] + granted)
        self.slot_seconds += self.slots
        self.now += 1

    def advice(self) -> float:
        """Return the gauge, from the last whole minutes as `calls` has them."""
        whole = self.now // MINUTE * MINUTE
        period = self.steps[max(0, whole - PERIOD) : whole]
        allowed: dict[LimitedResource, float] = {}
        for window in self.windows():
            per_second = self.use(window).per_second
            allowed[window.resource] = min(allowed.get(window.resource, math.inf), per_second)

        # A job that a long window has put off is not due.
        is_put_off = bool(self.steps) and not self.steps[-1].calls
        run = RunLoad(0 if is_put_off else self.due, self.slots)
        if period and any(step.calls for step in period):
            calls, in_flight, waiting, busy = map(sum, zip(*period, strict=True))
            seconds = len(period)
            rates = {unit: calls * weight / seconds for unit, weight in WEIGHTS.items()}
            load = ServiceLoad(rates, in_flight / seconds, waiting / seconds)
            run = RunLoad(run.due, busy / seconds, {"model": load})

        return count_useful_slots([run], {"model": allowed}, self.case.slots_of_database)[0]


def run_fleet(case: Case, *, follows: bool) -> Fleet:
    """Work off a case with the fleet that follows the gauge, or with the maximum."""
    fleet = Fleet(case, 1 if follows else MAXIMUM)
    advices: deque[tuple[int, int]] = deque()
    coming: dict[int, int] = {}
    while fleet.left > 1e-6:
        if follows and fleet.now % LOOK == 0:
            advice = max(1, min(MAXIMUM, math.ceil(fleet.advice() - 1e-9)))
            advices.append((fleet.now, advice))
            while advices[0][0] < fleet.now - STABLE:
                advices.popleft()

            wanted = max(number for _, number in advices)
            if advice > fleet.slots:
                coming[fleet.now + START] = advice
            else:
                fleet.slots = min(fleet.slots, wanted)

            if fleet.now > STABLE and advice <= fleet.slots and fleet.steps[-1].calls:
                fleet.advised += advice
                fleet.needed += min(advice, fleet.steps[-1].calls * CYCLE_SECONDS)

        fleet.slots = max(fleet.slots, coming.pop(fleet.now, 0))
        fleet.step()

    return fleet
