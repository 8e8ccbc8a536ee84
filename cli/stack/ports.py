"""Ports of this machine: a free one, and whether a server answers."""

from __future__ import annotations

import http.client
import socket
from contextlib import closing, suppress
from http import HTTPStatus
from urllib.parse import urlsplit


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def http_answers(url: str) -> bool:
    """Whether a GET of *url* on this machine is answered with status 200; no proxy is asked."""
    parts = urlsplit(url)
    with closing(
        http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=2)
    ) as connection:
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", parts.path)
            return connection.getresponse().status == HTTPStatus.OK
        return False
