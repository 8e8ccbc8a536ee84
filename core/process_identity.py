"""Names of processes that tell, on the same machine, whether the process is gone.

A name is ``boot id:pid namespace:pid:start``. Another machine, another boot or another container cannot be judged from
here: there the lease alone decides.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

_PROC = Path("/proc")


def own_process_name() -> str:
    """The name of this process."""
    pid = os.getpid()
    return f"{_place()}:{pid}:{_start(pid)}"


def has_exited(name: str) -> bool:
    """Whether the process of that *name* has certainly ended; False where this machine cannot know."""
    place, _, process = name.rpartition(":")[0].rpartition(":")
    if place != _place():
        return False
    start = name.rpartition(":")[2]
    try:
        return _start(int(process)) != start
    except ValueError:
        return False


def _place() -> str:
    """The boot and the pid namespace in which a pid means this process and no other."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{(_PROC / 'self/ns/pid').readlink()}".replace("pid:", "")
    except OSError:
        return socket.gethostname()  # no /proc: pids are compared on this host by their being there


def _start(pid: int) -> str:
    """When the process began, in clock ticks since boot; "" where there is none."""
    try:
        after_name = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return "" if _PROC.joinpath("self").exists() else _alive(pid)
    except (OSError, ProcessLookupError):
        return ""
    return (
        "" if after_name[0] in "ZX" else after_name[19]
    )  # fields 3 (state) and 22 (starttime) of proc(5)


def _alive(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
