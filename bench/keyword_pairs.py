"""How often the comparison of two keywords claims what is not true, and how sure its months are.

    python bench/keyword_pairs.py [--series 1000] [--seed 1]

Some four minutes on one core. Documents of months are made up of which each mentions each of three
keywords by chance, the same in every month, with polarities that have nothing to do with the
keyword: no keyword overtakes another, no mood is higher, and where shares are equal, or mentions
independent, no difference is to be found there either. All these claims are one of ten kinds of a
report, so that at most 0.5 % of the series may have one. Then the 95 % intervals: how often does
each hold what is true? Last, one keyword does overtake another: how often is it said, and do the
months that are named hold the true one? Ends with 1 where more claims are false than chance
explains.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import harness
import numpy as np

from reports.data.daily_counts import measure_dispersion, no_documents
from reports.data.tables.keyword_pairs import KeywordPair, PairMonth
from reports.findings.crossovers import Crossover, find_keyword_crossovers
from reports.findings.pair_highlights import PAIR_LEVEL, list_different, pair_highlights
from reports.stats.comparing import LEVEL
from reports.stats.paired import Estimate, PairCounts, PairScores, measure_pair_dispersion, sum_pair

DOCUMENTS = (4883, 5019, 4346, 4492, 2781, 3090, 3528, 3611, 3096, 3165)  # of months
KEYWORDS = ("a", "b", "c")
INTERVALS = ("share", "mood", "together")


@dataclass(frozen=True)
class Size:
    """The months of a run, and the share of documents that mention each of three keywords."""

    name: str
    documents: Sequence[int]
    shares: tuple[float, float, float]
    topic: float = 1.0  # times as likely all keywords are in a tenth of the documents
    dispersion: float = 1.0  # of the daily shares
    zeros: float = 0.6  # share of polarities that are 0

    @property
    def has_equal_shares(self) -> bool:
        """Whether all keywords are mentioned as often."""
        return len(set(self.shares)) == 1

    @property
    def ratio(self) -> float:
        """How many times as many documents mention two keywords as if these were independent."""
        mean = 0.9 + 0.1 * self.topic
        return (0.9 + 0.1 * self.topic**2) / mean**2


SIZES = (
    Size("4 months, 3 % each", DOCUMENTS[:4], (0.03, 0.03, 0.03)),
    Size("4 months, 3 % each, often together", DOCUMENTS[:4], (0.03, 0.03, 0.03), topic=8.0),
    Size("4 months, 12, 5 and 1.5 %", DOCUMENTS[:4], (0.12, 0.05, 0.015), topic=3.0),
    Size("4 months, 0.3 % each", DOCUMENTS[:4], (0.003, 0.003, 0.003)),
    Size("3 months of 200 to 300, 40 % each", (212, 195, 297), (0.4, 0.4, 0.4)),
    Size("12 months, 1 % each", (DOCUMENTS * 2)[:12], (0.01, 0.01, 0.01)),
    Size("4 months, 0.3 % each, 85 % zeros", DOCUMENTS[:4], (0.003, 0.003, 0.003), zeros=0.85),
    Size("4 months, 3 % each, days vary 4-fold", DOCUMENTS[:4], (0.03, 0.03, 0.03), dispersion=4.0),
)


def deal(
    rng: np.random.Generator, size: Size, factors: Sequence[Sequence[float]] = ()
) -> list[KeywordPair]:
    """Return the pairs of keywords in made-up months.

    *factors* are by how much more often each keyword is mentioned in each month.
    """
    months: dict[tuple[str, str], list[PairMonth]] = {}
    for place, documents in enumerate(size.documents):
        period = f"{2010 + place // 12}-{place % 12 + 1:02d}"
        shares = np.array(size.shares) * (factors[place] if factors else 1.0)
        for month in deal_month(rng, size, shares, period, documents):
            months.setdefault(month.names, []).append(month)
    return [KeywordPair(names, of_pair) for names, of_pair in months.items()]


def deal_month(
    rng: np.random.Generator, size: Size, shares: np.ndarray, period: str, documents: int
) -> Iterator[PairMonth]:
    """Yield each pair of keywords of one month."""
    days = len(no_documents(period))
    day_of = np.arange(documents) * days // documents
    likely = shares[None, :] * draw_daily_factors(rng, size, shares, days, documents)[day_of]
    is_topic = rng.random(documents) < 0.1
    likely *= np.where(is_topic, size.topic, 1.0)[:, None] / (0.9 + 0.1 * size.topic)
    mentions = rng.random((documents, len(KEYWORDS))) < likely

    moods = rng.normal(-0.1, 0.4, documents)  # of the sentences of a document
    scores = [draw_scores(rng, size, moods, np.flatnonzero(column)) for column in mentions.T]
    of_days = np.bincount(day_of, minlength=days).tolist()
    by_day = [np.bincount(day_of[column], minlength=days).tolist() for column in mentions.T]
    for first, second in combinations(range(len(KEYWORDS)), 2):
        both = mentions[:, first] & mentions[:, second]
        both_by_day = np.bincount(day_of[both], minlength=days).tolist()
        totals = map(int, (mentions[:, first].sum(), mentions[:, second].sum(), both.sum()))
        yield PairMonth(
            names=(KEYWORDS[first], KEYWORDS[second]),
            period=period,
            cut_off=False,
            counts=PairCounts(documents, *totals),
            scores=sum_pair(scores[first], scores[second]) if size.zeros < 1 else PairScores(),
            dispersion=measure_pair_dispersion(of_days, by_day[first], by_day[second], both_by_day),
            dispersion_together=measure_dispersion(both_by_day, of_days),
        )


def draw_daily_factors(
    rng: np.random.Generator, size: Size, shares: np.ndarray, days: int, documents: int
) -> np.ndarray:
    """Return by how much more often each keyword is mentioned on each day (beta-binomial)."""
    if size.dispersion <= 1:
        return np.ones((days, len(KEYWORDS)))
    strength = (documents / days - 1) / (size.dispersion - 1) - 1
    drawn = rng.beta(shares * strength, (1 - shares) * strength, (days, len(KEYWORDS)))
    return drawn / shares


def draw_scores(
    rng: np.random.Generator, size: Size, moods: np.ndarray, documents: np.ndarray
) -> dict[int, list[float]]:
    """Return the polarities of one to some sentences of each document, which go together."""
    sentences = 1 + rng.poisson(0.3, len(documents))
    of_document = np.repeat(documents, sentences)
    noise = rng.normal(0, 0.3, len(of_document))
    values = np.clip(moods[of_document] + noise, -0.9, 0.9).round(4)
    values = np.where(rng.random(len(values)) < size.zeros, 0.0, values).tolist()
    scores: dict[int, list[float]] = {}
    for document, value in zip(of_document.tolist(), values, strict=True):
        scores.setdefault(document, []).append(value)
    return scores


def find_false_claims(size: Size, pairs: Sequence[KeywordPair]) -> set[str]:
    """Return the kinds of claims that a page would make and that are not true."""
    claims = {str(highlight.claim[0]) for highlight in pair_highlights(pairs)}
    if size.has_equal_shares and any(list_different([pair.share_difference for pair in pairs])):
        claims.add("share")
    if size.topic == 1 and any(list_different([pair.together for pair in pairs])):
        claims.add("together")
    return claims


def holds(estimate: Estimate | None, truth: float) -> bool | None:
    """Return whether an interval holds the truth; None where there is no interval."""
    return None if estimate is None else estimate.low <= truth <= estimate.high


def measure_size(
    rng: np.random.Generator, size: Size, series: int
) -> tuple[int, Counter[str], dict[str, float]]:
    """Return how many series have a false claim, of which kinds, and the intervals' coverage."""
    with_claim, kinds = 0, Counter[str]()
    held: dict[str, list[bool]] = {name: [] for name in INTERVALS}
    for _ in range(series):
        pairs = deal(rng, size)
        claims = find_false_claims(size, pairs)
        with_claim += bool(claims)
        kinds.update(claims)
        pair = pairs[0]
        truths = {
            "share": holds(pair.share_difference, size.shares[0] - size.shares[1]),
            "mood": holds(pair.polarity_difference, 0.0),
            "together": holds(pair.together, size.ratio),
        }
        for name, is_held in truths.items():
            if is_held is not None:
                held[name].append(is_held)
    coverage = {name: float(np.mean(of_kind)) for name, of_kind in held.items() if of_kind}
    return with_claim, kinds, coverage


