"""Texts that ship with the project: a newspaper and three accounts of a country that does not exist.

The demo imports what :func:`write_archive` and :func:`write_posts` write. The same bytes come out on every Python and
machine (for the archive: the same bytes within the gzip wrapper, which is the machine's zlib's).
"""

from __future__ import annotations

from typing import Final

from sources.synthetic.archive import MONTH_WITHOUT_PAPER, MONTHS, write_archive
from sources.synthetic.posts import HANDLES, write_posts
from sources.synthetic.words import NOTICE

KEYWORD: Final = "kestrel:kestrel-22,marsh fever"
"""The main subject: an illness called marsh fever at first, then kestrel."""

SECOND_KEYWORD: Final = "comet:ottoline"
"""A happier subject, of the summer of 2024."""

FIRST_MONTH: Final = MONTHS[0]
LAST_MONTH: Final = MONTHS[-1]

__all__ = [
    "FIRST_MONTH",
    "HANDLES",
    "KEYWORD",
    "LAST_MONTH",
    "MONTH_WITHOUT_PAPER",
    "NOTICE",
    "SECOND_KEYWORD",
    "write_archive",
    "write_posts",
]
