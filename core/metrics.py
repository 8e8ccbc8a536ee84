"""What a process counts for Prometheus: how calls ended, seconds spent waiting for limits, answers already there.

Counted where it happens; a worker's parent adds up what its children counted and serves it (`workers.metrics`). Where
nobody serves it, it is counted all the same and costs a microsecond a call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, Counter

from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable

ANSWERED = "answered"
OUTCOMES: dict[type[Exception], str] = {
    ServiceUnavailable: "unavailable",
    ServiceBadAnswer: "bad answer",
    ServiceRefused: "refused",
}


REGISTRY = CollectorRegistry()  # not the common one, which Flower and the Text API serve
CALLS = Counter(
    "tidings_calls", "Calls by how they ended.", ["service", "outcome"], registry=REGISTRY
)
WAITS = Counter(
    "tidings_limit_wait_seconds", "Time calls waited for a limit.", ["service"], registry=REGISTRY
)
REUSED = Counter(
    "tidings_answers_reused", "Answers that were not asked again.", ["operation"], registry=REGISTRY
)


@asynccontextmanager
async def counted(service: str) -> AsyncIterator[None]:
    """Around a call, or decorating the coroutine function that makes it: count by how it ends.

    It may be answered, unavailable, a bad answer or refused; what ends otherwise was no call, or was broken off by us.
    """
    try:
        yield
    except (ServiceUnavailable, ServiceBadAnswer, ServiceRefused) as error:
        CALLS.labels(service, OUTCOMES[type(error)]).inc()
        raise
    CALLS.labels(service, ANSWERED).inc()


def count_wait(service: str, seconds: float) -> None:
    """So long a call had to wait for its place in the limits of *service*."""
    WAITS.labels(service).inc(seconds)


def count_reuse(operation: str, answers: int) -> None:
    """So many answers of *operation* were in the ledger and not asked for."""
    REUSED.labels(operation).inc(answers)
