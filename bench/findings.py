"""How often a report's highlights claim what is not true, and how often they see what is.

    python bench/findings.py [--series 1000] [--seed 1]

Some five minutes on one core. In permuted series nothing is true: the documents of a keyword, or
the days of an account, are dealt to the months at random. At most 5 % of them may have any claim.
Then one month has twice the share, or a mean polarity that is 0.1 higher: how often is that month
named? Sizes are those of real runs, texts are none. Ends with 1 where more than 5 % have a claim,
by more than chance explains.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import harness
import numpy as np

from reports.data.daily_counts import measure_dispersion, no_documents
from reports.data.tables.keyword_pairs import KeywordPair, PairMonth
from reports.data.tables.periods import PeriodRow
from reports.data.years import MOST_DRAWN
from reports.findings.highlights import Highlight, handle_highlights, keyword_highlights
from reports.findings.pair_highlights import pair_highlights
from reports.stats.intervals import polarity_interval, round_figure, wilson_interval
from reports.stats.paired import PairCounts, PairScores, measure_pair_dispersion

WANTED = 0.05  # share of series with a claim
NO_CLAIMS = {"no change shown", "few", "one month", "never"}  # these say what cannot be said
DOCUMENTS = (4883, 5019, 4346, 4492, 2781, 3090, 3528, 3611, 3096, 3165)  # of months
SMALL_DOCUMENTS = (212, 195, 297)
POWER = ((4, 0.003), (4, 0.01), (4, 0.03), (4, 0.1), (25, 0.003), (25, 0.01), (25, 0.03), (25, 0.1))


@dataclass(frozen=True)
class Size:
    """The months of a run, their documents, and the share of documents that mention a keyword."""

    name: str
    documents: Sequence[int]
    share: float
    zeros: float = 0.5  # share of polarities that are 0
    spread: float = 0.45  # of the others
    dispersion: float = 1.0  # of the shares of days

    @property
    def periods(self) -> list[str]:
        """The months, from January 2010 on."""
        return list(list_months(len(self.documents)))

    @property
    def compared_periods(self) -> dict[str, list[int]]:
        """The places of the months of each period that a report compares: a month, or a year."""
        periods: dict[str, list[int]] = {}
        for place, month in enumerate(self.periods):
            period = month if len(self.documents) <= MOST_DRAWN else month[:4]
            periods.setdefault(period, []).append(place)
        return periods


@dataclass(frozen=True)
class Account:
    """An account: how many posts a day, and how far single days exceed that (negative binomial)."""

    name: str
    months: int
    rate: float
    dispersion: float
    zeros: float = 0.4


SIZES = (
    Size("4 months, 3 % of documents", DOCUMENTS[:4], 0.03),
    Size("4 months, 0.2 %", DOCUMENTS[:4], 0.002),
    Size("3 months of 200 to 300, 40 %", SMALL_DOCUMENTS, 0.4),
    Size("25 months, 0.3 %", (DOCUMENTS * 3)[:25], 0.003),
    Size("25 months, 3 %, 80 % zeros", (DOCUMENTS * 3)[:25], 0.03, zeros=0.8),
    Size("120 months, 1 %", DOCUMENTS * 12, 0.01),
    Size("25 very unequal months, 2 %", (60, 400, 5000, 150, 2500) * 5, 0.02),
    Size("4 months, 3 %, days vary 4-fold", DOCUMENTS[:4], 0.03, dispersion=4.0),
    Size("25 months, 1 %, days vary 2-fold", (DOCUMENTS * 3)[:25], 0.01, dispersion=2.0),
)
#: that are compared by year: a series takes half a second
LONG_SIZES = (
    Size("2,100 months, 3 %, by year", [40, 90, 60] * 700, 0.03),
    Size("2,100 months, 0.3 %, by year", [400, 900, 600] * 700, 0.003),
    Size("2,100 months, 3 %, by year, days vary 2-fold", [200] * 2100, 0.03, dispersion=2.0),
)
ACCOUNTS = (
    Account("8 months, 16 posts a day", 8, 16.0, 5.0),
    Account("38 months, 3.5 posts a day", 38, 3.5, 4.0),
    Account("38 months, 0.3 posts a day", 38, 0.3, 1.5),
)


@dataclass
class Series:
    """The rows of a keyword, of its two terms, and its months beside another keyword."""

    rows: list[PeriodRow]
    by_term: dict[str, list[PeriodRow]]
    pair: KeywordPair

    def find_claims(self) -> list[Highlight]:
        """Return what a report would claim."""
        highlights = keyword_highlights("“k”", self.rows, self.by_term)
        return list(filter(is_claim, highlights + pair_highlights([self.pair])))


@dataclass(frozen=True)
class Effect:
    """What is true of the months at *places*: how often mentioned, and how much higher."""

    factor: float = 1.0
    shift: float = 0.0
    places: Sequence[int] = (-2,)


EFFECTS = ("doubled share, peak named", "+0.1, moved", "+0.1, month named")
NOTHING = Effect(places=())
TWINS = Effect(factor=2.0, places=(-2, -3))


def list_months(months: int) -> Iterator[str]:
    """Yield the names of *months* months."""
    for number in range(months):
        yield f"{2010 + number // 12}-{number % 12 + 1:02d}"


def is_claim(highlight: Highlight) -> bool:
    """Return whether a sentence claims anything but that something cannot be shown."""
    return highlight.claim[0] not in NO_CLAIMS


def deal(rng: np.random.Generator, size: Size, effect: Effect = NOTHING) -> Series:
    """Deal the documents with a mention, and their polarities, to days and months at random."""
    months = list(map(spread_over_days, size.periods, size.documents))
    dealt = deal_to_days(rng, months, size)
    others = deal_to_days(rng, months, size)
    for place in effect.places:
        dealt[place] = rng.binomial(months[place], effect.factor * size.share)

    of_pairs = rng.spawn(1)[0]  # so that the months are those of earlier versions
    pair, scores_of, first_of = [], [], []
    for place, (month, days) in enumerate(zip(size.periods, months, strict=True)):
        scores = draw_polarities(rng, int(dealt[place].sum()), size)
        scores_of.append(scores + effect.shift * (place - len(months) in effect.places))
        first_of.append(rng.random(len(scores)) < 0.55)
        pair.append(pair_month(of_pairs, month, days, dealt[place], others[place]))

    rows, first, second = [], [], []
    for period, places in size.compared_periods.items():
        days, matched, scores, is_first = (
            np.concatenate([of_month[place] for place in places])
            for of_month in (months, dealt, scores_of, first_of)
        )
        dispersion = measure_dispersion(matched.tolist(), days.tolist())
        total = int(days.sum())
        rows.append(make_row(period, total, scores, dispersion))
        first.append(make_row(period, total, scores[is_first], dispersion))
        second.append(make_row(period, total, scores[~is_first], dispersion))
    return Series(rows, {"a": first, "b": second}, KeywordPair(("k", "o"), pair))


def pair_month(
    rng: np.random.Generator,
    period: str,
    days: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
) -> PairMonth:
    """Return two keywords in a month of which each day's documents hold both by chance."""
    both = rng.hypergeometric(first, days - first, second)
    by_day = [counts.tolist() for counts in (days, first, second, both)]
    return PairMonth(
        names=("k", "o"),
        period=period,
        cut_off=False,
        counts=PairCounts(*map(sum, by_day)),
        scores=PairScores(),
        dispersion=measure_pair_dispersion(*by_day),
        dispersion_together=None,
    )


