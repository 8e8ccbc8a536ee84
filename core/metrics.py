"""What each process counts for Prometheus.

A worker's parent adds up the counts of its children and serves them (`workers.metrics`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, Counter

from core.errors import ServiceBadAnswer, ServiceError, ServiceRefused, ServiceUnavailable

ANSWERED = "answered"
OUTCOMES: dict[type[ServiceError], str] = {
    ServiceUnavailable: "unavailable",
    ServiceBadAnswer: "bad answer",
    ServiceRefused: "refused",
}

REGISTRY = CollectorRegistry()  # not the default one, which Flower and the Text API serve
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
async def count_call_outcome(service: str) -> AsyncIterator[None]:
    """Count the call made inside by its outcome. Works as a decorator of a coroutine function too.

    Errors other than those of `OUTCOMES` are not counted: no call was made, or we broke it off.
    """
    try:
        yield
    except ServiceError as error:
        for kind, outcome in OUTCOMES.items():
            if isinstance(error, kind):
                CALLS.labels(service, outcome).inc()
        raise
    CALLS.labels(service, ANSWERED).inc()


def count_wait(service: str, seconds: float) -> None:
    """Record how long a call waited for the rate limiter of *service*."""
    WAITS.labels(service).inc(seconds)


def count_reuse(operation: str, answers: int) -> None:
    """Record how many answers of *operation* the ledger gave, so that no call was needed."""
    REUSED.labels(operation).inc(answers)
