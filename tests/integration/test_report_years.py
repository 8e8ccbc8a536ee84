"""A run of more than 60 months: its pages list years, and long runs are compared by year."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.grains import list_months
from core.enums import Grain
from models.database import Database
from reports.build import report_folder
from reports.data import exports, years
from reports.data.run_data import load_run
from reports.findings.run_facts import read_month_facts
from tests import report_stories as stories
from tests.figures_kit import pictures_in
from tests.report_stories import Text

pytestmark = [
    pytest.mark.timeout(600),  # a busy machine takes minutes for 61 pages
]

KEYWORDS = ["covid", "masks"]
FAILED, GAP = "2017-03", "2016-05"
MENTIONS = {  # by month; every other document mentions nothing
    "2015-02": "Covid in a laboratory.",
    "2019-06": "Masks against covid.",
    "2019-07": "Covid again.",
    "2020-01": "Covid closes schools.",
}


def write_texts() -> Iterator[Text]:
    """Yield two documents a month of 61 months, but none of the gap."""
    for month in list_months("2015-01", "2020-01"):
        if month != GAP:
            yield Text(f"{month}-03", MENTIONS.get(month, f"Nothing new in {month}."))
            yield Text(f"{month}-24", f"Rain and wind in {month}.")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = stories.database(tmp_path_factory.mktemp("years"))
    stories.store(opened, write_texts())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def long_run(db: Database) -> int:
    """Return the number of a run of 61 months."""
    return stories.months_run(db, "2015-01", "2020-01", KEYWORDS, no_data=[GAP], failed=[FAILED])


@pytest.fixture(scope="module")
def folder(db: Database, long_run: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the run of 61 months."""
    out = tmp_path_factory.mktemp("report") / "out"
    report_folder.build(db, [long_run], out)
    return out


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def links(page: Path) -> set[str]:
    return {link.partition("#")[0] for link in re.findall(r'href="([^"]+\.html[^"]*)"', read(page))}


def cells(page: Path, name: str) -> list[str]:
    """Return the texts of the cells of the first table row that *name* heads."""
    row, *_ = re.findall(rf"<tr[^>]*><th[^>]*><a [^>]*>{name}</a>.*?</tr>", read(page), re.DOTALL)
    texts = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", text).split()) for text in texts]


@pytest.mark.thorough
def test_the_front_page_lists_years_with_their_counts_and_no_month(folder: Path) -> None:
    front = read(folder / "index.html")
    assert '<h2 id="calendar">Year by year</h2>' in front
    assert not re.search(r'href="\d{4}-\d\d\.html', front)
    (folder / "front.txt").write_text(front, encoding="utf-8")
    page = folder / "front.txt"
    # the months with documents, the documents, then those that mention each keyword
    assert cells(page, "2015") == ["2015", "12", "24", "1 4.2 %", "0 0.0 %"]
    assert cells(page, "2016") == ["2016", "11 of 12", "22", "0 0.0 %", "0 0.0 %"]
    assert cells(page, "2017") == ["2017", "12", "24", "–", "–"]  # one month failed
    assert cells(page, "2019") == ["2019", "12", "24", "2 8.3 %", "1 4.2 %"]
    assert cells(page, "2020") == ["2020", "1 of 1", "2", "1 50.0 %", "0 0.0 %"]
    page.unlink()


@pytest.mark.thorough
def test_the_coverage_says_in_how_many_months_of_a_year_a_step_is_complete(folder: Path) -> None:
    (table,) = re.findall(
        r'<table class="coverage">.*?</table>', read(folder / "coverage.html"), re.DOTALL
    )
    rows = re.findall(r"<tr><th.*?</tr>", table, re.DOTALL)
    texts = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    of_2016, of_2017 = texts[1:3] if texts[0].startswith("2015") else texts[2:4]
    assert of_2016.startswith("2016 11 complete , 1 no data")
    assert of_2016.endswith("22 no documents stored, no key set")
    assert "1 failed" in of_2017
    assert of_2017.endswith("24 the Text API refused the key")