def spread_over_days(period: str, documents: int) -> np.ndarray:
    """Return the documents of each day of a month, equally many on each."""
    days = len(no_documents(period))
    return np.diff(np.arange(days + 1) * documents // days)


def deal_to_days(
    rng: np.random.Generator, months: Sequence[np.ndarray], size: Size
) -> list[np.ndarray]:
    """Return the documents with a mention on each day of each month.

    A fixed number of them is dealt to all days; where documents go together, each day draws a
    share of its own (beta-binomial), the same for all months on average.
    """
    days = np.concatenate(months)
    if size.dispersion > 1:
        correlation = (size.dispersion - 1) / (days.mean() - 1)
        strength = 1 / correlation - 1
        share = rng.beta(size.share * strength, (1 - size.share) * strength, len(days))
        dealt = rng.binomial(days, share)
    else:
        dealt = rng.multivariate_hypergeometric(days, int(size.share * days.sum()))
    return np.split(dealt, np.cumsum(list(map(len, months)))[:-1])


def draw_polarities(rng: np.random.Generator, n: int, size: Size | Account) -> np.ndarray:
    """Return polarities as sentiment lexicons give them: zeros for the most part."""
    spread = size.spread if isinstance(size, Size) else 0.45
    scores = np.clip(rng.normal(-0.15, spread, n), -0.9, 0.9).round(4)
    return np.where(rng.random(n) < size.zeros, 0.0, scores)


def make_row(
    period: str, documents: int, polarities: np.ndarray, dispersion: float | None = None
) -> PeriodRow:
    """Return the row of a month in which each document mentions the keyword once at most."""
    n = len(polarities)
    share = (n / documents, *wilson_interval(n, documents)) if documents else (None, None, None)
    mood = polarity_interval(polarities.tolist())
    figures: list[Any] = [*map(round_figure, (*share, *mood)), period]
    row = PeriodRow(1, period, None, "k", None, "complete", documents, n, n, *figures)
    return replace(row, dispersion=dispersion)


def find_claims(rng: np.random.Generator, size: Size) -> list[Highlight]:
    """Return what a report would claim of documents that are dealt to months at random."""
    return deal(rng, size).find_claims()


def find_false_peaks(rng: np.random.Generator, size: Size) -> list[Highlight]:
    """Return the peaks that a report would name where two months are equally high."""
    claims = deal(rng, size, TWINS).find_claims()
    return [highlight for highlight in claims if highlight.claim[0] == "peak"]


def find_account_claims(rng: np.random.Generator, account: Account) -> list[Highlight]:
    """Return what a report would claim of an account whose days are dealt to months at random."""
    rows, days = deal_account(rng, account)
    return list(filter(is_claim, handle_highlights("@a", rows, rows, days)))


def deal_account(
    rng: np.random.Generator, account: Account
) -> tuple[list[PeriodRow], dict[str, list[int]]]:
    """Deal an account's days to months at random; return the months, and posts by day of each."""
    successes = account.rate / (account.dispersion - 1)
    days: dict[str, list[int]] = {}
    rows: list[PeriodRow] = []

    for period in list_months(account.months):
        length = len(no_documents(period))
        days[period] = rng.negative_binomial(successes, 1 / account.dispersion, length).tolist()
        posts = sum(days[period])
        rows.append(make_row(period, posts, draw_polarities(rng, posts, account)))

    return rows, days


def measure_errors(
    rng: np.random.Generator, series: int
) -> Iterator[tuple[str, int, Mapping[str, int]]]:
    """Yield how many of *series* permuted series have any claim, and of which kinds."""
    for size in SIZES:
        yield (size.name, *_count(series, partial(find_claims, rng, size)))
    for account in ACCOUNTS:
        yield (account.name, *_count(series, partial(find_account_claims, rng, account)))


def measure_long_errors(
    rng: np.random.Generator, series: int
) -> Iterator[tuple[str, int, Mapping[str, int]]]:
    """Yield how many of *series* permuted series have any claim, of runs compared by year."""
    for size in LONG_SIZES:
        yield (size.name, *_count(series, partial(find_claims, rng, size)))


def measure_false_peaks(
    rng: np.random.Generator, series: int
) -> Iterator[tuple[str, int, Mapping[str, int]]]:
    """Yield in how many series one month is called the peak, where two have twice the share."""
    for size in SIZES:
        yield (size.name, *_count(series, partial(find_false_peaks, rng, size)))


def _count(
    series: int, find_claims: Callable[[], Sequence[Highlight]]
) -> tuple[int, dict[str, int]]:
    with_claim, kinds = 0, dict[str, int]()
    for _ in range(series):
        claims = find_claims()
        with_claim += bool(claims)
        for kind in {highlight.kind for highlight in claims}:
            kinds[kind] = kinds.get(kind, 0) + 1
    return with_claim, kinds


def most_by_chance(series: int) -> int:
    """Return how many of *series* may have a claim if 5 % do: exceeded once in some 700 times."""
    return math.floor(WANTED * series + 3 * math.sqrt(WANTED * (1 - WANTED) * series))


def measure_power(rng: np.random.Generator, series: int) -> Iterator[tuple[Any, ...]]:
    """Yield months, mentions a month, and how often each effect is seen, and seen right."""
    for months, share in POWER:
        size = Size("", [3000] * months, share)
        period = size.periods[-2]
        doubled = moved = named = 0
        for _ in range(series):
            claims = [h.claim for h in deal(rng, size, Effect(factor=2.0)).find_claims()]
            doubled += ("peak", period) in claims
            moods = [
                h for h in deal(rng, size, Effect(shift=0.1)).find_claims() if h.kind == "mood"
            ]
            moved += bool(moods)
            named += any(mood.claim[:2] == ("higher", period) for mood in moods)
        yield months, round(3000 * share), doubled / series, moved / series, named / series


def print_errors(
    what: str, figures: Iterator[tuple[str, int, Mapping[str, int]]], series: int
) -> bool:
    """Print the share of series with a claim, and return whether it is too many of any size."""
    too_many = False
    for name, with_claim, kinds in figures:
        of_kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))
        harness.print_share(f"{what}: {name}", with_claim / series, most=WANTED, note=of_kinds)
        too_many |= with_claim > most_by_chance(series)
    return too_many


def main() -> int:
    options = harness.parse_options(__doc__, series=1000, seed=1)
    rng = np.random.default_rng(options.seed)
    series = options.series

    harness.remark(f"{series:,} permuted series of each size; with any claim, or a false peak")
    too_many = print_errors("any claim", measure_errors(rng, series), series)
    too_many |= print_errors("two equal peaks, one named", measure_false_peaks(rng, series), series)

    series = max(1, series // 5)
    harness.remark(f"{series:,} permuted series of runs that are compared by year")
    too_many |= print_errors("any claim", measure_long_errors(rng, series), series)
    harness.remark(f"power: {series} series; one month has twice the share, or +0.1 in polarity")
    for months, mentions, *seen in measure_power(rng, series):
        for effect, share in zip(EFFECTS, seen, strict=True):
            name = f"{months} months, {mentions} mentions a month: {effect}"
            harness.print_figure(name, [100 * share], "%")
    return int(too_many)


if __name__ == "__main__":
    sys.exit(main())
