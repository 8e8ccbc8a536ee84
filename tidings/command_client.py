"""Have a command run by the server of commands, with the standard streams of this process.

Usage: ``python -S -P command_client.py SOCKET WORD...``. This file imports a few modules of the
standard library alone, so that it starts in a hundredth of a second. `cli.command_server` says what
the message is. A signal that would end this process ends the command.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from types import FrameType


def main() -> int:
    """Send the request and return the exit status of the command."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    request = json.dumps({"words": sys.argv[2:], "folder": os.getcwd()})  # noqa: PTH109
    request_file = os.memfd_create("request")
    os.write(request_file, request.encode())
    os.lseek(request_file, 0, os.SEEK_SET)

    status, status_pipe = os.pipe()
    signals = (signal.SIGINT, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    socket.send_fds(requests, [b"r"], [request_file, 1, 2, status_pipe])
    os.close(status_pipe)
    process = int(os.read(status, 16) or b"0")

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    for number in signals:
        signal.signal(number, pass_on)

    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    # A command that was killed writes nothing.
    return int(os.read(status, 16) or b"1")


if __name__ == "__main__":
    sys.exit(main())
