"""A whole archive: made-up outlets from 1851 to today, imported, planned, run and exported.

    python bench/archive.py [--documents 100000 1000000] [--database sqlite] [--first 1851-10]
        [--processes 2]

Some half an hour with the sizes above: a report of 2,101 months takes minutes. Everything is on
loopback, beside our own Text API and its engine, whose processor time is the run's too. 47 outlets
of uneven sizes, with gaps, wire copies and templates (`archive_files.py`), a CSV file each, are
imported in a process of their own; the months from *first* on are run with two keywords, and a
report is drawn.

Prints the rate of each tenth of the import and of the run, the time of the report and of the
commands, the sizes, and the peak memory of each process. Ends with 1 where the peak of a part grows
by more than 50 MB from the smallest size to the largest.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import archive_files
import harness
import textapi_load

ALLOWED_MB = 50.0
SOURCE = "archive"
TENTHS = 10
COMMANDS = ("status", "runs", "stored")
WAIT_SECONDS = 24 * 3600.0


# --- parts, each in a process of its own ---


def import_files(url: str, files: dict[str, Path], documents: int) -> list[float]:
    """Import the files; return when each tenth of the documents was stored, in seconds."""
    from contextlib import closing  # noqa: PLC0415 - its imports are of its memory

    from models.database import Database  # noqa: PLC0415 - see above
    from producers.imports import import_paths  # noqa: PLC0415

    began = time.perf_counter()
    ends: list[float] = []
    stored = 0

    def note(of_file: int) -> None:
        if (stored + of_file) * TENTHS >= documents * (len(ends) + 1):
            ends.append(time.perf_counter() - began)

    with closing(Database(url)) as db:
        for outlet, path in files.items():
            imported = import_paths(
                *(db, [path]),
                source=SOURCE,
                handle=None,
                outlet=outlet,
                columns={},
                on_progress=note,
            )
            stored += imported.tally.documents

    if len(ends) < TENTHS:
        ends.append(time.perf_counter() - began)

    return ends


def plan(url: str, first: str) -> int:
    """Plan the run; return its calls."""
    from contextlib import closing  # noqa: PLC0415 - its imports are of its memory

    from core.settings import Settings  # noqa: PLC0415 - see above
    from models.database import Database  # noqa: PLC0415
    from producers.plan import OUR_ENGINE, plan_run  # noqa: PLC0415

    parameters = run_parameters(first)
    with closing(Database(url)) as db:
        planned = plan_run(
            db, parameters, (), engine=OUR_ENGINE, settings=Settings(database_url=url)
        )

    return planned.calls_needed


def export(url: str, run: int) -> dict[str, tuple[int, str]]:
    """Export the tables that grow with the documents; return the rows and SHA-256 of each."""
    from contextlib import closing  # noqa: PLC0415 - its imports are of its memory

    from models.database import Database  # noqa: PLC0415 - see above
    from reports.data.exports import write  # noqa: PLC0415

    exports = {}
    with closing(Database(url)) as db:
        for table in ("periods", "mentions", "documents"):
            nowhere = _Hashed()
            rows = write(db, run, table, "jsonl", nowhere)
            exports[table] = (rows, nowhere.digest())

    return exports


class _Hashed(io.BytesIO):
    """Keeps the hash of what is written."""

    def __init__(self) -> None:
        import hashlib  # noqa: PLC0415 - its memory is the part's

        super().__init__()
        self._hash = hashlib.sha256()

    def write(self, content: Any) -> int:
        self._hash.update(content)
        return memoryview(content).nbytes

    def digest(self) -> str:
        """Return the hash of all that was written."""
        return self._hash.hexdigest()


def run_parameters(first: str) -> Any:
    """Return the parameters of the run: two keywords over all months from *first* on."""
    from analysis.kinds.months import MonthsParameters  # noqa: PLC0415
    from analysis.options import Keyword  # noqa: PLC0415 - see `harness`

    return MonthsParameters(
        first=first,
        last=archive_files.LAST,
        sources=(SOURCE,),
        keywords=tuple(map(Keyword.parse, archive_files.SUBJECTS)),
        steps=("keywords", "polarity"),
    )


# --- memory of others' processes ---


def processes_of(name: str) -> Iterator[tuple[int, float]]:
    """Yield id and peak memory in MB of the processes below this one with *name* in a command."""
    parents: dict[int, int] = {}
    peaks: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            continue

        process = int(folder.name)
        parents[process] = int(status.partition("PPid:")[2].split()[0])
        if name in command and "VmHWM:" in status:
            peaks[process] = int(status.partition("VmHWM:")[2].split()[0]) / 1024

    for process, peak in peaks.items():
        ancestor = process
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor]

        if ancestor == os.getpid():
            yield process, peak


def highest_peak(name: str) -> float:
    """Return the highest peak in MB of the processes below this one with *name* in a command."""
    return max((peak for _, peak in processes_of(name)), default=0.0)


# --- one size ---


class Figures:
    """Prints the figures of one size, with the machine's load, and keeps the peaks of memory."""

    def __init__(self, kind: str, documents: int) -> None:
        self.peaks: dict[str, float] = {}
        self._title = f"{kind}, {documents:,}: "

    def add(self, name: str, samples: list[float], unit: str, note: str = "") -> None:
        """Print a figure."""
        load = " ".join(Path("/proc/loadavg").read_text().split()[:2])
        notes = ", ".join(filter(None, (note, f"load {load}")))
        harness.print_figure(f"{self._title}{name}", samples, unit, note=notes)

    def add_peak(self, name: str, peak: float) -> None:
        """Print the peak memory of a part, and keep it."""
        self.peaks[name] = peak
        self.add(f"memory of {name}", [peak], "MB")


