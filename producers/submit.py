"""Submitting a run: its parameters become a run with its jobs, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.parameters import (
    HandlesParameters,
    MonthsParameters,
    Parameters,
    SearchParameters,
    list_months,
)
from analysis.pipelines import JOB_KINDS
from analysis.search import SEARCH_PREFIX
from models.database import Database
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
    """Write the run and its jobs and return its id. *names* are its handles or terms."""
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
    """Return the jobs of a run, each name once."""
    match parameters:
        case MonthsParameters():
            job_names = list_months(parameters.first, parameters.last)
        case HandlesParameters():
            job_names = ["@" + name.strip().removeprefix("@").casefold() for name in names]
        case SearchParameters():
            job_names = [SEARCH_PREFIX + term for term in names]
        case _:
            raise AssertionError(parameters.kind)

    kind = JOB_KINDS[parameters.kind]
    return [NewJob(kind, name, {}) for name in dict.fromkeys(job_names)]
