"""Bring the stack of a home up, and end it with the program that started it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tidings.errors import TidingsError
from tidings.program import Program

# A stack that is being ended waits up to 15 s for its calls.
START_SECONDS = 120.0
POLL_SECONDS = 0.1


class HomeStack:
    """The stack of the folder *home*: the one that is up, or else one that is started here."""

    def __init__(self, program: Program, home: Path) -> None:
        self._program, self._home = program, home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the stack unless one is up, and wait until it is. Raises `TidingsError`."""
        deadline = time.monotonic() + START_SECONDS
        with tempfile.TemporaryFile() as log:
            command = [sys.executable, "-P", "-m", "tidings.end_with_input", *self._program.command]
            while not (self._is_locked() and (self._home / "stack.json").exists()):
                if self._process is None and not self._is_locked():
                    self._process = subprocess.Popen(  # noqa: S603 - our own program
                        [*command, "up"],
                        env=self._program.environment,
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )

                # Ours ends if another program has begun to start the same stack: that one is used.
                has_ended = self._process is not None and self._process.poll() is not None
                if has_ended and not self._is_locked():
                    log.seek(0)
                    last_lines = log.read().decode(errors="replace").strip().splitlines()[-1:]
                    self._process = None
                    raise TidingsError("".join(last_lines).removeprefix("tidings: "))

                if time.monotonic() > deadline:
                    self.close()
                    raise TidingsError(
                        f"the stack of {self._home} was not up within {START_SECONDS:.0f} s: "
                        "`tidings up` in a terminal shows why"
                    )

                time.sleep(POLL_SECONDS)

    def close(self) -> None:
        """End the stack if it was started here; calls under way are waited for."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _is_locked(self) -> bool:
        """Return whether any process of a stack is alive."""
        try:
            lock = os.open(self._home / "stack.lock", os.O_RDONLY)
        except FileNotFoundError:
            return False

        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(lock)
