"""Time, processor time and memory of making a report from stored results.

    python bench/reports.py [--months 24 120 240]

Some minutes. Each month has 5,000 headlines, of which about 150 mention the subject. A report is
made by one process; again with nothing changed; and into another folder by two processes that draw
its parts and one that makes it, as two workers of the queue `reports` do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import harness

from models.database import Database
from tests import report_stories as stories

FIRST = "2001-01"
HEADLINES = 5000  # a month
MENTION_EVERY = 33  # headlines
SUBJECTS = ("covid and", "coronavirus and", "covid-19 and")


def texts(months: int) -> Iterator[stories.Text]:
    """Yield the headlines of so many months."""
    rows = harness.headlines(
        FIRST, months, HEADLINES, subjects=SUBJECTS, every=MENTION_EVERY, words=7
    )
    for row in rows:
        yield stories.Text(f"{row['published_at']:%Y-%m-%d}", row["text"], row["address"])


def fill(folder: Path, months: int) -> tuple[str, int]:
    """Fill a database with so many months and a run over them; return its address and the run."""
    with closing(stories.database(folder)) as db:
        stories.store(db, texts(months))
        last = f"{2001 + (months - 1) // 12}-{(months - 1) % 12 + 1:02}"
        return db.url, stories.months_run(db, FIRST, last, ["covid:coronavirus,covid-19"])


def build_report(url: str, run: int, out: Path) -> None:
    from reports.build import build  # noqa: PLC0415 - a worker imports it for its first report

    with closing(Database(url)) as db:
        build(db, [run], out)


def draw_parts(url: str, run: int, out: Path, worker: int) -> None:
    """Draw every other part of a report."""
    from reports import build  # noqa: PLC0415

    with closing(Database(url)) as db:
        for names in build.divide_figures(db, run)[worker::2]:
            build.draw_part(db, run, out, names, check=lambda: None)


def measure(folder: Path, months: int) -> None:
    """Make the report of so many months three times and print the figures."""
    url, run = fill(folder, months)
    out, other_out = folder / "out", folder / "other"

    (usage,) = harness.run_in_processes(build_report, (url, run, out))
    (again,) = harness.run_in_processes(build_report, (url, run, out))

    began = time.perf_counter()
    harness.run_in_processes(draw_parts, (url, run, other_out, 0), (url, run, other_out, 1))
    harness.run_in_processes(build_report, (url, run, other_out))
    by_two = time.perf_counter() - began

    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    figures = len(list((out / "figures").iterdir()))
    note = f"{usage.cpu_seconds:.1f} s of processor time, {figures} figures, {size / 1e6:.0f} MB"
    harness.print_figure(f"report of {months} months", [usage.seconds], "s", note=note)
    harness.print_figure("  again, nothing changed", [again.seconds], "s")
    harness.print_figure(
        "  by two workers, their start included",
        [by_two],
        "s",
        floor=usage.seconds / 2,
        floor_name="half of one's",
    )
    harness.print_figure("  memory at its peak", [usage.peak_mb], "MB")


def main() -> None:
    options = harness.parse_options(__doc__, months=(24, 120, 240))

    for months in options.months:
        with harness.temporary_folder() as folder:
            measure(folder, months)


if __name__ == "__main__":
    main()
