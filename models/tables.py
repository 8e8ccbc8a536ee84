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

# Documents of archives have no handle.
HAS_HANDLE = text("handle IS NOT NULL")
HAS_AUTHOR = text("author_id IS NOT NULL")
# A few dozen of 100,000 queued jobs are dispatched.
DISPATCHED = text("dispatched_at IS NOT NULL")
# The row of `Origin` in which nothing is known; the migrations make it.
UNKNOWN_ORIGIN = 1
# The row of `Codebook` by which people label mentions; the migrations make it.
POLARITY_CODEBOOK = 1
# What is coded by it: -1, 0 or 1.
POLARITY_VARIABLE = "polarity"

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
CodebookKey = Annotated[
    int, mapped_column(ForeignKey("codebooks.id", ondelete="CASCADE"), primary_key=True)
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

    # Exports call it `document`: "nyt:…".
    identity: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]

    # Rows of `Origin` always stay.
    origin_id: Mapped[int] = mapped_column(default=UNKNOWN_ORIGIN)

    # The `Import` that stored the document; None if it was stored before imports were noted.
    import_id: Mapped[int | None]

    # The handle in lower case, without "@".
    handle: Mapped[str | None]

    # The id that stays when a handle changes, such as a DID.
    author_id: Mapped[str | None]
    published_at: Mapped[datetime | None]

    # The month "YYYY-MM" of `published_at`.
    period: Mapped[str | None]
    address: Mapped[str | None]
    text: Mapped[str]
    repost: Mapped[bool] = mapped_column(default=False)

    # The text's language by its code in `core.languages`: as the archive states it, else as it was
    # detected. "" stands for one that cannot be decided, None for one that nobody has looked at.
    language_code: Mapped[str | None]


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

    # The kind of document: "News", "Op-Ed".
    material: Mapped[str]

    # As the archive writes it; `Document.language_code` has its code.
    language: Mapped[str]


class DocumentDetails(Base):
    """What is kept of a document and not read with it."""

    __tablename__ = "document_details"

    document_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    abstract: Mapped[str | None]

    # The archive's own subject terms.
    tags: Mapped[list[str]]


class DocumentCount(Base):
    """How many documents of a source, origin and month are stored, kept with every change."""

    __tablename__ = "document_counts"

    source: Mapped[TextKey]

    # "" stands for documents without a time.
    period: Mapped[TextKey]
    origin_id: Mapped[NumberKey]
    documents: Mapped[int]


class Import(Base):
    """What was read from a file, month or subject of a service, for a report's methods section."""

    __tablename__ = "imports"

    id: Mapped[NumberKey]

    # The file's name without its folder; otherwise the month or subject.
    path: Mapped[str]
    source: Mapped[str]
    read: Mapped[int]
    added: Mapped[int]
    empty: Mapped[int]
    left_out: Mapped[int]

    # The first documents that were left out, with the reasons.
    named: Mapped[list[str]] = mapped_column(default=list)
    #: Where to read on in a file that was not read to its end, and which file that is.
    place: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    at: Mapped[float]


class SuppressedName(Base):
    """The hash of a name that was erased on request and stays away (`models.suppression_list`)."""

    __tablename__ = "suppressed_names"

    name: Mapped[bytes] = mapped_column(RawBytes(32), primary_key=True)

    # The hash of the account to which the name belongs.
    account: Mapped[bytes | None] = mapped_column(RawBytes(32), index=True)
    at: Mapped[float]


class Crawl(Base):
    """How far a service has been read for one month, handle or search term."""

    __tablename__ = "crawls"

    source: Mapped[TextKey]

    # "2020-03", "@nasa" or "search:term".
    subject: Mapped[TextKey]

    # Where to go on; after the end, where newer posts begin.
    cursor: Mapped[dict[str, Any] | None]
    documents: Mapped[Counter]

    # "open", "complete", or the reason why it ended otherwise.
    state: Mapped[str]
    at: Mapped[float]


class Run(Base):
    """What a person submitted."""

    __tablename__ = "runs"

    id: Mapped[NumberKey]
    name: Mapped[str | None]

    # One of months, handles, search and training.
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str | None]

    # `analysis.kinds` defines them.
    parameters: Mapped[dict[str, Any]]

    # The PNG file that gives the word clouds their shape.
    mask: Mapped[bytes | None]
    max_calls: Mapped[int | None]

    # The attempts taken from `max_calls`.
    calls_begun: Mapped[Counter]
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

    # The codes of the languages that it reads, separated by commas; None if it declares none.
    languages: Mapped[str | None]


