"""Highlights about a mood say on which scale it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reports.findings.highlights import Highlight


def mark_polarities(highlights: Iterable[Highlight], scale: str) -> list[Highlight]:
    """Return *highlights*, with the *scale* in the text of those about polarity."""
    marked = []
    for highlight in highlights:
        if highlight.is_about_polarity:
            marked.append(replace(highlight, text=_in_brackets(highlight.text, scale)))
        else:
            marked.append(highlight)
    return marked


def _in_brackets(text: str, scale: str) -> str:
    """Return *text* with the scale at its end, in the brackets that it ends with, if any."""
    sentence = text.removesuffix(".")
    if sentence.endswith(")"):
        return f"{sentence[:-1]}; {scale})."
    return f"{sentence} ({scale})."
