"""Services that do not answer a run: since when, whatever the run's jobs do meanwhile."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

from models.bulk import store_row
from models.database import Database, clock
from models.tables import Outage

# Built once: it is executed with each batch of answers.
_END = delete(Outage).where(
    Outage.run_id == bindparam("run"), Outage.service == bindparam("service")
)


def note_outage(
    connection: Connection, db: Database, run_id: int, service: str, reason: str, *, seconds: float
) -> None:
    """Note that *service* has not answered a request that was made *seconds* ago.

    The time of the first such request in a row is kept.
    """
    key = {"run_id": run_id, "service": service}
    store_row(connection, db, Outage, key, {"reason": reason}, since=clock() - seconds)


def end_outage(connection: Connection, run_id: int, service: str) -> None:
    """Note that *service* has answered the run."""
    connection.execute(_END, {"run": run_id, "service": service})


def forget_outages(connection: Connection, run_id: int) -> None:
    """Forget what did not answer the run: its services are tried anew."""
    connection.execute(delete(Outage).where(Outage.run_id == run_id))


def read_longest_outage(connection: Connection, run_id: int) -> Row[Any] | None:
    """Return the outage of the service that has not answered the run for longest, if any."""
    outages = select(Outage.__table__).where(Outage.run_id == run_id)
    return connection.execute(outages.order_by(Outage.since, Outage.service).limit(1)).first()
