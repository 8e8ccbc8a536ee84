"""Messages to the user on standard error."""

from __future__ import annotations

import sys


def inform(message: object) -> None:
    """Print what a command has done."""
    print(message, file=sys.stderr)


def warn(message: object) -> None:
    """Print what needs the user's attention."""
    print(f"tidings: {message}", file=sys.stderr)
