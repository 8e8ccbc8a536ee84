"""Find free ports of this machine, and servers that answer on them."""

from __future__ import annotations

import http.client
import socket
from contextlib import closing, suppress
from http import HTTPStatus
from urllib.parse import urlsplit


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def http_answers(url: str) -> bool:
    """Return whether a GET of *url* on this machine gets status 200; no proxy is used."""
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    with closing(http.client.HTTPConnection(host, parts.port, timeout=2)) as connection:
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", parts.path)
            return connection.getresponse().status == HTTPStatus.OK

        return False
