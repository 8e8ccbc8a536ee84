"""Tables of language models: which answered a run, what their answers took, what may be sent."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import BIG, Base, Counter, RawBytes, RunKey, TextKey


class RunModel(Base):
    """A language model that answered a run, as its server names it, and the price of its tokens."""

    __tablename__ = "run_models"

    run_id: Mapped[RunKey]
    model: Mapped[TextKey]

    # "" if the server has none.
    fingerprint: Mapped[TextKey]

    # As the settings write it, with its date; "" for a server that costs nothing.
    price: Mapped[TextKey]
    answers: Mapped[Counter]

    # When its first answer came, and its newest.
    began_at: Mapped[float]
    seen_at: Mapped[float]


class PromptUse(Base):
    """What answers to a prompt took: sums from which the tokens of further texts are expected.

    The size of a request is the most tokens that its prompt can have.
    """

    __tablename__ = "prompt_uses"

    # The coder ``model:NAME``, and the hash of the prompt without the text.
    coder: Mapped[TextKey]
    prompt: Mapped[TextKey]
    answers: Mapped[int] = mapped_column(BigInteger)
    sizes: Mapped[int] = mapped_column(BigInteger)
    sizes_squared: Mapped[int] = mapped_column(BigInteger)
    tokens: Mapped[int] = mapped_column(BigInteger)
    tokens_squared: Mapped[int] = mapped_column(BigInteger)
    sizes_by_tokens: Mapped[int] = mapped_column(BigInteger)
    completions: Mapped[int] = mapped_column(BigInteger)
    completions_squared: Mapped[int] = mapped_column(BigInteger)


class ModelConsent(Base):
    """A server outside this machine to which a person has agreed to send texts."""

    __tablename__ = "model_consents"

    server: Mapped[TextKey]
    at: Mapped[float]


class ModelBatch(Base):
    """Texts that a server of language models is asked about within a day, until all are settled.

    The row is written before anything is sent. The server knows the batch by the same *uuid*, so
    that it is found again whenever a process was killed.
    """

    __tablename__ = "model_batches"

    uuid: Mapped[TextKey]

    # The run that is charged, None if it was forgotten: the answers are paid, so the batch stays.
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("runs.id", ondelete="SET NULL"), index=True
    )

    # The number of that run, which stays.
    charged_run: Mapped[int | None]

    # The job that sees to it; another one does if that job has ended or was forgotten.
    job_id: Mapped[int | None] = mapped_column(
        BIG, ForeignKey("jobs.id", ondelete="SET NULL"), index=True
    )

    # The coder, and its price as the settings wrote it.
    coder: Mapped[str]
    price: Mapped[str]

    # What the server calls the file of requests and the batch, as soon as that is known.
    file: Mapped[str | None]
    batch: Mapped[str | None]

    # When the server was asked to create the batch; None if it was not.
    creating_at: Mapped[float | None]
    intended_at: Mapped[float]

    # The most tokens that all its lines can take.
    tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")

    # The optional fields that its requests do not have, with spaces between them.
    left_out: Mapped[str] = mapped_column(server_default="")


class BatchLine(Base):
    """A text of a batch whose answer is to come: nobody else asks about it meanwhile."""

    __tablename__ = "batch_lines"

    # The key of the answer.
    key: Mapped[bytes] = mapped_column(RawBytes(16), primary_key=True)
    uuid: Mapped[str] = mapped_column(
        ForeignKey("model_batches.uuid", ondelete="CASCADE"), index=True
    )

    # The most tokens and money that it can take.
    tokens: Mapped[int]
    cost: Mapped[int] = mapped_column(BigInteger)

    # The hash of the prompt and the size of the request, of which the tokens of others are learned.
    prompt: Mapped[str]
    size: Mapped[int]

    # The ids of the documents that have the text.
    documents: Mapped[list[int]] = mapped_column(JSON)

    # How many paid answers gave no codes; the newest of them that is a completion is stored.
    retries: Mapped[int] = mapped_column(server_default="0")
