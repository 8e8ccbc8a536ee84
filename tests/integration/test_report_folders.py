"""`tidings forget` removes reports of ours, nothing else, and the run last."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from cli.forget import forget
from cli.report import report
from core.errors import NotFound, StackError
from core.settings import Settings, load
from models.database import Database
from producers.status import list_runs
from reports.build.report_folder import build
from tests.databases import new_sqlite
from tests.exports_kit import four_months


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a home with a finished run of number 1, which has no report yet."""
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))
    settings = load()
    new_sqlite(settings.home / "tidings.db")
    with closing(Database(settings.database)) as db:
        run, _ = four_months(db)
        assert run == 1

    return settings


def make_report(settings: Settings, folder: Path, *runs: int) -> Path:
    with closing(Database(settings.database)) as db:
        build(db, runs or (1,), folder)
    return folder


def numbers(settings: Settings) -> list[int]:
    with closing(Database(settings.database)) as db:
        return [row.run for row in list_runs(db)]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_report_is_removed_with_its_run(stored: Settings) -> None:
    folder = make_report(stored, stored.reports / "1")
    assert len(files(folder)) > 10
    forget(run=1)
    assert not folder.exists()
    assert numbers(stored) == []


def test_an_unfinished_report_is_removed_too(stored: Settings) -> None:
    folder = stored.reports / "1"
    checks = count()

    def stop_at_the_second_figure() -> None:
        if next(checks):
            raise TimeoutError

    with closing(Database(stored.database)) as db, pytest.raises(TimeoutError):
        build(db, [1], folder, check=stop_at_the_second_figure)

    for part in ("figures/x-0123456789ab.svg", "documents/2020-03-0123456789ab.js"):
        (folder / part).parent.mkdir(exist_ok=True)
        (folder / part).touch()
        (folder / part).with_name(f".{Path(part).name}.17.part").touch()

    (folder / ".mentions.csv.17.part").touch()
    (folder / ".documents.jsonl.gz.17.part").touch()
    (folder / ".2020-03.html.17.part").touch()
    forget(run=1)
    assert not folder.exists()


def test_a_folder_that_is_no_report_stays_as_it_is(
    stored: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos" / "1"
    (photos / "figures").mkdir(parents=True)
    for name in ("holiday.jpg", "index.html", "documents.csv", "report.json", "figures/a.png"):
        (photos / name).write_text("mine")

    before = files(photos)
    monkeypatch.setenv("TIDINGS_REPORTS_DIR", str(photos.parent))
    forget(run=1)
    assert files(photos) == before
    assert numbers(stored) == []


def test_a_file_of_the_users_in_a_report_stays(
    stored: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_report(stored, stored.reports / "1")
    (folder / "notes.txt").write_text("mine")
    forget(run=1)
    assert files(folder) == ["notes.txt"]
    assert f"{folder} holds what Tidings did not make, which stays" in capsys.readouterr().err


def test_a_symbolic_link_is_left_and_named_and_what_it_points_to_is_not_touched(
    stored: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = make_report(stored, tmp_path / "elsewhere")
    before = files(elsewhere)
    stored.reports.mkdir()
    (stored.reports / "1").symlink_to(elsewhere)
    forget(run=1)
    assert files(elsewhere) == before
    assert f"{stored.reports / '1'} is a symbolic link and stays" in capsys.readouterr().err
    assert numbers(stored) == []


def test_texts_behind_a_symbolic_link_are_not_touched(stored: Settings, tmp_path: Path) -> None:
    folder = make_report(stored, stored.reports / "1")
    outside = tmp_path / "outside"
    (folder / "documents").rename(outside)
    (folder / "documents").symlink_to(outside)
    before = files(outside)
    forget(run=1)
    assert files(outside) == before
    assert files(folder) == []


def test_the_run_stays_where_its_report_cannot_be_removed(
    stored: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_report(stored, stored.reports / "1")

    def refuse(path: Path, *, missing_ok: bool = False) -> None:  # noqa: ARG001
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(StackError, match=r"cannot be removed \(Permission denied\)"):
            forget(run=1)

    assert numbers(stored) == [1]
    forget(run=1)
    assert not folder.exists()


def test_an_unknown_run_removes_no_report(stored: Settings) -> None:
    folder = make_report(stored, stored.reports / "1")
    (stored.reports / "1").rename(stored.reports / "7")
    with pytest.raises(NotFound, match="there is no run 7"):
        forget(run=7)

    assert len(files(folder.with_name("7"))) > 10


def test_a_folder_made_with_out_is_named(
    stored: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report([1], tmp_path / "copy")
    report([1], tmp_path / "gone")
    (tmp_path / "gone").rename(tmp_path / "moved")
    capsys.readouterr()
    forget(run=1)
    told = capsys.readouterr().err
    assert f"tidings: {tmp_path / 'copy'} still holds what is forgotten: remove it" in told
    assert "gone" not in told
    assert len(files(tmp_path / "copy")) > 10
    assert numbers(stored) == []


def test_a_report_is_printed_also_where_its_folder_cannot_be_noted(
    stored: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stored.home / "report-folders.json").mkdir()
    report([1], tmp_path / "copy")
    shown = capsys.readouterr()
    assert shown.out == f"{tmp_path / 'copy' / 'index.html'}\n"
    assert "copy is not noted, so `tidings forget` will not name it" in shown.err
