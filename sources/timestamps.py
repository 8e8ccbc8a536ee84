"""Reading the many ways in which files and services write a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMPACT = re.compile(r"(?:1[89]|20)\d{2}[01]\d[0-3]\d")
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})(?=\D|$)")
_FIRST_UNIX_TIME = 100_000  # smaller numbers count a spreadsheet's days, or are a year
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_NAMED = (
    "%a %b %d %H:%M:%S %z %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%b %d, %Y %H:%M:%S",
)


def parse_time(value: object, *, day_first: bool = False) -> datetime | None:
    """Return the moment that *value* names, in UTC; None where it names none.

    Formats are ISO 8601 (with or without a time, any way to write an offset), Unix time in seconds,
    milli- and microseconds, ``YYYYMMDD``, those of e-mail and of API v1.1 posts, and dates with
    slashes or dots, month first unless *day_first* or the first number is over 12. A time without
    an offset is taken as UTC. Unix time 0 is how programs write "not known", and other numbers
    below 100,000 (the first 28 hours of 1970) are no Unix times: see `is_day_number`.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_unix(value)
    if not isinstance(value, str) or not (text := value.strip()):
        return None
    if _NUMBER.fullmatch(text) and not _COMPACT.fullmatch(text):
        return _from_unix(float(text))

    for read in (datetime.fromisoformat, _from_named, parsedate_to_datetime):
        try:
            return _in_utc(read(text))
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
    return _from_slashed(text, day_first=day_first)


def is_day_number(value: object) -> bool:
    """Whether *value* is a spreadsheet's number of a day (44197 is 2021-01-01), or a year."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 1 <= value < _FIRST_UNIX_TIME


def is_day_first(value: str) -> bool | None:
    """Whether a date with slashes begins with the day; None where it could be either."""
    match = _SLASHED.match(value.strip())
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    if (first > 12) == (second > 12):
        return None
    return first > 12


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _from_unix(number: float) -> datetime | None:
    if abs(number) < _FIRST_UNIX_TIME:
        return None
    for limit, unit in ((1e11, 1), (1e14, 1e3), (1e17, 1e6)):
        if abs(number) < limit:
            try:
                return datetime.fromtimestamp(number / unit, UTC)
            except (ValueError, OverflowError, OSError):  # before the year 1
                return None
    return None


def _from_named(text: str) -> datetime:
    for pattern in _NAMED:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - `_in_utc` adds the zone
        except ValueError:
            continue
    raise ValueError(text)


def _from_slashed(text: str, *, day_first: bool) -> datetime | None:
    match = _SLASHED.match(text)
    if match is None:
        return None
    day, month = (match[1], match[2]) if day_first else (match[2], match[1])
    if int(month) > 12:
        day, month = month, day
    year = match[3] if len(match[3]) == 4 else f"20{match[3]}"

    clock = text[match.end() :].replace(",", " ").replace("T", " ").rstrip()
    for pattern in _CLOCKS:
        try:
            written = f"{year}-{month}-{day}{clock}"
            moment = datetime.strptime(written, f"%Y-%m-%d{pattern}")  # noqa: DTZ007
        except ValueError:
            continue
        return moment.replace(tzinfo=UTC)
    return None
