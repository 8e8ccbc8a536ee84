"""Becomes another program that ends when its parent does: `python -P -m cli.stack.exec_with_pdeathsig PARENT COMMAND...`.

The kernel has to be told in the new process itself. Doing so here, in a process of its own with one thread, is safe
at any time, which running Python between fork and exec (`preexec_fn`) is not.
"""

from __future__ import annotations

import os
import sys

from core.processes import die_with_parent


def main() -> None:
    """Tell the kernel, and become the command."""
    parent, *command = sys.argv[1:]
    die_with_parent(int(parent))
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
