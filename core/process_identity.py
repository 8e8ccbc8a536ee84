"""Names of processes, by which the same machine can say whether a process has exited.

A name is ``boot id:pid namespace:pid:start``. Of a process on another machine, in another boot or
in another container, nothing is known here: the lease alone decides.
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


def has_exited(name: str) -> bool:
    """Return whether the process of that *name* has exited; False where this is not known."""
    namespace_and_pid, _, start_time = name.rpartition(":")
    namespace, _, pid = namespace_and_pid.rpartition(":")
    if namespace != _pid_namespace():
        return False
    try:
        return _start_time(int(pid)) != start_time
    except ValueError:
        return False


def is_name_of(name: str, pid: int) -> bool:
    """Return whether *name* is that of a process of this machine with the number *pid*."""
    return name.rpartition(":")[0] == f"{_pid_namespace()}:{pid}"


def _pid_namespace() -> str:
    """Return the boot and the pid namespace, within which a pid means one process."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{(_PROC / 'self/ns/pid').readlink()}".replace("pid:", "")
    except OSError:
        return socket.gethostname()  # without /proc, a pid that exists stands for its process


def _start_time(pid: int) -> str:
    """Return when the process started, in clock ticks since boot; "" if there is none."""
    try:
        after_name = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return "" if _PROC.joinpath("self").exists() else _alive(pid)
    except (OSError, ProcessLookupError):
        return ""
    state, start_time = after_name[0], after_name[19]  # fields 3 and 22 of proc(5)
    return "" if state in "ZX" else start_time


def _alive(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
