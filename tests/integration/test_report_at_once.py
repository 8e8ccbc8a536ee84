"""Several processes write a report into one folder: they take turns and share what is there."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from cli.stack.worker import python_module
from core.errors import TidingsError
from reports.build.folder_lock import lock_folder
from tests.command_kit import Run
from tests.services import wait_until


@pytest.mark.thorough
def test_three_reports_into_one_folder_all_succeed(
    run: Run,
    tmp_path: Path,
) -> None:
    (tmp_path / "posts.csv").write_text("text,handle,published_at\nA tide.,ann,2020-03-01\n")
    assert run("import", "posts.csv")[0] == 0
    assert run("submit", "handles", "ann")[0] == 0
    command = [*python_module("cli.main"), "report", "1", "--out", str(tmp_path / "same")]
    processes = [
        subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    ended = [(process.communicate()[0], process.returncode) for process in processes]
    assert ended == [(f"{tmp_path / 'same' / 'index.html'}\n", 0)] * 3
    assert list((tmp_path / "same").rglob(".*.part")) == []


class Holder:
    """A thread that holds the lock of a folder until it is told to let go."""

    def __init__(self, folder: Path) -> None:
        self.waits = 0
        self.holds, self.let_go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(folder,))
        self._thread.start()

    def _hold(self, folder: Path) -> None:
        with lock_folder(folder, self._count_wait):
            self.holds.set()
            self.let_go.wait(60)

    def _count_wait(self) -> None:
        self.waits += 1

    def end(self) -> None:
        self.let_go.set()
        self._thread.join()


def test_who_comes_second_waits_and_gets_a_folder_that_is_still_there(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "report"
    first = Holder(folder)
    assert first.holds.wait(60)
    second = Holder(folder)
    wait_until(lambda: second.waits > 1, what="the second waits")
    assert not second.holds.is_set()

    # The first leaves its folder empty, which removes it under the second's feet.
    first.end()
    assert second.holds.wait(60)
    assert folder.is_dir()
    second.end()


def test_waiting_ends_with_what_the_caller_raises(tmp_path: Path) -> None:
    def give_up() -> None:
        raise TimeoutError

    first = Holder(tmp_path)
    assert first.holds.wait(60)
    with pytest.raises(TimeoutError), lock_folder(tmp_path, give_up):
        pass

    first.end()
    assert tmp_path.is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(TidingsError, match=r"file/report cannot be made \(Not a directory\)"),
        lock_folder(tmp_path / "file" / "report", lambda: None),
    ):
        pass
