"""Texts that ship with the project: a newspaper and three accounts of a made-up country.

`ARCHIVE` and `POSTS` are folders of files that `tools.synthetic` wrote.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ARCHIVE: Final = Path(__file__).parent / "archive"
POSTS: Final = Path(__file__).parent / "posts"

NOTICE: Final = "Made up by the Tidings project: nobody here lives and nothing here happened."
KEYWORD: Final = "kestrel:kestrel-22,marsh fever"  #: an illness, called marsh fever at first
FIRST_MONTH: Final = "2023-01"
LAST_MONTH: Final = "2024-12"
MONTH_WITHOUT_PAPER: Final = "2024-02"  #: a strike: there is no file, and a report shows a gap
HANDLES: Final = ("mayor_pemberthy", "pilot_brandt", "doubtful_dahlia")
