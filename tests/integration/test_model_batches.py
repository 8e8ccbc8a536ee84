"""Batches of texts for a language model: nothing is lost or paid twice, whatever breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import func, select, update

from core.enums import CodeState, State
from core.prices import Money
from core.ratelimit import credential_of
from core.settings import Settings
from models.answers import calls_by_minute
from models.run_transitions import cancel_run, resume_run
from models.tables import BatchLine, Job, ModelBatch, Run
from producers.imports import import_paths
from producers.model_costs import CostPlan
from producers.plan import plan_run
from producers.submit import submit_run
from tests.batch_killer import MOMENTS, kill_at
from tests.e2e_kit import write_archive
from tests.jobs_kit import Jobs
from tests.model_kit import calls_of, codes_of, months, run_row, with_model
from tests.stub_model import ModelServer
from tests.tiers import thorough_but
from textapi.messages import Engine

BATCH_PRICE = "0.15 in, 0.60 out, USD per million; batch 50 %; as of 2026-11-01"
MICRO = 1_000_000
TEXTS = 12
HEADLINES = {"2024-02-03": [f"Flood number {number} comes to town." for number in range(TEXTS)]}


@pytest.fixture
def jobs(stub_settings: Settings, model: ModelServer) -> Iterator[Jobs]:
    settings = with_model(
        stub_settings, model, model_price=BATCH_PRICE, model_max_tokens=100, model_batch_seconds=0.1
    )
    with closing(Jobs(settings)) as opened:
        archive = write_archive(settings.home, HEADLINES)
        import_paths(opened.db, [archive], source=None, handle=None, columns={})
        yield opened


def submit(jobs: Jobs, cap: Money | None = None, **options: object) -> int:
    return submit_run(jobs.db, months(jobs, **{"batch": True, **options}), (), max_cost=cap)


def work(jobs: Jobs, run: int, *, slices: int = 30) -> None:
    """Work on the run's job until it has ended, as if the time between two slices were over."""
    for _ in range(slices):
        if jobs.slice(run).state in (State.DONE, State.FAILED):
            return

        make_due(jobs, run)

    raise AssertionError(jobs.row(run))


def make_due(jobs: Jobs, run: int) -> None:
    with jobs.db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(due_at=0.0))
        creating = update(ModelBatch).where(ModelBatch.creating_at.is_not(None))
        connection.execute(creating.values(creating_at=ModelBatch.creating_at - 3600))


def open_lines(jobs: Jobs) -> int:
    with jobs.db.read() as connection:
        return connection.scalar(select(func.count()).select_from(BatchLine)) or 0


def test_a_job_waits_for_its_batch_and_holds_no_process(jobs: Jobs, model: ModelServer) -> None:
    run = submit(jobs)
    row = jobs.slice(run)
    assert row.state == State.WAITING
    assert row.owner is None
    assert row.reason == f"1 batch with {TEXTS} texts (in_progress; 0 answered)"
    assert model.calls == 0
    bound = run_row(jobs.db, run).cost_charged
    assert bound > 0

    work(jobs, run)
    assert jobs.row(run).state == State.DONE
    assert len(codes_of(jobs.db, run)) == TEXTS
    assert len(model.batches) == 1
    assert open_lines(jobs) == 0
    (calls,) = (row for row in calls_of(jobs.db, run) if row.service == "model")
    assert int(calls.calls) == model.answered == TEXTS
    charged = run_row(jobs.db, run).cost_charged
    assert 0 <= charged - model.bill * MICRO < TEXTS
    assert charged == int(calls.cost) < bound


def test_limits_of_calls_that_are_rebuilt_count_no_line_of_a_batch(
    jobs: Jobs, model: ModelServer
) -> None:
    work(jobs, submit(jobs))
    assert model.answered == TEXTS
    counts = calls_by_minute(
        jobs.db, service="model", credential=credential_of(None), seconds=3600, at_once=10
    )
    assert counts == []


def test_batches_have_no_more_lines_than_the_server_takes(jobs: Jobs, model: ModelServer) -> None:
    small = jobs.settings.model_copy(update={"model_batch_lines": 5})
    with closing(Jobs(small)) as small_jobs:
        run = submit(small_jobs)
        small_jobs.slice(run)
        assert small_jobs.row(run).reason.startswith(f"3 batches with {TEXTS} texts")
        work(small_jobs, run)

    assert [batch["request_counts"]["total"] for batch in model.batches.values()] == [5, 5, 2]
    assert model.answered == len(model.texts) == TEXTS


