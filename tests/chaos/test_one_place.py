"""A limit and a pause of all runs are set while workers are at work: all of them keep to it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from core.enums import State
from models.shared_settings import pause_all, resume_all, share_limits
from models.tables import Job
from tests.chaos.fleet import Fleet

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SECONDS_TO_ALL = 15.0


# A busy machine makes no call time out, which would be made again.
@pytest.mark.parametrize("fleet", [{"textapi_timeout": 20.0}], indirect=True)
def test_workers_keep_to_a_limit_and_a_pause_that_are_set_while_they_work(
    fleet: Fleet, hold: Callable[..., None]
) -> None:
    # Without a limit a machine that does nothing else is through before the first one holds.
    share_limits(fleet.db, "textapi", "25/s")
    fleet.submit()
    fleet.until_asked(60)

    share_limits(fleet.db, "textapi", "6/s")
    fleet.tend(SECONDS_TO_ALL)
    began, calls = time.monotonic(), fleet.seen()["calls"]
    fleet.tend(8.0)
    made = fleet.seen()["calls"] - calls
    assert 0 < made <= 6 * (time.monotonic() - began + 1)

    pause_all(fleet.db)
    fleet.tend(SECONDS_TO_ALL, until=lambda: not _count_running(fleet))
    assert _count_running(fleet) == 0
    calls = fleet.seen()["calls"]
    fleet.tend(3.0)
    assert fleet.seen()["calls"] == calls

    share_limits(fleet.db, "textapi", "")
    resume_all(fleet.db)
    fleet.finish(120.0)
    outcome = fleet.outcome()
    hold(outcome, again=0)


def _count_running(fleet: Fleet) -> int:
    running = select(func.count()).where(Job.state == State.RUNNING)
    with fleet.db.read() as connection:
        return connection.scalar(running) or 0
