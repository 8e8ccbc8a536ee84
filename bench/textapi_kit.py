"""A server in a separate process and a cheap client, for benchmarks of the Text API."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

KEY = "bench"
_WORDS = (
    "Governor Cuomo says New York hospitals need more beds before Friday as the virus spreads "
    "and the markets fall The Senate in Washington votes on a relief bill worth $2 trillion while "
    "Boeing and Airbus halt work in March Good news for Italian farmers as weary crews bring help "
    "and hope to terrible places in Northern Europe"
)


def headline(rng: random.Random) -> str:
    """Some 65 characters that read like a headline, case included."""
    return " ".join(rng.choices(_WORDS.split(), k=11)).capitalize() + "."


def page(rng: random.Random, characters: int = 3000) -> str:
    """Headlines, one a line, of about so many characters."""
    lines: list[str] = []
    while sum(map(len, lines)) < characters - 65:
        lines.append(headline(rng))
    return "\n".join(lines)


@contextmanager
def server(workers: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The port and the process of a server whose model is loaded."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"TIDINGS_TEXTAPI_KEYS": KEY, "TIDINGS_LOG_LEVEL": "WARNING"}
    command = [
        sys.executable,
        "-m",
        "cli.main",
        "textapi",
        "--port",
        str(port),
        "--workers",
        str(workers),
    ]
    process = subprocess.Popen(command, env=environment)  # noqa: S603
    try:
        for _ in range(20):  # several in a row: each process answers for itself
            _wait_until_ready(port)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    sys.exit("the server did not become ready")


@dataclass
class ResponseTimes:
    """What came back: how often each status, and how long each answer took, in seconds."""

    statuses: dict[int, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def add(self, status: int, seconds: float) -> None:
        """Note one answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.times.append(seconds)

    def quantile(self, share: float) -> float:
        """The time within which so large a *share* of the answers came."""
        return statistics.quantiles(self.times, n=100, method="inclusive")[round(share * 100) - 1]


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time that *process* and its children have used."""
    return float(
        sum(sum(each.cpu_times()[:2]) for each in [process, *process.children(recursive=True)])
    )


def request_bytes(operation: str, **fields: object) -> bytes:
    """A whole HTTP request."""
    body = json.dumps(fields).encode()
    head = f"POST /text/{operation} HTTP/1.1\r\nHost: x\r\napikey: {KEY}\r\n"
    head += "Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> int:
    """Send *request* and read the answer whole; its status."""
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
