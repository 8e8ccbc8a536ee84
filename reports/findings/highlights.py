"""What the numbers of a run say, in a few sentences that say no more than the numbers.

Every sentence that claims something is tested, and no month that is cut off is in any. The tests,
their error rates and their sources are in docs/reports/highlights.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

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

# The names of searches' jobs begin with this prefix.
SEARCH = "search:"
# At most this many months are named if several are among the highest.
TIED = 4
# Either a slope or a step is named, each tested at half the level (Bonferroni).
CHANGE_LEVEL = LEVEL / 2
# A bound on a difference of polarity tells something up to this size.
LARGE_POLARITY = 0.3

# Several engines have scored a mood, each on a scale of its own: nothing is claimed of it.
SEVERAL_ENGINES = ("engines",)

# Claims on moods whose kind of highlight has other claims too: of groups and of keywords, and the
# trends and differences of moods.
MOOD_CLAIMS = ("higher", "higher mood")
MOOD_CHANGES = (
    ("trend", "mood"),
    ("step", "mood"),
    ("differ", "mood"),
    ("no difference shown", "mood"),
)

Format = Callable[[float], str]
Claim = tuple[Hashable, ...]


@dataclass(frozen=True)
class Ranking:
    """What each month has, and which may be the highest: to see what repeats change of it."""

    # The value of each month.
    values: Mapping[str, float]

    # The highest month, and those that cannot be shown to be lower.
    highest: frozenset[str]

    # Half the width of the 95 % interval of the highest value.
    half_width: float

    form: Format

    @property
    def top(self) -> str:
        """The month with the highest value."""
        return max(self.values, key=self.values.__getitem__)


@dataclass(frozen=True)
class Highlight:
    """A sentence, and what it claims without the figures, to compare it with another report's."""

    # One of share, mood, posts, trend, wording, subjects, groups and first.
    kind: str

    # The claim without its figures: ("peak", "2020-03"), ("trend", "share", "up"), …
    claim: Claim

    text: str

    # Sentences after the text: why no more is claimed, or whether it rests on repeats.
    note: str = ""

    # Only a highlight that names a highest month has a ranking.
    ranking: Ranking | None = field(default=None, compare=False)

    # Other claims that the same figures support.
    implied: Collection[Claim] = field(default=(), compare=False)

    @property
    def is_about_polarity(self) -> bool:
        """Whether the highlight claims something of a mood, in whichever section it stands."""
        if self.claim == SEVERAL_ENGINES:
            return False
        return self.kind == "mood" or self.claim[0] in MOOD_CLAIMS or self.claim[:2] in MOOD_CHANGES


def keyword_highlights(
    subject: str,
    period_rows: Sequence[PeriodRow],
    rows_by_term: Mapping[str, Sequence[PeriodRow]],
    engines: Sequence[str] = (),
) -> list[Highlight]:
    """Describe a keyword by its share, its mood, its wording and its trends.

    Moods that several *engines* have scored are not compared.
    """
    shares = _shares([period_row for period_row in period_rows if not period_row.cut_off])
    moods = polarity_samples(period_rows)
    share_of = f"the share of documents that mention {subject}"
    mood_highlights = _describe_mood(f"around {subject}", period_rows, "mentions")
    mood_trend = _describe_trend("mood", f"the mood around {subject}", moods, signed)
    if mood_highlights and len(engines) > 1:
        mood_highlights, mood_trend = [_refuse_mood(subject, engines)], []
    return [
        *_describe_share(subject, period_rows),
        *mood_highlights,
        *_describe_wording(rows_by_term),
        *_describe_first_mention(subject, period_rows),
        *_describe_trend("share", share_of, _share_samples(shares), format_share),
        *mood_trend,
    ]


def handle_highlights(
    job_name: str,
    month_rows: Sequence[PeriodRow],
    scored_rows: Sequence[PeriodRow],
    days: DailyCounts,
) -> list[Highlight]:
    """Describe the posts of the account or search that the job *job_name* is about.

    *scored_rows* are the same rows with the number of posts that have a polarity; *days* are the
    posts of each day.
    """
    posts = f"posts of {job_name}"
    if job_name.startswith(SEARCH):
        posts = f"posts on “{job_name.removeprefix(SEARCH)}”"
    whose = f"of the {posts}"
    rates = rate_by_month(month_rows, days)
    moods = polarity_samples(scored_rows)
    return [
        *_describe_posts(job_name, posts, rates),
        *_describe_mood(whose, scored_rows, "scored posts"),
        *_describe_trend("posts", f"the number of {posts} a day", rates, _one_place),
        *_describe_trend("mood", f"the mood {whose}", moods, signed),
    ]


