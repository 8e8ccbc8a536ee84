"""How much of a keyword or an account is repeated, and what a page says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from models.database import Database
from models.tables import Document, JobStep, Mention
from reports.build import manifest, report_folder
from reports.data.repeat_counts import count_repeated_documents
from reports.data.run_data import RunData, Selection, load_run
from reports.data.tables.periods import read_periods
from reports.pages.repeats import read_repeats
from tests import exports_kit as kit

SYLLABLES = [first + second for first in "bdklmnr" for second in "aeiou"]
WORDS = [
    f"{first}{second}".title() for first, second in zip(SYLLABLES, SYLLABLES[9:], strict=False)
]
SAYINGS = [f"Saying of the Day: {word}ra Covid {word}lin {word}mek" for word in WORDS[:16]]
TRACKERS = ["Covid Tracker of the Valley."] * 5
CRITIQUES = [f"Critique: {word}to {word}sen Covid {word}pol" for word in WORDS[:16]]
OTHERS = [f"{word}dor Covid {word}nes" for word in WORDS[:3]]


def covid_run(db: Database, march: Sequence[str], april: Sequence[str]) -> RunData:
    """Return a run of two months whose documents mention covid in two sentences each."""
    run, jobs = kit.months(db, "2020-03", "2020-04", steps=("keywords", "polarity"))
    documents, mentions = [], []
    texts = [("2020-03", text) for text in march] + [("2020-04", text) for text in april]
    for number, (month, text) in enumerate(texts, 1):
        documents.append(kit.document(number, f"{number:03}", month, text=text))
        for position in (1, 2):
            mentions.append(kit.mention(jobs[month], number, "covid", position, 0.0))

    kit.add(db, Document, *documents)
    kit.add(db, Mention, *mentions)
    kit.add(db, JobStep, *(kit.step(job, name) for job in jobs.values() for name in kit.TEXT_STEPS))
    return load_run(db, run)


def test_repeats_are_what_distinct_leaves_out_by_month_and_in_all(db: Database) -> None:
    run = covid_run(db, [*SAYINGS[:10], *TRACKERS, *OTHERS], [*SAYINGS[10:], *CRITIQUES])
    months = ("2020-03", "2020-04", None)
    assert [count_repeated_documents(run, "covid", month) for month in months] == [13, 5, 18]
    without = replace(run, selection=Selection(without=("Saying of the Day",)))
    assert count_repeated_documents(without, "covid", None) == 4


def test_a_family_is_left_out_by_any_of_its_texts_or_its_head_typed(db: Database) -> None:
    run = covid_run(db, [*SAYINGS, *OTHERS], OTHERS)
    for text in (SAYINGS[3], "Saying of the Day:", "saying of the day", "Saying of the Day: …"):
        without = replace(run, selection=Selection(without=(text,)))
        assert [row.matched for row in read_periods(without) if row.term is None] == [3, 3]
        assert count_repeated_documents(without, "covid", None) == 0

    distinct = replace(run, selection=Selection(distinct=True))
    assert [row.matched for row in read_periods(distinct) if row.term is None] == [4, 3]


def test_repeated_posts_of_an_account_are_counted(db: Database) -> None:
    run, jobs = kit.handles(db, "nasa", steps=("polarity",))
    texts = [*(f"Watch it live: https://t.co/{n}" for n in range(5)), "It is up.", "It is down."]
    posts = []
    for number, text in enumerate(texts, 1):
        whose = {"source": "x", "handle": "nasa"}
        posts.append(kit.document(number, str(number), "2020-04", **whose, text=text))

    kit.add(db, Document, *posts)
    kit.add(db, JobStep, *(kit.step(job, "documents") for job in jobs.values()))
    assert count_repeated_documents(load_run(db, run), "@nasa", "2020-04") == 4


def test_the_page_lists_no_label_among_repeats_and_proposes_distinct_where_repeats_are_many(
    db: Database, tmp_path: Path
) -> None:
    run = covid_run(db, [*SAYINGS, *OTHERS], [*CRITIQUES, *TRACKERS[:2]])
    index = report_folder.build(db, [run.id], tmp_path)
    page = next(index.parent.glob("keyword-*.html")).read_text(encoding="utf-8")
    proposal = (
        "In 1 month, more than a fifth of the documents are repeats, most in March 2020 (78.9 %). "
        "--distinct leaves them out."
    )
    on_page = proposal.replace("the documents", "its documents")
    assert on_page in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "<bdi>Critique: …</bdi>" not in page
    assert manifest.read_remarks(tmp_path) == [proposal]
    assert "remarks" in json.loads((tmp_path / "report.json").read_text())

    distinct = load_run(db, run.id, Selection(distinct=True))
    assert read_repeats(distinct).propose_distinct() == ""


@pytest.mark.parametrize(("repeats", "is_proposed"), [(5, False), (6, True)])
def test_distinct_is_proposed_above_a_fifth_of_a_months_documents(
    db: Database, repeats: int, is_proposed: bool
) -> None:
    others = [f"{word}dor Covid {word}nes" for word in WORDS[:20]]
    run = covid_run(
        db, ["Covid Tracker of the Valley."] * (1 + repeats) + others[:19], WORDS[20:23]
    )
    assert bool(read_repeats(run).propose_distinct()) is is_proposed
