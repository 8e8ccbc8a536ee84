"""What commands print: results on standard output, messages to the user on standard error.

Names come from outside: from runs, files and services. Lines escape their control characters, so
that a name cannot control the terminal or begin a new line.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from core.prices import MICRO, format_money
from core.printing import escape_character, printable

_ENCODING_ERRORS = "tidings"

Entry = TypeVar("Entry")


def show(line: object = "") -> None:
    """Print a line of a result."""
    print(printable(line))


def show_path(path: Path) -> None:
    """Print the path that is a command's result; a program gets it byte for byte."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    print(printable(path) if is_terminal else path)


def show_json(model: object) -> None:
    """Print a model, a list of models, or what JSON has itself, on one line.

    A program that watches reads each line when it is printed.
    """
    print(json.dumps(model, default=asdict), flush=True)


def show_listing(
    listed: Sequence[Entry],
    describe: Callable[[Entry], Iterable[object]],
    *,
    as_json: bool,
    if_empty: str = "",
) -> None:
    """Print a list as JSON, or the lines that describe each entry; *if_empty* is a remark."""
    if as_json:
        show_json(listed)
        return

    if not listed and if_empty:
        inform(if_empty)

    for entry in listed:
        for line in describe(entry):
            show(line)


def format_minute(moment: float) -> str:
    """Return a moment, in seconds since 1970, as text in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"


def format_amount(amount: float, currency: str) -> str:
    """Return an amount of money as text; one in millionths is an integer elsewhere."""
    return format_money(round(amount * MICRO), currency)


def inform(message: object) -> None:
    """Print what a command has done."""
    # A closed stream is None, and `print` would take None for standard output.
    if sys.stderr is not None:
        print(printable(message), file=sys.stderr)


def warn(message: object) -> None:
    """Print what needs the user's attention."""
    inform(f"tidings: {message}")


def prepare_streams() -> None:
    """Let standard output take every text: bytes of paths as they are, other characters escaped."""
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
    """Discard what is still to be written to standard output: nobody can take it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
