"""Tables as newspapers' archives and spreadsheets export them: dates, columns, first lines."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.base import ColumnsRead, Item, ReadCounts, Remark, SourceDocument
from sources.files import read_path
from sources.timestamps import parse_time

MARCH_12 = datetime(2020, 3, 12, tzinfo=UTC)
AFTERNOON = datetime(2020, 3, 12, 14, 5, tzinfo=UTC)


def read(path: Path, text: str, outlet: str | None = "The Tides") -> list[Item]:
    path.write_text(text, encoding="utf-8")
    return list(read_path(path, outlet=outlet))


def documents(items: list[Item]) -> list[SourceDocument]:
    return [item for item in items if isinstance(item, SourceDocument)]


def remarks(items: list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Remark)]


# --- dates ---


@pytest.mark.parametrize(
    "written",
    [
        "12-03-2020",
        "12. 3. 2020",
        "Do, 12.03.2020",
        "12-Mar-2020",
        "12-Mar-20",
        "12/Mar/2020",
        "12 March 2020",
        "12th March 2020",
        "12 March, 2020",
        "March 12th, 2020",
        "Mar. 12, 2020",
        "Mar 12 2020",
        "Thursday, March 12, 2020",
        "Thursday 12 March 2020",
        "March 12, 2020 Thursday",
        "12. März 2020",
        "12 mars 2020",
        "12 de marzo de 2020",
        "12 marzo 2020",
        "12 maart 2020",
    ],
)
def test_a_day_is_read_as_newspapers_write_it(written: str) -> None:
    assert parse_time(written) == MARCH_12


@pytest.mark.parametrize(
    "written",
    [
        "Mar 12, 2020, 2:05 PM",
        "March 12, 2020 2:05 p.m.",
        "March 12, 2020 at 2:05pm",
        "March 12, 2020 Thursday 2:05 PM GMT",
        "12.03.2020, 14:05 Uhr",
        "12.03.2020 um 14:05 Uhr",
        "12.03.2020 - 14:05",
        "12 March 2020 14:05",
        "Thu Mar 12 2020 15:05:00 GMT+0100 (CET)",
        "Thu, 12 Mar 2020 09:05:00 EST",
    ],
)
def test_a_time_of_day_keeps_its_half_of_the_day_and_its_offset(written: str) -> None:
    assert parse_time(written) == AFTERNOON


@pytest.mark.parametrize(
    "written", ["31-02-2020", "Marble 12, 2020", "32. März 2020", "12-03-20", "12 March or April"]
)
def test_what_is_no_day_is_no_time(written: str) -> None:
    assert parse_time(written) is None


@given(st.integers(-9_000_000_000, 7_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_every_time_of_an_email_is_read(seconds: int, minutes: int) -> None:
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes)))
    assert parse_time(format_datetime(moment)) == moment


# --- dates that may begin with the day or with the month ---


@pytest.mark.parametrize("ending", ["csv", "json"])
@pytest.mark.parametrize(
    ("dates", "unclear", "months"),
    [
        (["03/04/2020", "05/04/2020"], "'03/04/2020' .* 2020-03-04,", ["2020-03", "2020-05"]),
        (["04/04/2020", "03-04-2020"], "'03-04-2020' .* 2020-04-03,", ["2020-04", "2020-04"]),
        (["03/04/2020", "25/04/2020"], None, ["2020-04", "2020-04"]),
        (["03.04.2020", "05.04.2020"], None, ["2020-04", "2020-04"]),
        (["04/04/2020", "05/05/2020"], None, ["2020-04", "2020-05"]),
    ],
)
def test_a_remark_says_how_dates_were_read_that_may_mean_two_days(
    tmp_path: Path, ending: str, dates: list[str], unclear: str | None, months: list[str]
) -> None:
    rows = [{"headline": f"Ebb {date}", "date": date} for date in dates]
    text = json.dumps(rows)
    if ending == "csv":
        text = "\n".join(["headline,date", *(f"{row['headline']},{row['date']}" for row in rows)])

    items = read(tmp_path / f"t.{ending}", text)
    assert [item.period for item in documents(items)] == months
    if unclear is None:
        assert remarks(items) == []
    else:
        [remark] = remarks(items)
        assert re.search(unclear, remark)
        assert "YYYY-MM-DD" in remark


def test_documents_without_a_time_and_those_with_a_wrong_one_are_counted_apart(
    tmp_path: Path,
) -> None:
    table = "headline,date\nEbb,2020-03-12\nFlood,32.13.2020\nRain,\nSnow,n/a\n"
    counts = ReadCounts()
    for item in read(tmp_path / "t.csv", table):
        counts.add(item)

    assert (counts.documents, counts.wrong_times, counts.empty_times) == (4, 2, 1)
    assert counts.first_wrong_time == "32.13.2020"


def test_a_table_without_a_column_of_times_has_no_empty_ones(tmp_path: Path) -> None:
    items = read(tmp_path / "t.csv", "headline,link\nEbb,https://tides.example/1\n")
    assert [item.time_empty for item in documents(items)] == [False]
    assert len(remarks(items)) == 1


# --- columns ---


def test_columns_of_an_export_are_recognized_and_the_others_named(tmp_path: Path) -> None:
    items = read(
        tmp_path / "t.csv",
        "Title,Published,canonical_url,Ressort,Byline,\n"
        'Ebb,"Thu, 12 Mar 2020 14:05:00 GMT",https://tides.example/1,Sea,Ann,\n',
    )
    [item] = documents(items)
    assert (item.text, item.published_at, item.section) == ("Ebb.", AFTERNOON, "Sea")
    assert item.address == "https://tides.example/1"

    [columns] = [item for item in items if isinstance(item, ColumnsRead)]
    assert columns.unread == ("Byline",)
    assert columns.columns == {
        "text": "Title",
        "published_at": "Published",
        "address": "canonical_url",
        "section": "Ressort",
    }


def test_a_column_that_says_whether_it_is_published_does_not_hide_the_date(tmp_path: Path) -> None:
    items = read(tmp_path / "t.csv", "title,published,date\nEbb,true,2020-03-12\n")
    assert [item.published_at for item in documents(items)] == [MARCH_12]


def test_the_author_of_an_outlets_headline_is_no_account(tmp_path: Path) -> None:
    table = "title,author,date\nEbb,Ann,2020-03-12\n"
    items = read(tmp_path / "t.csv", table)
    [item] = documents(items)
    assert (item.source, item.outlet, item.handle) == ("archive", "The Tides", None)
    assert remarks(items) == []
    [columns] = [item for item in items if isinstance(item, ColumnsRead)]
    assert columns.unread == ("author",)

    [item] = documents(read(tmp_path / "t.csv", table, outlet=None))
    assert (item.source, item.handle) == ("posts", "ann")


# --- first lines ---


@pytest.mark.parametrize(
    "head", ["sep=;\n", "\ufeffsep=;\r\n", '"sep=;"\n', "\n\n", "\ufeff\r\n  \r\n"]
)
def test_the_names_of_the_columns_may_stand_below_the_first_line(tmp_path: Path, head: str) -> None:
    items = read(tmp_path / "t.csv", f"{head}headline;date\nEbb, at last;12.03.2020\n")
    assert [(item.text, item.published_at) for item in documents(items)] == [
        ("Ebb, at last.", MARCH_12)
    ]
