"""Names that producers and workers share: queues, tasks, services, steps, states."""

from __future__ import annotations

from enum import StrEnum

QUEUE_TEXT = "text"
QUEUE_TRAINING = "training"
QUEUE_REPORTS = "reports"
QUEUES = (QUEUE_TEXT, QUEUE_TRAINING, QUEUE_REPORTS)


class JobKind(StrEnum):
    """What a job does; the Celery task of the same name does it."""

    MONTH = "month"
    HANDLE = "handle"
    SEARCH = "search"
    TRAINING = "training"
    REPORT = "report"


QUEUE_OF = {
    JobKind.MONTH: QUEUE_TEXT,
    JobKind.HANDLE: QUEUE_TEXT,
    JobKind.SEARCH: QUEUE_TEXT,
    JobKind.TRAINING: QUEUE_TRAINING,
    JobKind.REPORT: QUEUE_REPORTS,
}


class State(StrEnum):
    """Where a run or a job stands."""

    QUEUED = "queued"  # may be taken by a worker as soon as it is due
    RUNNING = "running"  # a worker holds its lease
    WAITING = "waiting"  # not due yet: `due_at` and `reason` say until when and for what
    DONE = "done"  # every step has its result, "no data" included
    FAILED = "failed"  # gave up, `reason` says why; `tidings retry` queues it again
    CANCELLED = "cancelled"  # ended for good by a person
    PAUSED = "paused"  # nothing new starts until `tidings resume`


ENDED = (State.DONE, State.FAILED, State.CANCELLED)


DOCUMENTS = "documents"  # the first part of every job over texts, before its steps


class Step(StrEnum):
    """Steps by name."""

    DOCUMENTS = "documents"
    KEYWORDS = "keywords"
    SUMMARY = "summary"
    PHRASES = "phrases"
    ENTITIES = "entities"
    POLARITY = "polarity"


class StepState(StrEnum):
    """What came of a step; a step that has no row was never asked for or not reached."""

    COMPLETE = "complete"
    FAILED = "failed"
    NO_DATA = "no-data"


SERVICES = ("textapi", "nyt", "x", "bluesky", "mastodon")
