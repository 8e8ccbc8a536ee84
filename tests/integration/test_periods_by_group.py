"""`--by outlet|section|kind`: the rows of groups in `periods` and `mentions`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.options import SeriesBy, parse_by
from core.enums import Grain, Grouping, SamplePeriod
from core.errors import UsageError
from models.database import Database
from models.tables import Document, DocumentCount, Job, JobStep, Mention, Run
from producers.submit import submit_run
from reports.data.run_data import load_run
from reports.series.groupings import NOT_KNOWN
from reports.series.reading import read_groups
from tests.command_kit import typed_request
from tests.groups_kit import Piece, rows_by, run_months, store_pieces
from textapi.text.keywords import pattern

POST, SUN = "The Post", "The Sun"
COUNTS = ("documents", "matched", "mentions")


def parameters(first: str, last: str, **options: Any) -> MonthsParameters:
    keywords = (Keyword.parse("fever"), Keyword.parse("rain:snow"))
    return MonthsParameters(first=first, last=last, keywords=keywords, **options)


def two_outlets() -> list[Piece]:
    """Return documents of each day of March and April 2020; The Sun has none in April."""
    pieces = []
    for month, days in (("2020-03", 31), ("2020-04", 30)):
        for day in range(1, days + 1):
            at = f"{month}-{day:02}"
            for place in range(1 + day % 3):
                word = "Fever" if (day + place) % 4 == 0 else "Calm"
                section = "World" if place else "Sport"
                pieces.append(Piece(at, f"{word} of {at}, {place}.", POST, section, "News"))

            if month == "2020-03":
                word = "Fever and snow" if day % 2 else "Rain"
                pieces.append(Piece(at, f"{word} of {at} in The Sun.", SUN, "", "Op-Ed"))

    return pieces


def empty(db: Database) -> None:
    with db.write() as connection:
        for table in (Mention, JobStep, Job, Run, Document, DocumentCount):
            connection.execute(delete(table))


def values(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.YEAR])
@pytest.mark.parametrize(
    ("grouping", "field"),
    [(Grouping.OUTLET, "outlet"), (Grouping.SECTION, "section"), (Grouping.KIND, "material")],
)
def test_groups_hold_what_a_count_of_their_own_finds(
    db: Database, grouping: Grouping, field: str, grain: Grain
) -> None:
    pieces = two_outlets()
    store_pieces(db, pieces)
    run = run_months(db, parameters("2020-03", "2020-04"))
    forms = {Grain.DAY: "%Y-%m-%d", Grain.WEEK: "%G-W%V", Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}

    documents, matched = Counter[Any](), Counter[Any]()
    for piece in pieces:
        period = datetime.fromisoformat(piece.at).strftime(forms[grain])
        for group in (None, getattr(piece, field) or NOT_KNOWN):
            documents[period, group] += 1
            matched[period, group] += pattern("fever").search(piece.text) is not None

    rows = rows_by(db, run, grouping, grain, keyword="fever")
    order = [(row["period"], row["group"] or "") for row in rows]
    assert order == sorted(set(order))
    for row in rows:
        key = row["period"], row["group"]
        assert row["documents"] == documents[key], key
        if row["state"] == "complete":
            assert (row["matched"], row["mentions"]) == (matched[key], matched[key])
        else:
            assert (row["matched"], documents[key]) == (None, 0)


def test_rows_without_a_group_are_those_of_a_run_without_a_grouping(db: Database) -> None:
    store_pieces(db, two_outlets())
    run = run_months(db, parameters("2020-03", "2020-04"))
    for grain in Grain:
        for grouping in Grouping:
            grouped = rows_by(db, run, grouping, grain)
            assert [row for row in grouped if row["group"] is None] == rows_by(db, run, None, grain)


def test_an_outlet_without_documents_is_a_gap_and_a_section_without_is_a_zero(db: Database) -> None:
    store_pieces(db, two_outlets())
    run = run_months(db, parameters("2020-03", "2020-05"))
    (gap,) = rows_by(db, run, Grouping.OUTLET, keyword="fever", period="2020-04", group=SUN)
    assert (gap["state"], gap["documents"], gap["matched"], gap["share"]) == (
        "no-data",
        0,
        None,
        None,
    )
    (none,) = rows_by(db, run, Grouping.SECTION, keyword="fever", period="2020-04", group=NOT_KNOWN)
    assert (none["state"], none["documents"], none["matched"]) == ("complete", 0, 0)
    assert none["share"] is None
    for grouping in Grouping:
        states = values(rows_by(db, run, grouping, period="2020-05"), "state", "matched")
        assert set(states) == {("no-data", None)}


def test_an_outlet_that_has_documents_of_other_sections_alone_is_a_zero(db: Database) -> None:
    store_pieces(db, two_outlets())
    run = run_months(db, parameters("2020-03", "2020-04", sections=("world",)))
    (zero,) = rows_by(db, run, Grouping.OUTLET, keyword="fever", period="2020-03", group=POST)
    assert zero["documents"] == sum(
        piece.section == "World" for piece in two_outlets() if piece.at < "2020-04"
    )
    assert read_groups(load_run(db, run, grouping=Grouping.OUTLET)).names == [POST]
    run = run_months(db, parameters("2020-03", "2020-04", sections=("world",), outlets=(POST, SUN)))
    sun = rows_by(db, run, Grouping.OUTLET, keyword="fever", group=SUN)
    assert values(sun, "state", *COUNTS) == [("complete", 0, 0, 0), ("no-data", 0, None, None)]


def test_a_month_that_an_outlet_has_by_half_is_cut_off_for_that_outlet_alone(db: Database) -> None:
    pieces = []
    for day in range(1, 32):
        for place in range(5):
            text = f"Calm of {day}, {place}."
            pieces.append(Piece(f"2020-03-{day:02}", text, POST, "World"))
            if day < 15:
                pieces.append(Piece(f"2020-03-{day:02}", f"{text} Sun.", SUN, "Sport"))

    store_pieces(db, pieces)
    run = run_months(db, parameters("2020-03", "2020-03"))
    by_outlet = values(rows_by(db, run, Grouping.OUTLET, keyword="fever"), "group", "cut_off")
    assert by_outlet == [(None, False), (POST, False), (SUN, True)]
    by_section = values(rows_by(db, run, Grouping.SECTION, keyword="fever"), "group", "cut_off")
    assert by_section == [(None, False), ("Sport", False), ("World", False)]


def test_what_is_imported_later_changes_no_row_of_a_run(db: Database) -> None:
    store_pieces(db, two_outlets())
    run = run_months(db, parameters("2020-03", "2020-04"))
    before = rows_by(db, run, Grouping.OUTLET)
    store_pieces(db, [Piece("2020-03-05", "Fever in a third.", "The Third")], first=900)
    assert rows_by(db, run, Grouping.OUTLET) == before


def test_a_month_that_is_not_through_has_no_state_in_any_group(db: Database) -> None:
    store_pieces(db, two_outlets())
    run = run_months(db, parameters("2020-03", "2020-04"), without=["2020-04"])
    rows = rows_by(db, run, Grouping.OUTLET, keyword="fever", period="2020-04")
    assert values(rows, "group", "state", "matched") == [
        (None, None, None), (POST, None, None), (SUN, None, None),
    ]  # fmt: skip


def test_mentions_have_the_group_of_their_document(db: Database) -> None:
    store_pieces(db, two_outlets())
    run = run_months(db, parameters("2020-03", "2020-04"))
    rows = rows_by(db, run, Grouping.SECTION, table="mentions", keyword="fever")
    groups = Counter(row["group"] for row in rows)
    expected = Counter(
        piece.section or NOT_KNOWN for piece in two_outlets() if "Fever" in piece.text
    )
    assert groups == expected
    assert {row["group"] for row in rows_by(db, run, table="mentions")} == {None}


def test_documents_that_are_left_out_are_left_out_of_their_group(db: Database) -> None:
    text = "Fever spreads in the city at night."
    pieces = [Piece("2020-03-02", text, SUN), Piece("2020-03-05", text, POST)]
    pieces.append(Piece("2020-03-06", text, POST))
    pieces.append(Piece("2020-03-01", "Calm returns to the harbour.", POST))
    pieces.append(Piece("2020-03-01", "A quiet night for bakers and their bread.", POST))
    store_pieces(db, pieces)
    run = run_months(db, parameters("2020-03", "2020-03", distinct=True))
    rows = rows_by(db, run, Grouping.OUTLET, keyword="fever")
    assert values(rows, "group", *COUNTS) == [(None, 3, 1, 1), (POST, 2, 0, 0), (SUN, 1, 1, 1)]


texts = st.sampled_from(["Fever here.", "Rain there.", "Snow and fever.", "Calm."])
pieces_of = st.builds(
    Piece,
    at=st.sampled_from(["2020-03-01", "2020-03-17", "2020-04-30", "2020-05-31", "2020-06-01"]),
    text=texts,
    outlet=st.sampled_from(["", "A", "B", "Ω"]),
    section=st.sampled_from(["", "World", "Sport"]),
    material=st.sampled_from(["", "News"]),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=st.lists(pieces_of, min_size=1, max_size=40),
    grouping=st.sampled_from(Grouping),
    grain=st.sampled_from(Grain),
    sections=st.sampled_from([(), ("World",)]),
)
def test_groups_add_up_to_all_together(
    db: Database,
    pieces: list[Piece],
    grouping: Grouping,
    grain: Grain,
    sections: tuple[str, ...],
) -> None:
    empty(db)
    store_pieces(db, pieces)
    run = run_months(db, parameters("2020-03", "2020-06", sections=sections))
    together: dict[Any, dict[str, Any]] = {}
    sums: dict[Any, Counter[str]] = {}
    for row in rows_by(db, run, grouping, grain):
        key = row["period"], row["keyword"]
        if row["group"] is None:
            together[key], sums[key] = row, Counter()
        else:
            sums[key].update({name: row[name] or 0 for name in COUNTS})

    for key, row in together.items():
        assert {name: row[name] or 0 for name in COUNTS} == {n: sums[key][n] for n in COUNTS}


def test_by_takes_a_grain_a_grouping_or_both() -> None:
    assert parse_by("week") == SeriesBy(Grain.WEEK, None)
    assert parse_by("outlet") == SeriesBy(None, Grouping.OUTLET)
    assert parse_by("kind, day") == SeriesBy(Grain.DAY, Grouping.KIND)
    for text, message in (
        ("fortnight", "--by fortnight: it is one of day, week, month, year, or of outlet,"),
        ("week,", "--by : it is one of day"),
        ("outlet,kind", "--by outlet,kind: write one of outlet and kind"),
        ("day,week,outlet", "--by day,week,outlet: write one of day and week"),
        ("quarter", "--by quarter: it is one of day, .*; the quarters of a sample are --per"),
    ):
        with pytest.raises(UsageError, match=message):
            parse_by(text)


@pytest.mark.parametrize(
    ("typed", "periods"),
    [
        ({"within": ["0.02"]}, (Grain.MONTH, None)),
        ({"within": ["0.02"], "wanted_by": "quarter"}, (Grain.MONTH, SamplePeriod.QUARTER)),
        ({"within": ["0.02"], "by": SeriesBy(Grain.YEAR)}, (Grain.YEAR, SamplePeriod.YEAR)),
        ({"within": ["0.02"], "by": SeriesBy(Grain.WEEK)}, (Grain.WEEK, None)),
        (
            {"within": ["0.02"], "by": SeriesBy(Grain.YEAR), "wanted_by": "month"},
            (Grain.YEAR, SamplePeriod.MONTH),
        ),
        ({"by": SeriesBy(Grain.YEAR)}, (Grain.YEAR, None)),
    ],
)
def test_per_names_the_periods_of_a_sample_and_by_those_of_series(
    typed: dict[str, Any], periods: tuple[Grain, SamplePeriod | None]
) -> None:
    request = typed_request("months", months="2020-03", keyword=["fever"], **typed)
    assert (request.parameters.by, request.parameters.wanted_by) == periods


def test_a_grouping_that_is_submitted_is_stored_and_changed_when_it_is_read(db: Database) -> None:
    by = SeriesBy(Grain.WEEK, Grouping.SECTION)
    request = typed_request("months", months="2020-03", keyword=["fever"], by=by)
    data = load_run(db, submit_run(db, request.parameters, request.names))
    assert (data.grain, data.grouping) == by
    data = load_run(db, data.id, grouping=Grouping.KIND)
    assert (data.grain, data.grouping) == (Grain.WEEK, Grouping.KIND)


def test_groupings_are_of_runs_of_months_and_of_two_tables_alone(db: Database) -> None:
    by = SeriesBy(None, Grouping.OUTLET)
    with pytest.raises(UsageError, match="--by outlet: documents are grouped in runs of months"):
        typed_request("handles", handles=["ann"], by=by)

    request = typed_request("handles", handles=["ann"])
    run = submit_run(db, request.parameters, request.names)
    with pytest.raises(UsageError, match=f"--by kind: run {run} is none of months"):
        load_run(db, run, grouping=Grouping.KIND)

    run = submit_run(db, parameters("2020-03", "2020-03"), ())
    with pytest.raises(UsageError, match="--by kind goes with periods, mentions and estimates"):
        rows_by(db, run, Grouping.KIND, table="coverage")
