"""Run commands in processes that are forked from one which has done their imports.

Usage: ``python -P -m cli.command_server SOCKET``, where SOCKET is the descriptor of a Unix socket
of the type SOCK_SEQPACKET. Imports take most of the time of a short command, and a notebook waits
for ten of them. A message of one byte brings four descriptors: a file with the request as JSON
(`words` and `folder`), the standard output and standard error of the command, and a pipe into which
the id of its process, in 16 bytes, and then its exit status are written. The server ends when
nobody holds the other end of the socket. `tidings.command_client` sends such messages.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import socket
import sys
from typing import Any

READY = b"ready"
DESCRIPTORS = 4

# What commands import when they run. Pictures are left out: they take memory, and few draw any.
PRELOADED = (
    *("cli.main", "cli.progress", "cli.run_options", "analysis.kinds", "core.broker"),
    *("models.inventory", "producers.imports", "producers.plan", "producers.status"),
    *("producers.submit", "reports.data.exports", "scipy.optimize", "scipy.special"),
    *("sqlalchemy.dialects.sqlite", "textapi.client"),
)


def main() -> None:
    """Do the imports, then fork for each request."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    for module in PRELOADED:
        importlib.import_module(module)

    # With its first array pyarrow imports pandas, if it is installed.
    importlib.import_module("pyarrow").array([0])
    gc.collect()
    gc.freeze()
    # The system removes ended processes then; Ctrl-C is for the notebook alone.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests.send(READY)

    while True:
        message, descriptors, _flags, _address = socket.recv_fds(requests, 1, DESCRIPTORS)
        if not message:
            return
        if not os.fork():
            requests.close()
            _run_request(*descriptors)

        for descriptor in descriptors:
            os.close(descriptor)


def _run_request(request_file: int, out: int, err: int, status_pipe: int) -> None:
    """Run the command of a request and end this process."""
    status = 1
    try:
        os.setsid()
        os.write(status_pipe, f"{os.getpid():16}".encode())
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdout = open(out, "w", encoding="utf-8")  # noqa: SIM115 - a descriptor
        sys.stderr = open(err, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
        os.dup2(out, 1)
        os.dup2(err, 2)
        with os.fdopen(request_file, encoding="utf-8") as file:
            request: dict[str, Any] = json.load(file)

        os.chdir(request["folder"])
        status = _run_command(request["words"])
    finally:
        os.write(status_pipe, str(status).encode())
        os._exit(status)


def _run_command(words: list[str]) -> int:
    from cli.main import main as run_command

    sys.argv = ["tidings", *words]
    status = 0
    try:
        run_command()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - an interpreter shows every error and ends
        sys.excepthook(*sys.exc_info())
        status = 1

    atexit._run_exitfuncs()  # noqa: SLF001 - as an interpreter does at its end
    for stream in (sys.stdout, sys.stderr):
        stream.flush()

    return status


if __name__ == "__main__":
    main()
