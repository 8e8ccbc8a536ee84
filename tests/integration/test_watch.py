"""A run that goes on: what is new is worked on once, at its times, within its cap."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from cli.main import app
from core.enums import State
from core.settings import Settings, environment
from models.run_transitions import cancel_run, pause_run
from models.runs import get_run
from models.watches import get_watch, list_watches, next_due
from producers.watches import check_due_watches
from tests.e2e_kit import Stub
from tests.jobs_kit import Jobs
from tests.tiers import thorough_but
from tests.watch_kit import (
    ACCOUNTS,
    DAY,
    QUIET,
    WATCHED,
    at_day,
    export,
    export_one_run_over_all,
    publish,
    state_of,
    watch,
    work,
)
from workers.executor import work_one_slice


def test_the_days_of_two_months_make_the_tables_of_one_run_and_ask_nothing_twice(
    jobs: Jobs,
    stub: Stub,
) -> None:
    publish(jobs.db, 0)
    run = jobs.submit(WATCHED)
    work(jobs, run)
    watch(jobs.db, run)
    check_due_watches(jobs.db, jobs.settings, now=at_day(0))
    calls = [stub.counts()["calls"]]

    for day in range(1, 15):
        publish(jobs.db, day)
        updated = check_due_watches(jobs.db, jobs.settings, now=at_day(day))
        assert updated == (day not in QUIET)
        work(jobs, run)
        assert state_of(jobs.db, run) == State.DONE
        calls.append(stub.counts()["calls"])

    for day in QUIET.intersection(range(15)):
        assert calls[day] == calls[day - 1]

    assert stub.counts()["again"] == 0
    asked = stub.counts()["calls"]
    over_all = WATCHED.model_copy(update={"last": "2020-03"})
    assert export(jobs.db, run) == export_one_run_over_all(jobs, over_all)
    assert stub.counts()["calls"] == asked, "one run over all asks nothing that was not asked"
    periods = {row["period"] for row in export(jobs.db, run)["periods"]}
    assert periods == {"2020-01", "2020-02", "2020-03"}


@pytest.fixture
def tidings(stub_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``tidings`` with these arguments."""
    for name, value in environment(stub_settings).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)

    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def watched_run(jobs: Jobs, *, max_calls: int | None = None) -> int:
    """Return a run that is watched, was looked at on the first day, and has done all of it."""
    publish(jobs.db, 0)
    run = jobs.submit(WATCHED)
    work(jobs, run)
    watch(jobs.db, run, max_calls=max_calls)
    check_due_watches(jobs.db, jobs.settings, now=at_day(0))
    return run


def due_at(jobs: Jobs, run: int) -> float | None:
    with jobs.db.read() as connection:
        row = get_watch(connection, run)
    return None if row is None else row.due_at


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        ("day", "2020-01-31 06:00", "2020-02-01 06:00"),
        ("day", "2020-03-09 05:59", "2020-03-09 06:00"),
        ("week", "2020-02-14 06:00", "2020-02-21 06:00"),
        ("month", "2020-01-31 06:00", "2020-02-29 06:00"),
        ("month", "2020-02-29 06:00", "2020-03-31 06:00"),
        ("month", "2021-02-03 00:00", "2021-02-28 06:00"),
        # The clock was ahead when the watch began.
        ("day", "2020-01-30 00:00", "2020-01-30 06:00"),
        ("day", "2010-01-30 07:00", "2010-01-31 06:00"),
        ("week", "2020-01-30 00:00", "2020-01-31 06:00"),
        ("week", "2019-12-01 00:00", "2019-12-06 06:00"),
        ("month", "2019-02-10 00:00", "2019-02-28 06:00"),
    ],
)
def test_a_watch_is_due_at_the_next_of_its_times(every: str, now: str, due: str) -> None:
    assert next_due(every, moment("2020-01-31 06:00"), moment(now)) == moment(due)


def test_a_machine_that_was_off_catches_up_once(jobs: Jobs) -> None:
    run = watched_run(jobs)
    for day in range(1, 11):
        publish(jobs.db, day)

    now = at_day(10) + DAY / 2
    assert check_due_watches(jobs.db, jobs.settings, now=now) == 1
    work(jobs, run)
    assert due_at(jobs, run) == at_day(11)
    assert check_due_watches(jobs.db, jobs.settings, now=now) == 0
    assert sum(row["documents"] for row in periods(jobs, run)) == 4 * 9  # of eleven days two quiet


