"""The rows of each export: one class a table, its fields in the order of the columns.

A field that may be None is null where nothing is known or where it does not apply; `reports.dictionary` says when.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MentionRow:
    """A sentence of a document that holds a term of a keyword."""

    run: int
    period: str
    handle: str | None
    document: str
    published_at: str | None
    address: str | None
    keyword: str
    term: str
    position: int  # of the sentence in its document, from 1
    sentence: str
    text: str  # the whole document
    polarity: float | None


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """What was said in one month of a keyword (`term` None), of one term, by a handle, or found by a search."""

    run: int
    period: str
    handle: str | None
    keyword: str | None
    term: str | None
    state: str | None  # complete, failed, no-data; None while it is not known
    documents: int
    matched: int | None
    mentions: int | None
    share: float | None
    share_low: float | None
    share_high: float | None
    polarity_mean: float | None
    polarity_low: float | None
    polarity_high: float | None


@dataclass(frozen=True, slots=True)
class PhraseRow:
    """A common phrase of a job."""

    run: int
    job: str
    keyword: str | None
    rank: int
    phrase: str
    count: int


@dataclass(frozen=True, slots=True)
class EntityRow:
    """A named entity of a job as a whole (`period` None) or of one month of it."""

    run: int
    job: str
    keyword: str | None
    period: str | None
    rank: int
    type: str
    name: str
    count: int
    spellings: list[str]


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """The summary of a job, for one keyword where it has keywords."""

    run: int
    job: str
    keyword: str | None
    summary: str
    polarity: float | None


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document that the run worked on."""

    run: int
    document: str
    source: str
    handle: str | None
    published_at: str | None
    address: str | None
    text: str
    polarity: float | None  # of a post, in runs of handles and searches


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """What came of one step of one job."""

    run: int
    job: str
    step: str
    state: str | None  # complete, failed, no-data; None where the job has not come to it
    reason: str | None
    documents: int | None


@dataclass(frozen=True, slots=True)
class EpochRow:
    """One pass of a training over its data."""

    run: int
    job: str
    epoch: int
    train_loss: float | None
    validation_loss: float | None
    accuracy: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """What a trained network says of one example."""

    run: int
    job: str
    split: str
    index: int
    actual: float | None
    predicted: float | None


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A training: its options (a column each in exports, the same ones in all rows of a run) and its results."""

    run: int
    job: str
    options: dict[str, Any]
    train_rmse: float | None
    validation_rmse: float | None
    accuracy: float | None
    baseline_mean: float | None
    baseline_last: float | None
    baseline_recurrence: float | None


@dataclass(frozen=True, slots=True)
class CallRow:
    """Calls of one operation of one service that the run made."""

    run: int
    service: str
    operation: str
    calls: int
    answers_reused: int
    retries: int
    maybe_twice: int
    seconds: float


Row = (
    MentionRow
    | PeriodRow
    | PhraseRow
    | EntityRow
    | SummaryRow
    | DocumentRow
    | CoverageRow
    | EpochRow
    | PredictionRow
    | TrainingRow
    | CallRow
)
