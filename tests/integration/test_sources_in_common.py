"""What several sources hold of an outlet, and how much there may be in all."""

from __future__ import annotations

import pytest

from models.database import Database
from models.tables import Document
from reports.data.run_data import load_run
from reports.data.sources_in_common import read_sources_in_common
from tests.exports_kit import add, document, months, rows_of


def story(number: int, source: str, name: str, *, address: str | None = None) -> dict[str, object]:
    """Return a headline of the Tide as a source has it."""
    identity = f"{source}:{number}"
    row = document(number, str(number), "2020-03", text=f"Headline of {name}.", source=source)
    return row | {"identity": identity, "outlet": "The Tide", "address": address}


def test_stories_are_one_by_their_address_or_by_headline_and_day(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03", sources=("archive", "nyt"))
    add(
        db,
        Document,
        story(1, "archive", "a", address="https://tide.example/a?utm_source=feed"),
        story(2, "nyt", "another headline", address="http://www.tide.example/a"),
        story(3, "archive", "b"),
        story(4, "nyt", "b"),
        story(5, "archive", "c"),
        story(6, "nyt", "d"),
    )
    (together, month) = read_sources_in_common(load_run(db, run))
    assert (together.period, month.period) == (None, "2020-03")
    assert month.held == {"archive": 3, "nyt": 3}
    assert (month.in_all, month.seen) == (2, 4)
    assert month.total.value == pytest.approx(4 * 4 / 3 - 1)
    assert together.is_lower_bound


def test_an_outlet_of_one_source_is_left_out(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03", sources=("archive", "nyt"))
    add(db, Document, story(1, "archive", "a"), story(2, "archive", "b"))
    assert read_sources_in_common(load_run(db, run)) == []
    assert rows_of(db, run, "overlap") == []


def test_the_table_has_a_row_for_each_source_and_period(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03", sources=("archive", "nyt"))
    add(db, Document, story(1, "archive", "a"), story(2, "nyt", "a"), story(3, "nyt", "b"))
    rows = rows_of(db, run, "overlap")
    assert [(row["period"], row["source"], row["held"]) for row in rows] == [
        (None, "archive", 1),
        (None, "nyt", 2),
        ("2020-03", "archive", 1),
        ("2020-03", "nyt", 2),
    ]
    assert {(row["outlet"], row["in_all"], row["seen"]) for row in rows} == {("The Tide", 1, 2)}
    assert {row["independence_p"] for row in rows} == {None}
