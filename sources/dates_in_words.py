"""Dates whose month is a word, as newspapers and spreadsheets write them."""

from __future__ import annotations

import re

_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s+)?"
_BETWEEN = r"(?:\s+(?:de|of)\s+|\s*[-/]\s*|\s+)"
_YEAR = r"(\d{4}|(?<=-)\d{2})(?!\d)"
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th|er|\.)?{_BETWEEN}([^\W\d_]{{3,}})\.?,?{_BETWEEN}{_YEAR}",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"{_WEEKDAY}([^\W\d_]{{3,}})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})(?!\d)",
    re.IGNORECASE,
)

# English, German, French, Spanish, Italian, Portuguese, Dutch: in full and as they are cut short.
_MONTHS = (
    "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar février févr fév febrero febbraio fevereiro fev februari",
    "march mar märz mär mrz mars marzo março maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug août agosto ago augustus",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro",
)
_NUMBERS = {name: str(n) for n, names in enumerate(_MONTHS, start=1) for name in names.split()}


def split_date(text: str) -> tuple[str, str, str, str] | None:
    """Return year, month and day as digits, and the text behind them; None without such a date.

    A year of two digits lies in this century and is read only behind a hyphen (``12-Mar-20``).
    """
    if match := _DAY_FIRST.match(text):
        day, month_name, year = match.groups()
    elif match := _MONTH_FIRST.match(text):
        month_name, day, year = match.groups()
    else:
        return None

    month = _NUMBERS.get(month_name.casefold())
    if month is None:
        return None

    return year if len(year) == 4 else f"20{year}", month, day, text[match.end() :]