def account_highlights(
    rows_by_account: Mapping[str, Sequence[PeriodRow]], days: Mapping[str, DailyCounts]
) -> list[Highlight]:
    """Name the account, or search, that posts most, and how many have no posts.

    Their moods are not compared: scores differ by names and by style, whatever was felt.
    """
    posting = {
        account: account_rows for account, account_rows in rows_by_account.items() if account_rows
    }
    highlights = _describe_rates(posting, days)
    silent = len(rows_by_account) - len(posting)
    if silent and posting:
        verb = "has" if silent == 1 else "have"
        text = f"{silent} of {len(rows_by_account)} {verb} no posts; the table says why."
        highlights.append(Highlight("posts", ("silent", silent), text))
    return highlights


# --- how often ---


def _describe_share(subject: str, period_rows: Sequence[PeriodRow]) -> list[Highlight]:
    counted = [count for count in count_months(period_rows) if count.share is not None]
    if not counted:
        return []

    matched = sum(count.matched for count in counted)
    documents = sum(count.documents for count in counted)
    if not matched:
        units = _units(counted[0].period)
        text = f"No document mentions {subject} in the {units} that were read: a true zero."
        return [Highlight("share", ("never",), text)]
    if len(counted) == 1:
        (only,) = counted
        text = f"In {_month(only.period)} {_count(only)} {subject}, {_interval(only)}."
        return [Highlight("share", ("one month", only.period), text)]

    whole = [period_row for period_row in period_rows if not period_row.cut_off]
    shares = _shares(whole)
    comparison = compare_shares(shares)
    if comparison is None:
        what = "too few documents mention it" if len(shares) > 1 else "fewer than two are whole"
        text = (
            f"The {_units(counted[0].period)} of {subject} are not compared: {what} "
            f"({matched:,} of {quantity(documents, 'document')} in all)."
        )
        return [Highlight("share", ("few",), text)]

    counts_by_period = {count.period: count for count in counted}
    highlight = _judge_share(subject, whole, counts_by_period, comparison)
    if highlight.claim[0] == "no change shown":
        return [highlight]

    half_widths = {count.period: (count.high - count.low) / 2 for count in counted}
    return [replace(highlight, ranking=_rank(comparison, half_widths, format_share))]


def _shares(period_rows: Sequence[PeriodRow]) -> list[Share]:
    """Return the share of each counted month, of as many documents as are independent."""
    dispersion = mean_dispersion(period_rows)
    shares = []
    for month in period_rows:
        if month.matched is not None and month.documents:
            shares.append(Share(month.period, month.matched, month.documents).discount(dispersion))
    return shares


