"""How long a reader waits: for a report made from stored results, and for a table in a notebook.

    python bench/report_times.py [--months 24 120 240] [--headlines 5000] [--keywords 1]
                                 [--rows 100000] [--rounds 1]

Reports: some minutes a round, none with `--months 0`; time, processor time and memory. Each month
has 5,000 headlines, of which about 150 mention each subject, and its job has kept its frames; for
2,100 months (1851 to 2025) `--headlines 60` is ten minutes of processor time and more. Ten million
documents are `--months 120 --headlines 83334`: 4 GB, and ten minutes of processor time before the
first report. A report is made by one process, as by a worker; again with nothing changed; again
after one month of the run has new results, whose worker keeps its frames; and into another folder
by a process with a second one, as `tidings report` does. The size of the folder is printed too.

Tables: half a minute a round, none with `--rows 0`. Each document of an archive mentions the
keyword, so that `documents` and `mentions` have a row for each. `run.table` is what a cell waits
for: the command, its export and the reading of it. By itself, the command does its imports first;
behind the server of commands, which a notebook's second command starts, they are done. The floor
reads the same columns by SQL statements written by hand, sorts the rows and makes an Arrow table of
them, in a process that has done its imports.
"""

from __future__ import annotations

import io
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import Any

import harness
from sqlalchemy import func, select, update

import tidings
from analysis.grains import list_months
from core.garbage import collect_seldom
from models.database import Database
from models.tables import Document, Job, JobStep, Run
from reports.build import report_folder
from reports.build.second_process import open_second_process
from reports.data.exports import write
from reports.data.run_data import RunJob, document_scope, load_run
from reports.frames.reading import keep_frames
from tests import report_stories as stories
from tidings.commands import TableName
from tidings.tables import read_parquet

FIRST, LONG_FIRST = "2001-01", "1851-01"
LONG = 300  # months; longer runs begin so early that they end in our days
MENTION_EVERY = 33  # headlines
SUBJECTS = ("covid and", "coronavirus and", "covid-19 and")
# What further keywords are called.
FURTHER = (
    *("ferry", "harvest", "mayor", "opera", "glacier", "tariff", "vaccine"),
    *("orchard", "comet", "strike", "museum", "wildfire", "railway", "census"),
)

TABLE_FIRST, TABLE_LAST, TABLE_MONTHS = "2022-01", "2023-12", 24
TABLES: tuple[TableName, ...] = ("documents", "mentions")
GOAL_SECONDS = 1.0

COLUMNS_OF_DOCUMENTS = "identity, source, handle, published_at, address, text"
SELECT_DOCUMENTS = f"SELECT {COLUMNS_OF_DOCUMENTS} FROM documents"  # noqa: S608 - constants
SELECT_MENTIONS = f"""
SELECT {COLUMNS_OF_DOCUMENTS}, keyword, term, position, sentence, polarity
FROM mentions JOIN documents ON documents.id = document_id WHERE job_id = ?
"""  # noqa: S608 - as above


# --- reports ---


def first_month(months: int) -> str:
    """Return the month with which a run of so many begins."""
    return FIRST if months <= LONG else LONG_FIRST


