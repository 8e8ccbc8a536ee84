"""Whether a machine coder errs more in some periods or groups than in others.

An error that is the same everywhere moves all shares alike; one that differs makes differences
where people would see none. False positives are errors among the units that people do not put into
a category, false negatives among those that they do: two tests of each category.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# With so many permutations the smallest p-value is 0.0002.
PERMUTATIONS = 4999


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorCount:
    """The machine's *errors* of *units* of one kind of document in a group or period."""

    group: str
    kind: str
    errors: int
    units: int


@dataclass(frozen=True)
class ErrorComparison:
    """The p-value that errors are as frequent in all groups; the error rate by group."""

    p_value: float
    rates: dict[str, float]


def compare_errors(counts: Sequence[ErrorCount], *, seed: int = 1) -> ErrorComparison | None:
    """Test whether the machine errs as often in all groups, kind by kind of document.

    Units of one kind have groups in any order if errors do not depend on them: the statistic of N.
    Mantel and W. Haenszel (Journal of the National Cancer Institute 22, 1959), for several groups
    that of J. R. Landis, E. R. Heyman and G. G. Koch (International Statistical Review 46, 1978),
    is compared with that of permuted groups. So the level holds for tables of few errors too.
    Rates are those of units. None where there are fewer than two groups, no error or nothing else.
    """
    groups = sorted({count.group for count in counts if count.units})
    tables = _make_tables(counts, groups)
    if len(groups) < 2 or not tables:
        return None

    rng = np.random.default_rng(seed)
    errors = np.zeros((PERMUTATIONS + 1, len(groups)))
    expected = np.zeros(len(groups))
    covariance = np.zeros((len(groups), len(groups)))
    for units, observed in tables:
        total, wrong = units.sum(), observed.sum()
        shares = units / total
        errors[0] += observed
        errors[1:] += rng.multivariate_hypergeometric(
            units.astype(int), int(wrong), size=PERMUTATIONS
        )
        expected += wrong * shares
        spread = wrong * (total - wrong) / (total - 1)
        covariance += spread * (np.diag(shares) - np.outer(shares, shares))

    deviations = errors - expected
    statistics = np.einsum(
        "ig,gh,ih->i", deviations, np.linalg.pinv(covariance, hermitian=True), deviations
    )
    # Equal statistics differ by rounding.
    extreme = statistics[1:] >= statistics[0] - 1e-9
    p_value = (1 + int(extreme.sum())) / (1 + PERMUTATIONS)
    return ErrorComparison(p_value, _measure_rates(counts))


def _make_tables(
    counts: Sequence[ErrorCount], groups: Sequence[str]
) -> list[tuple[Floats, Floats]]:
    """Return units and errors by group, of each kind in which both errors and others are."""
    places = {group: place for place, group in enumerate(groups)}
    by_kind: dict[str, tuple[Floats, Floats]] = {}
    for count in counts:
        if count.units:
            empty = np.zeros(len(groups)), np.zeros(len(groups))
            units, errors = by_kind.setdefault(count.kind, empty)
            units[places[count.group]] += count.units
            errors[places[count.group]] += count.errors

    tables: list[tuple[Floats, Floats]] = []
    for units, errors in by_kind.values():
        if 0 < errors.sum() < units.sum():
            tables.append((units, errors))

    return tables


def _measure_rates(counts: Sequence[ErrorCount]) -> dict[str, float]:
    errors: dict[str, int] = defaultdict(int)
    units: dict[str, int] = defaultdict(int)
    for count in counts:
        errors[count.group] += count.errors
        units[count.group] += count.units

    return {group: errors[group] / units[group] for group in sorted(units) if units[group]}
