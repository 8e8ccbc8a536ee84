"""Why a child of a worker ended: because of its job, or for another reason.

The parent cannot distinguish an operator's ``kill -9`` from the kernel's end of a process that
takes all memory. The kernel counts the latter.
"""

from __future__ import annotations

import signal
from pathlib import Path

# These signals tell a program error (glibc manual, 25.2.1) or a forbidden system call.
_FAULTS = {
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE),
    *(signal.SIGILL, signal.SIGTRAP, signal.SIGSYS),
}
_VMSTAT = Path("/proc/vmstat")
LOOK_SECONDS = 0.5


class ChildExits:
    """Tells the cause of exits. Kills of the kernel before the last but one `look` do not count."""

    def __init__(self, vmstat: Path = _VMSTAT) -> None:
        self._vmstat = vmstat
        self._last = self._last_but_one = self._count()

    def look(self) -> None:
        """Read the kernel's count of kills; call it every `LOOK_SECONDS`.

        A process that has taken all memory needs a while to exit, and one look may fall into it.
        """
        self._last_but_one, self._last = self._last, self._count()

    def cause(self, exit_status: int | None) -> str | None:
        """Return how a child's job ended its process; None if it may have been something else.

        *exit_status* is negative for a signal. If the kernel ended other processes too, the machine
        was out of memory, and it is unknown which process took it.
        """
        kills = self._count() - self._last_but_one
        self._last = self._last_but_one = self._last_but_one + kills
        if exit_status is None or exit_status >= 0:
            return None

        signal_number = -exit_status
        if signal_number in _FAULTS:
            return signal.Signals(signal_number).name
        if signal_number == signal.SIGKILL and kills == 1:
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
