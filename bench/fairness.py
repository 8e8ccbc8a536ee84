"""A small run beside a back-fill of 100,000 jobs, and two runs under one limit: real workers, on loopback.

    python bench/fairness.py [sqlite|postgresql] [JOBS]

Some four minutes a database. First the time from submit to done of a run of 20 accounts: alone, and with the back-fill
at work; then the same with jobs that fill their slices; then how two runs share a limit of calls a second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from queries_fill import put
from sqlalchemy import func, select

from analysis.options import Keyword
from analysis.parameters import HandlesParameters, MonthsParameters
from core.broker import celery_app, redis_client
from core.enums import ENDED, State
from core.settings import Settings
from models.database import Database, migrate
from models.jobs import job_counts
from models.runs import UNENDED, get_run
from models.tables import Call, Document, Job
from models.transitions import cancel_run
from producers.dispatch import dispatch_due_jobs
from producers.submit import submit_run
from tests.e2e_kit import Stub, running_stub
from tests.services import running_postgres, running_valkey, running_worker, wait_until

SLOTS = 2
SMALL = 20
ACCOUNTS = HandlesParameters(source="x", steps=("polarity",))
SLICE_SECONDS = 4.0
MONTH = "2019-{:02}"


@dataclass
class Bench:
    """A stack with what is stored in it, and what one does and sees there."""

    settings: Settings
    db: Database
    stub: Stub

    def submit(self, names: list[str]) -> int:
        """A run of these accounts."""
        run = submit_run(self.db, ACCOUNTS, names)
        self.tell()
        return run

    def months(self, first: int, last: int) -> int:
        """A run of these months of 2019, each headline asked for itself."""
        parameters = MonthsParameters(
            first=MONTH.format(first),
            last=MONTH.format(last),
            keywords=(Keyword.parse("covid"),),
            steps=("keywords",),
            text_size=120,
        )
        run = submit_run(self.db, parameters, [])
        self.tell()
        return run

    def tell(self) -> None:
        """Send hints for what is due."""
        with redis_client(self.settings) as broker:
            dispatch_due_jobs(self.db, celery_app(self.settings), broker)

    def done(self, run: int) -> bool:
        """Whether the run has ended."""
        with self.db.read() as connection:
            return get_run(connection, run).state in ENDED

    def seconds_to_done(self, run: int, began: float) -> float:
        """Whether the run has ended."""
        """Wait for the run's end; seconds since *began*."""
        wait_until(lambda: self.done(run), seconds=300, what=f"the end of run {run}")
        return time.perf_counter() - began

    def rests(self, run: int) -> bool:
        """Whether its report is made as well."""
        with self.db.read() as connection:
            counts = job_counts(connection, run)
        return not any(counts.get(state) for state in UNENDED)

    def ended(self, run: int) -> int:
        """How many of its jobs are done."""
        with self.db.read() as connection:
            return int(
                connection.scalar(
                    select(func.count()).where(Job.run_id == run, Job.state == State.DONE)
                )
                or 0
            )

    def calls(self, run: int) -> int:
        """How many calls it has made."""
        with self.db.read() as connection:
            return int(
                connection.scalar(select(func.sum(Call.calls)).where(Call.run_id == run)) or 0
            )


def account(number: int) -> str:
    return f"account{number:06}"


def fill(db: Database, accounts: int) -> None:
    """Two posts an account, and 600 headlines in each month of 2019."""
    first = datetime(2019, 1, 1)  # noqa: DTZ001 - as documents hold it
    put(
        db,
        Document,
        (
            {
                "id": n + 1, "identity": f"x:{n}", "source": "x", "handle": account(n // 2), "published_at": first,
                "period": "2019-01", "text": f"Post number {n} says something.", "repost": False,
            }
            for n in range(2 * accounts)
        ),
    )  # fmt: skip
    put(
        db,
        Document,
        (
            {
                "id": 2 * accounts + n + 1, "identity": f"nyt:{n}", "source": "nyt",
                "published_at": (at := first + timedelta(minutes=n * 73)), "period": f"{at:%Y-%m}",
                "text": f"Covid headline number {n} says something of the ward.", "material": "News", "repost": False,
            }
            for n in range(12 * 600)
        ),
    )  # fmt: skip


@contextmanager
def stack(kind: str, accounts: int) -> Iterator[Bench]:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="tidings-bench-")))
        url = (
            f"sqlite:///{folder}/tidings.db"
            if kind == "sqlite"
            else opened.enter_context(running_postgres())
        )
        migrate(url)
        stub = opened.enter_context(running_stub(folder / "stub"))
        stub.faults(latency=0.05)
        settings = Settings(
            home=folder,
            database_url=url,
            redis_url=opened.enter_context(running_valkey(folder / "valkey")),
            textapi_url=stub.url,
            slice_seconds=SLICE_SECONDS,
        )
        db = Database(url)
        began = time.perf_counter()
        fill(db, accounts)
        print(
            f"== {kind}: {2 * accounts + 7200:,} documents stored in {time.perf_counter() - began:.0f} s",
            flush=True,
        )
        yield Bench(settings, db, stub)
        db.close()