class Job(Base):
    """One month, handle, search, training or report: the unit of queueing, claims and retries."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("run_id", "kind", "name"),
        Index(None, "queue", "state", "run_id", "due_at", "id"),
        Index(None, "state", "lease_until"),
        # This index tells whether a run has ended.
        Index(None, "run_id", "state"),
        # This index finds a run's first jobs, with which the others are compared.
        Index(None, "run_id", "id"),
        Index(None, "name"),
        Index(None, "dispatched_at", sqlite_where=DISPATCHED, postgresql_where=DISPATCHED),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    kind: Mapped[str]

    # The natural name: 2020-03, @nasa, search:covid, …
    name: Mapped[str]
    queue: Mapped[str]

    # What this job alone has, such as the swept options of a training.
    options: Mapped[dict[str, Any]]
    state: Mapped[str]

    # "no-data" if there was nothing to work on.
    result: Mapped[str | None]
    reason: Mapped[str | None]
    owner: Mapped[str | None]
    claims: Mapped[Counter]

    # How often in a row, without progress, the job crashed its process.
    crashes: Mapped[Counter]

    # How often in a row, without progress, the job lost its worker otherwise.
    losses: Mapped[int] = mapped_column(server_default="0")

    # How often in a row, without progress, the job was put off.
    waits: Mapped[Counter]

    # A `WaitFor` if the job waits for something that may end before `due_at`.
    waits_for: Mapped[str | None]
    waiting_since: Mapped[float | None]
    lease_until: Mapped[float | None]
    due_at: Mapped[float]

    # The seconds from when the job was put off to `due_at`.
    wait_seconds: Mapped[float | None]
    dispatched_at: Mapped[float | None]

    # The progress of the step at work, which `status` shows.
    done_units: Mapped[Counter]
    all_units: Mapped[Counter]

    # None if the documents are not frozen yet.
    newest_document: Mapped[int | None] = mapped_column(BigInteger)
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

    # What the fetching of posts said. `reason` adds the counts of the posts, which an erasure
    # changes.
    fetch_remark: Mapped[str | None]


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

    # The text is JSON.
    value: Mapped[str]


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

    # The bitmap is little-endian, with a bit for each document.
    bitmap: Mapped[bytes] = mapped_column(RawBytes)


class KeywordSentences(Base):
    """The sentences of a document that a term was found in."""

    __tablename__ = "keyword_sentences"

    question_id: Mapped[QuestionKey]
    document_id: Mapped[DocumentKey]

    # The text is JSON.
    sentences: Mapped[str]


class AnswerClaim(Base):
    """A job's exclusive right to request an answer, or a day's answers, until `until`."""

    __tablename__ = "answer_claims"

    key: Mapped[bytes] = mapped_column(RawBytes(16), primary_key=True)
    until: Mapped[float]
    job_id: Mapped[int] = mapped_column(BIG)

    # The number of the job's claim.
    claims: Mapped[int]

    # How many earlier claimants may have made the request.
    takeovers: Mapped[Counter]


class Call(Base):
    """Attempts at a service by run, credential, operation and minute; limits recover from it."""

    __tablename__ = "calls"
    __table_args__ = (Index(None, "service", "credential", "minute"),)

    run_id: Mapped[NumberKey]
    service: Mapped[TextKey]

    # A hash of the key, never the key.
    credential: Mapped[TextKey]
    operation: Mapped[TextKey]

    # Unix time // 60.
    minute: Mapped[NumberKey]
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

    # The number of the sentence in its document, from 1.
    position: Mapped[NumberKey]
    sentence: Mapped[str]
    polarity: Mapped[float | None]


class Codebook(Base):
    """A codebook by which texts were coded: it stays as it was, whatever becomes of its file."""

    __tablename__ = "codebooks"

    id: Mapped[NumberKey]
    name: Mapped[str]

    # `analysis.codebooks.codebook` makes the hash, which says what the codebook means.
    hash: Mapped[bytes] = mapped_column(RawBytes(32), unique=True)
    content: Mapped[dict[str, Any]]


class Code(Base):
    """What a coder answered to a variable of a codebook; it stays when the run's jobs are redone.

    What is coded is a mention, by its keyword and the number of its sentence, or a whole text. The
    position of a whole text is 0, its keyword "" unless the codebook asks of each keyword.
    """

    __tablename__ = "codes"

    run_id: Mapped[RunKey]
    codebook_id: Mapped[CodebookKey]
    document_id: Mapped[DocumentKey]
    keyword: Mapped[TextKey]
    position: Mapped[NumberKey]
    variable: Mapped[TextKey]

    # "person:NAME", "network:RUN" or "model:NAME".
    coder: Mapped[TextKey]

    # None unless the state is "coded".
    code: Mapped[str | None]

    # How certain a network or a model is of its code.
    probability: Mapped[float | None]

    # A `CodeState`, and why a text cannot be coded.
    state: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[float]


class SampleStratum(Base):
    """The texts of a run from which some were drawn at one rate, to be coded."""

    __tablename__ = "sample_strata"

    run_id: Mapped[RunKey]
    codebook_id: Mapped[CodebookKey]
    number: Mapped[NumberKey]

    # A month, quarter or year, or "" for the whole run.
    period: Mapped[str]
    keyword: Mapped[str]

    # A `SamplePart`.
    part: Mapped[str]

    # How many documents (mentions, posts) the stratum has, and how many different texts.
    population: Mapped[int]
    texts: Mapped[int]

    # How many of the different texts were drawn.
    drawn: Mapped[int]


class SampledUnit(Base):
    """A text or a mention that was drawn to be coded, and what it stands for."""

    __tablename__ = "sampled_units"

    run_id: Mapped[RunKey]
    codebook_id: Mapped[CodebookKey]
    document_id: Mapped[DocumentKey]
    keyword: Mapped[TextKey]
    position: Mapped[NumberKey]

    # The number of its `SampleStratum`.
    stratum: Mapped[int]

    # Its place in the order in which the sample is coded.
    place: Mapped[int]

    # How many units of the stratum have this text, itself among them.
    copies: Mapped[int]

    # The probability with which it was drawn.
    inclusion: Mapped[float]


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

    # The number of the job's documents that hold the phrase.
    count: Mapped[int]


class DistinctiveWord(Base):
    """A word that stands out in the documents of a job, for one keyword ("" for a handle)."""

    __tablename__ = "distinctive_words"

    job_id: Mapped[JobKey]
    keyword: Mapped[TextKey]
    rank: Mapped[NumberKey]
    word: Mapped[str]

    # The uses in the documents of the job (that mention the keyword).
    count: Mapped[int]

    # The number of these documents that hold the word.
    documents: Mapped[int]

    # The uses in the documents with which they are compared.
    reference_count: Mapped[int]

    # The signed log-likelihood.
    g2: Mapped[float]


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

    # The accuracy on the test split, as a fraction.
    accuracy: Mapped[float | None]
    seconds: Mapped[float]


class Prediction(Base):
    """The output of a trained network for one example."""

    __tablename__ = "predictions"

    job_id: Mapped[JobKey]

    # One of train, validation and test.
    split: Mapped[TextKey]
    index: Mapped[NumberKey]
    actual: Mapped[float]
    predicted: Mapped[float]


class Training(Base):
    """A training's checkpoint and, once finished, its result."""

    __tablename__ = "trainings"

    job_id: Mapped[JobKey]

    # A .npz file with weights, optimizer, generator state and epoch.
    checkpoint: Mapped[bytes | None]

    # A .npz file of the finished network.
    weights: Mapped[bytes | None]
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

    # One of day, week and month.
    every: Mapped[str]

    # The most calls of the Text API between two times.
    max_calls: Mapped[int | None]

    # The times are counted from this moment.
    begun_at: Mapped[float]
    due_at: Mapped[float]
    checked_at: Mapped[float | None]

    # How often something was queued.
    updates: Mapped[Counter]

    # The newest document that was looked at so far.
    newest_document: Mapped[int] = mapped_column(BigInteger, default=0)


