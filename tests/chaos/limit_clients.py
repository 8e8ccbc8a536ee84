"""Several processes under one limit against the stub, disturbed as wanted, and what the stub counted."""

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

from cli.stack.ports import free_port
from core.rate_limit_notation import parse_limits
from tests.services import wait_until

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
CLIENT = ROOT / "tests" / "chaos" / "limit_client.py"


@dataclass(frozen=True)
class Counted:
    """What the service itself saw."""

    calls: int
    fullest: dict[int, int]  # window's seconds -> most calls in any stretch of that length
    share: (
        float  # of what the window that binds allows, from its first filling to the last whole one
    )


def _ask(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - loopback
        return json.load(response)


def _answers(url: str) -> bool:
    with suppress(OSError):
        return bool(_ask(f"{url}/counts"))
    return False


@contextmanager
def running_stub() -> Iterator[str]:
    """The stub; gives its address."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, str(ROOT / "tests" / "stub_textapi.py"), str(port)]
    with subprocess.Popen(command, env=ENVIRONMENT) as process:  # noqa: S603 - our own program
        try:
            wait_until(lambda: _answers(url), what="the stub's start")
            yield url
        finally:
            process.kill()


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=ENVIRONMENT)  # noqa: S603 - our own program


def count(
    redis_url: str,
    limits: str,
    *,
    processes: int,
    seconds: float,
    latency: float,
    options: tuple[str, ...] = (),
    kill_every: float | None = None,
    flush_after: float | None = None,
) -> Counted:
    """Have *processes* call for *seconds*; kill one (and start another) and empty Redis as told."""
    windows = parse_limits(limits)
    slowest = min(windows, key=lambda window: window.calls / window.seconds)
    with running_stub() as stub:
        _ask(f"{stub}/faults", {"latency": latency})

        command = [sys.executable, str(CLIENT), redis_url, stub, limits, "600", *options]
        clients = [_start(command) for _ in range(processes)]
        try:
            wait_until(lambda: _ask(f"{stub}/counts")["calls"], seconds=60.0, what="the first call")
            begun = killed_at = time.monotonic()
            while (now := time.monotonic()) < begun + seconds:
                if kill_every and now >= killed_at + kill_every:
                    killed_at = now
                    oldest = clients.pop(0)
                    oldest.kill()
                    oldest.wait()
                    clients.append(_start(command))
                if flush_after and now >= begun + flush_after:
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
        seen = _ask(f"{stub}/counts?windows={sizes}&calls={slowest.calls}")
    fullest = {window.seconds: seen["fullest"][str(float(window.seconds))] for window in windows}
    return Counted(
        seen["calls"], fullest, slowest.seconds / seen["filling"] if seen["filling"] else 0.0
    )
