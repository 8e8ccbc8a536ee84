"""The report of a run as a job: it is made at once, and made again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from analysis.kinds import result_tables
from core.broker import celery_app
from core.enums import QUEUE_REPORTS, JobKind, State
from core.errors import LeaseLost
from core.settings import Settings
from models import job_transitions, run_transitions
from models.database import Database, clock
from models.erasure import forget_documents
from models.jobs import Claim, progress_of
from models.runs import NewJob, add_jobs
from models.tables import Document, Job, Mention
from reports.figures import figure_store
from reports.figures.panels import draw_picture
from reports.figures.sheet import Sheet
from tests import report_stories as stories
from tests.figures_kit import pictures_in
from tests.report_stories import Text
from textapi.text.sentences import sentences
from workers.context import JobContext
from workers.executor import work_one_slice
from workers.outcomes import Again, Done
from workers.reporting import make_report
from workers.runtime import Runtime

MONTHS = ["2020-01", "2020-02", "2020-03"]
TEXTS = [
    Text(
        f"{month}-{day:02}",
        f"Covid closes {what} on the {day}th.",
        f"https://example.org/{month}/{day}",
    )
    for month in MONTHS
    for day, what in ((4, "schools"), (11, "markets"), (23, "theatres"))
]


@dataclass
class QueuedReport:
    """A run of three months whose report is queued, and nobody at work on it."""

    db: Database
    runtime: Runtime
    run: int
    folder: Path

    def jobs(self) -> dict[str, Any]:
        with self.db.read() as connection:
            wanted = (
                select(Job.__table__)
                .where(Job.run_id == self.run, Job.kind == JobKind.REPORT)
                .order_by(Job.id)
            )
            return {row.name: row for row in connection.execute(wanted)}

    def states(self) -> dict[str, str]:
        return {name: row.state for name, row in self.jobs().items()}

    def work(self, name: str) -> str:
        self.set(name, due_at=0.0)
        work_one_slice(self.runtime, self.jobs()[name].id)
        return self.states()[name]

    def set(self, name: str, **values: Any) -> None:
        with self.db.write() as connection:
            connection.execute(update(Job).where(Job.id == self.jobs()[name].id).values(**values))

    def pictures(self) -> dict[str, str]:
        return pictures_in(self.folder)


@pytest.fixture
def queued(settings: Settings) -> Iterator[QueuedReport]:
    db, runtime = Database(settings.database), Runtime(settings, celery_app(settings))
    stories.store(db, TEXTS)
    run = stories.months_run(db, MONTHS[0], MONTHS[-1], ["covid"])
    with db.write() as connection:
        run_transitions.queue_report(connection, run)

    yield QueuedReport(db, runtime, run, settings.reports / str(run))
    runtime.close()
    db.close()


def claim_report(queued: QueuedReport) -> Claim:
    queued.set("report", state=State.QUEUED, owner=None)
    claim = job_transitions.claim_job(
        queued.db,
        queued.jobs()["report"].id,
        owner=queued.runtime.owner,
        lease_seconds=60,
        has_exited=lambda _: False,
    )
    assert claim is not None
    return claim


def test_progress_is_whole_while_the_report_is_to_be_made(queued: QueuedReport) -> None:
    with queued.db.read() as connection:
        assert progress_of(connection, queued.run) == 1.0


def test_one_job_makes_the_report(queued: QueuedReport) -> None:
    assert queued.work("report") == State.DONE
    assert queued.states() == {"report": State.DONE}
    assert 'id="brief"' in (queued.folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "state", [State.QUEUED, pytest.param(State.WAITING, marks=pytest.mark.thorough)]
)
def test_figure_jobs_of_an_earlier_version_make_the_report_and_end(
    queued: QueuedReport, state: State
) -> None:
    part = NewJob(JobKind.REPORT, "report: figures 1 of 3", {"figures": MONTHS}, QUEUE_REPORTS)
    with queued.db.write() as connection:
        add_jobs(connection, queued.run, [part])

    queued.set(part.name, state=state)
    queued.set("report", state=State.WAITING, reason="its figures are being drawn")
    assert queued.work(part.name) == State.DONE
    made = (queued.folder / "index.html").stat().st_mtime_ns
    assert queued.work("report") == State.DONE
    assert (queued.folder / "index.html").stat().st_mtime_ns == made
    with queued.db.write() as connection:
        run_transitions.queue_report(connection, queued.run)

    assert queued.states() == {part.name: State.DONE, "report": State.QUEUED}


def test_a_report_whose_worker_was_killed_is_made_by_another(queued: QueuedReport) -> None:
    queued.work("report")
    drawn = queued.pictures()
    (queued.folder / "index.html").unlink()
    queued.set("report", state=State.RUNNING, owner="killed", lease_until=clock() - 1)
    assert queued.work("report") == State.DONE
    assert queued.pictures() == drawn
    assert (queued.folder / "index.html").is_file()


def test_the_end_of_a_slice_does_not_end_a_report(queued: QueuedReport) -> None:
    claim = claim_report(queued)
    job = JobContext(queued.runtime, claim, ends_at=time.monotonic() - 1)
    assert make_report(job) == Done()
    assert (queued.folder / "index.html").is_file()


def test_a_report_whose_claim_is_lost_is_left(queued: QueuedReport) -> None:
    job = JobContext(queued.runtime, claim_report(queued), ends_at=time.monotonic() + 60)
    job.lease_lost = True
    assert make_report(job) == Again()
    assert not (queued.folder / "index.html").exists()


@pytest.mark.thorough
def test_a_report_that_is_made_again_draws_what_has_changed(queued: QueuedReport) -> None:
    queued.work("report")
    before, page = queued.pictures(), (queued.folder / "index.html").stat().st_mtime_ns
    with queued.db.write() as connection:
        run_transitions.queue_report(connection, queued.run)

    assert queued.work("report") == State.DONE  # nothing has changed
    assert (queued.pictures(), (queued.folder / "index.html").stat().st_mtime_ns) == (before, page)
    with queued.db.write() as connection:
        connection.execute(
            update(Mention).where(Mention.sentence.contains("theatres")).values(polarity=0.5)
        )
        connection.execute(
            update(Job).where(Job.name == "2020-03").values(claims=7)
        )  # as any job that worked again
        run_transitions.queue_report(connection, queued.run)

    assert queued.work("report") == State.DONE
    after = queued.pictures()
    assert after["covid-shares"] == before["covid-shares"]
    assert after["covid-polarity"] != before["covid-polarity"]


def forget_one_document(queued: QueuedReport) -> None:
    with queued.db.read() as connection:
        ids = connection.scalars(select(Document.id).limit(1)).all()

    forget_documents(
        queued.db, ids, sentences=sentences, reason="on request", result_tables=result_tables()
    )


def test_a_worker_that_draws_a_report_whose_document_is_erased_loses_its_claim(
    queued: QueuedReport,
) -> None:
    claim = claim_report(queued)
    forget_one_document(queued)
    assert queued.states() == {"report": State.QUEUED}
    with pytest.raises(LeaseLost):
        job_transitions.fail_job(queued.db, claim, reason="its folder is gone")

    assert queued.work("report") == State.DONE


@pytest.mark.thorough
def test_a_report_whose_folder_is_removed_while_it_is_drawn_is_drawn_again(
    queued: QueuedReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    removals = iter([queued.folder])

    def remove_folder(*drawn: Any, **more: Any) -> Sheet:
        for folder in removals:
            shutil.rmtree(folder)

        return draw_picture(*drawn, **more)

    monkeypatch.setattr(figure_store, "draw_picture", remove_folder)
    assert queued.work("report") == State.WAITING
    assert queued.jobs()["report"].reason == "its folder was removed meanwhile, as `forget` does"
    assert queued.work("report") == State.DONE
