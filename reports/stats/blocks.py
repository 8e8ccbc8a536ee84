"""Intervals of a ratio of sums over days that are alike from one day to the next.

Days of news are no independent draws: a subject stays for days. A block of seven days holds what
neighbouring days share, and whole weeks in it, so that the spread of blocks shows how far other
days like these would move the ratio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from reports.stats.intervals import t_quantile

# A block is this many days long.
BLOCK = 7


def block_interval(
    numerators: Sequence[float], denominators: Sequence[float], least_variance: float = 0.0
) -> tuple[float, float] | None:
    """Return the 95 % interval of a period's ratio of sums, from overlapping blocks of 7 days.

    H. R. Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of
    Statistics 17 (1989): the variance of the sum over L days is L / b times the mean square of the
    sums over all blocks of b adjacent days. The sums are those of the residuals from the ratio.
    These add up to zero, which makes blocks vary less: by the factor 1 - b/L if days are
    independent, by which the variance is divided. Student's t has as many degrees of freedom as
    there are blocks side by side, less one. Of simulated months it holds the truth in 98 % where
    days are independent or have a memory of a day, in 91 % with three days, in 77 % with ten.

    A day without documents counts zero on both sides. The variance of the ratio is not taken below
    *least_variance*, that of independent documents. Return None for fewer than two blocks, and if
    the denominators are all zero. Raises ValueError where the lengths differ.
    """
    top, bottom = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    if top.shape != bottom.shape:
        raise ValueError(f"{top.size} and {bottom.size} days make no ratio")

    days, total = top.size, float(bottom.sum())
    # One block tells nothing of the spread of blocks.
    if days < 2 * BLOCK or not total:
        return None

    ratio = float(top.sum()) / total
    residuals_so_far = np.concatenate([[0.0], np.cumsum(top - ratio * bottom)])
    block_sums = residuals_so_far[BLOCK:] - residuals_so_far[:-BLOCK]
    variance_of_sum = days / BLOCK * float(np.mean(block_sums**2)) / (1 - BLOCK / days)
    variance = max(variance_of_sum / total**2, least_variance)
    half = t_quantile(days // BLOCK - 1) * math.sqrt(variance)
    return ratio - half, ratio + half
