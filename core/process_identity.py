"""Names of processes, by which the same machine can say whether a process has exited.

A name is ``boot id:pid namespace:pid:start``. This machine knows nothing of a process on another
machine, in another boot or in another container: the lease alone decides.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

_PROC = Path("/proc")


def own_process_name() -> str:
    """Return the name of this process."""
    pid = os.getpid()
    return f"{_pid_namespace()}:{pid}:{_start_time(pid)}"


def has_exited(process_name: str) -> bool:
    """Return whether the process of this name has exited; False if this is not known."""
    namespace_and_pid, _, start_time = process_name.rpartition(":")
    namespace, _, pid = namespace_and_pid.rpartition(":")
    if namespace != _pid_namespace():
        return False

    try:
        return _start_time(int(pid)) != start_time
    except ValueError:
        return False


def is_name_of(process_name: str, pid: int) -> bool:
    """Return whether *process_name* names a process of this machine with the number *pid*."""
    return process_name.rpartition(":")[0] == f"{_pid_namespace()}:{pid}"


def _pid_namespace() -> str:
    """Return the boot and the pid namespace, within which a pid means one process."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{(_PROC / 'self/ns/pid').readlink()}".replace("pid:", "")
    except OSError:
        # Without /proc, a pid that exists stands for its process.
        return socket.gethostname()


def _start_time(pid: int) -> str:
    """Return when the process started, in clock ticks since boot; "" if there is none."""
    try:
        stat_fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return "" if _PROC.joinpath("self").exists() else _alive(pid)
    except (OSError, ProcessLookupError):
        return ""

    # These are fields 3 and 22 of proc(5).
    state, start_time = stat_fields[0], stat_fields[19]
    return "" if state in "ZX" else start_time


def _alive(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass

    return "alive"
