"""Submitting a run: its parameters become a run with its jobs, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from analysis.kinds import kind_named
from models.database import Database
from models.runs import create_run


def submit_run(
    db: Database,
    parameters: Any,
    names: Sequence[str],
    *,
    name: str | None = None,
    max_calls: int | None = None,
    mask: bytes | None = None,
    on_equal: Callable[[int], None] | None = None,
) -> int:
    """Write the run and its jobs and return its id. *names* are the names of its subjects.

    With *on_equal* an equal run is taken, as `create_run` says.
    """
    return create_run(
        db,
        kind=parameters.kind,
        name=name,
        parameters=parameters.model_dump(mode="json"),
        jobs=kind_named(parameters.kind).new_jobs(parameters, names),
        max_calls=max_calls,
        mask=mask,
        on_equal=on_equal,
    )
