"""Reports made whole, from a database to a folder."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import delete, insert, update

from core.enums import State
from core.errors import NotFound, UsageError
from models import runs
from models.database import Database
from models.tables import Import, Mention
from reports.build import report_folder
from reports.data import exports
from reports.data.run_data import load_run
from reports.data.tables.mentions import MENTIONS
from reports.pages import page
from reports.pages.account_posts import describe_limits
from reports.pages.comparison import label_runs
from reports.pages.run_summary import RunSummary
from reports.pages.summarizing import summarize_run
from tests import report_stories as stories
from tests.figures_kit import pictures_in
from tests.report_stories import Text

HOSTILE = "<script>alert('x')</script> \"Covid\" & =cmd|'/C calc'!A0 Toll."
ARABIC = "\u0627\u0644\u0642\u0627\u0647\u0631\u0629 Covid \U0001f9a0 \U0001f637."
TEXTS = [
    Text("2020-02-03", "Markets rise on hopes of a deal.", "https://example.org/0"),
    Text("2020-03-01", "Coronavirus Fears Close Schools in the City.", "https://example.org/1"),
    Text("2020-03-01", "A Coronavirus Test for Everyone.", "https://example.org/2"),
    Text(
        "2020-03-09", "Coronavirus and Covid Are One. The Mayor Said So.", "https://example.org/3"
    ),
    Text("2020-04-30", HOSTILE, "javascript:alert(1)"),
    Text("2020-04-30", ARABIC, None),
    Text("2020-05-04", "Nothing of that sort.", "https://example.org/6"),
]


class Page(HTMLParser):
    """The addresses, ids, tags and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if "href" in found:
            self.links.append(found["href"])
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "svg" and "data-name" in found:
            self.pictures.append(found)

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\xa0", " ")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = stories.database(tmp_path)
    stories.store(made, TEXTS)
    yield made
    made.close()


@dataclass(frozen=True)
class Made:
    """A report that several tests look at and none changes."""

    db: Database
    run: int
    out: Path
    page: Page


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("made")
    db = stories.database(folder)
    stories.store(db, TEXTS)
    run = months(db)
    yield Made(db, run, folder / "out", report(db, run, folder / "out"))
    db.close()


def report(db: Database, run: int, out: Path) -> Page:
    return Page(report_folder.build(db, [run], out).read_text(encoding="utf-8"))


def months(db: Database, **more: object) -> int:
    return stories.months_run(
        db,
        "2020-01",
        "2020-05",
        ["covid:coronavirus"],
        no_data=["2020-01"],
        **more,  # type: ignore[arg-type]
    )


def page_of(out: Path, name: str) -> Page:
    return Page((out / name).read_text(encoding="utf-8"))


FURTHER_PAGES = ["archive.html", "coverage.html", "methods.html"]
PICTURE_PAGES = ["picture.html", "picture-covid.html"]
MONTH_PAGES = [f"2020-0{number}.html" for number in range(1, 6)]


def test_each_month_and_each_keyword_has_a_page(made: Made) -> None:
    there = {path.name for path in made.out.glob("*.html")}
    assert there == {
        "index.html",
        "keyword-covid.html",
        "archive.html",
        "documents.html",
        *FURTHER_PAGES,
        *MONTH_PAGES,
        *PICTURE_PAGES,
    }


@pytest.mark.parametrize(
    "name", ["index.html", "keyword-covid.html", *FURTHER_PAGES, *MONTH_PAGES, *PICTURE_PAGES]
)
def test_every_picture_and_link_of_a_page_is_in_the_folder(made: Made, name: str) -> None:
    shown = page_of(made.out, name)
    assert "img" not in shown.tags
    for picture in shown.pictures:
        assert picture["aria-label"]
        assert int(picture["width"]) > int(picture["height"]) / 4 > 0  # nothing jumps

    inside = [link for link in shown.links if not link.startswith("https://")]
    for link in inside:
        file, _, anchor = link.partition("#")
        assert (made.out / (file or name)).is_file(), link
        if anchor and file != "documents.html":
            assert anchor in page_of(made.out, file or name).ids, link

    assert len(shown.ids) == len(set(shown.ids))


