"""A concordance and the collocates of a keyword, as `tidings export` writes them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from analysis.options import Keyword
from analysis.steps.distinctive import WordCounts
from core.errors import UsageError
from models.database import Database
from models.tables import Document, Mention
from reports.data import exports
from reports.data.tables.collocates import (
    Neighbours,
    find_near,
    log_dice,
    log_ratio,
    rank_collocates,
)
from tests.exports_kit import COVID, add, document, exported, mention, months, rows_of

# Of a document in which the keyword stands twice in one sentence.
SENTENCE = "Covid rises; the town fears Covid-19 now."


def test_a_concordance_has_a_row_for_each_place_and_its_parts_make_the_sentence(
    db: Database,
) -> None:
    run = run_of(db, [SENTENCE, "No fever, no covid."])
    rows = rows_of(db, run, "concordance")
    assert [(row["left"], row["match"], row["right"], row["term"]) for row in rows] == [
        ("", "Covid", " rises; the town fears Covid-19 now.", "covid"),
        ("Covid rises; the town fears ", "Covid-19", " now.", "covid-19"),
        ("No fever, no ", "covid", ".", "covid"),
    ]


def test_the_matches_of_aligned_lines_stand_below_each_other(db: Database, tmp_path: Path) -> None:
    run = run_of(db, [SENTENCE, "No fever, no covid."])
    out = tmp_path / "lines.txt"
    assert exports.write(db, run, "concordance", "txt", out) == 3
    lines = out.read_text().splitlines()
    assert [line[72:].split()[0] for line in lines] == ["Covid", "Covid-19", "covid."]
    assert lines[1] == f"2020-03-14  {'Covid rises; the town fears ':>60}Covid-19 now."


def test_no_other_table_has_aligned_lines(db: Database, tmp_path: Path) -> None:
    run = run_of(db, [SENTENCE])
    with pytest.raises(UsageError, match="no format 'txt' of mentions"):
        exports.write(db, run, "mentions", "txt", tmp_path / "lines.txt")


def test_words_near_a_keyword_are_five_on_each_side_and_count_once_between_two_places() -> None:
    text = "One two three four five six covid seven eight nine ten eleven twelve."
    near, places = find_near(text, COVID)
    assert " ".join(near) == "two three four five six seven eight nine ten eleven"
    assert places == 1
    assert find_near(SENTENCE, COVID) == (["rises", "the", "town", "fears", "now"], 2)


def test_collocates_are_those_of_the_selected_documents(db: Database) -> None:
    texts = [f"Covid surge in ward {name}." for name in ("Alder", "Birch", "Cedar")]
    others = [f"Harbour {name} opens." for name in ("festival", "market", "bridge")]
    run = run_of(db, texts, others)
    rows = [
        {key: row[key] for key in ("rank", "word", "count", "documents", "all_count")}
        for row in rows_of(db, run, "collocates")
    ]
    assert rows == [
        {"rank": 1, "word": "surge", "count": 3, "documents": 3, "all_count": 3},
        {"rank": 2, "word": "ward", "count": 3, "documents": 3, "all_count": 3},
    ]
    assert exported(db, run, "collocates", "csv").startswith(b"\xef\xbb\xbfrun,keyword,rank")


def test_log_ratio_and_log_dice_are_those_of_their_papers() -> None:
    # Twice as frequent is 1, four times 2; half a use stands for none.
    assert log_ratio(8, 1000, 40, 20_000) == pytest.approx(2)
    assert log_ratio(4, 100, 0, 1000) == pytest.approx(math.log2(0.04 / 0.0005))
    # Rychlý: 14 where all uses of both words stand together, one less each time they are halved.
    assert log_dice(50, 50, 50) == 14
    assert log_dice(25, 50, 50) == 13


def test_a_rank_goes_by_the_likelihood_ratio_and_leaves_out_rare_and_stop_words() -> None:
    near = Neighbours(places=9)
    near.uses.update({"surge": 6, "ward": 3, "the": 9, "odd": 2})
    near.documents.update({"surge": 6, "ward": 3, "the": 9, "odd": 2})
    texts = ["the surge the ward"] * 3 + ["the surge odd"] * 3 + ["the harbour opens"] * 30
    ranked = rank_collocates(1, Keyword.parse("covid"), near, WordCounts.of(texts))
    assert [(row.rank, row.word, row.count, row.all_count) for row in ranked] == [
        (1, "surge", 6, 6),
        (2, "ward", 3, 3),
    ]


def run_of(db: Database, texts: list[str], others: tuple[str, ...] | list[str] = ()) -> int:
    """Add a run of a month whose *texts* mention covid, each in its one sentence."""
    run, jobs = months(db, "2020-03", "2020-03")
    numbered = list(enumerate([*texts, *others], start=1))
    add(db, Document, *(document(n, f"d{n}", "2020-03", text=text) for n, text in numbered))
    rows = []
    for number, text in numbered[: len(texts)]:
        for term, rule in zip(COVID.terms, COVID.patterns, strict=True):
            if rule.search(text):
                row = mention(jobs["2020-03"], number, term, 1, None)
                rows.append({**row, "sentence": text})

    add(db, Mention, *rows)
    return run
