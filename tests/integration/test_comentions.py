"""Two keywords of a run, and of two runs, beside each other: the export, and the pages."""

from __future__ import annotations

import re
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select, update

from models.database import Database
from models.tables import Run
from reports.build import report_folder
from reports.data.run_data import Selection, load_run
from reports.data.tables.comentions import ComentionRow, read_comentions
from reports.data.tables.keyword_pairs import read_pairs_of_runs
from reports.figures.figure_store import FigureStore
from reports.pages import comparison
from reports.words.scales import UNCHECKED
from tests.exports_kit import rows_of
from tests.integration.test_label_section import mentions_of
from tests.label_kit import store_labels
from tests.report_stories import Text, database, months_run, store

TEXTS = [
    *[Text(f"2020-03-{5 * n + 2:02}", f"Tide {n} is in. Fog is far.") for n in range(6)],
    *[Text(f"2020-03-{2 * n + 1:02}", f"A tide of {n}.") for n in range(14)],
    *[Text(f"2020-04-{2 * n + 1:02}", f"The fog of day {n}.") for n in range(15)],
    *[Text(f"2020-04-{4 * n + 2:02}", f"Nothing at {n}.") for n in range(5)],
]


@pytest.fixture
def db(tmp_path: Path):  # noqa: ANN201 - a generator of a database
    with closing(database(tmp_path)) as opened:
        store(opened, TEXTS)
        yield opened


def rows(db: Database, run: int, selection: Selection | None = None) -> list[ComentionRow]:
    return list(read_comentions(load_run(db, run, selection or Selection())))


def pairs_of(html: str) -> list[tuple[str, str]]:
    """Return the two keywords of each pair that a page compares."""
    return re.findall(r'<details class="pair-of" data-first="([^"]*)" data-second="([^"]*)"', html)


def test_documents_with_both_are_counted_by_month_and_in_all(db: Database) -> None:
    run = months_run(db, "2020-03", "2020-04", ["tide", "fog", "calm"])
    counts = [
        (row.period, row.keyword, row.other, row.documents, row.matched, row.other_matched,
         row.both, row.expected)
        for row in rows(db, run)
    ]  # fmt: skip
    assert counts == [
        (None, "calm", "fog", 40, 0, 21, 0, 0.0),
        (None, "calm", "tide", 40, 0, 20, 0, 0.0),
        (None, "fog", "tide", 40, 21, 20, 6, 6.0),
        ("2020-03", "calm", "fog", 20, 0, 6, 0, 0.0),
        ("2020-03", "calm", "tide", 20, 0, 20, 0, 0.0),
        ("2020-03", "fog", "tide", 20, 6, 20, 6, 6.0),
        ("2020-04", "calm", "fog", 20, 0, 15, 0, 0.0),
        ("2020-04", "calm", "tide", 20, 0, 0, 0, 0.0),
        ("2020-04", "fog", "tide", 20, 15, 0, 0, 0.0),
    ]


def test_an_export_has_differences_with_intervals_and_null_where_there_are_none(
    db: Database,
) -> None:
    run = months_run(db, "2020-03", "2020-04", ["tide", "fog"])
    exported = rows_of(db, run, "comentions")
    assert [row["period"] for row in exported] == [None, "2020-03", "2020-04"]
    whole, march, april = exported
    assert (whole["ratio"], march["ratio"], april["ratio"]) == (1.0, 1.0, None)
    assert (march["share_difference"], april["share_difference"]) == (-0.7, 0.75)
    assert march["share_low"] < -0.7 < march["share_high"] < 0
    assert march["share_p"] == pytest.approx(2 * 0.5**14, abs=1e-6)  # 14 with tide alone
    assert whole["polarity_low"] < whole["polarity_difference"] < whole["polarity_high"]
    assert march["polarity_difference"] is None  # six documents mention fog


def test_a_month_without_data_has_no_row_and_a_run_of_one_keyword_none(db: Database) -> None:
    run = months_run(db, "2020-03", "2020-05", ["tide", "fog"], no_data=["2020-05"],
                     failed=["2020-04"])  # fmt: skip
    assert [row.period for row in rows(db, run)] == [None, "2020-03"]
    assert rows(db, months_run(db, "2020-03", "2020-04", ["tide"])) == []


def test_what_is_left_out_of_a_report_is_left_out_of_the_pairs(db: Database) -> None:
    run = months_run(db, "2020-03", "2020-04", ["tide", "fog"])
    whole, *_ = rows(db, run, Selection(distinct=True))
    assert (whole.documents, whole.matched, whole.other_matched, whole.both) == (4, 2, 2, 1)


