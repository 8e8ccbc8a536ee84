"""Cases of minutes (`make chaos-long`): repeated kills, long outages, no space left."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from sqlalchemy import select

from analysis.kinds.accounts import AccountsParameters
from core.enums import State
from models.database import Database, migrate
from models.documents import add_documents
from models.tables import Document, Job, PostPolarity, Run
from tests import stub_textapi
from tests.chaos.fleet import IN_HAND, PROCESSES, WORKERS, Fleet, fill, running_fleet
from tests.chaos.postgres import Postgres
from tests.chaos.test_killing import at_work
from tests.integration.test_fetching import stored_post
from tests.services import running_postgres

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(
        not os.environ.get("TIDINGS_CHAOS_MINUTES"), reason="part of the long form: make chaos-long"
    ),
]
# Answers that wait for the database outlive their claims: another worker may ask for them again.
ALL_IN_HAND = len(WORKERS) * PROCESSES * IN_HAND
KILLS = 30
SMALL_FILE = 60_000  # bytes; SQLite's log is longer after the first few transactions


def test_everything_killed_three_times(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    for calls in (60, 250, 450):
        fleet.until_asked(calls)
        for name in ("valkey", *WORKERS):
            fleet.kill_and_leave(name)

        fleet.start_all()

    fleet.finish(120.0)
    hold(fleet.outcome(), again=3 * ALL_IN_HAND)


def test_valkey_away_for_a_minute(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    fleet.kill_and_leave("valkey")
    fleet.tend(60.0)
    fleet.start("valkey")
    fleet.finish(120.0)
    hold(fleet.outcome(), again=0)


def test_the_text_api_unavailable_for_a_minute(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    fleet.behave(status=503)
    fleet.tend(60.0)
    fleet.behave()
    fleet.finish(240.0)
    hold(fleet.outcome(), again=0)


def test_no_space_left_and_freed_again(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    limit_files(fleet, SMALL_FILE)
    fleet.tend(15.0)
    assert not fleet.ended()
    limit_files(fleet, psutil.RLIM_INFINITY)
    fleet.finish(120.0)
    hold(fleet.outcome(), again=ALL_IN_HAND)


def test_the_database_locked_for_half_a_minute(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    with closing(
        sqlite3.connect(urlsplit(fleet.settings.database).path, isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        fleet.tend(30.0)
        assert not fleet.ended()
        other.execute("ROLLBACK")

    fleet.finish(120.0)
    hold(fleet.outcome(), again=ALL_IN_HAND)


@pytest.mark.parametrize(
    ("fleet", "posts"),
    [
        pytest.param({"textapi_limits": "50/s", "textapi_concurrency": 10}, 2_000, id="50/s"),
        pytest.param({"textapi_limits": "500/s", "textapi_concurrency": 10}, 14_000, id="500/s"),
    ],
    indirect=["fleet"],
)
def test_thirty_processes_killed_at_work_repeat_no_more_than_they_had_in_flight(
    fleet: Fleet, posts: int
) -> None:
    fleet.behave(latency=0.03)
    handles = [f"account{number}" for number in range(20)]
    texts = [f"Post {number} is here. It has two sentences." for number in range(posts)]
    rows = [
        stored_post(number, handle=handles[number % 20], text=text)
        for number, text in enumerate(texts)
    ]
    add_documents(fleet.db, rows)
    run = fleet.submit_parameters(AccountsParameters(steps=("polarity",)), *handles)

    kills = 0
    while kills < KILLS and not fleet.tend(0.6):
        working = at_work(fleet, Job.losses == 0)
        if working:
            psutil.Process(random.choice(working)).kill()
            kills += 1

    assert kills == KILLS, "the run ended before all were killed"
    fleet.finish(240.0)

    seen = fleet.seen()
    with fleet.db.read() as connection:
        polarities = select(PostPolarity.polarity, Document.text).join(
            Document, Document.id == PostPolarity.document_id
        )
        scored = {text: polarity for polarity, text in connection.execute(polarities)}
        state = connection.scalar(select(Run.state).where(Run.id == run))

    print(f"{kills} kills, {seen['calls']} calls for {posts} posts, {seen['again']} repeated")  # noqa: T201
    assert state == State.DONE
    assert scored == {text: stub_textapi.polarity(text) for text in texts}
    assert 0 < seen["again"] <= kills * fleet.settings.textapi_concurrency
    assert seen["fullest"]["1.0"] <= int(str(fleet.settings.textapi_limits).partition("/")[0])


def limit_files(fleet: Fleet, size: int) -> None:
    """Limit the size of files that the workers write: a full disk without a disk of its own."""
    for name in WORKERS:
        for process in (psutil.Process(fleet.programs[name].pid), *fleet.children_of(name)):
            process.rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))


def test_postgresql_away_for_half_a_minute(tmp_path: Path, hold: Callable[..., None]) -> None:
    with running_postgres() as url:
        migrate(url)
        db = Database(url, pooled=False)
        fill(db)
        db.close()
        with running_fleet(tmp_path / "home", url) as fleet:
            fleet.submit()
            fleet.until_asked(100)
            with stopped_postgres(url) as start_again:
                fleet.tend(30.0)
                start_again()
                fleet.finish(120.0)
                hold(fleet.outcome(), again=ALL_IN_HAND)


@contextmanager
def stopped_postgres(url: str) -> Iterator[Callable[[], None]]:
    """Stop the server as an administrator does; yield a function that starts it again."""
    with closing(Postgres(url)) as server:
        server.stop()
        yield server.start
