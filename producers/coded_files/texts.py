"""What all coded files need: their text, how texts are compared, and how mistakes are told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

from core.errors import BadInput
from textapi.text.comparison import fold

MAX_FILE_BYTES = 2**25
PROBLEMS_SHOWN = 5


def read_text(path: Path) -> tuple[str, bool]:
    """Return the text of a file, and whether it is in UTF-8. Raises `BadInput`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror})") from error

    if len(content) > MAX_FILE_BYTES:
        raise BadInput(f"{path} is larger than {MAX_FILE_BYTES // 2**20} MB: is it the coded file?")

    try:
        return content.decode().lstrip("\ufeff"), True
    # A spreadsheet program saved the file in its own encoding; items are ASCII.
    except UnicodeDecodeError:
        return content.decode("windows-1252", errors="replace"), False


def is_same_text(written: str, stored: str, *, is_utf8: bool) -> bool:
    """Whether a text in a file is the stored one, as a spreadsheet program may have changed it.

    A file of an earlier version has a full stop behind a headline that ends in none.
    """
    return _compared(written, is_utf8=is_utf8) == _compared(stored, is_utf8=is_utf8)


def _compared(text: str, *, is_utf8: bool) -> str:
    """Return what stays of a text in a spreadsheet program, which may add an apostrophe."""
    plain = text.lstrip("'")
    if is_utf8:
        return fold(plain).text.rstrip(".")

    # Only ASCII characters of a file in another encoding are certain.
    return "".join(filter(str.isalnum, normalize("NFC", plain).encode("ascii", "ignore").decode()))


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raise `BadInput` if there are *problems*."""
    if problems:
        more = f", and {len(problems) - PROBLEMS_SHOWN:,} more" * (len(problems) > PROBLEMS_SHOWN)
        raise BadInput(f"{path}: {'; '.join(problems[:PROBLEMS_SHOWN])}{more}: nothing was stored")
