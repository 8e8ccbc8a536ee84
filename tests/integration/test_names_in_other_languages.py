"""Names in a language of which the Text API has a model: asked about, where nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.context import find_engine
from cli.doctor import examine
from core.settings import Settings
from packs.make import make_pack
from packs.verify import verify_pack
from reports.build.report_folder import build
from tests.integration.test_foreign_texts import (
    ENGLISH,
    GERMAN,
    coverage,
    import_files,
    months,
    table,
    write_table,
)
from tests.integration.test_textapi_server import KEYS, Server, post, running
from tests.jobs_kit import Jobs
from tests.plan_kit import plan_submitted_run
from tests.unit.test_name_models import save_model

pytestmark = pytest.mark.thorough

NAMES = {"Kurt Brandt": "PER", "Sturms": "MISC", "Montag": "LOC"}
FRENCH = "Le maire a inauguré hier la nouvelle école du port."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("models")
    german = save_model(folder / "de", "de", NAMES)
    broken = Path(save_model(folder / "fr", "fr"))
    broken.joinpath("config.cfg").write_text("[nlp\n")
    with running(TIDINGS_SPACY_MODELS=f"{german},{broken}") as started:
        yield started


@pytest.fixture
def jobs(
    settings: Settings, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Jobs]:
    monkeypatch.chdir(tmp_path)
    at_server = {"textapi_url": server.url, "textapi_key": SecretStr(KEYS[0])}
    with closing(Jobs(settings.model_copy(update=at_server))) as opened:
        yield opened


def test_names_of_german_texts_are_asked_for_and_nothing_else_of_them(jobs: Jobs) -> None:
    import_files(
        jobs,
        write_table("a.csv", "Hafenblatt", GERMAN),
        write_table("b.csv", "The Tides", ENGLISH),
    )
    run = jobs.do(months()).run_id
    steps = coverage(jobs, run)
    assert steps["entities"] == ("complete", None, 9)
    left_out = ("complete", "left out: 5 documents in German", 4)
    assert {steps[step] for step in ("polarity", "phrases", "summary")} == {left_out}
    found = {(row["type"], row["name"]) for row in table(jobs, run, "entities")}
    # MISC is in no set of types.
    assert {("PERSON", "Kurt Brandt"), ("LOC", "Montag")} <= found
    assert "Sturms" not in {name for _, name in found}

    engine = find_engine(jobs.settings)
    again = plan_submitted_run(jobs.db, run, engine=engine, settings=jobs.settings)
    assert again.calls_to_make == 0

    build(jobs.db, [run], Path("report"))
    front = " ".join(Path("report", "index.html").read_text(encoding="utf-8").split())
    assert (
        "Names are found in German and French, too. Polarity, phrases and summaries leave out"
        in front
    )

    for folder in ("scratch", "verify"):
        Path(folder).mkdir()

    pack = Path("pack.zip")
    make_pack(jobs.db, run, pack, scratch=Path("scratch"), texts=True)
    assert verify_pack(pack, Path("verify").resolve()).problems == []


def test_the_service_says_by_which_models_it_reads_names(jobs: Jobs) -> None:
    engine = find_engine(jobs.settings)
    assert engine.name.startswith("tidings-1.3+vader+de_tide-1.0-")
    assert engine.languages == {"en", "de;ner", "fr;ner"}
    names = examine(jobs.settings)[-1]
    assert names.part == f"names in German, French, by the engine {engine.name}"
    assert names.problem is None


def test_a_model_that_cannot_be_loaded_fails_the_texts_of_its_language_alone(
    server: Server,
) -> None:
    status, answer, _ = post(server, "ner", json.dumps({"text": FRENCH}))
    assert status == 503
    assert "the model fr_tide-1.0-" in answer["error"]
    status, answer, headers = post(server, "ner", json.dumps({"text": GERMAN[-1]}))
    assert (status, answer) == (200, {"ner": [["PERSON", "Kurt Brandt"]]})
    assert headers["X-Textapi-Languages"] == "de;ner,en,fr;ner"
