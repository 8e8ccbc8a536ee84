"""Settings that all workers share: limits of services, and whether all runs are paused.

They are kept in the database, and come before what each process has in its environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, case, select

from core.enums import ActKind, State
from core.ratelimit import SharedLimits
from core.ratelimit.notation import parse_limits
from models.acts import record_act
from models.database import Database
from models.tables import Run, SharedSetting

if TYPE_CHECKING:
    from core.settings import Settings

PAUSED = "paused"

#: The condition that all runs are paused.
ALL_ARE_PAUSED = (
    select(SharedSetting.name)
    .where(SharedSetting.name == PAUSED, SharedSetting.value.is_not(None))
    .exists()
)
#: The state of a run, paused where all are.
RUN_STATE = case((ALL_ARE_PAUSED, State.PAUSED), else_=Run.state)


class _StoredSetting(NamedTuple):
    value: str | None
    version: int


def share_limits(
    db: Database, service: str, limits: str | None, *, person: str | None = None
) -> None:
    """Set the limits of *service* for all workers; None lets each have those of its environment."""
    shown = "default" if limits is None else limits or "none"
    with db.write() as connection:
        _share(connection, db, f"{service}_limits", limits)
        record_act(connection, ActKind.LIMITS, service, person=person, details=shown)


def pause_all(db: Database, *, person: str | None = None) -> None:
    """Let nothing new of any run start, and jobs at work end their slice soon."""
    with db.write() as connection:
        _share(connection, db, PAUSED, "yes")
        record_act(connection, ActKind.PAUSE, "all runs", person=person)


def resume_all(db: Database, *, person: str | None = None) -> None:
    """Let runs go on that are not paused themselves."""
    with db.write() as connection:
        _share(connection, db, PAUSED, None)
        record_act(connection, ActKind.RESUME, "all runs", person=person)


def _share(connection: Connection, db: Database, name: str, value: str | None) -> None:
    setting = db.upsert(SharedSetting).values(name=name, value=value, version=1)
    changed = {"value": setting.excluded.value, "version": SharedSetting.version + 1}
    connection.execute(setting.on_conflict_do_update(index_elements=["name"], set_=changed))


def are_all_paused(connection: Connection) -> bool:
    """Return whether all runs are paused."""
    return bool(connection.scalar(select(ALL_ARE_PAUSED)))


def read_limits(db: Database, service: str, default: str) -> SharedLimits:
    """Return the limits of *service* that are in force, the *default* unless they were shared."""
    stored = db.fetch(_read).get(f"{service}_limits", _StoredSetting(None, 0))
    return SharedLimits(
        parse_limits(default if stored.value is None else stored.value), stored.version
    )


def shared_limits(connection: Connection) -> dict[str, str]:
    """Return the limits that were shared, by service; "" is none."""
    limits = {}
    for name, stored in sorted(_read(connection).items()):
        service, _, kind = name.rpartition("_")
        if kind == "limits" and stored.value is not None:
            limits[service] = stored.value

    return limits


def with_shared_limits(db: Database, settings: Settings) -> Settings:
    """Return *settings* with the limits that are in force."""
    limits = db.fetch(shared_limits).items()
    return settings.model_copy(update={f"{service}_limits": limit for service, limit in limits})


def _read(connection: Connection) -> dict[str, _StoredSetting]:
    rows = connection.execute(
        select(SharedSetting.name, SharedSetting.value, SharedSetting.version)
    )
    return {name: _StoredSetting(value, version) for name, value, version in rows}
