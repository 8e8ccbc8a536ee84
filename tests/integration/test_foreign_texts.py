"""Texts in languages that the engine does not read: mentions are counted, and nothing is scored."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from analysis.kinds import kind_named
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.context import find_engine
from core.settings import Settings
from packs.make import make_pack
from packs.verify import verify_pack
from producers.imports import import_paths
from producers.plan import plan_run
from reports.build.report_folder import build
from reports.data.exports import write
from tests.integration.test_textapi_server import KEYS, Server, running
from tests.jobs_kit import Jobs
from tests.plan_kit import plan_submitted_run

# VADER takes "die" and "war" for English words, and "Die Schule war gestern offen." for -.83.
GERMAN = [
    "Die Schule am Hafen war gestern offen",
    "Der Hafen bleibt wegen des Sturms bis Montag geschlossen",
    "Warum die Fähre im Hafen nicht mehr anlegt",
    "Die Stadt will den Hafen im Sommer erweitern",
    # Nothing in it says that it is German.
    "Hafen: Kurt Brandt",
]
ENGLISH = [
    "The Hafen district celebrates its wonderful new bridge",
    "Officials say that the Hafen will reopen after the terrible storm",
    "Why the people of Hafen love their old lighthouse",
    "Hafen Quiz",
]
ALL_STEPS = ("keywords", "polarity", "phrases", "entities", "summary", "distinctive")


def write_table(name: str, outlet: str, texts: Sequence[str]) -> Path:
    lines = [f"2020-03-{day:02},{text},{outlet}" for day, text in enumerate(texts, start=1)]
    path = Path(name)
    path.write_text("\n".join(["date,title,outlet", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def jobs(
    settings: Settings, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Jobs]:
    monkeypatch.chdir(tmp_path)
    at_server = {"textapi_url": server.url, "textapi_key": SecretStr(KEYS[0])}
    with closing(Jobs(settings.model_copy(update=at_server))) as opened:
        yield opened


def import_files(jobs: Jobs, *paths: Path, handle: str | None = None) -> None:
    import_paths(jobs.db, paths, source=None, handle=handle, columns={})


def months(*outlets: str) -> MonthsParameters:
    return MonthsParameters(
        first="2020-03",
        last="2020-03",
        keywords=(Keyword.parse("hafen"),),
        sources=("archive",),
        outlets=outlets,
        steps=ALL_STEPS,
    )


def table(jobs: Jobs, run: int, name: str) -> list[dict[str, Any]]:
    out = io.BytesIO()
    write(jobs.db, run, name, "jsonl", out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def coverage(jobs: Jobs, run: int) -> dict[str, tuple[str, str | None, int]]:
    rows = table(jobs, run, "coverage")
    return {row["step"]: (row["state"], row["reason"], row["documents"]) for row in rows}


def test_a_german_paper_is_counted_and_not_scored(jobs: Jobs) -> None:
    import_files(jobs, write_table("a.csv", "Hafenblatt", GERMAN))
    job = jobs.do(months())
    assert (job.state, job.reason) == ("done", "left out: 5 documents in German")
    run = job.run_id

    mentions = table(jobs, run, "mentions")
    assert len(mentions) == 5
    assert {mention["polarity"] for mention in mentions} == {None}
    (period, _) = table(jobs, run, "periods")
    assert (period["state"], period["mentions"], period["share"]) == ("complete", 5, 1.0)
    assert (period["polarity_mean"], period["polarity_low"]) == (None, None)
    for name in ("phrases", "entities"):
        assert table(jobs, run, name) == []

    left_out = ("no-data", "left out: 5 documents in German", 0)
    steps = coverage(jobs, run)
    assert steps["keywords"] == ("complete", None, 5)
    assert {steps[step] for step in ("polarity", "phrases", "entities", "summary")} == {left_out}
    assert steps["distinctive"][0] == "no-data"
    assert {call["operation"] for call in table(jobs, run, "calls")} == {"sentences_with_keywords"}


def test_of_two_papers_the_english_one_is_scored_to_its_shortest_headline(jobs: Jobs) -> None:
    import_files(
        jobs,
        write_table("a.csv", "Hafenblatt", GERMAN),
        write_table("b.csv", "The Tides", ENGLISH),
    )
    run = jobs.do(months()).run_id

    polarities = {row["text"].rstrip("."): row["polarity"] for row in table(jobs, run, "mentions")}
    assert all(polarities[text] is None for text in GERMAN)
    assert all(polarities[text] is not None for text in ENGLISH)
    (period, _) = table(jobs, run, "periods")
    assert period["mentions"] == 9
    scored = [polarities[text] for text in ENGLISH]
    assert period["polarity_mean"] == pytest.approx(sum(scored) / 4, abs=1e-6)
    assert coverage(jobs, run)["polarity"] == ("complete", "left out: 5 documents in German", 4)

    english = jobs.do(months("The Tides")).run_id
    for name in ("phrases", "entities", "summaries"):
        without_run = [
            [{**row, "run": 0} for row in table(jobs, number, name)] for number in (run, english)
        ]
        assert without_run[0] == without_run[1]


def test_the_page_says_once_what_is_not_scored_and_the_mean_names_its_own_number(
    jobs: Jobs,
) -> None:
    import_files(
        jobs,
        write_table("a.csv", "Hafenblatt", GERMAN),
        write_table("b.csv", "The Tides", ENGLISH),
    )
    run = jobs.do(months()).run_id
    build(jobs.db, [run], Path("report"))

    front, keyword, methods = (
        " ".join(Path("report", f"{page}.html").read_text(encoding="utf-8").split())
        for page in ("index", "keyword-hafen", "methods")
    )
    caution = "<strong>5 documents in German are counted but not scored.</strong> The engine reads"
    assert front.count(caution) == keyword.count(caution) == 1
    assert "of 4 in English" in front
    assert "counted but not scored: 5 documents in German." in methods

    english = jobs.do(months("The Tides")).run_id
    build(jobs.db, [english], Path("english"))
    front = Path("english", "index.html").read_text(encoding="utf-8")
    assert "not scored" not in front
    assert "in English" not in front


def test_a_plan_counts_no_call_for_what_is_left_out(jobs: Jobs) -> None:
    import_files(jobs, write_table("a.csv", "Hafenblatt", GERMAN))
    engine = find_engine(jobs.settings)
    assert engine.languages == {"en"}
    plan = plan_run(jobs.db, months(), (), engine=engine, settings=jobs.settings)
    assert plan.by_operation == {"sentences_with_keywords": 5}
    run = jobs.do(months()).run_id
    again = plan_submitted_run(jobs.db, run, engine=engine, settings=jobs.settings)
    assert (again.needed_by_operation, again.calls_to_make) == (plan.by_operation, 0)


def test_an_account_that_posts_in_two_languages_is_scored_by_its_english_posts(jobs: Jobs) -> None:
    path = Path("posts.csv")
    posts = [*GERMAN[:2], *ENGLISH]
    lines = [f"{number},2020-03-02,{text}" for number, text in enumerate(posts)]
    path.write_text("\n".join(["id,date,text", *lines]) + "\n", encoding="utf-8")
    import_files(jobs, path, handle="hafen")
    run = jobs.do(AccountsParameters(), "hafen").run_id

    polarities = {row["text"]: row["polarity"] for row in table(jobs, run, "documents")}
    assert [text for text in posts if polarities[text] is None] == GERMAN[:2]
    (period,) = table(jobs, run, "periods")
    scored = [polarities[text] for text in ENGLISH]
    assert (period["documents"], period["mentions"]) == (6, 6)
    assert period["polarity_mean"] == pytest.approx(sum(scored) / 4, abs=1e-6)
    steps = coverage(jobs, run)
    for step in ("polarity", "phrases", "entities"):
        assert steps[step] == ("complete", "left out: 2 posts in German", 4)

    assert steps["summary"][1] == "left out: 2 posts in German"


def test_a_service_that_declares_no_languages_is_asked_as_before(
    stub_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(Jobs(stub_settings)) as jobs:
        import_files(jobs, write_table("a.csv", "Hafenblatt", GERMAN))
        assert find_engine(jobs.settings).languages is None
        run = jobs.do(months()).run_id
        assert None not in {mention["polarity"] for mention in table(jobs, run, "mentions")}
        engine = find_engine(jobs.settings).name
        remark = f"{engine} declares no languages, and was asked about 5 documents in German"
        assert coverage(jobs, run)["polarity"] == ("complete", remark, 5)


@pytest.mark.thorough
@pytest.mark.parametrize("texts", [True, False])
def test_a_pack_of_such_a_run_repeats_it(jobs: Jobs, *, texts: bool) -> None:
    import_files(
        jobs,
        write_table("a.csv", "Hafenblatt", GERMAN),
        write_table("b.csv", "The Tides", ENGLISH),
    )
    run = jobs.do(months()).run_id
    for folder in ("scratch", "verify"):
        Path(folder).mkdir()

    pack = Path("pack.zip")
    make_pack(jobs.db, run, pack, scratch=Path("scratch"), texts=texts)
    assert verify_pack(pack, Path("verify").resolve()).problems == []


def test_all_forms_of_a_word_are_looked_for_in_the_languages_of_the_documents(jobs: Jobs) -> None:
    texts = ["Die Häfen bleiben wegen des Sturms zu", "Der Ausbau des Hafens verzögert sich"]
    import_files(jobs, write_table("a.csv", "Hafenblatt", [*texts, *GERMAN]))
    kind = kind_named("months")
    typed = months().model_copy(update={"keywords": (Keyword.parse("hafen~"),)})

    matched = kind.match_stored(jobs.db, jobs.settings, typed, (), ("sources",))
    assert "hafen~ stands for hafen, hafens, häfen (German)" in matched.remarks
    mentions = table(jobs, jobs.do(matched.parameters).run_id, "mentions")
    assert {row["term"] for row in mentions if row["text"] in texts} == {"Hafens", "Häfen"}
    assert len(mentions) == len(texts) + len(GERMAN)
