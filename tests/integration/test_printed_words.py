"""What stands out, what repeats, what is counted once: as pages print it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from sqlalchemy import insert

from models.tables import DistinctiveWord, Entity
from reports.build import report_folder
from reports.data.run_data import load_run
from reports.data.tables.distinctive import DistinctiveRow
from reports.pages.word_section import list_standing_words
from tests import report_stories as stories
from tests.report_stories import Text

WORDS = ("sluice", "harbour", "barge", "lantern", "orchard", "pulley")


def row(word: str, g2: float, documents: int = 5, month: str = "2020-03") -> DistinctiveRow:
    return DistinctiveRow(1, month, "flood", 1, word, 9, documents, 2, g2)


def page_text(path: Path) -> str:
    page = path.read_text(encoding="utf-8")
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page[: page.index("<script")])).split())


def test_a_word_that_stands_out_is_listed_once_with_its_months_and_their_documents() -> None:
    rows = [row("dam", 31.0, 7), row("Dam", 40.0, 12, "2020-04"), row("ice", 25.0, 3)]
    others = [row("boat", 19.99), row("sun", -31.0)]
    words = list_standing_words([*rows, *others])
    assert words is not None
    dam, ice = words
    assert (dam.word, dam.documents, dam.total) == ("dam", {"2020-03": 7, "2020-04": 12}, 19)
    assert (ice.word, ice.total) == ("ice", 3)
    assert list_standing_words(others) == []
    # Nothing was compared.
    assert list_standing_words([]) is None


def test_the_words_of_an_account_have_their_posts_and_lead_to_them(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    handles = ["ann", "bob"]
    stories.store(db, [Text("2020-03-01", f"Hello from {h}.", None, h, "x") for h in handles])
    run = stories.handles_run(db, handles)
    job = next(job.id for job in load_run(db, run).jobs if job.name == "@ann")
    columns = {"job_id": job, "keyword": "", "rank": 1, "word": "moon", "count": 9}
    columns |= {"documents": 5, "reference_count": 0, "g2": 91.0}
    with db.write() as connection:
        connection.execute(insert(DistinctiveWord), columns)

    report_folder.build(db, [run], tmp_path / "out")
    page = (tmp_path / "out" / "@ann.html").read_text(encoding="utf-8")
    assert '<a class="count" href="documents.html#job=%40ann&amp;word=moon">5</a>' in page
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
    assert "How many of 2 posts hold each word." in text
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
    assert "4 of 505 posts (0.79 %) repeat an earlier one of the month" in text
    assert "--distinct leaves them out. The largest pattern stands below." in text
    pair = [Text("2020-03-04", "No ferry at all this morning.", None, "ann", "x")] * 2
    stories.store(db, pair, prefix="c")
    text = page_text(report_folder.build(db, [stories.handles_run(db, ["ann"])], tmp_path / "out"))
    assert "5 of 507 posts (0.99 %) repeat an earlier one of the month" in text
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
    assert text.count("Mood scores: not yet checked against readers") == 1
    assert "Engine’s mean polarity, and the labels still needed for ±0.05." in text
    db.close()


def test_phrases_of_each_month_are_a_table_only_where_a_month_has_one(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, [Text("2020-03-01", f"The flood gate of {word}.") for word in WORDS])
    run = stories.months_run(db, "2020-03", "2020-04", ["flood", "drought"])
    report_folder.build(db, [run], tmp_path / "out")
    tables = {}
    for subject in ("flood", "drought"):
        page = (tmp_path / "out" / f"keyword-{subject}.html").read_text(encoding="utf-8")
        tables[subject] = "Phrases of each month" in page

    assert tables == {"flood": True, "drought": False}
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
