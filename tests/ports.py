"""Ports for servers that start in a while, and for addresses at which nobody answers."""

from __future__ import annotations

import socket


def reserved_port() -> int:
    """Return a port of 127.0.0.1 that the kernel gives to nobody else for a minute.

    It is that of a connection which has just ended (TIME_WAIT): who asks for any port gets another,
    and who names it as servers do, with SO_REUSEADDR, gets it. A port that is free alone may be
    another program's before the server begins.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address: tuple[str, int] = listener.getsockname()
        with socket.create_connection(address):
            # The end that is closed first keeps the port.
            listener.accept()[0].close()

        return address[1]