def test_no_more_tokens_are_enqueued_than_the_server_takes(jobs: Jobs, model: ModelServer) -> None:
    few = jobs.settings.model_copy(update={"model_batch_tokens": 12_000})
    with closing(Jobs(few)) as few_jobs:
        run = submit(few_jobs)
        few_jobs.slice(run)
        assert 0 < open_lines(few_jobs) < TEXTS
        work(few_jobs, run)
        assert len(codes_of(few_jobs.db, run)) == TEXTS

    assert len(model.batches) > 1
    assert model.answered == TEXTS


def test_a_text_that_no_batch_may_have_fails_the_job_and_costs_nothing(
    jobs: Jobs, model: ModelServer
) -> None:
    too_few = jobs.settings.model_copy(update={"model_batch_tokens": 500})
    with closing(Jobs(too_few)) as small_jobs:
        run = submit(small_jobs)
        row = small_jobs.slice(run)

    assert row.state == State.FAILED
    assert "TIDINGS_MODEL_BATCH_TOKENS lets all batches together have 500" in row.reason
    assert run_row(jobs.db, run).cost_charged == 0
    assert not model.batches


def test_what_a_batch_lost_or_failed_is_asked_again_alone(jobs: Jobs, model: ModelServer) -> None:
    lost, failed = HEADLINES["2024-02-03"][0], HEADLINES["2024-02-03"][1]
    model.faults.lost_lines, model.faults.failed_lines = (lost,), (failed,)
    model.faults.batch_state = "expired"
    run = submit(jobs)
    jobs.slice(run)
    make_due(jobs, run)
    jobs.slice(run)
    model.faults.lost_lines, model.faults.failed_lines = (), ()
    model.faults.batch_state = "completed"
    work(jobs, run)
    totals = [batch["request_counts"]["total"] for batch in model.batches.values()]
    assert totals == [TEXTS, 2]
    assert model.answered == len(model.texts) == TEXTS
    assert 0 <= run_row(jobs.db, run).cost_charged - model.bill * MICRO < TEXTS


@pytest.mark.thorough
def test_what_a_killed_process_had_stored_of_a_batch_counts_as_its_answers(
    jobs: Jobs, model: ModelServer
) -> None:
    model.faults.lost_lines = (HEADLINES["2024-02-03"][0],)
    model.faults.batch_state = "cancelled"
    run = submit(jobs)
    jobs.slice(run)
    make_due(jobs, run)
    assert kill_at(jobs.settings, jobs.row(run).id, "settle_lines", "after")
    make_due(jobs, run)
    model.faults.lost_lines, model.faults.batch_state = (), "completed"
    work(jobs, run)
    assert jobs.row(run).state == State.DONE
    assert model.answered == len(model.texts) == TEXTS


def test_a_batch_without_any_answer_fails_the_job_and_costs_nothing(
    jobs: Jobs, model: ModelServer
) -> None:
    model.faults.batch_state = "failed"
    run = submit(jobs)
    work(jobs, run)
    row = jobs.row(run)
    assert row.state == State.FAILED
    assert 'batch_1 is failed and has no answer (it says "the file is malformed")' in row.reason
    assert run_row(jobs.db, run).cost_charged == 0
    assert open_lines(jobs) == 0


@pytest.mark.parametrize(("bad_attempts", "paid"), [(1, 2), (9, 3)])
@pytest.mark.parametrize(
    "fault",
    thorough_but([CodeState.REFUSED, CodeState.CUT_OFF, CodeState.INVALID], CodeState.REFUSED),
)
def test_a_text_of_a_batch_without_codes_is_asked_three_times_as_by_chat(
    jobs: Jobs, model: ModelServer, fault: CodeState, bad_attempts: int, paid: int
) -> None:
    text = HEADLINES["2024-02-03"][0]
    setattr(model.faults, fault.replace(" ", "_"), (text,))
    model.faults.bad_attempts = bad_attempts
    run = submit(jobs)
    work(jobs, run)
    assert jobs.row(run).state == State.DONE
    states = [value["harm"].state for value in codes_of(jobs.db, run).values()]
    assert states.count(CodeState.CODED) == TEXTS - (paid == 3)
    assert states.count(fault) == (paid == 3)
    totals = [batch["request_counts"]["total"] for batch in model.batches.values()]
    assert totals == [TEXTS, *[1] * (paid - 1)]
    assert model.texts[text] == paid
    (calls,) = (row for row in calls_of(jobs.db, run) if row.service == "model")
    assert (calls.calls, calls.retries) == (TEXTS + paid - 1, paid - 1)
    assert 0 <= run_row(jobs.db, run).cost_charged - model.bill * MICRO < TEXTS + 2

    # What is stored then is nobody's to ask again.
    work(jobs, submit(jobs))
    assert model.texts[text] == paid


