"""A folder in memory for what tests write: their databases sync often, and none outlives them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is private
ROOM = 4 * 2**30  # bytes: a run of all tests takes one of these gigabytes


def find_memory_folder() -> Path | None:
    """Return the folder of shared memory, None where there is none with room for all tests.

    In a container it is often small, or refuses to run programs, of which tests write some.
    """
    if not os.access(SHARED_MEMORY, os.W_OK) or shutil.disk_usage(SHARED_MEMORY).free < ROOM:
        return None

    runs_programs = not os.statvfs(SHARED_MEMORY).f_flag & os.ST_NOEXEC
    return SHARED_MEMORY if runs_programs else None
