"""The folder of one stack: nobody else has it while any process of the stack is alive."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StackError
from core.processes import take_lock
from core.settings import private_folder, stack_file, stack_lock

LOCK_SECONDS = 5.0


@contextmanager
def occupied(home: Path) -> Iterator[int]:
    """Make *home* private and hold its lock, whose descriptor is given. Raises `StackError` if a stack has it."""
    lock = _lock(private_folder(home))
    stack_file(home).unlink(
        missing_ok=True
    )  # a killed stack left it, and with the lock held it would be believed
    try:
        yield lock
    finally:
        os.close(lock)


def _lock(home: Path) -> int:
    # The children of a stack that was killed hold its lock for the moment in which the kernel ends them.
    path = stack_lock(home)
    begun = time.monotonic()
    while (lock := take_lock(path)) is None:
        holder = path.read_text(encoding="utf-8").strip()
        if _is_alive(holder):
            raise StackError(
                f"a stack is already up in {home} (process {holder}): use it, or end it first"
            )
        if time.monotonic() - begun > LOCK_SECONDS:
            raise StackError(
                f"processes of a stack that was killed still hold {path}: end them, see `fuser {path}`"
            )
        time.sleep(0.05)
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError):
        return False
    return True
