"""How much of a limit is used, and that no sliding window is exceeded, seen by the service.

    python bench/limits.py [--seconds 12] [--rounds 1]

Some six minutes a round on two cores. Processes call a stub under one limit; some are killed, or
Redis loses its data. Of a window W calls can use W / (W + round trip): that is the ceiling where
nothing disturbs. Ends with 1 where a window was exceeded.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import harness
import redis

from core.ratelimit.notation import parse_limits
from tests.chaos.limit_clients import Counts, run_clients
from tests.services import running_valkey

HTTP_SECONDS = 0.004  # of a round trip to the stub, beside its latency


@dataclass(frozen=True)
class Case:
    """A limit, the processes that call under it, and what disturbs them."""

    limits: str
    processes: int
    latency: float = 0.016
    disturbance: str = ""
    lengthening: float = 1.0  # of the measured time
    options: dict[str, Any] = field(default_factory=dict)  # of `run_clients`

    @property
    def name(self) -> str:
        """What is printed of the case."""
        round_trip = f"{(self.latency + HTTP_SECONDS) * 1000:.0f} ms"
        return f"{self.limits}, {self.processes} processes, {self.disturbance or round_trip}"

    @property
    def ceiling(self) -> float | None:
        """The share of one short window that can be used, in percent; None if disturbed."""
        (window, *others) = parse_limits(self.limits)
        if self.disturbance or others:
            return None

        return 100 * window.seconds / (window.seconds + self.latency + HTTP_SECONDS)


MANY_TASKS = {"options": ("--concurrency", "60")}
CASES = [
    Case("100/s", 1),
    Case("100/s", 2),
    Case("100/s", 4),
    Case("1000/s", 1, options=MANY_TASKS),
    Case("1000/s", 2, options=MANY_TASKS),
    Case("1000/s", 4, options=MANY_TASKS),
    Case("100/s", 4, latency=0.046),
    Case("100/s", 4, disturbance="one killed every 3 s", options={"kill_every": 3.0}),
    Case("100/s", 4, disturbance="busy loops", options={"options": ("--busy",)}),
    Case("100/s", 4, 0.0, "jitter to 200 ms", options={"options": ("--jitter", "0.2")}),
    Case("100/s", 4, disturbance="FLUSHALL", options={"flush_after": 7.3}),
    Case("5/s,60/70s", 2, lengthening=12.5),  # stands for 5/min,500/d
]


def measure(case: Case, redis_url: str, seconds: float, rounds: int) -> bool:
    """Measure one case and print its figures; return whether a window was exceeded."""
    counts = [call_under_limit(case, redis_url, seconds) for _ in range(rounds)]

    is_exceeded = False
    fullest = []
    for window in parse_limits(case.limits):
        calls = max(of_round.fullest[window.seconds] for of_round in counts)
        is_exceeded |= calls > window.amount
        fullest.append(f"{calls} of {window.amount} in {window.seconds} s")

    note = f"{counts[-1].calls} calls, fullest window {', '.join(fullest)}"
    shares = [100 * of_round.share for of_round in counts if of_round.share]
    if shares:
        harness.print_figure(
            case.name, shares, "%", floor=case.ceiling, floor_name="ceiling", note=note
        )
    else:
        harness.remark(f"{case.name}: no window was filled twice, give more --seconds: {note}")

    return is_exceeded


def call_under_limit(case: Case, redis_url: str, seconds: float) -> Counts:
    """Have the processes of a case call a stub; return what it counted."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()

    return run_clients(
        redis_url,
        case.limits,
        processes=case.processes,
        seconds=seconds * case.lengthening,
        latency=case.latency,
        **case.options,
    )


def main() -> None:
    options = harness.parse_options(__doc__, seconds=12.0, rounds=1)

    with harness.temporary_folder() as folder, running_valkey(folder) as url:
        exceeded = []
        for case in CASES:
            if measure(case, url, options.seconds, options.rounds):
                exceeded.append(case.name)

    if exceeded:
        sys.exit(f"a window was exceeded: {'; '.join(exceeded)}")


if __name__ == "__main__":
    main()
