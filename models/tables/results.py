"""Tables of what the steps of jobs found in the texts."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, DocumentKey, JobKey, NumberKey, RawBytes, TextKey


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

    # How often the Text API named it.
    count: Mapped[int]

    spellings: Mapped[list[str]]

    # The documents that hold it; null in results from before they were counted.
    documents: Mapped[int | None]


class Summary(Base):
    """The summary of a job, for one keyword ("" for a handle)."""

    __tablename__ = "summaries"

    job_id: Mapped[JobKey]
    keyword: Mapped[TextKey]
    summary: Mapped[str]


class JobFrames(Base):
    """The documents and mentions of a job as columns, for reports; they can be made again."""

    __tablename__ = "frames"

    job_id: Mapped[JobKey]

    # A hash of what they were made of: see `models.frames`.
    made_of: Mapped[str]

    # Compressed Arrow tables.
    documents: Mapped[bytes] = mapped_column(RawBytes)
    mentions: Mapped[bytes] = mapped_column(RawBytes)

    # What a search for repeats needs of the texts, and what shows persons in them: see
    # `analysis.text.forms` and `analysis.text.person_names`.
    forms: Mapped[bytes] = mapped_column(RawBytes)
    names: Mapped[bytes] = mapped_column(RawBytes)