@dataclass(frozen=True)
class Crossing:
    """The shares of two keywords, of which one overtakes the other in the month at *place*."""

    name: str
    documents: Sequence[int]
    first: Sequence[float]  # shares of the keyword that is overtaken
    second: Sequence[float]
    place: int


CROSSINGS = (
    Crossing("4 months, 5 to 2 %, 2 to 4 %", DOCUMENTS[:4], (0.05, 0.05, 0.02, 0.02),
             (0.02, 0.02, 0.04, 0.04), 2),
    Crossing("12 months, a step of a third", (DOCUMENTS * 2)[:12], (0.03,) * 7 + (0.02,) * 5,
             (0.02,) * 7 + (0.03,) * 5, 7),
    Crossing("12 months, slowly", (DOCUMENTS * 2)[:12], tuple(0.032 - 0.002 * i for i in range(12)),
             tuple(0.015 + 0.001 * i for i in range(12)), 6),
    Crossing("24 months, slowly, 0.5 %", (DOCUMENTS * 3)[:24],
             tuple(0.007 - 0.0002 * i for i in range(24)),
             tuple(0.0032 + 0.0001 * i for i in range(24)), 13),
)  # fmt: skip


def measure_crossing(
    rng: np.random.Generator, crossing: Crossing, series: int
) -> Iterator[Crossover]:
    """Yield the overtakings of the second keyword by the first that are claimed."""
    size = Size("", crossing.documents, (1.0, 1.0, 0.001), zeros=1.0)
    factors = list(zip(crossing.first, crossing.second, [1.0] * len(crossing.first), strict=True))
    for _ in range(series):
        for crossover in find_keyword_crossovers(deal(rng, size, factors), PAIR_LEVEL):
            if {crossover.before, crossover.after} == {"a", "b"}:
                yield crossover