def measure(kind: str, documents: int, first: str, processes: int) -> Figures:
    """Import, plan, run and export one archive; print the figures."""
    figures = Figures(kind, documents)
    with (
        harness.temporary_folder() as folder,
        harness.running_stack(folder, kind, slice_seconds=120, log_level="WARNING") as services,
        textapi_load.running_server(processes) as server,
    ):
        stack = with_engine(services, server.port)
        measure_import(figures, folder, stack.db.url, documents)
        stack.db.checkpoint_wal()
        figures.add("database", [database_size(stack.db) / 1e6], "MB")

        (usage,) = harness.run_in_processes(plan, (stack.db.url, first))
        figures.add("plan", [usage.seconds], "s", f"{usage.result:,} calls")
        figures.add_peak("plan", usage.peak_mb)

        run = measure_run(figures, stack, first, processes)
        measure_commands(figures, stack)

        (usage,) = harness.run_in_processes(export, (stack.db.url, run))
        rows = ", ".join(f"{count:,} {name}" for name, (count, _) in usage.result.items())
        figures.add("exports", [usage.seconds], "s", rows)
        figures.add_peak("exports", usage.peak_mb)
        figures.add("database with the run", [database_size(stack.db) / 1e6], "MB")

    return figures


def with_engine(stack: harness.Stack, port: int) -> harness.Stack:
    """Return the stack with our own Text API at *port* in the place of the stub."""
    from pydantic import SecretStr  # noqa: PLC0415 - see `harness`

    address = {"textapi_url": f"http://127.0.0.1:{port}"}
    key = {"textapi_key": SecretStr(textapi_load.KEY)}
    return replace(stack, settings=stack.settings.model_copy(update=address | key))


def measure_import(figures: Figures, folder: Path, url: str, documents: int) -> None:
    """Write the files, import them in a process, print the rate of each tenth."""
    began = time.perf_counter()
    files = archive_files.write_files(folder / "archive", documents)
    size = sum(path.stat().st_size for path in files.values())
    rate = documents / (time.perf_counter() - began)
    figures.add("files", [size / 1e6], "MB", f"written at {rate:,.0f} documents/s")

    (usage,) = harness.run_in_processes(import_files, (url, files, documents))
    seconds = [
        after - before for before, after in zip([0, *usage.result], usage.result, strict=False)
    ]
    rates = [documents / TENTHS / each for each in seconds]
    tenths = " ".join(f"{rate:,.0f}" for rate in rates)
    processor = documents / usage.cpu_seconds
    note = f"tenths {tenths}; {processor:,.0f} a second of this process's processor time"
    figures.add("import", rates, "documents/s", note)
    figures.add_peak("import", usage.peak_mb)


