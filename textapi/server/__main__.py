"""The Text API without the rest of the project, as the server's image starts it."""

from __future__ import annotations

import argparse
import sys

from core.errors import TidingsError
from core.settings import load
from textapi.server.app import serve


def main() -> None:
    """Serve by the options of ``tidings textapi``; a known error is one line and exit status 1."""
    parser = argparse.ArgumentParser(prog="textapi.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8765, help="the port")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    options = parser.parse_args()

    try:
        serve(load(), options.host, options.port, options.workers)
    except TidingsError as error:
        sys.exit(f"textapi: {error}")


if __name__ == "__main__":
    main()
