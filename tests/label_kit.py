"""A run of months with mentions to be labelled, and ``tidings label`` in a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cli.stack.worker import python_module
from core.enums import CodeState
from models.codes import PERSON, CodeValue, Coding, UnitCodes, UnitKey, read_codes, replace_codes
from models.database import Database
from models.tables import POLARITY_CODEBOOK
from tests.command_kit import python_script
from tests.report_stories import Text, months_run, store
from tests.services import wait_until

COMMAND = python_module("cli.main")
SECONDS = 30.0


def add_run(db: Database) -> int:
    """Store a run of two keywords in two months with 30, 12, 4 and no mentions."""
    texts = [Text(f"2020-03-{1 + n % 28:02}", f"Tide {n} is in, they say.") for n in range(30)]
    texts += [Text(f"2020-04-{1 + n % 28:02}", f"Tide {n} has gone again.") for n in range(12)]
    texts += [Text("2020-04-07", f"Fog {n} \x1b[31m of \u202eApril.") for n in range(4)]
    store(db, texts)
    return months_run(db, "2020-03", "2020-04", ["tide", "fog"])


def store_labels(db: Database, run: int, coder: str, labels: Mapping[UnitKey, int | None]) -> None:
    """Store the labels of a coder; None stands for a mention that was skipped."""
    skipped = CodeValue(None, CodeState.CANNOT_BE_CODED)
    codes: dict[UnitKey, UnitCodes] = {}
    for unit, value in labels.items():
        codes[unit] = {"polarity": skipped if value is None else CodeValue(f"{value}")}

    with db.write() as connection:
        coding = Coding(run, POLARITY_CODEBOOK, f"{PERSON}{coder}")
        replace_codes(connection, db, coding, codes)


def labels_of(db: Database, run: int, coder: str = "coder 1") -> dict[UnitKey, int | None]:
    """Return the labels of a coder."""
    with db.read() as connection:
        stored = read_codes(connection, Coding(run, POLARITY_CODEBOOK, f"{PERSON}{coder}"))

    labels: dict[UnitKey, int | None] = {}
    for unit, codes in stored.items():
        code = codes["polarity"].code
        labels[unit] = None if code is None else int(code)

    return labels


def tidings(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line without a terminal."""
    return subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


# The command line, with its standard input for the terminal that it is controlled by.
IN_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from cli.main import main
main()
"""


class Terminal:
    """The far end of a pseudo-terminal: what the program shows, and the keys that are pressed."""

    def __init__(self, process: subprocess.Popen[bytes], fd: int) -> None:
        self.shown = ""
        self.status: int | None = None
        self._process, self._fd = process, fd

    def press(self, key: str, *, after: str) -> None:
        """Press *key* once *after* has been shown and the program reads keys.

        What is typed before that is thrown away by the program, on purpose.
        """
        self.wait_for(after)
        wait_until(self._reads_keys, seconds=SECONDS, what=f"the reading of a key ({self.shown!r})")
        os.write(self._fd, key.encode())

    def _reads_keys(self) -> bool:
        local_modes: int = termios.tcgetattr(self._fd)[3]
        return not local_modes & termios.ICANON

    def wait_for(self, text: str) -> str:
        """Return what was shown up to *text* and forget it."""
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < end, f"{text!r} was not shown: {self.shown!r}"
            assert self._read(end), f"it ended before {text!r}: {self.shown!r}"

        before, _, self.shown = self.shown.partition(text)
        return before

    def wait_for_end(self) -> str:
        """Return the rest of what is shown, when the program has ended."""
        end = time.monotonic() + SECONDS
        while self._read(end):
            assert time.monotonic() < end, f"it does not end: {self.shown!r}"

        self.reap()
        return self.shown

    def reap(self) -> None:
        """Wait for the program's end."""
        self.status = self._process.wait()

    def kill(self) -> None:
        """End the program if it is still there."""
        if self.status is None:
            self._process.kill()
            self.reap()

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, end - time.monotonic()))
        try:
            text = os.read(self._fd, 4096).decode() if ready else ""
        except OSError:  # the program has closed its end
            return False

        self.shown += text.replace("\r\n", "\n")
        return bool(ready)


@contextmanager
def terminal(*arguments: object) -> Iterator[Terminal]:
    """Run the command line in a pseudo-terminal."""
    fd, line = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own program
        python_script(IN_TERMINAL, *arguments),
        stdin=line,
        stdout=line,
        stderr=line,
        env={**os.environ, "COLUMNS": "90"},
        start_new_session=True,
    )
    os.close(line)
    session = Terminal(process, fd)
    try:
        yield session
    finally:
        session.kill()
        os.close(fd)