def measure_run(figures: Figures, stack: harness.Stack, first: str, processes: int) -> int:
    """Run over the months, print the rate of each tenth of documents; return the run's id."""
    with stack.workers(count=1, processes=processes):
        began = time.perf_counter()
        run = stack.submit(run_parameters(first))
        figures.add("submit", [time.perf_counter() - began], "s")
        seconds = stack.wait_for(run, seconds=WAIT_SECONDS, with_report=False)
        peak = highest_peak("celery")
        stack.wait_for(run, seconds=WAIT_SECONDS)  # for its report
        until_report = time.perf_counter() - began
        report_peak = highest_peak("celery")

    figures.add("run", [seconds], "s", f"{count_calls(stack.db, run):,} calls")
    figures.add("run, a tenth of the documents", tenths_of_run(stack.db, run), "documents/s")
    figures.add("report", [until_report - seconds], "s", "after the run, by its workers")
    figures.add_peak("worker", peak)
    figures.add_peak("worker with the report", report_peak)
    return run


def count_calls(db: Any, run: int) -> int:
    """Return the attempts at the Text API of a run."""
    from sqlalchemy import func, select  # noqa: PLC0415 - see `harness`

    from models.tables import Call  # noqa: PLC0415

    with db.read() as connection:
        return int(connection.scalar(select(func.sum(Call.calls)).where(Call.run_id == run)) or 0)


def tenths_of_run(db: Any, run: int) -> list[float]:
    """Return the documents a second of each tenth of the run's documents."""
    from sqlalchemy import func, select  # noqa: PLC0415 - see `harness`

    from models.tables import DocumentCount, Job, Run  # noqa: PLC0415

    documents = func.sum(DocumentCount.documents)
    jobs = (
        select(Job.ended_at, documents)
        .join(DocumentCount, DocumentCount.period == Job.name)
        .where(Job.run_id == run)
        .group_by(Job.id, Job.ended_at)
    )
    with db.read() as connection:
        began = connection.scalar(select(Run.created_at).where(Run.id == run))
        ended = connection.execute(jobs.order_by(Job.ended_at)).all()

    rates = []
    total, of_tenth = sum(int(count) for _, count in ended), 0
    for at, count in ended:
        of_tenth += int(count)
        if of_tenth >= total / TENTHS:
            rates.append(of_tenth / (at - began))
            began, of_tenth = at, 0

    return rates


def measure_commands(figures: Figures, stack: harness.Stack) -> None:
    """Print how long the commands take that show what is there."""
    from core.settings import environment  # noqa: PLC0415 - see `harness`

    for command in COMMANDS:
        began = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "cli.main", command, "--json"],
            env=environment(stack.settings),
            capture_output=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            harness.remark(f"{command}: {done.stderr.decode().strip()[-200:]}")
        else:
            figures.add(f"tidings {command}", [seconds], "s", f"{len(done.stdout):,} bytes")


def database_size(db: Any) -> int:
    """Return the bytes that the database takes."""
    from sqlalchemy import text  # noqa: PLC0415 - see `harness`

    if db.is_sqlite:
        return Path(db.engine.url.database).stat().st_size

    with db.read() as connection:
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")))


def main() -> None:
    options = harness.parse_options(
        __doc__,
        documents=(100_000, 1_000_000),
        database="sqlite",
        first=archive_files.FIRST,
        processes=2,
    )
    sizes = sorted(options.documents)
    figures = []
    for size in sizes:
        figures.append(measure(options.database, size, options.first, options.processes))

    growth = {}
    for name, smallest in figures[0].peaks.items():
        growth[name] = figures[-1].peaks[name] - smallest

    harness.exit_by_growth(growth, allowed_mb=ALLOWED_MB)


if __name__ == "__main__":
    main()
