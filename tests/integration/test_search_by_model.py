"""A language model that searches, and people who check what it found."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from analysis.codebooks.stored import stored_codebook
from analysis.codebooks.wanted import parse_sought
from core.enums import ENDED, JobKind, PayerKind, State
from core.errors import UsageError
from core.prices import parse_money
from core.settings import Settings
from models.codes import CodeValue, Coding, add_codes
from models.jobs import has_unended_job
from models.payers import cap_payer
from models.run_transitions import resume_run
from models.runs import LOOK_JOB
from models.tables import Code, Job, SearchedUnit
from producers.submit import submit_run
from reports.build import report_folder
from reports.data.run_data import load_run
from reports.data.tables.found import read_found
from tests.databases import on_sqlite
from tests.jobs_kit import Jobs
from tests.model_kit import CODER, PRICE, months, run_row, with_model
from tests.sample_kit import HARM, HARMFUL, import_months, make_model, submit
from tests.stub_model import ModelServer, running_model
from workers import search_look
from workers.document_search import DocumentSearch
from workers.executor import work_one_slice
from workers.outcomes import WaitUntil

FIND: dict[str, Any] = {"find": "harm=yes", "recall": 0.8}
SOUGHT = parse_sought(HARM, "harm=yes")

# Of 900 texts 123 are of harm; ten of these have the same words.
TEXTS, HARMFUL_TEXTS = 900, 123


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with running_model(make_model()) as server:
        yield server


@pytest.fixture
def jobs(stub_settings: Settings, model: ModelServer) -> Iterator[Jobs]:
    settings = with_model(stub_settings, model, model_price=PRICE)
    with closing(Jobs(settings)) as opened:
        import_months(opened)
        yield opened


def work(jobs: Jobs, run: int, slices: int = 100) -> int:
    """Work on every due job of a run until it has ended or is paused; return the slices taken."""
    for taken in range(slices):
        if run_row(jobs.db, run).state in (*ENDED, State.PAUSED):
            return taken

        with jobs.db.write() as connection:
            waiting = update(Job).where(Job.run_id == run, Job.state == State.WAITING)
            connection.execute(waiting.values(due_at=0.0))
            is_worked_on = (Job.kind != JobKind.REPORT) | (Job.name == LOOK_JOB)
            is_open = (Job.run_id == run, is_worked_on, Job.state.not_in(ENDED))
            due = list(connection.scalars(select(Job.id).where(*is_open).order_by(Job.id)))

        for job in due:
            work_one_slice(jobs.runtime, job)

    raise AssertionError("the run has not ended")


def look_reason(jobs: Jobs, run: int) -> str:
    reason = select(Job.reason).where(Job.run_id == run, Job.name == LOOK_JOB)
    with jobs.db.read() as connection:
        return connection.scalar(reason) or ""


def test_a_model_reads_until_its_recall_is_known_and_is_asked_about_no_text_twice(
    jobs: Jobs, model: ModelServer
) -> None:
    run = submit(jobs, **FIND)
    work(jobs, run)
    assert run_row(jobs.db, run).state == State.DONE

    reason = look_reason(jobs, run)
    told = re.fullmatch(
        r"found (\d+) documents: that is (\d+) % \((\d+) to (\d+) %\) of all that model:stub would "
        r"find; (\d+) of 891 texts read",
        reason,
    )
    assert told is not None, reason
    found, _, low, high, read = map(int, told.groups())
    assert 0.8 * HARMFUL_TEXTS <= found <= HARMFUL_TEXTS
    assert 80 <= low <= 100 * found / HARMFUL_TEXTS <= high + 1
    assert set(model.texts.values()) == {1}
    assert model.texts.total() == read < TEXTS

    rows = list(read_found(load_run(jobs.db, run)))
    assert sum(row.copies for row in rows) == found
    assert all(HARMFUL.match(row.text) for row in rows)
    assert {row.reader for row in rows} == {CODER}


def searched_rows(jobs: Jobs, run: int) -> list[Any]:
    """Return which texts a search had read, in which order, and how they were drawn."""
    read = [column for column in SearchedUnit.__table__.columns if column.name != "run_id"]
    rows = select(*read).where(SearchedUnit.run_id == run).order_by(SearchedUnit.place)
    with jobs.db.read() as connection:
        return [tuple(row) for row in connection.execute(rows)]


def test_a_search_whose_looks_are_killed_reads_what_an_undisturbed_one_reads(
    jobs: Jobs, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They die with texts stored, with months queued, and after both are committed."""
    moments = ["stored", "queued", "committed"] * 2
    redo_step, wait = search_look.redo_step, search_look.wait_for_jobs

    def die_at(moment: str) -> None:
        if moments and moments[0] == moment:
            moments.pop(0)
            raise KeyboardInterrupt

    def queue_months(*arguments: Any) -> None:
        die_at("stored")
        redo_step(*arguments)
        die_at("queued")

    def end_look(reason: str, waits: int = 0) -> WaitUntil:
        with jobs.db.read() as connection:
            if has_unended_job(connection, run) and not waits:
                die_at("committed")

        return wait(reason, waits)

    monkeypatch.setattr(search_look, "redo_step", queue_months)
    monkeypatch.setattr(search_look, "wait_for_jobs", end_look)
    run = submit(jobs, **FIND)
    for _ in range(20):
        try:
            work(jobs, run)
            break
        except KeyboardInterrupt:
            continue

    assert not moments
    assert set(model.texts.values()) == {1}
    assert model.texts.total() == len(searched_rows(jobs, run))

    undisturbed = submit(jobs, **FIND)
    work(jobs, undisturbed)
    assert searched_rows(jobs, run) == searched_rows(jobs, undisturbed)
    assert look_reason(jobs, run) == look_reason(jobs, undisturbed)


