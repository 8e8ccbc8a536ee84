"""The process that reads an account is killed: every post is stored once, no page is lost."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from analysis.kinds.accounts import AccountsParameters
from core.broker import celery_app, redis_client
from core.enums import State
from models.crawls import COMPLETE, read_crawl
from models.database import migrate
from models.tables import Call, Import, Job
from producers.dispatch import dispatch_due_jobs
from producers.submit import submit_run
from reports.data.exports import write
from tests.chaos.fleet import Fleet, running_fleet
from tests.feeds_kit import Account, service

ANN = "ann.example"
POSTS, PAGES, KILLS = 10_000, 100, 3

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


def submit(fleet: Fleet) -> int:
    run = submit_run(fleet.db, AccountsParameters(steps=("polarity",)), [ANN])
    fleet.runs.append(run)
    with redis_client(fleet.settings) as broker:
        dispatch_due_jobs(fleet.db, celery_app(fleet.settings), broker)

    return run


def worker_of(fleet: Fleet, run: int) -> int | None:
    """The process that works on the run's job."""
    with fleet.db.read() as connection:
        owner = connection.scalar(
            select(Job.owner).where(Job.run_id == run, Job.state == State.RUNNING)
        )

    return int(owner.split(":")[-2]) if owner else None


def test_the_process_that_reads_ten_thousand_posts_is_killed_at_three_random_points(
    tmp_path: Path,
) -> None:
    account = Account(POSTS)
    account.before_answer = lambda _: time.sleep(
        0.02
    )  # a service takes its time; it has a loop of its own
    points = sorted(random.sample(range(2, PAGES - 1), KILLS))
    database = f"sqlite:///{tmp_path / 'crawl.db'}"
    migrate(database)
    with (
        service(account) as url,
        running_fleet(tmp_path / "home", database, bluesky_url=url) as fleet,
    ):
        run = submit(fleet)
        killed: dict[int, int] = {}  # process: pages asked for when it was killed
        for point in points:

            def is_there(point: int = point) -> bool:
                return len(account.requests) >= point and worker_of(fleet, run) not in {
                    None,
                    *killed,
                }

            fleet.tend(60.0, until=is_there)
            pid = worker_of(fleet, run)
            assert pid, f"nobody was at work at page {point}: {fleet.state()}"
            killed[pid] = len(account.requests)
            os.kill(pid, signal.SIGKILL)

        fleet.finish()
        assert len(killed) == KILLS
        out = io.BytesIO()
        write(fleet.db, run, "documents", "jsonl", out)
        rows = [json.loads(line) for line in out.getvalue().splitlines()]
        assert Counter(row["text"] for row in rows) == Counter(
            f"Post {number}" for number in range(1, POSTS + 1)
        )
        assert all(row["polarity"] is not None for row in rows)
        with fleet.db.read() as connection:
            crawled = read_crawl(connection, "bluesky", f"@{ANN}")
            counted = connection.execute(select(Import.read, Import.added)).all()
            calls = connection.scalar(select(func.sum(Call.calls)).where(Call.service == "bluesky"))

        assert crawled is not None
        assert (crawled.state, crawled.documents, counted) == (COMPLETE, POSTS, [(POSTS, POSTS)])
        again = len(account.requests) - PAGES
        print(  # noqa: T201
            f"killed at pages {list(killed.values())}: "
            f"{again} pages asked again, {calls} calls counted"
        )
        assert 0 <= again <= KILLS  # the page that was under way, no more
        assert len(account.requests) - KILLS <= (calls or 0) <= len(account.requests)
