"""Tables of codebooks, of the samples that were drawn for them, and of the codes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, CodebookKey, DocumentKey, NumberKey, RawBytes, RunKey, TextKey

# The row of `StoredCodebook` by which people label mentions; the migrations make it.
POLARITY_CODEBOOK = 1
# What is coded by it: -1, 0 or 1.
POLARITY_VARIABLE = "polarity"


class StoredCodebook(Base):
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

    # The seed, which may be any number; None of a sample that an older version drew.
    seed: Mapped[str | None]

    # A `SampleRule`.
    rule: Mapped[str] = mapped_column(server_default="text")


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


class SampleLook(Base):
    """A look at the codes of a growing sample: `reports.stats.looks` says how they end it."""

    __tablename__ = "sample_looks"

    run_id: Mapped[RunKey]
    codebook_id: Mapped[CodebookKey]

    # Whose codes were looked at: "people", or "model:NAME".
    coder: Mapped[TextKey]
    number: Mapped[NumberKey]

    # The half-width that was wanted, how many texts were coded, and the widest half-width.
    within: Mapped[float]
    coded: Mapped[int]
    half_width: Mapped[float]

    # Why the sample is not enlarged any more; None if the look had it enlarged.
    outcome: Mapped[str | None]


class SearchedUnit(Base):
    """A text that a search by a codebook has read or is to read, and how it came to be read.

    `reports.stats.search_recall` says why: a text that was read since it ranked high is no part of
    a sample, and the draws by chance say how much is found.
    """

    __tablename__ = "searched_units"

    run_id: Mapped[RunKey]
    codebook_id: Mapped[CodebookKey]

    # What is searched for, as "about=yes".
    sought: Mapped[TextKey]
    document_id: Mapped[DocumentKey]
    keyword: Mapped[TextKey]

    # Its place in the order of reading.
    place: Mapped[int]

    # A `ReadBy`.
    read_by: Mapped[str]

    # How many documents have its words, itself among them.
    copies: Mapped[int]

    # How many documents were unread before it. Among so many it was drawn, if by chance.
    unread: Mapped[int]

    # How many times as likely it was to be drawn as the least likely document; None if all were
    # alike, or it was not drawn.
    weight: Mapped[float | None]
