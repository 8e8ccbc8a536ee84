"""Tables of the ledger: what was asked of the Text API, what it answered, and each call."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import (
    BIG,
    Base,
    Counter,
    DocumentKey,
    NumberKey,
    QuestionKey,
    RawBytes,
    TextKey,
)


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

    # The counts of a minute lie in several rows: a row would be locked until its commit is on the
    # disk, and let no two processes store answers at once.
    shard: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, default=0, server_default="0"
    )
    calls: Mapped[int]
    answers_reused: Mapped[int]
    retries: Mapped[int]
    maybe_twice: Mapped[int]
    seconds: Mapped[float]

    # The answers told these; services that count calls alone have none. Cached tokens are a part of
    # those that go in, reasoning tokens of those that come out. Cost is in millionths of a
    # currency.
    tokens_in: Mapped[int | None] = mapped_column(BIG)
    tokens_out: Mapped[int | None] = mapped_column(BIG)
    tokens_cached: Mapped[int | None] = mapped_column(BIG)
    tokens_reasoning: Mapped[int | None] = mapped_column(BIG)
    cost: Mapped[int | None] = mapped_column(BIG)

    # Limits count these: what was reserved for calls whose answers did not come, too.
    charged_tokens: Mapped[int | None] = mapped_column(BIG)
    charged_cost: Mapped[int | None] = mapped_column(BIG)

    # The seconds for which calls waited for a limit, beside `seconds`, which they were in flight.
    waited: Mapped[float] = mapped_column(server_default="0")
