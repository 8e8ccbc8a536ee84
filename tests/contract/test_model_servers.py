"""What every server of language models has to do: the stub, and a real one if there is one.

`TIDINGS_TEST_MODEL_URL` is the address of a real one, as llama.cpp's, on loopback. Its model may be
any: an answer that gives no codes is a state of its text, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from core.enums import CodeState, State
from core.settings import Settings
from language_models.completion import OPERATION
from producers.imports import import_paths
from producers.plan import plan_run
from tests.e2e_kit import write_archive
from tests.jobs_kit import Jobs
from tests.model_kit import HEADLINES, PRICE, calls_of, codes_of, months, run_row
from tests.stub_model import running_model
from textapi.messages import Engine

POSSIBLE = {"harm": {"yes", "no"}, "what": {"homes", "ways", "homes|ways", "none"}}


@pytest.fixture(params=["stub", "real"])
def model_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "real":
        url = os.environ.get("TIDINGS_TEST_MODEL_URL")
        if not url:
            pytest.skip("TIDINGS_TEST_MODEL_URL names no server")

        yield url
        return

    with running_model() as model:
        yield model.url


@pytest.fixture
def jobs(stub_settings: Settings, model_url: str) -> Iterator[Jobs]:
    changes = {"model_url": model_url, "model_price": PRICE, "model_max_tokens": 150}
    with closing(Jobs(stub_settings.model_copy(update=changes))) as opened:
        archive = write_archive(opened.settings.home, HEADLINES)
        import_paths(opened.db, [archive], source=None, handle=None, columns={})
        yield opened


def test_a_server_codes_within_the_bound_of_the_plan_and_is_asked_once(jobs: Jobs) -> None:
    parameters = months(jobs, code="all")
    engine = Engine(str(jobs.settings.textapi_url).removeprefix("http://"))
    planned = plan_run(jobs.db, parameters, (), engine=engine, settings=jobs.settings)
    assert planned.by_operation[OPERATION] == 5
    assert planned.model is not None

    run = jobs.submit(parameters)
    row = jobs.to_its_end(run)
    assert row.state == State.DONE, row.reason
    codes = codes_of(jobs.db, run)
    assert len(codes) == 6
    for values in codes.values():
        for variable, value in values.items():
            assert value.state != CodeState.CODED or value.code in POSSIBLE[variable]

    (calls,) = (row for row in calls_of(jobs.db, run) if row.service == "model")
    assert int(calls.tokens_in) <= planned.model.bound.tokens_in * int(calls.calls) / 5
    assert int(calls.tokens_out) <= 150 * int(calls.calls)
    assert run_row(jobs.db, run).cost_charged == int(calls.cost) > 0

    again = jobs.submit(parameters)
    assert jobs.to_its_end(again).state == State.DONE
    assert codes_of(jobs.db, again) == codes
    assert [row for row in calls_of(jobs.db, again) if row.service == "model" and row.calls] == []
