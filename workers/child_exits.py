"""Why a child of a worker ended: by what its job did, or for reasons that say nothing of the job.

An operator's ``kill -9`` and the kernel's end of a process that takes all memory look the same to
the parent. The kernel counts the latter.
"""

from __future__ import annotations

import signal
from pathlib import Path

# signals of a program error (glibc manual, 25.2.1) and of a forbidden system call
_FAULTS = {
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE),
    *(signal.SIGILL, signal.SIGTRAP, signal.SIGSYS),
}
_VMSTAT = Path("/proc/vmstat")
LOOK_SECONDS = 0.5


class ChildExits:
    """Tells the cause of exits. What the kernel did before the last but one `look` is none."""

    def __init__(self, vmstat: Path = _VMSTAT) -> None:
        self._vmstat = vmstat
        self._last = self._last_but_one = self._count()

    def look(self) -> None:
        """Read what the kernel counts; do it every `LOOK_SECONDS`.

        A process that has taken all memory needs a while to exit, in which one look may fall.
        """
        self._last_but_one, self._last = self._last, self._count()

    def cause(self, exit_status: int | None) -> str | None:
        """Return how a child's job ended its process, None where it may have been something else.

        *exit_status* is negative for a signal. Where the kernel ended others too, the machine was
        out of memory, and who took it is not known.
        """
        kills = self._count() - self._last_but_one
        self._last = self._last_but_one = self._last_but_one + kills
        if exit_status is None or exit_status >= 0:
            return None

        number = -exit_status
        if number in _FAULTS:
            return signal.Signals(number).name
        if number == signal.SIGKILL and kills == 1:
            return "it took more memory than there is"
        return None

    def _count(self) -> int:
        """Return how many processes were ended for memory since the boot; 0 if nobody counts."""
        try:
            lines = self._vmstat.read_text().splitlines()
        except OSError:
            return 0
        counts = dict(line.split() for line in lines)
        return int(counts.get("oom_kill", 0))
