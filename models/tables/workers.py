"""Tables of the processes that work, and of the tasks that one of them does for all."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from models.tables.base import Base, TextKey


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
