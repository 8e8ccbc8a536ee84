"""Which ends of a child say that its job killed it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.process_identity import is_name_of, own_process_name
from workers.child_exits import ChildExits


@pytest.fixture
def vmstat(tmp_path: Path) -> Path:
    path = tmp_path / "vmstat"
    count_kills(path, 7)
    return path


def count_kills(vmstat: Path, number: int) -> None:
    vmstat.write_text(f"pgmajfault 12\noom_kill {number}\nnuma_hit 4\n")


def exit_status(statement: str) -> int:
    command = [sys.executable, "-c", f"import os, signal; {statement}"]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode  # noqa: S603


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("os.abort()", "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGKILL)", None),
        ("os.kill(os.getpid(), signal.SIGTERM)", None),
        ("os._exit(3)", None),
        ("pass", None),
    ],
)
def test_a_fault_of_the_program_is_its_jobs_doing_and_a_kill_is_not(
    vmstat: Path, statement: str, cause: str | None
) -> None:
    assert ChildExits(vmstat).cause(exit_status(statement)) == cause


def test_a_child_that_the_kernel_ended_alone_for_its_memory_was_killed_by_its_job(
    vmstat: Path,
) -> None:
    exits = ChildExits(vmstat)
    count_kills(vmstat, 8)
    assert exits.cause(-signal.SIGKILL) == "it took more memory than there is"
    assert exits.cause(-signal.SIGKILL) is None


def test_a_machine_whose_memory_ran_out_says_nothing_of_the_job(vmstat: Path) -> None:
    exits = ChildExits(vmstat)
    count_kills(vmstat, 9)
    assert exits.cause(-signal.SIGKILL) is None


@pytest.mark.parametrize(("looks", "cause"), [(1, "it took more memory than there is"), (2, None)])
def test_memory_that_ran_out_before_the_last_look_but_one_says_nothing(
    vmstat: Path, looks: int, cause: str | None
) -> None:
    exits = ChildExits(vmstat)
    count_kills(vmstat, 8)
    for _ in range(looks):
        exits.look()

    assert exits.cause(-signal.SIGKILL) == cause


@pytest.mark.parametrize("content", [None, "", "pgmajfault 12\n"])
def test_a_kernel_that_does_not_count_blames_no_job(tmp_path: Path, content: str | None) -> None:
    vmstat = tmp_path / "vmstat"
    if content is not None:
        vmstat.write_text(content)
    assert ChildExits(vmstat).cause(-signal.SIGKILL) is None


def test_the_name_of_a_process_tells_its_number() -> None:
    name = own_process_name()
    assert is_name_of(name, os.getpid())
    assert not is_name_of(name, os.getpid() + 1)
    assert not is_name_of(f"another-{name}", os.getpid())
