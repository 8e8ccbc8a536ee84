"""What commands print: results on standard output, messages to the user on standard error.

Names come from outside (a run's, a file's, a service's words). No line of ours passes their
control characters on to a terminal, and none of them begins a line of its own.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path

from core.printing import escape_character, printable

_ENCODING_ERRORS = "tidings"


def show(line: object = "") -> None:
    """Print a line of a result."""
    print(printable(line))


def show_path(path: Path) -> None:
    """Print the path that is a command's result: byte for byte where a program reads it."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    print(printable(path) if is_terminal else path)


def inform(message: object) -> None:
    """Print what a command has done."""
    if sys.stderr is not None:  # it is closed: None would mean standard output
        print(printable(message), file=sys.stderr)


def warn(message: object) -> None:
    """Print what needs the user's attention."""
    inform(f"tidings: {message}")


def prepare_streams() -> None:
    """Let standard output take every text: a path's own bytes, an escape for what it cannot say."""
    codecs.register_error(_ENCODING_ERRORS, _encode_leniently)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=_ENCODING_ERRORS)


def _encode_leniently(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    encoded = b""
    for character in error.object[error.start : error.end]:
        is_byte = "\udc80" <= character <= "\udcff"
        encoded += os.fsencode(character) if is_byte else escape_character(character).encode()
    return encoded, error.end


def drop_output() -> None:
    """Send what is still to be written to standard output nowhere: nobody can take it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
