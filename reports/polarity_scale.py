"""What every mood of a report carries: on which scale it is, and whether readers checked it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reports.highlights import Highlight
from reports.human_scale import FEWEST_LABELS

UNCHECKED = "on the engine's scale; not checked against readers"
_NAMES_POLARITY = re.compile(r"\b(mood|polarity)\b", re.IGNORECASE)


def scale_note(labels: int) -> str:
    """Return what is said of polarities of which readers have labelled so many."""
    if labels < FEWEST_LABELS:
        return UNCHECKED
    return f"on the engine's scale, which {labels:,} labels of readers correct"


def describe_scales(scales: Sequence[tuple[str, str]]) -> str:
    """Return what is said of the polarities of several, by their names: once where it is one."""
    different = dict.fromkeys(scale for _, scale in scales)
    if len(different) <= 1:
        return next(iter(different), UNCHECKED)
    return "; ".join(f"{name}: {scale}" for name, scale in scales)


def with_scale(caption: str, scale: str) -> str:
    """Return a figure's *caption* with the scale of the polarity that it shows."""
    return f"{caption} Polarity is {scale}."


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
