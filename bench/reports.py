"""The time, CPU time and memory that it takes to make a report from stored results.

``python bench/reports.py [MONTHS...]``: 24, 120 and 240 months by default, some minutes. Each month
has 5,000 headlines, of which about 150 mention the subject. A report is made by one process; again
with nothing changed; and into another folder by two processes that draw its parts and one of them
that makes it, as two workers of the queue ``reports`` do.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.parameters import list_months
from models.database import Database
from tests import report_stories as stories

HEADLINES = 5000
TERMS = ("covid", "coronavirus", "covid-19")
WORDS = (
    *("school", "mask", "vaccine", "nurse", "city", "mayor", "budget", "storm", "bridge"),
    *("garden", "theatre", "player", "market", "train", "river", "hospital", "test", "summer"),
    *("winter", "closing", "opening", "hope", "fear", "plan", "doctor", "senate", "museum"),
    *("travel", "island", "bakery", "letter", "strike", "union"),
)


def fill(folder: Path, count: int) -> tuple[Database, int]:
    """Fill a database with *count* months and a run over them."""
    db = stories.database(folder)
    dice = random.Random(1)
    periods = list_months("2001-01", "2020-12")[:count]
    for period in periods:
        texts = []
        for number in range(HEADLINES):
            words = " ".join(dice.choices(WORDS, k=7)).capitalize()
            if dice.random() < 0.03:
                words = f"{dice.choice(TERMS)} and {words}"
            day = 1 + number * 28 // HEADLINES
            texts.append(
                stories.Text(
                    f"{period}-{day:02}", f"{words}.", f"https://example.org/{period}/{number}"
                )
            )
        stories.store(db, texts, prefix=period)
    return db, stories.months_run(db, periods[0], periods[-1], ["covid:coronavirus,covid-19"])


def build_in_process(
    url: str, run: int, out: Path, results: multiprocessing.Queue[tuple[float, float, int]]
) -> None:
    start = time.perf_counter()
    from reports.build import build  # noqa: PLC0415 - a worker imports it for its first report

    db = Database(url)
    build(db, [run], out)
    results.put(
        (
            time.perf_counter() - start,
            time.process_time(),
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        )
    )


def measure_build(url: str, run: int, out: Path) -> tuple[float, float, float]:
    """Return the seconds, CPU seconds and peak MB of one build in a fresh process."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=build_in_process, args=(url, run, out, results))
    process.start()
    seconds, cpu, peak = results.get()
    process.join()
    return seconds, cpu, peak / 1024


def draw_parts(url: str, run: int, out: Path, part: int) -> None:
    from reports import build  # noqa: PLC0415

    db = Database(url)
    for names in build.divide_figures(db, run)[part::2]:
        build.draw_part(db, run, out, names, check=lambda: None)


def measure_two_workers(url: str, run: int, out: Path) -> float:
    """Return the seconds until two processes drew the parts and one made the report."""
    context = multiprocessing.get_context("spawn")
    start = time.perf_counter()
    processes = [
        context.Process(target=draw_parts, args=(url, run, out, part)) for part in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    measure_build(url, run, out)
    return time.perf_counter() - start


def main() -> None:
    for count in map(int, sys.argv[1:] or ("24", "120", "240")):
        with tempfile.TemporaryDirectory(prefix="tidings-bench-") as name:
            print(f"{count} months: {measure_months(Path(name), count)}", flush=True)


def measure_months(folder: Path, count: int) -> str:
    db, run = fill(folder, count)
    db.close()
    first, cpu, peak = measure_build(db.url, run, folder / "out")
    again, *_ = measure_build(db.url, run, folder / "out")
    two_workers = measure_two_workers(db.url, run, folder / "both")
    size = sum(path.stat().st_size for path in (folder / "out").rglob("*") if path.is_file())
    figures = len(list((folder / "out" / "figures").iterdir()))
    return (
        f"made in {first:.1f} s ({cpu:.1f} s CPU time), {peak:.0f} MB at the peak, "
        f"again in {again:.2f} s; by two workers in {two_workers:.1f} s; "
        f"{figures} figures, {size / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    main()
