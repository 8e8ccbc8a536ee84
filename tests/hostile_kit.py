"""Runs of 60 texts under a cap, whose model answers in one of the ways of `tests.hostile_model`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from pydantic import SecretStr
from sqlalchemy import update

import language_models.client
from core.enums import ENDED, State
from core.prices import Money
from core.settings import Settings
from models.codes import CodeValue
from models.tables import Job, ModelBatch
from producers.imports import import_paths
from producers.submit import submit_run
from tests.batch_killer import kill_at
from tests.e2e_kit import write_archive
from tests.hostile_model import KEY, HostileModel, Kind
from tests.jobs_kit import Jobs
from tests.model_kit import codes_of, months, run_row, with_model
from tests.stub_model import running_model

MICRO = 1_000_000
CAP = 4_000
TEXTS = 60
MOST_PAYMENTS = 3
BATCH_PRICE = "0.15 in, 0.60 out, USD per million; batch 50 %; as of 2026-11-01"
PRICE = (Fraction(15, 100), Fraction(60, 100))

# A run that has not come to its end after so many slices of each job never does.
MOST_ROUNDS = 30


def headlines_of(months_of_texts: int) -> dict[str, list[str]]:
    """Return the headlines of one month or more, which share the texts."""
    return {
        f"2024-0{2 + month}-03": [
            f"Flood number {number} comes to town."
            for number in range(month, TEXTS, months_of_texts)
        ]
        for month in range(months_of_texts)
    }


@dataclass(frozen=True)
class Outcome:
    """What became of a run: costs are in millionths, *told* is what Tidings says it spent."""

    state: str
    reasons: tuple[str, ...]
    bill: int
    told: int
    most_payments: int
    answered: int
    coded: int
    rounds: int

    def row(self, name: str) -> str:
        """Return a line of the table of all runs."""
        reason = next(filter(None, self.reasons), "")
        return (
            f"{name:38} bill {self.bill:7,}  told {self.told:9,}  most {self.most_payments:2}  "
            f"coded {self.coded:2}  {self.state:8} after {self.rounds:2}  {reason[:90]}"
        )


def run_kind(
    settings: Settings,
    kind: Kind,
    *,
    is_batch: bool,
    cap: int | None = CAP,
    texts: list[str] | None = None,
    months_of_texts: int = 1,
    kills: Iterator[tuple[str, str]] | None = None,
    look: Callable[[Jobs], None] = lambda _jobs: None,
) -> Outcome:
    """Let a model that answers so code the texts; *kills* are moments at which a slice is killed.

    *texts* are those that are answered so, None for all. Each month of them is a job.
    *look* is called at the end.
    """
    with running_model(HostileModel(kind, PRICE, texts)) as model:
        assert isinstance(model, HostileModel)
        changed = with_model(
            settings,
            model,
            model_key=SecretStr(KEY),
            model_price=BATCH_PRICE,
            model_max_tokens=100,
            model_batch_seconds=0.1,
            model_timeout=1.0 if kind.hangs else 20.0,
        )
        with closing(Jobs(changed)) as jobs:
            archive = write_archive(changed.home, headlines_of(months_of_texts))
            import_paths(jobs.db, [archive], source=None, handle=None, columns={})
            parameters = months(jobs, batch=is_batch, last=f"2024-0{1 + months_of_texts}")
            max_cost = None if cap is None else Money(cap, "USD")
            run = submit_run(jobs.db, parameters, (), max_cost=max_cost)
            rounds = _work(jobs, run, kills or iter(()))
            look(jobs)
            return _outcome(jobs, run, model, rounds)


def _work(jobs: Jobs, run: int, kills: Iterator[tuple[str, str]]) -> int:
    """Work on the run's jobs until it has come to its end; return how many rounds that took."""
    for number in range(1, MOST_ROUNDS + 1):
        for row in jobs.rows(run):
            if row.state in ENDED or run_row(jobs.db, run).state == State.PAUSED:
                continue

            kill = next(kills, None)
            if kill is None:
                jobs.slice(run, row.name)
            else:
                kill_at(jobs.settings, row.id, *kill)

        rows = jobs.rows(run)
        if run_row(jobs.db, run).state == State.PAUSED or all(row.state in ENDED for row in rows):
            return number

        _pass_time(jobs, run)

    return MOST_ROUNDS


def _pass_time(jobs: Jobs, run: int) -> None:
    """Let the run's jobs be due, as if the time between two slices were over."""
    with jobs.db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(due_at=0.0))
        creating = update(ModelBatch).where(ModelBatch.creating_at.is_not(None))
        connection.execute(creating.values(creating_at=ModelBatch.creating_at - 3600))


def _outcome(jobs: Jobs, run: int, model: HostileModel, rounds: int) -> Outcome:
    rows, stored = jobs.rows(run), run_row(jobs.db, run)
    states = {row.state for row in rows}
    state = stored.state if stored.state == State.PAUSED else ", ".join(sorted(states))
    codes: list[CodeValue] = [value["harm"] for value in codes_of(jobs.db, run).values()]
    return Outcome(
        state=state,
        reasons=(stored.reason or "", *(row.reason or "" for row in rows)),
        bill=int(model.bill * MICRO),
        told=stored.cost_charged,
        most_payments=max(model.texts.values(), default=0),
        answered=model.answered,
        coded=sum(value.code is not None for value in codes),
        rounds=rounds,
    )


def find_faults(outcome: Outcome, kind: Kind, *, cap: int | None = CAP) -> list[str]:
    """Return what is wrong with a run: nothing, if all promises about costs hold.

    A server that bills above what any request can take breaks the cap with its first answers. Then
    the run has to stop there, and to say what it was billed.
    """
    faults = []
    if cap is not None and outcome.bill > cap and not kind.is_above_bound:
        faults.append(f"bill {outcome.bill:,} > cap {cap:,}")
    if outcome.bill > outcome.told:
        faults.append(f"bill {outcome.bill:,} > told {outcome.told:,}")
    if outcome.most_payments > MOST_PAYMENTS:
        faults.append(f"a text paid {outcome.most_payments} times")
    if kind.is_above_bound and "cannot be bounded" not in "".join(outcome.reasons):
        faults.append("no word about the bound")

    has_ended = outcome.state in {State.PAUSED, *ENDED, "done, failed"}
    waits_for_batch = kind.may_wait and "batch" in "".join(outcome.reasons)
    if not has_ended and not waits_for_batch:
        faults.append(f"{outcome.state} after {outcome.rounds} rounds")
    if outcome.state != State.DONE and not any(outcome.reasons):
        faults.append("no reason")
    if KEY in "".join(outcome.reasons):
        faults.append("key in the reason")

    return faults


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts follow each other at once."""
    policy = replace(
        language_models.client.RETRY_POLICY, first_wait=0.01, longest_wait=0.02, away_seconds=0.01
    )
    monkeypatch.setattr(language_models.client, "RETRY_POLICY", policy)
