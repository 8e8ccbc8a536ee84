"""How many slots would be at work under the limits in force: what a fleet of workers scales on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.ratelimit.notation import LimitedResource

#: More is advised than is needed, since calls come unevenly; a tenth may be idle.
HEADROOM = 1.05
JOBS, DATABASE = "jobs", "database"
#: What may be taken of each unit of a service's limit in a second.
Allowed = Mapping[str, Mapping[LimitedResource, float]]


@dataclass(frozen=True)
class ServiceLoad:
    """A run's calls to a service: how many, in flight and waiting for a limit, on average.

    *rates* are what it takes of each unit in a second.
    """

    rates: Mapping[LimitedResource, float]
    in_flight: float
    waiting: float


@dataclass(frozen=True)
class RunLoad:
    """A run: its jobs that are due or at work, its busy slots, its calls by service."""

    due: int
    busy: float
    services: Mapping[str, ServiceLoad] = field(default_factory=dict)


def count_useful_slots(
    runs: Sequence[RunLoad], allowed: Allowed, database: float = math.inf
) -> tuple[float, dict[str, float]]:
    """Return how many slots would be at work, and how many each brake alone would let work.

    By Little's law a slot holds as many calls as it makes in a second times the seconds of each,
    with its wait for a limit. Without the wait it would make that many more; what a limit allows
    feeds so many such slots. Runs that share a limit get as much of it as they take now. A run
    without calls so far gets a slot for each due job. *database* is what that can serve.
    """
    totals: dict[tuple[str, LimitedResource], float] = {}
    for run in runs:
        for service, load in run.services.items():
            for unit, rate in load.rates.items():
                totals[service, unit] = totals.get((service, unit), 0.0) + rate

    brakes = dict.fromkeys(LimitedResource, 0.0)
    useful = 0.0
    for run in runs:
        fed = dict.fromkeys(LimitedResource, math.inf)
        for service, load in run.services.items():
            for unit, rate in load.rates.items():
                per_second = allowed.get(service, {}).get(unit, math.inf)
                if rate and run.busy:
                    slots = run.busy / _stretch(run) * per_second / totals[service, unit]
                    fed[unit] = min(fed[unit], HEADROOM * slots)

        useful += min(run.due, *fed.values())
        for unit, slots in fed.items():
            brakes[unit] += slots

    jobs = float(sum(run.due for run in runs))
    slots_by_brake = {**{unit.value: slots for unit, slots in brakes.items()}, DATABASE: database}
    return min(useful, database), {**slots_by_brake, JOBS: jobs}


def _stretch(run: RunLoad) -> float:
    """Return how many times as many calls a slot would make if none waited for a limit."""
    in_flight = math.fsum(load.in_flight for load in run.services.values())
    waiting = math.fsum(load.waiting for load in run.services.values())
    return 1 + waiting / in_flight if in_flight else 1.0