def small_runs(bench: Bench, first: int) -> list[float]:
    """Three runs of `SMALL` accounts nobody asked about, one after the other."""
    times = []
    for number in range(3):
        names = [account(first + number * SMALL + n) for n in range(SMALL)]
        began = time.perf_counter()
        run = bench.submit(names)
        times.append(bench.seconds_to_done(run, began))
        wait_until(lambda: bench.rests(run), seconds=120, what="the end of its report")  # noqa: B023 - it takes slots
    return times


def beside_a_backfill(bench: Bench, jobs: int) -> None:
    with running_worker(bench.settings, workers=SLOTS):
        alone = small_runs(bench, jobs)
        began = time.perf_counter()
        backfill = bench.submit([account(n) for n in range(jobs)])
        print(
            f"   submitting {jobs:,} jobs                     {time.perf_counter() - began:6.1f} s",
            flush=True,
        )
        time.sleep(5)
        before, at = bench.ended(backfill), time.perf_counter()
        time.sleep(10)
        rate = (bench.ended(backfill) - before) / (time.perf_counter() - at)
        beside = small_runs(bench, jobs + 3 * SMALL)
        cancel_run(bench.db, backfill)
    print(f"   the back-fill alone                        {rate:6.1f} jobs/s")
    print(f"   a run of {SMALL} jobs alone                      {_times(alone)}")
    print(f"   the same beside the back-fill             {_times(beside)}", flush=True)


def beside_long_jobs(bench: Bench, first: int) -> None:
    """Ten months of 600 headlines, each asked alone, 20 calls a second: a job takes many slices of four seconds."""
    limited = bench.settings.model_copy(update={"textapi_limits": "20/s"})
    with running_worker(limited, workers=SLOTS):
        backfill = bench.months(1, 10)
        time.sleep(SLICE_SECONDS)
        names = [account(first + n) for n in range(SMALL)]
        began = time.perf_counter()
        seconds = bench.seconds_to_done(bench.submit(names), began)
        print(
            f"   {SMALL} jobs beside jobs of many {SLICE_SECONDS:.0f} s slices, 20/s {seconds:6.1f} s",
            flush=True,
        )
        cancel_run(bench.db, backfill)


def under_a_limit(bench: Bench) -> None:
    """A run of nine months and one of one month, both with more to ask than the limit lets through."""
    limited = bench.settings.model_copy(update={"textapi_limits": "20/s"})
    for workers in (2, 4):
        with running_worker(limited, workers=workers):
            large = bench.months(1, 9)
            time.sleep(2 * SLICE_SECONDS)
            small = bench.months(11, 11 + (workers > 2))
            wait_until(lambda: bench.calls(small) > 0, seconds=60)  # noqa: B023 - called at once
            before, at = (bench.calls(large), bench.calls(small)), time.perf_counter()
            time.sleep(3 * SLICE_SECONDS)
            spent = time.perf_counter() - at
            rates = [
                (bench.calls(run) - then) / spent
                for run, then in zip((large, small), before, strict=True)
            ]
            for run in (large, small):
                cancel_run(bench.db, run)
        print(
            f"   two runs under 20/s, {workers} slots: {rates[0]:4.1f} calls/s the large, {rates[1]:4.1f} the small",
            flush=True,
        )


def _times(seconds: list[float]) -> str:
    return f"{median(seconds):6.1f} s (" + ", ".join(f"{value:.1f}" for value in seconds) + ")"


def main() -> None:
    kinds = [word for word in sys.argv[1:] if not word.isdigit()] or ["sqlite", "postgresql"]
    jobs = next((int(word) for word in sys.argv[1:] if word.isdigit()), 100_000)
    for kind in kinds:
        with stack(kind, jobs + 10 * SMALL) as bench:
            beside_a_backfill(bench, jobs)
            beside_long_jobs(bench, jobs + 6 * SMALL)
            under_a_limit(bench)


if __name__ == "__main__":
    main()
