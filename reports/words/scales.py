"""What every mood of a report carries: on which scale it is, and whether readers checked it."""

from __future__ import annotations

from collections.abc import Sequence

from reports.stats.human_scale import FEWEST_LABELS

UNCHECKED = "on the engine's scale; not checked against readers"


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
