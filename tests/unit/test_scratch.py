"""Folders for work in progress go with the process that made them, however it ends."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from core.scratch import SCRATCH, remove_leftovers, scratch_folder

# Works in a folder until it is killed.
WORK = """
import sys
from pathlib import Path
from core.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "texts").write_text("a text")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_private_and_leaves_nothing_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with scratch_folder(home) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "texts").write_text("a text")
        with scratch_folder(home) as other:
            assert other != folder

        assert (folder / "texts").exists()

    assert not home.exists()

    home.mkdir()
    (home / "tidings.db").touch()
    with scratch_folder(home):
        pass

    assert [path.name for path in home.iterdir()] == ["tidings.db"]


def test_the_folder_of_a_killed_process_is_removed_and_that_of_one_at_work_is_not(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", WORK, str(tmp_path)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        assert remove_leftovers(tmp_path) == [folder]
        assert (folder / "texts").read_text() == "a text"

        process.kill()
        process.wait()
        assert (folder / "texts").exists()
        assert remove_leftovers(tmp_path) == []
        assert list((tmp_path / SCRATCH).iterdir()) == []


def test_a_folder_that_is_not_locked_yet_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / SCRATCH / "just-made").mkdir(parents=True)
    with scratch_folder(tmp_path) as folder:
        assert [path.name for path in folder.parent.iterdir()] == [folder.name]
