"""The kinds of run. Another one is a module with a `Kind`, and its line here."""

from __future__ import annotations

from typing import Any

from analysis.kinds.accounts import Accounts
from analysis.kinds.kind import Kind
from analysis.kinds.months import Months
from analysis.kinds.searches import Searches
from analysis.kinds.trainings import Trainings
from models.tables import Base

KINDS: tuple[Kind[Any], ...] = (
    Months(),
    Accounts(),
    Searches(),
    Trainings(),
)

_BY_NAME = {kind.name: kind for kind in KINDS}
_BY_JOB_KIND = {kind.job_kind: kind for kind in KINDS}


def kind_named(name: str) -> Kind[Any]:
    """Return the kind of run of that name. Raises `KeyError`."""
    return _BY_NAME[name]


def kind_of_jobs(job_kind: str) -> Kind[Any]:
    """Return the kind of run whose jobs are of *job_kind*. Raises `KeyError`."""
    return _BY_JOB_KIND[job_kind]


def result_tables() -> tuple[type[Base], ...]:
    """Return every table that holds rows of a step."""
    tables: dict[type[Base], None] = {}

    for kind in KINDS:
        for step in kind.pipeline.steps:
            tables.update(dict.fromkeys(step.tables))

    return tuple(tables)
