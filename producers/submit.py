"""Submitting: parameters become a run with its jobs, written in one transaction; the queues are topped up after it."""

from __future__ import annotations

from collections.abc import Sequence

from core.enums import JobKind
from models.database import Database
from models.parameters import (
    HandlesParameters,
    MonthsParameters,
    Parameters,
    SearchParameters,
    months,
)
from models.runs import NewJob, create_run


def submit_run(
    db: Database,
    parameters: Parameters,
    names: Sequence[str],
    *,
    name: str | None = None,
    max_calls: int | None = None,
    mask: bytes | None = None,
) -> int:
    """Write the run and its jobs; the run's id. *names*: handles or terms, for what has no months."""
    return create_run(
        db,
        kind=parameters.kind,
        name=name,
        parameters=parameters.model_dump(mode="json"),
        jobs=jobs_of(parameters, names),
        max_calls=max_calls,
        mask=mask,
    )


def jobs_of(parameters: Parameters, names: Sequence[str]) -> list[NewJob]:
    """The jobs of a run, each name once."""
    match parameters:
        case MonthsParameters():
            return [
                NewJob(JobKind.MONTH, month, {})
                for month in months(parameters.first, parameters.last)
            ]
        case HandlesParameters():
            handles = dict.fromkeys(
                "@" + name.strip().removeprefix("@").casefold() for name in names
            )
            return [NewJob(JobKind.HANDLE, handle, {}) for handle in handles]
        case SearchParameters():
            return [NewJob(JobKind.SEARCH, f"search:{term}", {}) for term in dict.fromkeys(names)]
    raise AssertionError(parameters.kind)
