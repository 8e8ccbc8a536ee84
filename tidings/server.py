"""The process that has done the imports of the commands, and runs each in a fork of itself.

A command takes a second without it, nearly all of it imports, and a tenth with it.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path

_CLIENT = Path(__file__).with_name("command_client.py")

# It passes descriptors on, and forks a process that has loaded libraries, which Linux alone allows.
IS_POSSIBLE = sys.platform == "linux"


class CommandServer:
    """The server for an environment. It ends with this process, or when nobody uses it any more."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._is_ready = False
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", "-m", "cli.command_server", str(theirs.fileno())],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

        self.close = weakref.finalize(self, _end, self._socket, self._process)

    @property
    def descriptor(self) -> int:
        """The descriptor that `command` needs."""
        return self._socket.fileno()

    @property
    def command(self) -> tuple[str, ...] | None:
        """The first words of commands; None while the imports are done, and if the server ended."""
        if not self.close.alive or self._process.poll() is not None:
            return None
        if not self._is_ready and select.select([self._socket], [], [], 0)[0]:
            self._is_ready = bool(self._socket.recv(16))
        if not self._is_ready:
            return None

        return (sys.executable, "-S", "-P", str(_CLIENT), str(self.descriptor))


def _end(requests: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """End the server; a command that it runs goes on to its end."""
    requests.close()
    process.wait()
