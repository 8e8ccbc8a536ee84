"""Time, processor time and memory of making a report from stored results.

    python bench/report_times.py [--months 24 120 240] [--headlines 5000] [--keywords 1]
                                 [--rounds 1]

Some minutes a round. Each month has 5,000 headlines, of which about 150 mention each subject; for
2,100 months (1851 to 2025) `--headlines 60` is ten minutes of processor time and more. A
report is made by one process, as by a worker; again with nothing changed; again after one month of
the run has new results, whose worker keeps its frames; and into another folder by a process with a
second one, as `tidings report` does. The size of the folder is printed too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median

import harness
from sqlalchemy import update

from analysis.grains import list_months
from core.garbage import collect_seldom
from models.database import Database
from models.tables import Run
from reports.build import report_folder
from tests import report_stories as stories

FIRST, LONG_FIRST = "2001-01", "1851-01"
LONG = 300  # months; longer runs begin so early that they end in our days
MENTION_EVERY = 33  # headlines
SUBJECTS = ("covid and", "coronavirus and", "covid-19 and")
# What further keywords are called.
FURTHER = (
    *("ferry", "harvest", "mayor", "opera", "glacier", "tariff", "vaccine"),
    *("orchard", "comet", "strike", "museum", "wildfire", "railway", "census"),
)


def first_month(months: int) -> str:
    """Return the month with which a run of so many begins."""
    return FIRST if months <= LONG else LONG_FIRST


def texts(months: int, headlines: int, keywords: int) -> Iterator[stories.Text]:
    """Yield so many headlines of each of so many months, with so many keywords."""
    # Each term of the first keyword comes as often as each other keyword.
    subjects = [*SUBJECTS, *(name for name in FURTHER[: keywords - 1] for _ in SUBJECTS)]
    every = max(1, MENTION_EVERY // keywords)
    first = first_month(months)
    rows = harness.headlines(first, months, headlines, subjects=subjects, every=every, words=7)
    for row in rows:
        yield stories.Text(f"{row['published_at']:%Y-%m-%d}", row["text"], row["address"])


def fill(folder: Path, months: int, headlines: int, keywords: int) -> tuple[str, int]:
    """Fill a database with so many months and a run over them; return its address and the run."""
    with closing(stories.database(folder)) as db:
        stories.store(db, texts(months, headlines, keywords))
        first = first_month(months)
        last = list_months(first, "2099-12")[months - 1]
        names = ["covid:coronavirus,covid-19", *FURTHER[: keywords - 1]]
        return db.url, stories.months_run(db, first, last, names)


def add_results(url: str, run: int) -> None:
    """Let a run end once more, as it does when a month of it is new."""
    with closing(Database(url)) as db, db.write() as connection:
        ended = update(Run).where(Run.id == run).values(ended_at=Run.ended_at + 1)
        connection.execute(ended)


def build_report(url: str, run: int, out: Path, *, with_second_process: bool = False) -> None:
    """Make the report of a run in the folder *out*."""
    collect_seldom()
    with closing(Database(url)) as db:
        report_folder.build(db, [run], out, with_second_process=with_second_process)


def measure(folder: Path, months: int, headlines: int, keywords: int, rounds: int) -> None:
    """Make the report of so many months four times a round and print the figures."""
    url, run = fill(folder, months, headlines, keywords)
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


def main() -> None:
    options = harness.parse_options(
        __doc__, months=(24, 120, 240), headlines=5000, keywords=1, rounds=1
    )

    for months in options.months:
        with harness.temporary_folder() as folder:
            measure(folder, months, options.headlines, options.keywords, options.rounds)


if __name__ == "__main__":
    main()
