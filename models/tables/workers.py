"""Tables of processes that work, of what they share, and of tasks that one does for all."""

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


class SharedSetting(Base):
    """A setting that holds for all workers, before the environment of each."""

    __tablename__ = "shared_settings"

    # The name of a limit as in the settings, or "paused".
    name: Mapped[TextKey]

    # None if the environment of each worker says it.
    value: Mapped[str | None]

    # It grows with each change.
    version: Mapped[int]
