"""Every mark of a report has the numbers of its row of the export, and leads to its documents."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from core.enums import Grain
from models.database import Database
from reports.build import report_folder
from reports.data import exports
from reports.data.run_data import RunData, load_run
from reports.figures.marks import name_row
from tests import report_stories as stories
from tests.document_list_kit import DocumentList, read_query
from tests.figures_kit import SVG, pictures_of
from tests.report_stories import Text

WORDS = "Tariffs Farmers Harvest Markets Steel Soybeans Senate Factory Imports Border Dollar Strike"
# The last number before what is counted is that of the documents behind a mark.
_COUNT = re.compile(r"(?<![\d.])([\d,]+) (?:of [\d,]+ )?(?:document|post)s?\b")


@dataclass(frozen=True)
class ShownMark:
    """A mark as a page has it."""

    page: str
    picture: str
    row: str
    values: list[str]
    title: str
    address: str


@dataclass(frozen=True)
class Made:
    """A report with its run."""

    run: RunData
    folder: Path

    def rows(self, table: str) -> list[dict[str, Any]]:
        with gzip.open(self.folder / f"{table}.jsonl.gz", "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def months(self) -> list[dict[str, Any]]:
        """Return the rows of months, which a report by week has in some pictures."""
        file = BytesIO()
        exports.write(self.run.db, self.run.id, "periods", "jsonl", file, grain=Grain.MONTH)
        return [json.loads(line) for line in file.getvalue().splitlines()]


def list_marks(folder: Path) -> Iterator[ShownMark]:
    for page in sorted(folder.glob("*.html")):
        for name, svg in pictures_of(page).items():
            root = ET.fromstring(svg)  # noqa: S314 - our own
            addresses: dict[ET.Element, str] = {}
            for link in root.iter(f"{SVG}a"):
                addresses |= dict.fromkeys(link, link.attrib["href"])

            for group in root.iter(f"{SVG}g"):
                if "data-row" in group.attrib:
                    title = group.findtext(f"{SVG}title") or ""
                    values = group.attrib["data-values"].split()
                    values += ["-"] * (4 - len(values))
                    address = addresses.get(group, "")
                    row = group.attrib["data-row"]
                    yield ShownMark(page.name, name, row, values, title, address)


@pytest.fixture(
    scope="module", params=["months", pytest.param("weeks", marks=pytest.mark.thorough), "posts"]
)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("marks")
    db = stories.database(folder)
    yield make(db, folder / "out", request.param)
    db.close()


def make(db: Database, out: Path, kind: str) -> Made:
    words = WORDS.split()
    texts = []
    for number in range(60):
        day = f"2020-0{3 + number % 3}-{1 + number % 27:02}"
        said = " ".join(words[: 1 + number % len(words)])
        subject = ("Trade", "Trade War", "China and Trade", "China", "Weather")[number % 5]
        handle = ("nasa", "esa")[number % 2] if kind == "posts" else None
        source = "nyt" if handle is None else "x"
        texts.append(Text(day, f"{subject} {said}, Said Angela Merkel.", None, handle, source))

    stories.store(db, texts)
    if kind == "posts":
        run = stories.handles_run(db, ["nasa", "esa"])
    else:
        run = stories.months_run(db, "2020-02", "2020-05", ["trade:trade war", "china"])

    grain = Grain.WEEK if kind == "weeks" else None
    report_folder.build(db, [run], out, grain=grain)
    return Made(load_run(db, run, grain=grain), out)


def number(value: float | None) -> str:
    return "-" if value is None else f"{value}"


def exported_marks(made: Made) -> Mapping[str, tuple[str, ...]]:
    """Return value, low, high and n of each cell of the export by the row of its mark."""
    marks: dict[str, tuple[Any, ...]] = {}
    for row in (*made.rows("periods"), *made.months()):
        if row["group"] is not None:
            continue

        subject = f"@{row['handle']}" if row["handle"] else row["keyword"]
        key = row["period"], subject, row["term"]
        counted, share, mean = row["mentions"], row["share"], row["polarity_mean"]
        marks[name_row("periods", "mentions", *key)] = (counted, None, None, counted)
        ends = row["share_low"], row["share_high"]
        marks[name_row("periods", "share", *key)] = (share, *ends, row["matched"])
        ends = row["polarity_low"], row["polarity_high"]
        marks[name_row("periods", "polarity_mean", *key)] = (mean, *ends, row["polarity_n"])

    for row in made.rows("phrases"):
        cell = name_row("phrases", row["job"], row["keyword"], row["phrase"])
        marks[cell] = (row["count"], None, None, None)

    return {row: tuple(map(number, values)) for row, values in marks.items()}


def test_each_mark_has_the_numbers_of_its_row_of_the_export(made: Made) -> None:
    exported, checked = exported_marks(made), Counter[str]()
    for mark in list_marks(made.folder):
        table = mark.row.split(".")[0]
        if mark.row.endswith(".distinct") or table in {"archive", "words", "entities", "accounts"}:
            continue

        assert tuple(mark.values) == exported[mark.row], mark
        checked[table] += 1

    assert checked["periods"] > 20
    assert (
        mark_of(made, "entities").values[0]
        == mark_of(made, "entities").title.split(": ")[1].split()[0]
    )


def mark_of(made: Made, table: str) -> ShownMark:
    return next(mark for mark in list_marks(made.folder) if mark.row.startswith(f"{table}."))


def test_each_mark_leads_to_as_many_documents_as_it_says(made: Made) -> None:
    documents, counted = DocumentList(made.folder), Counter[str]()
    for mark in list_marks(made.folder):
        if mark.address:
            found = documents.count(read_query(mark.address))
            said = [int(number.replace(",", "")) for number in _COUNT.findall(mark.title)]
            assert said in ([found], []), mark
            assert found, mark
            counted[mark.row.split(".")[0]] += len(said)

    assert counted["periods"] > 20


def test_a_mark_without_a_link_is_a_zero_or_of_what_is_not_listed(made: Made) -> None:
    for mark in list_marks(made.folder):
        # A pair of words is no word of a text, and the stories are from before the documents that
        # hold a name were counted.
        is_pair = mark.row.startswith("words.") and "-" in mark.row
        if not mark.address and not is_pair and not mark.row.startswith(("archive.", "entities.")):
            assert float(mark.values[0]) == 0, mark
