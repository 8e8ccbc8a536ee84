"""``tidings forget --import N``: what an import stored goes, as if it had never been read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli import erasing
from cli.main import app
from core.errors import ImportGoesOn, NotFound, UsageError
from core.settings import Settings, environment
from models import import_erasure
from models.crawls import COMPLETE, move_crawl
from models.database import Database
from models.imports import begin_import, get_import
from models.tables import Crawl, Document, Import, Job, SuppressedName
from tests.databases import new_sqlite
from tests.exports_kit import exported
from tests.jobs_kit import Jobs

PARAMETERS = MonthsParameters(
    first="2020-02",
    last="2020-04",
    keywords=(Keyword.parse("covid:covid-19"), Keyword.parse("doctors")),
    steps=("keywords", "polarity", "phrases", "entities", "summary", "distinctive"),
    text_size=100,
)
COLUMNS = ("text=headline", "published_at=date", "id=id")
ONE = """\
id,date,headline
1,2020-02-01,Covid-19 Is Named by NATO.
2,2020-02-02,Doctors of UNICEF Fear Covid Will Come Again.
3,2020-03-01,Post-Covid Plans Are Made. Covid Is Not Over.
"""
OTHER = """\
id,date,headline
2,2020-02-02,Doctors of UNICEF Fear Covid Will Come Again.
4,2020-02-03,Zeppelins Fill Up; Covid and the Zeppelins Are Back!
5,2020-03-09,"Zeppelins, Doctors Say, Are Good for Covid."
6,2020-04-01,Zeppelins Have Covid.
"""
TABLES = ("mentions", "periods", "phrases", "entities", "summaries", "documents", "distinctive")

Tidings = Callable[..., Any]


@pytest.fixture
def tidings(stub_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Tidings:
    for name, value in environment(stub_settings).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def import_table(tidings: Tidings, folder: Path, name: str, table: str) -> None:
    path = folder / name
    path.write_text(table, encoding="utf-8")
    columns = [part for column in COLUMNS for part in ("--column", column)]
    result = tidings("import", path, "--source", "nyt", *columns)
    assert result.exit_code == 0, result.output


def run_over_both(jobs: Jobs, tidings: Tidings, folder: Path) -> int:
    """Import both tables and do a run over them."""
    import_table(tidings, folder, "one.csv", ONE)
    import_table(tidings, folder, "other.csv", OTHER)
    run = jobs.submit(PARAMETERS)
    jobs.do_all(run)
    return run


def export(jobs: Jobs, run: int) -> dict[str, str]:
    return {table: exported(jobs.db, run, table).decode() for table in TABLES}


def identities(db: Database) -> list[str]:
    with db.read() as connection:
        return sorted(connection.scalars(select(Document.identity)))


def run_over_one_alone(jobs: Jobs, tidings: Tidings, folder: Path, monkeypatch: Any) -> Any:
    """Export the same run of a database that holds the import `ONE` alone."""
    url = new_sqlite(folder / "alone.db")
    with monkeypatch.context() as patch:
        patch.setenv("TIDINGS_DATABASE_URL", url)
        import_table(tidings, folder, "one.csv", ONE)

    with closing(Jobs(jobs.settings.model_copy(update={"database_url": url}))) as alone:
        run = alone.submit(PARAMETERS)
        alone.do_all(run)
        return export(alone, run)


def test_a_run_is_as_if_the_forgotten_import_had_never_been(
    jobs: Jobs, tidings: Tidings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_over_both(jobs, tidings, tmp_path)
    assert "Zeppelins" in export(jobs, run)["mentions"]

    result = tidings("forget", "--import", 2)
    assert result.exit_code == 0, result.output
    assert "forgotten: 3 documents, and" in result.output
    assert f"run {run}" in result.output
    jobs.do_all(run)
    assert export(jobs, run) == run_over_one_alone(jobs, tidings, tmp_path, monkeypatch)
    april = jobs.row(run, "2020-04")
    assert april.result == "no-data"
    assert re.match("documents of import 2 forgotten on request, 20", april.reason)


def test_what_was_forgotten_can_be_imported_again(
    jobs: Jobs, tidings: Tidings, tmp_path: Path
) -> None:
    import_table(tidings, tmp_path, "one.csv", ONE)
    import_table(tidings, tmp_path, "other.csv", OTHER)
    before = identities(jobs.db)
    result = tidings("forget", "--import", 1)
    assert "other imports had documents that were stored already" in result.output
    assert len(identities(jobs.db)) == 3
    with jobs.db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(SuppressedName)) == 0

    import_table(tidings, tmp_path, "one.csv", ONE)
    assert identities(jobs.db) == before
    with jobs.db.read() as connection:
        assert connection.scalars(select(Import.id).where(Import.path == "one.csv")).all() == [3]


def test_a_second_call_goes_on_where_the_first_was_killed(
    jobs: Jobs, tidings: Tidings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_over_both(jobs, tidings, tmp_path)
    pieces = import_erasure.ids_by_import

    def killed_after_one(*arguments: Any) -> Iterator[list[int]]:
        yield next(pieces(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(import_erasure, "PIECE", 1)
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "ids_by_import", killed_after_one)
        assert tidings("forget", "--import", 2).exit_code != 0

    assert len(identities(jobs.db)) == 5
    with jobs.db.read() as connection:
        assert get_import(connection, 2).path == "other.csv"

    result = tidings("forget", "--import", 2)
    assert "forgotten: 2 documents" in result.output
    jobs.do_all(run)
    assert export(jobs, run) == run_over_one_alone(jobs, tidings, tmp_path, monkeypatch)


def test_pieces_are_bounded_and_have_each_document_once(
    jobs: Jobs, tidings: Tidings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_table(tidings, tmp_path, "one.csv", ONE)
    rows = [f"{n},2020-0{n % 3 + 1}-03,Headline {n} of the Day." for n in range(10, 35)]
    rows.append("99,,Nobody Knows the Day.")
    import_table(tidings, tmp_path, "many.csv", "\n".join(["id,date,headline", *rows]))
    monkeypatch.setattr(import_erasure, "PIECE", 4)
    pieces = list(import_erasure.ids_by_import(jobs.db, 2))
    assert [len(piece) for piece in pieces] == [4, 4, 4, 4, 4, 4, 2]
    with jobs.db.read() as connection:
        stored = set(connection.scalars(select(Document.id).where(Document.import_id == 2)))

    ids = [each for piece in pieces for each in piece]
    assert (set(ids), len(ids)) == (stored, 26)


def test_a_month_that_a_service_gave_is_fetched_anew_afterwards(
    jobs: Jobs, tidings: Tidings
) -> None:
    with jobs.db.write() as connection:
        for period in ("2020-02", "2020-03"):
            begin_import(connection, path=period, source="nyt")
            move_crawl(connection, jobs.db, "nyt", period, state=COMPLETE, documents=0)

    assert tidings("forget", "--import", 1).exit_code == 0
    with jobs.db.read() as connection:
        assert connection.scalars(select(Crawl.subject)).all() == ["2020-03"]


def test_the_record_of_an_import_that_goes_on_stays(
    jobs: Jobs, tidings: Tidings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_table(tidings, tmp_path, "one.csv", ONE)
    pieces = import_erasure.ids_by_import

    def read_meanwhile(db: Database, number: int) -> Iterator[list[int]]:
        yield from pieces(db, number)
        with db.write() as connection:
            connection.execute(update(Import).values(read=4))

    monkeypatch.setattr(erasing, "ids_by_import", read_meanwhile)
    result = tidings("forget", "--import", 1)
    assert isinstance(result.exception, ImportGoesOn)
    with jobs.db.read() as connection:
        assert get_import(connection, 1).read == 4


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("--import", 99), NotFound, "there is no import 99: `tidings stored` lists them"),
        (("--import", 0), NotFound, "there is no import 0"),
        (("--import", "x"), UsageError, "x is no import's number"),
        (("--import", 1, "--lift"), UsageError, "import the file again"),
        (("--import", 1, "--handle", "ann"), UsageError, "one of them alone"),
    ],
)
def test_a_wrong_number_removes_nothing(
    jobs: Jobs,
    tidings: Tidings,
    tmp_path: Path,
    arguments: tuple[Any, ...],
    error: type[Exception],
    message: str,
) -> None:
    import_table(tidings, tmp_path, "one.csv", ONE)
    result = tidings("forget", *arguments)
    assert isinstance(result.exception, error), result.output
    assert message in str(result.exception)
    assert len(identities(jobs.db)) == 3


def test_a_forgotten_import_cannot_be_forgotten_again(
    jobs: Jobs, tidings: Tidings, tmp_path: Path
) -> None:
    import_table(tidings, tmp_path, "one.csv", ONE)
    assert tidings("forget", "--import", 1).exit_code == 0
    result = tidings("forget", "--import", 1)
    assert isinstance(result.exception, NotFound)
    with jobs.db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Job)) == 0
