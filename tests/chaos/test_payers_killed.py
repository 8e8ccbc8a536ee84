"""What people and purses pay for random runs whose processes are killed, to the millionth.

There are 1,000 runs where TIDINGS_CHAOS_MINUTES is set (`make chaos-long`).
"""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from core.settings import Settings
from models.acts import list_acts
from producers.imports import import_paths
from tests.e2e_kit import write_archive
from tests.jobs_kit import Jobs
from tests.model_kit import PRICE, with_model
from tests.payers_kit import PURSES, BillingServer, Study, headlines
from tests.stub_model import running_model

RUNS = 1_000 if os.environ.get("TIDINGS_CHAOS_MINUTES") else 48


@pytest.mark.chaos
@pytest.mark.timeout(0)
def test_three_people_pay_from_two_purses_what_they_are_billed(
    stub_settings: Settings,
) -> None:
    server = BillingServer()
    with running_model(server):
        server.faults.latency = 0.02
        changes = {"model_price": PRICE, "model_max_tokens": 100}
        with closing(Jobs(with_model(stub_settings, server, **changes))) as jobs:
            archive = write_archive(jobs.settings.home, headlines())
            import_paths(jobs.db, [archive], source=None, handle=None, columns={})
            study = Study(jobs, server, seed=1)
            caps = dict.fromkeys(PURSES, 40 * RUNS)
            study.work_on(RUNS, caps, at_once=max(12, RUNS // 25))
            lines = study.check_sums()
            with jobs.db.read() as connection:
                acts = list_acts(connection, None, limit=10 * RUNS)

    assert sum(act.act == "submit" for act in acts) == RUNS
    assert study.kills
    assert study.refilled
    assert study.later
    asked_twice = sum(count - 1 for count in server.texts.values())
    lines += [
        f"{RUNS} runs, {server.calls} calls, {len(server.texts)} texts, {asked_twice} asked twice",
        f"{len(study.later)} runs asked what was answered before, and paid nothing",
        f"{study.refilled} pauses at a purse's cap; kills: {dict(sorted(study.kills.items()))}",
    ]
    print("\n" + "\n".join(lines))  # noqa: T201
