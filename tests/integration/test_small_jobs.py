"""Accounts and searches of one run are worked on beside each other and seldom wait."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from billiard.common import TERM_SIGNAL
from sqlalchemy import event, select, update

from analysis.kinds.accounts import Accounts, AccountsParameters
from analysis.kinds.searches import SearchParameters
from analysis.pipelines import POSTS
from analysis.step import NotReady, Step
from analysis.steps import distinctive
from analysis.steps.distinctive import OTHERS_ARE_COLLECTED
from core.enums import DOCUMENTS, QUEUE_TEXT, JobKind, State, WaitFor
from core.settings import Settings
from models.database import Database, clock
from models.documents import DocumentScope, add_documents, list_documents, list_posts
from models.job_transitions import (
    claim_companions,
    claim_job,
    claim_next,
    finish_job,
    freeze_together,
    put_off_job,
    wake_waiting_jobs,
)
from models.jobs import Claim, has_unfrozen_job, other_scopes, unfrozen_names
from models.run_transitions import pause_run, resume_run
from models.runs import NewJob, create_run
from models.scheduling import select_due_jobs
from models.tables import DistinctiveWord, Job, JobStep
from tests.databases import new_sqlite
from tests.e2e_kit import Stub
from tests.feeds_kit import service
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.services import wait_until
from tests.stub_textapi import answer

HANDLES = ("ann", "ben", "cid", "dan", "eve", "fay", "gil")


def new_run(db: Database, *names: str, kind: JobKind = JobKind.HANDLE) -> int:
    jobs = [NewJob(kind, name, {}) for name in names]
    return create_run(db, kind="handles", name=None, parameters={}, jobs=jobs)


def read_jobs(db: Database, run: int) -> dict[str, Any]:
    with db.read() as connection:
        jobs = select(Job.__table__).where(Job.run_id == run)
        rows = connection.execute(jobs.order_by(Job.id)).all()
    return {row.name: row for row in rows}


def claim(db: Database, run: int, name: str, owner: str = "x:1:1") -> Claim:
    claimed = claim_job(
        db,
        read_jobs(db, run)[name].id,
        owner=owner,
        lease_seconds=20,
        has_exited=lambda _owner: False,
    )
    assert claimed is not None
    return claimed


def take_along(db: Database, claimed: Claim, most: int = 4) -> list[str]:
    companions = claim_companions(db, claimed, most=most, lease_seconds=20)
    return [companion.name for companion in companions]


def change(db: Database, run: int, name: str, **values: Any) -> None:
    with db.write() as connection:
        job = update(Job).where(Job.run_id == run, Job.name == name)
        connection.execute(job.values(values))


def store_posts(db: Database, *handles: str, first: int = 0) -> None:
    posts = []
    for place, handle in enumerate(handles):
        for number in range(3):
            identity = first + 100 * place + number
            posts.append(stored_post(identity, handle=handle, text=f"The {handle}words are here."))

    add_documents(db, posts)


# --- which jobs are taken along ---


def test_a_claimed_job_takes_along_queued_ones_of_its_run_in_their_order(db: Database) -> None:
    run, other = new_run(db, *HANDLES), new_run(db, "zoe")
    claimed = claim(db, run, "ann")
    assert take_along(db, claimed, most=3) == ["ben", "cid", "dan"]

    rows = read_jobs(db, run)
    for name in ("ann", "ben", "cid", "dan"):
        assert (rows[name].state, rows[name].owner, rows[name].claims) == ("running", "x:1:1", 1)
        assert rows[name].lease_until > rows[name].started_at

    assert {rows[name].state for name in ("eve", "fay", "gil")} == {State.QUEUED}
    assert read_jobs(db, other)["zoe"].state == State.QUEUED


def test_a_companion_is_held_by_its_own_claim(db: Database) -> None:
    run = new_run(db, "ann", "ben")
    (companion,) = claim_companions(db, claim(db, run, "ann"), most=4, lease_seconds=20)
    finish_job(db, companion)
    assert [row.state for row in read_jobs(db, run).values()] == [State.RUNNING, State.DONE]


def test_what_is_dispatched_waits_is_of_another_queue_or_lost_its_worker_is_not_taken_along(
    db: Database,
) -> None:
    run = new_run(db, "ann", "ben", "cid", "dan", "eve", "fay")
    change(db, run, "ben", dispatched_at=clock())
    change(db, run, "cid", state=State.WAITING)
    change(db, run, "dan", queue="reports")
    change(db, run, "eve", crashes=1)
    change(db, run, "fay", losses=1)
    assert take_along(db, claim(db, run, "ann")) == []


@pytest.mark.parametrize("counter", ["crashes", "losses"])
def test_a_job_that_lost_its_worker_works_alone_so_that_it_is_known_which_one_kills_it(
    db: Database, counter: str
) -> None:
    run = new_run(db, "ann", "ben")
    change(db, run, "ann", **{counter: 1})
    assert take_along(db, claim(db, run, "ann")) == []


def test_two_processes_never_take_the_same_job_along(db: Database) -> None:
    run = new_run(db, *(f"a{number:02}" for number in range(40)))
    leaders = [claim(db, run, f"a{number:02}", owner=f"x:{number}:1") for number in range(6)]
    taken: list[str] = []
    threads = [
        threading.Thread(target=lambda leader=leader: taken.extend(take_along(db, leader)))
        for leader in leaders
    ]
    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join(30)

    assert len(taken) == len(set(taken)) >= 20  # PostgreSQL skips rows that another looks at


def test_jobs_of_one_process_count_as_one_slot_when_runs_take_turns(db: Database) -> None:
    batch, single = new_run(db, *HANDLES), new_run(db, "zoe", "yan", "xia")
    take_along(db, claim(db, batch, "ann"))  # five jobs in one process
    claim(db, single, "zoe", owner="x:2:1")
    claim(db, single, "yan", owner="x:3:1")
    (due,) = select_due_jobs(db, QUEUE_TEXT, 1, slots=4)
    assert (due.run_id, due.name) == (batch, "fay")


# --- documents that are frozen for the whole run ---


def test_documents_are_frozen_for_those_that_are_not_frozen_yet(db: Database) -> None:
    run = new_run(db, "ann", "ben", "cid", "dan")
    change(db, run, "ben", newest_document=3)
    claimed = claim(db, run, "ann")
    assert freeze_together(db, claimed, ["ben", "cid"], 7) == 7
    frozen = {name: row.newest_document for name, row in read_jobs(db, run).items()}
    assert frozen == {"ann": 7, "ben": 3, "cid": 7, "dan": None}
    assert freeze_together(db, claimed, [], 9) == 7


def test_posts_that_are_imported_later_are_in_no_account_of_the_run(jobs: Jobs) -> None:
    store_posts(jobs.db, "ann", "ben")
    run = jobs.submit(AccountsParameters(), "ann", "ben")
    change(jobs.db, run, "@ben", dispatched_at=clock())  # another worker will get its message
    assert jobs.slice(run, "@ann").state == State.DONE

    store_posts(jobs.db, "ben", first=500)
    assert jobs.slice(run, "@ben").state == State.DONE
    with jobs.db.read() as connection:
        documents = select(JobStep.documents).where(JobStep.step == DOCUMENTS)
        assert connection.scalars(documents.order_by(JobStep.job_id)).all() == [3, 3]
        words = select(DistinctiveWord.word, DistinctiveWord.reference_count)
        of_ann = DistinctiveWord.job_id == jobs.row(run, "@ann").id
        found = dict(connection.execute(words.where(of_ann)).all())

    assert found == {"annwords": 0, "benwords": 3}


def test_posts_of_several_jobs_are_read_at_once_and_each_once(db: Database) -> None:
    store_posts(db, "ann", "ben", "cid")
    scopes = [DocumentScope(handle=name) for name in ("ann", "ben", "ann")]
    with db.read() as connection:
        one_by_one = [post for scope in scopes[:2] for post in list_documents(connection, scope)]
        assert sorted(list_posts(connection, scopes)) == sorted(one_by_one)
        assert list_posts(connection, []) == []


def test_a_process_that_is_free_takes_the_job_that_was_put_off_before_those_not_begun(
    db: Database,
) -> None:
    run = new_run(db, *HANDLES)
    put_off_job(db, claim(db, run, "ben"), seconds=0, reason="away", waits_for=WaitFor.SERVICE)
    claimed = claim(db, run, "ann")

    following = [claim_next(db, claimed, lease_seconds=20) for _ in range(2)]
    assert [(job.name, job.waits) for job in following if job] == [("ben", 1), ("cid", 0)]


def test_no_job_reads_or_sorts_all_jobs_of_its_run(tmp_path: Path) -> None:
    url = new_sqlite(tmp_path / "tidings.db")
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if "jobs" in statement:
            statements.append((statement, parameters))

    with closing(Database(url)) as db:
        run = new_run(db, *HANDLES)
        claimed = claim(db, run, "ann")
        event.listen(db.engine, "before_cursor_execute", note)
        claim_companions(db, claimed, most=2, lease_seconds=20)
        claim_next(db, claimed, lease_seconds=20)
        freeze_together(db, claimed, HANDLES, 5)
        with db.read() as connection:
            unfrozen_names(connection, claimed)
            has_unfrozen_job(connection, run)
            other_scopes(connection, claimed)

        plans = []
        with db.read() as connection:
            for statement, parameters in statements.copy():  # the listener adds to it
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [step.detail for step in plan]

    assert len(plans) >= 9
    for plan in plans:
        assert not plan.startswith("SCAN jobs")
        assert "ORDER BY" not in plan
        assert not plan.endswith(("ix_jobs_run_id_state (run_id=?)", "(run_id=? AND state=?)"))


# --- jobs that wait for others ---


def test_jobs_that_wait_for_others_are_due_when_the_last_has_frozen_its_documents(
    db: Database,
) -> None:
    run = new_run(db, "ann", "ben", "cid")
    for name in ("ann", "ben"):
        claimed = claim(db, run, name)
        freeze_together(db, claimed, [], 5)
        put_off_job(db, claimed, seconds=300, reason="others", waits_for=WaitFor.OTHER_JOBS)

    change(db, run, "ben", waits_for=WaitFor.SERVICE)

    wake_waiting_jobs(db, run)
    assert select_due_jobs(db, QUEUE_TEXT, 9, lost_after=-1.0)[0].name == "cid"
    change(db, run, "cid", dispatched_at=clock(), newest_document=5)

    wake_waiting_jobs(db, run)
    assert [due.name for due in select_due_jobs(db, QUEUE_TEXT, 9)] == ["ann"]


def test_the_last_search_to_be_collected_wakes_the_one_that_waits(jobs: Jobs) -> None:
    store_posts(jobs.db, "ann", "ben")
    run = jobs.submit(SearchParameters(), "annwords", "benwords")
    change(jobs.db, run, "search:benwords", dispatched_at=clock())
    waiting = jobs.slice(run, "search:annwords")
    assert (waiting.state, waiting.reason) == (State.WAITING, OTHERS_ARE_COLLECTED)
    assert waiting.waits_for == WaitFor.OTHER_JOBS
    change(jobs.db, run, "search:annwords", due_at=clock() + 300)

    assert jobs.slice(run, "search:benwords").state == State.DONE
    assert jobs.slice(run, "search:annwords").state == State.DONE


# --- a slice of several jobs ---


def test_jobs_that_are_done_are_followed_by_others_of_their_run(jobs: Jobs) -> None:
    store_posts(jobs.db, *HANDLES)
    run = jobs.submit(AccountsParameters(), *HANDLES)
    change(jobs.db, run, "@fay", dispatched_at=clock() + 60)  # another process has the message
    change(jobs.db, run, "@gil", dispatched_at=clock() - 1)  # none is free
    jobs.slice(run, "@ann")
    states = {row.name: (row.state, row.claims) for row in jobs.rows(run)}
    assert states.pop("@fay") == (State.QUEUED, 0)
    assert set(states.values()) == {(State.DONE, 1)}

    jobs.slice(run, "@gil")  # its message comes late
    assert {row.claims for row in jobs.rows(run) if row.name == "@gil"} == {1}


def test_no_job_follows_while_another_run_waits(jobs: Jobs) -> None:
    store_posts(jobs.db, *HANDLES)
    run = jobs.submit(AccountsParameters(), *HANDLES)
    other = jobs.submit(AccountsParameters(), "ann")
    jobs.slice(run, "@ann")
    rows = jobs.rows(run)
    assert [row.state for row in rows] == [State.DONE] * 5 + [State.QUEUED] * 2
    assert [row.dispatched_at is None for row in rows] == [True] * 5 + [False] * 2

    jobs.slice(other)
    jobs.slice(run, "@fay")
    jobs.slice(run, "@gil")
    assert {(row.state, row.claims) for row in jobs.rows(run)} == {(State.DONE, 1)}


def test_no_job_follows_in_the_second_half_of_a_slice(
    stub_settings: Settings,
    stub: Stub,
) -> None:
    stub.faults(latency=0.5)
    with closing(Jobs(stub_settings.model_copy(update={"slice_seconds": 0.9}))) as jobs:
        store_posts(jobs.db, *HANDLES)
        run = jobs.submit(AccountsParameters(), *HANDLES)
        jobs.slice(run, "@ann")
        assert [row.claims for row in jobs.rows(run)] == [1] * 5 + [0] * 2


def test_a_job_is_next_only_while_its_run_goes_on_and_no_other_waits(db: Database) -> None:
    run, other = new_run(db, "ann", "ben", "cid"), new_run(db, "zoe")
    claimed = claim(db, run, "ann")

    def follows() -> bool:
        return claim_next(db, claimed, lease_seconds=20) is not None

    assert not follows()
    change(db, other, "zoe", dispatched_at=clock())
    assert not follows()
    change(db, other, "zoe", state=State.WAITING, due_at=clock() - 1)
    assert not follows()
    change(db, other, "zoe", due_at=clock() + 300)
    assert follows()
    change(db, other, "zoe", state=State.RUNNING)
    pause_run(db, run)
    assert not follows()
    resume_run(db, run)
    assert follows()
    assert not follows()  # none is left


async def _answer(request: web.Request, refused: str = "benwords") -> web.StreamResponse:
    if request.method == "GET":
        return web.Response()

    body = await request.json()
    if refused and refused in body["text"]:
        return web.json_response({"error": "no"}, status=422)

    return web.json_response(answer(request.match_info["path"].removeprefix("text/"), body))


def test_a_job_that_fails_does_not_keep_those_beside_it_from_their_end(settings: Settings) -> None:
    with (
        service(_answer) as url,
        closing(Jobs(settings.model_copy(update={"textapi_url": url}))) as jobs,
    ):
        store_posts(jobs.db, "ann", "ben", "cid")
        run = jobs.submit(AccountsParameters(), "ann", "ben", "cid")
        jobs.slice(run, "@ann")
        states = {row.name: row.state for row in jobs.rows(run)}
        assert states == {"@ann": State.DONE, "@ben": State.FAILED, "@cid": State.DONE}
        assert "cannot work on this text" in jobs.row(run, "@ben").reason


def test_a_job_that_another_took_over_stops_alone(settings: Settings) -> None:
    opened: list[Jobs] = []

    async def take_over(request: web.Request) -> web.StreamResponse:
        if opened and request.method == "POST" and "benwords" in (await request.json())["text"]:
            taken = update(Job).where(Job.name == "@ben").values(owner="y:1:1", claims=9)
            with opened[0].db.write() as connection:
                connection.execute(taken)

        return await _answer(request, refused="")

    with (
        service(take_over) as url,
        closing(Jobs(settings.model_copy(update={"textapi_url": url}))) as jobs,
    ):
        opened.append(jobs)
        store_posts(jobs.db, "ann", "ben", "cid")
        run = jobs.submit(AccountsParameters(), "ann", "ben", "cid")
        jobs.slice(run, "@ann")
        states = {row.name: (row.state, row.owner) for row in jobs.rows(run)}
        assert states.pop("@ben") == (State.RUNNING, "y:1:1")
        assert states == {"@ann": (State.DONE, None), "@cid": (State.DONE, None)}


def compute_for_ever() -> Step:
    """Return a step without calls, in the place of one that computes for long."""

    async def compute(_data: Any, _fetcher: Any) -> NotReady:
        await asyncio.Event().wait()
        raise AssertionError

    return Step(distinctive.NAME, compute, tables=(), makes_calls=False)


def shut_down_at(stub: Stub, calls: int, signals: int) -> threading.Thread:
    """Send this process the signal of a shutdown when so many *calls* are in flight."""

    def shut_down() -> None:
        wait_until(lambda: stub.counts()["calls"] >= calls, what="calls in flight")
        for _ in range(signals):
            os.kill(os.getpid(), TERM_SIGNAL)
            wait_until(lambda: TERM_SIGNAL not in signal.sigpending(), what="its delivery")

    thread = threading.Thread(target=shut_down)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "moment",
    [
        "calls",
        *(
            pytest.param(later, marks=pytest.mark.thorough)
            for later in ("a step computes", "a second signal comes")
        ),
    ],
)
def test_a_shutdown_gives_every_job_of_the_slice_back(
    jobs: Jobs,
    stub: Stub,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stub.faults(latency=0.5)
    store_posts(jobs.db, "ann", "ben", "cid")
    run = jobs.submit(AccountsParameters(), "ann", "ben", "cid")

    with monkeypatch.context() as changed:
        if moment == "a step computes":
            steps = (*POSTS.steps[:-1], compute_for_ever())
            changed.setattr(Accounts, "pipeline", replace(POSTS, steps=steps))

        signals = 2 if moment == "a second signal comes" else 1
        killer = shut_down_at(stub, calls=9, signals=signals)
        with pytest.raises(SystemExit):
            jobs.slice(run, "@ann")

        killer.join()

    rows = jobs.rows(run)
    assert {(row.state, row.owner, row.claims, row.crashes) for row in rows} == {
        (State.QUEUED, None, 1, 0)
    }

    jobs.slice(run, "@ann")
    assert {row.state for row in jobs.rows(run)} == {State.DONE}
    assert stub.counts()["repeated"] == 0  # what was in flight was waited for, and stored
