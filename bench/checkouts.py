"""Stacks of checkouts of the project, driven by their commands.

Commands and variables stay from commit to commit while the code behind them changes, so that two
commits are measured within one run, by one program. Each runs in its own virtual environment, or in
this one where it has none.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import harness
import psutil
from sqlalchemy import text

from cli.stack.worker import APPLICATION, ENVIRONMENT, worker_answers
from core.processes import die_with_parent
from models.database import Database
from tests.e2e_kit import Stub, running_stub, write_archive
from tests.services import running_valkey, wait_until

ENDED = {"done", "failed", "cancelled"}
PREFIX = "TIDINGS_"
WORKER = "bench@test"
WORKER_COMMAND = ("-P", "-m", "celery", "--quiet", "--app", APPLICATION, "worker")
# no report is drawn beside what is measured
WORKER_OPTIONS = ("--queues", "text", "--hostname", WORKER, "--without-mingle", "--without-gossip")


@dataclass(frozen=True)
class Run:
    """What a run took: seconds from submission to end, processor seconds of the worker, calls."""

    id: int
    seconds: float
    cpu_seconds: float
    calls: Mapping[str, int]  # by operation


@dataclass(frozen=True)
class CheckoutStack:
    """A checkout's database and worker, with a broker and a stub of the Text API."""

    checkout: Path
    db: Database  # whose tables are those of the checkout: read by plain SQL alone
    stub: Stub
    worker: psutil.Process
    variables: Mapping[str, str]

    def command(self, *arguments: str) -> tuple[str, float]:
        """Run `tidings` with *arguments*; return its output and its processor seconds."""
        return run_command(self.checkout, self.variables, *arguments)

    def run(self, *arguments: str) -> Run:
        """Submit a run with *arguments* and wait for its end. Raises `RuntimeError` if it fails."""
        cpu_began = self._worker_cpu_seconds()
        output, _ = self.command("submit", *arguments)
        run = int(output.split()[-1])

        wait_until(partial(self._has_ended, run), seconds=3600, what=f"the end of run {run}")
        cpu_seconds = self._worker_cpu_seconds() - cpu_began

        [(state, seconds)] = self.query(
            f"SELECT state, ended_at - created_at FROM runs WHERE id = {run}"  # noqa: S608
        )
        if state != "done":
            raise RuntimeError(f"run {run} of {self.checkout} ended as {state}: see its jobs")

        calls = self.query(
            "SELECT operation, sum(calls) FROM calls"  # noqa: S608
            f" WHERE run_id = {run} GROUP BY operation HAVING sum(calls) > 0"
        )
        return Run(run, seconds, cpu_seconds, {name: int(count) for name, count in calls})

    def query(self, statement: str) -> Sequence[Any]:
        """Return the rows of a statement."""
        with self.db.read() as connection:
            return connection.execute(text(statement)).all()

    def _has_ended(self, run: int) -> bool:
        [(state,)] = self.query(f"SELECT state FROM runs WHERE id = {run}")  # noqa: S608
        return state in ENDED

    def _worker_cpu_seconds(self) -> float:
        processes = [self.worker, *self.worker.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in processes)


def list_checkouts(beside: str) -> list[Path]:
    """Return the folder *beside*, if one is given, and that of this checkout."""
    if not beside:
        return [harness.ROOT]

    other = Path(beside).resolve()
    if not (other / "cli" / "main.py").is_file():
        sys.exit(f"{other} is no checkout of the project: give its folder")

    return [other, harness.ROOT]


@contextmanager
def running_checkouts(
    folder: Path, beside: str, *, processes: int = 2, latency: float = 0.0
) -> Iterator[list[CheckoutStack]]:
    """Run a stack of this checkout, and one of the checkout in the folder *beside* if it is given.

    Each has a worker of so many processes, which are idle while the other is measured.
    """
    with ExitStack() as opened:
        stacks = []
        for number, checkout in enumerate(list_checkouts(beside)):
            home = folder / f"checkout-{number}"
            home.mkdir()
            stack = running_checkout(home, checkout, processes=processes, latency=latency)
            stacks.append(opened.enter_context(stack))

        yield stacks


