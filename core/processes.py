"""Processes that end with their parents, and locks that end with their holders."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, signal_number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send a signal to this process when the thread that forked it ends.

    *parent* is the process that forked this one; if it has exited already, this process exits here.
    The setting outlives `exec`, but not a change of user. Outside of Linux, nothing is done.
    """
    if sys.platform != "linux":
        return

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() != parent:
        os._exit(128 + signal_number)


def take_lock(path: Path) -> int | None:
    """Take the lock file *path* and return its descriptor, or None if it is held.

    The lock is held until every process that has the descriptor, by inheritance too, has closed it
    or ended in any way.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None

    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock file *path*."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False

    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)

    return False
