"""Memory, time and bytes of an import, a run of months and its exports, at two sizes.

    python bench/memory.py [--documents 100000 1000000] [--rounds 1]

Some six minutes a round. Each part of each size has a process of its own, on SQLite and loopback,
beside a stub of the Text API without latency. The part `work` is what a worker's child does, every
slice of every month in one process; `export` is what a user asks for. The goal is that memory does
not grow with the documents. Ends with 1 where the peak of a part grows by more than 50 MB from the
smallest size to the largest.

What was asked about a keyword may take 8 bytes a document in the ledger: the part `work` prints
what its tables with their indexes take.
"""

from __future__ import annotations

import io
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import harness

if TYPE_CHECKING:  # each part imports what it needs: the others' modules are not in its memory
    from models.database import Database

ALLOWED_MB = 50.0
FIRST, LAST, MONTHS = "2018-01", "2019-12", 24
# Documents.
MENTION_EVERY = 50
LEDGER_SIZE = """
SELECT sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name)
WHERE tbl_name IN ('keyword_questions', 'searched_blocks', 'keyword_sentences')
"""


def fill(folder: Path, size: int) -> str:
    """Store documents as an import does."""
    documents = harness.headlines(
        FIRST, MONTHS, size // MONTHS, subjects=("Covid",), every=MENTION_EVERY, words=10
    )

    with harness.open_database(folder) as db:
        harness.store_documents(db, documents)
        db.checkpoint_wal()

    return f"{(folder / 'tidings.db').stat().st_size / 1e6:,.0f} MB of database"


def work(folder: Path, size: int) -> str:
    """Work on each month, slice after slice in this process, as a worker's child does."""
    from sqlalchemy import text  # noqa: PLC0415 - see the top

    from analysis.kinds.months import MonthsParameters  # noqa: PLC0415
    from analysis.options import Keyword  # noqa: PLC0415 - see the top
    from core.broker import celery_app  # noqa: PLC0415
    from core.logs import configure  # noqa: PLC0415
    from core.settings import Settings  # noqa: PLC0415
    from producers.submit import submit_run  # noqa: PLC0415
    from tests.e2e_kit import running_stub  # noqa: PLC0415
    from tests.services import running_valkey  # noqa: PLC0415
    from workers.executor import work_one_slice  # noqa: PLC0415
    from workers.runtime import Runtime  # noqa: PLC0415

    parameters = MonthsParameters(
        first=FIRST,
        last=LAST,
        keywords=(Keyword.parse("covid"),),
        steps=("keywords", "polarity"),
    )

    with (
        harness.open_database(folder) as db,
        running_valkey(folder / "valkey") as redis_url,
        running_stub(folder / "stub") as stub,
    ):
        settings = Settings(
            home=folder,
            database_url=db.url,
            redis_url=redis_url,
            textapi_url=stub.url,
            slice_seconds=120,
            log_level="WARNING",
        )
        configure(settings)
        runtime = Runtime(settings, celery_app(settings))
        run = submit_run(db, parameters, ())
        while unfinished := _unfinished_months(db, run):
            work_one_slice(runtime, unfinished[0])

        runtime.close()
        with db.read() as connection:
            ledger = connection.scalar(text(LEDGER_SIZE)) / size

        return f"{stub.counts()['calls']:,} calls, {ledger:.2f} bytes of ledger a document"


def _unfinished_months(db: Database, run: int) -> list[int]:
    from sqlalchemy import select  # noqa: PLC0415 - see the top

    from core.enums import ENDED, JobKind  # noqa: PLC0415
    from models.tables import Job  # noqa: PLC0415

    is_unfinished = (Job.run_id == run, Job.kind == JobKind.MONTH, Job.state.not_in(ENDED))
    with db.read() as connection:
        return list(connection.scalars(select(Job.id).where(*is_unfinished).order_by(Job.id)))


def export(folder: Path, _size: int) -> str:
    """Write every table that grows with the documents."""
    from reports.data.exports import write  # noqa: PLC0415 - see the top

    rows = 0
    with harness.open_database(folder) as db:
        for table in ("periods", "mentions", "documents"):
            rows += write(db, 1, table, "jsonl", _Nowhere())

    return f"{rows:,} rows"


class _Nowhere(io.BytesIO):
    """Drops what is written."""

    def write(self, content: Any) -> int:
        return memoryview(content).nbytes


PARTS = {"fill": fill, "work": work, "export": export}


def measure(size: int, rounds: int) -> dict[str, list[harness.Usage]]:
    """Measure the parts at one size, one after the other, and print their figures."""
    usages: dict[str, list[harness.Usage]] = {name: [] for name in PARTS}

    for _ in range(rounds):
        with harness.temporary_folder() as folder:
            for name, part in PARTS.items():
                usages[name] += harness.run_in_processes(part, (folder, size))

    for name, of_part in usages.items():
        title = f"{name}, {size:,} documents"
        result = of_part[-1].result
        harness.print_figure(title, [usage.peak_mb for usage in of_part], "MB", note=result)
        harness.print_figure(f"{title}, time", [usage.seconds for usage in of_part], "s")

    return usages


def main() -> None:
    options = harness.parse_options(__doc__, documents=(100_000, 1_000_000), rounds=1)
    sizes = sorted(options.documents)
    usages = {size: measure(size, options.rounds) for size in sizes}

    growth = {}
    for name in PARTS:
        smallest, largest = usages[sizes[0]][name], usages[sizes[-1]][name]
        growth[name] = median(usage.peak_mb for usage in largest)
        growth[name] -= median(usage.peak_mb for usage in smallest)

    harness.exit_by_growth(growth, allowed_mb=ALLOWED_MB)


if __name__ == "__main__":
    main()