def test_a_search_that_reaches_its_cap_pauses_and_goes_on_where_it_was_once_it_is_raised(
    jobs: Jobs, model: ModelServer
) -> None:
    run = submit(jobs, max_cost="0.004 USD", **FIND)
    work(jobs, run)
    assert run_row(jobs.db, run).state == State.PAUSED
    asked = model.texts.total()
    assert 0 < asked < TEXTS
    with jobs.db.read() as connection:
        coded = connection.scalar(select(func.count()).where(Code.run_id == run))

    assert coded is not None
    assert coded <= asked <= len(searched_rows(jobs, run))

    resume_run(jobs.db, run, max_cost=parse_money("1 USD"))
    work(jobs, run)
    assert set(model.texts.values()) == {1}
    uncapped = submit(jobs, **FIND)
    work(jobs, uncapped)
    assert searched_rows(jobs, run) == searched_rows(jobs, uncapped)
    assert look_reason(jobs, run) == look_reason(jobs, uncapped)


@pytest.mark.thorough
def test_a_search_whose_purse_is_empty_goes_on_where_it_was_once_it_is_filled(
    jobs: Jobs, model: ModelServer
) -> None:
    def fill(cap: str) -> None:
        cap_payer(jobs.db, PayerKind.PURSE, "grant", parse_money(cap), person="the office")

    fill("0.004 USD")
    parameters = months(jobs, HARM, first="2024-01", **FIND)
    run = submit_run(jobs.db, parameters, (), person="Ann", purse="grant")
    work(jobs, run)
    assert run_row(jobs.db, run).state == State.PAUSED
    assert 0 < model.texts.total() < TEXTS

    fill("1 USD")
    resume_run(jobs.db, run)
    work(jobs, run)
    assert set(model.texts.values()) == {1}
    of_a_full_purse = submit(jobs, **FIND)
    work(jobs, of_a_full_purse)
    assert searched_rows(jobs, run) == searched_rows(jobs, of_a_full_purse)
    assert look_reason(jobs, run) == look_reason(jobs, of_a_full_purse)


@pytest.mark.thorough
def test_people_check_a_random_part_and_the_recall_is_that_of_their_judgement(jobs: Jobs) -> None:
    """People disagree with the model on each fourth text of harm."""
    run = submit(jobs, **FIND)
    work(jobs, run)
    search = DocumentSearch(jobs.db, run, HARM, SOUGHT, CODER)
    found = search.look().progress.found
    assert (search.check().precision, search.check().recall) == (None, None)

    with jobs.db.read() as connection:
        codebook_id, _ = stored_codebook(connection, HARM.hash.hex())

    coding = Coding(run, codebook_id, "person:Ann")
    texts = search.list_check(120)
    assert len(texts) == 120
    assert sum(bool(HARMFUL.match(text.text)) for text in texts) > 30
    for text in texts:
        is_harm = HARMFUL.match(text.text) and text.unit.document_id % 4
        add_codes(jobs.db, coding, text.unit, {"harm": CodeValue("yes" if is_harm else "no")})

    check = search.check()
    assert check.read == 120
    assert check.precision is not None
    assert check.recall is not None
    assert check.precision.n == 40
    assert check.precision.low < 0.75 < check.precision.high
    # Those that were read and not found are none, as people say, too.
    assert check.recall.low < found / HARMFUL_TEXTS <= check.recall.high
    # What people say moves nothing of what the model has found.
    assert search.look().progress.found == found


def test_what_a_model_searches_for_is_refused_with_what_to_write(jobs: Jobs) -> None:
    with pytest.raises(UsageError, match="leave --code and --within out"):
        submit(jobs, code="all", **FIND)
    with pytest.raises(UsageError, match="--find harm=maybe is no category of the codebook"):
        submit(jobs, find="harm=maybe")


@on_sqlite
def test_the_page_says_which_share_is_found_and_nothing_of_shares_of_the_run(
    jobs: Jobs, tmp_path: Path
) -> None:
    run = submit(jobs, **FIND)
    work(jobs, run)
    report_folder.build(jobs.db, [run], tmp_path)
    page = (tmp_path / "codes.html").read_text(encoding="utf-8")
    text = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
    assert f"{CODER} searched for harm=yes and {look_reason(jobs, run)}." in text
    assert "no sampling error" not in text
    assert f"tidings code {run} --codebook harm --find harm=yes" in text
