"""What people did: a table that is only appended to, by the transaction of the act itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import Connection, insert, select

from core.enums import ActKind
from models.database import clock
from models.tables import Act

# Details are for people to read: a longer text is cut.
LONGEST_DETAILS = 500


@dataclass(frozen=True)
class ActListing:
    """What a person did; the newest is the first."""

    at: Annotated[float, "Seconds since 1970, UTC."]
    person: Annotated[str, "`TIDINGS_USER`, else the user at the machine."]
    act: Annotated[str, f"{', '.join(f'`{kind}`' for kind in ActKind)}."]
    subject: Annotated[
        str, "What it was done to, as `run 7`; a forgotten account or document is a hash."
    ]
    details: Annotated[str | None, "Such as a new cap."]


def record_act(
    connection: Connection,
    kind: ActKind,
    subject: str,
    *,
    person: str | None,
    details: str | None = None,
) -> None:
    """Append what a *person* does in the transaction of *connection*; None is the program itself.

    Name no account and no document in *subject* and *details*: the row outlives an erasure.
    """
    if person is None:
        return

    act = insert(Act).values(person=person, kind=kind, subject=subject, at=clock())
    connection.execute(act.values(details=details and details[:LONGEST_DETAILS]))


def list_acts(connection: Connection, subject: str | None, *, limit: int) -> list[ActListing]:
    """Return the newest acts, of one *subject* or of all."""
    acts = select(Act.at, Act.person, Act.kind, Act.subject, Act.details).order_by(Act.id.desc())
    if subject is not None:
        acts = acts.where(Act.subject == subject)

    return [ActListing(*act) for act in connection.execute(acts.limit(limit))]
