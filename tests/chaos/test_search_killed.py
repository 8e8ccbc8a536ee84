"""A language model searches, and its workers are killed: it reads what an undisturbed one reads."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import ColumnElement, delete, func, select

from core.broker import celery_app, redis_client
from core.enums import JobKind, State
from core.prices import parse_money
from models.run_transitions import resume_run
from models.runs import LOOK_JOB
from models.tables import Answer, AnswerDocument, Code, Job, Run, SearchedUnit
from producers.dispatch import dispatch_due_jobs
from tests.chaos.fleet import CONCURRENCY, PROCESSES, WORKERS, Fleet, running_fleet
from tests.chaos.test_killing import at_work
from tests.jobs_kit import Jobs
from tests.model_kit import PRICE
from tests.sample_kit import import_months, make_model, submit
from tests.stub_model import ModelServer, running_model

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

TEXTS = 600
FIND: dict[str, Any] = {"find": "harm=yes", "recall": 0.8}

# A cap that is reached in the midst of the search.
CAP = "0.008 USD"

IS_LOOK, IS_MONTH = Job.name == LOOK_JOB, Job.kind == JobKind.MONTH


def test_a_search_whose_workers_are_killed_and_whose_cap_is_raised_ends_as_an_undisturbed_one(
    tmp_path: Path, database_url: str
) -> None:
    with (
        running_model(make_model()) as model,
        running_fleet(
            tmp_path / "home",
            database_url,
            model_url=model.url,
            model_price=PRICE,
            model_concurrency=CONCURRENCY,
        ) as fleet,
        closing(Jobs(fleet.settings)) as jobs,
    ):
        import_months(jobs, TEXTS)
        model.faults.latency = 0.05
        killed = start(fleet, jobs, max_cost=CAP)
        kills = kill_during_search(fleet, model, killed)

        assert asked_again(model) <= kills * CONCURRENCY
        rows = searched_rows(fleet, killed)
        assert len(rows) == len(model.texts) == count_coded(fleet, killed) < TEXTS

        # Another run would take the answers that are stored.
        with fleet.db.write() as connection:
            connection.execute(delete(AnswerDocument))
            connection.execute(delete(Answer))

        asked = model.texts.total()
        undisturbed = start(fleet, jobs)
        fleet.finish()
        assert model.texts.total() == asked + len(rows)
        assert searched_rows(fleet, undisturbed) == rows
        assert told(fleet, undisturbed) == told(fleet, killed)


def start(fleet: Fleet, jobs: Jobs, **options: Any) -> int:
    """Submit a search as the command line does."""
    run = submit(jobs, **FIND, **options)
    fleet.runs.append(run)
    with redis_client(fleet.settings) as broker:
        dispatch_due_jobs(fleet.db, celery_app(fleet.settings), broker)

    return run


def kill_during_search(fleet: Fleet, model: ModelServer, run: int) -> int:
    """Kill at several places of a search until it ends; return how many processes were killed."""
    kills = kill_when_at_work(fleet, model, IS_MONTH)
    fleet.tend(120.0, until=lambda: state_of(fleet, run) == State.PAUSED)
    assert state_of(fleet, run) == State.PAUSED, fleet.state()
    resume_run(fleet.db, run, max_cost=parse_money("1 USD"))
    for is_victim in (IS_LOOK, IS_MONTH, IS_LOOK):
        kills += kill_when_at_work(fleet, model, is_victim)

    # Everything dies at once, as with its machine.
    kills += kill_when_at_work(fleet, model, IS_MONTH)
    for name in ("valkey", *WORKERS):
        fleet.kill_and_leave(name)

    kills += len(WORKERS) * PROCESSES
    fleet.start_all()
    kills += kill_when_at_work(fleet, model, IS_LOOK)
    fleet.finish(120.0)
    return kills


def kill_when_at_work(fleet: Fleet, model: ModelServer, is_victim: ColumnElement[bool]) -> int:
    """Kill the processes at work on jobs of a kind, months after some calls; return how many."""
    asked = model.texts.total() + (CONCURRENCY if is_victim is IS_MONTH else 0)
    victims: list[int] = []

    def kill() -> bool:
        if model.texts.total() >= asked:
            victims.extend(at_work(fleet, is_victim))

        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(victim).kill()

        return bool(victims)

    fleet.tend(60.0, until=kill)
    assert victims, fleet.state()
    return len(victims)


def state_of(fleet: Fleet, run: int) -> State:
    with fleet.db.read() as connection:
        return State(connection.scalars(select(Run.state).where(Run.id == run)).one())


def asked_again(model: ModelServer) -> int:
    return model.texts.total() - len(model.texts)


def count_coded(fleet: Fleet, run: int) -> int:
    coded = select(func.count()).select_from(Code).where(Code.run_id == run)
    with fleet.db.read() as connection:
        return connection.scalar(coded) or 0


def searched_rows(fleet: Fleet, run: int) -> list[Any]:
    """Return which texts a search had read, in which order, and how they were drawn."""
    read = [column for column in SearchedUnit.__table__.columns if column.name != "run_id"]
    rows = select(*read).where(SearchedUnit.run_id == run).order_by(SearchedUnit.place)
    with fleet.db.read() as connection:
        return [tuple(row) for row in connection.execute(rows)]


def told(fleet: Fleet, run: int) -> str:
    """Return what the search says of its recall."""
    reason = select(Job.reason).where(Job.run_id == run, IS_LOOK)
    with fleet.db.read() as connection:
        return connection.scalar(reason) or ""
