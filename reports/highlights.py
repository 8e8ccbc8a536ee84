"""What the numbers of a run say, in a few sentences that say no more than the numbers.

Every sentence that claims something is tested, and no month that is cut off is in any. The tests,
their error rates and their sources are in docs/reports.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from reports.comparing import (
    LEVEL,
    Comparison,
    Sample,
    Share,
    compare_means,
    compare_shares,
)
from reports.crossovers import find_crossovers
from reports.daily_counts import DailyCounts
from reports.figures.series import Count, count_months, mentions_by_month
from reports.figures.style import FEW, month_name, signed
from reports.post_rates import common_months, rate_by_month, rate_over_months
from reports.statistics import t_quantile
from reports.tables.periods import PeriodRow, mean_dispersion
from reports.trends import fit_trend
from reports.words import format_share, quantity

SEARCH = "search:"  # how the jobs of searches are named
TIED = 4  # months that are named where several are among the highest

Format = Callable[[float], str]


@dataclass(frozen=True)
class Highlight:
    """A sentence, and what it claims without the figures, to compare it with another report's."""

    kind: str  # share, mood, posts, trend, wording, subjects, first
    claim: tuple[Hashable, ...]  # ("peak", "2020-03"), ("trend", "share", "up"), …
    text: str


def keyword_highlights(
    subject: str, rows: Sequence[PeriodRow], by_term: Mapping[str, Sequence[PeriodRow]]
) -> list[Highlight]:
    """Describe a keyword by its share, its mood, its wording and its trends."""
    whole = [row for row in rows if not row.cut_off]
    shares = _shares(whole)
    moods = _polarity_samples(whole)
    share_of = f"the share of documents that mention {subject}"
    return [
        *_describe_share(subject, rows),
        *_describe_mood(f"around {subject}", moods),
        *_describe_wording(by_term),
        *_describe_first_mention(subject, rows),
        *_describe_trend("share", share_of, _share_samples(shares), percent=True),
        *_describe_trend("mood", f"the mood around {subject}", moods),
    ]


def subject_highlights(by_subject: Mapping[str, Sequence[PeriodRow]]) -> list[Highlight]:
    """Name the months in which one keyword of a run overtakes another."""
    return _describe_crossovers(by_subject, "subjects")


def handle_highlights(
    name: str, rows: Sequence[PeriodRow], scored_rows: Sequence[PeriodRow], days: DailyCounts
) -> list[Highlight]:
    """Describe the posts of the account or search that the job *name* is about.

    *scored_rows* are the same rows with the number of posts that have a polarity; *days* are the
    posts of each day.
    """
    posts = f"posts of {name}"
    if name.startswith(SEARCH):
        posts = f"posts on “{name.removeprefix(SEARCH)}”"
    whose = f"of the {posts}"
    rates = rate_by_month(rows, days)
    moods = _polarity_samples([row for row in scored_rows if not row.cut_off])
    return [
        *_describe_posts(name, posts, rates),
        *_describe_mood(whose, moods),
        *_describe_trend("posts", f"the number of {posts} a day", rates),
        *_describe_trend("mood", f"the mood {whose}", moods),
    ]


def account_highlights(
    rows: Mapping[str, Sequence[PeriodRow]], days: Mapping[str, DailyCounts]
) -> list[Highlight]:
    """Name the account, or search, that posts most, and how many have no posts.

    Their moods are not compared: scores differ by names and by style, whatever was felt.
    """
    posting = {name: of_account for name, of_account in rows.items() if of_account}
    highlights = _describe_rates(posting, days)
    silent = len(rows) - len(posting)
    if silent and posting:
        verb = "has" if silent == 1 else "have"
        text = f"{silent} of {len(rows)} {verb} no posts; the table says why."
        highlights.append(Highlight("posts", ("silent", silent), text))
    return highlights


# --- how often ---


def _describe_share(subject: str, rows: Sequence[PeriodRow]) -> list[Highlight]:
    counted = [count for count in count_months(rows) if count.share is not None]
    if not counted:
        return []
    matched = sum(map(attrgetter("matched"), counted))
    documents = sum(map(attrgetter("documents"), counted))
    if not matched:
        text = f"No document mentions {subject} in the months that were read: a true zero."
        return [Highlight("share", ("never",), text)]
    if len(counted) == 1:
        (only,) = counted
        text = f"In {_month(only.period)} {_count(only)} {subject}, {_interval(only)}."
        return [Highlight("share", ("one month", only.period), text)]

    shares = _shares([row for row in rows if not row.cut_off])
    comparison = compare_shares(shares)
    if comparison is None:
        what = "too few documents mention it" if len(shares) > 1 else "fewer than two are whole"
        text = (
            f"The months of {subject} are not compared: {what} "
            f"({matched:,} of {quantity(documents, 'document')} in all)."
        )
        return [Highlight("share", ("few",), text)]
    return [_judge_share(subject, {count.period: count for count in counted}, comparison)]


