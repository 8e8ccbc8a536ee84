"""The language that is stored with a document, from files, options and the detector."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from analysis.languages import settle_languages
from cli.main import app
from core.errors import UsageError
from models.database import Database
from models.documents import DocumentScope, days_of_month
from models.tables import Document
from sources.base import SourceDocument
from sources.files import read_path
from textapi.text.language_detector import detect_languages

GERMAN = "Der Hafen bleibt wegen des Sturms bis Montag geschlossen"
ENGLISH = "Officials say that the harbor will stay closed until Monday"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    run("import", str(write("first.csv", "title,date\nFog,2020-01-01\n")), "--outlet", "The Tides")
    with closing(Database(f"sqlite:///{tmp_path / 'home' / 'tidings.db'}")) as database:
        yield database


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def write(name: str, content: str) -> Path:
    path = Path(name)
    path.write_text(content, encoding="utf-8")
    return path


def stored(db: Database) -> dict[str, str | None]:
    with db.read() as connection:
        found = connection.execute(select(Document.text, Document.language_code))
        return {text.rstrip("."): code for text, code in found}


def test_a_column_says_the_language_and_the_others_are_detected(db: Database) -> None:
    rows = ["Mist,2020-01-02,German", f"{GERMAN},2020-01-02,", f"{ENGLISH},2020-01-02,"]
    table = "\n".join(["title,date,lang", *rows, ""])
    run("import", str(write("a.csv", table)), "--outlet", "Hafenblatt")
    assert stored(db) == {"Fog": "", "Mist": "de", GERMAN: "de", ENGLISH: "en"}


def test_another_column_is_named_as_any_other_field(db: Database) -> None:
    table = "title,date,tongue\nMist,2020-01-02,fr\n"
    path = str(write("a.csv", table))
    run("import", path, "--outlet", "Hafenblatt", "--column", "language=tongue")
    assert stored(db)["Mist"] == "fr"


def test_an_option_overrules_what_is_stated_and_detected(db: Database) -> None:
    table = f"title,date,lang\nMist,2020-01-02,fr\n{ENGLISH},2020-01-02,\n"
    run("import", str(write("a.csv", table)), "--outlet", "Hafenblatt", "--language", "de")
    assert (stored(db)["Mist"], stored(db)[ENGLISH]) == ("de", "de")


def test_an_option_that_names_no_language_is_wrong_usage(db: Database) -> None:
    path = str(write("a.csv", "title,date\nMist,2020-01-02\n"))
    with pytest.raises(UsageError, match="'xx' names no language: write its code in ISO 639-1"):
        CliRunner().invoke(app, ["import", path, "--language", "xx"], catch_exceptions=False)
    assert "Mist" not in stored(db)


def test_a_stated_language_that_is_not_known_is_counted_and_detected(db: Database) -> None:
    table = f"title,date,lang\n{GERMAN},2020-01-02,Klingon\n{ENGLISH},2020-01-02,und\n"
    output = run("import", str(write("a.csv", table)), "--outlet", "Hafenblatt")
    assert "1 document of a language that is not known here, the first 'Klingon'" in output
    assert stored(db)[GERMAN] == "de"


def test_a_later_import_that_says_the_language_corrects_what_was_detected(db: Database) -> None:
    path = str(write("a.csv", f"title,date\n{ENGLISH},2020-01-02\n"))
    run("import", path, "--outlet", "Hafenblatt")
    assert stored(db)[ENGLISH] == "en"
    output = run("import", path, "--outlet", "Hafenblatt", "--language", "de")
    assert "1 stored ones completed" in output
    assert stored(db)[ENGLISH] == "de"


def read(name: str, content: Any) -> list[str | None]:
    items = read_path(write(name, json.dumps(content)))
    return [item.language for item in items if isinstance(item, SourceDocument)]


def test_services_say_the_languages_of_their_posts() -> None:
    post = {"id": "1500000000000000000", "text": "Nebel", "lang": "de"}
    assert read("x.json", {"data": [post]}) == ["de"]
    old_post = {"tweet": {"id_str": "1500000000000000001", "full_text": "Nebel", "lang": "de"}}
    assert read("old.json", [old_post]) == ["de"]

    author = {"did": "did:plc:a", "handle": "a.bsky.social"}
    uri = "at://did:plc:a/app.bsky.feed.post/"
    records = [{"text": "Nebel", "langs": langs} for langs in (["de"], ["de", "en"], None)]
    feed = [
        {"post": {"uri": f"{uri}{number}", "author": author, "record": record}}
        for number, record in enumerate(records)
    ]
    assert read("bluesky.json", {"feed": feed}) == ["de", None, None]

    account = {"acct": "a", "url": "https://social.example/@a"}
    status = {"id": "1", "content": "<p>Nebel</p>", "account": account, "language": "de"}
    boost = {"id": "2", "content": "", "account": account, "language": None, "reblog": status}
    assert read("mastodon.json", [status, boost]) == ["de", "de"]


def test_documents_of_before_get_their_languages_when_a_job_reads_them(db: Database) -> None:
    table = f"title,date,lang\nMist,2020-01-02,fr\n{GERMAN},2020-01-02,\nRain,2020-02-02,\n"
    run("import", str(write("a.csv", table)), "--outlet", "Hafenblatt")
    with db.write() as connection:
        connection.execute(update(Document).values(language_code=None))

    settle_languages(db, DocumentScope(days=days_of_month("2020-01"), sources=("archive",)))
    assert stored(db) == {"Fog": "", "Mist": "fr", GERMAN: "de", "Rain": None}


@pytest.mark.real_data
def test_at_most_one_english_headline_in_a_thousand_is_decided_to_be_foreign() -> None:
    folder = os.environ.get("TIDINGS_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("TIDINGS_REAL_DATA names no folder of real data")

    items = read_path(Path(folder) / "nyt")
    texts = [item.text for item in items if isinstance(item, SourceDocument)]
    codes = detect_languages(texts)
    assert len(codes) > 100_000
    assert sum(code not in ("", "en") for code in codes) <= len(codes) / 1000
