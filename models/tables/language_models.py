"""Tables of language models: which answered a run, what their answers took, what may be sent."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Counter, RunKey, TextKey


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