def _shares(rows: Sequence[PeriodRow]) -> list[Share]:
    """Return the share of each counted month, of as many documents as are independent."""
    dispersion = mean_dispersion(rows)
    shares = []
    for row in rows:
        if row.matched is not None and row.documents:
            shares.append(Share(row.period, row.matched, row.documents).discount(dispersion))
    return shares


def _judge_share(subject: str, counts: Mapping[str, Count], comparison: Comparison) -> Highlight:
    share_of = f"the share of documents that mention {subject}"
    if not comparison.differs(LEVEL):
        return _no_change("share", f"in {share_of}", comparison, _points)
    highest = comparison.list_highest(LEVEL)
    if len(highest) == 1:
        most, after = counts[highest[0]], _name_second(comparison, format_share)
        text = (
            f"{subject} stood out most in {_month(most.period)}: {_count(most)} it, "
            f"{_interval(most)}, more than in any other of the {len(comparison.names)} months "
            f"compared (next: {after})."
        )
        return Highlight("share", ("peak", most.period), text)
    return _tie("share", _capital(share_of), comparison, format_share)


def _count(count: Count) -> str:
    verb = "mentions" if count.matched == 1 else "mention"
    return f"{count.matched:,} of {quantity(count.documents, 'document')} {verb}"


def _interval(count: Count) -> str:
    interval = f"95 % interval {format_share(count.low)} to {format_share(count.high)}"
    return f"{format_share(count.share)} ({interval})"


# --- posts ---


def _describe_posts(name: str, posts: str, rates: Sequence[Sample]) -> list[Highlight]:
    comparison = compare_means(rates)
    if comparison is None:
        return []
    number = f"the number of {posts} a day"
    if not comparison.differs(LEVEL):
        return [_no_change("posts", f"in {number}", comparison, _one_place)]
    highest = comparison.list_highest(LEVEL)
    if len(highest) > 1:
        return [_tie("posts", _capital(number), comparison, _one_place)]

    (period,) = highest
    rate, after = max(comparison.values), _name_second(comparison, _one_place)
    verb = f"{name} posted most"
    if name.startswith(SEARCH):
        verb = f"Most was posted on “{name.removeprefix(SEARCH)}”"
    text = (
        f"{verb} in {_month(period)}: {rate:.1f} posts a day, more than in any other of the "
        f"{len(comparison.names)} months compared (next: {after})."
    )
    return [Highlight("posts", ("peak", period), text)]


def _describe_rates(
    rows: Mapping[str, Sequence[PeriodRow]], days: Mapping[str, DailyCounts]
) -> list[Highlight]:
    """Name the account that posts most a day in the months that all cover whole, if one does."""
    months = common_months(rows)
    samples = []
    for name, of_account in rows.items() if months else ():
        kept = [row for row in of_account if row.period in months]
        samples.append(rate_over_months(name, kept, days[name]))
    comparison = compare_means(samples)
    if comparison is None or not comparison.differs(LEVEL):
        return []
    highest = comparison.list_highest(LEVEL)
    if len(highest) > 1:
        return []

    rates = dict(zip(comparison.names, comparison.values, strict=True))
    most, second = sorted(rates, key=rates.__getitem__, reverse=True)[:2]
    covered = f"{quantity(len(months), 'month')} that are whole for all ({_span(sorted(months))})"
    text = (
        f"{most} posts most: {rates[most]:.1f} posts a day in the {covered}, before {second} with "
        f"{rates[second]:.1f}."
    )
    return [Highlight("posts", ("most", most), text)]


# --- mood ---


def _polarity_samples(rows: Sequence[PeriodRow]) -> list[Sample]:
    """Return the mean polarity of each month that has an interval, with the values' variance."""
    samples = []
    for row in rows:
        n, mean = row.mentions or 0, row.polarity_mean
        low, high = row.polarity_low, row.polarity_high
        if n > 1 and mean is not None and low is not None and high is not None:
            half = max(mean - low, high - mean)  # one end may be cut at -1 or 1
            samples.append(Sample(row.period, n, mean, n * (half / t_quantile(n - 1)) ** 2))
    return samples


