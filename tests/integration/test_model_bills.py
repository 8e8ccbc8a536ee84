"""What a server of language models says of its work: no run pays more than its cap for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, update

from core.enums import CodeState, State
from core.prices import Money
from core.settings import Settings
from models.costs import charge_run
from models.erasure import forget_run
from models.run_transitions import pause_run, resume_run, retry_run
from models.tables import BatchLine, Job, ModelBatch, Run
from producers.imports import import_paths
from producers.submit import submit_run
from tests.e2e_kit import write_archive
from tests.jobs_kit import Jobs
from tests.model_kit import calls_of, codes_of, months, run_row, step_reason, with_model
from tests.stub_model import ModelServer
from tests.tiers import thorough_but

PRICE = "0.15 in, 0.60 out, USD per million; batch 50 %; as of 2026-11-01"
MICRO = 1_000_000
TEXTS = [f"Flood number {number} comes to town." for number in range(6)]
MONTHS = ("2024-02", "2024-03", "2024-04")
ODD = TEXTS[0]

Reply = dict[str, Any]
Tell = Callable[[str, Reply], tuple[int, Any]]

# SQLite alone, where nothing depends on the database.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt",
        "param": "prompt",
        "code": "content_filter",
        "innererror": {"code": "ResponsibleAIPolicyViolation"},
    }
}
INNER_ERROR = {"error": {"code": 400, "inner_error": {"code": "ResponsibleAIPolicyViolation"}}}
OF_LITELLM = {
    "error": {
        "message": "litellm.ContentPolicyViolationError: AzureException - no",
        "type": "invalid_request_error",
        "param": None,
        "code": "400",
    }
}
TOO_LONG = {
    "error": {
        "message": "This model's maximum context length is 4096 tokens.",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}


@pytest.fixture
def jobs(stub_settings: Settings, model: ModelServer) -> Iterator[Jobs]:
    settings = with_model(
        stub_settings, model, model_price=PRICE, model_max_tokens=100, model_batch_seconds=0.1
    )
    with closing(Jobs(settings)) as opened:
        headlines = {"2024-02-03": TEXTS}
        headlines |= {f"{month}-03": [f"{text} {month}" for text in TEXTS] for month in MONTHS[1:]}
        archive = write_archive(settings.home, headlines)
        import_paths(opened.db, [archive], source=None, handle=None, columns={})
        yield opened


def submit(jobs: Jobs, *, batch: bool, last: str = "2024-02", cap: int | None = None) -> int:
    max_cost = None if cap is None else Money(cap, "USD")
    return submit_run(jobs.db, months(jobs, batch=batch, last=last), (), max_cost=max_cost)


def work(jobs: Jobs, run: int, *, rounds: int = 20) -> None:
    """Work on all jobs of a run until each has ended, or the run is paused."""
    for _ in range(rounds):
        for row in jobs.rows(run):
            if run_row(jobs.db, run).state == State.RUNNING or row.state == State.QUEUED:
                jobs.slice(run, row.name)

        states = {row.state for row in jobs.rows(run)}
        if states <= {State.DONE, State.FAILED} or run_row(jobs.db, run).state == State.PAUSED:
            return

        make_due(jobs, run)

    raise AssertionError(jobs.rows(run))


def make_due(jobs: Jobs, run: int, months: Sequence[str] = MONTHS) -> None:
    due = update(Job).where(Job.run_id == run, Job.name.in_(months)).values(due_at=0.0)
    with jobs.db.write() as connection:
        connection.execute(due)


def about(text: str, told: Any, status: int = 200) -> Tell:
    """Return what tells something else about one text."""

    def tell(asked: str, reply: Reply) -> tuple[int, Any]:
        return (status, told(reply) if callable(told) else told) if asked == text else (200, reply)

    return tell


def with_message(**changes: Any) -> Callable[[Reply], Reply]:
    def change(reply: Reply) -> Reply:
        (choice,) = reply["choices"]
        return {**reply, "choices": [{**choice, "message": {**choice["message"], **changes}}]}

    return change


def with_usage(**changes: Any) -> Tell:
    return lambda _text, reply: (200, {**reply, "usage": {**reply["usage"], **changes}})


def states_of(jobs: Jobs, run: int) -> list[CodeState]:
    return sorted(value["harm"].state for value in codes_of(jobs.db, run).values())


WITHOUT_CHOICES = {"choices": []}
NO_COMPLETIONS = (
    WITHOUT_CHOICES,
    with_message(content=[{"type": "image"}]),
    {"error": {"message": "upstream is away"}},
    [],
)


@ON_SQLITE
@pytest.mark.parametrize(
    ("told", "batch"),
    thorough_but(
        [*((told, True) for told in NO_COMPLETIONS), (WITHOUT_CHOICES, False)],
        *((WITHOUT_CHOICES, True), (WITHOUT_CHOICES, False)),
    ),
)
def test_an_answer_that_is_no_completion_is_paid_three_times_and_kept_as_invalid(
    jobs: Jobs, model: ModelServer, told: Any, batch: bool
) -> None:
    model.tell = about(ODD, told)
    run = submit(jobs, batch=batch)
    work(jobs, run)
    row = jobs.row(run)
    assert row.state == State.DONE, row.reason
    assert model.texts[ODD] == 3
    assert states_of(jobs, run) == [CodeState.CODED] * 5 + [CodeState.INVALID]
    assert "1 of 6 texts got no code: invalid 1" in step_reason(jobs.db, row.id)
    assert run_row(jobs.db, run).cost_charged >= model.bill * MICRO

    work(jobs, submit(jobs, batch=batch))
    assert model.texts[ODD] == 3


@ON_SQLITE
def test_a_completion_in_parts_is_read(jobs: Jobs, model: ModelServer) -> None:
    def part(reply: Reply) -> Reply:
        content = reply["choices"][0]["message"]["content"]
        parts = [{"type": "text", "text": content[:7]}, {"type": "text", "text": content[7:]}]
        return with_message(content=parts)(reply)

    model.tell = about(ODD, part)
    run = submit(jobs, batch=True)
    work(jobs, run)
    assert states_of(jobs, run) == [CodeState.CODED] * 6
    assert model.texts[ODD] == 1


@ON_SQLITE
def test_a_cap_holds_where_reasoning_is_told_beside_the_completion(
    jobs: Jobs, model: ModelServer
) -> None:
    def tell(_text: str, reply: Reply) -> tuple[int, Reply]:
        usage = reply["usage"]
        model.bill += Fraction(60, 100) * 60 / MICRO
        total = usage["prompt_tokens"] + usage["completion_tokens"] + 60
        details = {"reasoning_tokens": 60}
        told = {**usage, "total_tokens": total, "completion_tokens_details": details}
        return 200, {**reply, "usage": told}

    model.tell = tell
    cap = 600
    run = submit(jobs, batch=False, cap=cap)
    jobs.slice(run)
    assert run_row(jobs.db, run).state == State.PAUSED
    assert 0 < model.bill * MICRO <= run_row(jobs.db, run).cost_charged <= cap


@ON_SQLITE
@pytest.mark.parametrize("batch", [True, False])
def test_a_usage_of_nothing_for_a_text_is_charged_at_the_bound(
    jobs: Jobs, model: ModelServer, batch: bool
) -> None:
    model.tell = with_usage(prompt_tokens=0, completion_tokens=0)
    run = submit(jobs, batch=batch)
    work(jobs, run)
    (calls,) = (row for row in calls_of(jobs.db, run) if row.service == "model")
    assert not calls.cost
    bound = run_row(jobs.db, run).cost_charged
    assert bound == int(calls.charged_cost) > 2 * model.bill * MICRO


@pytest.mark.parametrize("batch", [True, False])
def test_usage_above_the_bound_stops_every_job_of_the_run(
    jobs: Jobs, model: ModelServer, batch: bool
) -> None:
    # One month's batch has ended when the others are still open.
    model.tell = with_usage(completion_tokens=10**12)
    run = submit(jobs, batch=batch, last=MONTHS[-1])
    changes = {"model_concurrency": 1, "model_batch_seconds": 60.0}
    with closing(Jobs(jobs.settings.model_copy(update=changes))) as slow_jobs:
        for month in MONTHS if batch else ():
            slow_jobs.slice(run, month)

        make_due(jobs, run, ["2024-02"])
        slow_jobs.slice(run, "2024-02")

    assert run_row(jobs.db, run).state == State.FAILED
    for row in jobs.rows(run):
        assert row.state == State.FAILED
        assert "cannot be bounded" in row.reason

    # Two months work in a slice, each with two calls that are charged.
    assert model.answered <= (len(TEXTS) if batch else 4)
    assert run_row(jobs.db, run).cost_charged >= model.bill * MICRO
    if batch:
        statuses = sorted(batch["status"] for batch in model.batches.values())
        assert statuses == ["cancelled", "cancelled", "completed"]


@ON_SQLITE
def test_a_run_that_was_stopped_charges_no_call(jobs: Jobs, model: ModelServer) -> None:
    run = submit(jobs, batch=False)
    model.faults.latency = 0.1
    with jobs.db.write() as connection:
        connection.execute(update(Run).where(Run.id == run).values(state=State.FAILED))

    with jobs.db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(state=State.QUEUED))

    jobs.slice(run)
    assert model.calls == 0
    assert run_row(jobs.db, run).cost_charged == 0


@ON_SQLITE
@pytest.mark.parametrize("body", thorough_but([FILTERED, INNER_ERROR, OF_LITELLM], FILTERED))
@pytest.mark.parametrize("batch", [True, False])
def test_a_text_that_a_filter_refuses_is_refused_and_paid_once(
    jobs: Jobs, model: ModelServer, batch: bool, body: Any
) -> None:
    model.tell = about(ODD, body, 400)
    run = submit(jobs, batch=batch)
    work(jobs, run)
    row = jobs.row(run)
    assert row.state == State.DONE, row.reason
    assert states_of(jobs, run) == [CodeState.CODED] * 5 + [CodeState.REFUSED]
    assert step_reason(jobs.db, row.id) == "1 of 6 texts got no code: refused 1"
    assert model.texts[ODD] == 1
    assert run_row(jobs.db, run).cost_charged >= model.bill * MICRO

    work(jobs, submit(jobs, batch=not batch))
    assert model.texts[ODD] == 1


@ON_SQLITE
@pytest.mark.parametrize(("status", "body"), [(400, TOO_LONG), (413, {"error": "too large"})])
@pytest.mark.parametrize("batch", [True, False])
def test_a_text_that_is_too_long_is_invalid_and_the_others_are_coded(
    jobs: Jobs, model: ModelServer, batch: bool, status: int, body: Any
) -> None:
    model.tell = about(ODD, body, status)
    run = submit(jobs, batch=batch)
    work(jobs, run)
    row = jobs.row(run)
    assert row.state == State.DONE, row.reason
    assert states_of(jobs, run) == [CodeState.CODED] * 5 + [CodeState.INVALID]
    assert step_reason(jobs.db, row.id) == "1 of 6 texts got no code: invalid 1"
    assert model.texts[ODD] <= 2
    assert len(model.batches) == int(batch)
    if status != 413:
        assert run_row(jobs.db, run).cost_charged >= model.bill * MICRO


@ON_SQLITE
@pytest.mark.parametrize("batch", [True, False])
def test_a_server_to_which_every_text_is_too_long_fails_the_month_and_keeps_nothing(
    jobs: Jobs, model: ModelServer, batch: bool
) -> None:
    model.tell = lambda _text, _reply: (413, {"error": "too large"})
    run = submit(jobs, batch=batch)
    work(jobs, run)
    assert jobs.row(run).state == State.FAILED
    assert run_row(jobs.db, run).cost_charged == 0
    assert max(model.texts.values()) <= 2

    model.tell = lambda _text, reply: (200, reply)
    retry_run(jobs.db, run)
    work(jobs, run)
    assert states_of(jobs, run) == [CodeState.CODED] * 6


@ON_SQLITE
@pytest.mark.parametrize("status", [503, 201, 400])
def test_a_line_that_may_have_been_worked_on_is_paid_and_asked_three_times(
    jobs: Jobs, model: ModelServer, status: int
) -> None:
    model.tell = about(ODD, {"error": {"message": "no"}}, status)
    run = submit(jobs, batch=True)
    work(jobs, run)
    assert jobs.row(run).state == State.DONE
    assert model.texts[ODD] == 3
    assert states_of(jobs, run) == [CodeState.CODED] * 5 + [CodeState.INVALID]
    assert run_row(jobs.db, run).cost_charged >= model.bill * MICRO


@ON_SQLITE
def test_a_call_that_503_answers_costs_its_bound(jobs: Jobs, model: ModelServer) -> None:
    model.tell = about(ODD, {"error": {"message": "overloaded"}}, 503)
    run = submit(jobs, batch=False)
    row = jobs.slice(run)
    assert row.state == State.WAITING
    assert model.texts[ODD] == 3
    (calls,) = (row for row in calls_of(jobs.db, run) if row.service == "model")
    one_bound = int(calls.charged_cost - calls.cost) // 3
    assert one_bound > 200
    assert run_row(jobs.db, run).cost_charged == int(calls.charged_cost) >= model.bill * MICRO


def test_a_run_at_its_cap_waits_for_its_batches_and_goes_on_with_what_they_leave(
    jobs: Jobs, model: ModelServer
) -> None:
    first = submit(jobs, batch=True)
    jobs.slice(first)
    bound = run_row(jobs.db, first).cost_charged
    work(jobs, first)

    # The cap is the bound of one month's batch, and two months are left.
    patient = jobs.settings.model_copy(update={"model_batch_seconds": 60.0})
    run = submit(jobs, batch=True, last=MONTHS[-1], cap=bound + 20)
    with closing(Jobs(patient)) as patient_jobs:
        for month in MONTHS:
            patient_jobs.slice(run, month)

    assert run_row(jobs.db, run).state == State.RUNNING
    assert jobs.row(run, "2024-04").reason == (
        "the run's cap is held by batches whose answers are to come"
    )
    make_due(jobs, run)
    work(jobs, run)
    assert run_row(jobs.db, run).state == State.DONE
    assert len(codes_of(jobs.db, run)) == 3 * len(TEXTS)
    assert max(model.texts.values()) == 1
    assert run_row(jobs.db, run).cost_charged <= bound + 20


@ON_SQLITE
def test_a_run_that_was_paused_with_open_batches_resumes_and_takes_their_answers(
    jobs: Jobs, model: ModelServer
) -> None:
    run = submit(jobs, batch=True, cap=MICRO)
    jobs.slice(run)
    pause_run(jobs.db, run)
    with jobs.db.write() as connection:
        paused = update(Run).where(Run.id == run)
        connection.execute(paused.values(reason="its cap", max_cost=Run.cost_charged))

    resume_run(jobs.db, run)
    work(jobs, run)
    assert run_row(jobs.db, run).state == State.DONE
    assert len(codes_of(jobs.db, run)) == model.answered == len(TEXTS)


@ON_SQLITE
def test_a_failed_month_leaves_its_batch_to_the_others_of_a_run_at_its_cap(
    jobs: Jobs, model: ModelServer
) -> None:
    run = submit(jobs, batch=True, last="2024-03", cap=MICRO)
    jobs.slice(run, "2024-02")
    with jobs.db.write() as connection:
        failed = update(Job).where(Job.run_id == run, Job.name == "2024-02")
        connection.execute(failed.values(state=State.FAILED))
        charged = connection.scalar(select(Run.cost_charged).where(Run.id == run)) or 0
        charge_run(connection, run, cost=MICRO - charged)

    work(jobs, run)
    assert len(model.texts) == 2 * len(TEXTS)
    retry_run(jobs.db, run)
    work(jobs, run)
    assert len(codes_of(jobs.db, run)) == 2 * len(TEXTS)
    assert max(model.texts.values()) == 1


@pytest.mark.parametrize(("lost", "paid"), [(TEXTS[:2], 3), (TEXTS, 3)])
def test_what_a_server_worked_on_and_does_not_deliver_is_paid_three_times_at_the_most(
    jobs: Jobs, model: ModelServer, lost: list[str], paid: int
) -> None:
    model.faults.lost_lines = tuple(lost)
    run = submit(jobs, batch=True)
    work(jobs, run)
    row = jobs.row(run)
    assert row.state == State.DONE, row.reason
    assert [batch["request_counts"]["total"] for batch in model.batches.values()] == [
        len(TEXTS),
        *[len(lost)] * (paid - 1),
    ]
    assert states_of(jobs, run).count(CodeState.INVALID) == len(lost)
    (calls,) = (row for row in calls_of(jobs.db, run) if row.service == "model")
    assert int(calls.calls) == len(TEXTS) + (paid - 1) * len(lost)
    assert int(calls.charged_cost) > int(calls.cost or 0) + 3 * len(lost) * 100


@ON_SQLITE
def test_batches_leave_out_what_the_model_refuses_also_in_another_process(
    jobs: Jobs, model: ModelServer
) -> None:
    model.faults.unsupported = ("response_format", "seed", "temperature", "max_tokens")
    model.choose = lambda _variable, _text, _possible: "no"
    run = submit(jobs, batch=True)
    for _ in range(8):
        # Each slice is that of a process which knows of no refusal.
        with closing(Jobs(jobs.settings)) as others:
            if others.slice(run).state in (State.DONE, State.FAILED):
                break

        make_due(jobs, run)

    row = jobs.row(run)
    assert row.state == State.DONE, row.reason
    assert len(model.batches) == 5
    assert len(codes_of(jobs.db, run)) == model.answered == len(TEXTS)
    assert 0 <= run_row(jobs.db, run).cost_charged - model.bill * MICRO < len(TEXTS)


def test_the_batch_of_a_forgotten_run_serves_who_needs_it(jobs: Jobs, model: ModelServer) -> None:
    first = submit(jobs, batch=True)
    jobs.slice(first)
    forget_run(jobs.db, first)
    second = submit(jobs, batch=True)
    work(jobs, second)
    assert len(codes_of(jobs.db, second)) == model.answered == len(TEXTS)
    assert len(model.batches) == 1
    assert run_row(jobs.db, second).cost_charged == 0
    (calls,) = (row for row in calls_of(jobs.db, first) if row.service == "model")
    assert int(calls.charged_cost) >= model.bill * MICRO
    with jobs.db.read() as connection:
        assert not connection.scalars(select(BatchLine.key)).all()
        assert not connection.scalars(select(ModelBatch.uuid)).all()


@ON_SQLITE
def test_results_that_are_longer_than_answers_can_be_are_not_read(
    jobs: Jobs, model: ModelServer
) -> None:
    model.tell = lambda _text, reply: (200, {**reply, "padding": "x" * 2**20})
    run = submit(jobs, batch=True)
    jobs.slice(run)
    charged = run_row(jobs.db, run).cost_charged
    make_due(jobs, run)
    row = jobs.slice(run)
    assert row.state == State.FAILED
    assert "the results of a batch are longer than" in row.reason
    assert run_row(jobs.db, run).cost_charged == charged

    # What is paid is read as soon as the file is as it should be.
    (output,) = (file for file in model.files if "output" in model.files[file][0])
    name, content = model.files[output]
    model.files[output] = (name, content.replace(b"x" * 2**20, b""))
    retry_run(jobs.db, run)
    work(jobs, run)
    assert len(codes_of(jobs.db, run)) == model.answered == len(TEXTS)
