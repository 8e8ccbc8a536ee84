"""A `pack` or `verify` that is killed leaves texts in the home alone, where they are removed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.scratch import SCRATCH
from core.settings import Settings, environment
from tests.jobs_kit import Jobs
from tests.packs_kit import UNQUOTED, months, store_headlines
from tests.services import wait_until

pytestmark = pytest.mark.thorough

COMMAND = (sys.executable, "-P", "-m", "cli.main")


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        store_headlines(opened)
        yield opened


@pytest.fixture
def variables(jobs: Jobs, tmp_path: Path) -> Mapping[str, str]:
    """The environment of a command that uses the database of *jobs*, in folders of its own."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    home = tmp_path / "killed"
    settings = jobs.settings.model_copy(update={"home": home})
    return environment(settings) | {"TIDINGS_HOME": str(home), "TMPDIR": str(temporary)}


def test_a_killed_pack_leaves_its_texts_in_the_home_until_the_next_command(
    jobs: Jobs, variables: Mapping[str, str], tmp_path: Path
) -> None:
    run = jobs.submit(months())
    jobs.do_all(run)
    out = tmp_path / "out"
    os.mkfifo(out)  # nobody reads it: the pack is held when all is written
    with running(variables, "pack", str(run), "--texts", "--out", str(out)) as process:
        wait_until(lambda: files_with_texts(tmp_path), seconds=100, what="the texts")
        process.kill()
        process.wait()

    assert files_with_texts(tmp_path)
    assert files_with_texts(tmp_path / "temporary") == []

    subprocess.run([*COMMAND, "forget", str(run)], env=variables, check=True)  # noqa: S603
    assert files_with_texts(tmp_path) == []


def test_a_killed_verify_leaves_its_texts_in_the_home_until_the_next_command(
    jobs: Jobs, variables: Mapping[str, str], tmp_path: Path
) -> None:
    run = jobs.submit(months())
    jobs.do_all(run)
    path = tmp_path / "pack.zip"
    # Commands sketch all figures: the pack is made by one as well.
    command = [*COMMAND, "pack", str(run), "--texts", "--out", str(path)]
    subprocess.run(command, env=variables, check=True)  # noqa: S603 - our own program
    with running(variables, "verify", str(path)) as process:
        wait_until(lambda: files_with_texts(tmp_path), seconds=100, what="the texts")
        process.kill()
        process.wait()

    assert files_with_texts(tmp_path / "temporary") == []
    assert files_with_texts(tmp_path / "killed" / SCRATCH)

    subprocess.run([*COMMAND, "verify", str(path)], env=variables, check=True)  # noqa: S603
    assert files_with_texts(tmp_path) == []


@contextmanager
def running(variables: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([*COMMAND, *arguments], env=variables) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def files_with_texts(folder: Path) -> list[Path]:
    """Return the files below *folder* that hold a text which no table quotes."""
    holding = []
    for path in folder.rglob("*"):
        is_database_of_run = path.name.startswith("tidings.db")
        if path.is_file() and not is_database_of_run and UNQUOTED.encode() in read(path):
            holding.append(path)

    return holding


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
