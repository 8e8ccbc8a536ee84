"""A command line without a stack, jobs that are done in the test's process, a language model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
import typer.main
import typer.testing
from PIL import Image

import cli.progress
import models.database
import packs.verify
from cli.main import main
from core.settings import Settings
from reports.build import second_process
from reports.pages import passed_picture
from tests.command_kit import Run, closed_databases
from tests.databases import migrate_by_copy
from tests.jobs_kit import Jobs
from tests.stub_model import ModelServer, running_model

_DRAW_PNG = passed_picture._draw_png


@pytest.fixture(scope="module", autouse=True)
def _one_process() -> Iterator[None]:
    """Have commands make reports in one process: a second one takes seconds to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(second_process, "count_processors", lambda: 1)
        yield


@pytest.fixture(scope="module", autouse=True)
def _migrated_by_copy() -> Iterator[None]:
    """Let commands and `verify` copy the tables of a new database; tests of migrations run them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.database, "migrate", migrate_by_copy)
        patch.setattr(packs.verify, "migrate", migrate_by_copy)
        yield


@pytest.fixture(scope="module", autouse=True)
def _one_png() -> Iterator[None]:
    """Give every picture to pass on the same PNG: drawing one takes half of the time of a report.

    Tests of such a PNG take `drawn_pngs`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passed_picture, "_draw_png", lambda _svg: _blank_png())
        yield


@cache
def _blank_png() -> bytes:
    file = BytesIO()
    Image.new("P", passed_picture.PNG_SIZE).save(file, "png")
    return file.getvalue()


@pytest.fixture
def drawn_pngs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the PNG of each picture to pass on, as users have it."""
    monkeypatch.setattr(passed_picture, "_draw_png", _DRAW_PNG)


@pytest.fixture(scope="module", autouse=True)
def _one_command_line() -> Iterator[None]:
    """Make the tree of all commands once a module, not for each command that is run."""
    with pytest.MonkeyPatch.context() as patch:
        get_command = cache(typer.main.get_command)
        patch.setattr(typer.main, "get_command", get_command)
        patch.setattr(typer.testing, "_get_command", get_command)
        yield


@pytest.fixture(scope="module", autouse=True)
def _no_progress_in_between() -> Iterator[None]:
    """Print no line of progress because a busy machine took long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli.progress, "LINE_SECONDS", 3600.0)
        patch.setattr(cli.progress, "REPEAT_SECONDS", 3600.0)
        yield


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run ``tidings`` with arguments and no stack; return its status and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["tidings", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()

        return int(ended.value.code or 0), capsys.readouterr().err

    with closed_databases():
        yield call


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    """Runs whose jobs the test works on, with the stub for their Text API."""
    with closing(Jobs(stub_settings)) as opened:
        yield opened


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A stub of a server of language models that bills what it answers."""
    server = ModelServer(price=(Fraction(15, 100), Fraction(60, 100)))
    with running_model(server):
        yield server