class WatchReport(Base):
    """What the report of a watched run showed after its update *number*: counts by month."""

    __tablename__ = "watch_reports"

    run_id: Mapped[RunKey]

    # 0 stands for the report before the first update.
    number: Mapped[NumberKey]

    # `reports.findings.changes` defines them.
    counts: Mapped[dict[str, Any]]
    at: Mapped[float]


class WatchEvent(Base):
    """An event of a watched run: a digest of what it is about, and when it was first seen."""

    __tablename__ = "watch_events"

    run_id: Mapped[RunKey]

    # `reports.findings.events` makes the key.
    key: Mapped[TextKey]

    # The update after which the event was seen.
    number: Mapped[int]
    at: Mapped[float]

    # True if the webhook took the event, or it need not be sent.
    is_sent: Mapped[bool]


class Worker(Base):
    """A worker's parent process that was alive at `seen_at`."""

    __tablename__ = "workers"

    name: Mapped[TextKey]

    # The names are separated by commas.
    queues: Mapped[str]

    # The number of processes that can work on a job at once.
    slots: Mapped[int]
    seen_at: Mapped[float]


class MaintenanceLock(Base):
    """A maintenance task that one process at a time does for all, and when it last began."""

    __tablename__ = "maintenance_locks"

    name: Mapped[TextKey]
    at: Mapped[float]
