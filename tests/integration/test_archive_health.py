"""The health of an archive: bulk days, missing days, sections that come and go, lone documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import Grouping
from models.database import Database
from reports.build.report_folder import build
from reports.data.archive_health import find_lone_months, read_archive_health
from reports.data.missing_days import DayRange
from reports.data.run_data import Selection, load_run
from tests.groups_kit import Piece, run_months, store_pieces
from tests.report_stories import database

BULK_DAY = date(2020, 3, 17)
MISSING = DayRange(date(2020, 4, 10), date(2020, 4, 12))
WORDS = ("harbour", "school", "bread", "court", "rail", "snow", "bridge", "market")


@pytest.fixture
def sqlite_db(tmp_path: Path) -> Iterator[Database]:
    with closing(database(tmp_path)) as opened:
        yield opened


def unhealthy_archive() -> list[Piece]:
    """Return half a year of a newspaper whose blog ends in March, loaded badly."""
    pieces = []
    day = date(2020, 1, 1)
    while day <= date(2020, 6, 30):
        names = ["World"] * 5 + ["Blog"] * (3 if day.month <= 3 else 0)
        if MISSING.first <= day <= MISSING.last:
            names = []
        if day == BULK_DAY:
            names += ["Photos"] * 90

        for number, section in enumerate(names):
            text = f"{WORDS[number % 8].title()} {section} {day.toordinal()} {number}."
            pieces.append(Piece(day.isoformat(), text, section=section, material="News"))

        day += timedelta(days=1)

    pieces.append(Piece("2020-01-15", "Zorb, the new ball.", section="World", material="News"))
    for number in range(12):
        text = f"Zorb rolls again, part {WORDS[number % 8]} {number}."
        pieces.append(Piece(f"2020-05-{number + 3:02}", text, section="World", material="News"))

    return pieces


def parameters(**options: object) -> MonthsParameters:
    keywords = (Keyword.parse("ball:zorb,harbour"),)
    values = {"first": "2020-01", "last": "2020-06", "keywords": keywords}
    return MonthsParameters(**values | options)


def test_the_health_of_an_archive_names_what_is_conspicuous(db: Database) -> None:
    store_pieces(db, unhealthy_archive())
    run = load_run(db, run_months(db, parameters()))
    health = read_archive_health(run)

    (loaded_day,) = health.bulk_days
    assert loaded_day.bulk_day.date == BULK_DAY
    assert (loaded_day.bulk_day.documents, loaded_day.bulk_day.full_day) == (98, 8)
    assert loaded_day.sections == {"Photos": 90, "World": 5, "Blog": 3}
    assert loaded_day.kinds == {"News": 98}
    assert health.missing_days == [MISSING]
    assert health.empty_months == []
    assert health.documents == len(unhealthy_archive())

    (blog,) = health.presences[Grouping.SECTION]
    assert (blog.name, blog.present, blog.absent) == (
        "Blog", [("2020-01", "2020-03")], [("2020-04", "2020-06")],
    )  # fmt: skip
    days_of_first_quarter = 91
    assert blog.documents == 3 * (days_of_first_quarter - 1)
    assert health.presences[Grouping.KIND] == health.presences[Grouping.OUTLET] == []

    (lone,) = health.lone_documents
    assert (lone.terms, lone.day, lone.text) == (
        ("zorb",), date(2020, 1, 15), "Zorb, the new ball.",
    )  # fmt: skip
    assert lone.next_month == "2020-05"


def test_a_selection_changes_nothing_of_an_archives_health(sqlite_db: Database) -> None:
    store_pieces(sqlite_db, unhealthy_archive())
    run = load_run(sqlite_db, run_months(sqlite_db, parameters()))
    without = replace(run, selection=Selection(days=frozenset([BULK_DAY])))
    assert read_archive_health(without) is read_archive_health(run)


def test_days_with_documents_of_other_sections_are_not_missing(sqlite_db: Database) -> None:
    pieces = unhealthy_archive()
    pieces += [Piece(f"2020-04-1{day}", f"Goal {day}.", section="Sport") for day in (0, 1, 2)]
    store_pieces(sqlite_db, pieces)
    run = load_run(sqlite_db, run_months(sqlite_db, parameters(sections=("World",))))
    health = read_archive_health(run)
    assert health.missing_days == []
    assert health.bulk_days == []


def test_months_without_documents_are_named_and_months_not_read_yet_are_not(
    sqlite_db: Database,
) -> None:
    pieces = [piece for piece in unhealthy_archive() if piece.at[:7] not in {"2020-02", "2020-06"}]
    store_pieces(sqlite_db, pieces)
    run = load_run(sqlite_db, run_months(sqlite_db, parameters(), without=("2020-06",)))
    health = read_archive_health(run)
    assert health.empty_months == ["2020-02"]
    assert max(health.documents_by_day) == date(2020, 5, 31)


def test_an_outlet_that_joins_is_named(sqlite_db: Database) -> None:
    pieces = []
    for piece in unhealthy_archive():
        pieces.append(replace(piece, outlet="Old"))
        if piece.at >= "2020-05":
            pieces.append(replace(piece, outlet="New", text=f"{piece.text} Again."))

    store_pieces(sqlite_db, pieces)
    health = read_archive_health(load_run(sqlite_db, run_months(sqlite_db, parameters())))
    absences = {presence.name: presence.absent for presence in health.presences[Grouping.OUTLET]}
    assert absences == {"New": [("2020-01", "2020-04")]}


def read_page(db: Database, run: int, folder: Path) -> str:
    front_page = build(db, [run], folder)
    assert '<li><a href="archive.html">' in front_page.read_text(encoding="utf-8")
    html = front_page.with_name("archive.html").read_text(encoding="utf-8")
    main = html[html.index("<main") : html.index("<footer")]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


def test_the_page_lists_what_is_conspicuous(sqlite_db: Database, tmp_path: Path) -> None:
    store_pieces(sqlite_db, unhealthy_archive())
    text = read_page(sqlite_db, run_months(sqlite_db, parameters()), tmp_path / "report")
    methods = (
        (tmp_path / "report" / "methods.html").read_text(encoding="utf-8").partition("Methods<")
    )
    assert '<a href="archive.html">The archive itself</a> lists its bulk days' in methods[2]
    assert "1,271 documents on 179 days, from 1 Jan 2020 to 30 Jun 2020" in text
    assert "One day has more than three times the documents of a full day" in text
    assert "17 Mar 2020 98 8 Photos 90, World 5, Blog 3 News 98" in text
    assert "3 days have no document at all, which is improbable" in text
    assert "10 Apr 2020 12 Apr 2020 3" in text
    assert "1 section, kind or outlet has almost no documents in some months" in text
    assert "Blog section 270 Jan 2020 to Mar 2020 Apr 2020 to Jun 2020 0" in text
    assert "15 Jan 2020 Zorb, the new ball. zorb May 2020" in text


def test_the_page_of_a_sound_archive_says_so(sqlite_db: Database, tmp_path: Path) -> None:
    sound = [piece for piece in unhealthy_archive() if piece.section == "World"]
    sound = [piece for piece in sound if not piece.text.startswith("Zorb, the new")]
    for day in range(10, 13):
        sound.extend(
            Piece(f"2020-04-{day}", f"Bread {day} {number}.", section="World", material="News")
            for number in range(5)
        )

    store_pieces(sqlite_db, sound)
    text = read_page(sqlite_db, run_months(sqlite_db, parameters()), tmp_path / "report")
    assert "No day has more than three times the documents of a full day of that weekday." in text
    assert "No day is missing in the months that have documents." in text
    assert "No section, kind or outlet with 20 or more documents comes or goes." in text
    assert "No keyword has a single document long before all others." in text


def test_a_run_without_documents_has_the_page_too(sqlite_db: Database, tmp_path: Path) -> None:
    text = read_page(sqlite_db, run_months(sqlite_db, parameters()), tmp_path / "report")
    assert "The run has no document with a date." in text
    assert "No document is stored in January 2020 to June 2020." in text


MONTHS = [f"2020-{number:02}" for number in range(1, 13)]


@pytest.mark.parametrize(
    ("counts", "lone_months"),
    [
        ({"2020-01": 1, "2020-05": 4, "2020-06": 6}, [("2020-01", "2020-05")]),
        ({"2020-01": 1, "2020-05": 1, "2020-09": 20}, [("2020-05", "2020-09")]),
        ({"2020-01": 1, "2020-04": 30}, []),
        ({"2020-01": 2, "2020-06": 30}, []),
        ({"2020-01": 1, "2020-06": 9}, []),
        ({"2020-03": 30, "2020-04": 1, "2020-12": 30}, []),
        ({"2020-01": 1}, []),
        ({}, []),
    ],
)
def test_a_month_is_lone_if_three_without_and_then_ten_documents_follow(
    counts: dict[str, int], lone_months: list[tuple[str, str]]
) -> None:
    assert list(find_lone_months(counts, MONTHS)) == lone_months


@given(st.dictionaries(st.sampled_from(MONTHS), st.integers(0, 20)))
def test_a_lone_month_has_one_document_and_is_long_before_the_next(counts: dict[str, int]) -> None:
    for month, next_month in find_lone_months(counts, MONTHS):
        assert counts[month] == 1
        between = MONTHS[MONTHS.index(month) + 1 : MONTHS.index(next_month)]
        assert len(between) >= 3
        assert not any(counts.get(silent, 0) for silent in between)


def test_the_page_says_how_much_of_an_outlet_two_sources_hold(
    sqlite_db: Database, tmp_path: Path
) -> None:
    # 400 stories: one source has three of four, the other every second.
    pieces = []
    for number in range(400):
        text = f"{WORDS[number % 7].title()} report {number * 7919}."
        piece = Piece(f"2020-0{1 + number % 6}-15", text, outlet="The Tide", section="World")
        if number % 4:
            pieces.append(piece)
        if number // 4 % 2:
            pieces.append(replace(piece, source="archive"))

    store_pieces(sqlite_db, pieces)
    run = run_months(sqlite_db, parameters(sources=("nyt", "archive")))
    text = read_page(sqlite_db, run, tmp_path / "report")
    assert "How much is there One outlet is in several sources." in text
    held = "The Tide news archives 200, The New York Times 300 150 350"
    assert f"{held} at least 397 (378 to 441)" in text
    assert "two cannot tell whether they depend" in text
    front_page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "<strong>The Tide is in several sources.</strong>" in front_page
    assert "The Tide ball 14.7 % 14.3 %" in text


@pytest.mark.thorough
def test_the_front_page_says_that_texts_were_read_by_machine(
    sqlite_db: Database, tmp_path: Path
) -> None:
    pieces = [Piece("2020-01-15", f"{word.title()} news.", source="loc") for word in WORDS]
    store_pieces(sqlite_db, pieces)
    front_page = build(sqlite_db, [run_months(sqlite_db, parameters(sources=("loc",)))], tmp_path)
    assert "These texts were read by machine from scanned pages." in front_page.read_text("utf-8")

    store_pieces(sqlite_db, [replace(pieces[0], source="nyt")], first=50)
    front_page = build(sqlite_db, [run_months(sqlite_db, parameters())], tmp_path / "other")
    assert "read by machine" not in front_page.read_text("utf-8")
