"""A small fleet to be broken on purpose: Valkey, two Celery workers, a stub of the Text API."""

from __future__ import annotations

import io
import json
import os
import random
import secrets
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, select

from analysis.frozen_model import FrozenModel
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.stack import valkey
from cli.stack.supervised_process import SupervisedProcess
from cli.stack.worker import ENVIRONMENT, worker_command
from core.broker import celery_app, redis_client
from core.enums import ENDED, State
from core.errors import BrokerAway, DatabaseAway
from core.processes import take_lock
from core.settings import Settings, environment
from models.database import Database
from models.documents import add_documents
from models.jobs import job_counts
from models.tables import Answer, Job, Run
from producers.dispatch import dispatch_due_jobs
from producers.submit import submit_run
from reports.data.exports import write
from tests.ports import reserved_port
from tests.services import wait_until

STUB = Path(__file__).parents[1] / "stub_textapi.py"
TABLES = ("mentions", "periods", "phrases", "entities", "documents", "coverage")
FIRST, LAST, DOCUMENTS_A_MONTH = "2020-01", "2021-12", 100
KEYWORDS = (Keyword.parse("fever:marsh fever"),)
LATENCY = 0.1
CONCURRENCY = 3  # calls in flight per process: a run takes long enough to be disturbed
# How many calls may ask again for what one killed process asked: it had `CONCURRENCY` in flight, a
# call being in flight until its answer is stored. A batch of two terms is asked in two calls where
# another job has claimed the day of one, so that two later calls may hold what one had asked.
IN_HAND = 2 * CONCURRENCY
WORKERS = ("worker-a", "worker-b")
PROCESSES = 2
QUICK = {
    "textapi_concurrency": CONCURRENCY,
    # A call that a busy machine answers later is made again: no test may see that by chance.
    "textapi_timeout": 10.0,
    "slice_seconds": 5.0,
    "lease_seconds": 4.0,
    "textapi_key": "k",
}
# Of a run that nothing disturbs, not even a machine that stands still for a while.
UNHURRIED = {"textapi_timeout": 100.0, "lease_seconds": 100.0}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: its exports as bytes (without its number), and its calls."""

    exports: dict[str, bytes]
    answers: int  # rows in the ledger
    calls: int
    again: int  # calls that were answered with something that had been answered before
    seconds: float
    silence: float  # the longest stretch in which nothing was asked, from submit to the end


def archive() -> Iterator[dict[str, Any]]:
    """24 months of headlines: one in four mentions the fever, in few words that differ."""
    rng = random.Random(7)
    day = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    number = 0
    while f"{day:%Y-%m}" <= LAST:
        for _ in range(DOCUMENTS_A_MONTH // 30):
            number += 1
            subject = rng.choice(
                [
                    "Fever",
                    "Marsh fever",
                    "Market",
                    "Harbour",
                    "School",
                    "Bridge",
                    "Orchard",
                    "Train",
                ]
            )
            places = rng.sample(["Anselburg", "VESSANY", "Lorn", "PORT", "ESTUARY"], 2)
            yield {
                "identity": f"made-up:{number:05}",
                "source": "nyt",
                "handle": None,
                "author_id": None,
                "published_at": day + timedelta(hours=rng.randrange(24)),
                "period": f"{day:%Y-%m}",
                "address": f"https://example.org/{number}",
                # no text stands in two months: the ledger asks for such a one in each of them
                "text": f"{subject} in {places[0]} worries {number} people. "
                f"Few in {places[1]} know.",
                "material": "News",
                "repost": False,
            }

        day += timedelta(days=1)


def fill(db: Database) -> None:
    """Store the archive."""
    add_documents(db, list(archive()))


@dataclass
class Fleet:
    """Programs that are started again when they die, as `tidings up` does; used from one thread."""

    settings: Settings
    db: Database
    lock: int
    programs: dict[str, SupervisedProcess] = field(default_factory=dict)
    left_dead: set[str] = field(default_factory=set)  # not to be started again for now
    runs: list[int] = field(default_factory=list)
    _begun: float = 0.0
    _calls: int = 0
    _called_at: float = 0.0
    _silence: float = 0.0

    def start(self, name: str) -> None:
        """Start (again) one of: stub, valkey, worker-a, worker-b."""
        self.left_dead.discard(name)
        if name in self.programs:
            if self.programs[name].describe_end():
                self.programs[name].start()

            return

        given = environment(self.settings)
        if name == "stub":
            port = str(self.settings.textapi_url).rpartition(":")[2]
            command = [sys.executable, str(STUB), port, str(self.home / "stub.jsonl")]
            given |= {"PYTHONPATH": str(STUB.parents[1])}
        elif name == "valkey":
            command = [str(valkey.binary()), str(self.home / "valkey" / "valkey.conf")]
        else:
            command = worker_command(
                f"{name}-{secrets.token_hex(3)}@test", workers=PROCESSES, log_level="INFO"
            )
            given |= ENVIRONMENT

        logs = self.home / "logs"
        logs.mkdir(exist_ok=True)
        self.programs[name] = SupervisedProcess(name, command, given, logs, self.lock, grace=10.0)
        self.programs[name].start()

    def start_all(self) -> None:
        """Start whatever does not run."""
        for name in ("stub", "valkey", *WORKERS):
            self.start(name)

    @property
    def home(self) -> Path:
        """The folder of everything."""
        return self.settings.home

    def submit(self) -> int:
        """Submit the run over all months, as the command line does."""
        return self.submit_parameters(MonthsParameters(first=FIRST, last=LAST, keywords=KEYWORDS))

    def submit_parameters(self, parameters: FrozenModel, *names: str) -> int:
        """Submit a run as the command line does."""
        run = submit_run(self.db, parameters, names)
        self.runs.append(run)
        if len(self.runs) == 1:
            self._begun = self._called_at = time.monotonic()

        with suppress(BrokerAway), redis_client(self.settings) as broker:
            dispatch_due_jobs(self.db, celery_app(self.settings), broker)

        return run

    def ended(self) -> bool:
        """Whether every run has ended."""
        try:
            with self.db.read() as connection:
                states = connection.scalars(select(Run.state).where(Run.id.in_(self.runs))).all()
        except DatabaseAway:
            return False

        return all(state in ENDED for state in states)

    def reports_are_made(self) -> bool:
        """Whether no job is left at all."""
        with self.db.read() as connection:
            return connection.scalar(select(func.count()).where(Job.state.not_in(ENDED))) == 0

    def tend(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Restart what died and record when calls are made; return whether the runs have ended."""
        end = time.monotonic() + seconds
        while not (over := self.ended()) and time.monotonic() < end and not until():
            for name, child in self.programs.items():
                if name not in self.left_dead:
                    child.restart_if_ended()

            with suppress(OSError):
                self._note_calls(self.seen()["calls"])

            time.sleep(0.05)

        return over

    def finish(self, seconds: float = 75.0) -> None:
        """Let time pass until the runs have ended; fail where they do not."""
        assert self.tend(seconds), f"no end after {seconds} s: {self.state()}"

    def until_asked(self, calls: int) -> None:
        """Let time pass until the service was asked so often: the run is in its midst."""
        self.tend(60.0, until=lambda: self._calls >= calls)
        assert self._calls >= calls, f"{self._calls} calls only: {self.state()}"
        assert not self.ended(), "the run ended before it could be disturbed"

    def _note_calls(self, calls: int) -> None:
        now = time.monotonic()
        if calls > self._calls:
            self._silence = max(self._silence, now - self._called_at)
            self._called_at = now

        self._calls = calls

    def state(self) -> str:
        """Where the jobs stand, for a message."""
        with self.db.read() as connection:
            counts = {run: job_counts(connection, run) for run in self.runs}
            reasons = set(connection.scalars(select(Job.reason).where(Job.reason.is_not(None))))

        return f"{counts} {reasons} (logs: {self.home / 'logs'})"

    def children_of(self, name: str) -> list[psutil.Process]:
        """The processes of a worker that do the jobs."""
        pid = self.programs[name].pid
        assert pid
        try:
            return [
                child
                for child in psutil.Process(pid).children()
                if child.status() != psutil.STATUS_ZOMBIE
            ]
        except psutil.NoSuchProcess:
            return []

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a program of ours."""
        pid = self.programs[name].pid
        assert pid
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def kill_and_leave(self, name: str) -> None:
        """Kill a program that is not to be started again before `start`."""
        self.left_dead.add(name)
        self.kill(name)
        wait_until(self.programs[name].describe_end, what=f"the end of {name}")

    def ask_stub(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the stub about itself, or tell it how to behave."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.settings.textapi_url}{path}", data)  # noqa: S310 - loopback
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - loopback
            return json.load(response)

    def seen(self) -> dict[str, Any]:
        """What the stub saw."""
        found: dict[str, Any] = self.ask_stub("/counts")
        return found

    def behave(self, **faults: Any) -> None:
        """Tell the stub how to behave from now on."""
        self.ask_stub("/faults", {"latency": LATENCY} | faults)

    def outcome(self, run: int | None = None) -> Outcome:
        """What came of the run, by default the first."""
        run = run or self.runs[0]
        seen, seconds = self.seen(), time.monotonic() - self._begun
        with self.db.read() as connection:
            state = connection.scalar(select(Run.state).where(Run.id == run))
            answers = connection.scalar(select(func.count()).select_from(Answer)) or 0

        assert state == State.DONE, self.state()
        exports = {}
        for table in TABLES:
            out = io.BytesIO()
            write(self.db, run, table, "jsonl", out)
            exports[table] = out.getvalue().replace(f'{{"run": {run}, '.encode(), b'{"run": 0, ')

        return Outcome(exports, answers, seen["calls"], seen["again"], seconds, self._silence)

    def end(self) -> None:
        """End everything."""
        for child in self.programs.values():
            if child.pid and not child.describe_end():
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)  # nothing here is to be kept

        for child in self.programs.values():
            child.wait()

        self.db.close()


@contextmanager
def running_fleet(home: Path, database_url: str, **changed: Any) -> Iterator[Fleet]:
    """A fleet that is up and has been given nothing to do."""
    home.mkdir(parents=True)
    port, password = reserved_port(), secrets.token_urlsafe(8)
    valkey.configure(home / "valkey", port=port, password=password)
    settings = Settings(
        home=home,
        database_url=database_url,
        redis_url=valkey.address(port, password),
        textapi_url=f"http://127.0.0.1:{reserved_port()}",
        **(QUICK | changed),
    )
    lock = take_lock(home / "fleet.lock")
    assert lock is not None
    fleet = Fleet(settings, Database(database_url, pooled=False, patience=1.0), lock)
    try:
        fleet.start_all()
        wait_until(lambda: _up(fleet), what=f"the start ({home / 'logs'})")
        fleet.behave()
        yield fleet
    finally:
        fleet.end()
        os.close(lock)


def _up(fleet: Fleet) -> bool:
    try:
        fleet.seen()
    except (OSError, urllib.error.URLError):
        return False

    ready = all(len(fleet.children_of(name)) >= PROCESSES for name in WORKERS)
    return ready and valkey.answers(str(fleet.settings.redis_url))


def copy_of(template: Path, home: Path) -> str:
    """A database of a test's own from the filled *template*; its address."""
    home.parent.mkdir(parents=True, exist_ok=True)
    path = home.with_name(f"{home.name}.db")
    shutil.copyfile(template, path)
    return f"sqlite:///{path}"
