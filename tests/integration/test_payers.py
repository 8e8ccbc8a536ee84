"""Persons and purses are charged what their runs are, below their caps, and acts say who did it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from cli.plan_costs import describe_payers
from core.enums import ActKind, PayerKind, State
from core.errors import UsageError
from core.prices import Money
from core.settings import Settings, environment
from models.acts import ActListing, list_acts, record_act
from models.bills import Bill, CostListing, read_costs
from models.costs import CallBound, CapOfRun, charge_calls
from models.database import Database
from models.erasure import forget_run
from models.payers import PayerKey, cap_payer
from models.run_transitions import cancel_run, pause_run, resume_run
from models.runs import create_run
from models.tables import Act, Payer
from producers.dry_run import OUR_ENGINE
from producers.imports import import_paths
from producers.plan import plan_run
from producers.submit import submit_run
from tests.command_kit import run_command
from tests.databases import on_sqlite
from tests.e2e_kit import write_archive
from tests.jobs_kit import Jobs
from tests.model_kit import months, run_row, with_model
from tests.stub_model import ModelServer, running_model

PRICE = "0.15 in, 0.60 out, USD per million; batch 50 %; as of 2026-11-01"
TEXTS = 12
HEADLINES = {"2024-02-03": [f"Flood number {number} comes." for number in range(TEXTS)]}
MICRO = 1_000_000


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with running_model(ModelServer(price=(Fraction(15, 100), Fraction(60, 100)))) as server:
        yield server


@pytest.fixture
def jobs(stub_settings: Settings, model: ModelServer) -> Iterator[Jobs]:
    changes: dict[str, Any] = {"model_price": PRICE, "model_max_tokens": 100, "user": "Ann"}
    with closing(Jobs(with_model(stub_settings, model, **changes))) as opened:
        archive = write_archive(opened.settings.home, HEADLINES)
        import_paths(opened.db, [archive], source=None, handle=None, columns={})
        yield opened


def submit(jobs: Jobs, person: str, purse: str | None = None, **options: Any) -> int:
    return submit_run(jobs.db, months(jobs, **options), (), person=person, purse=purse)


def set_cap(jobs: Jobs, micro: int, kind: PayerKind = PayerKind.PURSE, name: str = "grant") -> None:
    cap_payer(jobs.db, kind, name, Money(micro, "USD"), person="Ann")


def charged(db: Database) -> dict[str, int]:
    with db.read() as connection:
        payers = connection.execute(select(Payer.name, Payer.cost_charged)).all()
        return {name: cost for name, cost in payers}  # noqa: C416 - rows are no pairs


def costs(db: Database, **chosen: str) -> CostListing:
    with db.read() as connection:
        return read_costs(connection, **chosen)


def charges_of(bills: list[Bill]) -> list[int]:
    """Return what a model's calls were charged, in millionths."""
    return [round(bill.charged * MICRO) for bill in bills if bill.service == "model"]


def acts_of(db: Database, subject: str | None = None) -> list[ActListing]:
    with db.read() as connection:
        return list_acts(connection, subject, limit=100)


def test_a_run_charges_its_person_and_its_purse(jobs: Jobs, model: ModelServer) -> None:
    set_cap(jobs, MICRO)
    run = submit(jobs, "Bob", "grant")
    assert jobs.to_its_end(run).state == State.DONE
    cost = run_row(jobs.db, run).cost_charged
    assert charged(jobs.db) == {"Bob": cost, "grant": cost}
    assert 0 <= cost - model.bill * MICRO < TEXTS

    listing = costs(jobs.db)
    (bill,) = (bill for bill in listing.bills if bill.service == "model")
    assert (bill.person, bill.purse, bill.model, bill.currency) == ("Bob", "grant", "stub", "USD")
    assert (bill.calls, bill.cost, bill.charged) == (TEXTS, cost / MICRO, cost / MICRO)
    assert {(payer.name, payer.cap, payer.left) for payer in listing.payers} == {
        ("Bob", None, None),
        ("grant", 1.0, (MICRO - cost) / MICRO),
    }


def test_a_plan_says_that_a_cap_of_its_payers_may_be_met(jobs: Jobs) -> None:
    set_cap(jobs, 100)
    plan = plan_run(jobs.db, months(jobs), (), engine=OUR_ENGINE, settings=jobs.settings)
    with jobs.db.read() as connection:
        assert describe_payers(connection, "Ann", "grant", plan.model) == [
            "purse grant has 0.0001 USD left: the run may pause there"
        ]
        with pytest.raises(UsageError, match="--purse other: there is none yet"):
            describe_payers(connection, "Ann", "other", plan.model)


