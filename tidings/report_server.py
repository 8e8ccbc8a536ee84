"""Show reports to the browser on this machine, so that a page within a notebook has links."""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

# The folders that are shown, by a word that nobody else on this machine can guess.
_FOLDERS: dict[str, Path] = {}


@cache
def serve_folder(folder: Path) -> str:
    """Return the address at which the files of *folder* are, until Python ends."""
    token = secrets.token_urlsafe(16)
    _FOLDERS[token] = folder
    return f"http://127.0.0.1:{_start()}/{token}/"


@cache
def _start() -> int:
    """Start the server, whose modules are imported when the first report is shown."""
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415

    class Handler(SimpleHTTPRequestHandler):
        """Answers requests for the files of a folder whose token begins the path."""

        def send_head(self) -> Any:
            token, _, path = self.path.removeprefix("/").partition("/")
            folder = _FOLDERS.get(token)
            if folder is None or path.partition("?")[0].endswith("/") or not path:
                self.send_error(404)
                return None

            self.directory, self.path = str(folder), f"/{path}"
            return super().send_head()

        def log_message(self, *_: object) -> None:
            """Write no line for a request into the notebook."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