@pytest.mark.parametrize("every", thorough_but(["day", "week", "month"], "week"))
@pytest.mark.parametrize("is_looked_at", [True, False])
def test_a_watch_that_was_begun_by_a_clock_ten_years_ahead_goes_on(
    jobs: Jobs, every: str, *, is_looked_at: bool
) -> None:
    publish(jobs.db, 0)
    run = jobs.submit(WATCHED)
    work(jobs, run)
    ahead = at_day(3653)
    watch(jobs.db, run, every=every, now=ahead)
    if is_looked_at:
        check_due_watches(jobs.db, jobs.settings, now=ahead)

    publish(jobs.db, 1)
    updates = [check_due_watches(jobs.db, jobs.settings, now=at_day(1.5))]
    work(jobs, run)
    publish(jobs.db, 2)
    updates.append(check_due_watches(jobs.db, jobs.settings, now=at_day(33.5)))
    updates.append(check_due_watches(jobs.db, jobs.settings, now=at_day(33.5)))

    assert updates == [1, 1, 0]


def periods(jobs: Jobs, run: int) -> list[dict[str, Any]]:
    rows = export(jobs.db, run)["periods"]
    return [row for row in rows if row["keyword"] == "ferry" and row["term"] is None]


def test_a_run_at_work_stays_due_until_it_has_ended(jobs: Jobs) -> None:
    publish(jobs.db, 0)
    run = jobs.submit(WATCHED)
    watch(jobs.db, run)
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(5)) == 0
    assert due_at(jobs, run) == at_day(0)
    work(jobs, run)
    publish(jobs.db, 1)
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(5)) == 1


def test_a_cap_of_calls_lets_a_run_go_on_at_its_next_time(
    jobs: Jobs,
    stub: Stub,
) -> None:
    run = watched_run(jobs, max_calls=3)
    before = stub.counts()["calls"]
    for day in range(1, 10):
        publish(jobs.db, day)

    assert check_due_watches(jobs.db, jobs.settings, now=at_day(10)) == 1

    for day in range(11, 40):
        made = stub.counts()["calls"]
        work_until_paused(jobs, run)
        assert stub.counts()["calls"] - made <= 3
        if state_of(jobs.db, run) == State.DONE:
            break

        assert state_of(jobs.db, run) == State.PAUSED
        assert check_due_watches(jobs.db, jobs.settings, now=at_day(day) - 1) == 0
        assert check_due_watches(jobs.db, jobs.settings, now=at_day(day)) == 1

    assert day > 11
    assert stub.counts()["calls"] - before > 3
    assert stub.counts()["again"] == 0
    assert export(jobs.db, run) == export_one_run_over_all(jobs, WATCHED)


def test_a_watch_that_is_given_again_without_a_cap_takes_its_cap_from_the_run(jobs: Jobs) -> None:
    run = watched_run(jobs, max_calls=3)
    for day in range(1, 10):
        publish(jobs.db, day)

    check_due_watches(jobs.db, jobs.settings, now=at_day(10))
    work_until_paused(jobs, run)
    assert state_of(jobs.db, run) == State.PAUSED

    watch(jobs.db, run, now=at_day(10.5))
    check_due_watches(jobs.db, jobs.settings, now=at_day(10.5))
    work(jobs, run)

    assert state_of(jobs.db, run) == State.DONE
    with jobs.db.read() as connection:
        assert get_run(connection, run).max_calls is None


def test_a_run_that_a_person_paused_keeps_paused_when_its_watch_loses_its_cap(jobs: Jobs) -> None:
    run = watched_run(jobs, max_calls=100)
    publish(jobs.db, 1)
    check_due_watches(jobs.db, jobs.settings, now=at_day(1))
    pause_run(jobs.db, run)
    watch(jobs.db, run, now=at_day(2))
    check_due_watches(jobs.db, jobs.settings, now=at_day(2))
    assert state_of(jobs.db, run) == State.PAUSED


def work_until_paused(jobs: Jobs, run: int) -> None:
    for _ in range(50):
        for row in jobs.rows(run):
            if row.state in (State.QUEUED, State.WAITING):
                work_one_slice(jobs.runtime, row.id)

        if state_of(jobs.db, run) in (State.PAUSED, State.DONE):
            return

    raise AssertionError(run)


