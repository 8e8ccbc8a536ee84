"""Packs of runs that one would not think of first: queries, weeks, repeats left out, watched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from analysis.options import Keyword
from core.enums import Grain, Within
from core.settings import Settings
from models.documents import add_documents
from producers.watches import check_due_watches
from tests.databases import on_sqlite
from tests.exports_kit import exported
from tests.integration.test_packs import OF_MONTHS, assert_equal
from tests.jobs_kit import Jobs
from tests.packs_kit import change, document, months, pack, store_headlines, verify
from tests.tiers import thorough_but
from tests.watch_kit import WATCHED, at_day, publish, watch, work

FROM_MENTIONS = (
    *("mentions", "periods", "labels", "documents", "comentions"),
    *("codes", "agreement", "estimates"),
)
QUERIES = (
    "fever NOT rain",
    "Both:fever AND protests",
    "Near:protest* near/3 (silent OR fever*)",
    "=NASA",
    "Virus:(flu* OR fever) NOT =RAIN",
)
REPEATED = ["Fever Map and Case Count of Lorn."] * 5


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        store_headlines(opened)
        for number, text in enumerate(REPEATED):
            at = datetime(2020, 3, 5 + number)  # noqa: DTZ001 - as it is stored
            add_documents(opened.db, [document(f"nyt:count/{number}", "nyt", text, at=at)])

        yield opened


@pytest.mark.parametrize(
    ("within", "database_url"),
    thorough_but(
        [*((within, "sqlite") for within in Within), (Within.SENTENCE, "postgresql")],
        (Within.SENTENCE, "sqlite"),
    ),
    indirect=["database_url"],
)
@pytest.mark.parametrize("texts", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_queries_by_week_are_matched_again(
    jobs: Jobs, tmp_path: Path, within: Within, *, texts: bool
) -> None:
    keywords = tuple(Keyword.parse(query, within) for query in QUERIES)
    run = jobs.submit(months(keywords=keywords, by=Grain.WEEK))
    jobs.do_all(run)
    path = pack(jobs, run, tmp_path / "pack.zip", texts=texts)
    assert_equal(verify(path), OF_MONTHS if texts else FROM_MENTIONS)

    with ZipFile(path) as archive:
        periods = [json.loads(line) for line in archive.read("exports/periods.jsonl").splitlines()]

    matched = {row["keyword"]: 0 for row in periods}
    for row in periods:
        assert "-W" in row["period"]
        if row["term"] is None and row["matched"]:
            matched[row["keyword"]] += row["matched"]

    assert matched["=NASA"] == 3
    assert all(matched.values())


def test_a_pack_without_texts_holds_no_sentence_that_a_query_found_and_left_out(
    jobs: Jobs, tmp_path: Path
) -> None:
    left_out = "A fever of the rain season, says NASA."
    at = datetime(2020, 3, 20)  # noqa: DTZ001 - as it is stored
    add_documents(jobs.db, [document("nyt:left-out", "nyt", left_out, at=at)])
    run = jobs.submit(months(keywords=(Keyword.parse("fever NOT rain"),)))
    jobs.do_all(run)

    path = pack(jobs, run, tmp_path / "pack.zip")
    with ZipFile(path) as archive:
        assert "answers/polarity.jsonl" in archive.namelist()
        assert b"Fever Spreads at Protests." in archive.read("exports/mentions.jsonl")
        for name in archive.namelist():
            assert b"rain season" not in archive.read(name), name

    assert_equal(verify(path), FROM_MENTIONS)


@pytest.mark.thorough
@on_sqlite
def test_a_query_of_another_level_is_named_by_the_tables_that_it_changes(
    jobs: Jobs, tmp_path: Path
) -> None:
    run = jobs.submit(months(keywords=(Keyword.parse("fever NOT protests"),)))
    jobs.do_all(run)
    path = pack(jobs, run, tmp_path / "pack.zip", texts=True)

    def widen(content: bytes) -> bytes:
        return content.replace(b'"within": "sentence"', b'"within": "document"')

    problems = verify(change(path, "run.json", widen, checksums=True)).problems
    tables = {problem.split(",")[0] for problem in problems}
    assert {"exports/mentions.jsonl", "exports/periods.jsonl"} <= tables
    assert "exports/documents.jsonl" not in tables


@pytest.mark.parametrize("texts", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_repeats_that_a_run_leaves_out_are_left_out_again(
    jobs: Jobs, tmp_path: Path, *, texts: bool
) -> None:
    run = jobs.submit(months(distinct=True))
    jobs.do_all(run)
    path = pack(jobs, run, tmp_path / "pack.zip", texts=texts)
    with ZipFile(path) as archive:
        assert archive.read("exports/periods.jsonl") == exported(jobs.db, run, "periods")
        first = json.loads(archive.read("exports/periods.jsonl").splitlines()[0])

    assert (first["documents"], first["matched"]) == (5, 4)  # of nine, eight with fever or flu
    assert_equal(verify(path), OF_MONTHS if texts else ())


@pytest.mark.thorough
@pytest.mark.parametrize("texts", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_a_watched_run_is_packed_as_its_last_update_left_it(
    jobs: Jobs, tmp_path: Path, *, texts: bool
) -> None:
    publish(jobs.db, 0)
    run = jobs.submit(WATCHED)
    work(jobs, run)
    watch(jobs.db, run)
    before = exported(jobs.db, run, "periods")
    publish(jobs.db, 12)
    assert check_due_watches(jobs.db, jobs.settings, now=at_day(12)) == 1
    work(jobs, run)

    path = pack(jobs, run, tmp_path / "pack.zip", texts=texts)
    assert_equal(verify(path), OF_MONTHS if texts else FROM_MENTIONS)
    with ZipFile(path) as archive:
        periods = archive.read("exports/periods.jsonl")
        parameters = json.loads(archive.read("run.json"))["parameters"]

    assert periods == exported(jobs.db, run, "periods") != before
    assert parameters["last"] == "2020-03"
