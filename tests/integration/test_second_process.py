"""A report that two processes make, and the end of the second one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.enums import Grain
from models.database import Database
from reports.build import report_folder, second_process
from reports.build.second_process import open_second_process
from reports.data.run_data import Selection
from tests import report_stories as stories
from tests.services import wait_until

HEADLINES = (
    "Covid Closes the Schools of Harbor Town for {} Days",
    "Ferry Crews Say Covid Kept {} Boats at Their Moorings",
    "The Mayor Promises Covid Tests at Every Corner by {} O'Clock",
    "A Choir of {} Sings From Its Windows",
)

# It opens a second process, says which one, and waits.
WAITING = """
import os, time
from reports.build import second_process
if __name__ == "__main__":
    second_process.count_processors = lambda: 2
    with second_process.open_second_process() as executor:
        print(executor.submit(os.getpid).result(), flush=True)
        executor.submit(time.sleep, 600)
        time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_process, "count_processors", lambda: 2)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    texts = []
    for month in (3, 4):
        for day in range(1, 13):
            text = HEADLINES[day % len(HEADLINES)].format(day * month)
            texts.append(stories.Text(f"2020-{month:02}-{day:02}", text, f"https://a.org/{day}"))

    with closing(stories.database(tmp_path_factory.mktemp("stories"))) as stored:
        stories.store(stored, texts)
        stories.months_run(stored, "2020-03", "2020-04", ["covid"])
        yield stored


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"grain": Grain.WEEK, "texts": False}, marks=pytest.mark.thorough),
        pytest.param({"selection": Selection(distinct=True)}, marks=pytest.mark.thorough),
        {},
    ],
    ids=["by week without texts", "distinct", "as it is"],
)
def test_two_processes_make_the_same_report_to_the_byte(
    db: Database,
    tmp_path: Path,
    options: dict[str, Any],
) -> None:
    build = partial(report_folder.build, db, [1], **options)
    build(tmp_path / "one")
    with open_second_process() as executor:
        build(tmp_path / "two", executor=executor)

    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def contents(folder: Path) -> dict[Path, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_a_report_is_made_whole_where_the_second_process_is_killed(
    db: Database, tmp_path: Path
) -> None:
    report_folder.build(db, [1], tmp_path / "one")
    with open_second_process() as executor:
        assert executor is not None
        executor.submit(os._exit, 1)
        report_folder.build(db, [1], tmp_path / "two", executor=executor)

    assert contents(tmp_path / "two") == contents(tmp_path / "one")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_the_second_process_ends_with_the_first(tmp_path: Path, end: signal.Signals) -> None:
    script = tmp_path / "waiting.py"
    script.write_text(WAITING)
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as first:
        assert first.stdout is not None
        assert first.stderr is not None
        second = int(first.stdout.readline())
        if end == signal.SIGINT:
            # A terminal sends Ctrl-C to all processes of the group.
            os.killpg(first.pid, end)
        else:
            first.send_signal(end)

        first.wait(30)
        wait_until(lambda: not is_alive(second), what="the end of the second process")
        complaints = first.stderr.read()

    assert complaints.count("Traceback") == (end == signal.SIGINT)


def is_alive(process: int) -> bool:
    """Return whether a process runs: one that nobody has waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
