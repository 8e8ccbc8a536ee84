"""Processes forked from one that has done their imports are as if they had been executed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.services import wait_until
from tests.warm_python import executed_processes

COMMAND = [sys.executable, "-P", "-m", "cli.main"]


def run(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.thorough
@pytest.mark.parametrize(
    "arguments", [("--help",), ("status", "99"), ("submit", "--nonsense"), ("runs", "--json")]
)
def test_a_forked_command_ends_and_prints_as_an_executed_one(arguments: tuple[str, ...]) -> None:
    forked = run(*arguments)
    with executed_processes():
        assert run(*arguments) == forked


@pytest.mark.thorough
def test_a_command_after_a_program_that_imports_it_prints_no_warning() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-P", "-m", "cli.command_server", str(theirs.fileno())]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()]) as server, ours:  # noqa: S603 - ours
        theirs.close()
        assert ours.recv(1)
        assert run("--help")[2] == ""

    assert server.returncode == 0


def test_the_process_of_a_parent_that_was_killed_ends() -> None:
    killed = subprocess.Popen([sys.executable, "-S", "-c", ""])
    killed.wait()
    program = f"from tests.warm_python import _join; _join({{'parent': {killed.pid}}})"
    command = [sys.executable, "-P", "-c", program]
    assert subprocess.run(command, check=False, timeout=60).returncode == 1  # noqa: S603 - as above


def test_a_forked_command_has_the_folder_the_parent_and_the_signals_of_an_executed_one(
    tmp_path: Path,
) -> None:
    pipe = tmp_path / "posts.jsonl"
    os.mkfifo(pipe)
    with subprocess.Popen(  # noqa: S603 - our own program
        [*COMMAND, "import", pipe.name],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        forked = psutil.Process(process.pid)
        wait_until(lambda: [*filter(None, forked.cmdline())] == process.args, what="its command")
        assert (forked.ppid(), os.getsid(process.pid)) == (os.getpid(), process.pid)
        assert forked.cwd() == str(tmp_path)
        wait_until((tmp_path / ".tidings").exists, what="the start of the import")
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in error
