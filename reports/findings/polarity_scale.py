"""Highlights that speak of a mood say on which scale it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from reports.findings.highlights import Highlight

_NAMES_POLARITY = re.compile(r"\b(mood|polarity)\b", re.IGNORECASE)


def mark_polarities(highlights: Iterable[Highlight], scale: str) -> list[Highlight]:
    """Return *highlights*, each that speaks of a mood or a polarity with its scale."""
    marked = []
    for highlight in highlights:
        if _NAMES_POLARITY.search(highlight.text):
            marked.append(replace(highlight, text=_in_brackets(highlight.text, scale)))
        else:
            marked.append(highlight)
    return marked


def _in_brackets(text: str, scale: str) -> str:
    """Return *text* with the scale at its end, within the brackets that it ends with if any."""
    sentence = text.removesuffix(".")
    if sentence.endswith(")"):
        return f"{sentence[:-1]}; {scale})."
    return f"{sentence} ({scale})."
