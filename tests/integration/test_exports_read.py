"""The examples of docs/exports.md, run as they are written, read exports to the right numbers."""

from __future__ import annotations

import ast
import csv
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import closing
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from statistics import fmean

import pyarrow as pa
import pytest

from models.database import Database
from reports.data.run_data import load_run
from reports.data.tables.mentions import MENTIONS
from reports.data.tables.periods import read_periods
from tests import report_stories as stories
from tests.exports_kit import exported
from tests.report_stories import Text
from tidings.tables import read_parquet

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "exports.md"
TEXTS = [
    Text("2020-03-01", "Covid and Coronavirus Are One. “Covid”, the Mayor Said, “Is New.”"),
    Text("2020-03-02", "Coronavirus Closes Schools."),
    Text("2020-03-02", "A Storm, and No More."),
    Text("2020-05-03", "Covid Comes to Town."),
    Text("2020-05-04", "Storm After Storm, \nSaid a “Pilot”, in May."),
]
# R prints nothing that a program reads: its tables are written as CSV, as pandas prints them
R_WRITES = """
for (table in list(shares, cbind(count, mean), as.matrix(terms))) {
  cat("\\n"); write.csv(table, na = "")
}
"""
TIDYVERSE_WRITES = """
for (table in list(shares, polarity, terms)) {
  cat("\\n"); write.csv(as.data.frame(table), na = "", row.names = FALSE)
}
"""
Rows = dict[str, list[str]]  # of a table, by the name of each


def example(language: str, page: Path = PAGE) -> str:
    fenced = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    match = fenced.search(page.read_text(encoding="utf-8"))
    assert match is not None
    return match[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exports of a run that has a gap, and what is to be read from them."""
    folder = tmp_path_factory.mktemp("exports")
    with closing(stories.database(folder)) as db:
        stories.store(db, TEXTS)
        keywords = ["covid:coronavirus", "storm"]
        run = stories.months_run(db, "2020-03", "2020-05", keywords, no_data=["2020-04"])
        for table, form in product(("periods", "mentions"), ("csv", "parquet")):
            (folder / f"{table}.{form}").write_bytes(exported(db, run, table, form))

        (folder / "expected.txt").write_text(repr(expected(db, run)), encoding="utf-8")

    return folder


def expected(db: Database, run: int) -> list[Rows]:
    """Return the shares, the polarities and the terms, from the rows that are exported."""
    data = load_run(db, run)
    shares: Rows = defaultdict(list)
    for row in read_periods(data):
        if row.term is None:
            shares[row.period].append("" if row.share is None else f"{row.share:.6g}")

    polarities: dict[str, dict[tuple[str, int], float]] = defaultdict(dict)
    terms = Counter[str]()
    for mention in MENTIONS.read(data):
        terms[mention.term] += 1
        if mention.polarity is not None:
            place = (mention.document, mention.position)
            polarities[mention.keyword][place] = mention.polarity

    means = {}
    for keyword, scores in polarities.items():
        mean = round(fmean(scores.values()), 4)
        means[keyword] = [str(len(scores)), f"{mean:.6g}"]

    return [dict(shares), means, {term: [str(n)] for term, n in terms.items()}]


def tables(printed: str) -> list[Rows]:
    """Return the last three tables of a program's output, without their heads."""
    found = []
    for block in re.split(r"\n\s*\n", printed.strip())[-3:]:
        rows: Rows = {}
        for name, *values in list(csv.reader(block.strip().splitlines()))[1:]:
            rows[name] = [f"{float(value):.6g}" if value else "" for value in values]

        found.append(rows)

    return found


def run_program(folder: Path, *command: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own page
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(folder: Path, printed: str) -> None:
    wanted = ast.literal_eval((folder / "expected.txt").read_text(encoding="utf-8"))
    assert wanted[0]["2020-04"] == ["", ""]  # a gap is no zero
    assert wanted[0]["2020-03"] == ["0.666667", "0.333333"]
    assert wanted[2]["coronavirus"] == ["2"]
    assert tables(printed) == wanted


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
def test_the_lines_for_pandas_give_the_tables_of_the_run(folder: Path) -> None:
    check(folder, run_program(folder, sys.executable, "-c", example("python")))


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed: r-base-core")
def test_the_lines_for_r_give_the_same_tables(folder: Path) -> None:
    check(folder, run_program(folder, "Rscript", "-e", example("r") + R_WRITES))


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed: r-base-core")
def test_the_lines_for_the_tidyverse_give_the_same_tables(folder: Path) -> None:
    missing = "cat(Filter(function(p) !requireNamespace(p, quietly = TRUE), c({})))"
    readers = ("arrow", "nanoparquet", "nanoarrow")
    lacking = run_program(folder, "Rscript", "-e", missing.format(", ".join(map(repr, readers))))
    reader = next((reader for reader in readers if reader not in lacking.split()), None)
    if reader is None:
        pytest.skip("R has no package that reads Parquet or Arrow")
    if lacking := run_program(folder, "Rscript", "-e", missing.format('"dplyr", "tidyr"')):
        pytest.skip(f"R has no {lacking}")

    lines = example("r", DOCS / "r.md").replace("library(arrow)", f"library({reader})")
    if reader == "nanoarrow":
        for table in ("periods", "mentions"):
            content = read_parquet((folder / f"{table}.parquet").read_bytes())
            with pa.ipc.new_stream(folder / f"{table}.arrows", content.schema) as stream:
                stream.write_table(content)

        r_page = (DOCS / "r.md").read_text(encoding="utf-8")
        (definition,) = re.findall("^read_parquet <- function.*", r_page, re.MULTILINE)
        lines = f"{definition}\n{lines}"

    check(folder, run_program(folder, "Rscript", "-e", lines + TIDYVERSE_WRITES))


@pytest.mark.skipif(find_spec("duckdb") is None, reason="duckdb is not installed")
def test_the_queries_for_duckdb_give_the_same_numbers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb  # noqa: PLC0415

    monkeypatch.chdir(folder)
    shares, polarities = filter(str.strip, example("sql", DOCS / "duckdb.md").split(";"))
    rows = duckdb.sql(shares).fetchall()
    assert ("2020-03", "covid", 2, 3, 66.7) in rows
    assert ("2020-04", "covid", None, 0, None) in rows
    wanted = ast.literal_eval((folder / "expected.txt").read_text(encoding="utf-8"))[1]
    counts = {keyword: str(count) for keyword, count, _ in duckdb.sql(polarities).fetchall()}
    assert counts == {keyword: count for keyword, (count, _) in wanted.items()}


def test_each_example_has_ten_lines() -> None:
    for language in ("python", "r"):
        lines = [line for line in example(language).splitlines() if line]
        assert len(lines) <= 10
