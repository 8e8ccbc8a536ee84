"""What commands print with `--json` has the keys, types and order of ``docs/reference/json.md``.

`test_watch_report` compares events.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from packs.verification import Verification
from tests.command_kit import run_command
from tests.e2e_kit import write_archive
from tests.json_kit import differences
from tests.reference_pages import MODELS, _commands
from tests.report_stories import Text, database, handles_run, months_run, store

TEXTS = [Text(f"2020-{month:02}-03", f"A Storm of {month}.") for month in (1, 2, 3)]
POSTS = [Text(f"2020-01-{day:02}", f"Post {day}.", handle="ann", source="posts") for day in (1, 2)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    with closing(database(folder)) as db:
        store(db, TEXTS)
        months_run(db, "2020-01", "2020-03", ["storm"], failed=["2020-02"])
        store(db, POSTS, prefix="posts")
        handles_run(db, ["ann"])

    archive = write_archive(folder / "archive", {"2021-01-01": ["Rain."], "2021-03-01": ["Sun."]})
    print_json(folder, "import", str(archive))
    print_json(folder, "import", str(archive))
    run_command("watch", "1", "--every", "week", variables={"TIDINGS_HOME": str(folder)})
    return folder


def print_json(folder: Path, *words: str) -> Any:
    variables = {"TIDINGS_HOME": str(folder), "TIDINGS_MODEL_URL": "http://127.0.0.1:9/v1"}
    done = run_command(*words, "--json", variables=variables)
    assert done.stdout.count("\n") == 1, done.stderr
    return json.loads(done.stdout)


def test_every_command_with_json_has_a_model() -> None:
    commands = _commands(get_command(app), ())
    with_json = {
        " ".join(path)
        for path, command in commands
        if any("--json" in option.opts for option in command.params)
    }
    assert with_json == set(MODELS)
    assert list(MODELS) == sorted(MODELS)


@pytest.mark.parametrize(
    "words",
    [
        ("codebook check", "relevance"),
        ("costs",),
        ("doctor",),
        ("plan months", "2020-01..2020-03", "--keyword", "storm"),
        ("plan handles", "ann"),
        ("plan search", "storm"),
        ("runs",),
        ("status", "1"),
        ("stored",),
        ("watch", "--list"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_prints_its_model(folder: Path, words: tuple[str, ...]) -> None:
    command, *others = words
    printed = print_json(folder, *command.split(), *others)
    assert printed
    assert not list(differences(printed, MODELS[command]))


def test_a_plan_of_a_sample_prints_its_model(folder: Path) -> None:
    coder = ("--codebook", "relevance", "--coder", "model:stub", "--within", "0.02")
    words = ("plan", "months", "2020-01..2020-03", "--keyword", "storm", *coder)
    printed = print_json(folder, *words)
    assert (printed["sample"]["within"], printed["sample"]["cost"]) == (0.02, None)
    assert not list(differences(printed, MODELS["plan months"]))


def test_an_import_prints_its_model(folder: Path) -> None:
    printed = print_json(folder, "import", str(folder / "archive"))
    assert (printed["read"], printed["added"]) == (2, 0)
    assert not list(differences(printed, MODELS["import"]))


def test_a_verification_prints_its_model() -> None:
    result = Verification(
        run=1, kind="months", made_by="1", checked_by="1", texts=True, files=3, sha256="0"
    )
    printed = json.loads(json.dumps(asdict(result)))
    assert not list(differences(printed, MODELS["verify"]))


def test_another_model_is_seen() -> None:
    assert list(differences([{"part": "disk", "problem": 1}], MODELS["doctor"]))
    assert list(differences([{"problem": None, "part": "disk"}], MODELS["doctor"]))
    assert list(differences({"part": "disk", "problem": None}, MODELS["doctor"]))
    assert not list(differences([{"part": "disk", "problem": None}], MODELS["doctor"]))
