"""Names that packages share: queues, states, steps, grains and groups of series."""

from __future__ import annotations

from enum import StrEnum

QUEUE_TEXT = "text"
QUEUE_TRAINING = "training"
QUEUE_REPORTS = "reports"
QUEUES = (QUEUE_TEXT, QUEUE_TRAINING, QUEUE_REPORTS)


class JobKind(StrEnum):
    """The kinds of jobs that the database's own queries name; `analysis.kinds` has all of them."""

    MONTH = "month"
    HANDLE = "handle"
    REPORT = "report"


class State(StrEnum):
    """The state of a run or a job."""

    QUEUED = "queued"  # may be claimed by a worker as soon as it is due
    RUNNING = "running"  # a worker holds its lease
    WAITING = "waiting"  # not due yet: `due_at` and `reason` say until when and for what
    DONE = "done"  # every step has its result, "no data" included
    FAILED = "failed"  # `reason` says why; `tidings retry` queues it again
    CANCELLED = "cancelled"  # ended for good by a person
    PAUSED = "paused"  # nothing new starts until `tidings resume`


class WaitFor(StrEnum):
    """What a waiting job waits for, where that is more than a time."""

    SERVICE = "service"
    OTHER_JOBS = "other jobs"


ENDED = (State.DONE, State.FAILED, State.CANCELLED)


class Within(StrEnum):
    """What a query has to match."""

    SENTENCE = "sentence"
    DOCUMENT = "document"


DOCUMENTS = "documents"  # the first part of every job over texts, before its steps


class StepState(StrEnum):
    """The outcome of a step; a step without a row was not requested or not reached."""

    COMPLETE = "complete"
    FAILED = "failed"
    NO_DATA = "no-data"


class Grain(StrEnum):
    """The length of the periods of a series."""

    DAY = "day"
    WEEK = "week"  # of ISO 8601, Monday to Sunday
    MONTH = "month"
    YEAR = "year"


class Grouping(StrEnum):
    """By what the documents of a run of months are put into groups."""

    OUTLET = "outlet"
    SECTION = "section"
    KIND = "kind"  # the column `material`
