"""The names of the files in a report's folder, and how ours are told from others."""

from __future__ import annotations

import re
from pathlib import Path

INDEX = "index.html"
MANIFEST = "report.json"
# A watched run has a feed of its events.
FEED = "events.atom"
FIGURES = "figures"
# The list of documents loads its texts from here, a file for each month.
DOCUMENT_PARTS = "documents"
_DOCUMENT_PART = re.compile(r"^[\w.@-]+-[0-9a-f]{12}\.js$")
# The numbers and the PNG of a picture to pass on.
_PASSED = re.compile(r"^picture(-[\w.@-]+)?\.(png|csv)$")
_FIGURE = re.compile(r"^[\w.@-]+-[0-9a-f]{12}\.(png|svg)$")


def is_own_page(page: Path) -> bool:
    """Return whether the file *page* is a page that Tidings made."""
    with page.open("rb") as file:
        return b'name="generator" content="Tidings"' in file.read(4096)


def is_passed_picture(name: str) -> bool:
    """Return whether a file of that name belongs to a picture to pass on."""
    return _PASSED.match(name) is not None


def is_figure(name: str) -> bool:
    """Return whether a file of that name, in a folder of figures, is one of ours."""
    return _FIGURE.match(name) is not None


def is_document_part(name: str) -> bool:
    """Return whether a file of that name, in the folder of documents, is one of ours."""
    return _DOCUMENT_PART.match(name) is not None
