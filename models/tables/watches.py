"""Tables of runs that are worked on again with what is new."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Counter, NumberKey, RunKey, TextKey


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