def test_who_asks_the_same_later_pays_nothing_and_plan_says_so(
    jobs: Jobs, model: ModelServer
) -> None:
    first, second = submit(jobs, "Ann"), submit(jobs, "Bob")
    jobs.to_its_end(first)
    variables = environment(jobs.settings)
    options = ["2024-02..2024-02", "--keyword", "flood", "--steps", "keywords", "--coder"]
    codebook = jobs.settings.home / "harm.yaml"
    codebook.write_text(HARM)
    options += ["model:stub", "--codebook", str(codebook)]
    planned = run_command("plan", "months", *options, variables=variables)
    assert f"paid already    {TEXTS} answers, by whoever asked first: 0.00 USD" in planned.stdout
    assert "at most         0 tokens in, 0 out; 0.00 USD" in planned.stdout

    assert jobs.to_its_end(second).state == State.DONE
    assert charged(jobs.db) == {"Ann": run_row(jobs.db, first).cost_charged, "Bob": 0}
    assert model.calls == TEXTS
    (bill,) = (bill for bill in costs(jobs.db, person="Bob").bills if bill.service == "model")
    assert (bill.calls, bill.answers_reused, bill.charged) == (0, TEXTS, 0.0)


HARM = """
name: harm
instructions: You read headlines of a newspaper.
unit: document
variables:
  - {name: harm, question: "Does the text report harm?", type: yes-no}
  - name: what
    question: Harm to what?
    type: categories
    if: harm = yes
    categories: {homes: houses, ways: "streets, bridges"}
"""


@pytest.mark.parametrize("kind", list(PayerKind))
def test_a_run_pauses_at_the_cap_of_its_payer_and_goes_on_when_that_is_raised(
    jobs: Jobs, model: ModelServer, kind: PayerKind
) -> None:
    name = "Ann Lee"
    cap = 600
    set_cap(jobs, cap, kind, name)
    person, purse = (name, None) if kind == PayerKind.PERSON else ("Bob", name)
    run = submit_run(
        jobs.db, months(jobs), (), person=person, purse=purse, max_cost=Money(MICRO, "USD")
    )
    jobs.slice(run)
    stored = run_row(jobs.db, run)
    assert stored.state == State.PAUSED
    assert f"`tidings costs --{kind} 'Ann Lee' --cap NUSD` raises it" in stored.reason
    assert model.bill * MICRO <= charged(jobs.db)[name] <= cap
    assert 0 < model.calls < TEXTS

    # Its own cap is not the one that was met: nobody has to raise that.
    set_cap(jobs, MICRO, kind, name)
    resume_run(jobs.db, run)
    assert jobs.to_its_end(run).state == State.DONE
    assert model.calls == TEXTS


def test_runs_of_one_purse_share_its_cap_within_a_transaction(jobs: Jobs) -> None:
    set_cap(jobs, 250)
    runs = [submit(jobs, person, "grant") for person in ("Ann", "Bob")]
    bounds = [
        CallBound(run_id=run, service="model", credential="k", operation="chat", tokens=1, cost=100)
        for run in (runs[1], runs[0], runs[1])
    ]
    *taken, refused = charge_calls(jobs.db, bounds)
    assert [charge.run_id for charge in taken] == [runs[1], runs[0]]  # type: ignore[union-attr]
    assert isinstance(refused, CapOfRun)
    assert (refused.payer, refused.max_cost) == (PayerKey(PayerKind.PURSE, "grant", "USD"), 250)
    assert charged(jobs.db) == {"grant": 200, "Ann": 100, "Bob": 100}
    assert charges_of(costs(jobs.db, purse="grant").bills) == [100, 100]


def test_the_batch_of_a_forgotten_run_is_settled_with_its_payers(
    jobs: Jobs, model: ModelServer
) -> None:
    set_cap(jobs, MICRO)
    first = submit(jobs, "Ann", "grant", batch=True)
    jobs.slice(first)
    bound = charged(jobs.db)["grant"]
    assert bound == run_row(jobs.db, first).cost_charged
    assert charges_of(costs(jobs.db, purse="grant").bills) == [bound]
    forget_run(jobs.db, first)
    assert charges_of(costs(jobs.db, purse="grant").bills) == [bound]

    second = submit(jobs, "Bob", batch=True)
    for _ in range(6):
        if jobs.slice(second).state == State.DONE:
            break

        with jobs.db.write() as connection:
            connection.execute(text("UPDATE jobs SET due_at = 0"))

    cost = charged(jobs.db)["grant"]
    assert charged(jobs.db) == {"grant": cost, "Ann": cost, "Bob": 0}
    assert 0 <= cost - model.bill * MICRO < TEXTS
    assert cost < bound
    (bill,) = (bill for bill in costs(jobs.db, purse="grant").bills if bill.service == "model")
    assert (bill.person, bill.model, charges_of([bill])) == ("Ann", "stub", [cost])


def test_a_purse_has_to_be_there_in_the_currency_of_the_run(jobs: Jobs) -> None:
    with pytest.raises(UsageError, match="there is none yet; `tidings costs --purse grant --cap"):
        submit(jobs, "Ann", "grant")

    cap_payer(jobs.db, PayerKind.PURSE, "grant", Money(MICRO, "EUR"), person="Ann")
    with pytest.raises(UsageError, match=r"--purse grant: it is in EUR; .* --cap 50USD"):
        submit(jobs, "Ann", "grant")

    assert not acts_of(jobs.db, "run 1")