def test_a_run_that_a_person_paused_stays_so(jobs: Jobs) -> None:
    run = watched_run(jobs, max_calls=100)
    publish(jobs.db, 1)
    check_due_watches(jobs.db, jobs.settings, now=at_day(1))
    pause_run(jobs.db, run)
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(2)) == 0
    assert state_of(jobs.db, run) == State.PAUSED


def test_the_watch_of_a_cancelled_run_ends(jobs: Jobs) -> None:
    run = watched_run(jobs)
    publish(jobs.db, 1)
    check_due_watches(jobs.db, jobs.settings, now=at_day(1))
    cancel_run(jobs.db, run)
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(2)) == 0
    assert due_at(jobs, run) is None


def test_what_failed_is_tried_again_at_the_next_time(
    jobs: Jobs,
    stub: Stub,
) -> None:
    run = watched_run(jobs)
    publish(jobs.db, 1)
    check_due_watches(jobs.db, jobs.settings, now=at_day(1))
    stub.faults(status=401)
    work(jobs, run)
    assert state_of(jobs.db, run) == State.FAILED
    stub.faults()
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(2)) == 1
    work(jobs, run)
    assert state_of(jobs.db, run) == State.DONE
    assert sum(row["documents"] for row in periods(jobs, run)) == 8


def test_accounts_are_all_worked_on_again_where_one_has_new_posts(jobs: Jobs) -> None:
    publish(jobs.db, 0, handles=("ann", "bob"))
    run = jobs.submit(ACCOUNTS, "ann", "bob")
    work(jobs, run)
    watch(jobs.db, run)
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(0)) == 0
    publish(jobs.db, 1, handles=("carl",))
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(1)) == 0
    publish(jobs.db, 2, handles=("ann",))
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(2)) == 1
    work(jobs, run)
    assert export(jobs.db, run) == export_one_run_over_all(jobs, ACCOUNTS, "ann", "bob")


def test_months_that_have_begun_are_added_where_the_archive_can_be_fetched(jobs: Jobs) -> None:
    """January has no document and may be fetched; February was imported and is over."""
    run = watched_run(jobs)
    with_key = jobs.settings.model_copy(update={"nyt_key": SecretStr("k")})
    assert check_due_watches(jobs.db, with_key, now=at_day(45)) == 1
    assert {row.name: row.state for row in jobs.rows(run)} == {
        "2020-01": State.QUEUED,
        "2020-02": State.DONE,
        "2020-03": State.QUEUED,
        "2020-04": State.QUEUED,
    }
    with jobs.db.read() as connection:
        assert get_run(connection, run).parameters["last"] == "2020-04"


def test_months_that_a_clock_ahead_has_added_wait_until_they_begin(jobs: Jobs) -> None:
    run = watched_run(jobs)
    with_key = jobs.settings.model_copy(update={"nyt_key": SecretStr("k")})
    check_due_watches(jobs.db, with_key, now=at_day(366))
    work(jobs, run)
    assert max(row.name for row in jobs.rows(run)) == "2021-02"

    check_due_watches(jobs.db, with_key, now=at_day(3))
    queued = {row.name for row in jobs.rows(run) if row.state == State.QUEUED}
    assert queued == {"2020-01", "2020-02"}


def test_watch_lists_and_stops(jobs: Jobs, tidings: Callable[..., Any]) -> None:
    publish(jobs.db, 0)
    run = jobs.submit(WATCHED)
    work(jobs, run)
    assert tidings("watch", run, "--every", "week", "--max-calls", 50).exit_code == 0
    (row,) = json.loads(tidings("watch", "--list", "--json").stdout)
    assert (row["run"], row["every"], row["max_calls"], row["updates"]) == (run, "week", 50, 0)
    assert (
        f"{run}  every week, at most 50 calls  not looked at yet"
        in tidings("watch", "--list").stdout
    )
    assert tidings("watch", run, "--stop").exit_code == 0
    with jobs.db.read() as connection:
        assert list_watches(connection) == []

    assert tidings("watch", run, "--stop").exception is not None


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("1",),
        ("--every", "day"),
        ("1", "--every", "minute"),
        ("1", "--every", "day", "--stop"),
        ("1", "--list"),
        ("1", "--stop", "--max-calls", "5"),
        ("1", "--stop", "--json"),
    ],
)
def test_wrong_usage_of_watch_is_refused(
    arguments: tuple[str, ...], jobs: Jobs, tidings: Callable[..., Any]
) -> None:
    run = watched_run(jobs)
    before = due_at(jobs, run)
    assert tidings("watch", *arguments).exit_code != 0
    assert due_at(jobs, run) == before
