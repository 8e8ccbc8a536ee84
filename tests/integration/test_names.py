"""Names of a run: repeats count once, names that are none, and what the run's texts show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from analysis.kinds.months import MonthsParameters
from analysis.options import MOST_NOT_NAMES, Keyword
from analysis.text.repeats import drop_repeats, find_repeats
from core.settings import Settings
from models.documents import add_documents
from models.tables import Entity
from reports.build import report_folder
from reports.data.run_command import submit_command
from reports.data.run_data import load_run
from reports.data.tables.entities import read_entities, read_run_names
from reports.figures.entities import count_names, rank_names
from tests.command_kit import Run
from tests.exports_kit import rows_of
from tests.integration.test_fetching import stored_post
from tests.integration.test_wrong_usage import parameters
from tests.jobs_kit import Jobs

REPEATS = [f"Flood in Ward {ward}: the ORCA Map and Case Tracker." for ward in range(1, 7)]
TEXTS = [*REPEATS, "The flood is over, says ORCA.", "Mike QUIST on the flood.", "QUIST waits."]


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        for number, text in enumerate(TEXTS):
            day = datetime(2020, 3, 1 + number)  # noqa: DTZ001 - as it is stored
            dated = {"source": "nyt", "handle": None, "period": "2020-03", "published_at": day}
            row = stored_post(number, text=text) | dated | {"identity": f"nyt:{number:03}"}
            add_documents(opened.db, [row])

        yield opened


def months(last: str = "2020-03", **options: Any) -> MonthsParameters:
    keywords = (Keyword.parse("flood"), Keyword.parse("quist:waits,mike"))
    steps = ("keywords", "entities")
    return MonthsParameters(first="2020-03", last=last, keywords=keywords, steps=steps, **options)


def counts_of_run(jobs: Jobs, **options: Any) -> dict[tuple[str | None, str], int]:
    job = jobs.do(months(**options))
    assert job.state == "done"
    rows = read_entities(load_run(jobs.db, job.run_id))
    return {(row.keyword, row.name): row.count for row in rows if row.period is None}


def add_april(jobs: Jobs) -> None:
    april = ["Flood nears ORCA and NATO.", "Flood in C.ORCA: ORCA-led.", "A flood. Orcas swim."]
    for number, text in enumerate(april, 90):
        day = datetime(2020, 4, 1)  # noqa: DTZ001 - as it is stored
        dated = {"source": "nyt", "handle": None, "period": "2020-04", "published_at": day}
        row = stored_post(number, text=text) | dated | {"identity": f"nyt:{number:03}"}
        add_documents(jobs.db, [row])


def test_texts_that_differ_in_figures_alone_count_once_for_their_names(jobs: Jobs) -> None:
    assert counts_of_run(jobs) == {("flood", "ORCA"): 2, ("flood", "QUIST"): 1}


def test_pages_and_the_table_have_the_same_counts_of_a_months_and_of_the_runs_names(
    jobs: Jobs, tmp_path: Path
) -> None:
    add_april(jobs)
    run = jobs.submit(months(last="2020-04"))
    jobs.do_all(run)
    table = {
        (row["job"], row["name"]): row["count"]
        for row in rows_of(jobs.db, run, "entities")
        if row["keyword"] == "flood" and row["period"] is None
    }
    assert {job: table.get((job, "ORCA")) for job in (None, "2020-03", "2020-04")} == {
        None: 4,
        "2020-03": 2,
        "2020-04": 2,
    }
    folder = report_folder.build(jobs.db, [run], tmp_path / "report").parent
    for month in ("2020-03", "2020-04"):
        page = (folder / f"{month}.html").read_text(encoding="utf-8")
        named = page.split("<dt>Organisations</dt>")[1].split("</dd>")[0]
        # Its number leads to the documents of the month that hold it.
        ((query, count),) = re.findall(r'#([^"]*name=ORCA[^"]*)"[^>]*>(\d+)<', named)
        assert {"subject=flood", f"period={month}"} <= set(unescape(query).split("&"))
        assert int(count) == table[month, "ORCA"]

    loaded = load_run(jobs.db, run)
    counts = count_names(read_entities(loaded))["flood"]
    drawn = rank_names(counts, run_names=read_run_names(loaded))
    assert drawn.by_type["ORG"][0] == ("ORCA", table[None, "ORCA"])


@pytest.mark.thorough
def test_pages_of_results_from_before_documents_were_counted_say_what_their_figures_are(
    jobs: Jobs, tmp_path: Path
) -> None:
    add_april(jobs)
    run = jobs.submit(months(last="2020-04"))
    jobs.do_all(run)

    def words_of_pages(folder_name: str) -> tuple[bool, bool, bool, bool]:
        folder = report_folder.build(jobs.db, [run], tmp_path / folder_name).parent
        pages = [page.read_text(encoding="utf-8") for page in folder.rglob("*.html")]
        return (
            any("number of texts that hold the name" in page for page in pages),
            any("the documents that hold each" in page for page in pages),
            any("The figure is how often it was taken for one" in page for page in pages),
            any("how often it did" in page for page in pages),
        )

    assert words_of_pages("counted") == (True, True, False, False)
    with jobs.db.write() as connection:
        connection.execute(update(Entity).values(documents=None))

    assert words_of_pages("before") == (False, False, True, True)


def test_what_the_run_says_is_no_name_is_not_counted(jobs: Jobs) -> None:
    assert counts_of_run(jobs, not_names=("orca",)) == {("flood", "QUIST"): 1}


def test_the_texts_of_all_months_show_that_a_name_is_a_persons(jobs: Jobs) -> None:
    for number, text in ((98, "Mike QUIST sleeps."), (99, "The boat of Mike QUIST.")):
        day = datetime(2020, 3, 30)  # noqa: DTZ001 - as it is stored
        dated = {"source": "nyt", "handle": None, "period": "2020-03", "published_at": day}
        row = stored_post(number, text=text) | dated | {"identity": f"nyt:{number:03}"}
        add_documents(jobs.db, [row])

    job = jobs.do(months())
    run_names = read_run_names(load_run(jobs.db, job.run_id))
    assert run_names.types == {"orca": "", "quist": "PERSON"}
    assert run_names.persons["quist"] == "mike quist"
    types = {
        (row["job"], row["name"]): row["type"] for row in rows_of(jobs.db, job.run_id, "entities")
    }
    assert types == {
        (None, "ORCA"): "ORG",
        (None, "QUIST"): "PERSON",
        ("2020-03", "ORCA"): "ORG",
        ("2020-03", "QUIST"): "ORG",
    }


def test_the_first_text_of_a_pattern_counts_in_each_month() -> None:
    march = [(number, f"Launch in {number} days, see the countdown") for number in range(1, 4)]
    april = [(9, "Launch in 9 days, see the countdown"), (10, "A quiet day at the quay")]
    assert find_repeats({"2020-03": march, "2020-04": april}) == {2, 3}


def test_a_name_is_left_out_where_it_stands_in_a_repeat() -> None:
    texts = {1: "ORCA and NATO met", 2: "ORCA and FIFA met", 3: "ORCA left"}
    entities = [("ORG", name) for name in ("ORCA", "NATO", "ORCA", "FIFA", "UNSEEN", "ORCA")]
    assert drop_repeats(entities, [1, 2, 3], texts, {2}) == [
        ("ORG", name) for name in ("ORCA", "NATO", "UNSEEN", "ORCA")
    ]


@pytest.mark.parametrize(
    "arguments", [("months", "2020-03", "--keyword", "x"), ("handles", "ann"), ("search", "tide")]
)
def test_names_that_are_none_come_from_a_file_and_stay_with_the_run(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "none.txt").write_text("\ufeffUTC\n\n  Quiz   Night \nutc\n")
    assert run("submit", *arguments, "--not-a-name", "none.txt")[0] == 0
    assert parameters()["not_names"] == ["UTC", "Quiz Night"]


def test_the_command_of_a_run_names_the_file_as_the_reference_does() -> None:
    command = submit_command(months(not_names=("UTC",)), ())
    assert "--not-a-name FILE" in command
    assert "--not-a-name" not in submit_command(months(), ())


def test_a_run_without_the_step_says_that_names_change_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("UTC\n")
    options = ("--steps", "polarity", "--not-a-name", "none.txt")
    status, error = run("submit", "handles", "ann", *options)
    assert status == 0
    assert "--not-a-name changes nothing: the step entities is none of --steps" in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"UTC\n???\n", "--not-a-name n.txt, line 2: ??? has no letter or digit: write a name"),
        (
            b"\n" + b"a" * 201,
            "n.txt, line 2: aaaaaaaaaaaaaaaaaaaa\u2026 has more than 200 characters",
        ),
        (b"caf\xe9\n", "--not-a-name n.txt is no UTF-8: save it in that encoding"),
        (b" \n\n", "--not-a-name n.txt holds no name: write one a line, as UTC"),
        (b"a\n" * 600_000, "--not-a-name n.txt is larger than a megabyte"),
        (
            b"\n".join(b"n%d" % number for number in range(MOST_NOT_NAMES + 1)),
            "n.txt holds 5,001 names, of which a run takes 5,000: keep those that",
        ),
    ],
)
def test_a_file_of_names_that_is_wrong_says_where(
    run: Run, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "n.txt").write_bytes(content)
    status, error = run("submit", "handles", "ann", "--not-a-name", "n.txt")
    assert (status, error.count("\n")) == (2, 1)
    assert message in error


def test_a_file_of_names_that_is_not_there_is_named(run: Run) -> None:
    status, error = run("submit", "handles", "ann", "--not-a-name", "none.txt")
    assert status == 2
    assert "--not-a-name none.txt cannot be read (No such file or directory)" in error
