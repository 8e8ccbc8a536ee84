"""What the colours and the signs of a picture mean."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from reports.figures import style
from reports.figures.sheet import Sheet, measure

_SIZE, _LINE = 9.5, 14.0
# A sign has this width; entries are so far from each other, and have at most so many letters.
_SIGN, _BETWEEN, _LONGEST = 11.0, 12.0, 48


def draw_legend(sheet: Sheet, meanings: Mapping[str, str], left: float, y: float) -> float:
    """Write each meaning behind its sign, from the base line *y* on; return where it ends.

    A sign is a colour, a pattern, or a single letter.
    """
    x = left
    for meaning, sign in meanings.items():
        text = meaning if len(meaning) <= _LONGEST else f"{meaning[: _LONGEST - 1]}…"
        width = _SIGN + 4 + measure(text, _SIZE)
        if x > left and x + width > sheet.width:
            x, y = left, y + _LINE
        with sheet.part("g", f' class="meaning" data-series="{escape(meaning)}">'):
            if len(sign) == 1:
                ink = style.VERMILLION if sign == style.BULK_DAY else style.INK
                sheet.write((x + _SIGN / 2, y), sign, _SIZE + 1, ink, anchor="middle")
            else:
                sheet.fill_box((x, y - 7.5), (x + _SIGN, y), sign, edge=style.HAIR)

            sheet.write((x + _SIGN + 4, y), text, _SIZE)

        x += width + _BETWEEN

    return y + 5
