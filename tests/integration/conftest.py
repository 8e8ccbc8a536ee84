"""A command line without a stack."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import context
from cli.main import main
from models.database import Database
from tests.command_kit import Run


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run ``tidings`` with arguments and no stack; return its status and standard error."""
    # A command leaves closing to the end of its process, which is this one.
    opened: list[Database] = []

    def open_database(*arguments: Any, **named: Any) -> Database:
        opened.append(original(*arguments, **named))
        return opened[-1]

    original = context.open_database
    monkeypatch.setattr(context, "open_database", open_database)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["tidings", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().err

    yield call
    for database in opened:
        database.close()
