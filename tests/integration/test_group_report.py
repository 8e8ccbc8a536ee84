"""The pages of outlets, sections or kinds in a report, and packs of such runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import Grain, Grouping
from models.database import Database
from models.documents import add_documents
from reports.build.report_folder import build
from reports.data.run_data import load_run
from reports.data.selection import left_out
from reports.frames.frames import DOCUMENT_SCHEMA
from reports.series.groupings import GROUPINGS
from tests.document_list_kit import DocumentList, read_query
from tests.groups_kit import Piece, rows_by, run_months, store_pieces
from tests.jobs_kit import Jobs
from tests.packs_kit import months, pack, verify
from tests.report_stories import database

WIRE = "Storm kills 5 in the fog of Leeds, agency says."


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(database(tmp_path)) as opened:
        yield opened


def parameters(**options: Any) -> MonthsParameters:
    values = {"first": "2020-03", "last": "2020-04", "keywords": (Keyword.parse("fog"),)}
    return MonthsParameters(**values | options)


def outlets(number: int) -> list[Piece]:
    """Return documents of so many outlets in March, of which the last has none in April."""
    words = ("harbour", "school", "bread", "court", "rail", "snow", "bridge")
    pieces = []
    for outlet in range(number):
        for day in range(1, 29):
            for month in ("2020-03", "2020-04"):
                word = words[(outlet + day) % len(words)]
                text = f"{'Fog' if (day + outlet) % 3 == 0 else 'Calm'} at the {word}."
                if month == "2020-03" or outlet < number - 1:
                    pieces.append(Piece(f"{month}-{day:02}", text, f"Outlet {outlet:02}"))

    return pieces


def section_of(page: Path) -> str:
    html = page.with_name("groups.html").read_text(encoding="utf-8")
    return html[html.index("<h1>") : html.index("<footer>")]


def test_few_outlets_stand_side_by_side_with_a_table(db: Database, tmp_path: Path) -> None:
    store_pieces(db, outlets(3))
    run = run_months(db, parameters(grouping=Grouping.OUTLET))
    section = section_of(build(db, [run], tmp_path / "report"))
    assert "<h1>Outlets</h1>" in section
    assert re.findall(r'data-name="(groups-[a-z-]*)"', section) == [
        "groups-fog", "groups-fog-series", "groups-fog-panel",
    ]  # fmt: skip
    rows = re.findall(
        r'<th scope="row">(.*?)</th><td class="n">(\d+)</td><td class="n">(?:<a [^>]*>)?(\d+)',
        section,
    )
    assert rows == [
        ("Outlet 00", "56", "18"), ("Outlet 01", "56", "18"), ("Outlet 02", "28", "10"),
        ("all documents", "140", "46"), ("fixed panel", "112", "36"),
    ]  # fmt: skip
    assert (
        "“fog” is in 32.1\xa0% of the documents of the fixed panel, and in 32.9\xa0% of all."
        in section
    )
    assert "with documents in every month: Outlet 00 and Outlet 01." in section
    # Two outlets have the same share, and the third has too few documents.
    assert "in the largest share" not in section


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (3, "Outlet 02 has no document in April 2020."),
        pytest.param(1, None, marks=pytest.mark.thorough),
    ],
)
def test_months_that_an_outlet_lacks_are_said_before_what_is_said_of_all(
    db: Database, tmp_path: Path, number: int, said: str | None
) -> None:
    pieces = outlets(number)
    store_pieces(db, pieces)
    run = run_months(db, parameters(grouping=Grouping.OUTLET))
    page = build(db, [run], tmp_path / "report")
    of_keyword = page.with_name("keyword-fog.html").read_text(encoding="utf-8")
    html = page.read_text(encoding="utf-8")
    title = "Not every month is of the same outlets."
    if said is None:
        assert title not in html + of_keyword
    else:
        assert html.index(title) < html.index(said) < html.index("<figure")
        assert said in of_keyword
        assert '<a href="groups.html">Outlets</a>' in of_keyword


def test_sections_and_days_have_no_gaps_where_others_have_documents(
    db: Database, tmp_path: Path
) -> None:
    store_pieces(db, [Piece(piece.at, piece.text, "", piece.outlet) for piece in outlets(2)])
    run = run_months(db, parameters(grouping=Grouping.SECTION))
    page = build(db, [run], tmp_path / "report").read_text(encoding="utf-8")
    assert "Not every month" not in page


def test_the_page_begins_with_the_outlets_that_were_chosen(db: Database, tmp_path: Path) -> None:
    store_pieces(db, outlets(3))
    chosen = ("Outlet 00", "Outlet 01")
    run = run_months(db, parameters(grouping=Grouping.OUTLET, outlets=chosen))
    page = build(db, [run], tmp_path / "report").read_text(encoding="utf-8")
    assert "112 documents of the outlets “Outlet 00” and “Outlet 01” in 2 months" in page


def test_more_than_eight_outlets_are_a_heat_map(db: Database, tmp_path: Path) -> None:
    store_pieces(db, outlets(9))
    run = run_months(db, parameters())
    page = build(db, [run], tmp_path / "report", grouping=Grouping.OUTLET)
    section = section_of(page)
    assert 'data-name="groups-fog-heat"' in section
    assert "groups-fog-series" not in section
    assert 'aria-label="Outlets: fog"' in section
    plain = build(db, [run], tmp_path / "report")
    assert "groups.html" not in plain.read_text(encoding="utf-8")
    assert not plain.with_name("groups.html").exists()


@pytest.mark.parametrize("grouping", Grouping)
def test_every_grouping_is_made_of_columns_that_documents_have(grouping: Grouping) -> None:
    assert set(GROUPINGS[grouping].name.meta.root_names()) <= set(DOCUMENT_SCHEMA)


@pytest.mark.parametrize("grouping", Grouping)
def test_every_grouping_has_a_page_whose_numbers_lead_to_as_many_documents(
    db: Database, tmp_path: Path, grouping: Grouping
) -> None:
    pieces = outlets(2)
    store_pieces(
        db, [Piece(piece.at, piece.text, "Post", piece.outlet, piece.outlet) for piece in pieces]
    )
    run = run_months(db, parameters(grouping=grouping))
    page = build(db, [run], tmp_path / "report")
    section = section_of(page)
    assert f"<h1>{GROUPINGS[grouping].plural.capitalize()}</h1>" in section

    links = re.findall(r'<a class="count" href="([^"]*)"[^>]*>([\d,]+)</a>', section)
    listed, groups = DocumentList(page.parent), set()
    for address, number in links:
        query = read_query(unescape(address))
        groups.add(query.group)
        assert listed.count(query) == int(number), address

    matched = {row["group"]: row["matched"] for row in rows_by(db, run, grain=Grain.YEAR)}
    assert groups - {None} == {(grouping.value, group) for group in matched if group}

    # Copies are of another outlet where documents are grouped by outlets.
    of_keyword = page.with_name("keyword-fog.html").read_text(encoding="utf-8")
    assert ("of the same outlet or of another" in of_keyword) == (grouping == Grouping.OUTLET)


def wire_pieces() -> list[Piece]:
    pieces = [
        Piece("2020-03-03", WIRE, "Post"), Piece("2020-03-02", WIRE.upper(), "Sun"),
        Piece("2020-03-04", "Fog closes the only bridge.", "Sun"),
        Piece("2020-04-04", WIRE, "Echo"),
    ]  # fmt: skip
    for number, outlet in enumerate(("Post", "Sun", "Echo", "Post", "Post"), 1):
        text = f"Agency: thick fog stops {number} trains near the northern border tonight"
        pieces.append(Piece(f"2020-03-1{number}", text, outlet))

    return pieces


def test_copies_of_another_outlet_are_among_the_repeats_and_the_page_says_so(
    db: Database, tmp_path: Path
) -> None:
    store_pieces(db, wire_pieces())
    run = run_months(db, parameters(grouping=Grouping.OUTLET))
    page = build(db, [run], tmp_path / "report").with_name("keyword-fog.html")
    of_keyword = page.read_text(encoding="utf-8")
    assert "5 of 9 documents that mention it" in of_keyword
    assert "repeat an earlier one of the month, of the same outlet or of another" in of_keyword


def test_distinct_counts_a_copy_once_in_the_outlet_that_had_it_first(db: Database) -> None:
    store_pieces(db, wire_pieces())
    run = run_months(db, parameters(grouping=Grouping.OUTLET, distinct=True))
    matched = {}
    for row in rows_by(db, run, period="2020-03"):
        matched[row["group"]] = row["matched"]

    assert matched == {None: 3, "Echo": 0, "Post": 1, "Sun": 2}


def test_equal_texts_of_one_outlet_that_hold_figures_still_count_twice(db: Database) -> None:
    store_pieces(db, [Piece("2020-03-02", WIRE, "Post"), Piece("2020-03-03", WIRE, "Post")])
    data = load_run(db, run_months(db, parameters(distinct=True)))
    assert [list(left_out(data, job)) for job in data.jobs] == [[], []]


@pytest.mark.thorough
@pytest.mark.parametrize("texts", [True, False])
@pytest.mark.parametrize("grouping", Grouping)
def test_a_pack_of_a_grouped_run_is_computed_again(
    jobs: Jobs, tmp_path: Path, grouping: Grouping, texts: bool
) -> None:
    rows = []
    for number, piece in enumerate(outlets(2)):
        at = datetime.fromisoformat(piece.at)
        rows.append(
            {
                "identity": f"nyt:{number:04}", "source": "nyt", "published_at": at,
                "period": piece.at[:7], "text": piece.text, "outlet": piece.outlet,
                "section": "World" if number % 2 else "", "material": "News",
            }
        )  # fmt: skip

    add_documents(jobs.db, rows)
    options = {"keywords": (Keyword.parse("fog"),), "steps": ("keywords", "polarity")}
    run = jobs.submit(months(grouping=grouping, **options))
    jobs.do_all(run)
    add_documents(jobs.db, [rows[0] | {"identity": "nyt:late", "outlet": "Late", "section": "L"}])

    result = verify(pack(jobs, run, tmp_path / "pack.zip", texts=texts, figures=True))
    assert result.problems == []
    assert {"mentions", "periods"} <= set(result.recomputed)


@pytest.mark.thorough
@pytest.mark.parametrize("by", [{"grouping": Grouping.OUTLET}, {"by": "day"}])
def test_a_pack_tells_days_of_other_sections_alone_from_days_without_any(
    jobs: Jobs, tmp_path: Path, by: dict[str, Any]
) -> None:
    rows = []
    for number, piece in enumerate(outlets(2)):
        is_world = piece.at < "2020-04" and number % 3 == 0
        row = {"identity": f"nyt:{number:04}", "source": "nyt", "text": piece.text}
        row |= {"published_at": datetime.fromisoformat(piece.at), "period": piece.at[:7]}
        row |= {"outlet": piece.outlet, "section": "World" if is_world else "Sport"}
        rows.append(row)

    add_documents(jobs.db, rows)
    options = {"keywords": (Keyword.parse("fog"),), "steps": ("keywords", "polarity")}
    run = jobs.submit(months(sections=("World",), **by, **options))
    jobs.do_all(run)
    states = {(row["period"][:7], row["state"]) for row in rows_by(jobs.db, run)}
    assert ("2020-04", "complete") in states

    result = verify(pack(jobs, run, tmp_path / "pack.zip"))
    assert result.problems == []
