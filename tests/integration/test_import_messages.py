"""What ``tidings import`` says of a table's columns and times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import progress
from cli.main import app


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))


def import_files(*arguments: str) -> tuple[str, str]:
    """Return standard output, and the lines of standard error as one."""
    result = CliRunner().invoke(app, ["import", *arguments])
    assert result.exit_code == 0
    return result.stdout, " ".join(result.stderr.split())


def test_columns_of_which_nothing_is_read_are_named_once_for_files_alike() -> None:
    for name in ("a", "b", "c"):
        Path(f"{name}.csv").write_text(f"Title,Published,Byline\nFog {name},2020-03-12,Ann\n")

    out, err = import_files("a.csv", "b.csv", "c.csv", "--outlet", "The Tides")
    assert out == "3 documents read, 3 of them new; 0 empty, 0 left out\n"
    assert err == (
        "tidings: a.csv and 2 more: columns text=Title, published_at=Published; not read: Byline"
    )


def test_a_table_of_which_all_is_read_needs_no_word() -> None:
    Path("a.csv").write_text("Title,Published\nFog,2020-03-12\n")
    assert import_files("a.csv", "--outlet", "The Tides")[1] == ""


def test_times_that_are_missing_or_cannot_be_read_are_counted_with_an_example() -> None:
    Path("a.csv").write_text("title,date\nFog,32.13.2020\nRain,\nWind,12.03.2020\n")
    _, err = import_files("a.csv", "--outlet", "The Tides")
    assert err == (
        "tidings: 1 document is in no month: its time cannot be read, or cannot be right (before "
        "the source began, or in the future), the first '32.13.2020' "
        "tidings: 1 document is in no month: it has no time"
    )
    out, _ = import_files("a.csv", "--outlet", "The Tides", "--json")
    counts = json.loads(out)
    assert (counts["wrong_times"], counts["empty_times"]) == (1, 1)


def test_a_file_that_the_system_cannot_read_is_named_and_the_others_are_stored() -> None:
    folder = Path("folder")
    folder.mkdir()
    (folder / "a.csv").write_text("id,title,date\n1,Fog,2020-03-12\n")
    (folder / "archive.json").symlink_to("/proc/self/mem")  # reading it is an EIO
    (folder / "z.csv").write_text("id,title,date\n2,Rain,2020-03-13\n")

    result = CliRunner().invoke(app, ["import", "folder", "--outlet", "The Tides"])

    assert result.exit_code == 3
    assert result.stdout == "2 documents read, 2 of them new; 0 empty, 1 left out\n"
    assert "left out: folder/archive.json: cannot be read (Input/output error)" in " ".join(
        result.stderr.split()
    )


def test_an_import_without_a_terminal_says_how_many_documents_it_has_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    Path("a.csv").write_text("Title,Published\nFog,2020-03-12\nRain,2020-03-13\n")
    assert import_files("a.csv", "--outlet", "The Tides")[1] == (
        "import: 0 documents read import: 2 documents read"
    )


def test_another_text_under_an_id_or_an_address_is_said_to_be_under_what_it_is() -> None:
    Path("ids.csv").write_text("id,date,headline\n1,2021-01-01,Fog\n1,2021-02-01,Rain\n")
    assert import_files("ids.csv")[1].endswith(
        "tidings: 1 of the documents read was not stored: another text has their id (column id), "
        "or their address if they have no id: if that column only numbers the rows, rename it so "
        "that it is no id (row_number, say), and import again"
    )
    address = "https://tides.example/1"
    lines = ["url,date,headline", f"{address},2021-01-01,Wind", f"{address},2021-02-01,Snow"]
    Path("addresses.csv").write_text("\n".join(lines) + "\n")
    assert import_files("addresses.csv", "--outlet", "The Tides")[1] == (
        "tidings: 1 of the documents read was not stored: another text is stored under their "
        "address, by which a document without an id is known: the text that came first stays"
    )
    article = {"web_url": address, "pub_date": "2021-01-01T00:00:00Z"}
    articles = [article | {"headline": {"main": main}} for main in ("Ice", "Hail")]
    Path("archive.json").write_text(json.dumps({"response": {"docs": articles}}))
    assert import_files("archive.json")[1] == (
        "tidings: 1 of the documents read was not stored: another text is stored under their id, "
        "or their address if they have no id: it stays"
    )
