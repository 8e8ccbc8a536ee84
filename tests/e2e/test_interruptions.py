"""Ctrl-C in mid-run: calls under way are waited for, and a waiting `submit` says what goes on."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from core.settings import Settings, environment, load
from tests.e2e_kit import Stub, write_archive
from tests.services import running_up, wait_until

pytestmark = pytest.mark.thorough

COMMAND = [sys.executable, "-P", "-m", "cli.main"]
SUBMIT = ("submit", "months", "2020-01..2020-01", "--keyword", "covid", "--text-size", "100")
GOES_ON = "tidings: run 1 goes on: `tidings status 1 --watch` shows it, `tidings cancel 1` ends it"


@pytest.fixture
def stack(tmp_path: Path, stub: Stub) -> Settings:
    """Settings of a home with an archive of a month, and the stub for its Text API."""
    settings = load(home=tmp_path / "home", textapi_url=stub.url, textapi_key="k")
    days = {
        f"2020-01-{day:02d}": [f"Covid Reaches Ward {10 * day + n}" for n in range(5)]
        for day in range(1, 11)
    }
    archive = write_archive(tmp_path / "archive", days)
    assert tidings(settings, "import", str(archive)).returncode == 0
    return settings


def tidings(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, *arguments],
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )


def test_ctrl_c_of_the_stack_waits_for_calls_under_way(stack: Settings, stub: Stub) -> None:
    stub.faults(held=True)
    with running_up(stack) as up:
        run = tidings(stack, *SUBMIT).stdout.strip()
        wait_until(lambda: stub.counts()["calls"] >= 5, what="the first calls")
        up.send_signal(signal.SIGINT)
        log = stack.home / "logs" / "worker.log"
        wait_until(lambda: "calls in flight are waited for" in log.read_text(), what="the signal")
        stub.faults()
        assert up.wait(60) == 0
        begun = stub.counts()["calls"]
        assert begun < 50

    with running_up(stack):
        wait_until(lambda: state(stack, run) == "done", seconds=60, what="the end of the run")

    rows = tidings(stack, "export", run, "calls").stdout.splitlines()
    assert sum(json.loads(row)["maybe_twice"] for row in rows) == 0
    assert (stub.counts()["again"], stub.counts()["repeated"]) == (0, 0)


def state(stack: Settings, run: str) -> str:
    return str(json.loads(tidings(stack, "status", run, "--json").stdout)["state"])


def test_a_waiting_submit_tells_its_progress_and_the_page_and_its_number_last(
    stack: Settings,
) -> None:
    with running_up(stack):
        done = tidings(stack, *SUBMIT, "--wait")

    assert (done.returncode, done.stdout) == (0, "1\n")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("run 1: ")
    assert "run 1: 100% (2 done)" in lines
    page = Path(next(line for line in lines if line.startswith("the report: "))[12:])
    assert page == stack.home / "reports" / "1" / "index.html"
    assert page.is_file()
    assert lines[-1].startswith("next: `tidings export 1 TABLE`")


def test_ctrl_c_of_a_waiting_submit_says_that_the_run_goes_on(stack: Settings, stub: Stub) -> None:
    stub.faults(held=True)
    with running_up(stack):
        waiting = subprocess.Popen(  # noqa: S603 - our own program
            [*COMMAND, *SUBMIT, "--wait"],
            env=environment(stack),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: stub.counts()["calls"] > 0, what="the first call")
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
        assert (waiting.returncode, out) == (130, "1\n")
        assert err.splitlines()[-1] == GOES_ON
        assert state(stack, "1") == "running"
        stub.faults()


class Terminal:
    """A terminal that shows what a program writes to it, and types at it."""

    def __init__(self) -> None:
        self._keyboard, self.line = pty.openpty()
        self._shown: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        """Read until the program's side is closed, so that the program never waits for us."""
        with suppress(OSError):
            while data := os.read(self._keyboard, 4096):
                self._shown.append(data)

    def type(self, keys: bytes) -> None:
        os.write(self._keyboard, keys)

    def close(self) -> None:
        """Close both sides, when all that was written is read."""
        os.close(self.line)
        self._reader.join(10)
        os.close(self._keyboard)

    def text(self) -> str:
        """Return all that was shown, without the codes that move the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(self._shown).decode())


def test_ctrl_c_typed_at_a_terminal_shows_the_run_and_how_to_follow_it(
    stack: Settings, stub: Stub
) -> None:
    stub.faults(held=True)
    with running_up(stack):
        terminal = Terminal()
        waiting = subprocess.Popen(  # noqa: S603 - our own program
            ["setsid", "--ctty", "--wait", *COMMAND, *SUBMIT, "--wait"],  # noqa: S607 - Debian's
            env=environment(stack),
            stdin=terminal.line,
            stdout=subprocess.PIPE,
            stderr=terminal.line,
            text=True,
        )
        wait_until(lambda: "run 1: 0% (" in terminal.text(), what="the progress")
        terminal.type(b"\x03")
        out, _ = waiting.communicate(timeout=60)
        assert (waiting.returncode, out) == (130, "1\n")
        assert state(stack, "1") in {"queued", "running"}
        stub.faults()

    terminal.close()
    assert terminal.text().splitlines()[-1] == GOES_ON
