"""Become another program that ends with its parent.

Usage: ``python -P -m cli.stack.exec_with_pdeathsig PARENT COMMAND...``. The kernel must be told in
the new process itself. That is safe here, in a process with one thread; running Python between fork
and exec (`preexec_fn`) is not.
"""

from __future__ import annotations

import os
import sys

from core.processes import die_with_parent


def main() -> None:
    """Request the parent-death signal and execute the command."""
    parent, *command = sys.argv[1:]
    die_with_parent(int(parent))
    os.execv(command[0], command)  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    main()
