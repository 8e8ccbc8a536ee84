import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from core.processes import is_locked, take_lock
from tests.services import wait_until

SHIM = [sys.executable, "-P", "-m", "cli.stack.exec_with_pdeathsig"]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Starts a child through the shim, passes the lock on, prints the child's pid and waits.
PARENT = """
import os, subprocess, sys
shim, sleep = eval(sys.argv[1])
child = subprocess.Popen([*shim, str(os.getpid()), *sleep], pass_fds=(int(sys.argv[2]),))
print(child.pid, flush=True)
child.wait()
"""


def test_a_child_ends_with_its_parent_and_so_does_the_lock(tmp_path: Path) -> None:
    lock = take_lock(tmp_path / "lock")
    assert lock is not None
    command = [sys.executable, "-c", PARENT, repr((SHIM, SLEEP)), str(lock)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, text=True, pass_fds=(lock,)
    ) as parent:
        os.close(lock)
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        wait_until(lambda: child.cmdline() == SLEEP, what="the child's exec")
        assert is_locked(tmp_path / "lock")
        parent.kill()

    wait_until(
        lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE,
        what="its end",
    )
    wait_until(lambda: not is_locked(tmp_path / "lock"), what="the end of the lock")


def test_a_child_whose_parent_has_exited_already_does_not_start() -> None:
    init = 1
    process = subprocess.run([*SHIM, str(init), *SLEEP], check=False, timeout=20)  # noqa: S603 - our own
    assert process.returncode == 128 + signal.SIGKILL


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    lock = take_lock(path)
    assert lock is not None
    assert is_locked(path)
    assert take_lock(path) is None
    os.close(lock)
    assert not is_locked(path)
