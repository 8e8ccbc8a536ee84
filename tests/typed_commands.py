"""A program ``tidings`` for a shell, whose commands begin with their imports done."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from cli.stack.worker import python_module

# It asks the test's process for a command with its own arguments, folder, environment and streams,
# passes signals on to it, and ends as it does.
PROGRAM = """#!{python} -IS
import json, os, signal, socket, sys
test = socket.socket(socket.AF_UNIX)
test.connect({address!r})
socket.send_fds(test, [b"-"], [0, 1, 2])
test.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode())
test.shutdown(socket.SHUT_WR)
answers = test.makefile()
command = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: os.kill(command, number))
status = int(answers.readline())
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


class TypedCommands:
    """The commands that a shell has started with the program `tidings` in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._commands: list[subprocess.Popen[bytes]] = []
        self._shells = socket.socket(socket.AF_UNIX)

    def start(self) -> None:
        """Write the program, and wait for its requests."""
        address = str(self.folder / "commands.socket")
        self._shells.bind(address)
        self._shells.listen()
        program = self.folder / "tidings"
        program.write_text(PROGRAM.format(python=sys.executable, address=address))
        program.chmod(0o755)
        Thread(target=self._accept, daemon=True).start()

    def end(self) -> None:
        """End the commands that still run."""
        with suppress(OSError):
            self._shells.shutdown(socket.SHUT_RDWR)

        self._shells.close()
        for command in self._commands:
            if command.poll() is None:
                command.terminate()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._shells.accept()
                Thread(target=self._run, args=[connection], daemon=True).start()

    def _run(self, connection: socket.socket) -> None:
        with connection:
            _, streams, _flags, _address = socket.recv_fds(connection, 1, 3)
            with connection.makefile() as request:
                words, folder, variables = json.load(request)

            command = subprocess.Popen(  # noqa: S603 - our own program
                [*python_module("cli.start"), *words],
                cwd=folder,
                env=variables,
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
            )
            self._commands.append(command)
            for stream in streams:
                os.close(stream)

            connection.sendall(f"{command.pid}\n".encode())
            connection.sendall(f"{command.wait()}\n".encode())


@contextmanager
def typed_commands() -> Iterator[TypedCommands]:
    """Put a program ``tidings`` into a folder; its commands end with the block."""
    # The address of a socket is short.
    with TemporaryDirectory() as folder:
        commands = TypedCommands(Path(folder))
        commands.start()
        try:
            yield commands
        finally:
            commands.end()
