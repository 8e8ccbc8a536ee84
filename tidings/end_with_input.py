"""Run a command that ends with the program that started it.

Usage: ``python -P -m tidings.end_with_input COMMAND...``. When standard input is closed, the
command gets SIGTERM, which ends a stack as Ctrl-C does. The operating system closes it when the
program at its other end has ended in any way. So a killed notebook leaves no stack behind, and
loses no call.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading


def main() -> int:
    """Run the command and return its status."""
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL) as process:  # noqa: S603

        def end_with_input() -> None:
            while os.read(0, 1024):
                pass

            process.terminate()

        threading.Thread(target=end_with_input, daemon=True).start()
        return process.wait()


if __name__ == "__main__":
    sys.exit(main())
