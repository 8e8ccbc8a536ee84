"""The counters of each process for Prometheus.

A worker's parent adds up the counts of its children and serves them (`workers.metrics`).
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from types import TracebackType

from prometheus_client import CollectorRegistry, Counter

from core.errors import ServiceBadAnswer, ServiceError, ServiceRefused, ServiceUnavailable

ANSWERED = "answered"
OUTCOMES: dict[type[ServiceError], str] = {
    ServiceUnavailable: "unavailable",
    ServiceBadAnswer: "bad answer",
    ServiceRefused: "refused",
}

# The default registry is not used, because Flower and the Text API serve it.
REGISTRY = CollectorRegistry()
CALLS = Counter(
    "tidings_calls", "Calls by how they ended.", ["service", "outcome"], registry=REGISTRY
)
WAITS = Counter(
    "tidings_limit_wait_seconds", "Time calls waited for a limit.", ["service"], registry=REGISTRY
)
REUSED = Counter(
    "tidings_answers_reused", "Answers that were not asked again.", ["operation"], registry=REGISTRY
)

_WAITED: ContextVar[float] = ContextVar("waited", default=0.0)


class CallOutcome:
    """Counts the call that is made in its block by its outcome.

    Errors other than those of `OUTCOMES` are not counted: no call was made, or we broke it off.
    """

    __slots__ = ("_service",)

    def __init__(self, service: str) -> None:
        self._service = service

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if error is None:
            _calls(self._service, ANSWERED).inc()

        for kind, outcome in OUTCOMES.items():
            if isinstance(error, kind):
                _calls(self._service, outcome).inc()


def count_wait(service: str, seconds: float) -> None:
    """Record how long a call of this task waited for the rate limiter of *service*."""
    _waits(service).inc(seconds)
    _WAITED.set(_WAITED.get() + seconds)


def take_waited() -> float:
    """Return for how many seconds calls of this task waited since it was asked last."""
    seconds = _WAITED.get()
    _WAITED.set(0.0)
    return seconds


def count_reuse(operation: str, answers: int) -> None:
    """Record how many answers of *operation* the ledger gave, so that no call was needed."""
    REUSED.labels(operation).inc(answers)


# Finding a counter by its labels takes longer than counting.
@cache
def _calls(service: str, outcome: str) -> Counter:
    return CALLS.labels(service, outcome)


@cache
def _waits(service: str) -> Counter:
    return WAITS.labels(service)