def _judge_share(
    subject: str,
    period_rows: Sequence[PeriodRow],
    counts: Mapping[str, Count],
    comparison: Comparison,
) -> Highlight:
    share_of = f"the share of documents that mention {subject}"
    reason = explain_share_overlaps(period_rows, comparison)
    if not comparison.differs(LEVEL):
        large = _mean_value(comparison) / 2
        return _no_change("share", share_of, comparison, _points, large=large, reason=reason)

    highest = comparison.list_highest(LEVEL)
    if len(highest) == 1:
        most, next_highest = counts[highest[0]], _name_second(comparison, format_share)
        text = (
            f"{subject} stood out most in {_month(most.period)}: {_count(most)} it, "
            f"{_interval(most)}, more than in any other of the {_count_compared(comparison)} "
            f"compared (next: {next_highest})."
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


def _describe_posts(job_name: str, posts: str, rates: Sequence[Sample]) -> list[Highlight]:
    comparison = compare_means(rates)
    if comparison is None:
        return []

    posts_a_day = f"the number of {posts} a day"
    if not comparison.differs(LEVEL):
        large = _mean_value(comparison) / 2
        return [_no_change("posts", posts_a_day, comparison, _one_place, large=large)]

    half_widths = {rate.name: Z * math.sqrt(rate.variance / rate.n) for rate in rates}
    ranking = _rank(comparison, half_widths, _one_place)
    highest = comparison.list_highest(LEVEL)
    if len(highest) > 1:
        tie = _tie("posts", _capital(posts_a_day), comparison, _one_place)
        return [replace(tie, ranking=ranking)]

    (period,) = highest
    rate, next_highest = max(comparison.values), _name_second(comparison, _one_place)
    verb = f"{job_name} posted most"
    if job_name.startswith(SEARCH):
        verb = f"Most was posted on “{job_name.removeprefix(SEARCH)}”"
    text = (
        f"{verb} in {_month(period)}: {rate:.1f} posts a day, more than in any other of the "
        f"{_count_compared(comparison)} compared (next: {next_highest})."
    )
    return [Highlight("posts", ("peak", period), text, ranking=ranking)]


def _describe_rates(
    rows_by_account: Mapping[str, Sequence[PeriodRow]], days: Mapping[str, DailyCounts]
) -> list[Highlight]:
    """Name the account that posts most a day in the months that all accounts cover, if one does."""
    months = common_months(rows_by_account)
    samples = []
    for account, account_rows in rows_by_account.items() if months else ():
        common_rows = [month_row for month_row in account_rows if month_row.period in months]
        samples.append(rate_over_months(account, common_rows, days[account]))
    comparison = compare_means(samples)
    if comparison is None or not comparison.differs(LEVEL):
        return []

    highest = comparison.list_highest(LEVEL)
    if len(highest) > 1:
        return []

    rates = dict(zip(comparison.names, comparison.values, strict=True))
    most, runner_up = sorted(rates, key=rates.__getitem__, reverse=True)[:2]
    if len(rates) == 2:
        claim, than = f"{most} posts more than {runner_up}", f"against {rates[runner_up]:.1f}"
    else:
        claim = f"{most} posts most of {len(rates)}"
        than = f"against {rates[runner_up]:.1f} of {runner_up}, the next"
    complete = "both" if len(rates) == 2 else "all"
    text = (
        f"{claim}: {rates[most]:.1f} posts a day {than}, in the {quantity(len(months), 'month')} "
        f"that {'is' if len(months) == 1 else 'are'} complete for {complete} "
        f"({_span(sorted(months))}). Reposts count."
    )
    return [Highlight("posts", ("most", most), text)]


# --- mood ---


def polarity_samples(period_rows: Sequence[PeriodRow]) -> list[Sample]:
    """Return the mean polarity of each whole month with an interval, and the values' variance."""
    samples = []
    for period_row in period_rows:
        if period_row.cut_off:
            continue
        scored, mean = period_row.mentions or 0, period_row.polarity_mean
        low, high = period_row.polarity_low, period_row.polarity_high
        if scored > 1 and mean is not None and low is not None and high is not None:
            # One end of the interval may be cut at -1 or 1.
            half = max(mean - low, high - mean)
            variance = scored * (half / t_quantile(scored - 1)) ** 2
            samples.append(Sample(period_row.period, scored, mean, variance))
    return samples


def _describe_mood(whose: str, period_rows: Sequence[PeriodRow], unit: str) -> list[Highlight]:
    samples = polarity_samples(period_rows)
    comparison = compare_means(samples, one_variance=True)
    if comparison is None:
        return []

    mood = f"the mood {whose}"
    reason = _explain_mood_overlaps(period_rows, comparison)
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

    samples_by_period = {sample.name: sample for sample in samples}
    high, low = (f"in {_month(period)} ({_mean(samples_by_period[period])})" for period in pair)
    remark = _count_pairs(comparison)
    if len(comparison.names) == 2:
        excluded = [month for month in period_rows if month.period not in comparison.names]
        remark = _why_left_out(excluded, unit)
    ending = f"; {remark}" if remark else ""
    text = f"The mood {whose} moved: it was higher {high} than {low}{ending}."
    implied = {moved, *(("higher", *periods) for periods in comparison.list_different(LEVEL))}
    return [Highlight("mood", ("higher", *pair), text, implied=implied)]


def _refuse_mood(subject: str, engines: Sequence[str]) -> Highlight:
    text = (
        f"The moods around {subject} are not compared over time: {join_words(engines)} have "
        "scored them, each on a scale of its own."
    )
    return Highlight("mood", SEVERAL_ENGINES, text)


def _explain_mood_overlaps(period_rows: Sequence[PeriodRow], comparison: Comparison) -> str:
    intervals = {}
    for period_row in period_rows:
        if period_row.polarity_low is not None and period_row.polarity_high is not None:
            intervals[period_row.period] = period_row.polarity_low, period_row.polarity_high
    return explain_strict_level(find_separate(intervals, comparison))


def _why_left_out(excluded_rows: Sequence[PeriodRow], unit: str) -> str:
    """Return why *excluded_rows* are not compared with the others by their moods."""
    reasons = dict.fromkeys(_why_one_left_out(excluded_row, unit) for excluded_row in excluded_rows)
    return f"the others {' or '.join(reasons)}" if reasons else ""


def _why_one_left_out(excluded_row: PeriodRow, unit: str) -> str:
    if excluded_row.mentions is None:
        return "have no data"
    if excluded_row.cut_off:
        return "are cut off"
    if excluded_row.mentions < FEWEST_VALUES:
        return f"have fewer than ten {unit}"
    return "have no polarity"


def _mean(sample: Sample) -> str:
    return f"{signed(sample.mean)}, n = {sample.n:,}"


# --- what shares, posts and moods have in common ---


def _rank(comparison: Comparison, half_widths: Mapping[str, float], form: Format) -> Ranking:
    values_by_period = dict(zip(comparison.names, comparison.values, strict=True))
    highest = frozenset(comparison.list_highest(LEVEL))
    top = max(values_by_period, key=values_by_period.__getitem__)
    return Ranking(values_by_period, highest, half_widths[top], form)


def _mean_value(comparison: Comparison) -> float:
    return math.fsum(comparison.values) / len(comparison.values)


def _no_change(
    kind: str, what: str, comparison: Comparison, form: Format, *, large: float, reason: str = ""
) -> Highlight:
    """State the largest change that was not found; above *large* the data tell next to nothing.

    *reason* says why months with separate intervals are not told apart.
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

    *reason* says why months with separate intervals are not told apart.
    """
    highest = comparison.list_highest(LEVEL)
    values_by_period = dict(zip(comparison.names, comparison.values, strict=True))
    if len(highest) <= min(TIED, len(values_by_period) - 1):
        top, *tied_periods = sorted(highest, key=values_by_period.__getitem__, reverse=True)
        named = [f"{_month(period)} ({form(values_by_period[period])})" for period in tied_periods]
        text = (
            f"{what} moved. It was highest in {_month(top)} ({form(values_by_period[top])}), but "
            f"{join_words(named)} cannot be told apart from it "
            f"({_count_compared(comparison)} compared)."
        )
        return Highlight(kind, ("among the highest", *highest), text, reason)

    top = max(values_by_period, key=values_by_period.__getitem__)
    text = (
        f"{what} moved, but no {_unit(top)} stands out: {len(highest) - 1} of the other "
        f"{len(values_by_period) - 1} {_units(top)} cannot be told from the highest, {_month(top)} "
        f"({form(values_by_period[top])})."
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
    second_value, period = ranked[1]
    return f"{_month(period)}, {form(second_value)}"


# --- trends ---


def _share_samples(shares: Sequence[Share]) -> list[Sample]:
    """Return shares as means of ones and zeros, each with the variance of all together."""
    documents = sum(share.n for share in shares)
    matched = sum(share.matched for share in shares)
    pooled = matched / documents if documents else 0.0
    variance = pooled * (1 - pooled)
    return [Sample(share.name, share.n, share.matched / share.n, variance) for share in shares]


def _describe_trend(
    kind: str, what: str, samples: Sequence[Sample], form: Format
) -> list[Highlight]:
    """Name the slope of the months, or their step if it fits better, if it is significant.

    Months are weighed by one variance.
    """
    trend_samples = [sample for sample in samples if sample.n > 1]
    degrees = sum(sample.n - 1 for sample in trend_samples)
    if not degrees:
        return []

    pooled = sum((sample.n - 1) * sample.variance for sample in trend_samples) / degrees
    months = [_number(sample.name) for sample in trend_samples]
    means = [sample.mean for sample in trend_samples]
    variances = [pooled / sample.n for sample in trend_samples]
    trend = fit_trend(months, means, variances)
    if trend is None:
        return []

    step = find_step(months, means, variances)
    if step is not None:
        return _describe_step(kind, what, trend_samples, step, form)
    if trend.p_value >= CHANGE_LEVEL:
        return []

    verb, direction = ("rises", "up") if trend.slope > 0 else ("falls", "down")
    scale, unit = (100, " percentage points") if kind == "share" else (1, "")
    ends = sorted(map(abs, trend.interval(CHANGE_LEVEL)))
    slope, low, high = (_two_digits(scale * estimate) for estimate in (abs(trend.slope), *ends))
    text = (
        f"A straight line fitted to {what} {verb} by {slope}{unit} a "
        f"{_unit(trend_samples[0].name)} ({100 * (1 - CHANGE_LEVEL):g} % interval {low} to {high}, "
        f"{len(trend_samples)} {_units(trend_samples[0].name)})."
    )
    return [Highlight("trend", ("trend", kind, direction), text)]


def _describe_step(
    kind: str, what: str, samples: Sequence[Sample], step: Step, form: Format
) -> list[Highlight]:
    if step.p_value >= CHANGE_LEVEL:
        return []

    verb, direction = ("rose", "up") if step.after > step.before else ("fell", "down")
    period_before, step_period = samples[step.place - 1].name, samples[step.place].name
    unit = _unit(step_period)
    text = (
        f"{_capital(what)} {verb} in one step rather than {unit} by {unit}: {form(step.before)} on "
        f"average to {_month(period_before)}, {form(step.after)} from {_month(step_period)} on "
        f"({len(samples)} {unit}s)."
    )
    return [Highlight("trend", ("step", kind, direction, step_period), text)]


def _number(period: str) -> float:
    """Return a month, or a year, by its number from the year 0 on."""
    if grains.grain_of(period) == Grain.YEAR:
        return float(period)
    return float(int(period[:4]) * 12 + int(period[5:]))


# --- wording ---


def _describe_wording(rows_by_term: Mapping[str, Sequence[PeriodRow]]) -> list[Highlight]:
    """Name the last month in which one term overtakes another, or the term that gained most."""
    crossovers = find_crossovers(rows_by_term)[-1:]
    if crossovers:
        return [describe_crossover(crossovers[0], "wording")]
    return _describe_gain(rows_by_term)


def describe_crossover(crossover: Crossover, kind: str, certainty: str = "") -> Highlight:
    """State that one subject overtook another; *certainty* says how sure the month is."""
    earlier_counts, later_counts = crossover.counts_before, crossover.counts_after
    text = (
        f"“{crossover.after}” overtook “{crossover.before}” in {_month(crossover.period)}"
        f"{certainty}: {earlier_counts[0]:,} to {earlier_counts[1]:,} documents before, "
        f"{later_counts[0]:,} to {later_counts[1]:,} from then on."
    )
    claim = ("overtakes", crossover.after, crossover.before, crossover.period)
    return Highlight(kind, claim, text)


def _describe_gain(rows_by_term: Mapping[str, Sequence[PeriodRow]]) -> list[Highlight]:
    """Name the term whose share of the mentions grew most from the first month to the last.

    The test of two shares at `LEVEL`, divided by the number of terms (Bonferroni).
    """
    counts: dict[str, Counter[str]] = {}
    for term, term_rows in rows_by_term.items():
        counts[term] = Counter(
            mentions_by_month([month for month in term_rows if not month.cut_off])
        )
    totals = sum(counts.values(), Counter())
    months = sorted(period for period, mentions in totals.items() if mentions >= FEW)
    if len(months) < 2:
        return []

    start, end = months[0], months[-1]

    gains = {}
    for term, mentions in counts.items():
        gains[term] = mentions[end] / totals[end] - mentions[start] / totals[start]
    term = max(sorted(gains), key=gains.__getitem__)
    start_count, end_count = counts[term][start], counts[term][end]
    dispersion = mean_dispersion(rows_by_term[term])
    shares = (
        Share(start, start_count, totals[start]),
        Share(end, end_count, totals[end]),
    )
    comparison = compare_shares([share.discount(dispersion) for share in shares])
    if comparison is None:
        return []
    if comparison.find_clearest_pair(LEVEL / len(counts)) != (end, start):
        return []

    text = (
        f"Of the words for it “{term}” gained most: {start_count:,} of "
        f"{quantity(totals[start], 'mention')} in {_month(start)}, {end_count:,} of "
        f"{totals[end]:,} in {_month(end)}."
    )
    return [Highlight("wording", ("gained", term), text)]


def _describe_first_mention(subject: str, period_rows: Sequence[PeriodRow]) -> list[Highlight]:
    """Name the month of the first mention if chance would not have put all mentions so late.

    If m mentioning documents are spread at random among n, none of them is among the first b with a
    probability of at most (1 - b/n)^m.
    """
    counted = [month for month in period_rows if month.matched is not None and not month.cut_off]
    first_month = next((month for month in counted if month.matched), None)
    if first_month is None:
        return []

    documents = sum(month.documents for month in counted)
    earlier_documents = sum(
        month.documents for month in counted if month.period < first_month.period
    )
    matched = sum(month.matched or 0 for month in counted) / mean_dispersion(counted)
    if (1 - earlier_documents / documents) ** matched >= LEVEL:
        return []

    text = (
        f"{subject} is first mentioned in {_month(first_month.period)}; none of the "
        f"{earlier_documents:,} documents of the {_units(first_month.period)} before mentions it."
    )
    return [Highlight("first", ("first", first_month.period), text)]


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
