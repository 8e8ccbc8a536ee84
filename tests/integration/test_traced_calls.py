"""The header `traceparent`: a trace for each job, a span for each call, also in the log."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import pytest
from aiohttp import web

from analysis.kinds.accounts import AccountsParameters
from core.enums import State
from core.settings import Settings
from models.documents import add_documents
from tests.feeds_kit import service
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.stub_textapi import answer
from textapi.messages import ENGINE_HEADER

STEPS = AccountsParameters(steps=("phrases", "entities"))
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")


class Tracing:
    """A Text API that keeps the headers `traceparent`, and fails the first call."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, str]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({}, headers={ENGINE_HEADER: "stub/1"})

        found = TRACEPARENT.fullmatch(request.headers["traceparent"])
        assert found
        self.spans.append((found[1], found[2]))
        if len(self.spans) == 1:
            return web.json_response({"error": "not now"}, status=500)

        body: dict[str, Any] = await request.json()
        return web.json_response(answer(request.path.rpartition("/")[2], body))


def test_a_job_is_a_trace_and_each_call_a_span_and_a_failed_one_is_in_the_log(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    textapi = Tracing()
    with (
        service(textapi) as url,
        closing(Jobs(settings.model_copy(update={"textapi_url": url}))) as jobs,
    ):
        posts = [
            stored_post(number, handle=handle, text=f"The tide is in, {handle} says.")
            for number, handle in enumerate(["ann", "bob"], 1)
        ]
        add_documents(jobs.db, posts)
        for handle in ("ann", "bob"):
            assert jobs.do(STEPS, handle).state == State.DONE

    traces = {trace for trace, _ in textapi.spans}
    spans = [span for _, span in textapi.spans]
    assert len(traces) == 2
    assert len(set(spans)) == len(spans) == 5
    (failed,) = [line for line in capsys.readouterr().out.splitlines() if "a call failed" in line]
    assert f"span={spans[0]}" in failed
    assert f"trace={textapi.spans[0][0]}" in failed
    assert "500: not now" in failed
