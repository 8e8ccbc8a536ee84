"""Where a figure comes from: its date, commit, machine and command."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path


@cache
def commit_of(checkout: Path) -> str:
    """Return the short commit of a checkout, with a `+` where tracked files differ from it."""
    commit = _git(checkout, "rev-parse", "--short=7", "HEAD")
    is_changed = bool(_git(checkout, "status", "--porcelain", "--untracked-files=no"))
    return f"{commit or 'unknown'}{'+' if is_changed else ''}"


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return ""

    return done.stdout.strip() if done.returncode == 0 else ""


@cache
def describe_machine() -> str:
    """Return cores, processor and Python, as far as the system tells."""
    cpu_info = Path("/proc/cpuinfo")
    model = None
    if cpu_info.is_file():
        model = re.search(r"model name\s*: (.+)", cpu_info.read_text(encoding="utf-8"))

    processor = model[1] if model else platform.machine()
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {processor}, Python {platform.python_version()}"


def describe_command() -> str:
    """Return the command of this benchmark, without the option that asks for JSON."""
    options = [option for option in sys.argv[1:] if option != "--json"]
    return " ".join(["python", f"bench/{Path(sys.argv[0]).name}", *options])


def today() -> str:
    """Return the date in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%d}"
