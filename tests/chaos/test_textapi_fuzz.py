"""Requests of every kind, drawn at random, against the Text API's server: it stays up and small.

Half a minute; ten minutes in the long form (`make chaos-long`).
"""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.integration.test_textapi_server import KEYS, Server, running
from textapi.messages import Operation

SECONDS = 600 if os.environ.get("TIDINGS_CHAOS_MINUTES") else 30
AT_ONCE = 6  # raw requests, beside one that follows the description
MARK = "Zanzibar"  # in texts and headers: no log line may hold it

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(SECONDS + 120)]

some = settings(
    max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), database=None
)

# Texts by a piece and how often it is repeated: long ones without drawing every letter.
PIECES = st.sampled_from(
    [
        "a\n", "a ", "a,", "- ", "\U0001f600", "\U0001f600 ", "!?", "x", "\u0301", "\x00", "\u2028",
        "Good day, Angela Merkel of New York! ", "E.M.S. ", "'\u201c", "http://a.b/c?d ", "\u4e2d",
    ]
)  # fmt: skip
REPEATS = st.sampled_from([0, 1, 7, 90, 1_999, 4_999, 20_000, 33_333, 100_000])
LONG_TEXTS = st.builds(lambda piece, repeat: (piece * repeat)[:120_000], PIECES, REPEATS)
TEXTS = st.text(max_size=200) | LONG_TEXTS | st.builds(lambda text: f"{MARK} {text}", LONG_TEXTS)
KEYWORDS = st.lists(
    st.text(min_size=1, max_size=20) | st.builds(lambda piece: (piece * 200)[:199], PIECES),
    max_size=40,
) | st.builds(
    lambda start, size: [f"{start}-{i} of the world" for i in range(size)],
    st.integers(0, 10**6),
    st.sampled_from([10, 500, 1000, 1001]),
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)
FIELDS = {
    "text": TEXTS | ODD,
    "keywords": KEYWORDS | ODD,
    "num_phrases": st.integers(1, 1000) | ODD,
    "num_sentences": st.integers(1, 1000) | ODD,
    "proportion": st.floats() | ODD,
    "labels": st.sampled_from(["ARTICLE", "REVIEW", ["GPE"]]) | ODD,
    "include_before": st.booleans() | ODD,
}
OBJECTS = st.one_of(
    st.fixed_dictionaries({"text": TEXTS}),
    st.fixed_dictionaries({"text": TEXTS, "keywords": KEYWORDS}),
    st.fixed_dictionaries({}, optional=FIELDS),
)
JSON_BODIES = st.builds(lambda value: json.dumps(value).encode(), OBJECTS | ODD)
BODIES = st.one_of(
    JSON_BODIES,
    JSON_BODIES.map(gzip.compress),
    JSON_BODIES.map(lambda body: body[: len(body) // 2]),
    JSON_BODIES.map(lambda body: b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)),
    st.binary(max_size=300),
    st.builds(lambda piece, repeat: piece * repeat, st.sampled_from([b"[", b"[],", b'{"a":', b" "]),
              st.sampled_from([1, 1000, 400_000])),
    st.just(gzip.compress(b" " * 50_000_000)),
)  # fmt: skip
NAMES = st.sampled_from(
    ["Content-Encoding", "Transfer-Encoding", "Content-Length", "Content-Type", "Expect", "apikey",
     "Connection", "Upgrade", "Origin", "Host", "Accept-Encoding", MARK, "X-\u00e9", "", "a b"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["gzip", "br", "identity", "deflate, gzip", "chunked", "gzip, chunked", "0", "5", "-1",
     "2000001", "9" * 400, "application/json", "100-continue", "close", "keep-alive", "*",
     "websocket", MARK, KEYS[0], "\x00", "a" * 9000]
) | st.text(max_size=20)  # fmt: skip
TARGETS = st.sampled_from(
    [*(f"/text/{operation}" for operation in Operation), "/health", "/ready", "/openapi.json", "/",
     "/metrics", "*", "http://[", "//x", "/%zz", f"/{MARK}?{MARK}", "/text/../health",
     "/" + "a" * 9000]
)  # fmt: skip


@st.composite
def raw_requests(draw: Callable[..., object]) -> bytes:
    """Draw the bytes of a request: mostly a good head with one thing wrong, or none."""
    body = draw(BODIES)
    method = draw(st.sampled_from(["POST"] * 6 + ["GET", "OPTIONS", "HEAD", "PUT", MARK, ""]))
    version = draw(st.sampled_from(["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/9", "", MARK]))
    headers = [("Host", "x"), ("Content-Type", "application/json"), ("apikey", KEYS[0])]
    headers.append(("Content-Length", str(len(body))))  # type: ignore[arg-type]
    if draw(st.integers(0, 3)) == 0:
        del headers[draw(st.integers(0, 3))]  # type: ignore[arg-type, call-overload]

    headers += draw(st.lists(st.tuples(NAMES, VALUES), max_size=2))  # type: ignore[arg-type]
    lines = [
        f"{method} {draw(TARGETS)} {version}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass") + body  # type: ignore[operator]


@dataclass
class Watch:
    """What the clients saw, and the server's worst times and largest memory meanwhile."""

    server: Server
    end: float
    statuses: Counter[int] = field(default_factory=Counter)
    longest_health: float = 0.0
    largest_memory: int = 0

    def repeat(self, check: Callable[[], None]) -> None:
        """Run *check* until the time is over."""
        while time.monotonic() < self.end:
            check()

    def look(self) -> None:
        """Ask for the server's health and look at its memory.

        What counts of its time is what the server took of processors, where others kept them busy.
        """
        port = int(self.server.url.rsplit(":", 1)[1])
        began, spent = time.monotonic(), self.server.processor_seconds
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()
        taken = min(time.monotonic() - began, self.server.processor_seconds - spent)
        self.longest_health = max(self.longest_health, taken)
        memory = psutil.Process(self.server.process.pid).memory_info().rss
        self.largest_memory = max(self.largest_memory, memory)
        threading.Event().wait(0.05)

    def send(self, request: bytes, rng: random.Random) -> None:
        """Send *request* whole or in parts, read the answer or not, note the statuses."""
        port = int(self.server.url.rsplit(":", 1)[1])
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            cut = rng.choice([len(request), len(request), rng.randrange(len(request) + 1)])
            client.sendall(request[:cut])
            if rng.random() < 0.1:
                return  # gone without a look at the answer

            client.sendall(request[cut:])
            client.settimeout(40 if rng.random() < 0.7 else 0.2)
            client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            with suppress(OSError):
                while part := client.recv(1 << 16):
                    answer += part

            for line in answer.split(b"HTTP/1.")[1:]:
                self.statuses[int(line[2:5])] += 1

            assert MARK.encode() not in answer or b" 200 " in answer


def _described_cases(server: Server) -> st.SearchStrategy[schemathesis.Case]:
    described = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    return st.one_of(
        described[f"/text/{operation}"]["POST"].as_strategy(generation_mode=mode)
        for operation in Operation
        for mode in GenerationMode
    )


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as started:
        yield started


def test_no_request_makes_the_server_fail_wait_or_grow(server: Server) -> None:
    watch = Watch(server, time.monotonic() + SECONDS)
    rng = random.Random(1)
    with ThreadPoolExecutor(AT_ONCE + 1) as threads:
        looks = threads.submit(watch.repeat, watch.look)

        @given(requests=st.lists(raw_requests(), max_size=AT_ONCE), case=_described_cases(server))
        @some
        def check(requests: list[bytes], case: schemathesis.Case) -> None:
            sent = [threads.submit(watch.send, request, rng) for request in requests]
            watch.statuses[case.call(headers={"apikey": KEYS[0]}).status_code] += 1
            for each in sent:
                each.result()

        watch.repeat(check)
        looks.result()

    logging.getLogger(__name__).warning(
        "%s, /health within %.2f s, %.0f MB",
        sorted(watch.statuses.items()),
        watch.longest_health,
        watch.largest_memory / 1e6,
    )
    assert watch.statuses[200] > 0
    assert {status for status in watch.statuses if status >= 500} <= {503}
    assert watch.longest_health < 1
    assert watch.largest_memory < 1_000_000_000
    log = server.logged()
    assert not [word for word in ("Traceback", "fault", MARK, KEYS[0]) if word in log]
