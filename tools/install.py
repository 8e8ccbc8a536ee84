"""Install a lock file with pip, compile it, and say how far that is: ``tools/install.py LOCK``.

It needs the standard library alone, since it runs before anything is installed.
"""

from __future__ import annotations

import compileall
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Final, Protocol

PIP: Final = (
    *(sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"),
    *("--progress-bar", "off", "--require-hashes", "-r"),
)
LOCKED: Final = re.compile(r"^[a-z0-9][\w.-]*==", re.MULTILINE)
# A terminal shows the progress this often, and a log a line this often.
TERMINAL_SECONDS: Final = 0.5
LINE_SECONDS: Final = 3.0


class Show(Protocol):
    """Shows the progress, the last of a part in any case."""

    def __call__(self, progress: str, *, is_last: bool = False) -> None:
        """Show *progress*."""


def install(lock: Path, show: Show) -> int:
    """Run pip; *show* how many packages are fetched and installed; return the status of pip."""
    expected = len(LOCKED.findall(lock.read_text(encoding="utf-8")))
    fetched = 0
    installing = False
    log: list[str] = []
    before = len(_installed("*.dist-info"))
    with subprocess.Popen(  # noqa: S603
        [*PIP, str(lock)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in _lines_of(pip):
            log.append(line)
            # The lock has lines for other versions of Python and other systems.
            expected -= line.startswith("Ignoring ")
            fetched += line.startswith(("Collecting ", "Requirement already satisfied"))
            if line.startswith("Installing collected packages"):
                installing, expected = True, line.count(",") + 1
            if installing:
                done = min(len(_installed("*.dist-info")) - before, expected)
                show(f"installed {done} of {expected} packages")
            elif fetched:
                show(f"fetched {min(fetched, expected)} of {expected} packages")

    if pip.returncode:
        sys.stderr.write("".join(log))
    else:
        # An older version that was replaced has left the count where it was.
        show(f"installed {expected} of {expected} packages", is_last=True)

    return pip.returncode


def _lines_of(pip: subprocess.Popen[str]) -> Iterator[str]:
    """Yield the lines of pip, and an empty one when it has been silent for a moment."""
    assert pip.stdout  # noqa: S101
    lines: Queue[str | None] = Queue()

    def read() -> None:
        for line in pip.stdout or ():
            lines.put(line)

        lines.put(None)

    Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=TERMINAL_SECONDS)
        except Empty:
            line = ""

        if line is None:
            return

        yield line


def compile_installed(show: Show) -> None:
    """Compile what is installed on all processors: pip does so on one."""
    folders = [path for path in _installed("*") if path.is_dir()]
    with ProcessPoolExecutor() as pool:
        compiled = [pool.submit(compileall.compile_dir, path, quiet=2) for path in folders]
        for done, _ in enumerate(as_completed(compiled), 1):
            is_last = done == len(folders)
            show(f"compiled {done} of {len(folders)} folders", is_last=is_last)


def _installed(pattern: str) -> list[Path]:
    return list(Path(sysconfig.get_path("purelib")).glob(pattern))


def _printer() -> Show:
    """Return what shows the progress: in one line of a terminal, else a line every few seconds."""
    is_terminal, printed_at, began = sys.stderr.isatty(), 0.0, time.monotonic()
    pause = TERMINAL_SECONDS if is_terminal else LINE_SECONDS

    def show(progress: str, *, is_last: bool = False) -> None:
        nonlocal printed_at
        moment = time.monotonic()
        if not is_last and moment - printed_at < pause:
            return

        printed_at = moment
        text = f"  {progress}, {moment - began:.0f} s"
        sys.stderr.write(f"\r\033[K{text}" if is_terminal else f"{text}\n")
        sys.stderr.flush()

    return show


def main() -> int:
    """Install the lock file that is named."""
    show = _printer()
    status = install(Path(sys.argv[1]), show)
    if status == 0:
        compile_installed(show)

    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")

    return status


if __name__ == "__main__":
    sys.exit(main())
