"""A Text API server in a process of its own and a client that costs little, for its benchmarks."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from cli.stack.ports import free_port, http_answers
from tests.services import wait_until

KEY = "bench"
READY_IN_A_ROW = 20  # each process of a server answers for itself


@dataclass(frozen=True)
class Server:
    """A running server with its processes."""

    port: int
    process: psutil.Process

    @property
    def processes(self) -> list[psutil.Process]:
        """The server's process and its children."""
        return [self.process, *self.process.children(recursive=True)]

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that the processes have used."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)

    @property
    def memory_mb(self) -> float:
        """The memory that the processes use."""
        return sum(process.memory_info().rss for process in self.processes) / 1e6


@contextmanager
def running_server(workers: int) -> Iterator[Server]:
    """Run a server of so many processes, whose models are loaded."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/ready"
    variables = {"TIDINGS_TEXTAPI_KEYS": KEY, "TIDINGS_LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "cli.main", "textapi", "--port", str(port)]
    command += ["--workers", str(workers)]

    with subprocess.Popen(command, env=os.environ | variables) as process:  # noqa: S603
        try:
            for _ in range(READY_IN_A_ROW):
                wait_until(
                    lambda: process.poll() is not None or http_answers(url),
                    seconds=60,
                    what="the server's start",
                )

            if process.poll() is not None:
                sys.exit(f"the server ended with status {process.returncode}")

            yield Server(port, psutil.Process(process.pid))
        finally:
            process.terminate()


@dataclass
class ResponseTimes:
    """What came back: how often each status, and how long each answer took, in seconds."""

    statuses: dict[int, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def add(self, status: int, seconds: float) -> None:
        """Note one answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.times.append(seconds)

    def percentile(self, percent: int) -> float:
        """Return the milliseconds within which so many percent of the answers came."""
        return 1000 * statistics.quantiles(self.times, n=100, method="inclusive")[percent - 1]

    def describe(self) -> str:
        """Return statuses, median and 95th percentile, for printing."""
        median, most = self.percentile(50), self.percentile(95)
        return f"statuses {self.statuses}, p50 {median:.0f} ms, p95 {most:.0f} ms"


def request_bytes(operation: str, **fields: object) -> bytes:
    """Return a whole HTTP request."""
    body = json.dumps(fields).encode()
    head = f"POST /text/{operation} HTTP/1.1\r\nHost: x\r\napikey: {KEY}\r\n"
    head += "Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> int:
    """Send *request*, read the whole answer and return its status."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head[9:12])


async def load(port: int, requests: list[bytes], connections: int, seconds: float) -> ResponseTimes:
    """Send *requests* in turn on each of the *connections* for so many *seconds*."""
    responses = ResponseTimes()
    end = time.perf_counter() + seconds

    async def ask(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (began := time.perf_counter()) < end:
            status = await exchange(reader, writer, requests[number % len(requests)])
            responses.add(status, time.perf_counter() - began)
            number += connections

        writer.close()

    await asyncio.gather(*map(ask, range(connections)))
    return responses