def _describe_mood(whose: str, samples: Sequence[Sample]) -> list[Highlight]:
    comparison = compare_means(samples, one_variance=True)
    if comparison is None:
        return []
    if not comparison.differs(LEVEL):
        return [_no_change("mood", f"in the mood {whose}", comparison, _two_places)]
    pair = comparison.find_clearest_pair(LEVEL)
    if pair is None:
        text = (
            f"The mood {whose} moved between the {len(comparison.names)} months compared, but no "
            "two of them can be told apart."
        )
        return [Highlight("mood", ("moved", "mood"), text)]

    by_period = {sample.name: sample for sample in samples}
    high, low = (f"in {_month(name)} ({_mean(by_period[name])})" for name in pair)
    text = f"The mood {whose} moved: it was higher {high} than {low}; {_count_pairs(comparison)}."
    return [Highlight("mood", ("higher", *pair), text)]


def _mean(sample: Sample) -> str:
    return f"{signed(sample.mean)}, n = {sample.n:,}"


# --- what shares, posts and moods have in common ---


def _no_change(kind: str, where: str, comparison: Comparison, form: Format) -> Highlight:
    most = comparison.bound_change(LEVEL)
    months = len(comparison.names)
    text = f"No change of more than ±{form(most)} can be shown {where} ({months} months compared)."
    return Highlight(kind, ("no change shown", kind), text)


def _tie(kind: str, what: str, comparison: Comparison, form: Format) -> Highlight:
    """Describe figures that differ where more than one may be the highest."""
    highest = comparison.list_highest(LEVEL)
    values = dict(zip(comparison.names, comparison.values, strict=True))
    if len(highest) <= min(TIED, len(values) - 1):
        top, *others = sorted(highest, key=values.__getitem__, reverse=True)
        named = [f"{_month(period)} ({form(values[period])})" for period in others]
        text = (
            f"{what} moved. It was highest in {_month(top)} ({form(values[top])}), but "
            f"{_join(named)} cannot be told apart from it ({len(values)} months compared)."
        )
        return Highlight(kind, ("among the highest", *highest), text)
    top = max(values, key=values.__getitem__)
    text = (
        f"{what} moved, but no month stands out: {len(highest) - 1} of the other "
        f"{len(values) - 1} months cannot be told from the highest, {_month(top)} "
        f"({form(values[top])})."
    )
    return Highlight(kind, ("moved", kind), text)


def _count_pairs(comparison: Comparison) -> str:
    pairs = math.comb(len(comparison.names), 2)
    different = comparison.count_different(LEVEL)
    if pairs == 1:
        return "no other month is compared"
    verb = "differs" if different == 1 else "differ"
    return f"{different or 'none'} of {pairs:,} pairs of months {verb}"


def _name_second(comparison: Comparison, form: Format) -> str:
    ranked = sorted(zip(comparison.values, comparison.names, strict=True), reverse=True)
    value, period = ranked[1]
    return f"{_month(period)}, {form(value)}"


# --- trends ---


def _share_samples(shares: Sequence[Share]) -> list[Sample]:
    """Return shares as means of ones and zeros, each with the variance of all together."""
    documents = sum(map(attrgetter("n"), shares))
    pooled = sum(map(attrgetter("matched"), shares)) / documents if documents else 0.0
    variance = pooled * (1 - pooled)
    return [Sample(share.name, share.n, share.matched / share.n, variance) for share in shares]


def _describe_trend(
    kind: str, what: str, samples: Sequence[Sample], *, percent: bool = False
) -> list[Highlight]:
    """Name the direction of a trend that is significant. Months are weighed by one variance."""
    kept = [sample for sample in samples if sample.n > 1]
    degrees = sum(sample.n - 1 for sample in kept)
    if not degrees:
        return []
    pooled = sum((sample.n - 1) * sample.variance for sample in kept) / degrees
    trend = fit_trend(
        [_number(sample.name) for sample in kept],
        [sample.mean for sample in kept],
        [pooled / sample.n for sample in kept],
    )
    if trend is None or trend.p_value >= LEVEL:
        return []

    verb, direction = ("rose", "up") if trend.slope > 0 else ("fell", "down")
    scale, unit = (100, " percentage points") if percent else (1, "")
    ends = sorted(map(abs, trend.interval(LEVEL)))
    slope, low, high = (_two_digits(scale * value) for value in (abs(trend.slope), *ends))
    text = (
        f"From month to month {what} {verb} by {slope}{unit} on average "
        f"({100 * (1 - LEVEL):g} % interval {low} to {high}, {len(kept)} months)."
    )
    return [Highlight("trend", ("trend", kind, direction), text)]


