"""What the database holds: one class per table.

Machine times (leases, dispatches, ends) are Unix seconds, written and compared on the clock of the
database; a document has a naive UTC datetime. Text is stored once, in `Document.text`; other tables
point at it. A column that would be NULL in a key (a handle has no keyword) holds "" and is exported
as null.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.enums import JobKind

HAS_HANDLE = text("handle IS NOT NULL")  # no document of an archive has
HAS_AUTHOR = text("author_id IS NOT NULL")
DISPATCHED = text("dispatched_at IS NOT NULL")  # of 100,000 queued jobs a few dozen
UNKNOWN_ORIGIN = 1  # the row of `Origin` in which nothing is known; the migrations make it

# SQLite numbers rows by INTEGER PRIMARY KEY alone
BIG = BigInteger().with_variant(Integer, "sqlite")


class RawBytes(LargeBinary):
    """A digest or bitmap as raw bytes, which both drivers take and give unchanged.

    `LargeBinary` wraps and copies each value, which was a tenth of a worker's time.
    """

    def bind_processor(self, dialect: Dialect) -> None:
        """Leave parameters unchanged."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Leave results unchanged."""


# parts of primary keys: rows go when what they belong to goes
RunKey = Annotated[int, mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)]
JobKey = Annotated[
    int, mapped_column(BIG, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
]
DocumentKey = Annotated[
    int,
    mapped_column(
        BIG, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
]
QuestionKey = Annotated[
    int, mapped_column(ForeignKey("keyword_questions.id", ondelete="CASCADE"), primary_key=True)
]
TextKey = Annotated[str, mapped_column(primary_key=True)]
NumberKey = Annotated[int, mapped_column(primary_key=True)]
Counter = Annotated[int, mapped_column(default=0)]


class Base(DeclarativeBase):
    """The parent of every table; constraints are named so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text, dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012


class Document(Base):
    """One text with its source, date, address and, for posts, its handle."""

    __tablename__ = "documents"
    __table_args__ = (
        Index(None, "source", "published_at"),
        Index(None, "handle", "source", sqlite_where=HAS_HANDLE, postgresql_where=HAS_HANDLE),
        Index(None, "author_id", "source", sqlite_where=HAS_AUTHOR, postgresql_where=HAS_AUTHOR),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    identity: Mapped[str] = mapped_column(unique=True)  # "nyt:…": what exports call `document`
    source: Mapped[str]
    origin_id: Mapped[int] = mapped_column(default=UNKNOWN_ORIGIN)  # rows of `Origin` always stay
    import_id: Mapped[int | None]  # of the `Import` that stored it; None: before that was noted
    handle: Mapped[str | None]  # lower case, without "@"
    author_id: Mapped[str | None]  # what stays when a handle changes (a DID, say)
    published_at: Mapped[datetime | None]
    period: Mapped[str | None]  # "YYYY-MM" of `published_at`
    address: Mapped[str | None]
    text: Mapped[str]
    repost: Mapped[bool] = mapped_column(default=False)


class Origin(Base):
    """Where in an archive documents stand: one row for all of the same outlet, section and so on.

    "" stands for what is not known.
    """

    __tablename__ = "origins"
    __table_args__ = (UniqueConstraint("outlet", "section", "desk", "material", "language"),)

    id: Mapped[NumberKey]
    outlet: Mapped[str]
    section: Mapped[str]
    desk: Mapped[str]
    material: Mapped[str]  # the kind of document: "News", "Op-Ed"
    language: Mapped[str]


class DocumentDetails(Base):
    """What is kept of a document and not read with it."""

    __tablename__ = "document_details"

    document_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    abstract: Mapped[str | None]
    tags: Mapped[list[str]]  # the archive's own subject terms


class DocumentCount(Base):
    """How many documents of a source, origin and month are stored, kept with every change."""

    __tablename__ = "document_counts"

    source: Mapped[TextKey]
    period: Mapped[TextKey]  # "" of documents without a time
    origin_id: Mapped[NumberKey]
    documents: Mapped[int]


class Import(Base):
    """What was read from a file, month or subject of a service, for a report's methods section."""

    __tablename__ = "imports"

    id: Mapped[NumberKey]
    path: Mapped[str]  # the file's name, without its folder; else the month or subject
    source: Mapped[str]
    read: Mapped[int]
    added: Mapped[int]
    empty: Mapped[int]
    left_out: Mapped[int]
    named: Mapped[list[str]] = mapped_column(default=list)  # the first that were left out, and why
    #: where to read on in a file that was not read to its end, and which file that is
    place: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    at: Mapped[float]


class SuppressedName(Base):
    """The hash of a name that was erased on request and stays away (`models.suppression_list`)."""

    __tablename__ = "suppressed_names"

    name: Mapped[bytes] = mapped_column(RawBytes(32), primary_key=True)
    account: Mapped[bytes | None] = mapped_column(RawBytes(32), index=True)  # the account it is of
    at: Mapped[float]


class Crawl(Base):
    """How far a service has been read for one month, handle or search term."""

    __tablename__ = "crawls"

    source: Mapped[TextKey]
    subject: Mapped[TextKey]  # "2020-03", "@nasa", "search:term"
    cursor: Mapped[dict[str, Any] | None]  # where to go on, after the end with what is newer
    documents: Mapped[Counter]
    state: Mapped[str]  # "open", "complete", or why it ended otherwise
    at: Mapped[float]


class Run(Base):
    """What a person submitted."""

    __tablename__ = "runs"

    id: Mapped[NumberKey]
    name: Mapped[str | None]
    kind: Mapped[str]  # months, handles, search, training
    state: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str | None]
    parameters: Mapped[dict[str, Any]]  # analysis.kinds
    mask: Mapped[bytes | None]  # PNG of the word clouds' shape
    max_calls: Mapped[int | None]
    calls_begun: Mapped[Counter]  # attempts taken from `max_calls`
    created_at: Mapped[float]
    ended_at: Mapped[float | None]


class ForgottenRun(Base):
    """The number of a run that was forgotten, which no other run gets."""

    __tablename__ = "forgotten_runs"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class RunEngine(Base):
    """An engine of the Text API whose answers a run's results are made of: its name and version."""

    __tablename__ = "run_engines"

    run_id: Mapped[RunKey]
    engine: Mapped[TextKey]


class Job(Base):
    """One month, handle, search, training or report: the unit of queueing, claims and retries."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("run_id", "kind", "name"),
        Index(None, "queue", "state", "run_id", "due_at", "id"),
        Index(None, "state", "lease_until"),
        Index(None, "run_id", "state"),  # tells whether a run has ended
        Index(None, "run_id", "id"),  # its first jobs, with which the others are compared
        Index(None, "name"),
        Index(None, "dispatched_at", sqlite_where=DISPATCHED, postgresql_where=DISPATCHED),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    kind: Mapped[str]
    name: Mapped[str]  # its natural name: 2020-03, @nasa, search:covid, …
    queue: Mapped[str]
    options: Mapped[dict[str, Any]]  # what this job has for itself (a training's swept options)
    state: Mapped[str]
    result: Mapped[str | None]  # "no-data" where there was nothing to work on
    reason: Mapped[str | None]
    owner: Mapped[str | None]
    claims: Mapped[Counter]
    crashes: Mapped[Counter]  # of its process by its own doing, in a row without progress
    losses: Mapped[int] = mapped_column(server_default="0")  # of its worker otherwise, likewise
    waits: Mapped[Counter]  # times put off in a row without progress
    waits_for: Mapped[str | None]
    waiting_since: Mapped[float | None]
    lease_until: Mapped[float | None]
    due_at: Mapped[float]
    wait_seconds: Mapped[float | None]  # from when it was put off to `due_at`
    dispatched_at: Mapped[float | None]
    done_units: Mapped[Counter]  # progress of the step at work, for `status`
    all_units: Mapped[Counter]
    newest_document: Mapped[int | None] = mapped_column(BigInteger)  # None: not frozen yet
    started_at: Mapped[float | None]
    ended_at: Mapped[float | None]


#: The condition of jobs that make a run's report.
IS_REPORT = Job.kind == JobKind.REPORT


class JobStep(Base):
    """The outcome of a step of a job."""

    __tablename__ = "job_steps"

    job_id: Mapped[JobKey]
    step: Mapped[TextKey]
    state: Mapped[str]
    reason: Mapped[str | None]
    documents: Mapped[int]
    at: Mapped[float]


class JobDocument(Base):
    """A document that a search found (see `models.documents.documents_of` for other jobs)."""

    __tablename__ = "job_documents"

    job_id: Mapped[JobKey]
    document_id: Mapped[DocumentKey]


class Answer(Base):
    """An answer of the Text API about one text, kept until an erasure.

    `textapi.requests` makes the key. What keywords were found is in `KeywordSentences`.
    """

    __tablename__ = "answers"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    key: Mapped[bytes] = mapped_column(RawBytes(16), unique=True)
    value: Mapped[str]  # JSON


class AnswerDocument(Base):
    """A document that an answer about several texts quotes, so that the document can be erased."""

    __tablename__ = "answer_documents"

    document_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[bytes] = mapped_column(RawBytes(16), primary_key=True, index=True)


class KeywordQuestion(Base):
    """An engine and a term that documents were searched for with it."""

    __tablename__ = "keyword_questions"
    __table_args__ = (UniqueConstraint("engine", "term"),)

    id: Mapped[NumberKey]
    engine: Mapped[str]
    term: Mapped[str]


class SearchedBlock(Base):
    """Which documents of a block of ids were searched (`models.keyword_answers`)."""

    __tablename__ = "searched_blocks"

    block: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    question_id: Mapped[QuestionKey]
    bitmap: Mapped[bytes] = mapped_column(RawBytes)  # little-endian, a bit for each document


class KeywordSentences(Base):
    """The sentences of a document that a term was found in."""

    __tablename__ = "keyword_sentences"

    question_id: Mapped[QuestionKey]
    document_id: Mapped[DocumentKey]
    sentences: Mapped[str]  # JSON


class AnswerClaim(Base):
    """A job's exclusive right to request an answer, or a day's answers, until `until`."""

    __tablename__ = "answer_claims"

    key: Mapped[bytes] = mapped_column(RawBytes(16), primary_key=True)
    until: Mapped[float]
    job_id: Mapped[int] = mapped_column(BIG)
    claims: Mapped[int]  # the number of the job's claim
    takeovers: Mapped[Counter]  # earlier claimants that may have made the request


class Call(Base):
    """Attempts at a service by run, credential, operation and minute; limits recover from it."""

    __tablename__ = "calls"
    __table_args__ = (Index(None, "service", "credential", "minute"),)

    run_id: Mapped[NumberKey]
    service: Mapped[TextKey]
    credential: Mapped[TextKey]  # hash of the key, never the key
    operation: Mapped[TextKey]
    minute: Mapped[NumberKey]  # Unix time // 60
    calls: Mapped[int]
    answers_reused: Mapped[int]
    retries: Mapped[int]
    maybe_twice: Mapped[int]
    seconds: Mapped[float]


class Mention(Base):
    """A sentence of a document that holds a term of a keyword."""

    __tablename__ = "mentions"

    job_id: Mapped[JobKey]
    document_id: Mapped[DocumentKey]
    keyword: Mapped[TextKey]
    term: Mapped[TextKey]
    position: Mapped[NumberKey]  # number of the sentence in its document, from 1
    sentence: Mapped[str]
    polarity: Mapped[float | None]


class Label(Base):
    """What a person who read a mention says of it; it stays when the run's jobs are done again."""

    __tablename__ = "labels"

    run_id: Mapped[RunKey]
    document_id: Mapped[DocumentKey]
    keyword: Mapped[TextKey]
    position: Mapped[NumberKey]
    coder: Mapped[TextKey]
    value: Mapped[int | None]  # -1 negative, 0 neutral, 1 positive; None: skipped
    at: Mapped[float]


class PostPolarity(Base):
    """The polarity of a post, for handles and searches."""

    __tablename__ = "post_polarities"

    job_id: Mapped[JobKey]
    document_id: Mapped[DocumentKey]
    polarity: Mapped[float]


class Phrase(Base):
    """A phrase of a job, for one keyword ("" for a handle)."""

    __tablename__ = "phrases"

    job_id: Mapped[JobKey]
    keyword: Mapped[TextKey]
    rank: Mapped[NumberKey]
    phrase: Mapped[str]
    count: Mapped[int]  # documents of the job that hold it


class DistinctiveWord(Base):
    """A word that stands out in the documents of a job, for one keyword ("" for a handle)."""

    __tablename__ = "distinctive_words"

    job_id: Mapped[JobKey]
    keyword: Mapped[TextKey]
    rank: Mapped[NumberKey]
    word: Mapped[str]
    count: Mapped[int]  # uses in the documents of the job (that mention the keyword)
    documents: Mapped[int]  # of these that hold it
    reference_count: Mapped[int]  # uses in the documents that they are compared with
    g2: Mapped[float]  # signed log-likelihood


class Entity(Base):
    """An entity of a job, for the whole job (`period` "") or one month."""

    __tablename__ = "entities"

    job_id: Mapped[JobKey]
    keyword: Mapped[TextKey]
    period: Mapped[TextKey]
    type: Mapped[TextKey]
    name: Mapped[TextKey]
    rank: Mapped[int]
    count: Mapped[int]
    spellings: Mapped[list[str]]


class Summary(Base):
    """The summary of a job, for one keyword ("" for a handle)."""

    __tablename__ = "summaries"

    job_id: Mapped[JobKey]
    keyword: Mapped[TextKey]
    summary: Mapped[str]


class Epoch(Base):
    """One pass over the training data."""

    __tablename__ = "epochs"

    job_id: Mapped[JobKey]
    epoch: Mapped[NumberKey]
    train_loss: Mapped[float]
    validation_loss: Mapped[float | None]
    accuracy: Mapped[float | None]  # of the test split, as a fraction
    seconds: Mapped[float]


class Prediction(Base):
    """The output of a trained network for one example."""

    __tablename__ = "predictions"

    job_id: Mapped[JobKey]
    split: Mapped[TextKey]  # train, validation, test
    index: Mapped[NumberKey]
    actual: Mapped[float]
    predicted: Mapped[float]


class Training(Base):
    """A training's checkpoint and, once finished, its result."""

    __tablename__ = "trainings"

    job_id: Mapped[JobKey]
    checkpoint: Mapped[bytes | None]  # .npz: weights, optimizer, generator state, epoch
    weights: Mapped[bytes | None]  # .npz of the finished network
    train_rmse: Mapped[float | None]
    validation_rmse: Mapped[float | None]
    accuracy: Mapped[float | None]
    baseline_mean: Mapped[float | None]
    baseline_last: Mapped[float | None]
    baseline_recurrence: Mapped[float | None]
    remarks: Mapped[list[str]]


class RunErasure(Base):
    """The last erasure of documents of a run: a report of before must be made again."""

    __tablename__ = "run_erasures"

    run_id: Mapped[RunKey]
    reason: Mapped[str]
    at: Mapped[float]


class Watch(Base):
    """The times at which a run is worked on again with what is new (`producers.watches`)."""

    __tablename__ = "watches"

    run_id: Mapped[RunKey]
    every: Mapped[str]  # day, week, month
    max_calls: Mapped[int | None]  # of the Text API between two times
    begun_at: Mapped[float]  # from which the times are counted
    due_at: Mapped[float]
    checked_at: Mapped[float | None]
    updates: Mapped[Counter]  # how often something was queued
    newest_document: Mapped[int] = mapped_column(BigInteger, default=0)  # looked at so far


class WatchReport(Base):
    """What the report of a watched run showed after its update *number*: counts by month."""

    __tablename__ = "watch_reports"

    run_id: Mapped[RunKey]
    number: Mapped[NumberKey]  # 0: before the first update
    counts: Mapped[dict[str, Any]]  # reports.changes
    at: Mapped[float]


class WatchEvent(Base):
    """An event of a watched run: a digest of what it is about, and when it was first seen."""

    __tablename__ = "watch_events"

    run_id: Mapped[RunKey]
    key: Mapped[TextKey]  # reports.events
    number: Mapped[int]  # of the update after which it was seen
    at: Mapped[float]
    is_sent: Mapped[bool]  # to the webhook, or need not be


class Worker(Base):
    """A worker's parent process that was alive at `seen_at`."""

    __tablename__ = "workers"

    name: Mapped[TextKey]
    queues: Mapped[str]  # comma-separated
    slots: Mapped[int]  # processes that can work on a job at once
    seen_at: Mapped[float]


class MaintenanceLock(Base):
    """A maintenance task that one process at a time does for all, and when it last began."""

    __tablename__ = "maintenance_locks"

    name: Mapped[TextKey]
    at: Mapped[float]
