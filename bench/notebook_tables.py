"""`run.table` in a notebook: tables of 100,000 rows, beside the work that no program can save.

    python bench/notebook_tables.py [--rows 100000] [--rounds 3]

A minute. A made-up archive has so many documents, each of which mentions the keyword, so that
`documents` and `mentions` have a row for each. `run.table` is what a cell waits for: the command,
its export and the reading of it. By itself, the command does its imports first; behind the server
of commands, which a notebook's second command starts, they are done. The floor reads the same
columns by SQL statements written by hand, sorts the rows and makes an Arrow table of them, in a
process that has done its imports.
"""

from __future__ import annotations

import io
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from operator import itemgetter
from pathlib import Path

import harness
import pyarrow as pa

import tidings
from tests import report_stories as stories
from tidings.commands import TableName

FIRST, LAST, MONTHS = "2022-01", "2023-12", 24
GOAL_SECONDS = 1.0

COLUMNS_OF_DOCUMENTS = "identity, source, handle, published_at, address, text"
SELECT_DOCUMENTS = f"SELECT {COLUMNS_OF_DOCUMENTS} FROM documents"  # noqa: S608 - constants
SELECT_MENTIONS = f"""
SELECT {COLUMNS_OF_DOCUMENTS}, keyword, term, position, sentence, polarity
FROM mentions JOIN documents ON documents.id = document_id WHERE job_id = ?
"""  # noqa: S608 - as above


def fill(home: Path, documents: int) -> None:
    """Fill a home with documents that all mention the keyword, and a run over them."""
    headlines = harness.headlines(
        FIRST, MONTHS, documents // MONTHS, subjects=("Covid",), every=1, words=10
    )
    texts = (
        stories.Text(f"{row['published_at']:%Y-%m-%d}", row["text"], row["address"])
        for row in headlines
    )
    with closing(stories.database(home)) as db:
        stories.store(db, texts)
        stories.months_run(db, FIRST, LAST, ["covid"])


def read_by_hand(file: Path, table: str) -> int:
    """Return the number of rows of the Arrow table that SQL and pyarrow make."""
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
    from models.database import Database  # noqa: PLC0415 - as the harness has it
    from reports.data.exports import write  # noqa: PLC0415
    from tidings.tables import read_parquet  # noqa: PLC0415

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


def measure(table: TableName, rows: int, rounds: int, folder: Path, home: tidings.Home) -> None:
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


def main() -> None:
    """Print the figures of both tables."""
    options = harness.parse_options(__doc__, rows=100_000, rounds=3)
    rows = options.rows // MONTHS * MONTHS

    with harness.temporary_folder() as folder:
        harness.run_in_processes(fill, (folder, options.rows))
        with tidings.open(folder) as home:
            wait_for_server(home)
            for table in ("documents", "mentions"):
                measure(table, rows, options.rounds, folder, home)


if __name__ == "__main__":
    main()
