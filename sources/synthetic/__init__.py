"""Texts that ship with the project: two newspapers and three accounts of a made-up country.

`ARCHIVE` and `POSTS` are folders of files that `tools.synthetic` wrote.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ARCHIVE: Final = Path(__file__).parent / "archive"
POSTS: Final = Path(__file__).parent / "posts"
CODEBOOK: Final = Path(__file__).parent / "codebook.yaml"

NOTICE: Final = "Made up by the Tidings project: nobody here lives and nothing here happened."
OUTLETS: Final = ("The Anselburg Courant (made up)", "The Lowmarsh Post (made up)")
#: An illness that was called marsh fever at first.
KEYWORD: Final = "kestrel:kestrel-22,marsh fever"
#: The illness comes and goes, the bridge opens on a weekend, ferries are in ever fewer headlines.
KEYWORDS: Final = (KEYWORD, "long bridge", "ferry:ferries")
FIRST_MONTH: Final = "2023-01"
LAST_MONTH: Final = "2024-12"
#: A strike left no file for this month, so that a report shows a gap.
MONTH_WITHOUT_PAPER: Final = "2024-02"
#: These answer the codebook for so many headlines; a headline's tag is what it reports.
CODERS: Final = ("Ann", "Ben")
CODED: Final = 480
HANDLES: Final = ("mayor_pemberthy", "pilot_brandt", "doubtful_dahlia")