def most_by_chance(series: int) -> int:
    """Return how many of *series* may have a claim if 0.5 % do: exceeded once in some 700 times."""
    return math.floor(LEVEL * series + 3 * math.sqrt(LEVEL * (1 - LEVEL) * series))


def print_crossing(crossing: Crossing, crossovers: Sequence[Crossover], series: int) -> bool:
    """Print how often and how surely an overtaking is named; return whether too few hold it."""
    true = f"{2010 + crossing.place // 12}-{crossing.place % 12 + 1:02d}"
    wrong = sum((each.before, each.after) != ("a", "b") for each in crossovers)
    held = sum(each.earliest <= true <= each.latest for each in crossovers)
    exact = sum(each.period == true for each in crossovers)
    widths = [months_between(each.earliest, each.latest) for each in crossovers]
    n = max(1, len(crossovers))
    width = float(np.median(widths)) if widths else 0.0
    note = (
        f"named in {len(crossovers) / series:.1%}, the wrong way {wrong / n:.1%}, the true month "
        f"{exact / n:.1%}, {width:.0f} months"
    )
    name = f"one overtakes another: {crossing.name}: the months hold the true one"
    harness.print_figure(name, [100 * held / n], "%", floor=95.0, floor_name="wanted", note=note)
    return len(crossovers) - held > 0.05 * len(crossovers) + 3 * math.sqrt(
        0.05 * 0.95 * len(crossovers)
    )


def months_between(first: str, last: str) -> int:
    """Return the number of months from *first* to *last*, both counted."""
    return 12 * (int(last[:4]) - int(first[:4])) + int(last[5:]) - int(first[5:]) + 1


def main() -> int:
    options: Any = harness.parse_options(__doc__, series=1000, seed=1)
    rng = np.random.default_rng(options.seed)
    series = options.series

    too_many = False
    harness.remark(f"{series:,} series of each size, in which no claim is true")
    for size in SIZES:
        with_claim, kinds, coverage = measure_size(rng, size, series)
        of_kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))
        name = f"false claims: {size.name}"
        harness.print_share(name, with_claim / series, most=LEVEL, note=of_kinds)
        for name in INTERVALS:
            covered = 100 * coverage.get(name, math.nan)
            title = f"coverage, {name}: {size.name}"
            harness.print_figure(title, [covered], "%", floor=95.0, floor_name="wanted")
        too_many |= with_claim > most_by_chance(series)

    for crossing in CROSSINGS:
        crossovers = list(measure_crossing(rng, crossing, series))
        too_many |= print_crossing(crossing, crossovers, series)
    return int(too_many)


if __name__ == "__main__":
    sys.exit(main())
