"""`tidings resume` of a run that waits for a service which asked to be left alone for long."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from analysis.kinds.accounts import HandlesParameters
from cli.main import app
from core.enums import State
from core.settings import Settings, environment
from models.database import clock
from models.documents import add_documents
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
            run = jobs.submit(HandlesParameters(), "bob")
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
