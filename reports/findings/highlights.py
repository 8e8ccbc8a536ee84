"""What the numbers of a run say, in a few sentences that say no more than the numbers.

Every sentence that claims something is tested, and no month that is cut off is in any. The tests,
their error rates and their sources are in docs/reports/highlights.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from analysis import grains
from core.enums import Grain
from reports.data.daily_counts import DailyCounts
from reports.data.period_counts import FEW, Count, count_months, mentions_by_month
from reports.data.post_rates import common_months, rate_by_month, rate_over_months
from reports.data.tables.periods import PeriodRow, mean_dispersion
from reports.findings.crossovers import Crossover, find_crossovers
from reports.findings.overlaps import explain_share_overlaps, explain_strict_level, find_separate
from reports.stats.comparing import (
    FEWEST_VALUES,
    LEVEL,
    Comparison,
    Sample,
    Share,
    compare_means,
    compare_shares,
)
from reports.stats.intervals import Z, t_quantile
from reports.stats.trends import Step, find_step, fit_trend
from reports.words.periods import period_name
from reports.words.quantities import format_share, join_words, quantity, signed

SEARCH = "search:"  # how the jobs of searches are named
TIED = 4  # months that are named where several are among the highest
CHANGE_LEVEL = LEVEL / 2  # of a slope, and of a step: one of the two is named (Bonferroni)
LARGE_POLARITY = 0.3  # differences up to which a bound on them says something

Format = Callable[[float], str]
Claim = tuple[Hashable, ...]


@dataclass(frozen=True)
class Ranking:
    """What each month has, and which may be the highest: to see what repeats change of it."""

    values: Mapping[str, float]  # by month
    highest: frozenset[str]  # the highest, and those that cannot be shown to be lower
    half_width: float  # of the 95 % interval of the highest
    form: Format

    @property
    def top(self) -> str:
        """The month with the highest value."""
        return max(self.values, key=self.values.__getitem__)


@dataclass(frozen=True)
class Highlight:
    """A sentence, and what it claims without the figures, to compare it with another report's."""

    kind: str  # share, mood, posts, trend, wording, subjects, first
    claim: Claim  # ("peak", "2020-03"), ("trend", "share", "up"), …
    text: str
    note: str = ""  # sentences after it: why no more is claimed, whether it rests on repeats
    ranking: Ranking | None = field(default=None, compare=False)  # where a highest month is named
    implied: Collection[Claim] = field(default=(), compare=False)  # what else could be claimed


