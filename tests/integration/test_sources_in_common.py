"""What several sources hold of an outlet, and how much there may be in all."""

from __future__ import annotations

import pytest

from models.database import Database
from models.tables import Document, JobStep, Mention
from reports.data.run_data import load_run
from reports.data.sources_in_common import read_sources_in_common
from tests.exports_kit import add, document, mention, months, rows_of, step


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


def test_a_story_counts_once_as_the_first_source_has_it(db: Database) -> None:
    address = "https://tide.example/a"
    add(
        db,
        Document,
        story(1, "archive", "a", address=f"{address}?utm_source=feed"),
        story(2, "nyt", "another headline", address=address),
        # An only source has a headline twice.
        story(3, "archive", "b"),
        story(4, "archive", "b"),
        story(5, "nyt", "b"),
        story(6, "nyt", "c"),
    )

    def count(*sources: str) -> tuple[list[str], list[str], int, float]:
        run, jobs = months(db, "2020-03", "2020-03", sources=sources, steps=("keywords",))
        job = jobs["2020-03"]
        add(db, JobStep, step(job, "documents", documents=6), step(job, "keywords", documents=6))
        mentioning = {1: "archive", 2: "nyt", 6: "nyt"}
        add(
            db,
            Mention,
            *(
                mention(job, number, "covid", 1, None)
                for number, source in mentioning.items()
                if source in sources
            ),
        )
        documents = [row["document"] for row in rows_of(db, run, "documents")]
        mentions = [row["document"] for row in rows_of(db, run, "mentions")]
        period, *_ = rows_of(db, run, "periods")
        assert period["matched"] == len(mentions)
        return documents, mentions, period["documents"], period["share"]

    archive, nyt = ["archive:1", "archive:3", "archive:4"], ["nyt:2", "nyt:5", "nyt:6"]
    together = count("archive", "nyt")
    assert together == ([*archive, "nyt:6"], ["archive:1", "nyt:6"], 4, 0.5)
    assert count("nyt", "archive") == (nyt, ["nyt:2", "nyt:6"], 3, pytest.approx(2 / 3))
    assert count("archive") == (archive, ["archive:1"], 3, pytest.approx(1 / 3))


def test_an_archive_of_one_outlet_has_its_stories_in_common_with_lists_that_name_it(
    db: Database,
) -> None:
    run, _ = months(db, "2020-03", "2020-03", sources=("nyt", "archive"))
    of_list = story(2, "archive", "a") | {"outlet": "The New York Times"}
    of_archive = story(1, "nyt", "a", address="https://www.nytimes.com/a") | {"outlet": ""}
    add(db, Document, of_archive, of_list, story(3, "archive", "a"))
    (together, _) = read_sources_in_common(load_run(db, run))
    assert (together.outlet, together.in_all, together.seen) == ("The New York Times", 1, 1)
