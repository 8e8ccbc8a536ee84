"""Strata of labelled mentions, for the estimators of means."""

from __future__ import annotations

from collections.abc import Sequence

from reports.stats.coded_strata import CodedStratum, MachineCodes


def labelled(
    size: int,
    polarity_mean: float,
    polarities: Sequence[float],
    labels: Sequence[float],
    copies: Sequence[float] = (),
) -> CodedStratum:
    """Return *size* mentions of one stratum, the labelled ones with their polarities."""
    machine = MachineCodes(list(polarities), size * polarity_mean, size)
    return CodedStratum("mention", size, list(labels), list(copies), machine)