def keyword_highlights(
    subject: str,
    rows: Sequence[PeriodRow],
    by_term: Mapping[str, Sequence[PeriodRow]],
    engines: Sequence[str] = (),
) -> list[Highlight]:
    """Describe a keyword by its share, its mood, its wording and its trends.

    Moods that several *engines* have scored are not compared.
    """
    shares = _shares([row for row in rows if not row.cut_off])
    moods = polarity_samples(rows)
    share_of = f"the share of documents that mention {subject}"
    mood_highlights = _describe_mood(f"around {subject}", rows, "mentions")
    mood_trend = _describe_trend("mood", f"the mood around {subject}", moods, signed)
    if mood_highlights and len(engines) > 1:
        mood_highlights, mood_trend = [_refuse_mood(subject, engines)], []
    return [
        *_describe_share(subject, rows),
        *mood_highlights,
        *_describe_wording(by_term),
        *_describe_first_mention(subject, rows),
        *_describe_trend("share", share_of, _share_samples(shares), format_share),
        *mood_trend,
    ]


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
    moods = polarity_samples(scored_rows)
    return [
        *_describe_posts(name, posts, rates),
        *_describe_mood(whose, scored_rows, "scored posts"),
        *_describe_trend("posts", f"the number of {posts} a day", rates, _one_place),
        *_describe_trend("mood", f"the mood {whose}", moods, signed),
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
        units = _units(counted[0].period)
        text = f"No document mentions {subject} in the {units} that were read: a true zero."
        return [Highlight("share", ("never",), text)]
    if len(counted) == 1:
        (only,) = counted
        text = f"In {_month(only.period)} {_count(only)} {subject}, {_interval(only)}."
        return [Highlight("share", ("one month", only.period), text)]

    whole = [row for row in rows if not row.cut_off]
    shares = _shares(whole)
    comparison = compare_shares(shares)
    if comparison is None:
        what = "too few documents mention it" if len(shares) > 1 else "fewer than two are whole"
        text = (
            f"The {_units(counted[0].period)} of {subject} are not compared: {what} "
            f"({matched:,} of {quantity(documents, 'document')} in all)."
        )
        return [Highlight("share", ("few",), text)]
    by_period = {count.period: count for count in counted}
    highlight = _judge_share(subject, whole, by_period, comparison)
    if highlight.claim[0] == "no change shown":
        return [highlight]
    half_widths = {count.period: (count.high - count.low) / 2 for count in counted}
    return [replace(highlight, ranking=_rank(comparison, half_widths, format_share))]


def _shares(rows: Sequence[PeriodRow]) -> list[Share]:
    """Return the share of each counted month, of as many documents as are independent."""
    dispersion = mean_dispersion(rows)
    shares = []
    for row in rows:
        if row.matched is not None and row.documents:
            shares.append(Share(row.period, row.matched, row.documents).discount(dispersion))
    return shares


def _judge_share(
    subject: str, rows: Sequence[PeriodRow], counts: Mapping[str, Count], comparison: Comparison
) -> Highlight:
    share_of = f"the share of documents that mention {subject}"
    reason = explain_share_overlaps(rows, comparison)
    if not comparison.differs(LEVEL):
        large = _mean_value(comparison) / 2
        return _no_change("share", share_of, comparison, _points, large=large, reason=reason)
    highest = comparison.list_highest(LEVEL)
    if len(highest) == 1:
        most, after = counts[highest[0]], _name_second(comparison, format_share)
        text = (
            f"{subject} stood out most in {_month(most.period)}: {_count(most)} it, "
            f"{_interval(most)}, more than in any other of the {_count_compared(comparison)} "
            f"compared (next: {after})."
        )
        return Highlight("share", ("peak", most.period), text)
    return _tie("share", _capital(share_of), comparison, format_share, reason=reason)


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
        large = _mean_value(comparison) / 2
        return [_no_change("posts", number, comparison, _one_place, large=large)]
    half_widths = {rate.name: Z * math.sqrt(rate.variance / rate.n) for rate in rates}
    ranking = _rank(comparison, half_widths, _one_place)
    highest = comparison.list_highest(LEVEL)
    if len(highest) > 1:
        tie = _tie("posts", _capital(number), comparison, _one_place)
        return [replace(tie, ranking=ranking)]

    (period,) = highest
    rate, after = max(comparison.values), _name_second(comparison, _one_place)
    verb = f"{name} posted most"
    if name.startswith(SEARCH):
        verb = f"Most was posted on “{name.removeprefix(SEARCH)}”"
    text = (
        f"{verb} in {_month(period)}: {rate:.1f} posts a day, more than in any other of the "
        f"{_count_compared(comparison)} compared (next: {after})."
    )
    return [Highlight("posts", ("peak", period), text, ranking=ranking)]


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
    if len(rates) == 2:
        claim, than = f"{most} posts more than {second}", f"against {rates[second]:.1f}"
    else:
        claim = f"{most} posts most of {len(rates)}"
        than = f"against {rates[second]:.1f} of {second}, the next"
    complete = "both" if len(rates) == 2 else "all"
    text = (
        f"{claim}: {rates[most]:.1f} posts a day {than}, in the {quantity(len(months), 'month')} "
        f"that {'is' if len(months) == 1 else 'are'} complete for {complete} "
        f"({_span(sorted(months))}). Reposts count."
    )
    return [Highlight("posts", ("most", most), text)]


# --- mood ---


def polarity_samples(rows: Sequence[PeriodRow]) -> list[Sample]:
    """Return the mean polarity of each whole month with an interval, and the values' variance."""
    samples = []
    for row in rows:
        if row.cut_off:
            continue
        n, mean = row.mentions or 0, row.polarity_mean
        low, high = row.polarity_low, row.polarity_high
        if n > 1 and mean is not None and low is not None and high is not None:
            half = max(mean - low, high - mean)  # one end may be cut at -1 or 1
            samples.append(Sample(row.period, n, mean, n * (half / t_quantile(n - 1)) ** 2))
    return samples


def _describe_mood(whose: str, rows: Sequence[PeriodRow], unit: str) -> list[Highlight]:
    samples = polarity_samples(rows)
    comparison = compare_means(samples, one_variance=True)
    if comparison is None:
        return []
    mood = f"the mood {whose}"
    reason = _explain_mood_overlaps(rows, comparison)
    if not comparison.differs(LEVEL):
        large = LARGE_POLARITY
        return [_no_change("mood", mood, comparison, _two_places, large=large, reason=reason)]
    pair, moved = comparison.find_clearest_pair(LEVEL), ("moved", "mood")
    if pair is None:
        text = (
            f"The mood {whose} varied more than chance allows over {_count_compared(comparison)}, "
            f"but no single pair of {_units(comparison.names[0])} is clear."
        )
        return [Highlight("mood", moved, text, reason)]

    by_period = {sample.name: sample for sample in samples}
    high, low = (f"in {_month(name)} ({_mean(by_period[name])})" for name in pair)
    others = _count_pairs(comparison)
    if len(comparison.names) == 2:
        others = _why_left_out([row for row in rows if row.period not in comparison.names], unit)
    ending = f"; {others}" if others else ""
    text = f"The mood {whose} moved: it was higher {high} than {low}{ending}."
    implied = {moved, *(("higher", *each) for each in comparison.list_different(LEVEL))}
    return [Highlight("mood", ("higher", *pair), text, implied=implied)]


def _refuse_mood(subject: str, engines: Sequence[str]) -> Highlight:
    text = (
        f"The moods around {subject} are not compared over time: {join_words(engines)} have "
        "scored them, each on a scale of its own."
    )
    return Highlight("mood", ("engines",), text)


def _explain_mood_overlaps(rows: Sequence[PeriodRow], comparison: Comparison) -> str:
    intervals = {}
    for row in rows:
        if row.polarity_low is not None and row.polarity_high is not None:
            intervals[row.period] = row.polarity_low, row.polarity_high
    return explain_strict_level(find_separate(intervals, comparison))


def _why_left_out(rows: Sequence[PeriodRow], unit: str) -> str:
    """Return why *rows* are not compared with the others by their moods."""
    reasons = dict.fromkeys(_why_one_left_out(row, unit) for row in rows)
    return f"the others {' or '.join(reasons)}" if reasons else ""


def _why_one_left_out(row: PeriodRow, unit: str) -> str:
    if row.mentions is None:
        return "have no data"
    if row.cut_off:
        return "are cut off"
    return f"have fewer than ten {unit}" if row.mentions < FEWEST_VALUES else "have no polarity"


def _mean(sample: Sample) -> str:
    return f"{signed(sample.mean)}, n = {sample.n:,}"


# --- what shares, posts and moods have in common ---


def _rank(comparison: Comparison, half_widths: Mapping[str, float], form: Format) -> Ranking:
    values = dict(zip(comparison.names, comparison.values, strict=True))
    highest = frozenset(comparison.list_highest(LEVEL))
    return Ranking(values, highest, half_widths[max(values, key=values.__getitem__)], form)


def _mean_value(comparison: Comparison) -> float:
    return math.fsum(comparison.values) / len(comparison.values)


def _no_change(
    kind: str, what: str, comparison: Comparison, form: Format, *, large: float, reason: str = ""
) -> Highlight:
    """Say how large a change may be that was not found; above *large* that next to none is told.

    *reason* says why months are not told apart whose intervals do not overlap.
    """
    most = comparison.bound_change(LEVEL)
    bound = (
        f"the figures rule out only differences above {form(most)} "
        f"({_count_compared(comparison)} compared)."
    )
    text = f"No clear change of {what} was found; {bound}"
    if most > large:
        text = f"Too few or too uneven to tell whether {what} changed: {bound}"
    return Highlight(kind, ("no change shown", kind), text, reason)


def _tie(
    kind: str, what: str, comparison: Comparison, form: Format, *, reason: str = ""
) -> Highlight:
    """Describe figures that differ where more than one may be the highest.

    *reason* says why months are not told apart whose intervals do not overlap.
    """
    highest = comparison.list_highest(LEVEL)
    values = dict(zip(comparison.names, comparison.values, strict=True))
    if len(highest) <= min(TIED, len(values) - 1):
        top, *others = sorted(highest, key=values.__getitem__, reverse=True)
        named = [f"{_month(period)} ({form(values[period])})" for period in others]
        text = (
            f"{what} moved. It was highest in {_month(top)} ({form(values[top])}), but "
            f"{join_words(named)} cannot be told apart from it "
            f"({_count_compared(comparison)} compared)."
        )
        return Highlight(kind, ("among the highest", *highest), text, reason)
    top = max(values, key=values.__getitem__)
    text = (
        f"{what} moved, but no {_unit(top)} stands out: {len(highest) - 1} of the other "
        f"{len(values) - 1} {_units(top)} cannot be told from the highest, {_month(top)} "
        f"({form(values[top])})."
    )
    return Highlight(kind, ("moved", kind), text, reason)


def _count_pairs(comparison: Comparison) -> str:
    pairs = math.comb(len(comparison.names), 2)
    different = len(comparison.list_different(LEVEL))
    verb = "differs" if different == 1 else "differ"
    return f"{different or 'none'} of {pairs:,} pairs of {_units(comparison.names[0])} {verb}"


def _count_compared(comparison: Comparison) -> str:
    return f"{len(comparison.names)} {_units(comparison.names[0])}"


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
    kind: str, what: str, samples: Sequence[Sample], form: Format
) -> list[Highlight]:
    """Name the slope of the months, or their step where one fits better, if it is significant.

    Months are weighed by one variance.
    """
    kept = [sample for sample in samples if sample.n > 1]
    degrees = sum(sample.n - 1 for sample in kept)
    if not degrees:
        return []
    pooled = sum((sample.n - 1) * sample.variance for sample in kept) / degrees
    months = [_number(sample.name) for sample in kept]
    means = list(map(attrgetter("mean"), kept))
    variances = [pooled / sample.n for sample in kept]
    trend = fit_trend(months, means, variances)
    if trend is None:
        return []
    step = find_step(months, means, variances)
    if step is not None:
        return _describe_step(kind, what, kept, step, form)
    if trend.p_value >= CHANGE_LEVEL:
        return []

    verb, direction = ("rises", "up") if trend.slope > 0 else ("falls", "down")
    scale, unit = (100, " percentage points") if kind == "share" else (1, "")
    ends = sorted(map(abs, trend.interval(CHANGE_LEVEL)))
    slope, low, high = (_two_digits(scale * value) for value in (abs(trend.slope), *ends))
    text = (
        f"A straight line fitted to {what} {verb} by {slope}{unit} a {_unit(kept[0].name)} "
        f"({100 * (1 - CHANGE_LEVEL):g} % interval {low} to {high}, "
        f"{len(kept)} {_units(kept[0].name)})."
    )
    return [Highlight("trend", ("trend", kind, direction), text)]


