"""What one PostgreSQL bears: claims, renewed leases and stored answers of 10 to 200 claimants.

    python bench/claims.py [--claimants 10 50 100 200] [--seconds 4] [--beside CHECKOUT]

Claimants are threads of two processes, each with the connections of a worker's process, and call no
service: a call takes the database nothing. They share the machine with the server, so that the
processor time of the server for each piece of work tells more than how many there were in a second.
What is committed is on the disk. With a CHECKOUT, the code of both takes turns on one server.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
import psutil
import psycopg

from tests import services

PROCESSES = 2
JOBS = 10_000
WORK = {
    "turn": "dispatch, claim, give back",
    "fence": "renew a lease",
    "answers": "claim and store 20 answers",
}
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "1000",
}
FILL = """
import sys
from core.enums import JobKind
from models.database import Database, migrate
from models.runs import NewJob, create_run
migrate(sys.argv[1])
db = Database(sys.argv[1])
for jobs in (int(sys.argv[2]), 1000):
    names = [NewJob(JobKind.MONTH, f"{number:06}", {}) for number in range(jobs)]
    create_run(db, kind="months", name=None, parameters={}, jobs=names)
"""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL, and the processor time that it has used."""

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes, those that have ended included."""
        times = self.process.cpu_times()
        used = sum((times.user, times.system, times.children_user, times.children_system))
        for child in self.process.children():
            child_times = child.cpu_times()
            used += child_times.user + child_times.system

        return float(used)


def main() -> None:
    options = harness.parse_options(
        __doc__, claimants=(10, 50, 100, 200), seconds=4.0, rounds=1, beside=""
    )
    checkouts = [Path(options.beside).resolve()] if options.beside else []
    checkouts.append(harness.ROOT)
    services.POSTGRES_OPTIONS.update(DURABLE)
    with services.running_postgres() as url:
        server = Server(url, _server_process(url))
        databases = {checkout: _fill(server, checkout) for checkout in checkouts}
        for claimants in options.claimants:
            _measure(server, databases, claimants, options)


def _server_process(url: str) -> psutil.Process:
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()

    assert row is not None
    return psutil.Process(int((Path(row[0]) / "postmaster.pid").read_text().split()[0]))


def _fill(server: Server, checkout: Path) -> str:
    """Make a database with the tables of *checkout*, a back-fill and jobs to hold."""
    name = f"claims_{checkout.name.lower()}".replace("-", "_")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())

    url = f"{server.url.rpartition('/')[0]}/{name}"
    _run(checkout, "-c", FILL, url, str(JOBS))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")

    return url


def _run(checkout: Path, *arguments: str) -> None:
    subprocess.run(_command(*arguments), env=_variables(checkout), check=True)  # noqa: S603


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", *arguments]


def _variables(checkout: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(checkout)}


def _measure(server: Server, databases: Mapping[Path, str], claimants: int, options: Any) -> None:
    for work, description in WORK.items():
        samples: dict[Path, list[dict[str, float]]] = {checkout: [] for checkout in databases}
        for _ in range(options.rounds):
            for checkout, url in databases.items():
                with _claimants(checkout, url, claimants) as processes:
                    # Connections are opened, and statements are prepared.
                    _work(processes, work, 1.0)
                    samples[checkout].append(_figures(server, processes, work, options.seconds))

        for checkout, figures in samples.items():
            harness.print_figure(
                f"{claimants:3} claimants: {description}",
                [figure["rate"] for figure in figures],
                "/s",
                note="  ".join(
                    f"{name} {statistics.median(figure[name] for figure in figures):.2f} ms"
                    for name in ("server", "client", "median", "slowest 5 %")
                ),
                checkout=checkout,
            )


def _figures(
    server: Server, processes: list[subprocess.Popen[str]], work: str, seconds: float
) -> dict[str, float]:
    """Return how many a second there were, and milliseconds: of processors each, and of waiting."""
    cpu_began = server.cpu_seconds()
    results = _work(processes, work, seconds)
    server_cpu = server.cpu_seconds() - cpu_began
    took = sorted(second for result in results for second in result["seconds"])
    return {
        "rate": len(took) / seconds,
        "server": 1000 * server_cpu / len(took),
        "client": 1000 * sum(result["cpu_seconds"] for result in results) / len(took),
        "median": 1000 * statistics.median(took),
        "slowest 5 %": 1000 * took[int(0.95 * len(took))],
    }


def _work(processes: list[subprocess.Popen[str]], work: str, seconds: float) -> list[Any]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{work} {seconds}\n")
        process.stdin.flush()

    results = []
    for process in processes:
        assert process.stdout is not None
        results.append(json.loads(process.stdout.readline()))

    return results


@contextmanager
def _claimants(checkout: Path, url: str, claimants: int) -> Iterator[list[subprocess.Popen[str]]]:
    program = Path(__file__).with_name("claimant.py")
    with ExitStack() as running:
        processes = []
        threads = claimants // PROCESSES
        for number in range(PROCESSES):
            command = _command(str(program), url, str(number * threads), str(threads))
            process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                env=_variables(checkout),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            processes.append(running.enter_context(process))

        yield processes
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()


if __name__ == "__main__":
    main()
