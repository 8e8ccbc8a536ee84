"""Size of a report's folder and pages: 25 months, 80,000 documents, four keywords.

    python bench/report_folder.py [--months 25] [--documents 80000] [--share 0.05] [--rounds 1]
        [--out FOLDER]

A share of the documents mentions each keyword. Names are added as an engine finds them in real
headlines, 1.8 rows a mention. The folder is kept where --out names one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import harness
from report_process import build_report
from sqlalchemy import func, insert, select

from analysis.grains import list_months
from models.database import Database
from models.tables import Entity, Job, Mention
from tests import report_stories as stories

FIRST = "2019-01"
KEYWORDS = ("covid", "trump", "protests", "harbour")
ROWS_PER_MENTION = 1.8  # of the table `entities`, of four real months
TYPES = ("PERSON", "ORG", "GPE", "NORP", "EVENT")
MOST_MB = 25


def texts(months: int, documents: int, share: float) -> Iterator[stories.Text]:
    """Yield headlines with an address as long as real ones, a *share* for each keyword."""
    rng = random.Random(1)
    rows = harness.headlines(
        FIRST, months, documents // months, subjects=("the",), every=10**9, words=5
    )
    for number, row in enumerate(rows):
        subjects = [keyword for keyword in KEYWORDS if rng.random() < share]
        text = f"{' and '.join(subjects).capitalize()} {row['text']}" if subjects else row["text"]
        section = "-".join(rng.choices(harness.WORDS, k=5)).lower()
        address = f"https://example.org/{row['published_at']:%Y/%m/%d}/{section}-{number}.html"
        text = f"{text[:-1]} {rng.randbytes(12).hex()}."  # as hard to compress as real ones
        yield stories.Text(f"{row['published_at']:%Y-%m-%d}", text.strip(), address)


def add_names(db: Database, run: int) -> None:
    """Add to each month and keyword as many different names as an engine finds."""
    rng = random.Random(2)
    columns = (Mention.job_id, Mention.keyword)
    counted = select(*columns, func.count()).join(Job, Job.id == Mention.job_id)
    with db.write() as connection:
        groups = connection.execute(counted.where(Job.run_id == run).group_by(*columns)).all()
        for job, keyword, mentions in groups:
            period = connection.scalar(select(Job.name).where(Job.id == job))
            rows = []
            for number in range(int(mentions * ROWS_PER_MENTION / 2)):
                name = " ".join(rng.choices(harness.WORDS, k=2)) + f" {number}"
                row = {"job_id": job, "keyword": keyword, "type": rng.choice(TYPES), "name": name}
                row |= {"rank": 100 + number, "count": 1, "spellings": [name]}
                rows += [row | {"period": ""}, row | {"period": period}]

            if rows:
                connection.execute(insert(Entity), rows)


def fill(folder: Path, months: int, documents: int, share: float) -> tuple[str, int]:
    """Fill a database and return its address and the number of the run."""
    with closing(stories.database(folder)) as db:
        stories.store(db, texts(months, documents, share))
        last = list_months(FIRST, "2099-12")[months - 1]
        run = stories.months_run(db, FIRST, last, KEYWORDS)
        add_names(db, run)
        return db.url, run


def describe(out: Path) -> None:
    """Print the size of the folder by what its files are, and what the front page asks for."""
    sizes = Counter[str]()
    for path in out.rglob("*"):
        if path.is_file():
            kind = "figures" if path.parent != out else path.name.partition(".")[0]
            kind = "pages" if path.suffix == ".html" else kind
            sizes[kind] += path.stat().st_size

    total = sizes.total() / 1e6
    harness.print_figure("folder", [total], "MB", floor=MOST_MB, floor_name="the most,")
    for kind, size in sizes.most_common(6):
        harness.print_figure(f"folder, {kind}", [size / 1e6], "MB")

    front = (out / "index.html").read_text(encoding="utf-8")
    pages = [path.stat().st_size for path in out.glob("20*.html")]
    harness.print_figure("front page", [len(front) / 1e3], "kB")
    harness.print_figure("front page, lazy pictures", [front.count('loading="lazy"')], "")
    harness.print_figure("largest page of a month", [max(pages) / 1e3], "kB")


def main() -> None:
    options = harness.parse_options(
        __doc__, months=25, documents=80_000, share=0.05, rounds=1, out=""
    )

    with harness.temporary_folder() as folder:
        url, run = fill(folder, options.months, options.documents, options.share)
        outs = [Path(options.out or folder / "out")]
        outs += [folder / f"out-{number}" for number in range(1, options.rounds)]

        usages = []
        for out in outs:
            usages += harness.run_in_processes(build_report, (url, run, out))

        harness.print_figure("report made in", [usage.seconds for usage in usages], "s")
        cpu_seconds = [usage.cpu_seconds for usage in usages]
        harness.print_figure("report, processor time", cpu_seconds, "s")
        peaks = [usage.peak_mb for usage in usages]
        harness.print_figure("report, memory at its peak", peaks, "MB")
        describe(outs[0])


if __name__ == "__main__":
    main()
