"""Reports and jobs over texts share the processes: drawing never holds all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.stack.supervised_process import SupervisedProcess
from core.broker import celery_app, queue_length
from core.enums import QUEUE_REPORTS, JobKind, State
from core.settings import Settings
from models import job_transitions, run_transitions
from models.database import Database, clock
from models.jobs import count_report_slots, record_worker
from models.runs import LOOK_JOB, get_run
from models.scheduling import select_due_report
from models.tables import Job
from producers.dispatch import dispatch_due_jobs
from producers.status import list_runs, run_status
from producers.submit import submit_run
from tests import report_stories as stories
from tests.e2e_kit import dispatch_to_workers
from tests.report_stories import Text
from tests.services import wait_until
from workers.runtime import Runtime

TEXTS = [
    Text(f"2020-{month:02}-{day:02}", f"Covid closes schools on day {day} of month {month}.")
    for month in range(1, 13)
    for day in (4, 11, 23)
]
ALL_QUEUES = "reports,text,training"


def nobody(_: str) -> bool:
    return False


def report_jobs(db: Database) -> dict[int, Any]:
    jobs = select(Job.__table__).where(Job.kind == JobKind.REPORT).order_by(Job.id)
    with db.read() as connection:
        return {job.id: job for job in connection.execute(jobs)}


def queue_old_reports(db: Database, number: int, *, months: int = 4) -> list[int]:
    """Add ended runs whose reports are queued; return the ids of all report jobs."""
    if not report_jobs(db):
        stories.store(db, TEXTS)

    for _ in range(number):
        run = stories.months_run(db, "2020-01", f"2020-{months:02}", ["covid"])
        with db.write() as connection:
            run_transitions.queue_report(connection, run)

    return list(report_jobs(db))


def queue_text_run(db: Database, *, with_report: bool = True) -> int:
    parameters = MonthsParameters(
        first="2020-01", last="2020-12", keywords=(Keyword.parse("covid"),)
    )
    return submit_run(db, parameters, (), with_report=with_report)


def claim(db: Database, job: int) -> bool:
    claimed = job_transitions.claim_job(
        db, job, owner=f"process {job}", lease_seconds=20, has_exited=nobody
    )
    return claimed is not None


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    with_tables = Database(settings.database)
    yield with_tables
    with_tables.close()


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ([(ALL_QUEUES, 1)], 1),
        ([(ALL_QUEUES, 2)], 1),
        ([(ALL_QUEUES, 3)], 1),
        ([(ALL_QUEUES, 2), (ALL_QUEUES, 2)], 2),
        ([("text", 2), ("reports", 1)], 1),
        ([(ALL_QUEUES, 4), ("reports", 3)], 5),
    ],
)
def test_half_of_the_slots_that_work_on_texts_too_are_left_to_texts(
    db: Database, workers: list[tuple[str, int]], expected: int
) -> None:
    for number, (queues, slots) in enumerate(workers):
        record_worker(db, f"worker {number}", queues=queues, slots=slots)
    assert count_report_slots(db, nobody) == expected


def test_a_second_whole_report_is_not_claimed_by_the_last_process(db: Database) -> None:
    first, second, _ = queue_old_reports(db, 3)
    record_worker(db, "worker", queues=ALL_QUEUES, slots=2)
    assert claim(db, first)
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == second).values(dispatched_at=clock()))

    assert not claim(db, second)
    assert report_jobs(db)[second].dispatched_at is None
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == first).values(lease_until=clock() - 1))

    assert claim(db, second)


def test_the_report_of_a_small_run_does_not_wait_for_those_of_older_larger_runs(
    db: Database,
) -> None:
    queue_old_reports(db, 3, months=12)
    *_, small = queue_old_reports(db, 1, months=2)
    record_worker(db, "worker", queues=ALL_QUEUES, slots=2)
    assert [due.job_id for due in select_due_report(db, 1)] == [small]


def test_the_report_of_a_large_run_is_not_overtaken_for_ever(db: Database) -> None:
    queue_old_reports(db, 1, months=12)
    large, *_ = queue_old_reports(db, 2, months=2)
    record_worker(db, "worker", queues=ALL_QUEUES, slots=2)
    with db.write() as connection:
        # It waits for more than six times as long as the others, whose size is a sixth of its own.
        connection.execute(update(Job).where(Job.id == large).values(due_at=clock() - 60))

    assert [due.job_id for due in select_due_report(db, 1)] == [large]


def test_a_run_that_is_to_have_no_report_ends_without_one(db: Database) -> None:
    stories.store(db, TEXTS)
    run = queue_text_run(db, with_report=False)
    with db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(state=State.DONE))
        run_transitions.close_run(connection, run)

    assert report_jobs(db) == {}
    with db.read() as connection:
        assert get_run(connection, run).state == State.DONE


def test_the_look_at_a_sample_does_not_wait_for_reports(db: Database) -> None:
    first, second = queue_old_reports(db, 2)
    record_worker(db, "worker", queues=ALL_QUEUES, slots=2)
    assert claim(db, first)
    assert not claim(db, second)
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == second).values(name=LOOK_JOB))

    assert claim(db, second)


def test_of_many_claims_at_once_no_more_succeed_than_may_draw(db: Database) -> None:
    jobs = queue_old_reports(db, 8)
    record_worker(db, "worker", queues=ALL_QUEUES, slots=4)
    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda job: claim(db, job), jobs))

    assert sum(claims) == 2


def test_messages_are_sent_for_those_reports_alone_that_may_be_made(
    db: Database, settings: Settings
) -> None:
    jobs = queue_old_reports(db, 4)
    record_worker(db, "worker", queues=ALL_QUEUES, slots=2)
    app = celery_app(settings)
    runtime = Runtime(settings, app)
    for _ in range(3):
        dispatch_due_jobs(db, app, runtime.broker)

    assert queue_length(runtime.broker, QUEUE_REPORTS) == 1
    assert [job for job, row in report_jobs(db).items() if row.dispatched_at] == jobs[:1]
    assert claim(db, jobs[0])
    assert select_due_report(db, count_report_slots(db, nobody)) == []
    runtime.close()


def test_a_new_run_goes_on_while_the_reports_of_old_runs_are_made(
    db: Database,
    stub_settings: Settings,
    start_worker: Callable[..., SupervisedProcess],
) -> None:
    queue_old_reports(db, 3)
    start_worker(stub_settings, workers=2)
    dispatch_to_workers(db, stub_settings)
    most_at_work = 0

    def count_reports(state: State) -> int:
        nonlocal most_at_work
        states = [job.state for job in report_jobs(db).values() if job.run_id <= 3]
        most_at_work = max(most_at_work, states.count(State.RUNNING))
        return states.count(state)

    wait_until(lambda: count_reports(State.RUNNING), seconds=60, what="the first report")
    run = queue_text_run(db)
    dispatch_to_workers(db, stub_settings)

    def new_run_has_ended() -> bool:
        count_reports(State.DONE)
        return run_status(db, stub_settings, run).state == State.DONE

    wait_until(new_run_has_ended, seconds=200, what="the end of the new run")
    wait_until(lambda: count_reports(State.DONE) == 3, seconds=200, what="the old runs' reports")
    assert most_at_work == 1


def test_a_run_that_has_ended_says_how_far_its_report_is(db: Database, settings: Settings) -> None:
    (report,) = queue_old_reports(db, 1)
    assert run_status(db, settings, 1).report == "waits for a process"
    assert claim(db, report)
    reason = "4 of 15 pages, 31 figures"
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == report).values(reason=reason))

    assert run_status(db, settings, 1).report == f"is being made: {reason}"
    assert list_runs(db)[0].report == f"is being made: {reason}"
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == report).values(state=State.DONE))

    assert run_status(db, settings, 1).report is None
    assert list_runs(db)[0].report is None
