"""A program that the stack started: its log, its end, its next life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

LOG_BYTES = 5_000_000
CALM_SECONDS = 60.0  # after so long a life the next death counts as the first one
LONGEST_PAUSE = 30.0


@dataclass
class Child:
    """One program of the stack.

    *logs* is the folder of its log and the one it stands in; *lock* the descriptor of the stack's lock, which it holds
    as well for as long as it lives; *grace* how many seconds it has to end when asked.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    logs: Path
    lock: int
    grace: float = 5.0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _deaths: int = field(default=0, init=False)
    _due: float | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """What it says, errors included."""
        return self.logs / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process, None before its first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it, in a process group of its own so that a Ctrl-C at the terminal does not reach it.

        To be called on a thread that outlives it: the kernel ends it together with that thread.
        """
        if self._process is None and self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        shim = [sys.executable, "-P", "-m", "cli.stack.exec_with_pdeathsig", str(os.getpid())]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - its programs are ours
                [*shim, *self.command],
                env=self.environment,
                cwd=self.logs,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(self.lock,),
            )
        self._started, self._due = time.monotonic(), None

    def ended(self) -> str | None:
        """How it ended, None while it runs or was not started."""
        status = self._process.poll() if self._process else None
        if status is None:
            return None
        return (
            f"was ended by {signal.Signals(-status).name}"
            if status < 0
            else f"ended with status {status}"
        )

    def last_words(self) -> str:
        """The last line of its log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4000))
            lines = log.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def revive(self) -> str | None:
        """Start it again if it has ended and its pause is over; return what there is to say about it, if anything."""
        how = self.ended()
        if how is None:
            return None
        now = time.monotonic()
        if self._due is None:
            self._deaths = 1 if now - self._started > CALM_SECONDS else self._deaths + 1
            pause = min(LONGEST_PAUSE, 0.25 * 2**self._deaths)
            self._due = now + pause
            return f"{self.name} {how}; starting it again in {pause:g} s (its log: {self.log})"
        if now < self._due:
            return None
        self.start()
        return f"{self.name} is started again"

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Wait until it has ended; past its grace, kill it and all it started."""
        if self._process is None:
            return
        try:
            self._process.wait(self.grace)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
