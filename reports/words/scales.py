"""The scale of every polarity in a report, whether readers checked it, and what intervals say."""

from __future__ import annotations

from collections.abc import Sequence

from reports.stats.scale_means import FEWEST_LABELS

UNCHECKED = "on the engine's scale; not checked against readers"
# Captions say so of intervals that come from blocks of days.
BLOCK_INTERVALS = "how far other days like these would move it (blocks of seven days)"
STUDENT_INTERVALS = "Student's 95 % interval"


def scale_note(labels: int) -> str:
    """Describe the scale of polarities of which readers labelled *labels*."""
    if labels < FEWEST_LABELS:
        return UNCHECKED
    return f"on the engine's scale, which {labels:,} labels of readers correct"


def describe_scales(scales: Sequence[tuple[str, str]]) -> str:
    """Describe the scales of several subjects, ``(name, scale)``; one common scale stands once."""
    different = dict.fromkeys(scale for _, scale in scales)
    if len(different) <= 1:
        return next(iter(different), UNCHECKED)

    return "; ".join(f"{subject}: {scale}" for subject, scale in scales)


def with_scale(caption: str, scale: str) -> str:
    """Return a figure's *caption* with the scale of the polarity that it shows."""
    return f"{caption} Polarity is {scale}."
