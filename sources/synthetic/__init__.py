"""Texts that ship with the project: a newspaper and three accounts of a made-up country.

`ARCHIVE` and `POSTS` are folders of files that `tools.synthetic` wrote.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ARCHIVE: Final = Path(__file__).parent / "archive"
POSTS: Final = Path(__file__).parent / "posts"

NOTICE: Final = "Made up by the Tidings project: nobody here lives and nothing here happened."
#: The keyword is an illness that was called marsh fever at first.
KEYWORD: Final = "kestrel:kestrel-22,marsh fever"
FIRST_MONTH: Final = "2023-01"
LAST_MONTH: Final = "2024-12"
#: A strike left no file for this month, so that a report shows a gap.
MONTH_WITHOUT_PAPER: Final = "2024-02"
HANDLES: Final = ("mayor_pemberthy", "pilot_brandt", "doubtful_dahlia")