def texts(months: int, headlines: int, keywords: int) -> Iterator[dict[str, Any]]:
    """Return so many headlines of each of so many months, with so many keywords."""
    # Each term of the first keyword comes as often as each other keyword.
    subjects = [*SUBJECTS, *(name for name in FURTHER[: keywords - 1] for _ in SUBJECTS)]
    every = max(1, MENTION_EVERY // keywords)
    first = first_month(months)
    return harness.headlines(first, months, headlines, subjects=subjects, every=every, words=7)


def to_texts(rows: Iterable[dict[str, Any]]) -> Iterator[stories.Text]:
    """Yield headlines as a story has them."""
    for row in rows:
        yield stories.Text(f"{row['published_at']:%Y-%m-%d}", row["text"], row["address"])


def fill(folder: Path, months: int, headlines: int, keywords: int) -> tuple[str, int]:
    """Fill a database with so many months and a run over them; return its address and the run."""
    with closing(stories.database(folder)) as db:
        harness.store_documents(db, texts(months, headlines, keywords))
        first = first_month(months)
        last = list_months(first, "2099-12")[months - 1]
        names = ["covid:coronavirus,covid-19", *FURTHER[: keywords - 1]]
        run = stories.months_run(db, first, last, names)
        newest = select(func.max(Document.id)).scalar_subquery()
        with db.write() as connection:
            of_run = update(Job).where(Job.run_id == run)
            connection.execute(of_run.values(newest_document=newest))

        keep_frames_of(db, run, load_run(db, run).jobs)
        return db.url, run


def keep_frames_of(db: Database, run: int, jobs: Iterable[RunJob]) -> None:
    """Keep the frames of jobs, as their workers do at their end."""
    data = load_run(db, run)
    for job in jobs:
        keep_frames(db, job.id, document_scope(data, job), has_mentions=True)


def add_results(url: str, run: int) -> None:
    """Let the last month of a run have new results, and the run end once more."""
    with closing(Database(url)) as db:
        job = load_run(db, run).jobs[-1]
        with db.write() as connection:
            at = JobStep.at + 1
            connection.execute(update(JobStep).where(JobStep.job_id == job.id).values(at=at))
            ended = update(Run).where(Run.id == run).values(ended_at=Run.ended_at + 1)
            connection.execute(ended)

        keep_frames_of(db, run, [job])


def build_report(url: str, run: int, out: Path, *, with_second_process: bool = False) -> None:
    """Make the report of a run in the folder *out*."""
    collect_seldom()
    with closing(Database(url)) as db, ExitStack() as stack:
        executor = stack.enter_context(open_second_process()) if with_second_process else None
        report_folder.build(db, [run], out, executor=executor)


def measure_report(folder: Path, months: int, headlines: int, keywords: int, rounds: int) -> None:
    """Make the report of so many months four times a round and print the figures."""
    (filled,) = harness.run_in_processes(fill, (folder, months, headlines, keywords))
    url, run = filled.result
    usages, usages_again, after_month, by_command = [], [], [], []

    build_by_command = partial(build_report, with_second_process=True)
    for number in range(rounds):
        out, command_out = folder / f"out-{number}", folder / f"command-{number}"
        usages += harness.run_in_processes(build_report, (url, run, out))
        usages_again += harness.run_in_processes(build_report, (url, run, out))
        add_results(url, run)
        after_month += harness.run_in_processes(build_report, (url, run, out))
        by_command += harness.run_in_processes(build_by_command, (url, run, command_out))

    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    name = f"report of {months} months, {keywords} keyword{'s' * (keywords > 1)}"
    seconds = [usage.seconds for usage in usages]
    cases = {"": usages, ", after one new month": after_month}
    for case, of_case in cases.items():
        cpu_seconds = median(usage.cpu_seconds for usage in of_case)
        note = f"{cpu_seconds:.1f} s of processor time"
        samples = [usage.seconds for usage in of_case]
        harness.print_figure(f"{name}{case}", samples, "s", note=note)

    seconds_again = [usage.seconds for usage in usages_again]
    harness.print_figure(f"{name}, nothing changed", seconds_again, "s")
    harness.print_figure(
        f"{name}, by the command's two processes",
        [usage.seconds for usage in by_command],
        "s",
        floor=median(seconds) / 2,
        floor_name="half of one's",
    )
    harness.print_figure(f"{name}, memory at its peak", [usage.peak_mb for usage in usages], "MB")
    harness.print_figure(f"{name}, its folder", [size / 1e6], "MB")


# --- tables ---


def fill_tables(home: Path, documents: int) -> None:
    """Fill a home with documents that all mention the keyword, and a run over them."""
    rows = harness.headlines(
        TABLE_FIRST,
        TABLE_MONTHS,
        documents // TABLE_MONTHS,
        subjects=("Covid",),
        every=1,
        words=10,
    )
    with closing(stories.database(home)) as db:
        stories.store(db, to_texts(rows))
        stories.months_run(db, TABLE_FIRST, TABLE_LAST, ["covid"])


def read_by_hand(file: Path, table: str) -> int:
    """Return the number of rows of the Arrow table that SQL and pyarrow make."""
    # A report's process, whose memory is measured, imports this file and no pyarrow.
    import pyarrow as pa  # noqa: PLC0415

    with closing(sqlite3.connect(file)) as connection:
        if table == "documents":
            rows = connection.execute(SELECT_DOCUMENTS).fetchall()
            rows.sort(key=itemgetter(0))
        else:
            jobs = connection.execute("SELECT id FROM jobs WHERE kind = 'month' ORDER BY name")
            rows = []
            for job in jobs.fetchall():
                month_rows = connection.execute(SELECT_MENTIONS, job).fetchall()
                rows += sorted(month_rows, key=itemgetter(0, 6, 7, 8))

    arrays = [pa.array(cells) for cells in zip(*rows, strict=True)]
    return len(arrays[0])


def export_and_read(url: str, table: str) -> int:
    """Return the number of rows of a table that is exported and read in this process."""
    exported = io.BytesIO()
    with closing(Database(url)) as db:
        write(db, 1, table, "parquet", exported)

    return int(read_parquet(exported.getvalue()).num_rows)


def read_in_notebook(home: tidings.Home, table: TableName) -> int:
    """Return the number of rows that a cell gets."""
    return int(tidings.Run(home.program, 1).table(table).num_rows)


def read_first(folder: Path, table: TableName) -> int:
    """Return the number of rows that the first command of a notebook gets."""
    with tidings.open(folder) as home:
        return read_in_notebook(home, table)


def wait_for_server(home: tidings.Home) -> None:
    """Wait until commands are run by the server of commands."""
    home.runs()
    home.runs()
    while home.program._server is None or home.program._server.command is None:  # noqa: SLF001
        time.sleep(0.05)


def measure_table(
    table: TableName, rows: int, rounds: int, folder: Path, home: tidings.Home
) -> None:
    """Print the figures of a table of so many rows."""
    file = folder / "tidings.db"
    readings: dict[str, Callable[[], int]] = {
        "by hand": partial(read_by_hand, file, table),
        "export": partial(export_and_read, f"sqlite:///{file}", table),
        "cell": partial(read_in_notebook, home, table),
        "first": partial(read_first, folder, table),
    }
    for reading in readings.values():
        counted = reading()
        if counted != rows:
            raise AssertionError(f"{table} has {counted} rows, not {rows}")

    timed = harness.take_turns(
        {name: harness.timed(reading) for name, reading in readings.items()}, rounds=rounds
    )
    processor = harness.take_turns(
        {name: harness.timed(readings[name], time.process_time) for name in ("by hand", "export")},
        rounds=rounds,
    )
    title = f"{rows:,} {table}"
    floor = min(processor["by hand"])
    harness.print_figure(f"{title}: by hand, processor time", processor["by hand"], "s")
    harness.print_figure(f"{title}: export, processor time", processor["export"], "s", floor=floor)
    floor = min(timed["by hand"])
    harness.print_figure(
        f"{title}: run.table", timed["cell"], "s", floor=floor, note=f"goal {GOAL_SECONDS} s"
    )
    harness.print_figure(f"{title}: run.table, first command", timed["first"], "s", floor=floor)


def measure_tables(rows: int, rounds: int) -> None:
    """Print the figures of the tables of an archive of so many documents."""
    # Each month has as many.
    rows -= rows % TABLE_MONTHS
    with harness.temporary_folder() as folder:
        harness.run_in_processes(fill_tables, (folder, rows))
        with tidings.open(folder) as home:
            wait_for_server(home)
            for table in TABLES:
                measure_table(table, rows, rounds, folder, home)


def main() -> None:
    options = harness.parse_options(
        __doc__, months=(24, 120, 240), headlines=5000, keywords=1, rows=100_000, rounds=1
    )

    for months in filter(None, options.months):
        with harness.temporary_folder() as folder:
            measure_report(folder, months, options.headlines, options.keywords, options.rounds)

    if options.rows:
        measure_tables(options.rows, options.rounds)


if __name__ == "__main__":
    main()
