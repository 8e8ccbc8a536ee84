"""How often the comparison of outlets, sections or kinds claims what is not true.

    python bench/groups.py [--series 300] [--seed 1]

Some ten minutes on one core. Documents of groups are made up of which each mentions a keyword with
a probability of its month and day, whatever its group, with a polarity that is its month's: nothing
of groups is true. Groups are uneven, and some lack months. At most 0.5 % of the series may have a
claim on shares, and 0.5 % one on moods. Then one group mentions it twice as often: how often is it
said? Ends with 1 where more claims are false than chance explains.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import harness
import numpy as np

from analysis import grains
from core.enums import Grain, Grouping
from reports.data.group_counts import GroupCounts, KeywordGroups, add_month
from reports.data.groupings import Group
from reports.data.month_mentions import Term
from reports.data.tables.archive_days import NO_DATA, ArchiveDay, Matches, Progress
from reports.findings.group_statements import describe_groups
from reports.stats.comparing import LEVEL

KEYWORD = "k"
COMPLETE = Progress("complete", has_counts=True, has_polarity=True)
KINDS = ("share", "mood")


@dataclass(frozen=True)
class Size:
    """A run: its months, and of each group the documents of a month."""

    name: str
    months: int
    documents: Sequence[int]
    share: float
    swing: float = 1.0  # the month's share is up to so many times higher or lower
    gaps: float = 0.0  # share of the months that a group lacks
    dispersion: float = 1.0  # of the shares of a group's days
    twice: bool = False  # the first group mentions it twice as often


SIZES = (
    Size("3 outlets, 4 months, 3 %", 4, (1500, 900, 2400), 0.03),
    Size("3 outlets, 24 months with gaps, swings 5-fold", 24, (900, 300, 1500), 0.03, 5.0, 0.3),
    Size("12 uneven outlets, 12 months, swings 5-fold", 12, (60, 2000) * 6, 0.02, 5.0, 0.2),
    Size("the same, days vary 3-fold", 12, (60, 2000) * 6, 0.02, 5.0, 0.2, 3.0),
    Size("40 sections of 4 months, 15 %", 4, (850, 520, 375, 330, 220) + (40,) * 35, 0.15, 2.0),
    Size("8 small outlets, 12 months, 0.5 %", 12, (120,) * 8, 0.005),
)
POWER = (
    Size("3 outlets, 4 months, 3 %, one twice", 4, (1500, 900, 2400), 0.03, twice=True),
    Size("12 outlets, 12 months, 2 %, one twice", 12, (600,) * 12, 0.02, 5.0, 0.2, twice=True),
    Size("12 outlets, 12 months, 0.2 %, one twice", 12, (600,) * 12, 0.002, 5.0, 0.2, twice=True),
)


def make_series(rng: np.random.Generator, size: Size) -> KeywordGroups:
    """Return the counts of made-up months."""
    names = [f"group {number:02}" for number in range(len(size.documents))]
    counted = KeywordGroups(KEYWORD, {name: GroupCounts(name) for name in names})

    for number in range(size.months):
        period = f"{2018 + number // 12}-{number % 12 + 1:02}"
        add_month(counted, _make_month(rng, size, names, period), Grain.YEAR)
    return counted


def _make_month(
    rng: np.random.Generator, size: Size, names: Sequence[str], period: str
) -> dict[Group, list[ArchiveDay]]:
    share = size.share * size.swing ** rng.uniform(-1, 1)
    mood = rng.normal(0, 0.1)
    days = grains.days_of(period)
    weights = rng.uniform(0.5, 1.5, len(days))
    of_month: dict[Group, list[ArchiveDay]] = {}

    for place, name in enumerate(names):
        is_gap = rng.random() < size.gaps
        factor = 2.0 if size.twice and place == 0 else 1.0
        documents = rng.poisson(size.documents[place] * weights / weights.sum())
        of_month[name] = []
        for day, n in zip(days, documents, strict=True):
            matches = {} if is_gap else _match(rng, size, int(n), share=share * factor, mood=mood)
            progress = NO_DATA if is_gap else COMPLETE
            counted = 0 if is_gap else int(n)
            of_month[name].append(ArchiveDay(day, period, progress, counted, is_gap, matches))
    return of_month


def _match(
    rng: np.random.Generator, size: Size, n: int, *, share: float, mood: float
) -> dict[Term, Matches]:
    """Return which of a day's *n* documents mention the keyword, and in which mood."""
    probability = min(0.9, share * _burst(rng, size, share, n))
    matched = int(rng.binomial(n, probability))
    scores = rng.normal(mood, 0.45, matched) * (rng.random(matched) > 0.5)
    return {(KEYWORD, None): Matches(matched, list(np.clip(scores, -1, 1)))}


def _burst(rng: np.random.Generator, size: Size, share: float, n: int) -> float:
    """Return by what a day's share differs: its variance is *dispersion* times the binomial one."""
    if size.dispersion <= 1 or not n:
        return 1.0
    shape = n * share / (size.dispersion - 1)
    return float(rng.gamma(shape, 1 / shape))


def find_claims(rng: np.random.Generator, size: Size) -> set[str]:
    """Return the kinds of claims on a made-up series."""
    highlights = describe_groups(make_series(rng, size), Grouping.OUTLET)
    kinds = set()
    for highlight in highlights:
        if highlight.claim[0] != "no difference shown":
            kinds.add("mood" if "mood" in highlight.text else "share")
    return kinds


def most_by_chance(series: int) -> int:
    """Return how many of *series* may have a claim of a kind, three standard errors allowed."""
    expected = series * LEVEL
    return math.ceil(expected + 3 * math.sqrt(expected))


def main() -> int:
    """Measure each size. Return 1 where more claims are false than chance explains."""
    options: Any = harness.parse_options(__doc__, series=300, seed=1)
    rng = np.random.default_rng(options.seed)
    is_right = True
    for size in (*SIZES, *POWER):
        claims: Counter[str] = Counter()
        for _ in range(options.series):
            claims.update(find_claims(rng, size))
        for kind in KINDS:
            most = 1.0 if size.twice else LEVEL
            harness.print_share(f"{size.name}: {kind}", claims[kind] / options.series, most=most)
            is_right &= size.twice or claims[kind] <= most_by_chance(options.series)
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
