"""`tidings textapi`: serve the Text API."""

from __future__ import annotations


def textapi(host: str = "127.0.0.1", port: int = 8765, workers: int = 1) -> None:
    """Serve the Text API until Ctrl-C or SIGTERM. Needs neither Redis nor the database."""
    from core import logs, settings
    from textapi.server.app import serve

    loaded = settings.load()
    logs.configure(loaded)
    serve(loaded, host, port, workers)
