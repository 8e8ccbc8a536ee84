"""Runs that read headlines, abstracts or both: what they find, count, cost and pass on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select

from analysis.kinds import result_tables
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.context import find_engine
from core.enums import State, TextPart
from core.settings import Settings
from models.documents import add_documents
from models.erasure import documents_named, forget_documents, forget_run
from models.tables import Answer, DocumentDetails
from producers.plan import plan_run
from reports.build.report_folder import build
from reports.data.run_command import submit_command
from tests.command_kit import Run
from tests.exports_kit import rows_of
from tests.integration.test_packs import OF_MONTHS, assert_equal
from tests.jobs_kit import Jobs
from tests.packs_kit import document, pack, verify
from tests.plan_kit import call_counts, plan_submitted_run
from textapi.text.sentences import sentences

HEADLINES = [
    ("Storm Closes Harbour.", "The fever spread. A storm came. It was a storm."),
    ("Fever Rises, Storm Ends.", "Nobody left the city."),
    ("Rain in the City.", None),
    ("Calm Days.", "After the storm the fever rose."),
]
FEVER, STORM = Keyword.parse("fever"), Keyword.parse("storm:gale")


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        for number, (headline, abstract) in enumerate(HEADLINES):
            store(opened, number, headline, abstract)
        yield opened


def store(jobs: Jobs, number: int, headline: str, abstract: str | None) -> None:
    at = datetime(2020, 3, 3 + number)  # noqa: DTZ001 - as it is stored
    row = document(f"nyt:{number}", "nyt", headline, at=at)
    add_documents(jobs.db, [row | {"abstract": abstract}])


def months(part: TextPart, **fields: Any) -> MonthsParameters:
    months_of_run = {"first": "2020-03", "last": "2020-03", "keywords": (FEVER, STORM)}
    return MonthsParameters(**months_of_run, text=part, **fields)


def done(jobs: Jobs, part: TextPart, **fields: Any) -> int:
    job = jobs.do(months(part, **fields))
    assert job.state == State.DONE, job.reason
    return int(job.run_id)


def mentions(jobs: Jobs, run: int) -> list[tuple[str, str, int, str]]:
    rows = rows_of(jobs.db, run, "mentions")
    for row in rows:
        assert row["sentence"] in row["text"]
    return [(row["document"], row["term"], row["position"], row["sentence"]) for row in rows]


def read_texts(part: TextPart) -> dict[str, str]:
    texts = {}
    for number, (headline, abstract) in enumerate(HEADLINES):
        if part == TextPart.ABSTRACT and abstract is not None:
            texts[f"nyt:{number}"] = abstract
        elif part == TextPart.BOTH:
            texts[f"nyt:{number}"] = f"{headline}\n{abstract}" if abstract else headline
        elif part == TextPart.HEADLINE:
            texts[f"nyt:{number}"] = headline

    return texts


OF_HEADLINES = [
    ("nyt:0", "storm", 1, "Storm Closes Harbour."),
    ("nyt:1", "fever", 1, "Fever Rises, Storm Ends."),
    ("nyt:1", "storm", 1, "Fever Rises, Storm Ends."),
]
OF_ABSTRACTS = [
    ("nyt:0", "fever", 1, "The fever spread."),
    ("nyt:0", "storm", 2, "A storm came."),
    ("nyt:0", "storm", 3, "It was a storm."),
    ("nyt:3", "fever", 1, "After the storm the fever rose."),
    ("nyt:3", "storm", 1, "After the storm the fever rose."),
]
OF_BOTH = [
    ("nyt:0", "fever", 2, "The fever spread."),
    ("nyt:0", "storm", 1, "Storm Closes Harbour."),
    ("nyt:0", "storm", 3, "A storm came."),
    ("nyt:0", "storm", 4, "It was a storm."),
    ("nyt:1", "fever", 1, "Fever Rises, Storm Ends."),
    ("nyt:1", "storm", 1, "Fever Rises, Storm Ends."),
    ("nyt:3", "fever", 2, "After the storm the fever rose."),
    ("nyt:3", "storm", 2, "After the storm the fever rose."),
]


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (TextPart.HEADLINE, OF_HEADLINES),
        (TextPart.ABSTRACT, OF_ABSTRACTS),
        (TextPart.BOTH, OF_BOTH),
    ],
)
def test_mentions_point_into_the_text_that_was_read(
    jobs: Jobs, part: TextPart, found: list[tuple[str, str, int, str]]
) -> None:
    run = done(jobs, part)
    assert mentions(jobs, run) == found
    texts = read_texts(part)
    documents = {row["document"]: row["text"] for row in rows_of(jobs.db, run, "documents")}
    assert documents == texts
    for row in rows_of(jobs.db, run, "mentions"):
        assert row["text"] == texts[row["document"]]

    for row in rows_of(jobs.db, run, "periods"):
        assert row["documents"] == len(texts)
        assert (row["polarity_mean"] is None) == (row["mentions"] == 0)


def test_each_part_is_planned_and_paid_for_once_whatever_was_read_before(jobs: Jobs) -> None:
    engine = find_engine(jobs.settings)
    for part in (TextPart.HEADLINE, TextPart.BOTH, TextPart.ABSTRACT):
        plan = plan_run(jobs.db, months(part), (), engine=engine, settings=jobs.settings)
        run = done(jobs, part)
        calls = sum(call_counts(jobs.db, run).values())
        assert plan.calls_to_make == calls > 0
        again = plan_submitted_run(jobs.db, run, engine=engine, settings=jobs.settings)
        assert again.calls_to_make == 0
        assert again.documents == len(read_texts(part))

    run = done(jobs, TextPart.ABSTRACT)
    assert mentions(jobs, run) == OF_ABSTRACTS
    assert sum(call_counts(jobs.db, run).values()) == 0


@pytest.mark.parametrize("part", [TextPart.ABSTRACT, TextPart.BOTH])
def test_a_query_and_its_stars_are_of_the_text_that_is_read(jobs: Jobs, part: TextPart) -> None:
    keyword = Keyword.parse("Left:nobod* OR harb* NOT fever")
    job = jobs.do(months(part).model_copy(update={"keywords": (keyword,)}))
    found = {sentence for *_, sentence in mentions(jobs, job.run_id)}
    headline = {"Storm Closes Harbour."} if part == TextPart.BOTH else set()
    assert found == {"Nobody left the city.", *headline}


@pytest.mark.parametrize(
    ("part", "texts", "database_url"),
    [
        (TextPart.ABSTRACT, True, "sqlite"),
        pytest.param(TextPart.ABSTRACT, False, "sqlite", marks=pytest.mark.thorough),
        pytest.param(TextPart.BOTH, True, "sqlite", marks=pytest.mark.thorough),
        pytest.param(TextPart.BOTH, False, "sqlite", marks=pytest.mark.thorough),
        (TextPart.ABSTRACT, False, "postgresql"),
        (TextPart.BOTH, True, "postgresql"),
    ],
    indirect=["database_url"],
)
def test_a_pack_is_computed_again(
    jobs: Jobs, tmp_path: Path, part: TextPart, *, texts: bool
) -> None:
    path = pack(jobs, done(jobs, part), tmp_path / "pack.zip", texts=texts)
    result = verify(path)
    if texts:
        assert_equal(result, OF_MONTHS)

    assert result.problems == []


def test_a_month_without_abstracts_has_no_data(jobs: Jobs) -> None:
    with jobs.db.write() as connection:
        connection.execute(delete(DocumentDetails))

    job = jobs.do(months(TextPart.ABSTRACT))
    assert (job.state, job.result) == (State.DONE, "no-data")
    assert job.reason == "no document of 2020-03 has an abstract"


def test_an_abstract_that_comes_later_changes_no_result_and_is_read_by_later_runs(
    jobs: Jobs,
) -> None:
    run = done(jobs, TextPart.BOTH)
    before = rows_of(jobs.db, run, "mentions"), rows_of(jobs.db, run, "documents")
    store(jobs, 2, HEADLINES[2][0], "A fever of rain.")
    assert (rows_of(jobs.db, run, "mentions"), rows_of(jobs.db, run, "documents")) == before

    forget_run(jobs.db, run)
    store(jobs, 2, HEADLINES[2][0], "A fever of rain.")
    assert ("nyt:2", "fever", 2, "A fever of rain.") in mentions(jobs, done(jobs, TextPart.BOTH))


def test_an_abstract_that_comes_after_a_run_of_headlines_can_be_read(jobs: Jobs) -> None:
    done(jobs, TextPart.HEADLINE)
    store(jobs, 2, HEADLINES[2][0], "A fever of rain.")
    assert ("nyt:2", "fever", 1, "A fever of rain.") in mentions(
        jobs, done(jobs, TextPart.ABSTRACT)
    )


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        pytest.param(
            TextPart.HEADLINE, "The headline of each document was read", marks=pytest.mark.thorough
        ),
        (TextPart.ABSTRACT, "Only the abstract of each document was read, not its headline"),
        pytest.param(
            *(TextPart.BOTH, "The headline of each document was read, and its abstract"),
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_the_report_names_what_was_read(
    jobs: Jobs, tmp_path: Path, part: TextPart, sentence: str
) -> None:
    run = done(jobs, part, steps=("keywords",))
    page = build(jobs.db, [run], tmp_path / "report").read_text(encoding="utf-8")
    assert (sentence in page) == (part != TextPart.HEADLINE)


@pytest.mark.parametrize("run", ["sqlite"], indirect=True)
def test_the_command_takes_the_part_and_the_report_names_it(run: Run) -> None:
    assert submit_command(months(TextPart.ABSTRACT), ()).count("--text abstract") == 1
    assert "--text" not in submit_command(months(TextPart.HEADLINE), ())
    arguments = ("months", "2020-03", "--keyword", "fever", "--text")
    assert run("plan", *arguments, "abstract", "--json")[0] == 0
    status, error = run("plan", *arguments, "abstracts")
    assert status == 2
    assert "'headline', 'abstract', 'both'" in error


def test_an_erasure_takes_the_answers_that_quote_an_abstract(jobs: Jobs) -> None:
    answer = {"key": b"0123456789abcdef", "value": json.dumps([HEADLINES[3][1]])}
    count = select(func.count()).select_from(Answer)
    with jobs.db.write() as connection:
        connection.execute(insert(Answer).values(answer))
        ids = documents_named(connection, "nyt:3")

    forget_documents(
        jobs.db, ids, sentences=sentences, reason="a test", result_tables=result_tables()
    )
    with jobs.db.read() as connection:
        assert connection.scalar(count) == 0
