"""`tidings resume` of a run that waits for a service which asked to be left alone for long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from analysis.kinds.accounts import AccountsParameters
from cli.main import app
from core.enums import State
from core.errors import UsageError
from core.settings import Settings, environment
from models.database import clock
from models.documents import add_documents
from models.run_transitions import pause_at_cap, pause_run
from models.runs import get_run
from models.tables import Run
from tests import stub_textapi
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.odd_textapi import serving

DAY = 86400
MONTH = 30 * DAY


@pytest.mark.parametrize("limits", ["", "100/s"])
def test_a_service_that_asked_for_a_month_is_believed_for_a_day_and_can_be_tried_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    refuses = True

    def respond(operation: str, body: dict[str, Any]) -> Any:
        if refuses:
            return 429, {"Retry-After": str(MONTH)}, b"{}"

        return 200, {}, json.dumps(stub_textapi.answer(operation, body)).encode()

    with serving(respond) as service:
        at_service = settings.model_copy(
            update={"textapi_url": service.url, "textapi_limits": limits}
        )
        for name, value in environment(at_service).items():
            if name.startswith("TIDINGS_"):
                monkeypatch.setenv(name, value)

        with closing(Jobs(at_service)) as jobs:
            add_documents(jobs.db, [stored_post(1, text="The tide is in.")])
            run = jobs.submit(AccountsParameters(), "bob")
            job = jobs.slice(run)
            with jobs.db.read() as connection:
                now = connection.execute(select(clock())).scalar_one()

            assert job.state == State.WAITING
            assert DAY - 60 <= job.due_at - now <= DAY

            refuses = False
            result = CliRunner().invoke(app, ["resume", str(run)])
            assert result.exit_code == 0, result.output
            assert "textapi asked to be left alone: one call tries it now" in result.output
            ended = jobs.to_its_end(run)
            assert ended.state == State.DONE, ended.reason


@pytest.fixture
def capped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Jobs, int]]:
    """A run that has made the five calls of its cap."""
    for name, value in environment(settings).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)

    with closing(Jobs(settings)) as jobs:
        run = jobs.submit(AccountsParameters(), "bob")
        with jobs.db.write() as connection:
            connection.execute(update(Run).values(max_calls=5, calls_begun=5))

        yield jobs, run


def state_and_cap(jobs: Jobs, run: int) -> tuple[str, int]:
    with jobs.db.read() as connection:
        row = get_run(connection, run)
    return row.state, row.max_calls


def test_a_run_that_is_paused_at_its_cap_goes_on_with_a_higher_one_alone(
    capped: tuple[Jobs, int],
) -> None:
    jobs, run = capped
    pause_at_cap(jobs.db, run, "cap of 5 calls is reached")
    result = CliRunner().invoke(app, ["resume", str(run)])
    assert str(result.exception) == (
        f"run {run} has made 5 calls, all that its cap allows, and stays paused: `tidings resume "
        f"{run} --max-calls N`, with N above 5, raises the cap"
    )
    for cap in ("1", "5"):
        result = CliRunner().invoke(app, ["resume", str(run), "--max-calls", cap])
        assert isinstance(result.exception, UsageError)
        assert f"--max-calls {cap}: run {run} has made 5 calls already" in str(result.exception)

    assert state_and_cap(jobs, run) == (State.PAUSED, 5)

    result = CliRunner().invoke(app, ["resume", str(run), "--max-calls", "6"])
    assert result.exit_code == 0
    assert f"run {run} goes on\n" in result.stderr
    assert state_and_cap(jobs, run) == (State.RUNNING, 6)


def test_a_run_without_a_call_left_that_a_person_paused_goes_on_and_says_so(
    capped: tuple[Jobs, int],
) -> None:
    jobs, run = capped
    pause_run(jobs.db, run)
    result = CliRunner().invoke(app, ["resume", str(run)])
    assert result.exit_code == 0
    assert (
        f"tidings: run {run} goes on with stored answers alone: no call of its cap is left; "
        f"`tidings resume {run} --max-calls N` raises it\n"
    ) in result.stderr
    assert state_and_cap(jobs, run) == (State.RUNNING, 5)
