"""Estimates: what readers would find, with intervals that the labels of a sample give."""

from __future__ import annotations

from reports.findings.finding import Finding, FindingKind
from reports.stats.human_scale import Estimate
from reports.words.quantities import quantity, signed


def state_reader_mean(subject: str, corrected: Estimate) -> Finding:
    """State the mean polarity that readers would give all mentions of *subject*."""
    text = (
        f"Readers would give the mentions of {subject} a mean of {signed(corrected.mean)} on their "
        f"scale from \u22121 to 1 (95 % interval {signed(corrected.low)} to "
        f"{signed(corrected.high)}, from {quantity(corrected.n, 'label')})."
    )
    answer = (round(corrected.mean, 2),)
    return Finding(FindingKind.ESTIMATE, ("readers' mean",), answer, text, interest=0.65)
