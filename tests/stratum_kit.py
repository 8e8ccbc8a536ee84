"""Strata of labelled mentions, for the estimators of means."""

from __future__ import annotations

from collections.abc import Sequence

from reports.stats.coded_strata import CodedStratum, MachineCodes
from reports.stats.estimates import Estimate
from reports.stats.scale_means import fit_mean


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


def estimate_mean(strata: Sequence[CodedStratum], *, use_machine: bool = True) -> Estimate | None:
    """Return the mean code of all documents in *strata*."""
    fit = fit_mean(strata, use_machine=use_machine)
    return None if fit is None else fit.estimate


def correlate(strata: Sequence[CodedStratum]) -> float | None:
    """Return the correlation of the machine's figures and codes."""
    fit = fit_mean(strata)
    return None if fit is None else fit.correlation
