"""Random runs of several people on several purses, whose processes are killed as they work.

Each run has a key of its own at the model's server, which bills each key by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

# SQLAlchemy imports the driver with a process's first engine, which takes half of its time.
import psycopg  # noqa: F401
from aiohttp import web
from sqlalchemy import func, select, update

from analysis.options import Keyword
from core.broker import celery_app
from core.enums import ENDED, PayerKind, State
from core.prices import Money
from core.settings import Settings
from language_models.client import ModelClient
from models.bills import read_costs
from models.payers import cap_payer
from models.run_transitions import resume_run
from models.tables import Call, Job, Payer, Run
from producers.submit import submit_run
from tests.batch_killer import send_no_messages
from tests.jobs_kit import Jobs
from tests.limiter_kit import nobody_in_flight
from tests.model_kit import months, run_row
from tests.stub_model import ModelServer
from workers import answer_writer, budget
from workers.executor import work_one_slice
from workers.runtime import Runtime

PEOPLE = ("Ann", "Bob", "Cem")
PURSES = ("grant", "chair")
TOPICS = 60
TEXTS_OF_TOPIC = 2
MICRO = 1_000_000

# Before and after these a process is killed: a charge, a call, and the transaction that stores its
# answer and settles it.
MOMENTS = ("charge_calls", "complete", "store_batch")

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.payers_kit"])
_KEY: ContextVar[str] = ContextVar("key")


def headlines() -> dict[str, list[str]]:
    """Return the texts of twelve months, in each of which every topic has a few."""
    return {
        f"2024-{month:02}-03": [
            f"Topic{topic} of month {month}, text {number}."
            for topic in range(TOPICS)
            for number in range(TEXTS_OF_TOPIC)
        ]
        for month in range(1, 13)
    }


class BillingServer(ModelServer):
    """A server that bills each key by itself."""

    def __init__(self) -> None:
        super().__init__(price=(Fraction(15, 100), Fraction(60, 100)))
        self.bills: Counter[str] = Counter()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        _KEY.set(request.headers["Authorization"].removeprefix("Bearer "))
        return await super()._chat(request)

    def _count(self, text: str, prompt_tokens: int, completion_tokens: int) -> None:
        before = self.bill
        super()._count(text, prompt_tokens, completion_tokens)
        self.bills[_KEY.get()] += self.bill - before  # type: ignore[assignment]


@dataclass(frozen=True)
class Kill:
    """A process kills itself before or after it comes to a moment for the *n*th time."""

    moment: str
    is_before: bool
    n: int


def work(variables: Mapping[str, Any], jobs: Sequence[tuple[int, str]], kill: Kill | None) -> None:
    """Work a slice on each of the *jobs*, with the key of its run."""
    if kill is not None:
        _patch(kill)

    send_no_messages()
    with nobody_in_flight():
        for job, key in jobs:
            settings = Settings(**{**variables, "model_key": key})
            runtime = Runtime(settings, celery_app(settings))
            work_one_slice(runtime, job)
            runtime.close()

    os._exit(0)


def _patch(kill: Kill) -> None:
    holders: dict[str, Any] = {
        "charge_calls": budget,
        "complete": ModelClient,
        "store_batch": answer_writer,
    }
    holder = holders[kill.moment]
    original = getattr(holder, kill.moment)
    seen = Counter[str]()

    def come(*, is_before: bool) -> None:
        seen[str(is_before)] += 1
        if is_before == kill.is_before and seen[str(is_before)] == kill.n:
            os.kill(os.getpid(), signal.SIGKILL)

    async def request(*arguments: Any) -> Any:
        come(is_before=True)
        reply = await original(*arguments)
        come(is_before=False)
        return reply

    def change(*arguments: Any, **named: Any) -> Any:
        come(is_before=True)
        result = original(*arguments, **named)
        come(is_before=False)
        return result

    setattr(holder, kill.moment, request if holder is ModelClient else change)


@dataclass
class Study:
    """The runs of all people, and what became of them."""

    jobs: Jobs
    server: BillingServer
    seed: int
    keys: dict[int, str] = field(default_factory=dict)
    # The subjects that were asked for, by run, and the runs that ask what was answered before.
    subjects: dict[int, tuple[str, str]] = field(default_factory=dict)
    later: set[int] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)
    refilled: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.answered: set[tuple[str, str]] = set()

    def work_on(self, runs: int, caps: Mapping[str, int], *, at_once: int = 12) -> None:
        """Submit so many runs and work on them, some at once, until all have ended.

        A purse whose cap pauses a run is refilled by half of its cap.
        """
        for purse, cap in caps.items():
            self._cap(purse, cap)

        remaining = runs
        while remaining:
            wave = [self._submit() for _ in range(min(at_once, remaining))]
            remaining -= len(wave)
            for attempt in range(20):
                open_jobs = self._open_jobs(wave)
                if not open_jobs:
                    break

                self._work(open_jobs, may_kill=attempt < 2)
                self._check_caps()
                self._refill(wave, caps)
            else:
                raise AssertionError(open_jobs)

            self.answered.update(self.subjects[run] for run in wave)

    def _submit(self) -> int:
        person, purse = self.random.choice(PEOPLE), self.random.choice(PURSES)
        month = f"2024-{self.random.randint(1, 12):02}"
        topic = f"topic{self.random.randrange(TOPICS)}"
        if self.answered and self.random.random() < 0.25:
            month, topic = self.random.choice(sorted(self.answered))

        parameters = months(self.jobs, first=month, last=month, keywords=(Keyword.parse(topic),))
        run = submit_run(self.jobs.db, parameters, (), person=person, purse=purse)
        self.keys[run] = f"{person}-{purse}-{run}"
        self.subjects[run] = (month, topic)
        if (month, topic) in self.answered:
            self.later.add(run)

        return run

    def _open_jobs(self, wave: Sequence[int]) -> list[tuple[int, int]]:
        """Return the runs and jobs that have not ended; whatever they wait for is over."""
        due = update(Job).where(Job.run_id.in_(wave)).values(due_at=0.0)
        jobs = select(Job.run_id, Job.id).where(Job.run_id.in_(wave), Job.state.not_in(ENDED))
        with self.jobs.db.write() as connection:
            connection.execute(due)
            return [(run, job) for run, job in connection.execute(jobs.where(Job.kind == "month"))]

    def _work(self, open_jobs: list[tuple[int, int]], *, may_kill: bool) -> None:
        """Let three processes work on the jobs at once; some of them are killed."""
        self.random.shuffle(open_jobs)
        variables = self.jobs.settings.model_dump(exclude_none=True)
        processes = []
        for jobs in (open_jobs[0::3], open_jobs[1::3], open_jobs[2::3]):
            kill = None
            if may_kill and self.random.random() < 0.7:
                moment, is_before = self.random.choice(MOMENTS), self.random.random() < 0.5
                kill = Kill(moment, is_before, self.random.randint(1, 6))

            keyed = [(job, self.keys[run]) for run, job in jobs]
            process = _CONTEXT.Process(target=work, args=(variables, keyed, kill))
            process.start()
            processes.append((process, kill))

        for process, kill in processes:
            process.join(100)
            assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
            if process.exitcode and kill is not None:
                self.kills[f"{'before' if kill.is_before else 'after'} {kill.moment}"] += 1

    def _check_caps(self) -> None:
        with self.jobs.db.read() as connection:
            for payer in connection.execute(select(Payer.__table__)):
                assert payer.max_cost is None or payer.cost_charged <= payer.max_cost, payer
                bill = self.billed(payer.name)
                assert bill <= payer.cost_charged, (payer, bill)

    def _refill(self, wave: Sequence[int], caps: Mapping[str, int]) -> None:
        for run in wave:
            row = run_row(self.jobs.db, run)
            if row.state == State.PAUSED:
                assert f"the cap of purse {row.purse} leaves no room" in row.reason
                with self.jobs.db.read() as connection:
                    purse = select(Payer.max_cost).where(Payer.name == row.purse)
                    cap = connection.scalar(purse) or 0

                self._cap(row.purse, cap + caps[row.purse] // 2)
                resume_run(self.jobs.db, run, person=row.person)
                self.refilled += 1

    def _cap(self, purse: str, cap: int) -> None:
        money = Money(cap, "USD")
        cap_payer(self.jobs.db, PayerKind.PURSE, purse, money, person="the office")

    def billed(self, name: str, runs: set[int] | None = None) -> Fraction:
        """Return what the server has billed a person or a purse, in millionths."""
        keys = [key for run, key in self.keys.items() if runs is None or run in runs]
        bills = [self.server.bills[key] for key in keys if name in key.split("-")]
        return sum(map(Fraction, bills), Fraction(0)) * MICRO

    def check_sums(self) -> list[str]:
        """Compare the sums of runs, payers, calls, bills and the server; return a table of them."""
        sums = (func.sum(column) for column in (Call.charged_cost, Call.cost, Call.calls))
        counted = select(Call.run_id, *sums).where(Call.charged_cost.is_not(None))
        with self.jobs.db.read() as connection:
            runs = connection.execute(select(Run.id, Run.person, Run.purse, Run.cost_charged)).all()
            rows = connection.execute(counted.group_by(Call.run_id)).all()
            calls = {run: tuple(map(int, counts)) for run, *counts in rows}
            listing = read_costs(connection)

        assert not [run for run in runs if run.id in self.later and run.cost_charged]
        # The calls of these runs were all answered, and their answers stored.
        settled = {run.id for run in runs}
        for run in runs:
            charged, cost, count = calls.get(run.id, (0, 0, 0))
            assert charged == run.cost_charged
            bill = self.server.bills[self.keys[run.id]] * MICRO
            assert bill <= charged
            if charged != cost:
                settled.remove(run.id)
            else:
                # Each call is rounded up to a millionth.
                assert charged - bill < max(count, 1)

        lines = [f"{'':8}{'charged':>10}{'billed':>12}{'settled':>10}{'billed':>12}  (millionths)"]
        for payer in listing.payers:
            mine = [run for run in runs if payer.name in (run.person, run.purse)]
            charged = sum(run.cost_charged for run in mine)
            assert round(payer.charged * MICRO) == charged
            bills = [bill for bill in listing.bills if payer.name in (bill.person, bill.purse)]
            assert sum(round(bill.charged * MICRO) for bill in bills) == charged
            told = sum(run.cost_charged for run in mine if run.id in settled)
            billed, billed_settled = self.billed(payer.name), self.billed(payer.name, settled)
            lines.append(
                f"{payer.name:8}{charged:10,}{float(billed):12,.2f}{told:10,}"
                f"{float(billed_settled):12,.2f}"
            )

        return [*lines, f"{len(settled)} runs without a call whose answer was lost"]
