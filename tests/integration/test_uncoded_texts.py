"""Texts that got no code from a language model: every place that calls a run done says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from cli.progress import wait_for
from core.enums import NO_CODES, JobKind, State
from core.settings import Settings, environment
from models.codes import CodedTexts
from models.tables import Job
from producers.imports import import_paths
from producers.status import run_status
from reports.build import report_folder
from tests.command_kit import run_command
from tests.e2e_kit import write_archive
from tests.integration.test_report_folder import Page
from tests.jobs_kit import Jobs
from tests.model_kit import months, with_model
from tests.stub_model import ModelServer, running_model

FLOODS = ("Flood Ruins Forty Homes.", "A Flood Of Visitors.", "The Flood Is Over.")
HEADLINES = {
    "2024-02-02": [FLOODS[0], FLOODS[0], "Bakery Opens."],
    "2024-02-05": [FLOODS[1]],
    "2024-03-01": [FLOODS[2]],
}


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with running_model() as server:
        yield server


@pytest.fixture
def jobs(stub_settings: Settings, model: ModelServer) -> Iterator[Jobs]:
    with closing(Jobs(with_model(stub_settings, model))) as opened:
        archive = write_archive(opened.settings.home, HEADLINES)
        import_paths(opened.db, [archive], source=None, handle=None, columns={})
        yield opened


def submit(jobs: Jobs) -> int:
    run = jobs.submit(months(jobs, last="2024-03"))
    jobs.do_all(run)
    with jobs.db.write() as connection:
        report = update(Job).where(Job.run_id == run, Job.kind == JobKind.REPORT)
        connection.execute(report.values(state=State.DONE))

    return run


def test_a_job_none_of_whose_texts_got_a_code_says_so_and_waiting_ends_with_1(
    jobs: Jobs, model: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.faults.invalid = FLOODS[:2]
    run = submit(jobs)
    february, march = jobs.rows(run)
    assert (february.state, february.result) == (State.DONE, NO_CODES)
    assert february.reason == "3 of 3 texts got no code: invalid 3"
    assert (march.state, march.result, march.reason) == (State.DONE, None, None)
    assert run_status(jobs.db, jobs.settings, run).codes == CodedTexts(4, {"invalid": 3})

    assert not wait_for(jobs.db, jobs.settings, run)
    said = capsys.readouterr().err
    assert "2024-02: no-codes: 3 of 3 texts got no code: invalid 3" in said
    assert f"run {run}: 3 of 4 texts got no code: invalid 3; `tidings export {run} codes`" in said

    shown = run_command("status", run, variables=environment(jobs.settings)).stdout
    assert "  3 of 4 texts got no code: invalid 3\n" in shown
    assert "2024-02       no-codes" in shown

    index = report_folder.build(jobs.db, [run], tmp_path / "report")
    page = Page(index.read_text(encoding="utf-8"))
    assert "3 of 4 texts got no code: invalid 3. model:stub answered, but" in page.text


def test_texts_of_which_some_got_no_code_are_counted_by_state(
    jobs: Jobs, model: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    model.faults.invalid, model.faults.refused = FLOODS[:1], FLOODS[1:2]
    model.choose = lambda _variable, text, possible: possible[text != FLOODS[2]]
    run = submit(jobs)
    codes = run_status(jobs.db, jobs.settings, run).codes
    assert codes == CodedTexts(4, {"invalid": 2, "refused": 1})
    assert jobs.row(run, "2024-02").reason == "3 of 3 texts got no code: invalid 2, refused 1"
    assert not wait_for(jobs.db, jobs.settings, run)
    capsys.readouterr()


@pytest.mark.thorough
def test_one_text_with_a_code_is_enough_for_a_job_that_is_done(
    jobs: Jobs, model: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    model.faults.cut_off = FLOODS[:1]
    run = submit(jobs)
    assert jobs.row(run, "2024-02").result is None
    assert wait_for(jobs.db, jobs.settings, run)
    assert "2024-02: 2 of 3 texts got no code: cut off 2" in capsys.readouterr().err


def test_a_run_whose_texts_all_have_codes_says_nothing(
    jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit(jobs)
    codes = run_status(jobs.db, jobs.settings, run).codes
    assert codes == CodedTexts(4, {})
    assert wait_for(jobs.db, jobs.settings, run)
    shown = run_command("status", run, variables=environment(jobs.settings)).stdout
    index = report_folder.build(jobs.db, [run], tmp_path / "report")
    page = Page(index.read_text(encoding="utf-8"))
    assert not [said for said in (capsys.readouterr().err, shown, page.text) if "no code" in said]
