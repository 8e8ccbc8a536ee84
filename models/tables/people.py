"""Tables of people: what they did, and what they and their purses pay."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import BIG, Base, TextKey


class Act(Base):
    """What a person did. Triggers of the database refuse to change or delete a row."""

    __tablename__ = "acts"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    at: Mapped[float]
    person: Mapped[str]

    # An `ActKind`.
    kind: Mapped[str]

    # What it was done to: "run 7", "purse GRANT", "limits of textapi". Accounts and documents that
    # were forgotten are hashes.
    subject: Mapped[str]
    details: Mapped[str | None]


class Payer(Base):
    """A person or a purse in a currency, and what its runs were charged, in millionths of it."""

    __tablename__ = "payers"

    # A `PayerKind`.
    kind: Mapped[TextKey]
    name: Mapped[TextKey]
    currency: Mapped[TextKey]
    max_cost: Mapped[int | None] = mapped_column(BigInteger)
    cost_charged: Mapped[int] = mapped_column(BigInteger, server_default="0")
