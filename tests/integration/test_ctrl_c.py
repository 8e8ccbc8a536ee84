"""Ctrl-C at chosen moments of a command: it ends at once, and no traceback is shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_kit import python_script
from tests.ports import reserved_port

ROOT = Path(__file__).parents[2]
# Sends the signal where the function is called, or the module looked for, that MOMENT names.
SENDER = """
import atexit, os, signal, sys
moment = os.environ["MOMENT"]

def interrupt():
    sys.setprofile(None)
    os.kill(os.getpid(), signal.SIGINT)

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == moment:
            sys.meta_path.remove(Finder)
            interrupt()

class Last:
    def __del__(self):
        interrupt()

def watch(frame, event, argument):
    if event == "call" and frame.f_code.co_qualname == moment:
        interrupt()
    if moment == "in a destructor" and event == "call" and frame.f_code.co_name == "load_settings":
        sys.setprofile(None)
        Last()

sys.meta_path.insert(0, Finder)
sys.setprofile(watch)
if moment == "at exit":
    atexit.register(interrupt)
"""
START = "from cli.start import main; main()"
# These are the beginnings of imports, and the end of an interpreter.
EXECUTED = ("typer", "cli.context", "sqlalchemy", "aiohttp", "at exit")
CALLS = (
    *("Runner.run", "Runner._lazy_init", "Runner.close", "_cancel_all_tasks", "fetch_engine"),
    *("BaseSelectorEventLoop.close", "Database.close", "in a destructor"),
)


@pytest.mark.parametrize(
    "moment", [*(pytest.param(moment, marks=pytest.mark.thorough) for moment in EXECUTED), *CALLS]
)
def test_ctrl_c_ends_a_command_without_a_traceback(moment: str, tmp_path: Path) -> None:
    environment = os.environ | {
        "TIDINGS_HOME": str(tmp_path / "home"),
        "TIDINGS_TEXTAPI_URL": f"http://127.0.0.1:{reserved_port()}",
        "MOMENT": moment,
    }
    words = ("plan", "months", "2020-03", "--keyword", "sea")
    program = SENDER + START
    executed = [sys.executable, "-P", "-c", program, *words]
    ended = subprocess.run(  # noqa: S603 - our own program
        executed if moment in EXECUTED else python_script(program, *words),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert "Error" not in ended.stderr
    assert ended.returncode in (130, -signal.SIGINT), ended.stderr


@pytest.mark.thorough
def test_a_command_that_a_shell_put_into_the_background_goes_on_at_ctrl_c(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TIDINGS_HOME": str(tmp_path / "home"),
        "MOMENT": "sqlalchemy",
    }
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", f"{ignore}\n{SENDER}{START}", "submit", "handles", "ann"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "1\n")
