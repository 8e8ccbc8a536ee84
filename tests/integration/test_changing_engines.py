"""Jobs at a Text API whose answers name another engine than the one that was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import update

from analysis.kinds.accounts import AccountsParameters
from core.enums import ENDED, State
from core.settings import Settings
from models.database import clock
from models.documents import add_documents
from models.runs import engines_of
from models.tables import Job
from producers.watches import check_due_watches
from tests import stub_textapi
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.odd_textapi import serving
from tests.watch_kit import QUIET, WATCHED, at_day, publish, state_of, watch, work
from textapi.messages import ENGINE_HEADER


class ChangingEngine:
    """A Text API that names an engine with each answer, by the numbers of the call and slice."""

    def __init__(self, name: Callable[[int, int], str]) -> None:
        self.name = name
        self.calls = 0
        self.slices = 0

    def __call__(self, operation: str, body: dict[str, Any]) -> Any:
        self.calls += 1
        answer = json.dumps(stub_textapi.answer(operation, body)).encode()
        return 200, {ENGINE_HEADER: self.name(self.calls, self.slices)}, answer


def work_on_posts(settings: Settings, engine: ChangingEngine, wait: float = 1.0) -> Any:
    """Return the row of a handle's job over 40 posts; *wait* seconds pass whenever it waits."""
    with serving(engine) as service:
        at_service = settings.model_copy(update={"textapi_url": service.url})
        with closing(Jobs(at_service)) as jobs:
            texts = [f"Post {number} is here. It has two sentences." for number in range(40)]
            add_documents(jobs.db, [stored_post(at, text=text) for at, text in enumerate(texts)])
            run = jobs.submit(AccountsParameters(steps=("polarity",)), "bob")
            for engine.slices in range(100):
                job = jobs.slice(run)
                if job.state in ENDED:
                    break

                with jobs.db.write() as connection:
                    columns = {"due_at": clock(), "waiting_since": Job.waiting_since - wait}
                    connection.execute(update(Job).where(Job.id == job.id).values(columns))

        return job


def test_a_new_engine_with_each_answer_fails_the_job_after_few_calls(settings: Settings) -> None:
    service = ChangingEngine(lambda call, _: f"odd/{call}")
    job = work_on_posts(settings, service)
    assert job.state == State.FAILED
    assert job.reason.startswith("textapi has named 10 engines in this run, and now odd/")
    assert service.calls <= 10 * 20  # what one slice has begun when the first answer comes


def test_engines_that_take_turns_end_the_jobs_patience(settings: Settings) -> None:
    service = ChangingEngine(lambda _, slices: f"odd/{slices % 2}")  # never the one that was asked
    job = work_on_posts(settings, service, wait=600.0)
    assert job.state == State.FAILED
    assert "see that one engine answers at TIDINGS_TEXTAPI_URL (tried for 60 minutes)" in job.reason
    assert service.calls <= 8 * 20


def test_a_job_goes_on_with_an_engine_that_changed_once(settings: Settings) -> None:
    service = ChangingEngine(lambda call, _: "odd/1" if call <= 5 else "odd/2")
    assert work_on_posts(settings, service).state == State.DONE
    assert service.calls <= 40 + 20


def begin_watched_run(jobs: Jobs) -> int:
    """Do a run over the first day, and watch it from then on."""
    publish(jobs.db, 0)
    run = jobs.submit(WATCHED)
    work(jobs, run)
    watch(jobs.db, run)
    check_due_watches(jobs.db, jobs.settings, now=at_day(0))
    return run


@pytest.mark.thorough
def test_a_watched_run_meets_a_new_engine_with_each_update_for_years(settings: Settings) -> None:
    engine = "odd/0"
    service = ChangingEngine(lambda *_: engine)
    news_days = [day for day in range(1, 15) if day not in QUIET]
    with serving(service) as served:
        at_service = settings.model_copy(update={"textapi_url": served.url})
        with closing(Jobs(at_service)) as jobs:
            run = begin_watched_run(jobs)

            for day in news_days:
                engine = f"odd/{day}"
                publish(jobs.db, day)
                check_due_watches(jobs.db, jobs.settings, now=at_day(day))
                work(jobs, run)
                assert state_of(jobs.db, run) == State.DONE

            with jobs.db.read() as connection:
                assert set(engines_of(connection, run)) == {
                    "odd/0",
                    *(f"odd/{day}" for day in news_days),
                }

    assert len(news_days) > 10


def test_an_update_of_a_watched_run_meets_ten_new_engines_at_most(settings: Settings) -> None:
    service = ChangingEngine(lambda call, _: f"odd/{call}" if is_mad else "odd/0")
    is_mad = False
    with serving(service) as served:
        at_service = settings.model_copy(update={"textapi_url": served.url})
        with closing(Jobs(at_service)) as jobs:
            run = begin_watched_run(jobs)

            is_mad = True
            publish(jobs.db, 1)
            before = service.calls
            check_due_watches(jobs.db, jobs.settings, now=at_day(1))
            work(jobs, run)
            failed = [job.reason for job in jobs.rows(run) if job.state == State.FAILED]
            assert len(failed) == 1
            assert "textapi has named 10 engines since its last update, and now odd/" in failed[0]
            assert service.calls - before <= 10 * 20

            is_mad = False
            publish(jobs.db, 2)
            check_due_watches(jobs.db, jobs.settings, now=at_day(2))
            work(jobs, run)
            assert state_of(jobs.db, run) == State.DONE
