"""Several tests of one family."""

from __future__ import annotations

from collections.abc import Sequence


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of a family of tests, adjusted, in their order.

    Where those below a level are called significant, one of the family is so by mistake with that
    probability at most: S. Holm, "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, test in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[test]))
        adjusted[test] = largest

    return adjusted


def adjust_benjamini_yekutieli(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of a family of tests, adjusted, in their order.

    Of those below a level, so large a part is expected to be significant by mistake at most,
    however the tests depend on each other: Y. Benjamini and D. Yekutieli, "The control of the false
    discovery rate in multiple testing under dependency", Annals of Statistics 29 (2001).
    """
    tests = len(p_values)
    factor = tests * sum(1 / rank for rank in range(1, tests + 1))
    adjusted = [0.0] * tests
    smallest = 1.0
    for rank, test in sorted(enumerate(sorted(range(tests), key=p_values.__getitem__), 1))[::-1]:
        smallest = min(smallest, factor * p_values[test] / rank)
        adjusted[test] = smallest

    return adjusted
