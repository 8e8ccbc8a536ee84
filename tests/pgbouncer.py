"""A PgBouncer before a PostgreSQL, in transaction pooling, that can be killed and started again."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.ports import reserved_port
from tests.services import _open_folder, _unprivileged, wait_until


@dataclass
class PgBouncer:
    """The pooler at `url`; `start` it after each `kill`."""

    url: str
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; return when it takes connections."""
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        self._process = subprocess.Popen(  # noqa: S603 - the system's program
            [program, "--quiet", str(self.folder / "pgbouncer.ini")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **_unprivileged(self.folder),
        )
        wait_until(self._answers, what=f"PgBouncer's start ({self.folder / 'log'})")

    def kill(self) -> None:
        """Kill it: whoever is connected loses the connection."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            # It answers for a server that is away.
            return "FATAL" in str(error)

        return True


@contextmanager
def running_pgbouncer(postgres: str, **options: object) -> Iterator[PgBouncer]:
    """Run a PgBouncer with its defaults and *options* before the server at the address *postgres*.

    Skip the test where the program is not installed.
    """
    if shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin") is None:
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")

    server, port = urlsplit(postgres), reserved_port()
    folder = Path(_open_folder(), f"tidings-pgbouncer-{port}")
    folder.mkdir(mode=0o700)
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "logfile": folder / "log",
        # Whoever connects is the user of the line of databases.
        "auth_type": "any",
        "pool_mode": "transaction",
        **options,
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    target = f"host={server.hostname} port={server.port} user={server.username}"
    databases = f"[databases]\n* = {target} password={server.password}\n[pgbouncer]\n"
    (folder / "pgbouncer.ini").write_text(databases + "\n".join(lines))
    (folder / "pgbouncer.ini").chmod(0o644)
    address = server._replace(netloc=f"tidings@127.0.0.1:{port}")
    pooler = PgBouncer(urlunsplit(address), folder)
    try:
        pooler.start()
        yield pooler
    finally:
        with suppress(ProcessLookupError):
            pooler.kill()

        shutil.rmtree(folder)