@contextmanager
def running_checkout(
    home: Path, checkout: Path, *, processes: int, latency: float
) -> Iterator[CheckoutStack]:
    """Run the stack of one checkout in the folder *home*."""
    with ExitStack() as opened:
        database_url = f"sqlite:///{home / 'tidings.db'}"
        redis_url = opened.enter_context(running_valkey(home / "valkey"))
        stub = opened.enter_context(running_stub(home / "stub"))
        stub.faults(latency=latency)

        variables = make_environment(
            checkout,
            home=str(home),
            database_url=database_url,
            redis_url=redis_url,
            textapi_url=stub.url,
            log_level="WARNING",
        )
        run_command(checkout, variables, "migrate")
        worker = opened.enter_context(_running_worker(checkout, variables, processes))
        db = opened.enter_context(closing(Database(database_url)))
        yield CheckoutStack(checkout, db, stub, worker, variables)


def make_environment(checkout: Path, **settings: str) -> dict[str, str]:
    """Return an environment in which the code of *checkout* runs with these settings alone."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name, value in settings.items():
        variables[f"{PREFIX}{name.upper()}"] = value

    return variables | {"PYTHONPATH": str(checkout)}


def find_python(checkout: Path) -> str:
    """Return the interpreter of the checkout's virtual environment, or this one."""
    of_checkout = checkout / ".venv" / "bin" / "python"
    return str(of_checkout) if of_checkout.exists() else sys.executable


def run_command(checkout: Path, variables: Mapping[str, str], *arguments: str) -> tuple[str, float]:
    """Run `tidings` of a checkout; return its output and its processor seconds."""
    command = [find_python(checkout), "-P", "-m", "cli.main", *arguments]
    home = variables[f"{PREFIX}HOME"]

    cpu_began = _children_cpu_seconds()
    done = subprocess.run(  # noqa: S603 - our own program
        command, env=dict(variables), cwd=home, capture_output=True, text=True, check=False
    )
    cpu_seconds = _children_cpu_seconds() - cpu_began

    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")

    return done.stdout, cpu_seconds


def _children_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)  # of those that have ended
    return usage.ru_utime + usage.ru_stime


@contextmanager
def _running_worker(
    checkout: Path, variables: Mapping[str, str], processes: int
) -> Iterator[psutil.Process]:
    command = [find_python(checkout), *WORKER_COMMAND, *WORKER_OPTIONS]
    command += ["--concurrency", str(processes)]
    home, redis_url = Path(variables[f"{PREFIX}HOME"]), variables[f"{PREFIX}REDIS_URL"]
    log = home / "worker.log"

    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - our own program
            command,
            env=dict(variables) | ENVIRONMENT,
            cwd=home,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - one thread
        ) as process,
    ):
        try:
            wait_until(
                lambda: process.poll() is not None or worker_answers(redis_url, WORKER),
                what=f"the worker's start ({log})",
            )
            if process.poll() is not None:
                raise RuntimeError(f"the worker ended: {log.read_text(errors='replace')}")

            yield psutil.Process(process.pid)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def write_archive_of(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write headlines as archives of the New York Times, one a month; return *folder*.

    *rows* are those of `harness.headlines`, in the order of their time.
    """
    months: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    for row in rows:
        if row["period"] not in months:
            _write_months(folder, months)

        months[row["period"]][f"{row['published_at']:%Y-%m-%d}"].append(row["text"])

    _write_months(folder, months)
    return folder


def _write_months(folder: Path, months: dict[str, dict[str, list[str]]]) -> None:
    for period, texts_by_day in months.items():
        write_archive(folder / period, texts_by_day)
    months.clear()
