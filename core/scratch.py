"""Folders for work in progress: each is in the home, and is removed with its process.

A process that is killed leaves its folder, and the texts in it. The next process that starts
removes it. A lock, which ends with its holder, marks the folders of processes at work.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from core.processes import take_lock
from core.settings import private_folder

SCRATCH = "scratch"
_LOCK = "lock"


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """Make a folder for this process alone in *home*, and remove it at the end.

    The folders of killed processes are removed first. Raises `SettingsError` if *home* cannot be
    written.
    """
    home_was_missing = not home.exists()
    private_folder(home)
    remove_leftovers(home)
    folder, lock = _make_locked_folder(home / SCRATCH)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
        # Other processes may be at work there.
        with suppress(OSError):
            folder.parent.rmdir()
            if home_was_missing:
                home.rmdir()


def remove_leftovers(home: Path) -> list[Path]:
    """Remove the folders of processes that are gone; return those of processes at work."""
    locked_folders = []
    for folder in (home / SCRATCH).glob("*/"):
        try:
            lock = take_lock(folder / _LOCK)
        except FileNotFoundError:
            continue

        if lock is None:
            locked_folders.append(folder)
            continue

        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)

    return locked_folders


def _make_locked_folder(parent: Path) -> tuple[Path, int]:
    """Return a new folder and the descriptor of its lock.

    Until it is locked, another process may remove it as a leftover: then another one is made.
    """
    while True:
        with suppress(FileNotFoundError):
            folder = Path(mkdtemp(dir=private_folder(parent)))
            lock = take_lock(folder / _LOCK)
            if lock is not None and (folder / _LOCK).exists():
                return folder, lock
            if lock is not None:
                os.close(lock)