def test_a_cap_leaves_no_room_to_ask_again(jobs: Jobs, model: ModelServer) -> None:
    text = HEADLINES["2024-02-03"][0]
    model.faults.refused = (text,)
    run = submit(jobs)
    jobs.slice(run)
    bound = run_row(jobs.db, run).cost_charged
    cancel_run(jobs.db, run)

    # The other run needs the same texts, and its cap is what the first attempts cost.
    other = submit(jobs, Money(bound // TEXTS // 2, "USD"))
    work(jobs, other)
    assert model.texts[text] == 1
    states = [value["harm"].state for value in codes_of(jobs.db, other).values()]
    assert states.count(CodeState.REFUSED) == 1
    assert run_row(jobs.db, other).cost_charged == 0


def test_a_further_answer_that_never_comes_leaves_the_one_before(
    jobs: Jobs, model: ModelServer
) -> None:
    text = HEADLINES["2024-02-03"][0]
    model.faults.refused = (text,)
    run = submit(jobs)
    jobs.slice(run)
    make_due(jobs, run)
    jobs.slice(run)
    assert open_lines(jobs) == 1
    model.faults.lost_lines = (text,)
    work(jobs, run)
    assert jobs.row(run).state == State.DONE
    assert model.texts[text] == 1
    states = [value["harm"].state for value in codes_of(jobs.db, run).values()]
    assert states.count(CodeState.REFUSED) == 1


@pytest.mark.parametrize(("batch_after", "calls", "lines"), [(None, TEXTS, 0), (4, 0, TEXTS)])
def test_a_run_of_an_earlier_version_that_asks_some_texts_before_batches_asks_all_by_batches(
    jobs: Jobs, model: ModelServer, batch_after: int | None, calls: int, lines: int
) -> None:
    run = submit(jobs, batch=False)
    with jobs.db.write() as connection:
        stored = connection.scalar(select(Run.parameters).where(Run.id == run))
        earlier = {**(stored or {}), "batch_after": batch_after}
        connection.execute(update(Run).where(Run.id == run).values(parameters=earlier))

    jobs.slice(run)
    assert (model.calls, open_lines(jobs)) == (calls, lines)
    work(jobs, run)
    assert model.answered == len(model.texts) == TEXTS


def test_nobody_else_asks_about_the_texts_of_a_batch(jobs: Jobs, model: ModelServer) -> None:
    first = submit(jobs)
    jobs.slice(first)
    second = submit(jobs, batch=False)
    assert jobs.slice(second).reason == "texts that a batch of another run has"
    assert model.calls == 0
    work(jobs, first)
    work(jobs, second)
    assert model.answered == TEXTS
    assert codes_of(jobs.db, second).keys() == codes_of(jobs.db, first).keys()


def test_a_batch_of_a_cancelled_run_serves_who_needs_it(jobs: Jobs, model: ModelServer) -> None:
    first = submit(jobs)
    jobs.slice(first)
    cancel_run(jobs.db, first)
    second = submit(jobs)
    work(jobs, second)
    assert len(codes_of(jobs.db, second)) == TEXTS
    assert len(model.batches) == 1
    assert model.answered == TEXTS


def test_texts_of_a_batch_that_nobody_knows_any_more_are_open_again(
    jobs: Jobs, model: ModelServer
) -> None:
    first = submit(jobs)
    assert kill_at(jobs.settings, jobs.row(first).id, "BatchClient.upload", "before")
    cancel_run(jobs.db, first)

    # The other run has one of the texts, and sees to the batch, which has the others too.
    path = write_archive(jobs.settings.home / "later", {"2024-03-03": HEADLINES["2024-02-03"][:1]})
    import_paths(jobs.db, [path], source=None, handle=None, columns={})
    second = submit(jobs, first="2024-03", last="2024-03")
    work(jobs, second)
    assert [batch["request_counts"]["total"] for batch in model.batches.values()] == [1]
    assert 0 <= run_row(jobs.db, first).cost_charged - model.bill * MICRO < 1

    third = submit(jobs)
    work(jobs, third)
    states = {value["harm"].state for value in codes_of(jobs.db, third).values()}
    assert states == {CodeState.CODED}
    assert model.answered == len(model.texts) == TEXTS


def test_a_cap_leaves_out_what_it_has_no_room_for(jobs: Jobs, model: ModelServer) -> None:
    run = submit(jobs)
    jobs.slice(run)
    bound = run_row(jobs.db, run).cost_charged
    cancel_run(jobs.db, run)
    with jobs.db.write() as connection:
        connection.execute(ModelBatch.__table__.delete())

    cap = bound // 2
    capped = submit(jobs, Money(cap, "USD"))
    jobs.slice(capped)
    assert 0 < open_lines(jobs) < TEXTS
    assert run_row(jobs.db, capped).cost_charged <= cap
    for _ in range(30):
        row = jobs.slice(capped)
        if row.state == State.DONE or run_row(jobs.db, capped).state == State.PAUSED:
            break

        make_due(jobs, capped)
        assert run_row(jobs.db, capped).cost_charged <= cap

    assert model.bill * MICRO <= cap
    if run_row(jobs.db, capped).state == State.PAUSED:
        resume_run(jobs.db, capped, max_cost=Money(MICRO, "USD"))
        work(jobs, capped)

    assert len(codes_of(jobs.db, capped)) == TEXTS


def test_a_creation_whose_answer_is_lost_is_found_again(jobs: Jobs, model: ModelServer) -> None:
    model.faults.loses_creation = True
    run = submit(jobs)
    jobs.slice(run)
    model.faults.loses_creation = False
    work(jobs, run)
    assert len(model.batches) == 1
    assert model.answered == TEXTS


def test_of_two_batches_for_one_intent_one_is_cancelled(jobs: Jobs, model: ModelServer) -> None:
    model.faults.loses_creation = True
    run = submit(jobs)
    jobs.slice(run)
    (batch,) = model.batches.values()
    model.batches["batch_2"] = {**batch, "id": "batch_2", "created_at": 9}
    model.faults.loses_creation = False
    work(jobs, run)
    assert model.batches["batch_2"]["status"] == "cancelled"
    assert model.answered == len(model.texts) == TEXTS


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_process_that_is_killed_at_any_moment_loses_nothing_and_pays_nothing_twice(
    jobs: Jobs, model: ModelServer, moment: str, when: str
) -> None:
    model.faults.batch_looks = 0
    # A text that is asked again is paid again, once.
    model.faults.refused, model.faults.bad_attempts = (HEADLINES["2024-02-03"][0],), 1
    run = submit(jobs)
    for _ in range(3):
        is_killed = kill_at(jobs.settings, jobs.row(run).id, moment, when)
        make_due(jobs, run)
        if is_killed:
            break

    assert is_killed, moment
    work(jobs, run)
    assert jobs.row(run).state == State.DONE
    states = {value["harm"].state for value in codes_of(jobs.db, run).values()}
    assert states == {CodeState.CODED}
    assert len(codes_of(jobs.db, run)) == len(model.texts) == TEXTS
    assert model.answered == TEXTS + 1
    assert 0 <= run_row(jobs.db, run).cost_charged - model.bill * MICRO < TEXTS
    assert open_lines(jobs) == 0


def test_a_plan_of_batches_has_their_price(jobs: Jobs, model: ModelServer) -> None:
    engine = Engine(str(jobs.settings.textapi_url).removeprefix("http://"))

    def plan(**options: object) -> CostPlan:
        parameters = months(jobs, **options)
        figures = plan_run(jobs.db, parameters, (), engine=engine, settings=jobs.settings)
        assert figures.model is not None
        return figures.model

    by_batch, at_once = plan(batch=True), plan()
    assert by_batch.calls == at_once.calls == TEXTS
    assert by_batch.bound.cost - TEXTS == pytest.approx((at_once.bound.cost - TEXTS) / 2, abs=1)
    work(jobs, submit(jobs))
    assert model.bill * MICRO <= by_batch.bound.cost
