"""Processes that call the stub under one limit, are killed and lose Redis' data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from core.ratelimit.notation import parse_limits
from tests.ports import reserved_port
from tests.services import wait_until

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
CLIENT = ROOT / "tests" / "chaos" / "limit_client.py"


@dataclass(frozen=True)
class Counts:
    """What the stub counted."""

    calls: int
    fullest: dict[int, int]  # window's seconds -> most calls in any period of that length
    share: float  # of the window that binds: calls made of those allowed, once it was full


def _ask(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - loopback
        return json.load(response)


def _is_ready(url: str) -> bool:
    with suppress(OSError):
        return bool(_ask(f"{url}/counts"))
    return False


@contextmanager
def running_stub() -> Iterator[str]:
    """Run the stub; yield its address."""
    url = f"http://127.0.0.1:{(port := reserved_port())}"
    command = [sys.executable, str(ROOT / "tests" / "stub_textapi.py"), str(port)]
    with subprocess.Popen(command, env=ENVIRONMENT) as process:  # noqa: S603 - our own program
        try:
            wait_until(lambda: _is_ready(url), what="the stub's start")
            yield url
        finally:
            process.kill()


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=ENVIRONMENT)  # noqa: S603 - our own program


def run_clients(
    redis_url: str,
    limits: str,
    *,
    processes: int,
    seconds: float,
    latency: float,
    options: tuple[str, ...] = (),
    kill_every: float | None = None,
    flush_after: float | None = None,
) -> Counts:
    """Let *processes* call the stub for *seconds*, while some are killed and Redis is emptied.

    A process that is killed is replaced by a new one.
    """
    windows = parse_limits(limits)
    binding = min(windows, key=lambda window: window.amount / window.seconds)
    with running_stub() as stub:
        _ask(f"{stub}/faults", {"latency": latency})
        command = [sys.executable, str(CLIENT), redis_url, stub, limits, "600", *options]
        clients = [_start(command) for _ in range(processes)]
        try:
            wait_until(lambda: _ask(f"{stub}/counts")["calls"], seconds=60.0, what="the first call")
            began = killed_at = time.monotonic()
            while (now := time.monotonic()) < began + seconds:
                if kill_every and now >= killed_at + kill_every:
                    killed_at = now
                    oldest = clients.pop(0)
                    oldest.kill()
                    oldest.wait()
                    clients.append(_start(command))

                if flush_after and now >= began + flush_after:
                    flush_after = None
                    with redis.Redis.from_url(redis_url) as client:
                        client.flushall()

                time.sleep(0.05)
                assert not any(client.poll() for client in clients)
        finally:
            for process in clients:
                process.kill()
                process.wait()

        sizes = ",".join(str(window.seconds) for window in windows)
        counts = _ask(f"{stub}/counts?windows={sizes}&calls={binding.amount}")

    fullest = {window.seconds: counts["fullest"][str(float(window.seconds))] for window in windows}
    share = binding.seconds / counts["filling"] if counts["filling"] else 0.0
    return Counts(counts["calls"], fullest, share)