@pytest.mark.thorough
def test_each_year_has_a_page_that_links_its_months_with_documents(folder: Path) -> None:
    names = {"2015", "2016", "2017", "2018", "2019", "2020"}
    assert {path.stem for path in folder.glob("2???.html")} == names
    assert {f"{name}.html" for name in names} <= links(folder / "index.html")
    of_2016 = {name for name in links(folder / "2016.html") if re.match(r"\d{4}-", name)}
    assert of_2016 == {f"{month}.html" for month in list_months("2016-01", "2016-12")} - {
        f"{GAP}.html"
    }
    assert "no data in May 2016" in read(folder / "2016.html")
    of_covid = ["Jun 2019", "complete", "2", "1", "1", "50.0 %"]
    assert cells(folder / "2019.html", "Jun 2019")[:6] == of_covid


@pytest.mark.thorough
def test_only_months_with_documents_have_a_page_and_each_link_leads_somewhere(
    folder: Path,
) -> None:
    of_months = {path.stem for path in folder.glob("2???-??.html")}
    assert of_months == set(list_months("2015-01", "2020-01")) - {GAP}
    before = links(folder / "2016-04.html")
    assert "2016-06.html" in before
    assert "2016.html" in before
    for page in folder.glob("*.html"):
        assert [link for link in links(page) if not (folder / link).exists()] == []


@pytest.mark.thorough
def test_a_keyword_has_a_table_of_years_and_its_months_in_one_figure(folder: Path) -> None:
    page = folder / "keyword-covid.html"
    assert cells(page, "2019")[:5] == ["2019", "12", "24", "2", "2"]
    assert cells(page, "2019")[5] == "8.3 %"
    drawn = pictures_in(folder)
    assert "covid-polarity" in drawn
    assert "covid-2019-polarity" not in drawn


def test_the_page_of_a_year_has_its_months_and_no_picture(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(years, "MOST_MONTHS", 2)
    run = stories.months_run(db, "2019-05", "2019-07", ["covid"])
    report_folder.build(db, [run], tmp_path / "out", grain=Grain.YEAR)
    page = read(tmp_path / "out/2019.html")
    assert "data-name=" not in page
    assert 'href="2019-06.html#covid"' in page


def test_a_run_of_as_many_months_as_are_listed_has_no_years(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert years.MOST_MONTHS == 60
    monkeypatch.setattr(years, "MOST_MONTHS", 3)
    run = stories.months_run(db, "2016-04", "2016-06", KEYWORDS, no_data=[GAP])
    report_folder.build(db, [run], tmp_path / "out")
    front = read(tmp_path / "out" / "index.html")
    assert "Month by month" in front
    assert 'href="2016-04.html"' in front
    assert not list(tmp_path.glob("out/2???.html"))
    assert len(list(tmp_path.glob("out/2???-??.html"))) == 3  # that of the gap too


@pytest.mark.thorough
def test_the_figures_of_years_are_those_of_the_export(db: Database, long_run: int) -> None:
    file = io.BytesIO()
    exports.write(db, long_run, "periods", "jsonl", file, grain=Grain.YEAR)
    exported = [json.loads(line) for line in file.getvalue().splitlines()]
    rows = years.read_years(load_run(db, long_run))
    assert len(rows) == len(exported) == 6 * 2 * 2
    for row, of_export in zip(rows, exported, strict=True):
        shown = {name: getattr(row, name) for name in of_export}
        assert {**shown, "cut_off": None} == {**of_export, "cut_off": None}

    marked = {row.period for row in rows if row.cut_off}
    assert marked == {"2020"}  # nine whole months are enough


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("last", "what"),
    [
        ("2010-12", "Covid was most frequent in 12 months, in 100.0 % of documents each."),
        ("2011-12", "Covid appears in 2010 alone, in 100.0 % of documents (12 of 12)."),
    ],
)
def test_beyond_240_months_findings_compare_years(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str, what: str
) -> None:
    assert years.MOST_DRAWN == 240
    monkeypatch.setattr(years, "MOST_DRAWN", 24)
    opened = stories.database(tmp_path)
    texts = [
        Text(f"{month}-01", "Covid on a day." if month[:4] == "2010" else "Rain on a day.")
        for month in list_months("2009-01", last)
    ]
    stories.store(opened, texts)
    run = load_run(opened, stories.months_run(opened, "2009-01", last, ["covid"]))
    share = next(fact for fact in read_month_facts(run)["covid"] if fact.topic == ("share",))
    opened.close()
    assert what in share.text
    assert last == "2010-12" or share.answer[:2] == ("highest", "2010")
