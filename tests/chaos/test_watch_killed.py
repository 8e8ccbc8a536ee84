"""A run that goes on while the processes that work on it are killed at random statements.

Each kind of run is on each database where TIDINGS_CHAOS_MINUTES is set (`make chaos-long`).
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from core.enums import State
from core.settings import Settings
from models.database import Database
from models.watches import get_watch
from tests.e2e_kit import Stub
from tests.jobs_kit import Jobs
from tests.watch_killer import live
from tests.watch_kit import (
    ACCOUNTS,
    DAYS,
    WATCHED,
    at_day,
    export,
    export_one_run_over_all,
    publish,
    state_of,
    watch,
)

CASES = [
    pytest.param(WATCHED, (), "sqlite", id="months-sqlite"),
    pytest.param(ACCOUNTS, ("ann", "bob"), "postgresql", id="accounts-postgresql"),
]
if os.environ.get("TIDINGS_CHAOS_MINUTES"):
    CASES += [
        pytest.param(WATCHED, (), "postgresql", id="months-postgresql"),
        pytest.param(ACCOUNTS, ("ann", "bob"), "sqlite", id="accounts-sqlite"),
    ]


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        yield opened


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("parameters", "names", "database_url"), CASES, indirect=["database_url"])
def test_thirty_days_that_are_killed_at_random_make_the_same_tables(
    jobs: Jobs,
    stub: Stub,
    parameters: Any,
    names: tuple[str, ...],
) -> None:
    rng = random.Random(len(names))
    handles: Sequence[str | None] = names or (None,)
    publish(jobs.db, 0, handles=handles)
    run = jobs.submit(parameters, *names)
    watch(jobs.db, run)
    kills = 0

    for day in range(DAYS):
        if day:
            publish(jobs.db, day, handles=handles)

        jobs.db.close()  # no connection is open in both processes
        status = -signal.SIGKILL
        while status == -signal.SIGKILL:
            status = live(jobs.settings, run, at_day(day), rng.randint(5, 150))
            kills += status != 0

        assert status == 0
        if day:
            assert is_through(jobs.db, run, day)

    assert kills >= DAYS / 2
    assert stub.counts()["again"] <= kills * jobs.settings.textapi_concurrency
    over_all = parameters if names else parameters.model_copy(update={"last": "2020-03"})
    assert export(jobs.db, run) == export_one_run_over_all(jobs, over_all, *names)


def is_through(db: Database, run: int, day: int) -> bool:
    """Return whether the day was looked at and the run is through with it."""
    with db.read() as connection:
        row = get_watch(connection, run)

    assert row is not None
    return bool(row.due_at > at_day(day) and state_of(db, run) == State.DONE)
