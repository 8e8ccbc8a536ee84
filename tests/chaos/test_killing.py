"""Processes are killed, stopped or terminated during a run: it ends with the same exports."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest
from kombu.exceptions import OperationalError
from sqlalchemy import ColumnElement, func, select

from core.broker import celery_app
from core.enums import JobKind, State
from models.run_transitions import retry_run
from models.tables import Job
from tests.chaos.fleet import CONCURRENCY, IN_HAND, PROCESSES, WORKERS, Fleet
from tests.services import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

MOST_KILLS = 20


def test_a_child_killed_every_second(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(20)
    kills = 0
    # A busy machine starts a child in more than a second: only one at work is killed, and not for
    # ever.
    while kills < MOST_KILLS and not fleet.tend(1.0):
        if working := at_work(fleet):
            with suppress(psutil.NoSuchProcess):
                psutil.Process(random.choice(working)).kill()
                kills += 1

    fleet.finish()
    assert kills >= 5
    hold(fleet.outcome(), again=kills * IN_HAND)


def test_the_parent_of_a_worker_killed(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    fleet.kill("worker-a")
    fleet.finish()
    hold(fleet.outcome(), again=PROCESSES * IN_HAND)


def test_a_worker_asked_to_end_loses_nothing(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    fleet.kill("worker-a", signal.SIGTERM)
    fleet.finish()
    hold(fleet.outcome(), again=PROCESSES * CONCURRENCY)


def test_workers_hold_as_many_messages_as_slots_after_kills_and_lost_connections(
    fleet: Fleet,
) -> None:
    app = celery_app(fleet.settings)
    fleet.submit()
    fleet.until_asked(20)
    for _ in range(3):
        fleet.kill_and_leave("valkey")
        fleet.start("valkey")
        for name in WORKERS:
            with suppress(psutil.NoSuchProcess, IndexError):
                fleet.children_of(name)[0].kill()

        fleet.tend(3.0)

    limits = []

    def workers_answer() -> bool:
        with suppress(OperationalError):
            limits[:] = [
                worker["prefetch_count"]
                for worker in (app.control.inspect().stats() or {}).values()
            ]

        return len(limits) == len(WORKERS)

    wait_until(workers_answer, what="the workers' answer")
    assert limits == [PROCESSES] * len(WORKERS)
    fleet.finish()


def test_everything_killed_and_started_again(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    for name in ("valkey", *WORKERS):
        fleet.kill_and_leave(name)

    fleet.start_all()
    fleet.finish()
    hold(fleet.outcome(), again=len(WORKERS) * PROCESSES * IN_HAND)


def test_a_child_stopped_past_its_lease_writes_nothing_when_it_goes_on(
    fleet: Fleet, hold: Callable[..., None]
) -> None:
    fleet.submit()
    fleet.until_asked(100)
    stopped = fleet.children_of("worker-a")
    for child in stopped:
        child.suspend()

    fleet.tend(fleet.settings.lease_seconds + 4.0)
    for child in stopped:
        child.resume()

    fleet.finish()
    fleet.tend(2.0)
    hold(fleet.outcome(), again=len(stopped) * IN_HAND)


def test_two_identical_runs_at_once_are_asked_for_once(
    fleet: Fleet, hold: Callable[..., None]
) -> None:
    first, second = fleet.submit(), fleet.submit()
    fleet.finish()
    hold(fleet.outcome(first), again=0)
    hold(fleet.outcome(second), again=0)


def test_jobs_that_kill_their_worker_fail_with_the_reason_and_are_done_when_tried_again(
    fleet: Fleet, hold: Callable[..., None]
) -> None:
    fleet.behave(hang=1.0)
    run = fleet.submit()
    end = time.monotonic() + 120.0
    while not fleet.tend(0.3):
        assert time.monotonic() < end, fleet.state()
        end_processes_at_work(fleet, signal.SIGSEGV)

    with fleet.db.read() as connection:
        jobs = connection.execute(
            select(Job.state, Job.reason)
            .where(Job.run_id == run, Job.kind == JobKind.MONTH)
            .distinct()
        ).all()

    assert [job.state for job in jobs] == [State.FAILED]
    assert jobs[0].reason.startswith(
        "killed its worker 3 times in a row without progress (at last: SIGSEGV)"
    )
    wait_until(lambda: all_hang(fleet), what="the hanging of the last calls of the killed")
    fleet.behave()
    assert retry_run(fleet.db, run) == 24
    fleet.finish()
    hold(fleet.outcome(), again=0)


def test_jobs_whose_processes_are_killed_from_outside_go_on_however_often_it_happens(
    fleet: Fleet, hold: Callable[..., None]
) -> None:
    fleet.behave(hang=1.0)
    fleet.submit()
    fleet.tend(120.0, until=lambda: kills_without_progress(fleet) >= 5)
    assert kills_without_progress(fleet) >= 5, fleet.state()
    wait_until(lambda: all_hang(fleet), what="the hanging of the last calls of the killed")
    fleet.behave()
    fleet.finish()
    hold(fleet.outcome(), again=0)


def kills_without_progress(fleet: Fleet) -> int:
    """Kill every process at work; return the most that a job has lost without any progress."""
    end_processes_at_work(fleet, signal.SIGKILL)
    with fleet.db.read() as connection:
        return connection.scalar(select(func.max(Job.losses))) or 0


def end_processes_at_work(fleet: Fleet, number: signal.Signals) -> None:
    """Send a signal to every process that holds a job."""
    for child in at_work(fleet):
        with suppress(psutil.NoSuchProcess):
            psutil.Process(child).send_signal(number)


def all_hang(fleet: Fleet) -> bool:
    """Whether every call made so far has got to where it hangs."""
    seen = fleet.seen()
    return bool(seen["hung"] == seen["calls"])


def at_work(fleet: Fleet, *conditions: ColumnElement[bool]) -> list[int]:
    """The processes that hold a job of which the *conditions* are true, by their numbers."""
    running = select(Job.owner).where(Job.state == State.RUNNING, *conditions)
    with fleet.db.read() as connection:
        owners = connection.scalars(running).all()

    pids = {int(owner.split(":")[-2]) for owner in owners if owner}
    return sorted(
        pids.intersection(child.pid for name in WORKERS for child in fleet.children_of(name))
    )
