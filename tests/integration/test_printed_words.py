"""What stands out, what repeats, what is counted once: as pages print it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import insert

from models.tables import DistinctiveWord, Entity
from reports.build import report_folder
from reports.data.run_data import load_run
from reports.data.tables.distinctive import DistinctiveRow
from reports.figures import distinctive
from reports.figures.spec import Subject
from reports.figures.style import Range
from tests import report_stories as stories
from tests.report_stories import Text

SUBJECT = Subject("“flood”", "flood", Range("2020-03", "2020-04"))
WORDS = ("sluice", "harbour", "barge", "lantern", "orchard", "pulley")


def row(word: str, g2: float, documents: int = 5) -> DistinctiveRow:
    return DistinctiveRow(1, "2020-03", "flood", 1, word, 9, documents, 2, g2)


def page_text(path: Path) -> str:
    page = path.read_text(encoding="utf-8")
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page[: page.index("<script")])).split())


def test_words_up_to_the_limit_of_chance_are_not_drawn() -> None:
    rows = [row("dam", 31.0), row("boat", 19.99), row("sun", -20.0), row("rain", -3.0)]
    spec = distinctive.distinctive_spec(SUBJECT, rows, compared_with="others", job_noun="month")
    assert spec is not None
    assert spec.alt == "Diverging bars of the words that stand out most: dam, sun."
    assert "distinctive.csv holds the ten largest of each month." in spec.caption
    assert not distinctive.no_word_stands_out(rows)


def test_where_no_word_is_beyond_chance_there_is_a_sentence_and_no_figure() -> None:
    rows = [row("boat", 19.99), row("rain", -3.0)]
    assert (
        distinctive.distinctive_spec(SUBJECT, rows, compared_with="others", job_noun="month")
        is None
    )
    assert distinctive.no_word_stands_out(rows).startswith("No word stands out: ")
    assert not distinctive.no_word_stands_out([])  # nothing was compared


def test_the_words_of_two_accounts_are_two_lists() -> None:
    rows = [row("orbit", 44.6, 7), row("senate", -512.3, 0), row("moon", 91.0, 1_200)]
    assert distinctive.list_uses([*rows, row("tea", 4.0)], "than by @ann") == {
        "Used more than by @ann": "moon 1,200 · orbit 7",
        "Used less than by @ann": "senate 0",
    }
    assert distinctive.describe_lists("posts of @bob").startswith(
        "The figure behind a word is the number of posts of @bob with it. The clearest words "
    )


@pytest.mark.parametrize(
    ("handles", "lists"), [(["ann", "bob"], True), (["ann", "bob", "cy"], False)]
)
def test_an_account_beside_one_other_has_lists_and_beside_more_a_figure(
    tmp_path: Path, handles: list[str], *, lists: bool
) -> None:
    db = stories.database(tmp_path)
    stories.store(db, [Text("2020-03-01", f"Hello from {h}.", None, h, "x") for h in handles])
    run = stories.handles_run(db, handles)
    job = next(job.id for job in load_run(db, run).jobs if job.name == "@ann")
    columns = {"job_id": job, "keyword": "", "rank": 1, "word": "moon", "count": 9}
    columns |= {"documents": 5, "reference_count": 0, "g2": 91.0}
    with db.write() as connection:
        connection.execute(insert(DistinctiveWord), columns)

    report_folder.build(db, [run], tmp_path / "out")
    page = (tmp_path / "out" / "@ann.html").read_text(encoding="utf-8")
    assert ("Used more than by @bob" in page) is lists
    assert ("-distinctive-" in page) is not lists
    db.close()


def test_the_words_of_an_accounts_repeats_count_once_a_month(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    posts = []
    for number in range(8):
        text = f"Countdown to the regatta: {number + 11} days of painting boats remain."
        posts.append(Text(f"2020-03-{number + 1:02}", text, None, "ann", "x"))

    posts.append(Text("2020-04-01", "Twelve gulls watched the boats.", None, "ann", "x"))
    stories.store(db, posts)
    index = report_folder.build(db, [stories.handles_run(db, ["ann"])], tmp_path / "out")
    text = page_text(index)
    assert "boats 2" in text
    assert "How often each word occurs in the posts; fewer than ten words make no cloud." in text
    assert "the first of a month counts." in text
    db.close()


def test_patterns_of_few_texts_are_no_repeats_worth_a_table(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    posts = [Text("2020-03-01", "The ferry is late again, sorry.", None, "ann", "x")] * 4
    for number in range(500):
        words = " ".join(f"{word}{number}x{place}" for place, word in enumerate(WORDS))
        posts.append(Text("2020-03-02", f"{words}.", None, "ann", "x"))

    stories.store(db, posts)
    index = report_folder.build(db, [stories.handles_run(db, ["ann"])], tmp_path / "out")
    assert 'id="repeats"' not in index.read_text(encoding="utf-8")
    stories.store(
        db, [Text("2020-03-03", "The ferry is late again, sorry.", None, "ann", "x")], prefix="b"
    )
    index = report_folder.build(db, [stories.handles_run(db, ["ann"])], tmp_path / "out")
    text = page_text(index)
    assert "4 of 505 posts (0.79 %) repeat an earlier one of the month: " in text
    assert "--distinct leaves them out. The largest pattern stands below." in text
    pair = [Text("2020-03-04", "No ferry at all this morning.", None, "ann", "x")] * 2
    stories.store(db, pair, prefix="c")
    text = page_text(report_folder.build(db, [stories.handles_run(db, ["ann"])], tmp_path / "out"))
    assert "5 of 507 posts (0.99 %) repeat an earlier one of the month: " in text
    assert "a daily briefing" not in text.partition("Methods")[0]
    assert "--distinct counts each pattern once a month" in text
    db.close()


def test_the_heading_of_labels_says_that_nobody_has_checked_yet(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(
        db, [Text("2020-03-01", "A flood took the bridge."), Text("2020-04-01", "No flood.")]
    )
    run = stories.months_run(db, "2020-03", "2020-04", ["flood"])
    index = report_folder.build(db, [run], tmp_path / "out")
    text = page_text(index.with_name("methods.html"))
    assert text.count("Not yet checked against readers") == 1
    assert "Engine’s mean polarity, and the labels still needed for ±0.05." in text
    db.close()


@pytest.mark.parametrize(("text", "has_table"), [("The flood gate of {}.", False), ("A {}.", True)])
def test_phrases_per_month_are_a_table_only_where_there_is_no_figure_of_them(
    tmp_path: Path, text: str, *, has_table: bool
) -> None:
    db = stories.database(tmp_path)
    stories.store(db, [Text("2020-03-01", f"{text.format(word)} Flood.") for word in WORDS])
    run = stories.months_run(db, "2020-03", "2020-03", ["flood"])
    report_folder.build(db, [run], tmp_path / "out")
    page = (tmp_path / "out" / "keyword-flood.html").read_text(encoding="utf-8")
    assert ('href="#phrases-per-month"' in page) is has_table
    assert ('id="phrases-per-month"' in page) is has_table
    assert ("-phrases-" in page) is not has_table
    db.close()


def test_the_most_named_are_persons_and_organisations_with_evidence(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, [Text("2020-03-01", "hello again.", None, "ann", "x")])
    run = stories.handles_run(db, ["ann", "bob"], missing=["bob"])
    job = next(job.id for job in load_run(db, run).jobs if job.name == "@ann")
    rows = []
    named = [
        ("LOC", "Earth", 163),
        ("LOC", "Mars", 152),
        ("ORG", "NASA", 146),
        ("PERSON", "Zorblax", 140),
        ("PERSON", "Ada Quist", 9),
    ]
    for rank, (kind, name, count) in enumerate(named, 1):
        names = {"type": kind, "name": name, "rank": rank, "count": count, "spellings": [name]}
        rows.append({"job_id": job, "keyword": "", "period": "", **names})

    with db.write() as connection:
        connection.execute(insert(Entity), rows)

    text = page_text(report_folder.build(db, [run], tmp_path / "out"))
    assert "NASA (146), Ada Quist (9)" in text
    assert "Earth (163)" not in text
    assert "Zorblax" not in text
    db.close()
