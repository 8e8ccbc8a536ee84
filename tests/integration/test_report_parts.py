"""The report of a large run as jobs: parts that draw, and the report that comes after them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from analysis.kinds import result_tables
from cli.stack.supervised_process import SupervisedProcess
from core.atomic_files import write_atomically
from core.broker import celery_app
from core.enums import JobKind, State
from core.errors import LeaseLost
from core.settings import Settings
from models import job_transitions, run_transitions
from models.database import Database, clock
from models.erasure import forget_documents
from models.jobs import progress_of
from models.tables import Document, Job, Mention
from producers.dispatch import dispatch_due_jobs
from reports.build import report_folder
from reports.figures import figure_store
from tests import report_stories as stories
from tests.databases import new_sqlite
from tests.report_stories import Text
from tests.services import wait_until
from textapi.text.sentences import sentences
from workers.context import JobContext
from workers.executor import work_one_slice
from workers.outcomes import Done
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
PARTS = ["report: figures 1 of 3", "report: figures 2 of 3", "report: figures 3 of 3"]


@dataclass
class Large:
    """A run whose report is drawn in three parts of a month each, and nobody at work on it."""

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

    def pictures(self) -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in (self.folder / "figures").iterdir()}


@pytest.fixture
def large(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Large]:
    monkeypatch.setattr(report_folder, "FIGURES_PER_PART", 2)
    db, runtime = Database(settings.database), Runtime(settings, celery_app(settings))
    stories.store(db, TEXTS)
    run = stories.months_run(db, MONTHS[0], MONTHS[-1], ["covid"])
    with db.write() as connection:
        run_transitions.queue_report(connection, run)

    yield Large(db, runtime, run, settings.reports / str(run))
    runtime.close()
    db.close()


def test_a_large_report_queues_its_parts_and_waits_until_each_has_started(large: Large) -> None:
    assert large.work("report") == State.WAITING
    assert large.jobs()["report"].reason == "its figures are being drawn"
    assert large.states() == {"report": State.WAITING, **dict.fromkeys(PARTS, State.QUEUED)}
    assert [large.jobs()[name].options for name in PARTS] == [
        {"figures": [month]} for month in MONTHS
    ]
    assert not (large.folder / "index.html").exists()
    assert large.work("report") == State.WAITING  # queued once
    assert len(large.jobs()) == 4


def test_progress_stays_whole_when_the_jobs_of_the_report_come(large: Large) -> None:
    assert large.work("report") == State.WAITING
    assert len(large.jobs()) == 4
    with large.db.read() as connection:
        assert progress_of(connection, large.run) == 1.0


def test_the_report_finds_what_its_parts_have_drawn(large: Large) -> None:
    large.work("report")
    assert [large.work(name) for name in PARTS] == [State.DONE] * 3
    drawn = large.pictures()
    assert len(drawn) == 3  # a scatter of each month, as SVG alone; few words make no cloud
    assert large.work("report") == State.DONE
    after = large.pictures()
    assert {name: after[name] for name in drawn} == drawn
    assert len(after) > len(drawn)
    assert "What was said about" in (large.folder / "index.html").read_text(encoding="utf-8")


def test_a_part_that_is_lost_is_drawn_by_the_report_itself(large: Large) -> None:
    large.work("report")
    for name in PARTS[:2]:
        large.work(name)

    large.set(PARTS[2], state=State.RUNNING, owner="a worker that hangs", lease_until=clock() + 20)
    assert large.work("report") == State.DONE
    assert [name for name in large.pictures() if "2020-03" in name]


def test_a_part_whose_slice_is_over_continues_in_the_next(large: Large) -> None:
    large.work("report")
    settings = large.runtime.settings
    large.runtime.settings = settings.model_copy(update={"slice_seconds": 0.0})
    assert large.work(PARTS[0]) == State.QUEUED
    large.runtime.settings = settings
    assert large.work(PARTS[0]) == State.DONE


def test_a_report_whose_slice_was_used_up_by_reading_is_drawn_all_the_same(large: Large) -> None:
    large.work("report")
    claim = job_transitions.claim_job(
        large.db,
        large.jobs()[PARTS[0]].id,
        owner=large.runtime.owner,
        lease_seconds=60,
        has_exited=lambda _: False,
    )
    assert claim is not None
    assert make_report(JobContext(large.runtime, claim, ends_at=time.monotonic())) == Done()
    assert large.pictures()


def test_a_report_that_is_made_again_draws_what_has_changed(large: Large) -> None:
    large.work("report")
    for name in (*PARTS, "report"):
        large.work(name)

    before, page = large.pictures(), (large.folder / "index.html").stat().st_mtime_ns
    with large.db.write() as connection:
        run_transitions.queue_report(connection, large.run)

    assert large.work("report") == State.DONE  # nothing has changed
    assert (large.pictures(), (large.folder / "index.html").stat().st_mtime_ns) == (before, page)
    with large.db.write() as connection:
        connection.execute(
            update(Mention).where(Mention.sentence.contains("theatres")).values(polarity=0.5)
        )
        connection.execute(
            update(Job).where(Job.name == "2020-03").values(claims=7)
        )  # as any job that worked again
        run_transitions.queue_report(connection, large.run)

    for name in (*PARTS, "report"):
        assert large.work(name) == State.DONE

    after = large.pictures()
    assert {name for name in before if "cloud" in name} <= set(after)
    assert not [name for name in before if "2020-03-polarity" in name and name in after]


def forget_one_document(large: Large) -> None:
    with large.db.read() as connection:
        ids = connection.scalars(select(Document.id).limit(1)).all()

    forget_documents(
        large.db, ids, sentences=sentences, reason="on request", result_tables=result_tables()
    )


def test_a_worker_that_draws_a_report_whose_document_is_erased_loses_its_claim(
    large: Large,
) -> None:
    large.work("report")
    jobs = large.jobs()
    claims = []
    for name in PARTS[:2]:
        claim = job_transitions.claim_job(
            large.db, jobs[name].id, owner="a", lease_seconds=20, has_exited=lambda _: False
        )
        claims.append(claim)

    forget_one_document(large)
    assert [large.states()[name] for name in PARTS] == [State.QUEUED] * 3
    for claim in claims:
        assert claim is not None
        with pytest.raises(LeaseLost):
            job_transitions.fail_job(large.db, claim, reason="its folder is gone")

    for name in (*PARTS, "report"):
        assert large.work(name) == State.DONE


@pytest.mark.parametrize("name", [PARTS[0], "report"])
def test_a_report_whose_folder_is_removed_while_it_is_drawn_is_drawn_again(
    large: Large, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    large.work("report")
    for part in PARTS[1:]:
        large.work(part)

    large.set(PARTS[0], state=State.RUNNING, owner="a", lease_until=clock() + 20)
    if name == PARTS[0]:
        large.set(PARTS[0], state=State.QUEUED, owner=None)

    removals = iter([large.folder])

    def remove_folder(path: Path, content: bytes) -> None:
        for folder in removals:
            shutil.rmtree(folder)

        write_atomically(path, content)

    monkeypatch.setattr(figure_store, "write_atomically", remove_folder)
    assert large.work(name) == State.WAITING
    assert large.jobs()[name].reason == "its folder was removed meanwhile, as `forget` does"
    assert large.work(name) == State.DONE


def test_a_small_report_is_made_at_once(large: Large, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_folder, "FIGURES_PER_PART", 24)
    assert large.work("report") == State.DONE
    assert large.states() == {"report": State.DONE}


def test_two_workers_draw_a_large_report_and_nothing_is_done_twice(
    tmp_path: Path, redis_url: str, start_worker: Callable[..., SupervisedProcess]
) -> None:
    settings = Settings(
        home=tmp_path / "home",
        database_url=new_sqlite(tmp_path / "tidings.db"),
        redis_url=redis_url,
    )
    db = Database(settings.database)
    stories.store(db, TEXTS)
    keywords = ["covid", "quist", "lund", "ebbford", "ames"]  # three parts of twelve months
    run = stories.months_run(db, "2018-03", "2020-03", keywords)
    with db.write() as connection:
        run_transitions.queue_report(connection, run)

    app, runtime = celery_app(settings), Runtime(settings, celery_app(settings))
    start_worker(settings, workers=2)
    dispatch_due_jobs(db, app, runtime.broker)
    large = Large(db, runtime, run, settings.reports / str(run))
    wait_until(lambda: large.states().get("report") == State.DONE, seconds=60, what="the report")
    wait_until(
        lambda: set(large.states().values()) == {State.DONE},
        seconds=30,
        what="the end of every part",
    )
    assert {
        name: row.claims for name, row in large.jobs().items() if name != "report"
    } == dict.fromkeys(PARTS, 1)
    assert (large.folder / "index.html").is_file()
    runtime.close()
    db.close()