def test_keywords_of_two_runs_are_paired_where_both_read_the_same_documents(db: Database) -> None:
    first = load_run(db, months_run(db, "2020-03", "2020-04", ["tide"]))
    second = load_run(db, months_run(db, "2020-03", "2020-03", ["fog", "tide"]))
    pairs = {pair.names: pair for pair in read_pairs_of_runs({"one": first, "two": second})}
    assert set(pairs) == {("one: tide", "two: fog"), ("two: fog", "two: tide")}  # tide is one
    (month,) = pairs["one: tide", "two: fog"].months
    assert (month.period, month.counts) == ("2020-03", (20, 20, 6, 6))

    store(db, [Text("2020-03-09", "Tide and fog, late.")], prefix="late")
    later = load_run(db, months_run(db, "2020-03", "2020-03", ["fog"]))
    first = load_run(db, first.id)
    assert read_pairs_of_runs({"one": later, "two": first})[0].months[0].counts.documents == 21


def test_the_page_of_several_runs_has_shares_and_says_what_each_read_and_readers_checked(
    db: Database, tmp_path: Path
) -> None:
    first = months_run(db, "2020-03", "2020-04", ["tide", "fog"], name="one", engine="a/1")
    store(
        db, [Text(f"2020-05-{1 + n % 28:02}", f"Tide {n} of May.") for n in range(60)], prefix="m"
    )
    second = months_run(db, "2020-05", "2020-05", ["tide"], name="two", engine="a/1")
    labels = dict.fromkeys(mentions_of(db, second, "tide"), -1)
    store_labels(db, second, "Ann", labels)

    out = tmp_path / "out"
    figures = FigureStore(out, links=False)
    page = comparison.make_page([load_run(db, n) for n in (first, second)], figures)
    scales = {subject.name: subject.scale for subject in page.subjects}
    unchecked = "on the engine's scale; not checked against readers"
    checked = "on the engine's scale, which 60 labels of readers correct"
    assert scales == {"one: fog": unchecked, "one: tide": unchecked, "two: tide": checked}
    assert [str(figure.svg).count('data-name="compared-') for figure in page.figures] == [1, 1]
    # Beside the page of several runs there is no list of documents.
    assert not [figure for figure in page.figures if "<a " in str(figure.svg)]
    with db.write() as connection:
        parameters = connection.scalar(select(Run.parameters).where(Run.id == first))
        chosen = {"outlets": ["The Post", "The Sun"], "sections": ["World"], "material": "News"}
        changed = {**parameters, **chosen}
        connection.execute(update(Run).where(Run.id == first).values(parameters=changed))

    html = report_folder.build(db, [first, second], out).read_text(encoding="utf-8")
    assert f"one: tide: {unchecked}; two: tide: {checked}" in html.replace("&#39;", "'")
    assert "On the human scale the mean of all months is −1.00" in html
    assert "have one engine" not in html
    assert "Mentions, or posts" not in html
    # Keywords of one run are paired; those of two that read no document in common are not.
    assert pairs_of(html) == [("one: fog", "one: tide")]
    assert "Where one run read only a part of the other's" in html
    choice = "of the outlets “The Post” and “The Sun” of the section “World” of the kind “News”"
    assert html.count(f"{choice}</td>") == html.count("of the kind") == 1


def test_a_page_has_a_row_for_each_pair_and_there_is_none_for_a_single_keyword(
    db: Database, tmp_path: Path
) -> None:
    run = months_run(db, "2020-03", "2020-04", ["tide", "fog"])
    index = report_folder.build(db, [run], tmp_path / "two")
    html = index.with_name("compare.html").read_text(encoding="utf-8")
    assert pairs_of(html) == [("fog", "tide")]
    documents = '<a class="count" href="documents.html#subject=fog&amp;other=tide">6 documents</a>'
    assert f"<dd>{documents}; 6.0 would be expected</dd>" in html
    assert 'data-name="compared-share-fog-tide"' in html
    # A difference of moods is told, so that the page says how far they are checked.
    assert "Mean polarity</dt><dd>fog is" in html
    assert unescape(html).count(UNCHECKED) == 1
    # Two months are too few for an overtaking.
    assert "overtook" not in html
    alone = months_run(db, "2020-03", "2020-04", ["tide"])
    report_folder.build(db, [alone], tmp_path / "one")
    assert not (tmp_path / "one" / "compare.html").exists()


def test_a_keyword_and_a_part_of_it_are_no_pair_of_the_page(db: Database, tmp_path: Path) -> None:
    run = months_run(db, "2020-03", "2020-04", ["tide", "fog", "tide NOT fog"])
    assert [row.other for row in rows(db, run)[:3]] == ["tide", "tide NOT fog", "tide NOT fog"]
    index = report_folder.build(db, [run], tmp_path / "three")
    html = index.with_name("compare.html").read_text(encoding="utf-8")
    assert "“tide NOT fog” is a part of “tide”" in html
    assert pairs_of(html) == [("fog", "tide"), ("fog", "tide NOT fog")]
    expected, excluded = html.split('<details class="pair-of"')[1:]
    assert "6.0 would be expected" in expected
    # Where the queries keep two apart, no number is expected by chance.
    assert "the queries exclude each other" not in expected
    assert "the queries exclude each other" in excluded
    assert "would be expected" not in excluded
    assert "Share of documents</dt><dd>fog is 2.5 points above “tide NOT fog”" in excluded
