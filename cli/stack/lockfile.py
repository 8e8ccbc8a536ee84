"""The lock on a stack's folder, held while any process of the stack is alive."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import SettingsError, StackError
from core.processes import take_lock
from core.settings import private_folder, stack_file, stack_lock

LOCK_SECONDS = 5.0


@contextmanager
def lock_home(home: Path) -> Iterator[int]:
    """Make *home* private and hold its lock; yield the descriptor of the lock.

    Raises `StackError` if another stack holds it.
    """
    lock = _take_lock(private_folder(home))
    # A killed stack may have left its file, which readers would trust now that the lock is held.
    stack_file(home).unlink(missing_ok=True)
    try:
        yield lock
    finally:
        os.close(lock)


def _take_lock(home: Path) -> int:
    # Processes of a killed stack hold its lock until the kernel has ended them.
    path = stack_lock(home)
    deadline = time.monotonic() + LOCK_SECONDS
    while (lock := _try_lock(path)) is None:
        holder = path.read_text(encoding="utf-8").strip()
        if _is_alive(holder):
            raise StackError(
                f"a stack is already up in {home} (process {holder}): use it, or end it first"
            )

        if time.monotonic() > deadline:
            raise StackError(
                f"processes of a killed stack still hold {path}: end them, see `fuser {path}`"
            )

        time.sleep(0.05)

    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _try_lock(path: Path) -> int | None:
    try:
        return take_lock(path)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written ({error.strerror}): set TIDINGS_HOME to another folder"
        ) from error


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError):
        return False

    return True
