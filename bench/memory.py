"""Memory and time of a worker's process on 100,000 and on 1,000,000 documents: import, a run of months, its exports.

    python bench/memory.py [DOCUMENTS...]

Some six minutes. Each part of each size has a process of its own, on SQLite and loopback, beside a stub of the service
without latency. `work` is what a worker's child does, every month's every slice in one process; the exports are what a
user asks for. Ends with 1 where memory grows by more than 50 MB between the smallest size and the largest.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

ALLOWED_MB = 50.0
MONTHS = 24
EVERY = 50  # documents to a mention
FIRST = datetime(2018, 1, 1)  # noqa: DTZ001 - as documents hold it


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [100_000, 1_000_000]
    found = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder:
            found[size] = {}
            for part in ("fill", "work", "export"):
                command = [sys.executable, __file__, "--part", part, folder, str(size)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this file
                found[size][part] = json.loads(done.stdout.splitlines()[-1])
                figures = found[size][part]
                print(
                    f"{size:>9,} documents, {part:7} {figures['seconds']:7.1f} s, at most {figures['mb']:6.1f} MB"
                    f"  {figures['note']}",
                    flush=True,
                )
    grown = {
        part: found[max(sizes)][part]["mb"] - found[min(sizes)][part]["mb"]
        for part in ("fill", "work", "export")
    }
    print("growth:", ", ".join(f"{part} {mb:.1f} MB" for part, mb in grown.items()))
    sys.exit(int(max(grown.values()) > ALLOWED_MB))


def part(name: str, folder: Path, size: int) -> None:
    """One part in this process, whose memory at its most is told together with the time."""
    began = time.perf_counter()
    note = {"fill": fill, "work": work, "export": export}[name](folder, size)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - began,
                "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "note": note,
            }
        )
    )


def headlines(size: int) -> Iterator[dict[str, Any]]:
    """In the order of the archive's ids, evenly over the months."""
    minutes = MONTHS * 30 * 1440
    for n in range(size):
        at = FIRST + timedelta(minutes=n * minutes // size)
        said = "Covid reaches ward" if n % EVERY == 0 else "A quiet day in ward"
        yield {
            "identity": f"nyt:{n:08}", "source": "nyt", "handle": None, "author_id": None, "published_at": at,
            "period": f"{at:%Y-%m}", "address": f"https://example.org/{n}", "material": "News", "repost": False,
            "text": f"{said} {n}, the council says in its report of the year.",
        }  # fmt: skip


def fill(folder: Path, size: int) -> str:
    """What an import does, in its batches."""
    from models.database import Database, migrate  # noqa: PLC0415 - each part has its own memory
    from models.documents import add_documents  # noqa: PLC0415

    url = f"sqlite:///{folder}/tidings.db"
    migrate(url)
    db, rows = Database(url), headlines(size)
    while some := list(islice(rows, 1000)):
        add_documents(db, some)
    return f"{(folder / 'tidings.db').stat().st_size / 1e6:,.0f} MB of database"


def work(folder: Path, _size: int) -> str:
    """Every month of the run, slice after slice in this process, as a worker's child does."""
    from analysis.options import Keyword  # noqa: PLC0415
    from analysis.parameters import MonthsParameters  # noqa: PLC0415
    from core.broker import celery_app  # noqa: PLC0415
    from core.logs import configure  # noqa: PLC0415
    from producers.submit import submit_run  # noqa: PLC0415
    from tests.e2e_kit import running_stub  # noqa: PLC0415
    from tests.services import running_valkey  # noqa: PLC0415
    from workers.executor import work_one_slice  # noqa: PLC0415
    from workers.runtime import Runtime  # noqa: PLC0415

    last = FIRST + timedelta(days=30 * MONTHS - 1)
    with running_stub(folder / "stub") as stub, running_valkey(folder / "valkey") as redis_url:
        settings = _settings(folder, redis_url=redis_url, textapi_url=stub.url, slice_seconds=120)
        configure(settings)
        runtime = Runtime(settings, celery_app(settings))
        steps = ("keywords", "polarity")
        parameters = MonthsParameters(
            first=f"{FIRST:%Y-%m}",
            last=f"{last:%Y-%m}",
            keywords=(Keyword.parse("covid"),),
            steps=steps,
        )
        run = submit_run(runtime.db, parameters, [])
        while left := _unfinished(runtime.db, run):
            work_one_slice(runtime, left[0])
        calls = stub.counts()["calls"]
        runtime.close()
    return f"{calls:,} calls"


def export(folder: Path, _size: int) -> str:
    """Every table that grows with the documents."""
    from models.database import Database  # noqa: PLC0415
    from reports.exports import write  # noqa: PLC0415

    db, written = Database(f"sqlite:///{folder}/tidings.db"), 0
    for table in ("periods", "mentions", "documents"):
        written += write(db, 1, table, "jsonl", _Nowhere())
    return f"{written:,} rows"


class _Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return len(content)


def _unfinished(db: Any, run: int) -> list[int]:
    from sqlalchemy import select  # noqa: PLC0415

    from core.enums import ENDED, JobKind  # noqa: PLC0415
    from models.tables import Job  # noqa: PLC0415

    with db.read() as connection:
        wanted = select(Job.id).where(
            Job.run_id == run, Job.kind == JobKind.MONTH, Job.state.not_in(ENDED)
        )
        return list(connection.scalars(wanted.order_by(Job.id)))


def _settings(folder: Path, **given: Any) -> Any:
    from core.settings import Settings  # noqa: PLC0415

    return Settings(home=folder, database_url=f"sqlite:///{folder}/tidings.db", **given)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        part(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