def _describe_step(
    kind: str, what: str, samples: Sequence[Sample], step: Step, form: Format
) -> list[Highlight]:
    if step.p_value >= CHANGE_LEVEL:
        return []
    verb, direction = ("rose", "up") if step.after > step.before else ("fell", "down")
    last, first = samples[step.place - 1].name, samples[step.place].name
    unit = _unit(first)
    text = (
        f"{_capital(what)} {verb} in one step rather than {unit} by {unit}: {form(step.before)} on "
        f"average to {_month(last)}, {form(step.after)} from {_month(first)} on "
        f"({len(samples)} {unit}s)."
    )
    return [Highlight("trend", ("step", kind, direction, first), text)]


def _number(period: str) -> float:
    """Return a month, or a year, by its number from the year 0 on."""
    if grains.grain_of(period) == Grain.YEAR:
        return float(period)
    return float(int(period[:4]) * 12 + int(period[5:]))


# --- wording ---


def _describe_wording(by_term: Mapping[str, Sequence[PeriodRow]]) -> list[Highlight]:
    """Name the last month in which one term overtakes another, else the term that gained most."""
    crossovers = find_crossovers(by_term)[-1:]
    if crossovers:
        return [describe_crossover(crossovers[0], "wording")]
    return _describe_gain(by_term)


def describe_crossover(crossover: Crossover, kind: str, certainty: str = "") -> Highlight:
    """Return the sentence that one overtook another; *certainty* says how surely in that month."""
    after, before = crossover.counts_before, crossover.counts_after
    text = (
        f"“{crossover.after}” overtook “{crossover.before}” in {_month(crossover.period)}"
        f"{certainty}: {after[0]:,} to {after[1]:,} documents before, {before[0]:,} to "
        f"{before[1]:,} from then on."
    )
    claim = ("overtakes", crossover.after, crossover.before, crossover.period)
    return Highlight(kind, claim, text)


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
        f"of the {_units(first.period)} before mentions it."
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


def _span(periods: Sequence[str]) -> str:
    if len(periods) == 1:
        return _month(periods[0])
    return f"{_month(periods[0])} to {_month(periods[-1])}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _unit(period: str) -> str:
    """Return what is compared: months, or years of a run that is too long for them."""
    return grains.grain_of(period).value


def _units(period: str) -> str:
    return f"{_unit(period)}s"


def _month(period: str) -> str:
    return period_name(period, "%B %Y")
