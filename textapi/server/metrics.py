"""The server's metrics. Of several processes, `textapi.server.app` sets up the files first."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("textapi_requests", "Requests answered.", ["endpoint", "status"])
SECONDS = Histogram(
    "textapi_request_seconds",
    "Time from a request's head to its answer.",
    ["endpoint"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
BATCH_TEXTS = Histogram(
    "textapi_batch_texts",
    "Texts read in one batch.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
)
WAITING_CHARACTERS = Gauge(
    "textapi_waiting_characters",
    "Characters of text in work or waiting for it.",
    multiprocess_mode="livesum",
)
BODY_BYTES = Gauge(
    "textapi_body_bytes",
    "Bytes of the bodies that are read or in work.",
    multiprocess_mode="livesum",
)


def exposition() -> bytes:
    """Return the metrics of all processes of this server in Prometheus's text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
