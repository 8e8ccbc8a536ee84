"""Measure how much of a limit is used, and that no sliding window is exceeded, at the service.

``python bench/limits.py``: about six minutes on two cores, with its own Valkey and stub.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import redis

from core.rate_limit_notation import parse_limits
from tests.chaos.limit_clients import run_clients
from tests.services import running_valkey

SECONDS = 12.0
MANY_TASKS = ("--concurrency", "60")
NEAR = {"latency": 0.016}  # with HTTP, a round trip of just under 20 ms
CASES: list[tuple[str, str, dict[str, Any]]] = [
    (f"100/s, {processes} processes, 20 ms", "100/s", NEAR | {"processes": processes})
    for processes in (1, 2, 4)
]
CASES += [
    (
        f"1000/s, {processes} processes, 20 ms",
        "1000/s",
        NEAR | {"processes": processes, "options": MANY_TASKS},
    )
    for processes in (1, 2, 4)
]
CASES += [
    ("100/s, 4 processes, 50 ms", "100/s", {"processes": 4, "latency": 0.046}),
    (
        "100/s, 4 processes, one killed every 3 s",
        "100/s",
        NEAR | {"processes": 4, "kill_every": 3.0},
    ),
    ("100/s, 4 processes, busy loops", "100/s", NEAR | {"processes": 4, "options": ("--busy",)}),
    (
        "100/s, 4 processes, jitter to 200 ms",
        "100/s",
        {"processes": 4, "latency": 0.0, "options": ("--jitter", "0.2")},
    ),
    ("100/s, 4 processes, FLUSHALL", "100/s", NEAR | {"processes": 4, "flush_after": 7.3}),
    (
        "5/min,500/d as 5/s,60/70s, 2 processes",
        "5/s,60/70s",
        NEAR | {"processes": 2, "seconds": 150.0},
    ),
]


def main() -> None:
    print(f"{'case':46} {'calls':>6} {'share':>7}  fullest window")
    is_exceeded = False
    with tempfile.TemporaryDirectory() as folder, running_valkey(Path(folder)) as url:
        for name, limits, options in CASES:
            with redis.Redis.from_url(url) as client:
                client.flushall()
            counts = run_clients(url, limits, **({"seconds": SECONDS} | options))

            fullest = []
            for window in parse_limits(limits):
                calls = counts.fullest[window.seconds]
                is_exceeded |= calls > window.calls
                fullest.append(f"{calls} of {window.calls} in {window.seconds} s")
            print(
                f"{name:46} {counts.calls:6} {counts.share:7.1%}  {', '.join(fullest)}", flush=True
            )

    sys.exit("a window was exceeded" if is_exceeded else 0)


if __name__ == "__main__":
    main()
