"""The columns of a job that is due, at work, or has ended: every transition writes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func

from core.enums import State
from models.database import clock
from models.tables import Job

Columns = dict[str, Any]


def due_columns(state: State, *, seconds: float = 0.0, reason: str | None = None) -> Columns:
    """Return the columns of a job that no worker holds and that is due in *seconds*."""
    return {
        "state": state,
        "result": None,
        "reason": reason,
        "owner": None,
        "lease_until": None,
        "dispatched_at": None,
        "due_at": clock() + seconds,
        "wait_seconds": seconds,
        "waits_for": None,
        "ended_at": None,
    }


def held_columns(owner: Any, lease_seconds: Any) -> Columns:
    """Return the columns of a job that *owner* works on, without the number of the claim."""
    return {
        "state": State.RUNNING,
        "reason": None,
        "owner": owner,
        "lease_until": clock() + lease_seconds,
        "dispatched_at": None,
        "started_at": func.coalesce(Job.started_at, clock()),
    }


def ended_columns(state: State, *, result: str | None = None, reason: str | None = None) -> Columns:
    """Return the columns of a job that has ended; one that never froze its documents has none."""
    return {
        "state": state,
        "result": result,
        "reason": reason,
        "owner": None,
        "lease_until": None,
        "ended_at": clock(),
        "newest_document": func.coalesce(Job.newest_document, 0),
    }
