"""How a time slice of a job ended, as values; `workers.slice_ends` records them."""

from __future__ import annotations

from dataclasses import dataclass

from core.enums import StepState, WaitFor


@dataclass(frozen=True)
class Done:
    """Every step is complete; *reason* is a remark for the reader, if any.

    *result* is `NO_CODES` if none of the job's texts got a code.
    """

    reason: str | None = None
    result: str | None = None


@dataclass(frozen=True)
class NoData:
    """There was nothing to work on, which is a result; *state* may be more exact (suspended, …)."""

    reason: str
    state: str = StepState.NO_DATA


@dataclass(frozen=True)
class Again:
    """The slice is over and the job is not: it is queued again."""


@dataclass(frozen=True)
class WaitUntil:
    """The job can go on after this many *seconds* at the earliest.

    The settings' patience ends a wait for a service.
    """

    seconds: float
    reason: str
    waits_for: WaitFor | None = None


@dataclass(frozen=True)
class PauseRun:
    """The run may make no further call until a person raises its cap.

    *max_cost* is the cap on costs that was met, None if it was the cap on calls. *payer* is whose
    cap it is, None if it is the run's.
    """

    reason: str
    max_cost: int | None = None
    payer: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Failed:
    """The job gave up."""

    reason: str


@dataclass(frozen=True)
class StopRun:
    """The job gave up for a reason that holds for every job of its run."""

    reason: str


@dataclass(frozen=True)
class LeaseWasLost:
    """Another worker owns the job: there is nothing to record."""


Outcome = Done | NoData | Again | WaitUntil | PauseRun | Failed | StopRun | LeaseWasLost

LONGEST_BACKOFF_SECONDS = 300.0


def backoff_seconds(first_seconds: float, waits: int) -> float:
    """Return how long to wait after this many *waits* in a row: twice as long each time."""
    # A float holds no more doublings.
    doublings = min(waits, 30)
    return min(first_seconds * 2.0**doublings, LONGEST_BACKOFF_SECONDS)
