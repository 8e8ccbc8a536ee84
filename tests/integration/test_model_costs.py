"""What a language model may cost: caps, bounds and plans that hold whatever breaks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace

import pytest
from sqlalchemy import text, update

from core.enums import State
from core.errors import RunCapReached, UsageError
from core.prices import Money, Price, Tokens, parse_money, parse_price
from core.settings import Settings, environment
from models.database import Database
from models.job_transitions import claim_job
from models.jobs import is_at_work_elsewhere
from models.run_transitions import resume_run
from models.tables import Job
from producers.imports import import_paths
from producers.plan import CallPlan, plan_run
from producers.submit import submit_run
from tests.command_kit import python_script
from tests.e2e_kit import write_archive
from tests.jobs_kit import Jobs
from tests.model_kit import PRICE, calls_of, codes_of, months, run_row, with_model
from tests.services import wait_until
from tests.stub_model import ModelServer
from textapi.messages import Engine
from workers import charged_calls
from workers.runtime import most_open_calls

TEXTS = 40
HEADLINES = {
    f"2024-02-{day + 1:02}": [
        f"Flood number {number} comes to {'many ' * (number % 9)}towns of the river."
        for number in range(day, TEXTS, 20)
    ]
    for day in range(20)
}
MICRO = 1_000_000


@pytest.fixture
def jobs(stub_settings: Settings, model: ModelServer) -> Iterator[Jobs]:
    settings = with_model(stub_settings, model, model_price=PRICE, model_max_tokens=100)
    with closing(Jobs(settings)) as opened:
        archive = write_archive(settings.home, HEADLINES)
        import_paths(opened.db, [archive], source=None, handle=None, columns={})
        yield opened


def submit(jobs: Jobs, cap: Money | None = None) -> int:
    return submit_run(jobs.db, months(jobs), (), max_cost=cap)


def plan(jobs: Jobs) -> CallPlan:
    engine = Engine(jobs.settings.textapi_url.removeprefix("http://"))
    return plan_run(jobs.db, months(jobs), (), engine=engine, settings=jobs.settings)


def test_a_run_pauses_at_its_cap_and_goes_on_when_that_is_raised(
    jobs: Jobs, model: ModelServer
) -> None:
    cap = 2_500
    run = submit(jobs, Money(cap, "USD"))
    row = jobs.slice(run)
    stored = run_row(jobs.db, run)
    assert stored.state == State.PAUSED
    assert f"`tidings resume {run} --max-cost NUSD` goes on" in stored.reason
    assert row.state == State.QUEUED
    assert model.bill * MICRO <= stored.cost_charged <= cap
    assert 0 < model.calls < TEXTS

    with pytest.raises(RunCapReached, match="stays paused"):
        resume_run(jobs.db, run)

    with pytest.raises(UsageError, match="give more"):
        resume_run(jobs.db, run, max_cost=Money(1, "USD"))

    with pytest.raises(UsageError, match="pays in USD"):
        resume_run(jobs.db, run, max_cost=Money(MICRO, "EUR"))

    resume_run(jobs.db, run, max_cost=Money(MICRO, "USD"))
    assert jobs.to_its_end(run).state == State.DONE
    assert model.calls == len(model.texts) == TEXTS
    assert len(codes_of(jobs.db, run)) == TEXTS


def test_a_cap_uses_what_calls_in_flight_give_back(jobs: Jobs, model: ModelServer) -> None:
    model.faults.latency = 0.05
    needed = plan(jobs).model
    assert needed is not None
    one_bound = needed.bound.cost // TEXTS
    run = submit(jobs, Money(3 * one_bound, "USD"))
    jobs.slice(run)
    stored = run_row(jobs.db, run)
    assert stored.state == State.PAUSED
    assert stored.cost_charged > 2 * one_bound
    assert model.bill * MICRO <= 3 * one_bound


def test_jobs_that_a_cap_puts_off_do_not_wait_for_each_other_without_end(jobs: Jobs) -> None:
    run = jobs.submit(months(jobs, last="2024-03"))
    claims = [
        claim_job(jobs.db, row.id, owner=row.name, lease_seconds=60, has_exited=lambda _: False)
        for row in jobs.rows(run)
    ]
    waiting, other = claims
    assert waiting is not None
    assert other is not None

    def counts(waits: int, other_waits: int) -> bool:
        with jobs.db.write() as connection:
            put_off = update(Job).where(Job.id == other.job_id)
            connection.execute(put_off.values(waits=other_waits))
            return is_at_work_elsewhere(connection, replace(waiting, waits=waits))

    assert counts(waits=0, other_waits=0)
    assert counts(waits=2, other_waits=5)
    assert counts(waits=3, other_waits=0)
    assert not counts(waits=3, other_waits=1)


def test_a_cap_on_nothing_is_refused(jobs: Jobs) -> None:
    with pytest.raises(UsageError, match="give the cap in it"):
        submit(jobs, Money(MICRO, "EUR"))

    free = jobs.settings.model_copy(update={"model_price": ""})
    with closing(Jobs(free)) as free_jobs, pytest.raises(UsageError, match="costs nothing"):
        submit(free_jobs, Money(MICRO, "USD"))


def test_a_call_without_an_answer_stays_charged_at_its_bound(
    jobs: Jobs, model: ModelServer
) -> None:
    model.faults.reset = 0.3
    run = submit(jobs)
    for _ in range(20):
        if jobs.slice(run).state == State.DONE:
            break

        _make_due(jobs, run)

    assert jobs.row(run).state == State.DONE
    (call,) = (row for row in calls_of(jobs.db, run) if row.service == "model")
    assert call.calls == model.calls > TEXTS
    assert int(call.cost) < model.bill * MICRO < run_row(jobs.db, run).cost_charged
    assert int(call.charged_cost) == run_row(jobs.db, run).cost_charged


def test_a_busy_server_is_asked_again_and_charges_nothing(jobs: Jobs, model: ModelServer) -> None:
    model.faults.busy, model.faults.retry_after = 0.2, 0.01
    run = submit(jobs)
    for _ in range(30):
        if jobs.slice(run).state == State.DONE:
            break

        _make_due(jobs, run)

    assert jobs.row(run).state == State.DONE
    assert model.calls > model.answered == TEXTS
    assert 0 <= run_row(jobs.db, run).cost_charged - model.bill * MICRO < TEXTS


@pytest.mark.thorough
def test_the_bill_of_a_run_whose_workers_are_killed_stays_below_its_cap(
    jobs: Jobs, model: ModelServer
) -> None:
    model.faults.latency = 0.15
    cap = 30_000
    run = submit(jobs, Money(cap, "USD"))
    for kill in range(4):
        with worker_process(jobs.settings, jobs.row(run).id) as process:
            seen = model.answered
            wait_until(
                lambda seen=seen: model.answered > seen + 3, what=f"answers before kill {kill}"
            )
            process.kill()

    assert jobs.to_its_end(run).state == State.DONE
    assert model.bill * MICRO <= run_row(jobs.db, run).cost_charged <= cap
    paid_twice = sum(count - 1 for count in model.texts.values())
    assert paid_twice <= 4 * most_open_calls(jobs.settings.model_concurrency)
    assert len(codes_of(jobs.db, run)) == TEXTS


def test_the_model_does_not_wait_until_an_answer_is_stored(jobs: Jobs, model: ModelServer) -> None:
    model.faults.latency = 0.5
    settings = jobs.settings.model_copy(update={"model_concurrency": 4})
    run = submit(jobs)
    with worker_process(settings, jobs.row(run).id) as process:
        wait_until(lambda: run_row(jobs.db, run).calls_begun == 5, what="charges of 5 calls")
        with no_answer_stored(jobs.db):
            assert not codes_of(jobs.db, run)
            wait_until(lambda: model.answered >= 5, what="the answer to a fifth call")

        model.faults.latency = 0.0
        assert process.wait(60) == 0

    assert jobs.row(run).state == State.DONE
    assert model.calls == len(model.texts) == TEXTS


@pytest.mark.parametrize("send_within", [pytest.param(2.0, marks=pytest.mark.thorough), 0.0])
def test_calls_that_were_charged_and_not_made_are_given_back(
    jobs: Jobs, model: ModelServer, monkeypatch: pytest.MonkeyPatch, send_within: float
) -> None:
    # At 0 each charge is moved to the minute in which its call has a slot.
    monkeypatch.setattr(charged_calls, "SEND_WITHIN_SECONDS", send_within)
    model.faults.latency = 0.2
    changes = {"model_concurrency": 2, "slice_seconds": 1.0}
    with closing(Jobs(jobs.settings.model_copy(update=changes))) as short_jobs:
        run = submit(short_jobs)
        while short_jobs.slice(run).state != State.DONE:
            stored = run_row(jobs.db, run)
            assert stored.calls_begun == model.calls
            assert 0 <= stored.cost_charged - model.bill * MICRO < TEXTS

    (calls,) = (row for row in calls_of(jobs.db, run) if row.service == "model")
    assert int(calls.calls) == model.calls == TEXTS
    assert int(calls.charged_cost) == run_row(jobs.db, run).cost_charged


@contextmanager
def no_answer_stored(db: Database) -> Iterator[None]:
    """Keep every other process from storing an answer: in SQLite a writer shuts all others out."""
    with db.write() as connection:
        if not db.is_sqlite:
            connection.execute(text("LOCK TABLE answers IN SHARE ROW EXCLUSIVE MODE"))

        yield


def worker_process(settings: Settings, job: int) -> subprocess.Popen[bytes]:
    program = (
        "from workers.celery import get_runtime; "
        f"from workers.executor import work_one_slice; work_one_slice(get_runtime(), {job})"
    )
    return subprocess.Popen(python_script(program), env=environment(settings))  # noqa: S603 - ours


def _make_due(jobs: Jobs, run: int) -> None:
    resume_run(jobs.db, run)


def test_a_plan_says_calls_exactly_a_bound_and_what_is_expected(
    jobs: Jobs, model: ModelServer
) -> None:
    before = plan(jobs)
    assert before.by_operation["chat_completions"] == TEXTS
    assert before.model is not None
    assert before.model.expected is None
    run = submit(jobs, Money(2_500, "USD"))
    jobs.slice(run)
    assert 10 <= model.answered < TEXTS

    halfway = plan(jobs)
    missing = TEXTS - len(model.texts)
    assert halfway.by_operation["chat_completions"] == missing
    billed = model.bill * MICRO
    resume_run(jobs.db, run, max_cost=Money(MICRO, "USD"))
    jobs.to_its_end(run)
    took = float(model.bill * MICRO - billed)
    assert halfway.model is not None
    assert halfway.model.expected is not None
    assert halfway.model.error is not None
    assert took <= halfway.model.bound.cost
    assert took == pytest.approx(halfway.model.expected.cost, rel=0.03)
    assert model.bill * MICRO <= before.model.bound.cost
    assert json.dumps(asdict(halfway))
    assert plan(jobs).calls_to_make == 0


def test_the_error_of_an_expectation_holds_what_comes(jobs: Jobs, model: ModelServer) -> None:
    run = submit(jobs, Money(2_500, "USD"))
    jobs.slice(run)
    expected = plan(jobs).model
    billed = model.bill * MICRO
    resume_run(jobs.db, run, max_cost=Money(MICRO, "USD"))
    jobs.to_its_end(run)
    assert expected is not None
    assert expected.expected is not None
    assert expected.error is not None
    distance = abs(float(model.bill * MICRO - billed) - expected.expected.cost)
    assert distance <= 2 * expected.error * expected.expected.cost + TEXTS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Price()),
        (
            "0.15 in, 0.60 out, USD per million; batch 50 %; as of 2026-11-01",
            Price(150_000, 600_000, 150_000, "USD", 50_000_000, "2026-11-01"),
        ),
        (
            "3 in, 15 out, 0.30 cached, EUR per million; as of 2026-01-31",
            Price(3_000_000, 15_000_000, 300_000, "EUR", 100_000_000, "2026-01-31"),
        ),
    ],
)
def test_prices_are_whole_millionths(text: str, expected: Price) -> None:
    assert parse_price(text) == expected


def test_costs_are_rounded_up_and_cached_tokens_have_their_own_price() -> None:
    price = parse_price("3 in, 15 out, 0.30 cached, EUR per million; as of 2026-01-31")
    assert price.cost(Tokens(100, 10, cached=40)) == 60 * 3 + 12 + 150
    assert price.cost(Tokens(1, 0, cached=1)) == 1
    assert price.most(100, 10) == 450
    assert str(parse_money("20USD")) == "20.00 USD"
    assert str(Money(1, "USD")) == "0.000001 USD"


def test_a_worker_whose_price_is_in_another_currency_asks_nothing(
    jobs: Jobs, model: ModelServer
) -> None:
    run = submit(jobs)
    euros = jobs.settings.model_copy(update={"model_price": PRICE.replace("USD", "EUR")})
    with closing(Jobs(euros)) as others:
        row = others.to_its_end(run)

    assert row.state == State.FAILED
    assert "the run was submitted with one in USD" in row.reason
    assert model.calls == 0