def test_acts_say_who_did_what_in_the_transaction_of_the_act(jobs: Jobs) -> None:
    set_cap(jobs, MICRO)
    run = submit(jobs, "Ann", "grant")
    pause_run(jobs.db, run, person="Bob")
    resume_run(jobs.db, run, 7, Money(MICRO, "USD"), person="Ann")
    pause_run(jobs.db, run)
    cancel_run(jobs.db, run, person="Bob")
    forget_run(jobs.db, run, person="Bob")
    assert [(act.person, act.act, act.subject, act.details) for act in acts_of(jobs.db)] == [
        ("Bob", "forget", "run 1", None),
        ("Bob", "cancel", "run 1", None),
        ("Ann", "resume", "run 1", None),
        ("Ann", "cap", "run 1", "7 calls"),
        ("Ann", "cap", "run 1", "1.00 USD"),
        ("Bob", "pause", "run 1", None),
        ("Ann", "submit", "run 1", "paid by the purse grant"),
        ("Ann", "cap", "purse grant", "1.00 USD"),
    ]


@pytest.mark.parametrize(
    "change",
    [delete(Act), update(Act).values(person="Eve")],
    ids=["delete", "update"],
)
def test_the_database_refuses_to_change_acts(empty_database: Database, change: Any) -> None:
    with empty_database.write() as connection:
        record_act(connection, ActKind.PAUSE, "run 1", person="Ann", details="x" * 1000)

    with pytest.raises(DBAPIError), empty_database.write() as connection:
        connection.execute(change)

    (act,) = acts_of(empty_database)
    assert (act.person, act.details) == ("Ann", "x" * 500)


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as db:
        yield db


def test_a_forgotten_account_is_named_by_no_act(jobs: Jobs) -> None:
    posts = jobs.settings.home / "posts.jsonl"
    posts.write_text('{"id": "1", "handle": "nora", "text": "Hello", "date": "2021-01-01"}\n')
    variables = {**environment(jobs.settings), "TIDINGS_USER": "Cem"}
    run_command("import", posts, variables=variables)
    assert run_command("forget", "--handle", "nora", variables=variables).returncode == 0
    assert run_command("forget", "--handle", "nora", "--lift", variables=variables).returncode == 0
    listed = run_command("acts", variables=variables).stdout
    name_hash = hashlib.sha256(b"account:nora").hexdigest()
    assert [line.split("  ")[1:] for line in listed.splitlines()] == [
        ["Cem", f"{act} account sha256:{name_hash}"] for act in ("lift", "forget")
    ]
    assert "nora" not in listed


@on_sqlite
def test_costs_and_acts_are_printed(jobs: Jobs) -> None:
    variables = environment(jobs.settings)
    capped = run_command("costs", "--purse", "grant", "--cap", "2USD", variables=variables)
    assert capped.stdout == "purse grant: charged 0.00 USD of at most 2.00 USD\n"
    jobs.to_its_end(submit(jobs, "Bob", "grant"))
    amount = f"{charged(jobs.db)['grant'] / MICRO:.6f}".rstrip("0")
    printed = run_command("costs", variables=variables).stdout.splitlines()
    assert printed[:2] == [
        f"person Bob: charged {amount} USD",
        f"purse grant: charged {amount} USD of at most 2.00 USD",
    ]
    heads = ["month", "person", "purse", "service", "model", "calls", "reused", "charged"]
    assert printed[3].split() == heads
    assert printed[4].split()[1:] == ["Bob", "grant", "model", "stub", "12", "0", amount, "USD"]
    assert "submitted by Bob, paid by the purse grant" in (
        run_command("status", "1", variables=variables).stdout
    )
    assert "Ann  cap purse grant: 2.00 USD" in run_command("acts", variables=variables).stdout

    refused = run_command("costs", "--cap", "2USD", variables=variables)
    assert refused.returncode == 2
    assert "--cap is of --person NAME or of --purse GRANT" in refused.stderr


@on_sqlite
def test_a_run_of_before_has_nobody_who_pays(jobs: Jobs) -> None:
    run = create_run(jobs.db, kind="months", name=None, parameters={}, jobs=[], currency="USD")
    bound = CallBound(
        run_id=run, service="model", credential="k", operation="chat", tokens=1, cost=100
    )
    charge_calls(jobs.db, [bound])
    (bill,) = costs(jobs.db).bills
    assert (bill.person, bill.purse, bill.charged) == (None, None, 0.0001)
    assert not charged(jobs.db)
    with jobs.db.write() as connection:
        connection.execute(insert(Payer).values(kind="purse", name="p", currency="USD"))

    assert costs(jobs.db, purse="p").bills == []
