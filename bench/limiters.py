"""Our rate limiter beside others: what a service counts, and what a call costs.

    python bench/limiters.py [--python PYTHON] [--seconds 24] [--processes 8] [--only LIMITER]

Some half an hour on two cores. Eight processes call one stub, whose answers take 1 to 500 ms, under
the same limits of calls and of tokens; some are killed, Redis loses its data, or their clocks are
wrong by up to a second. The stub counts in trailing windows of its own. Others are measured
where PYTHON has them: make an environment of its own (Python 3.12, for token-throttle) and

    pip install aiohttp redis pyrate-limiter throttled-py limits aiolimiter "token-throttle[redis]"

Ours and token-throttle reserve twice what a call uses and settle it; the others are told beforehand
what it will use, which nobody knows. Ends with 1 where ours exceeds a window.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from bisect import bisect_right
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path

import harness
import redis

from cli.stack.ports import free_port
from tests.services import running_valkey, wait_until

FOLDER = Path(__file__).parent
OURS = "ours"
# The package of each limiter of `limiters_client.py`, and whether it can have a weight.
PACKAGES = {
    OURS: "",
    "pyrate-limiter": "pyrate-limiter",
    "throttled-py sliding window": "throttled-py",
    "throttled-py gcra": "throttled-py",
    "limits moving window": "limits",
    "limits sliding counter": "limits",
    "token-throttle": "token-throttle",
    "aiolimiter": "aiolimiter",
}


@dataclass(frozen=True)
class Case:
    """The limits of a window, and what disturbs the processes."""

    name: str
    seconds: int
    calls: int
    tokens: int
    tasks: int = 4
    longest: float = 0.5
    kill_every: float = 0.0
    flush_after: float = 0.0
    skew: float = 0.0


CASES = [
    Case("undisturbed", 10, 400, 50_000),
    Case("one killed every 3 s", 10, 400, 50_000, kill_every=3.0),
    Case("FLUSHALL after 5 s", 10, 400, 50_000, flush_after=5.0),
    Case("clocks wrong by up to 1 s", 10, 400, 50_000, skew=1.0),
    Case("calls alone, the limit does not bind", 5, 1_000_000, 0, tasks=2, longest=0.02),
]


@dataclass(frozen=True)
class Outcome:
    """What the stub counted, and the processor time in milliseconds for a call."""

    calls: int
    fullest_calls: int
    fullest_tokens: int
    windows_over: int
    use: float
    process_ms: float
    redis_ms: float


class Clients:
    """The processes under one limiter, with the processor time of those that have ended."""

    def __init__(self, command: list[str], skew: float) -> None:
        self._command = command
        self._skew = skew
        self._running: list[tuple[subprocess.Popen[str], float]] = []
        self._cpu_seconds = 0.0

    def start(self, processes: int) -> None:
        """Start processes at once; the clock of each is wrong by up to the skew."""
        started = [self._open() for _ in range(processes)]
        for process in started:
            assert process.stdout is not None
            self._running.append((process, float(process.stdout.readline() or 0.0)))

    def _open(self) -> subprocess.Popen[str]:
        ahead = random.uniform(-self._skew, self._skew)
        return subprocess.Popen(  # noqa: S603 - our own program
            [*self._command, str(ahead)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": str(harness.ROOT)},
        )

    def kill_oldest(self) -> None:
        """Kill the oldest process and start another."""
        self._end(*self._running.pop(0))
        self.start(1)

    def end_all(self) -> float:
        """Kill all; return the processor time in seconds since their starts."""
        while self._running:
            self._end(*self._running.pop())
        return self._cpu_seconds

    def _end(self, process: subprocess.Popen[str], start_seconds: float) -> None:
        process.kill()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()

        self._cpu_seconds += max(usage.ru_utime + usage.ru_stime - start_seconds, 0.0)


def measure(
    limiter: str, case: Case, redis_url: str, *, python: str, seconds: float, processes: int
) -> Outcome:
    """Let processes call a stub for *seconds*; return what it counted."""
    with ExitStack() as stack, redis.Redis.from_url(redis_url) as client:
        client.flushall()
        stub = f"http://127.0.0.1:{(port := free_port())}"
        command = [sys.executable, str(FOLDER / "limiters_stub.py"), str(port), str(case.longest)]
        server = stack.enter_context(subprocess.Popen(command))  # noqa: S603 - our own program
        stack.callback(server.kill)
        wait_until(lambda: is_ready(stub), what="the stub's start")

        clients = Clients(
            [
                *(python, "-P", str(FOLDER / "limiters_client.py"), limiter, redis_url, stub),
                *map(str, (case.seconds, case.calls, case.tokens, processes, case.tasks)),
            ],
            case.skew,
        )
        stack.callback(clients.end_all)
        clients.start(processes)
        wait_until(lambda: counts(stub), seconds=60.0, what="the first call")

        redis_before = redis_cpu(client)
        disturb(clients, client, case, seconds)
        ended_at = time.monotonic()
        cpu_seconds = clients.end_all()
        redis_seconds = redis_cpu(client) - redis_before
        return outcome(case, counts(stub), ended_at, cpu_seconds, redis_seconds)


def disturb(clients: Clients, client: redis.Redis, case: Case, seconds: float) -> None:
    """Let *seconds* pass, with what the case does to the processes and to Redis."""
    began = killed = time.monotonic()
    is_flushed = False
    while (now := time.monotonic()) < began + seconds:
        if case.kill_every and now >= killed + case.kill_every:
            killed = now
            clients.kill_oldest()

        if case.flush_after and now >= began + case.flush_after and not is_flushed:
            is_flushed = True
            client.flushall()

        time.sleep(0.02)


def outcome(
    case: Case,
    counted: list[tuple[float, int]],
    ended_at: float,
    cpu_seconds: float,
    redis_seconds: float,
) -> Outcome:
    """Return the figures of what the stub counted until *ended_at*, on its own clock."""
    times = [at for at, _ in counted]
    sums = [0, *accumulate(tokens for _, tokens in counted)]
    ends = [bisect_right(times, at + case.seconds - 1e-9) for at in times]
    calls = [end - start for start, end in enumerate(ends)]
    tokens = [sums[end] - sums[start] for start, end in enumerate(ends)]
    over = sum(
        c > case.calls or (case.tokens > 0 and t > case.tokens)
        for c, t in zip(calls, tokens, strict=True)
    )

    # The last window is not whole.
    whole = max(int((ended_at - times[0]) // case.seconds), 1)
    in_whole = bisect_right(times, times[0] + whole * case.seconds)
    shares = [in_whole / (whole * case.calls)]
    if case.tokens:
        shares.append(sums[in_whole] / (whole * case.tokens))

    count = len(counted)
    return Outcome(
        calls=count,
        fullest_calls=max(calls),
        fullest_tokens=max(tokens),
        windows_over=over,
        use=100 * max(shares),
        process_ms=1000 * cpu_seconds / count,
        redis_ms=1000 * redis_seconds / count,
    )


def counts(stub: str) -> list[tuple[float, int]]:
    """Return the time and the tokens of each call that the stub counted."""
    with urllib.request.urlopen(f"{stub}/counts", timeout=30) as response:  # noqa: S310 - loopback
        counted: list[tuple[float, int]] = json.load(response)
    return counted


def is_ready(stub: str) -> bool:
    """Return whether the stub answers."""
    try:
        counts(stub)
    except OSError:
        return False

    return True


def redis_cpu(client: redis.Redis) -> float:
    """Return the processor time of Redis in seconds."""
    usage = client.info("cpu")
    return float(usage["used_cpu_user"] + usage["used_cpu_sys"])


def installed_versions(python: str) -> dict[str, str]:
    """Return the versions of the packages that *python* has."""
    program = (
        "import sys, json; from importlib.metadata import distributions; "
        "print(json.dumps({d.name: d.version for d in distributions()}))"
    )
    command = [python, "-P", "-c", program]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    versions: dict[str, str] = json.loads(output)
    return versions


def report(limiter: str, case: Case, result: Outcome) -> None:
    """Print the figures of one limiter under one case."""
    note = f"{result.calls:,} calls; {result.process_ms:.2f} ms of a process and "
    note += f"{result.redis_ms:.2f} of Redis a call"
    if case.tokens:
        note += (
            f"; {result.windows_over} windows over, fullest {result.fullest_calls} of "
            f"{case.calls} calls, {result.fullest_tokens:,} of {case.tokens:,} tokens"
        )
        harness.print_figure(f"{case.name}: use, {limiter}", [result.use], "%", note=note)
    else:
        harness.print_figure(f"{case.name}: {limiter}", [result.process_ms], "ms", note=note)


def main() -> None:
    options = harness.parse_options(
        __doc__, python=sys.executable, seconds=24.0, processes=8, only=""
    )
    versions = installed_versions(options.python)
    harness.remark(f"redis {versions.get('redis', version('redis'))}")

    is_exceeded = False
    with harness.temporary_folder() as folder, running_valkey(folder) as url:
        for case in CASES:
            for limiter, package in PACKAGES.items():
                if options.only and not limiter.startswith(options.only):
                    continue
                if package and package not in versions:
                    harness.remark(f"{limiter}: install {package} to compare")
                    continue

                named = f"{limiter} {versions[package]}" if package else limiter
                result = measure(
                    limiter,
                    case,
                    url,
                    python=options.python,
                    seconds=options.seconds,
                    processes=options.processes,
                )
                report(named, case, result)
                is_exceeded |= limiter == OURS and result.windows_over > 0

    if is_exceeded:
        sys.exit("ours exceeded a window")


if __name__ == "__main__":
    main()