@pytest.mark.parametrize("name", ["index.html", "keyword-covid.html", *FURTHER_PAGES, *MONTH_PAGES])
def test_no_heading_is_more_than_one_level_below_the_one_before(made: Made, name: str) -> None:
    headings = [int(tag[1]) for tag in page_of(made.out, name).tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert [pair for pair in pairwise(headings) if pair[1] > pair[0] + 1] == []


def test_the_front_page_says_how_many_of_its_months_have_documents(made: Made) -> None:
    assert " in 4 of 5 months, from " in made.page.text


def test_the_front_page_has_one_picture_and_a_link_to_each_month(made: Made) -> None:
    assert [picture["data-name"] for picture in made.page.pictures] == ["shares"]
    assert set(MONTH_PAGES) <= set(made.page.links)
    assert "no data in January 2020" in made.page.text
    assert "3 mentions in March 2020" in " ".join(made.page.text.split())


def test_every_page_is_two_links_from_the_front_page_at_most(made: Made) -> None:
    near = {link.partition("#")[0] for link in made.page.links}
    reached = set(near)
    for name in near:
        if name.endswith(".html") and (made.out / name).is_file():
            reached |= {link.partition("#")[0] for link in page_of(made.out, name).links}

    assert {path.name for path in made.out.glob("*.html")} <= reached
    tables = {path.name for path in made.out.glob("*.csv")}
    assert tables
    assert tables <= reached


def test_the_front_page_says_once_on_which_scale_moods_are(made: Made) -> None:
    assert made.page.text.count("not checked against readers") == 1


def test_several_keywords_are_compared_on_a_page_of_their_own(db: Database, tmp_path: Path) -> None:
    run = stories.months_run(db, "2020-03", "2020-04", ["covid", "coronavirus"])
    front = report(db, run, tmp_path / "out")
    assert "compare.html" in front.links
    shown = page_of(tmp_path / "out", "compare.html")
    names = [picture["data-name"] for picture in shown.pictures]
    assert names == ["compared-share-coronavirus-covid"]
    assert "documents.html#subject=coronavirus&other=covid" in shown.links
    assert "Both in 1 document; 1.0 would be expected" in " ".join(shown.text.split())


def test_a_month_of_few_words_has_no_picture(made: Made) -> None:
    names = pictures_in(made.out)
    assert not [name for name in names if "2020-" in name]
    text = " ".join(page_of(made.out, "2020-03.html").text.split())
    assert "3 documents: no two share a word." in text


@pytest.mark.usefixtures("drawn_pngs")
def test_a_picture_to_pass_on_is_drawn_as_png(db: Database, tmp_path: Path) -> None:
    report(db, months(db), tmp_path / "out")
    with Image.open(tmp_path / "out" / "picture-covid.png") as picture:
        assert picture.size == (1200, 675)
        # Its letters are dark, its bars blue, on white paper.
        shown = np.asarray(picture.convert("RGB")).astype(int)

    assert tuple(shown[0, 0]) == (255, 255, 255)
    assert (shown.max(axis=2) < 60).sum() > 500
    assert ((shown[:, :, 2] > 120) & (shown[:, :, 0] < 60)).mean() > 0.01


def test_a_picture_to_pass_on_has_a_sentence_a_png_and_its_numbers(made: Made) -> None:
    html = (made.out / "picture-covid.html").read_text(encoding="utf-8")
    assert '<meta property="og:image" content="picture-covid.png">' in html
    assert (made.out / "picture-covid.png").is_file()
    exported = made.out / "periods.csv"
    known = {
        row["period"]: (row["documents"], row["matched"], row["share"])
        for row in csv.DictReader(exported.read_text(encoding="utf-8").splitlines())
        if row["keyword"] == "covid" and not row["term"]
    }
    numbers = csv.DictReader((made.out / "picture-covid.csv").read_text().splitlines())
    shown = {row["period"]: (row["documents"], row["matched"], row["share"]) for row in numbers}
    assert shown.keys() == known.keys()
    for period, (documents, matched, share) in shown.items():
        assert (documents, matched) == known[period][:2]
        assert share[:8] == known[period][2][:8]

    figure = pictures_in(made.out)["picture-covid"]
    assert 'viewBox="0 0 480 270"' in figure


WORDY = [
    Text("2021-03-01", f"Covid {' '.join(f'word{letter}' for letter in 'abcdefghijkl'[:n])}.")
    for n in range(1, 13)
]


def test_a_month_of_many_words_has_a_cloud(db: Database, tmp_path: Path) -> None:
    stories.store(db, WORDY, prefix="w")
    run, out = stories.months_run(db, "2021-03", "2021-03", ["covid"]), tmp_path / "out"
    report(db, run, out)
    shown = page_of(out, "2021-03.html")
    assert [p["aria-label"] for p in shown.pictures if p["data-name"].endswith("-cloud")] == [
        (
            "Word cloud. Most frequent: worda (12), wordb (11), wordc (10), wordd (9), worde (8), "
            "wordf (7), wordg (6), wordh (5)."
        )
    ]
    assert "A word's height is in proportion to its count." in shown.text


def test_documents_to_read_are_shown_whole(made: Made) -> None:
    html = (made.out / "2020-03.html").read_text(encoding="utf-8")
    readings = html.split('<ul class="readings">')[1].split("</ul>")[0]
    assert "<bdi>Coronavirus and Covid Are One. The Mayor Said So.</bdi>" in readings


def test_a_gap_and_a_true_zero_are_told_apart(made: Made) -> None:
    text = page_of(made.out, "2020-01.html").text
    assert (
        "No data: there was no document to read. This is a gap, not a zero: "
        "no documents stored, no key set"
    ) in text
    zero = page_of(made.out, "2020-02.html").text
    assert "The only document does not mention it." in zero


def test_texts_from_outside_are_escaped(made: Made) -> None:
    shown = page_of(made.out, "2020-04.html")
    assert shown.tags.count("script") == 1
    assert shown.text.count(HOSTILE) == 2  # to read, and in the table
    assert ARABIC in shown.text
    assert "javascript:alert(1)" not in shown.links


def test_synthetic_texts_are_marked_and_attributed_to_nobody(made: Made) -> None:
    summary = summary_of(made.db, made.run)
    # one of its addresses is not at example.org
    assert (summary.synthetic, summary.credits) == (False, [])
    with made.db.write() as connection:
        connection.exec_driver_sql(
            "UPDATE documents SET address = NULL WHERE address LIKE 'javascript:%'"
        )

    summary = summary_of(made.db, made.run)
    assert (summary.synthetic, summary.credits) == (True, [])
    assert "These texts are made up." in notices(summary)
    with made.db.write() as connection:
        connection.exec_driver_sql(
            "UPDATE documents SET address = 'javascript:alert(1)' WHERE text LIKE '<script>%'"
        )


def summary_of(db: Database, run: int) -> RunSummary:
    return summarize_run(load_run(db, run))


def macros() -> Any:
    return page._environment().get_template("parts.html").module


def notices(summary: RunSummary) -> str:
    return str(macros().notices(summary, []))


def methods(summary: RunSummary) -> str:
    return str(macros().methods(summary, {}, []))


def test_headlines_of_the_times_are_attributed(db: Database) -> None:
    run = months(db)
    for address, theirs in (
        ("'https://paper.test/x'", False),
        ("'https://www.nytimes.com/x.html'", True),
        ("NULL", True),
    ):
        with db.write() as connection:
            connection.exec_driver_sql(f"UPDATE documents SET address = {address}")  # noqa: S608 - of this test

        summary = summary_of(db, run)
        assert (summary.synthetic, bool(summary.credits)) == (False, theirs), address
        assert ("Data provided by The New York Times" in methods(summary)) is theirs


def test_the_methods_name_the_engine_and_say_if_it_changed(db: Database) -> None:
    run = months(db, engine="tidings-1.0+vader")
    assert "<dd>tidings-1.0+vader</dd>" in methods(summary_of(db, run))
    with db.write() as connection:
        runs.note_engine(connection, db, run, "tidings-1.0+vader")  # as every slice does
        runs.note_engine(connection, db, run, "other-2")

    assert "<dd>other-2; tidings-1.0+vader: the Text API\u2019s engine changed" in methods(
        summary_of(db, run)
    )
    assert "no engine was used" in methods(summary_of(db, months(db)))


def test_the_methods_say_what_was_left_out(db: Database) -> None:
    assert "2 documents that were read could not be used, 1 was empty (in 1 import of" in methods(
        summary_of(db, months(db))
    )


def test_what_was_imported_again_is_counted_once(db: Database) -> None:
    run = months(db)
    again = {"path": "2020.json", "source": "nyt", "read": 7, "added": 0, "at": stories.NOW}
    folder = again | {"path": "archive", "source": "nyt,x", "read": 9}
    elsewhere = again | {"path": "2019-01", "read": 9}  # a month that the run does not look at
    posts = again | {"path": "posts.csv", "source": "x", "read": 9}
    with db.write() as connection:
        for row in (again, again, folder, elsewhere, posts):
            connection.execute(insert(Import), row | {"empty": 1, "left_out": 2})

    text = methods(summary_of(db, run))
    assert "The New York Times (nyt, 7 documents)" in text
    assert "4 documents that were read could not be used, 2 were empty (in 2 imports of" in text


@pytest.mark.parametrize(
    ("keyword", "example"),
    [
        ("hong kong", "“hong kong” is found in “Hong Kong’s”, not in “hong kongs”"),
        ("covid:coronavirus", "“covid” is found in “Covid’s”, not in “covids”"),
        ("c++", "“c++” is found in “C++’s”, not in “c++-2”"),
    ],
)
def test_the_rule_of_keywords_is_shown_with_the_runs_own(
    db: Database, keyword: str, example: str
) -> None:
    run = stories.months_run(db, "2020-03", "2020-03", [keyword])
    assert example in methods(summary_of(db, run))


def test_a_run_of_one_month_with_one_mention_is_in_the_singular(
    db: Database, tmp_path: Path
) -> None:
    run = stories.months_run(db, "2020-02", "2020-02", ["deal"])
    text = report(db, run, tmp_path / "out").text
    assert "1 made-up headline in 1 month," in " ".join(text.split())
    text += page_of(tmp_path / "out", "2020-02.html").text
    assert "1 mention in 1 of 1 document (100.0 %)" in text
    assert "By date, 1 row. " in text
    assert "1 document to read" in text
    plurals = "mentions|documents|months|rows|posts|jobs|files|phrases|words|calls"
    assert not re.findall(rf"(?<![\d,.])1 (?:{plurals})\b", text)


def test_the_second_build_of_unchanged_results_touches_nothing(made: Made) -> None:
    out = made.out
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    began = time.process_time()
    report_folder.build(made.db, [made.run], out)
    assert time.process_time() - began < 2
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


@pytest.mark.thorough
def test_a_changed_month_draws_its_pictures_anew_and_no_other(db: Database, tmp_path: Path) -> None:
    stories.store(db, WORDY, prefix="w")
    run, out = stories.months_run(db, "2020-03", "2021-03", ["covid:coronavirus"]), tmp_path / "out"
    report_folder.build(db, [run], out)
    before = pictures_in(out)
    with db.write() as connection:
        connection.execute(
            update(Mention).where(Mention.sentence.contains("Toll")).values(polarity=0.75)
        )
        connection.execute(delete(Mention).where(Mention.sentence.contains("A Coronavirus Test")))

    report_folder.build(db, [run], out)
    after = pictures_in(out)
    kept = {name for name in before if after[name] == before[name]}
    drawn = after.keys() - kept
    assert "covid-2021-03-cloud" in kept
    assert {"covid-shares", "covid-polarity", "shares", "picture", "picture-covid"} <= drawn
    assert len(after) == len(before)  # what is not shown any more is gone


def test_equal_results_make_an_equal_folder(made: Made, tmp_path: Path) -> None:
    report_folder.build(made.db, [made.run], tmp_path / "b")
    assert contents(tmp_path / "b") == contents(made.out)


def contents(folder: Path) -> dict[Path, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_an_interrupted_build_leaves_no_page(made: Made, tmp_path: Path) -> None:
    out, drawn = tmp_path / "out", 0

    def check() -> None:
        nonlocal drawn
        drawn += 1
        if drawn > 3:
            assert not list(out.glob("*.html"))
            raise TimeoutError

    with pytest.raises(TimeoutError):
        report_folder.build(made.db, [made.run], out, check=check)

    assert not [path for path in out.iterdir() if path.suffix in {".html", ".part"}]
    report_folder.build(made.db, [made.run], out)
    assert contents(out) == contents(made.out)


def test_the_page_of_another_program_is_never_overwritten(db: Database, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>My home page</h1>")
    with pytest.raises(UsageError, match="choose another folder"):
        report_folder.build(db, [months(db)], tmp_path)
    assert (tmp_path / "index.html").read_text() == "<h1>My home page</h1>"


@pytest.mark.parametrize("has_other", [True, False])
def test_pictures_of_an_earlier_version_are_deleted_and_other_files_stay(
    made: Made, tmp_path: Path, has_other: bool
) -> None:
    out = tmp_path / "out"
    shutil.copytree(made.out, out)
    assert not (out / "figures").exists()
    (out / "figures").mkdir()
    for name in ("covid-mentions-0123456789ab.png", "covid-mentions-0123456789ab.svg"):
        (out / "figures" / name).write_bytes(b"of an earlier version")

    if has_other:
        (out / "figures" / "mine.png").write_bytes(b"mine")

    (out / "report.json").unlink()  # so that the report is made again
    report_folder.build(made.db, [made.run], out)
    left = [path.name for path in out.glob("figures/*")]
    assert (left, (out / "figures").exists()) == (["mine.png"] * has_other, has_other)


def test_what_a_killed_build_left_is_deleted_and_nothing_else(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(made.out, out)
    table = out / "periods.csv"
    left = [out / ".2020-03.html.4711.part", table.with_name(f".{table.name}.4711.part")]
    mine = [out / ".letter.html.4711.part", out / "2020-03.html.4711.part"]
    for path in (*left, *mine, out / "report.json"):
        path.write_bytes(b"unfinished")

    report_folder.build(made.db, [made.run], out)
    assert not any(path.exists() for path in left)
    assert all(path.read_bytes() == b"unfinished" for path in mine)


def test_a_running_run_shows_its_results_so_far_and_says_so(db: Database, tmp_path: Path) -> None:
    run = stories.months_run(
        db,
        "2020-03",
        "2020-05",
        ["covid:coronavirus"],
        failed=["2020-04"],
        unfinished=["2020-05"],
        state=State.RUNNING,
    )
    text = report(db, run, tmp_path / "out").text
    run_months = ("2020-03", "2020-04", "2020-05")
    assert "This run is still going (1 queued, 1 done, 1 failed)" in text
    assert "1 of 3 jobs failed." in text
    pages = {month: page_of(tmp_path / "out", f"{month}.html").text for month in run_months}
    assert "3 mentions in 3 of 3 documents" in pages["2020-03"]
    assert "Failed: the Text API refused the key" in pages["2020-04"]
    assert "Not counted yet" in pages["2020-05"]


def test_a_month_names_subjects_of_hardly_a_document_in_a_line(
    db: Database, tmp_path: Path
) -> None:
    run = stories.months_run(db, "2020-03", "2020-03", ["covid", "mayor", "nowhere"])
    shown = report(db, run, tmp_path / "out")
    links = {f"keyword-{name}.html" for name in ("covid", "mayor", "nowhere")}
    assert links <= set(shown.links)
    march = page_of(tmp_path / "out", "2020-03.html")
    assert "In few documents: Covid (1), Mayor (1), “nowhere” (0)." in " ".join(march.text.split())
    assert "documents.html#subject=covid&period=2020-03" in march.links


def test_the_page_of_a_month_has_its_first_mentions_and_leads_to_all(
    db: Database, tmp_path: Path
) -> None:
    texts = [Text("2021-06-05", f"Covid and the number {n}.") for n in range(70)]
    stories.store(db, texts, prefix="many")
    run, out = stories.months_run(db, "2021-06", "2021-06", ["covid"]), tmp_path / "out"
    report(db, run, out)
    html = (out / "2021-06.html").read_text(encoding="utf-8")
    shown = Page(html)
    assert "By date, the first 50 of 70 rows. " in shown.text
    assert "documents.html#period=2021-06" in shown.links
    assert html.split("</tbody>")[0].count('<td dir="auto">Covid and the number') == 50
    # Sorting a part of the rows would mislead.
    assert 'class="mentions" id="first-mentions"' in html
    assert (out / "mentions.csv").read_text(encoding="utf-8-sig").count("\n") == 71


def test_the_folder_holds_the_texts_once_and_its_mentions_without(made: Made) -> None:
    lines = gzip.decompress((made.out / "mentions.jsonl.gz").read_bytes()).splitlines()
    rows = list(map(json.loads, lines))
    assert list(rows[0]) == list(MENTIONS.columns)
    assert {row["text"] for row in rows} == {None}
    assert not list(made.out.glob("documents.[cp]*"))
    packed = (made.out / "documents.jsonl.gz").read_bytes()
    exported = io.BytesIO()
    exports.write(made.db, made.run, "documents", "jsonl", exported)
    assert gzip.decompress(packed) == exported.getvalue()
    assert packed[3:8] == bytes(5)  # no name, no time
    assert "documents.jsonl.gz" in page_of(made.out, "methods.html").links


def test_a_report_without_texts_holds_none_and_says_so(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(made.out, out)
    (out / "documents.csv").write_text("of an earlier version")
    manifest = json.loads((out / "report.json").read_text())
    manifest["files"] += ["documents.csv", "../outside.html"]
    (out / "report.json").write_text(json.dumps(manifest))
    (tmp_path / "outside.html").write_text('<meta name="generator" content="Tidings">')
    report_folder.build(made.db, [made.run], out, texts=False)
    lines = gzip.decompress((out / "documents.jsonl.gz").read_bytes()).splitlines()
    assert len(lines) == 7
    assert {json.loads(line)["text"] for line in lines} == {None}
    assert not (out / "documents.csv").exists()
    assert (tmp_path / "outside.html").exists()
    for name in ("index.html", "2020-03.html"):
        assert "The documents\u2019 texts are left out of this folder." in page_of(out, name).text

    assert "Coronavirus and Covid Are One. …" in page_of(out, "2020-03.html").text
    unquoted = b"Nothing of that sort.", b"The Mayor Said So."
    for path in filter(Path.is_file, out.rglob("*")):
        assert not [text for text in unquoted if text in path.read_bytes()]

    report_folder.build(made.db, [made.run], out)
    assert contents(out) == contents(made.out)


def test_the_newest_posts_of_an_account_are_on_its_page_and_without_texts_their_dates(
    tmp_path: Path,
) -> None:
    db = stories.database(tmp_path)
    posts = [
        Text(f"2020-01-{n % 28 + 1:02}", f"Liftoff {n}.", None, "nasa", "x") for n in range(260)
    ]
    stories.store(db, posts)
    run, out = stories.handles_run(db, ["nasa"]), tmp_path / "out"
    report(db, run, out)
    html = (out / "index.html").read_text(encoding="utf-8")
    days = re.findall(r'<tr><td class="w">(2020-01-\d\d)</td>', html)
    assert days == sorted((post.at for post in posts), reverse=True)[:50]
    assert html.count('<td dir="auto"><bdi>Liftoff ') == 50
    assert 'The newest 50. <a href="documents.html#job=%40nasa">All 260 posts</a>' in html

    report_folder.build(db, [run], out, texts=False)
    html = (out / "index.html").read_text(encoding="utf-8")
    assert len(re.findall(r'<tr><td class="w">2020-01-\d\d</td><td class="n"', html)) == 50
    assert '<td dir="auto"><bdi>' not in html
    assert "Their texts are left out." in html
    db.close()


def test_a_portrait_for_each_account_and_a_page_that_compares_them(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    posts = [
        Text(f"2020-0{m}-01", f"Liftoff of {n} rockets to Mars today.", f"https://x.com/{m}/{n}",
             "nasa", "x")
        for m, n in product((1, 3), range(3))
    ]  # fmt: skip
    stories.store(db, [*posts, Text("2020-02-02", "Hello World.", None, "other", "x")])
    run = stories.handles_run(db, ["nasa", "other"], missing=["gone"])
    index = report(db, run, tmp_path / "out")
    assert {"@nasa.html", "@other.html", "@gone.html"} <= set(index.links)
    assert "there is no such account" in index.text
    portrait = Page((tmp_path / "out" / "@nasa.html").read_text(encoding="utf-8"))
    assert "6 posts on X (Twitter until July 2023), January 2020 to March 2020." in portrait.text
    assert "https://x.com/1/0" in portrait.links
    db.close()


@pytest.mark.parametrize(("posts", "is_told"), [(3_170, True), (3_220, True), (3_000, False)])
def test_an_account_with_about_as_many_posts_as_its_service_gives_may_lack_earlier_ones(
    posts: int, is_told: bool
) -> None:
    told = (
        "X (Twitter until July 2023) gives only the newest 3,200 posts of an account. Here are "
        "about as many, so earlier ones may be missing."
    )
    assert describe_limits(["posts", "x"], posts) == ([told] if is_told else [])


def test_before_the_first_known_post_and_after_the_last_an_account_has_no_data(
    tmp_path: Path,
) -> None:
    db = stories.database(tmp_path)
    dates = {"old": ("2007-10-01", "2014-10-01", "2014-12-01"), "new": ("2014-11-01",)}
    posts = [Text(at, f"Liftoff {at}.", None, who, "x") for who in dates for at in dates[who]]
    stories.store(db, posts)
    index = report(db, stories.handles_run(db, ["old", "new"]), tmp_path / "out")
    assert "A hatched one has no data: it lies before the first known post" in index.text
    old = Page((tmp_path / "out" / "@old.html").read_text(encoding="utf-8"))
    assert "Not listed: 83 months without data." in old.text
    assert "Nov 2014" in old.text
    assert "Nov 2007" not in old.text
    new = Page((tmp_path / "out" / "@new.html").read_text(encoding="utf-8"))
    assert "1 post on X (Twitter until July 2023), November 2014." in new.text
    assert "Not listed" not in new.text
    db.close()


def test_texts_of_any_writing_system_are_text_in_the_pictures_of_their_report(
    db: Database, tmp_path: Path
) -> None:
    thai = "\u0e01\u0e44"
    stories.store(db, [Text("2020-06-01", f"{thai} in June.")], prefix="t")
    run = stories.months_run(db, "2020-06", "2020-06", [thai])
    text = report(db, run, tmp_path / "out").text
    assert f"{thai} was in 100.0 % of documents" in text.replace("\xa0", " ")
    assert f">{thai}: 100.0 %" in pictures_in(tmp_path / "out")["shares"]


def test_a_sweep_has_a_row_and_pictures_for_each_training(db: Database, tmp_path: Path) -> None:
    shown = report(db, stories.trainings_run(db, "feedforward", [0.5, 3.0]), tmp_path / "out")
    assert (
        "feedforward learning-rate=0.5, the best of 2, "
        "classifies 95.00 % of the test set correctly."
    ) in shown.text
    assert (
        "It beats the best simple rule, the class whose mean picture is nearest, with 89.30 %."
        in shown.text
    )
    names = [picture["data-name"] for picture in shown.pictures]
    assert len([name for name in names if name.endswith(("-course", "-confusion"))]) == 4


def test_a_forecast_that_does_not_beat_the_simple_ones_says_so(
    db: Database, tmp_path: Path
) -> None:
    shown = report(db, stories.trainings_run(db, "recurrent", [0.001]), tmp_path / "out")
    assert (
        "It does not beat the best simple forecast, a linear recurrence, with 1e-15." in shown.text
    )


def test_two_engines_are_compared_on_the_same_sentences(db: Database, tmp_path: Path) -> None:
    first, second = months(db, name="one"), months(db, name="two", shift=0.2)
    out = tmp_path / "out"
    text = Page(report_folder.build(db, [first, second], out).read_text(encoding="utf-8")).text
    assert "one and two both scored 5 sentences" in text
    assert "Spearman\u2019s rank correlation is +1.00" in text
    assert (out / f"run-{first}" / "mentions.csv").is_file()


def test_runs_of_one_engine_have_no_agreement_to_measure(db: Database, tmp_path: Path) -> None:
    given = [months(db, name=name, engine=engine, shift=shift) for name, engine, shift in
             (("one", "a-1", 0.0), ("two", "a-1", 0.0), ("three", "b-1", 0.2))]  # fmt: skip
    text = Page(report_folder.build(db, given, tmp_path / "out").read_text(encoding="utf-8")).text
    assert "engine" in text
    assert "have one engine" not in text
    assert "one and three both scored 5 sentences" in text
    assert "one and two both scored" not in text


def test_two_runs_of_the_same_name_are_kept_apart(db: Database) -> None:
    numbers = [months(db, name=name) for name in ("covid", "covid", "flu")]
    assert label_runs([load_run(db, number) for number in numbers]) == {
        numbers[0]: f"covid (run {numbers[0]})",
        numbers[1]: f"covid (run {numbers[1]})",
        numbers[2]: "flu",
    }


def test_news_and_posts_stand_side_by_side(db: Database, tmp_path: Path) -> None:
    stories.store(
        db, [Text("2020-03-02", f"Liftoff {n}.", None, "nasa", "x") for n in range(3)], prefix="p"
    )
    read = [months(db, name="news"), stories.handles_run(db, ["nasa"], name="posts")]
    shown = Page(report_folder.build(db, read, tmp_path / "out").read_text(encoding="utf-8"))
    assert "news: covid" in shown.text
    assert "posts: @nasa" in shown.text
    names = [picture["data-name"] for picture in shown.pictures]
    assert len([name for name in names if name.startswith("compared-")]) == 3


def test_trainings_are_not_put_beside_other_runs(db: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no months to compare"):
        report_folder.build(
            db, [months(db), stories.trainings_run(db, "recurrent", [0.1])], tmp_path / "out"
        )


def test_an_unknown_run_is_an_error(db: Database, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        report_folder.build(db, [99], tmp_path / "out")
    assert not (tmp_path / "out" / "index.html").exists()


def test_the_manifest_lists_what_the_report_is_made_of(made: Made) -> None:
    manifest = json.loads((made.out / "report.json").read_text())
    assert manifest["runs"] == [made.run]
    there = {str(p.relative_to(made.out)) for p in made.out.rglob("*") if p.is_file()}
    assert there == {*manifest["files"], "report.json"}


def test_a_daily_briefing_counts_once_a_month_in_the_words_of_a_keyword(tmp_path: Path) -> None:
    subjects = (
        "whales ferries lamps orchards kites barns clocks quilts "
        "apples boilers canoes drums easels fences gloves hinges"
    )
    briefings = [
        Text(f"2021-0{3 + number % 2}-01", f"Covid and {subject} today: Your Harbour Briefing.")
        for number, subject in enumerate(subjects.split())
    ]
    wards = [Text("2021-03-20", f"Covid reaches the {ward} ward.") for ward in ("east", "west")]
    db = stories.database(tmp_path)
    stories.store(db, [*briefings, *wards])
    report(db, stories.months_run(db, "2021-03", "2021-04", ["covid"]), tmp_path / "out")
    html = (tmp_path / "out" / "keyword-covid.html").read_text(encoding="utf-8")
    words = html.split('<h2 id="cloud">')[1].split("<h2")[0]
    assert re.findall(r"<bdi>(\w*)</bdi> <span><a [^>]*>2</a></span>", words) == [
        *("Briefing", "Harbour", "reaches", "today", "ward"),
    ]
    assert "How many of 4 documents hold each word" in words
    assert "the first of a month counts" in words
    db.close()