def _number(period: str) -> float:
    return float(int(period[:4]) * 12 + int(period[5:]))


# --- wording ---


def _describe_wording(by_term: Mapping[str, Sequence[PeriodRow]]) -> list[Highlight]:
    """Name the last month in which one term overtakes another, else the term that gained most."""
    return _describe_crossovers(by_term, "wording")[-1:] or _describe_gain(by_term)


def _describe_crossovers(series: Mapping[str, Sequence[PeriodRow]], kind: str) -> list[Highlight]:
    highlights = []
    for crossover in find_crossovers(series):
        after, before = crossover.counts_before, crossover.counts_after
        text = (
            f"“{crossover.after}” overtook “{crossover.before}” in {_month(crossover.period)}: "
            f"{after[0]:,} to {after[1]:,} documents before, {before[0]:,} to {before[1]:,} from "
            "then on."
        )
        claim = ("overtakes", crossover.after, crossover.before, crossover.period)
        highlights.append(Highlight(kind, claim, text))
    return highlights


def _describe_gain(by_term: Mapping[str, Sequence[PeriodRow]]) -> list[Highlight]:
    """Name the term whose share of the mentions grew most from the first month to the last.

    The test of two shares at `LEVEL`, divided by the number of terms (Bonferroni).
    """
    counts: dict[str, Counter[str]] = {}
    for term, rows in by_term.items():
        counts[term] = Counter(mentions_by_month([row for row in rows if not row.cut_off]))
    totals = sum(counts.values(), Counter())
    months = sorted(period for period, n in totals.items() if n >= FEW)
    if len(months) < 2:
        return []
    first, last = months[0], months[-1]

    gains = {t: n[last] / totals[last] - n[first] / totals[first] for t, n in counts.items()}
    term = max(sorted(gains), key=gains.__getitem__)
    before, after = counts[term][first], counts[term][last]
    dispersion = mean_dispersion(by_term[term])
    shares = (Share(first, before, totals[first]), Share(last, after, totals[last]))
    comparison = compare_shares([share.discount(dispersion) for share in shares])
    if comparison is None or comparison.find_clearest_pair(LEVEL / len(counts)) != (last, first):
        return []
    text = (
        f"Of the words for it “{term}” gained most: {before:,} of "
        f"{quantity(totals[first], 'mention')} in {_month(first)}, {after:,} of {totals[last]:,} "
        f"in {_month(last)}."
    )
    return [Highlight("wording", ("gained", term), text)]


def _describe_first_mention(subject: str, rows: Sequence[PeriodRow]) -> list[Highlight]:
    """Name the month of the first mention, where chance would not have put all mentions so late.

    That none of m documents with a mention is among the first b of n has the probability
    (1 - b/n)^m at most, if they are spread at random.
    """
    counted = [row for row in rows if row.matched is not None and not row.cut_off]
    first = next(filter(attrgetter("matched"), counted), None)
    if first is None:
        return []
    documents = sum(row.documents for row in counted)
    before = sum(row.documents for row in counted if row.period < first.period)
    matched = sum(row.matched or 0 for row in counted) / mean_dispersion(counted)
    if (1 - before / documents) ** matched >= LEVEL:
        return []
    text = (
        f"{subject} is first mentioned in {_month(first.period)}; none of the {before:,} documents "
        "of the months before mentions it."
    )
    return [Highlight("first", ("first", first.period), text)]


# --- words ---


def _points(share: float) -> str:
    return f"{_two_digits(100 * share)} percentage points"


def _two_digits(value: float) -> str:
    """Return a number from 0 on with two digits that count, and never as 1e+02."""
    return f"{value:.2g}" if value < 99.5 else f"{value:,.0f}"


def _one_place(value: float) -> str:
    return f"{value:.1f}"


def _two_places(value: float) -> str:
    return f"{value:.2f}"


def _join(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _span(periods: Sequence[str]) -> str:
    if len(periods) == 1:
        return _month(periods[0])
    return f"{_month(periods[0])} to {_month(periods[-1])}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _month(period: str) -> str:
    return month_name(period, "%B %Y")
