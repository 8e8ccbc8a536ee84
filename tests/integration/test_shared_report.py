"""`tidings report` takes the report that the workers make, and says how far it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import update

from cli import inspect, progress
from cli.report import report
from core.enums import State
from core.process_identity import own_process_name
from core.settings import Settings, load
from models import job_transitions, run_transitions
from models.database import Database
from models.jobs import record_worker
from models.runs import REPORT_JOB
from models.tables import Job
from reports.build.manifest import is_up_to_date
from reports.build.report_folder import build
from tests import report_stories as stories
from tests.databases import new_sqlite
from tests.report_stories import Text
from tests.services import wait_until

TEXTS = [Text("2020-01-04", "Covid closes schools."), Text("2020-02-11", "Covid ends.")]
MARK = "<!-- from the folder of the run -->"


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a home with an ended run of number 1, whose report is queued."""
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))
    settings = load()
    new_sqlite(settings.home / "tidings.db")
    with closing(Database(settings.database)) as db:
        stories.store(db, TEXTS)
        stories.months_run(db, "2020-01", "2020-02", ["covid"])
        with db.write() as connection:
            run_transitions.queue_report(connection, 1)

    return settings


@pytest.fixture
def db(stored: Settings) -> Iterator[Database]:
    with closing(Database(stored.database)) as opened:
        yield opened


def make_own_report(db: Database, settings: Settings) -> Path:
    page = build(db, [1], settings.reports / "1")
    page.write_text(page.read_text(encoding="utf-8") + MARK, encoding="utf-8")
    return page.parent


def set_report_job(db: Database, **columns: object) -> None:
    with db.write() as connection:
        connection.execute(update(Job).where(Job.name == REPORT_JOB).values(**columns))


def claim_report(db: Database) -> None:
    with db.read() as connection:
        (job,) = connection.scalars(Job.__table__.select().where(Job.name == REPORT_JOB))

    claim = job_transitions.claim_job(
        db, job, owner=own_process_name(), lease_seconds=60, has_exited=lambda _: False
    )
    assert claim is not None


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_report_of_the_run_is_copied_and_not_drawn_again(
    stored: Settings, db: Database, tmp_path: Path
) -> None:
    own = make_own_report(db, stored)
    set_report_job(db, state=State.DONE)
    report(run=[1], out=tmp_path / "out")
    assert MARK in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert contents(tmp_path / "out") == contents(own)


@pytest.mark.thorough
def test_a_report_that_is_up_to_date_is_shown_without_the_code_that_draws(
    stored: Settings, db: Database
) -> None:
    set_report_job(db, state=State.DONE)
    page = build(db, [1], stored.reports / "1")
    show = "import sys; from cli.report import report; report(run=[1])"
    script = f"{show}; sys.exit('matplotlib' in sys.modules)"
    command = [sys.executable, "-c", script]
    shown = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own
    assert (shown.returncode, os.fsdecode(shown.stdout)) == (0, f"{page}\n")


def test_what_an_earlier_report_left_in_the_folder_is_replaced(
    stored: Settings, db: Database, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    report(run=[1], out=out, texts=False, by=None)
    (out / "notes.txt").write_text("mine")
    (out / "figures").mkdir(exist_ok=True)
    (out / "figures" / "old-0123456789ab.svg").write_text("<svg/>")
    own = make_own_report(db, stored)
    report(run=[1], out=out)
    assert contents(out) == {**contents(own), "notes.txt": b"mine"}


def test_a_report_that_the_workers_make_is_waited_for(
    stored: Settings,
    db: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    record_worker(db, own_process_name(), queues="reports", slots=1)
    claim_report(db)
    set_report_job(db, reason="4 of 7 pages, 31 figures")
    command = Thread(target=report, kwargs={"run": [1], "out": tmp_path / "out"})
    command.start()
    printed: list[str] = []

    def says_how_far_it_is() -> bool:
        printed.append(capsys.readouterr().err)
        return "4 of 7 pages, 31 figures (by the workers)" in "".join(printed)

    try:
        wait_until(says_how_far_it_is, seconds=60, what="the progress of the workers")
        assert not (tmp_path / "out").exists()
        own = make_own_report(db, stored)
    finally:
        set_report_job(db, state=State.DONE)
        command.join(60)

    assert contents(tmp_path / "out") == contents(own)


@pytest.mark.usefixtures("stored")
def test_status_is_watched_until_the_report_of_the_run_is_there(
    db: Database,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inspect, "WATCH_SECONDS", 0.01)
    record_worker(db, own_process_name(), queues="reports", slots=1)
    claim_report(db)
    command = Thread(target=inspect.status, kwargs={"run": 1, "watch": True})
    command.start()
    printed: list[str] = []

    def is_shown_again() -> bool:
        printed.append(capsys.readouterr().out)
        return "".join(printed).count("its report is being made") > 1

    try:
        wait_until(is_shown_again, seconds=60, what="the second look at the run")
        assert "run 1: done, " in "".join(printed)
    finally:
        set_report_job(db, state=State.DONE)
        command.join(60)

    assert not command.is_alive()
    assert "its report" not in capsys.readouterr().out.rpartition("run 1: done")[2]


@pytest.mark.usefixtures("stored")
def test_a_jobs_name_of_any_length_stands_apart_from_its_state(
    db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    set_report_job(db, name="report: figures 1 of 5", state=State.DONE)
    inspect.status(run=1)
    lines = capsys.readouterr().out.splitlines()
    assert "  report: figures 1 of 5 done" in lines
    assert any(line.startswith("  2020-01       done       distinctive:") for line in lines)


@pytest.mark.usefixtures("stored")
def test_a_report_that_no_process_makes_is_not_watched_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    inspect.status(run=1, watch=True)
    assert capsys.readouterr().out.count("its report waits for a process") == 1


def test_a_report_that_nobody_is_left_to_make_is_drawn_where_its_job_finds_it(
    stored: Settings, db: Database, tmp_path: Path
) -> None:
    claim_report(db)  # by a worker that no heartbeat tells of
    report(run=[1], out=tmp_path / "out")
    assert contents(tmp_path / "out") == contents(stored.reports / "1")
    assert is_up_to_date(db, [1], stored.reports / "1")


def test_a_report_with_other_options_is_drawn_by_the_command(
    stored: Settings, db: Database, tmp_path: Path
) -> None:
    make_own_report(db, stored)
    report(run=[1], out=tmp_path / "out", texts=False)
    assert MARK not in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_progress_that_stays_the_same_is_printed_again_with_the_time_that_it_took(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "REPEAT_SECONDS", 0.01)
    printed: list[str] = []

    def is_repeated() -> bool:
        printed.append(capsys.readouterr().err)
        return "".join(printed).count("report 1: reading the results, 0 seconds so far") > 1

    with progress.progress_display("report 1") as display:
        display.update("reading the results")
        wait_until(is_repeated, seconds=60, what="the second line")

    assert "".join(printed).startswith("report 1: reading the results\n")


@pytest.mark.usefixtures("stored")
def test_the_progress_counts_pages_figures_and_tables(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    report(run=[1], out=tmp_path / "out")
    lines = capsys.readouterr().err.splitlines()
    pages = len(list((tmp_path / "out").glob("*.html")))
    assert lines[0] == "report 1: reading the results"
    assert f"report 1: {pages} of {pages} pages, " in lines[-1]
    assert lines[-1].endswith(" tables")
