"""Tables of runs and of the jobs that they are divided into."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from core.enums import JobKind
from models.tables.base import BIG, Base, Counter, DocumentKey, JobKey, NumberKey, RunKey, TextKey

# A few dozen of 100,000 queued jobs are dispatched.
DISPATCHED = text("dispatched_at IS NOT NULL")
HAS_HANDLE = text("handle IS NOT NULL")
HAS_DAYS = text("first_day IS NOT NULL")


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

    # Whether its report is made when it ends.
    with_report: Mapped[bool] = mapped_column(server_default=true())

    # The attempts taken from `max_calls`.
    calls_begun: Mapped[Counter]

    # The cap on what language models may cost, and what they are charged: what answers took, and
    # the bounds of calls without an answer. Both are in millionths of the currency.
    max_cost: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    cost_charged: Mapped[int] = mapped_column(BigInteger, server_default="0")

    # Who submitted it, and the purse that pays. Both are charged what the run is (`Payer`).
    person: Mapped[str | None]
    purse: Mapped[str | None]
    created_at: Mapped[float]
    ended_at: Mapped[float | None]


class ForgottenRun(Base):
    """A run that was forgotten: its number, which no other run gets, and who pays its calls."""

    __tablename__ = "forgotten_runs"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person: Mapped[str | None]
    purse: Mapped[str | None]
    currency: Mapped[str | None]
    coder: Mapped[str | None]


class RunEngine(Base):
    """An engine of the Text API whose answers a run's results are made of: its name and version."""

    __tablename__ = "run_engines"

    run_id: Mapped[RunKey]
    engine: Mapped[TextKey]

    # The codes of the languages that it reads, separated by commas; None if it declares none.
    languages: Mapped[str | None]


class RunErasure(Base):
    """The last erasure of documents of a run: a report of before must be made again."""

    __tablename__ = "run_erasures"

    run_id: Mapped[RunKey]
    reason: Mapped[str]
    at: Mapped[float]


class Outage(Base):
    """A service that does not answer a run; the next answer removes the row."""

    __tablename__ = "outages"

    run_id: Mapped[RunKey]
    service: Mapped[TextKey]

    # What the newest request without an answer met.
    reason: Mapped[str]

    # When the first request without an answer was made.
    since: Mapped[float]


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
        # These indexes find the jobs that read a document.
        Index(None, "handle", sqlite_where=HAS_HANDLE, postgresql_where=HAS_HANDLE),
        Index(None, "first_day", "last_day", sqlite_where=HAS_DAYS, postgresql_where=HAS_DAYS),
        Index(None, "dispatched_at", sqlite_where=DISPATCHED, postgresql_where=DISPATCHED),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    kind: Mapped[str]

    # The natural name, for readers: 2020-03, @nasa, search:covid, …
    name: Mapped[str]

    # Which documents it works on, besides what its run's parameters choose: those that these
    # sources, or all if there is none, have of these days, both included, or of this handle. Where
    # it has neither, they are linked to it.
    sources: Mapped[list[str]] = mapped_column(server_default="[]")
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    handle: Mapped[str | None]
    queue: Mapped[str]

    # What this job alone has, such as the swept options of a training.
    options: Mapped[dict[str, Any]]
    state: Mapped[str]

    # "no-data" if there was nothing to work on, "no-codes" if no text got a code.
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

    # The keys of answers that are refusals: hashes as hexadecimal digits, else a term and the id of
    # a document.
    refused: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))

    # Of texts that were read by machine, the share of their words that a dictionary has.
    dictionary_share: Mapped[float | None]


class JobDocument(Base):
    """A document that a search found (see `models.documents.documents_of` for other jobs)."""

    __tablename__ = "job_documents"

    job_id: Mapped[JobKey]
    document_id: Mapped[DocumentKey]
