"""Repeated texts: what a report says of them, and figures without them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event

from core.errors import UsageError
from models.database import Database
from models.tables import Document, JobStep, Mention, PostPolarity
from reports.build import manifest, report_folder
from reports.data import exports, repeats
from reports.data.repeats import read_patterns
from reports.data.run_data import NO_SELECTION, Selection, load_run
from reports.data.selection import left_out
from reports.data.tables.periods import read_periods
from reports.data.variants import read_variants
from reports.findings.confirmed import read_confirmed
from reports.findings.run_facts import read_month_facts
from reports.frames.reading import load_frames
from reports.pages.repeats import read_repeats
from tests import exports_kit as kit
from tests import report_stories as stories

DISTINCT = Selection(distinct=True)
COUNTIES = 1_900
HIGHEST = "Without repeats, it is most frequent in February 2021 (20.0 %)."
TRACKER = "… County, Ohio Covid Case and Risk Tracker"


def rows_of(
    db: Database, run: int, table: str, selection: Selection = NO_SELECTION
) -> list[dict[str, Any]]:
    out = io.BytesIO()
    exports.write(db, run, table, "jsonl", out, selection=selection)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def periods(
    db: Database, run: int, selection: Selection = NO_SELECTION, *columns: str
) -> list[tuple[Any, ...]]:
    """Return the rows of all terms together."""
    columns = columns or ("period", "documents", "matched", "mentions")
    rows = [row for row in rows_of(db, run, "periods", selection) if row["term"] is None]
    return [tuple(row[column] for column in columns) for row in rows]


def letters(db: Database, **options: Any) -> int:
    """Add a run: March has a letter three times and two texts, April the letter twice."""
    run, jobs = kit.months(db, "2020-03", "2020-04", steps=("keywords", "polarity"), **options)
    letter = {"text": "Covid Letter: What Happened Today."}
    march, april = jobs["2020-03"], jobs["2020-04"]
    kit.add(
        db,
        Document,
        kit.document(1, "b", "2020-03", **letter),
        kit.document(2, "a", "2020-03", **letter),
        kit.document(3, "c", "2020-03", text="covid letter: what happened today https://t.co/x"),
        kit.document(4, "d", "2020-03", text="Covid Closes the Schools."),
        kit.document(5, "e", "2020-03", text="Rain at Last."),
        kit.document(6, "f", "2020-04", **letter),
        kit.document(7, "g", "2020-04", **letter),
    )
    mentioning = [(march, n) for n in (1, 2, 3, 4)] + [(april, n) for n in (6, 7)]
    rows = [kit.mention(job, n, "covid", 1, n / 10) for job, n in mentioning]
    kit.add(db, Mention, *rows)
    steps = [kit.step(job, name) for job in (march, april) for name in kit.TEXT_STEPS]
    kit.add(db, JobStep, *steps)
    return run


def test_distinct_counts_a_pattern_once_a_month_by_its_first_document(db: Database) -> None:
    run = letters(db)
    figures = ("period", "documents", "matched", "mentions", "polarity_mean")
    before = [("2020-03", 5, 4, 4, 0.25), ("2020-04", 2, 2, 2, 0.65)]
    assert periods(db, run, NO_SELECTION, *figures) == before
    after = [("2020-03", 3, 2, 2, 0.3), ("2020-04", 1, 1, 1, 0.6)]
    assert periods(db, run, DISTINCT, *figures) == after
    kept = ["nyt:a", "nyt:d", "nyt:f"]  # of one moment the first by identity
    assert [row["document"] for row in rows_of(db, run, "mentions", DISTINCT)] == kept
    documents = [row["document"] for row in rows_of(db, run, "documents", DISTINCT)]
    assert documents == ["nyt:a", "nyt:d", "nyt:e", "nyt:f"]


@pytest.mark.parametrize(
    "pattern", ["Covid Letter: What Happened Today.", "covid letter what happened…"]
)
def test_a_pattern_is_left_out_by_a_text_of_it(db: Database, pattern: str) -> None:
    run = letters(db)
    if pattern.endswith("…"):
        pattern = pattern.replace("…", " today")

    selection = Selection(without=(pattern,))
    assert periods(db, run, selection) == [("2020-03", 2, 1, 1), ("2020-04", 0, 0, 0)]


def test_what_a_run_was_submitted_with_holds_for_its_exports(db: Database) -> None:
    run = letters(db, distinct=True, without=("Covid Letter: What Happened Today",))
    assert periods(db, run) == [("2020-03", 2, 1, 1), ("2020-04", 0, 0, 0)]


def test_a_pattern_that_a_run_does_not_have_is_refused(db: Database) -> None:
    run, training = letters(db), kit.training(db)
    with pytest.raises(UsageError, match="no repeated text of run 1 is like it"):
        periods(db, run, Selection(without=("Rain at Last.",)))

    with pytest.raises(UsageError, match="is a training, which has no documents"):
        rows_of(db, training, "epochs", DISTINCT)


def test_an_accounts_posts_are_counted_once_a_month(db: Database) -> None:
    run, jobs = kit.handles(db, "nasa", "esa", steps=("polarity",))
    posts = [("2020-04", "nasa"), ("2020-04", "nasa"), ("2020-05", "nasa"), ("2020-04", "esa")]
    rows = []
    for number, (period, handle) in enumerate(posts, 1):
        text = f"Watch the launch live: https://t.co/{number}"
        rows.append(kit.document(number, str(number), period, source="x", handle=handle, text=text))

    rows.append(kit.document(5, "5", "2020-04", source="x", handle="nasa", text="It is up."))
    kit.add(db, Document, *rows)
    scores = [{"job_id": jobs["@nasa"], "document_id": n, "polarity": n / 5} for n in (1, 2, 3, 5)]
    kit.add(db, PostPolarity, *scores)
    steps = [kit.step(job, name) for job in jobs.values() for name in ("documents", "polarity")]
    kit.add(db, JobStep, *steps)

    columns = ("handle", "period", "mentions", "polarity_mean")
    assert periods(db, run, DISTINCT, *columns) == [
        ("esa", "2020-04", 1, None),
        ("nasa", "2020-04", 2, 0.6),
        ("nasa", "2020-05", 1, 0.6),
    ]


# --- a month of one template ---


def names(n: int, seed: int) -> list[str]:
    """Return *n* different made-up names."""
    random = Random(seed)
    syllables = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
    found: dict[str, None] = {}
    while len(found) < n:
        found["".join(random.choices(syllables, k=4)).title()] = None

    return list(found)


DAYS = {"2021-01": 31, "2021-02": 28, "2021-03": 31}


def headlines(month: str, mentions: int, others: int, seed: int) -> list[stories.Text]:
    words = iter(names(4 * (mentions + others), seed))
    texts = []
    for number in range(mentions + others):
        subject = "Covid " if number < mentions else ""
        text = f"{next(words)} {next(words)} {subject}{next(words)} {next(words)}."
        texts.append(stories.Text(f"{month}-{1 + number % DAYS[month]:02}", text))

    return texts


@pytest.fixture(scope="module")
def months_of_trackers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, int]:
    db = stories.database(tmp_path_factory.mktemp("trackers"))
    texts = headlines("2021-01", 10, 390, seed=1)
    texts += headlines("2021-02", 80, 320, seed=2) + headlines("2021-03", 12, 388, seed=3)
    for number, county in enumerate(names(COUNTIES, seed=4)):
        text = f"{county} County, Ohio Covid Case and Risk Tracker."
        texts.append(stories.Text(f"2021-01-{1 + number % 31:02}", text))

    stories.store(db, texts)
    return db, stories.months_run(db, "2021-01", "2021-03", ["covid"])


def page_text(
    db: Database, runs: Sequence[int], out: Path, selection: Selection = NO_SELECTION
) -> str:
    index = report_folder.build(db, runs, out, selection=selection)
    texts = []
    further = sorted(out.glob("methods.html"))
    for path in (index, *further, *sorted(out.glob("keyword-*.html"))):
        page = path.read_text(encoding="utf-8")
        body = page[page.index("<body>") : page.index("<script>")]
        texts.append(unescape(re.sub(r"<[^>]*>", " ", body)))

    return " ".join(" ".join(texts).split())


def test_a_peak_that_one_template_makes_is_said_with_both_numbers(
    months_of_trackers: tuple[Database, int],
) -> None:
    db, run_id = months_of_trackers
    run = load_run(db, run_id)
    share = read_confirmed(run, read_month_facts)["covid"][0].text
    assert share == (
        "Covid was most frequent in January 2021, in 83.0 % of documents (1,910 of 2,300); the "
        f"average is 64.6 %. {HIGHEST}"
    )

    repeated = read_repeats(run).subjects["covid"]
    assert (repeated.repeated_documents, repeated.documents) == (1_899, 2_002)


def test_a_share_without_repeats_is_that_of_distinct_on_page_and_in_export(
    db: Database, tmp_path: Path
) -> None:
    # A fifth of the documents with the keyword repeat, and two fifths of the others.
    march = headlines("2021-03", 40, 110, seed=5) + [
        stories.Text("2021-03-09", "Covid Tracker of the Valley.") for _ in range(11)
    ]
    march += [stories.Text("2021-03-10", "Weather of the Valley.") for _ in range(81)]
    stories.store(db, march + headlines("2021-02", 10, 190, seed=6))
    run = stories.months_run(db, "2021-02", "2021-03", ["covid"])

    shares = {row["period"]: row["share"] for row in rows_of(db, run, "periods")}
    distinct = {row["period"]: row["share"] for row in rows_of(db, run, "periods", DISTINCT)}
    assert (shares["2021-03"], distinct["2021-03"]) == (0.210744, 0.269737)

    variant = read_variants(load_run(db, run)).without_repeats
    assert variant is not None
    assert {row.period: row.share for row in read_periods(variant)} == distinct
    text = page_text(db, [run], tmp_path)
    assert "5.0 % of documents in February 2021 ( 10 ) and in 21.1 % in March 2021 ( 51 )" in text
    assert "without repeats 5.0 % and 27.0 %" in text
    assert "10 of 61 documents that mention it (16.4 %) repeat an earlier one of the month" in text
    assert "All documents count." in text


def test_one_number_of_repeats_stands_for_the_counts_and_the_words_of_a_page(
    db: Database, tmp_path: Path
) -> None:
    # A family of the run, too few of a month's mentions to be one there, and a template that is.
    sayings = "whales ferries lamps orchards kites barns clocks quilts apples boilers canoes drums"
    sayings += " easels fences gloves hinges"
    family = []
    for number, word in enumerate(sayings.split()):
        briefing = f"Covid and {word} today: Your Harbour Briefing."
        family.append(stories.Text(f"2021-0{3 + number % 2}-02", briefing))

    template = [stories.Text("2021-03-09", "Covid Tracker of the Valley.") for _ in range(4)]
    stories.store(db, family + template + headlines("2021-03", 12, 30, seed=5))
    page_text(db, [stories.months_run(db, "2021-03", "2021-04", ["covid"])], tmp_path)

    def words_of(page: str) -> str:
        html = (tmp_path / page).read_text(encoding="utf-8")
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", html.split("<body>")[1])).split())

    # Of the family 7 repeat in each month, of the template 3 in March.
    assert "24 mentions in 24 of 54 documents (44.4 %), 10 of them repeats" in words_of(
        "2021-03.html"
    )
    similar = "Of similar texts, the first of a month counts."
    assert f"14 documents: no two share a word. {similar}" in words_of("2021-03.html")
    overall = words_of("keyword-covid.html")
    assert "17 of 32 documents that mention it" in overall
    assert f"The words of 15 documents. {similar}" in overall


def test_without_the_template_the_peak_is_another_month_and_the_page_says_what_is_left_out(
    months_of_trackers: tuple[Database, int], tmp_path: Path
) -> None:
    db, run = months_of_trackers
    selection = Selection(without=(TRACKER,))
    text = page_text(db, [run], tmp_path, selection)
    assert "20.0 % of documents in the week from 1 February 2021 ( 21 of 105); 1.9 % is" in text
    assert "Without repeats" not in text
    assert "Not every document counts here." in text
    assert "1,900 documents are left out. Phrases, names, summaries" in text
    assert "1,200 made-up" not in text
    assert "1,200 documents" in text
    assert "1,899 of 2,002 documents that mention it (94.9 %) repeat an earlier one" in text
    assert f"{TRACKER} --without '{TRACKER}' 1,900 94.9 % Jan 2021 (1,900)" in text
    assert "What is left out" in (tmp_path / "dictionary.md").read_text(encoding="utf-8")
    assert periods(db, run, selection)[0] == ("2021-01", 400, 10, 10)


@pytest.mark.thorough
def test_a_large_runs_report_looks_at_mentions_alone_and_writes_no_table_of_all_documents(
    months_of_trackers: tuple[Database, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, run = months_of_trackers
    looked_at = read_patterns(load_run(db, run)).texts
    monkeypatch.setattr(repeats, "MOST_TEXTS", looked_at - 1)

    patterns = read_patterns(load_run(db, run))
    assert (looked_at, patterns.texts, patterns.patterns[0].size) == (3_100, 2_002, 1_900)
    text = page_text(db, [run], tmp_path)
    assert HIGHEST in text
    assert "repeats are sought only among those that mention a keyword. The largest" in text
    assert f"{TRACKER} --without '{TRACKER}' 1,900 94.9 % Jan 2021 (1,900)" in text
    assert "but that of so many documents ( tidings export writes it)" in text
    tables = {path.name.partition(".")[0] for path in tmp_path.glob("*.jsonl.gz")}
    assert {"mentions", "periods"} <= tables
    assert "documents" not in tables

    by_text = periods(db, run, Selection(without=(TRACKER,)))
    assert by_text[0] == ("2021-01", 400, 10, 10)


@pytest.mark.thorough
def test_a_report_with_a_selection_is_not_taken_for_the_runs_own(
    months_of_trackers: tuple[Database, int], tmp_path: Path
) -> None:
    db, run = months_of_trackers
    report_folder.build(db, [run], tmp_path, selection=DISTINCT)
    assert not manifest.is_up_to_date(db, [run], tmp_path)
    assert "What is left out" not in exports.describe_tables(exports.TABLES.values())


def test_a_months_mentions_are_read_once_for_all_keywords_and_all_that_is_left_out(
    months_of_trackers: tuple[Database, int],
) -> None:
    db, _ = months_of_trackers
    run = stories.months_run(db, "2021-01", "2021-03", ["covid", "county", "tracker"])
    read_mentions: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if "FROM mentions" in statement:
            read_mentions.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    data = load_run(db, run)
    read_repeats(data)
    findings = read_confirmed(data, read_month_facts)
    event.remove(db.engine, "before_cursor_execute", note)

    assert any(HIGHEST in finding.text for finding in findings["covid"])
    assert len(read_mentions) == len(DAYS)


def test_texts_are_read_once_and_those_that_are_shown_again(
    months_of_trackers: tuple[Database, int],
) -> None:
    db, run = months_of_trackers
    read: list[int] = []
    shown: list[int] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "json_each" in statement:
            read.extend(json.loads(parameters[-1]))
        elif "substr(documents.text" in statement:
            shown.append(len(parameters))

    data = load_run(db, run)
    event.listen(db.engine, "before_cursor_execute", note)
    read_patterns(data)
    event.remove(db.engine, "before_cursor_execute", note)

    assert len(shown) == 1  # a statement for the texts of patterns
    assert sorted(read) == sorted(set(read))
    assert len(read) == sum(load_frames(data, job).chosen.height for job in data.jobs)
    assert read_patterns(data).patterns[0].size == COUNTIES


def test_a_pattern_is_left_out_besides_what_repeats_in_a_month(db: Database) -> None:
    data = load_run(db, letters(db), DISTINCT)
    march, april = data.jobs
    assert [left_out(data, job) for job in (march, april)] == [{1, 3}, {7}]
    without_letter = replace(
        data, selection=Selection(distinct=True, without=("Covid Letter: What Happened Today.",))
    )
    assert [left_out(without_letter, job) for job in (march, april)] == [{1, 2, 3}, {6, 7}]
