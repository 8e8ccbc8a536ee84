"""The names that ``submit months`` and ``plan months`` choose by, as the database has them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from typer.testing import CliRunner

from analysis.kinds.stored_names import split_outlets
from cli.main import app
from core.errors import UsageError
from core.settings import Settings, environment
from models.database import Database
from models.documents import add_documents
from models.tables import Run
from sources import registry

Months = Callable[..., Any]
PLACES = (
    ("The Post", "World", "News"),
    ("Écho du Soir", "Monde", "Op-Ed"),
    ("Smith, Jones & Co", "Sport, Games", "News"),
    ("Smith", "World", "Letter"),
)


@pytest.fixture(autouse=True)
def _stored(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(settings.model_copy(update={"redis_url": None})).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)
    store(settings, "nyt", PLACES)


def store(settings: Settings, source: str, places: Any) -> None:
    rows = []
    for number, (outlet, section, material) in enumerate(places):
        place = {"outlet": outlet, "section": section, "material": material}
        at = datetime.fromisoformat("2020-03-01")
        dated = {"published_at": at, "period": "2020-03", "text": f"Text {number}."}
        rows.append({"identity": f"{source}:{number}", "source": source, **dated, **place})

    with closing(Database(settings.database)) as db:
        add_documents(db, rows)


@pytest.fixture(params=["plan", "submit"])
def months(request: pytest.FixtureRequest) -> Months:
    """``tidings plan months`` or ``tidings submit months`` with further arguments."""
    command = [request.param, "months", "2020-03", "--keyword", "text"]
    return lambda *arguments: CliRunner().invoke(app, [*command, *arguments])


def submit(settings: Settings, *arguments: str) -> dict[str, Any]:
    """Submit a run with these arguments; return its parameters."""
    command = ["submit", "months", "2020-03", "--keyword", "text", *arguments]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    newest = select(Run.parameters).order_by(Run.id.desc()).limit(1)
    with closing(Database(settings.database)) as db, db.read() as connection:
        return dict(connection.scalars(newest).one())


@pytest.mark.parametrize(
    ("arguments", "outlets"),
    [
        (["--outlet", "THE post"], ["The Post"]),
        (["--outlet", "écho DU soir,the post"], ["Écho du Soir", "The Post"]),
        (["--outlet", "ÉCHO DU SOIR"], ["Écho du Soir"]),
        (["--outlet", "smith, jones & co"], ["Smith, Jones & Co"]),
        (["--outlet", "The Post, Smith, Jones & Co"], ["The Post", "Smith, Jones & Co"]),
        (["--outlet", "Smith,The Post"], ["Smith", "The Post"]),
        (["--outlet", "Smith", "--outlet", "SMITH"], ["Smith"]),
    ],
)
def test_outlets_are_known_in_any_case_and_with_a_comma_in_their_name(
    settings: Settings, arguments: list[str], outlets: list[str]
) -> None:
    assert submit(settings, *arguments)["outlets"] == outlets


def test_sections_and_kinds_are_known_in_any_case(settings: Settings) -> None:
    parameters = submit(settings, "--section", "sport, GAMES", "--section", "world")
    assert parameters["sections"] == ["Sport, Games", "World"]
    assert submit(settings, "--material", "op-ED")["material"] == "Op-Ed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--outlet", "The Past"],
            (
                "--outlet The Past: no stored document is of it; there are The Post, Smith, "
                "Smith, Jones & Co, Écho du Soir"
            ),
        ),
        (
            ["--outlet", "Echo du Soir"],
            (
                "--outlet Echo du Soir: no stored document is of it; there are Écho du Soir, "
                "Smith, Smith, Jones & Co, The Post"
            ),
        ),
        (["--outlet", "The Post,Nobody"], "--outlet Nobody: no stored document is of it"),
        (["--section", "Sprot"], "--section Sprot: no stored document is of it; there are World"),
        (["--material", "a\x1b[1m"], r"--material a\x1b[1m: no stored document is of it"),
        (["--outlet", " , "], "--outlet names nothing: `tidings stored` lists the names"),
        (["--section", ""], "--section names nothing"),
        (["--material", ""], "--material names nothing"),
    ],
)
def test_an_unknown_name_ends_with_the_names_there_are_the_nearest_first(
    months: Months, arguments: list[str], message: str
) -> None:
    result = months(*arguments)
    assert isinstance(result.exception, UsageError), result.output  # the status is 2
    assert str(result.exception).startswith(message)


def test_of_many_names_twenty_are_listed(settings: Settings, months: Months) -> None:
    places = [(f"Outlet {number:02}", "World", "News") for number in range(40)]
    with closing(Database(settings.database)) as db, db.write() as connection:
        connection.exec_driver_sql("DELETE FROM document_counts")
        connection.exec_driver_sql("DELETE FROM documents")

    store(settings, "nyt", places)
    message = str(months("--outlet", "Nobody").exception)
    assert message.endswith("Outlet 18, Outlet 19 and 20 more")


def test_a_run_without_a_source_says_which_other_archive_it_reads(
    settings: Settings, months: Months, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(registry.default_archive(), name="other", service=None)
    monkeypatch.setattr(registry, "SOURCES", (*registry.SOURCES, other))
    monkeypatch.setattr(registry, "_BY_NAME", {**registry._BY_NAME, "other": other})
    result = months("--outlet", "The Post")
    assert "is stored" not in result.output  # a named outlet may be in any archive

    with closing(Database(settings.database)) as db, db.write() as connection:
        connection.exec_driver_sql("UPDATE documents SET source = 'other'")
        connection.exec_driver_sql("UPDATE document_counts SET source = 'other'")

    result = months()
    assert result.exit_code == 0, result.output
    assert "nothing of nyt is stored: the run is of other" in result.output
    result = months("--outlet", "The Post")
    assert result.exit_code == 0, result.output
    assert "is stored" not in result.output


def test_a_run_over_outlets_reads_the_archives_that_have_them(settings: Settings) -> None:
    store(settings, "archive", [("The Herald", "World", "News")])
    assert submit(settings, "--outlet", "the herald")["sources"] == ["archive"]
    assert submit(settings, "--outlet", "The Herald,Smith")["sources"] == ["nyt", "archive"]
    assert submit(settings, "--outlet", "Smith", "--source", "nyt,archive")["sources"] == [
        "nyt",
        "archive",
    ]
    assert submit(settings)["sources"] == ["nyt"]


names = st.lists(st.text(st.sampled_from("ab ,"), min_size=1, max_size=6), max_size=4)


@given(names, names)
def test_names_lose_no_letter_and_a_stored_one_given_alone_stays_whole(
    texts: list[str], stored: list[str]
) -> None:
    for name in stored:
        if name == name.strip() != "," * len(name):
            assert split_outlets([name], stored) == (name,)

    letters = {letter for text in texts for letter in text} - {",", " "}
    split = split_outlets(texts, stored)
    assert len(set(split)) == len(split)
    assert {letter for name in split for letter in name} - {",", " "} == letters
