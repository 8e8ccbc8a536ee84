"""A PostgreSQL that is stopped or killed in the midst of a run, and started again."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from tests.services import _unprivileged, wait_until


class Postgres:
    """The server at *url*, which runs on this machine; what was started again ends at `close`."""

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            assert row
            # As it is by default: what is committed survives the server's death.
            connection.execute("ALTER DATABASE postgres SET synchronous_commit = on")

        self._data = Path(row[0])
        self._server = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        self._command = self._server.cmdline()
        self._started: list[subprocess.Popen[bytes]] = []

    def stop(self) -> None:
        """Stop it as an administrator does."""
        self._end(signal.SIGINT, [self._server])

    def kill(self) -> None:
        """Kill all its processes."""
        self._end(signal.SIGKILL, [self._server, *self._server.children()])

    def _end(self, number: signal.Signals, processes: list[psutil.Process]) -> None:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

        for process in processes:
            process.wait(20)

        for server in self._started:
            server.wait(20)

    def start(self) -> None:
        """Start it as it was started before; return when it answers."""
        server = subprocess.Popen(  # noqa: S603 - the same command
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **_unprivileged(self._data.parent),
        )
        self._started.append(server)
        self._server = psutil.Process(server.pid)
        wait_until(self._answers, what="the start of PostgreSQL")

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self._url):
            return True
        return False

    def close(self) -> None:
        """End it where whoever started it first cannot."""
        if self._started and self._server.is_running():
            self._end(signal.SIGQUIT, [self._server])
