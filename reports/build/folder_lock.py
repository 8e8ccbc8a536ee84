"""The lock on a report's folder: one process at a time writes pages and tables into it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import TidingsError

POLL_SECONDS = 0.1


@contextmanager
def lock_folder(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Make *folder* if it is missing, and hold its lock; a process that is killed lets it go.

    *on_wait* is called again and again while another process holds it; what it raises ends the
    waiting. A folder that was made here and stayed empty is removed. Raises `TidingsError` where
    the folder cannot be made. On a file system without locks nobody waits.
    """
    is_new = not folder.exists()
    descriptor = _open_locked(folder, on_wait)
    try:
        yield
    finally:
        if is_new:
            # A folder that is not empty stays.
            with suppress(OSError):
                folder.rmdir()

        os.close(descriptor)


def _open_locked(folder: Path, on_wait: Callable[[], None]) -> int:
    while True:
        descriptor = _open(folder)
        try:
            _lock(descriptor, on_wait)
            if _is_still(folder, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise

        os.close(descriptor)


def _is_still(folder: Path, descriptor: int) -> bool:
    """Return whether *folder* is what was opened: the last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False


def _open(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise TidingsError(
            f"{folder} cannot be made ({error.strerror}): choose another place for the report"
        ) from error


def _lock(descriptor: int, on_wait: Callable[[], None]) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            time.sleep(POLL_SECONDS)
        except OSError:
            # The file system has no locks.
            return
        else:
            return
