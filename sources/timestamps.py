"""Reading the many ways in which files and services write a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from sources.dates_in_words import split_date

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMPACT = re.compile(
    r"((?:1[6-9]|20)\d{2})(0[1-9]|1[0-2])"
    r"(?:(0[1-9]|[12]\d|3[01])(?:([01]\d|2[0-3])([0-5]\d)([0-5]\d))?)?(?:\.0+)?"
)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?(?=\D|$)")
_YEAR_LAST = re.compile(
    r"(?:[^\W\d_]{2,12}\.?,?\s+)?(\d{1,2})(/|\.\s?|-)(\d{1,2})\2(\d{4}|(?<!-)\d{2})(?=\D|$)"
)
_DAY_NAME = re.compile(r"^,?\s+(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.IGNORECASE)
_CLOCK_LEAD = re.compile(r"^[\s,]*(?:(?:[-|\u2013]|at|um)\s+)?(?=\d)", re.IGNORECASE)
# The hour of the midnight that ends a day.
_HOUR_24 = re.compile(
    r"(?<=[T\s])24(?=:00(?::00(?:[.,]0+)?)?(?![\d:.,]))|(?<=T)24(?=00(?:00)?(?!\d))"
    r"|(?<=^\d{8})24(?=0000$)"
)
_HALF_DAY = re.compile(r"(\d)\s*([ap])\.?m\b\.?", re.IGNORECASE)
# Browsers write the name of the zone behind the offset: (CET).
_OFFSET_REMARK = re.compile(r"([+-]\d{2}:?\d{2})\s*\([^()]*\)$")
_OFFSET_NAME = re.compile(r"\s*(?:UTC|GMT)(?=[+-]\d)", re.IGNORECASE)
_ZONE_NAME = re.compile(r"\s*(?:UTC|GMT|Z|Uhr)$", re.IGNORECASE)
_SPACED_OFFSET = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)")
# Smaller numbers count a spreadsheet's days, or are a year.
_FIRST_UNIX_TIME = 100_000
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


def parse_time(written: object, *, day_first: bool | None = None) -> datetime | None:
    """Return the moment that *written* names, in UTC; None where it names none.

    Formats are ISO 8601 (with or without a time, any way to write an offset), the same with slashes
    or dots or without leading zeros, Unix time in seconds, milli- and microseconds, ``YYYYMMDD``,
    ``YYYYMMDDHHMMSS`` and ``YYYYMM`` of the years 1600 to 2099 (as text or number), those of e-mail
    and of API v1.1 posts, dates whose month is a word, and dates that end with the year. The
    latter begin with the day if *day_first* is true; if it is None, they do so with dots and
    hyphens, and not with slashes. A first number over 12 is always the day.

    24:00:00 is the midnight that ends its day, as in ISO 8601.

    A month without a day is its first day. A time without an offset is taken as UTC. Unix time 0 is
    how programs write "not known", and other numbers below 100,000 (the first 28 hours of 1970) are
    no Unix times: see `is_day_number`.
    """
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        return None

    text = written.strip() if isinstance(written, str) else f"{written}"
    if hour := _HOUR_24.search(text):
        beginning_of_day = f"{text[: hour.start()]}00{text[hour.end() :]}"
        return _next_day(parse_time(beginning_of_day, day_first=day_first))
    if compact := _COMPACT.fullmatch(text):
        year, month, day, *clock = compact.groups()
        return _make_time(year, month, day or "1", f" {':'.join(clock)}" if clock[0] else "")

    if not isinstance(written, str):
        return _from_unix(written)
    if not text:
        return None
    if _NUMBER.fullmatch(text):
        return _from_unix(float(text))

    for read in (datetime.fromisoformat, _from_words, _from_api_v1, _from_email):
        try:
            return _in_utc(read(text))
        except (ValueError, OverflowError, IndexError, TypeError):
            continue

    if match := _YEAR_FIRST.match(text):
        return _make_time(match[1], match[3], match[4] or "1", text[match.end() :])

    return _from_year_last(text, day_first=day_first)


def _next_day(moment: datetime | None) -> datetime | None:
    try:
        return None if moment is None else moment + timedelta(days=1)
    except OverflowError:
        return None


def is_day_number(written: object) -> bool:
    """Return whether *written* is a year, or a spreadsheet's number of a day: 44197, 2021-01-01."""
    if isinstance(written, str) and _NUMBER.fullmatch(written.strip()):
        written = float(written)
    if isinstance(written, bool) or not isinstance(written, int | float):
        return False

    return 1 <= written < _FIRST_UNIX_TIME


