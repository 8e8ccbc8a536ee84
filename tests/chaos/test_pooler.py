"""Three hundred clients on twenty sessions of PostgreSQL, while everything is killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.enums import ENDED, JobKind, State
from models.database import Database, migrate
from models.job_transitions import requeue_lost_jobs
from models.run_transitions import close_ended_runs
from models.runs import NewJob, create_run
from models.tables import Answer, Call, Job, Run
from tests.chaos.claimants import ANSWERS_A_JOB, key_of, texts_of
from tests.chaos.fleet import CONCURRENCY, fill, running_fleet
from tests.chaos.limit_clients import _ask, running_stub
from tests.chaos.postgres import Postgres
from tests.pgbouncer import PgBouncer, running_pgbouncer
from tests.services import running_postgres

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
CLIENTS, PROCESSES, SESSIONS = 300, 6, 20
JOBS = 600
CALLS_A_SECOND = 100
# A session that the pooler gave up, when its client was killed, ends when the server sees it. What
# it keeps is there at so many looks, half a second apart.
LOOKS = 5
VICTIMS = ("clients", "pooler", "clients", "postgresql")


class Clients:
    """Processes of clients, of which some are killed and replaced."""

    def __init__(self, *arguments: str) -> None:
        program = str(ROOT / "tests" / "chaos" / "claimants.py")
        threads = str(CLIENTS // PROCESSES)
        self._command = [sys.executable, program, *arguments, threads]
        self._processes = [self._start() for _ in range(PROCESSES)]

    def _start(self) -> subprocess.Popen[bytes]:
        variables = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.Popen(self._command, env=variables)  # noqa: S603 - our own program

    def kill_oldest(self) -> None:
        process = self._processes.pop(0)
        assert process.poll() is None, "a process of clients ended by itself"
        process.kill()
        process.wait()
        self._processes.append(self._start())

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


def test_300_clients_on_20_sessions_lose_nothing_and_do_nothing_twice_whatever_is_killed(
    redis_url: str,
) -> None:
    with ExitStack() as opened:
        url = opened.enter_context(running_postgres())
        postgres = opened.enter_context(closing(Postgres(url)))
        migrate(url)
        pooler = opened.enter_context(
            running_pgbouncer(url, default_pool_size=SESSIONS, max_client_conn=1000)
        )
        db = opened.enter_context(closing(Database(url, pooled=False, patience=5.0)))
        jobs = [NewJob(JobKind.MONTH, f"{number:04}", {}) for number in range(JOBS)]
        run = create_run(db, kind="months", name=None, parameters={}, jobs=jobs)

        stub = opened.enter_context(running_stub())
        limits = f"{CALLS_A_SECOND}/s"
        clients = opened.enter_context(closing(Clients(pooler.url, redis_url, stub, limits)))
        kills, sessions, seconds = _kill_until_the_end(db, run, clients, pooler, postgres)

        counts = _ask(f"{stub}/counts?windows=1&calls=100")
        with db.read() as connection:
            states = dict(
                connection.execute(select(Job.state, func.count()).group_by(Job.state)).all()
            )
            keys = set(connection.scalars(select(Answer.key)))
            counted = connection.scalar(select(func.sum(Call.calls)))

    print(  # noqa: T201
        f"{seconds:.0f} s, kills {dict(kills)}, at most {sessions} sessions, jobs {states}, "
        f"{counts['calls']} calls ({counted} counted), {counts['again']} answered again, "
        f"fullest second {counts['fullest']['1.0']}"
    )
    assert states[State.DONE] == JOBS
    assert keys == {key_of(text) for job in jobs for text in texts_of(job.name)}
    assert counts["again"] <= kills["clients"] * CLIENTS // PROCESSES
    assert counts["calls"] - counts["again"] == JOBS * ANSWERS_A_JOB
    assert counts["fullest"]["1.0"] <= CALLS_A_SECOND
    assert sessions <= SESSIONS


def test_workers_behind_a_pooler_that_is_killed_export_the_same(
    tmp_path: Path, hold: Callable[..., None]
) -> None:
    with running_postgres() as url:
        migrate(url)
        with closing(Database(url, pooled=False)) as db:
            fill(db)

        with (
            running_pgbouncer(url, default_pool_size=4) as pooler,
            running_fleet(tmp_path / "home", pooler.url) as fleet,
        ):
            fleet.submit()
            for calls in (20, 60):
                fleet.until_asked(calls)
                pooler.kill()
                pooler.start()

            fleet.finish(240.0)
            hold(fleet.outcome(), again=CONCURRENCY)


def _kill_until_the_end(
    db: Database, run: int, clients: Clients, pooler: PgBouncer, postgres: Postgres
) -> tuple[Counter[str], int, float]:
    """Kill in turn until the run has ended; return the kills, the most sessions, the seconds."""
    rng = random.Random(1)
    kills: Counter[str] = Counter()
    sessions, began = 0, time.monotonic()
    looks: deque[set[int]] = deque(maxlen=LOOKS)
    victims = iter(VICTIMS * 2)
    kill_at, ended_poolers = began + 10.0, 0.0
    while not _has_ended(db, run):
        assert time.monotonic() - began < 400, "no end"
        looks.append(_list_sessions(db, ended_poolers))
        if len(looks) == LOOKS:
            sessions = max(sessions, len(set.intersection(*looks)))

        if time.monotonic() > kill_at and (victim := next(victims, None)):
            kills[victim] += 1
            if victim == "clients":
                clients.kill_oldest()
            elif victim == "pooler":
                pooler.kill()
                ended_poolers = time.time()
                pooler.start()
            else:
                postgres.kill()
                postgres.start()

            kill_at = time.monotonic() + rng.uniform(3.0, 6.0)

        requeue_lost_jobs(db, lambda _owner: False)
        close_ended_runs(db)
        time.sleep(0.5)

    return kills, sessions, time.monotonic() - began


def _has_ended(db: Database, run: int) -> bool:
    with db.read() as connection:
        return connection.scalar(select(Run.state).where(Run.id == run)) in ENDED


def _list_sessions(db: Database, since: float) -> set[int]:
    """Return the processes of clients' sessions that began after *since*, in Unix seconds.

    This one's own is none of them. Those of a pooler that was killed before end when the server
    sees it.
    """
    sessions = (
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
        " AND backend_start > to_timestamp(%(since)s) AND pid <> pg_backend_pid()"
    )
    with db.read() as connection:
        return set(connection.exec_driver_sql(sessions, {"since": since}).scalars())
