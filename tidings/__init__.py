"""Tidings in Python: the commands as functions, their results as tables.

``home = tidings.open(".tidings", start=True)`` brings everything up on this machine. The page
``docs/python.md`` goes on from there.
"""

from __future__ import annotations

from tidings.completion import complete_texts
from tidings.errors import CommandError, NoWorker, RunFailed, TidingsError, UsageError
from tidings.home import DEMO_ARCHIVE, Home
from tidings.home import open_home as open  # noqa: A004 - it is read as `tidings.open`
from tidings.packs import PackFile, open_pack
from tidings.plan import Plan
from tidings.report import Figure, Report
from tidings.run import Run
from tidings.waiting import Waiting

pack = Run.pack


def wait(*runs: Run, report: bool = True) -> None:
    """Wait for several runs under one bar, as `Run.wait` does for one."""
    Waiting(runs, report=report).wait()


complete_texts()


def __dir__() -> list[str]:
    """Return the names that are there to be used."""
    return __all__


__all__ = [
    "DEMO_ARCHIVE",
    "CommandError",
    "Figure",
    "Home",
    "NoWorker",
    "PackFile",
    "Plan",
    "Report",
    "Run",
    "RunFailed",
    "TidingsError",
    "UsageError",
    "open",
    "open_pack",
    "pack",
    "wait",
]