def is_day_first(date: str) -> bool | None:
    """Return whether a date that ends with its year begins with its day; None if both may be."""
    match = _YEAR_LAST.match(date.strip())
    if match is None:
        return None

    left_number, right_number = int(match[1]), int(match[3])
    if (left_number > 12) == (right_number > 12):
        return None

    return left_number > 12


def is_order_unclear(date: str) -> bool:
    """Return whether a date with slashes or hyphens names another day in the other order."""
    match = _YEAR_LAST.match(date.strip())
    if match is None or match[2].startswith("."):
        return False

    left_number, right_number = int(match[1]), int(match[3])
    return left_number != right_number and max(left_number, right_number) <= 12


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _from_unix(unix_time: float) -> datetime | None:
    if abs(unix_time) < _FIRST_UNIX_TIME:
        return None

    for limit, unit in ((1e11, 1), (1e14, 1e3), (1e17, 1e6)):
        if abs(unix_time) < limit:
            try:
                return datetime.fromtimestamp(unix_time / unit, UTC)
            except (ValueError, OverflowError, OSError):
                # The moment lies before the year 1.
                return None

    return None


def _from_words(text: str) -> datetime:
    date = split_date(text)
    moment = None if date is None else _make_time(*date)
    if moment is None:
        raise ValueError(text)

    return moment


def _from_api_v1(text: str) -> datetime:
    return datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y")


def _from_email(text: str) -> datetime:
    """Return the time of an e-mail; its reader leaves out "PM", which would be half a day off."""
    if _HALF_DAY.search(text):
        raise ValueError(text)
    return parsedate_to_datetime(text)


def _from_year_last(text: str, *, day_first: bool | None) -> datetime | None:
    match = _YEAR_LAST.match(text)
    if match is None:
        return None
    if day_first is None:
        day_first = match[2] != "/"

    day, month = (match[1], match[3]) if day_first else (match[3], match[1])
    if int(month) > 12:
        day, month = month, day

    year = match[4] if len(match[4]) == 4 else f"20{match[4]}"
    return _make_time(year, month, day, text[match.end() :])


def _make_time(year: str, month: str, day: str, clock: str) -> datetime | None:
    """Return the moment of a date and the time of day behind it, if they make one."""
    clock = _simplify_clock(clock)
    date = f"{year}-{month:0>2}-{day:0>2}"
    try:
        return _in_utc(datetime.fromisoformat(date + _SPACED_OFFSET.sub("", clock)))
    except (ValueError, OverflowError):
        pass

    for pattern in _CLOCKS:
        try:
            moment = datetime.strptime(f"{date}{clock}", f"%Y-%m-%d{pattern}")  # noqa: DTZ007
        except ValueError:
            continue

        return moment.replace(tzinfo=UTC)

    return None


def _simplify_clock(written: str) -> str:
    """Return the time of day behind a date as digits, offset and half of the day alone."""
    clock = _DAY_NAME.sub("", written.rstrip())
    clock = _ZONE_NAME.sub("", _OFFSET_REMARK.sub(r"\1", clock))
    clock = _OFFSET_NAME.sub("", clock).replace(",", " ").replace("T", " ")
    return _CLOCK_LEAD.sub(" ", _HALF_DAY.sub(r"\1 \2m", clock))
