"""What scaling by `tidings_useful_slots` costs and saves, with a hundred workers in virtual time.

A fleet follows the gauge as KEDA's ScaledObject does (a look each 30 s, more workers at once, which
take 20 s to start, fewer when the advice was lower for 300 s), under each brake: calls, tokens, money, a
database, jobs due; with a limit that changes, and a day's cap. Beside it runs a fleet of the
maximum from the start. ``python -m bench.useful_slots``
"""

from __future__ import annotations

import argparse
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.ratelimit.notation import LimitUnit, Window, parse_limits
from core.ratelimit.usage import HORIZON_SECONDS, WindowUse
from producers.useful_slots import RunLoad, ServiceLoad, count_useful_slots

MAXIMUM = 100
CALL_SECONDS, OVERHEAD_SECONDS = 0.05, 0.01
TOKENS, COST = 400, 50
LOOK, STABLE, START = 30, 300, 20
PERIOD = 120


@dataclass
class Case:
    """A brake: the limits at each time, how many slots the database serves, and the jobs."""

    name: str
    limits: Callable[[int], str]
    jobs: int = 2000
    calls_a_job: float = 2000.0
    slots_of_database: float = math.inf


CASES = [
    Case("calls 1000/s", lambda _now: "1000/s"),
    Case("tokens 12M tokens/min", lambda _now: "12M tokens/min"),
    Case("money 180 USD/h, after its first", lambda _now: "180 USD/h", calls_a_job=5000.0),
    Case("the database serves 40 slots", lambda _now: "", slots_of_database=40),
    Case("30 jobs due", lambda _now: "", jobs=30, calls_a_job=60_000.0),
    Case("1000/s, 300/s after 10 minutes, 1500/s after 30",
         lambda now: "1000/s" if now < 600 else "300/s" if now < 1800 else "1500/s",
         calls_a_job=2500.0),
    Case("a day's cap at midnight: 1000/s, 600k/d", lambda _now: "1000/s,600k/d",
         calls_a_job=1000.0),
]


@dataclass
class Fleet:
    """Slots that work off jobs under windows; each second is a step."""

    case: Case
    slots: int
    now: int = 0
    made: float = 0.0
    # The calls made until each second.
    sums: list[float] = field(default_factory=lambda: [0.0])
    steps: list[tuple[float, float, float, float]] = field(default_factory=list)
    slot_seconds: float = 0.0
    idle_seconds: float = 0.0

    @property
    def all_calls(self) -> float:
        return self.case.jobs * self.case.calls_a_job

    def windows(self) -> Sequence[Window]:
        return parse_limits(self.case.limits(self.now))

    def use(self, window: Window) -> WindowUse:
        """Return what of a window is used, in its unit."""
        weight = {LimitUnit.CALLS: 1, LimitUnit.TOKENS: TOKENS, LimitUnit.COST: COST}[window.unit]
        first = max(0, self.now - window.seconds + 1)
        opens = min(self.now, max(first, self.now - window.seconds + HORIZON_SECONDS))
        used = self.sums[self.now] - self.sums[first]
        opening = self.sums[opens] - self.sums[first]
        return WindowUse(window, round(used * weight), round(opening * weight))

    def step(self) -> None:
        """Work for a second."""
        due = math.ceil((self.all_calls - self.made) / self.case.calls_a_job)
        busy = min(self.slots, due)
        served = min(busy, self.case.slots_of_database)
        demand = served / (CALL_SECONDS + OVERHEAD_SECONDS)
        granted = min(demand, self.all_calls - self.made)
        put_off = 0.0
        for window in self.windows():
            weight = {LimitUnit.CALLS: 1, LimitUnit.TOKENS: TOKENS, LimitUnit.COST: COST}[window.unit]
            room = self.use(window).left / weight
            if window.seconds >= 60:
                # In a minute's window calls come evenly; a longer one is used up, and jobs wait.
                room = room if window.seconds > 60 else min(room, window.amount / weight / 60)
            if window.seconds > 60 and room < granted:
                put_off = 1 - room / granted
            granted = min(granted, room)

        # Jobs that a long window puts off hold no slot.
        busy *= 1 - put_off
        in_flight = granted * CALL_SECONDS
        waiting = max(0.0, busy - granted * (CALL_SECONDS + OVERHEAD_SECONDS))
        if served < busy:
            waiting = 0.0
        self.steps.append((granted, in_flight, waiting, busy))
        self.sums.append(self.sums[-1] + granted)
        self.made += granted
        self.slot_seconds += self.slots
        self.idle_seconds += self.slots - granted * (CALL_SECONDS + OVERHEAD_SECONDS)
        self.now += 1

    def advice(self) -> float:
        """Return the gauge, from the last whole minutes as `calls` has them."""
        due = math.ceil((self.all_calls - self.made) / self.case.calls_a_job)
        whole = self.now // 60 * 60
        period = self.steps[max(0, whole - PERIOD) : whole]
        allowed: dict[LimitUnit, float] = {}
        for window in self.windows():
            per_second = self.use(window).per_second
            allowed[window.unit] = min(allowed.get(window.unit, math.inf), per_second)
        if not period:
            runs = [RunLoad(due, self.slots)]
        else:
            calls, in_flight, waiting, busy = (sum(p) / len(period) for p in zip(*period, strict=True))
            rates = {LimitUnit.CALLS: calls, LimitUnit.TOKENS: calls * TOKENS, LimitUnit.COST: calls * COST}
            runs = [RunLoad(due, busy, {"model": ServiceLoad(rates, in_flight, waiting)})]
            if put_off := sum(1 for step in period if not step[0]):
                if put_off == len(period):
                    runs = [RunLoad(0, busy)]
        return count_useful_slots(runs, {"model": allowed}, self.case.slots_of_database)[0]


def run_fleet(case: Case, *, follows: bool) -> Fleet:
    """Work off a case with the fleet that follows the gauge, or with the maximum."""
    fleet = Fleet(case, 1 if follows else MAXIMUM)
    advices: deque[tuple[int, int]] = deque()
    coming: list[tuple[int, int]] = []
    while fleet.made < fleet.all_calls - 1e-6 and fleet.now < 5 * 86400:
        if follows and fleet.now % LOOK == 0:
            wanted = max(1, min(MAXIMUM, math.ceil(fleet.advice() - 1e-9)))
            advices.append((fleet.now, wanted))
            while advices[0][0] < fleet.now - STABLE:
                advices.popleft()
            target = wanted if wanted > fleet.slots else max(want for _, want in advices)
            if target > fleet.slots:
                coming.append((fleet.now + START, target))
            else:
                fleet.slots = target
        for at, slots in coming:
            if at == fleet.now:
                fleet.slots = max(fleet.slots, slots)
        fleet.step()
    return fleet


def main() -> None:
    """Print for each case how long both fleets took, and the idle slots."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for case in CASES:
        ours, most = run_fleet(case, follows=True), run_fleet(case, follows=False)
        print(
            f"{case.name:<52} {ours.now / 60:>7.1f} min, maximum {most.now / 60:>7.1f} "
            f"({ours.now / most.now - 1:+.1%}); idle {ours.idle_seconds / ours.slot_seconds:.1%}, "
            f"maximum {most.idle_seconds / most.slot_seconds:.1%}; slot hours "
            f"{ours.slot_seconds / 3600:.0f} of {most.slot_seconds / 3600:.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
