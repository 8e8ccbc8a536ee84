"""A process of the stack: its log, its end, its restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

MAX_LOG_BYTES = 5_000_000

# A process that ran for longer is restarted as if for the first time.
STABLE_SECONDS = 60.0

MAX_RESTART_DELAY = 30.0


@dataclass
class SupervisedProcess:
    """A program that is restarted when it ends.

    *logs* is the folder of its log and its working directory. *lock* is the descriptor of the
    stack's lock, which it holds while it lives. *grace* is the time to end after SIGTERM, in
    seconds.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    logs: Path
    lock: int
    grace: float = 5.0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)
    _restart_at: float | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """The file of its standard output and error."""
        return self.logs / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process id, None before its first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it in a process group of its own, which a Ctrl-C at the terminal does not reach.

        Must be called on a thread that outlives it: the kernel ends it together with that thread.
        """
        if self._process is None and self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
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

        self._started_at, self._restart_at = time.monotonic(), None

    def describe_end(self) -> str | None:
        """Return how it ended, None while it runs or before its start."""
        status = self._process.poll() if self._process else None
        if status is None:
            return None
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}"

        return f"ended with status {status}"

    def last_log_line(self) -> str:
        """Return the last line of its log that is not empty."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4000))
            lines = log.read().decode(errors="replace").strip().split("\n")

        return lines[-1].strip() or "its log is empty"

    def restart_if_ended(self) -> str | None:
        """Restart it after a delay if it has ended; return a message about what changed, if any."""
        end = self.describe_end()
        if end is None:
            return None

        moment = time.monotonic()
        if self._restart_at is None:
            self._failures = 1 if moment - self._started_at > STABLE_SECONDS else self._failures + 1
            delay = min(MAX_RESTART_DELAY, 0.25 * 2**self._failures)
            self._restart_at = moment + delay
            return f"{self.name} {end}; starting it again in {delay:g} s (its log: {self.log})"

        if moment < self._restart_at:
            return None

        self.start()
        return f"{self.name} is started again"

    def terminate(self) -> None:
        """Send SIGTERM if it runs."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Wait until it has ended; after its grace, kill it and its process group."""
        if self._process is None:
            return

        try:
            self._process.wait(self.grace)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
