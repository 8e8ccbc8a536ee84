"""Commands over runs that are unfinished, failed, cancelled or empty say so on standard error."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from core.enums import ENDED, State
from core.settings import load
from models.database import Database
from models.tables import Job
from models.tables import Run as RunRow
from tests.command_kit import Run
from tests.e2e_kit import write_archive

MONTHS = ("submit", "months", "2020-03..2020-05", "--keyword", "sea")


@pytest.fixture
def submitted(run: Run, tmp_path: Path) -> Run:
    """``tidings`` where run 1 is queued, over three months of which one has documents."""
    write_archive(tmp_path, {"2020-03-01": ["The Sea", "A Hill"]})
    assert run("import", "archive.json.gz")[0] == 0
    assert run(*MONTHS)[0] == 0
    return run


def set_states(run_state: State, *job_states: State) -> None:
    with closing(Database(load().database)) as db, db.write() as connection:
        connection.execute(update(RunRow).values(state=run_state))
        for job_id, state in enumerate(job_states, start=1):
            connection.execute(update(Job).where(Job.id == job_id).values(state=state))


@pytest.mark.parametrize(
    ("run_state", "job_states", "remark"),
    [
        (State.QUEUED, (State.QUEUED,) * 3, "is queued: 0 of 3 jobs done"),
        pytest.param(
            State.RUNNING,
            (State.DONE, State.RUNNING, State.QUEUED),
            "is running: 1 of 3 jobs done",
            marks=pytest.mark.thorough,
        ),
        (
            State.RUNNING,
            (State.DONE, State.WAITING, State.DONE),
            "is waiting: 2 of 3 jobs done",
        ),
        pytest.param(
            State.PAUSED,
            (State.DONE, State.QUEUED, State.QUEUED),
            "is paused: 1 of 3 jobs done",
            marks=pytest.mark.thorough,
        ),
        (
            State.FAILED,
            (State.DONE, State.FAILED, State.DONE),
            "is failed: 2 of 3 jobs done",
        ),
        pytest.param(
            *(State.CANCELLED, (State.CANCELLED,) * 3, "is cancelled: 0 of 3 jobs done"),
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_an_export_and_the_events_of_an_unfinished_run_say_how_much_is_done(
    submitted: Run,
    run_state: State,
    job_states: tuple[State, ...],
    remark: str,
) -> None:
    set_states(run_state, *job_states)
    for table in ("periods", "mentions", "coverage", "calls"):
        assert submitted("export", "1", table) == (
            0,
            f"tidings: run 1 {remark}, and the table holds no more than that: `tidings status 1`\n",
        )

    at_work = "tidings: whether run 1 has events is known when its jobs are done\n"
    has_ended = run_state in ENDED
    assert submitted("events", "1") == (
        0 if has_ended else 1,
        f"tidings: run 1 {remark}, and events are looked for in no more than that\n"
        + ("" if has_ended else at_work),
    )
    assert submitted("report", "1")[1].endswith(
        f"tidings: run 1 {remark}, and the report shows no more than that\n"
    )


def test_an_export_of_a_run_that_is_done_says_nothing_unless_it_has_no_row(submitted: Run) -> None:
    set_states(State.DONE, *(State.DONE,) * 3)
    assert submitted("export", "1", "periods") == (0, "")
    assert submitted("export", "1", "periods", "--out", "p.csv") == (
        0,
        "6 rows written to p.csv as csv\n",
    )
    status, error = submitted("export", "1", "phrases")
    assert status == 0
    assert error == (
        "tidings: the table phrases of run 1 has no row: `tidings export 1 coverage` says which "
        "steps were done, and on what\n"
    )
    status, error = submitted("export", "1", "epochs")
    assert status == 0
    assert error.startswith(
        "tidings: the table epochs of run 1 has no row, since it is a run of the kind months, "
        "whose tables are mentions, periods, phrases, "
    )
    assert "has no event: no whole month" in submitted("events", "1")[1]


def test_an_export_says_where_leaving_out_documents_changes_nothing(submitted: Run) -> None:
    set_states(State.DONE, *(State.DONE,) * 3)
    assert submitted("export", "1", "periods", "--distinct") == (0, "")
    status, error = submitted("export", "1", "coverage", "--distinct")
    assert status == 0
    assert error.startswith("tidings: --distinct and --without change nothing in coverage, which")
    status, error = submitted("export", "1", "weights", "--out", "w.npz", "--format", "csv")
    assert status == 2
    assert "go with tables: weights are one .npz" in error


@pytest.mark.parametrize(
    ("options", "remark"),
    [
        (("--steps", "keywords", "--phrases", "9"), "--phrases changes nothing: the step phrases"),
        (("--steps", "keywords", "--no-mask"), "--no-mask changes nothing: the step polarity"),
        (("--proportion", "0.5"), "--proportion changes nothing: the step summary"),
        (("--match", "document"), "--match document changes nothing: no subject is a query"),
        (("--limit", "5"), "--limit changes nothing: archives are fetched by whole months"),
    ],
)
def test_an_option_that_changes_nothing_is_told(
    submitted: Run, options: tuple[str, ...], remark: str
) -> None:
    status, error = submitted(*MONTHS, *options)
    assert status == 0
    assert error.startswith(f"tidings: {remark}")
    assert "changes nothing" not in submitted(*MONTHS, "--steps", "keywords,summary")[1]


def test_lists_without_anything_in_them_say_so(submitted: Run) -> None:
    assert submitted("watch", "--list") == (
        0,
        "no run is watched: `tidings watch RUN --every day` begins it\n",
    )
    assert submitted("status", "1", "--failed")[1] == "no job of run 1 has failed\n"
    assert submitted("forget", "1")[0] == 0
    assert submitted("runs") == (0, "there is no run yet: `tidings submit` makes one\n")


@pytest.mark.parametrize(
    ("run_state", "last", "status"), [(State.DONE, State.DONE, 0), (State.FAILED, State.FAILED, 1)]
)
def test_waiting_ends_with_0_where_every_job_is_done_and_with_1_where_one_failed(
    submitted: Run,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    run_state: State,
    last: State,
    status: int,
) -> None:
    set_states(run_state, State.DONE, State.DONE, last)
    monkeypatch.setenv("TIDINGS_REDIS_URL", redis_url)
    assert submitted(*MONTHS, "--once", "--wait")[0] == status
