"""Small text files that options name: subjects, names."""

from __future__ import annotations

from pathlib import Path

from analysis.options import LONGEST_NAME, MOST_NOT_NAMES
from core.errors import UsageError
from core.printing import printable

_MAX_FILE_BYTES = 2**20


def read_text_file(flag: str, path: Path) -> str:
    """Return the text of the file that the option *flag* names. Raises `UsageError`."""
    try:
        content = path.read_bytes()
        if len(content) > _MAX_FILE_BYTES:
            raise UsageError(f"{flag} {path} is larger than a megabyte: is it the right one?")

        return content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{flag} {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{flag} {path} is no UTF-8: save it in that encoding") from None


def read_names(flag: str, path: Path) -> tuple[str, ...]:
    """Return the names in a file, one a line, each once. Raises `UsageError`."""
    names: dict[str, str] = {}
    for line_number, line in enumerate(read_text_file(flag, path).splitlines(), start=1):
        written_name = " ".join(line.split())
        where = f"{flag} {path}, line {line_number}"
        if len(written_name) > LONGEST_NAME:
            raise UsageError(
                f"{where}: {printable(written_name[:20])}… has more than {LONGEST_NAME} "
                "characters: write one name a line"
            )

        if written_name and not any(map(str.isalnum, written_name)):
            raise UsageError(
                f"{where}: {printable(written_name)} has no letter or digit: write a name, as UTC"
            )

        if written_name:
            names.setdefault(written_name.casefold(), written_name)

    if not names:
        raise UsageError(f"{flag} {path} holds no name: write one a line, as UTC")
    if len(names) > MOST_NOT_NAMES:
        raise UsageError(
            f"{flag} {path} holds {len(names):,} names, of which a run takes {MOST_NOT_NAMES:,}: "
            "keep those that the report shows"
        )

    return tuple(names.values())
