"""How often events are false, and how many of the changes that were real are told.

    python bench/events.py [--series 400] [--seed 1] [--folder FOLDER]

Some ten minutes on one core. Five kinds of series in which nothing changes look like news: each
document, each day or each week of real headlines in random order, and a rate that goes up and down
with a memory of three or ten days. At most 5 % of the series of a subject should have any event.
In a sixth kind a subject comes every December; after its first two years it should have as few.
FOLDER holds the archive months 2017-01 to 2018-12 of nyt: their days are dealt out, and the words
that rise most tell how many of the months with at least three, and ten, times the share of the
year before are told. Without FOLDER only documents and rates are made up, of 160 headlines a day.
Ends with 1 where more than 5 % of the series have an event, by more than chance explains.
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import harness
import numpy as np
import numpy.typing as npt

from analysis import grains
from analysis.grains import list_months
from core.enums import Grain
from reports.data.tables.periods import PeriodRow
from reports.findings.events import Departures, Event, Series, find_events
from reports.findings.measures import SHARE
from reports.stats.surprise import FEWEST_SEASON_YEARS
from sources.base import SourceDocument
from sources.registry import source_named

WANTED = 0.05
# A subject by its share of documents.
SIZES = {"rare, 0.3 %": 0.003, "medium, 1 %": 0.01, "frequent, 5 %": 0.05}
LENGTHS = (24, 60)
MEMORIES = (3, 10)
# The standard deviation of the logarithm of a rate that goes up and down.
SWAY = 0.4
# So many ordinary words of each size are dealt out; few words are frequent.
WORDS = 12
# An ordinary word is in a headline of so many of the weeks: its weeks hold no single story.
ORDINARY = 0.9
# The words that rise most, of which a rise has at least so many documents.
RISING = 60
FEWEST = 20
TIMES = (3, 10)
DAYS_OF_MADE_UP = 160
# A subject of a season has so many times its share every December.
TIMES_IN_DECEMBER = 4
_WORD = re.compile(r"[a-z][a-z\u2019'-]{2,}")

Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Archive:
    """The documents of each day, without bulk days, and those with each word."""

    first: date
    documents: Counts
    matched: Mapping[str, Counts]

    def weeks(self, counts: Counts) -> Counts:
        """Return *counts* of days as rows of seven, from the first Monday on."""
        monday = -self.first.weekday() % 7
        weeks = (len(counts) - monday) // 7
        return counts[monday : monday + 7 * weeks].reshape(weeks, 7)

    def ordinary_words(self, share: float) -> list[str]:
        """Return the words whose share of documents is nearest, in nearly all weeks."""
        total = int(self.documents.sum())
        ranked = sorted(
            self.matched, key=lambda word: abs(int(self.matched[word].sum()) / total - share)
        )
        words = []
        for word in ranked:
            weekly = self.weeks(self.matched[word]).sum(axis=1)
            if np.mean(weekly > 0) >= ORDINARY:
                words.append(word)
            if len(words) == WORDS:
                break

        return words


def read_archive(folder: Path) -> Archive | None:
    """Read the headlines of two years; None where they are not there."""
    months = list_months("2017-01", "2018-12")
    paths = [folder / f"{month}.json.gz" for month in months]
    archive = source_named("nyt").archive
    if archive is None or archive.read is None or not all(path.exists() for path in paths):
        return None

    first = date(2017, 1, 1)
    days = sum(map(grains.count_days, months))
    documents = np.zeros(days, np.int64)
    matched: dict[str, Counts] = defaultdict(lambda: np.zeros(days, np.int64))
    for path in paths:
        for item in archive.read(path):
            if isinstance(item, SourceDocument) and item.published_at is not None:
                day = (item.published_at.date() - first).days
                documents[day] += 1
                for word in set(_WORD.findall(item.text.lower())):
                    matched[word][day] += 1

    is_bulk = documents > 4 * np.median(documents)
    for counts in (documents, *matched.values()):
        counts[is_bulk] = 0

    kept = {word: counts for word, counts in matched.items() if counts.sum() >= FEWEST}
    return Archive(first, documents, kept)


# --- series in which nothing changes ---


def deal_documents(
    rng: np.random.Generator, days: int, share: float, archive: Archive | None
) -> tuple[Counts, Counts]:
    """Return the matching and all documents of each day; each document matches by chance."""
    documents = _documents_of_days(days, archive)
    return rng.binomial(documents, share), documents


def deal_days(
    rng: np.random.Generator, days: int, archive: Archive, word: str, *, whole_weeks: bool
) -> tuple[Counts, Counts]:
    """Return real days in random order, each weekday among its own, or real weeks as they are."""
    weeks_of_documents = archive.weeks(archive.documents)
    weeks_of_word = archive.weeks(archive.matched[word])
    dealt_word: list[Counts] = []
    dealt_documents: list[Counts] = []
    shape = weeks_of_documents.shape
    while len(dealt_word) * weeks_of_documents.size < days:
        order = np.tile(rng.permutation(shape[0])[:, None], 7)
        if not whole_weeks:
            order = rng.permuted(np.tile(np.arange(shape[0])[:, None], 7), axis=0)

        dealt_word.append(np.take_along_axis(weeks_of_word, order, axis=0))
        dealt_documents.append(np.take_along_axis(weeks_of_documents, order, axis=0))

    matched, documents = (
        np.concatenate(dealt).ravel()[:days] for dealt in (dealt_word, dealt_documents)
    )
    return matched, documents


def sway(
    rng: np.random.Generator,
    days: int,
    share: float | Rates,
    memory: int,
    archive: Archive | None,
) -> tuple[Counts, Counts]:
    """Return days whose share is log-normal, and correlated by exp(-1 / *memory*) from day to day.

    The autoregressive process of the first order: G. U. Yule, "On a method of investigating
    periodicities in disturbed series", Philosophical Transactions A 226 (1927).
    """
    correlation = math.exp(-1 / memory)
    shocks = rng.normal(0, SWAY, days)
    logarithm = np.empty(days)
    logarithm[0] = shocks[0]
    for day in range(1, days):
        shock = math.sqrt(1 - correlation**2) * shocks[day]
        logarithm[day] = correlation * logarithm[day - 1] + shock

    rates = share * np.exp(logarithm - SWAY**2 / 2)
    documents = _documents_of_days(days, archive)
    return rng.binomial(documents, np.minimum(rates, 0.9)), documents


def _documents_of_days(days: int, archive: Archive | None) -> Counts:
    if archive is None:
        return np.full(days, DAYS_OF_MADE_UP)
    return np.resize(archive.weeks(archive.documents), days)


# --- events ---


def count_periods(
    matched: Sequence[int], documents: Sequence[int], first: date, grain: Grain
) -> list[PeriodRow]:
    """Return the rows of the whole periods of daily counts."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for number, (matching, n) in enumerate(zip(matched, documents, strict=True)):
        total = totals[grains.period_of(first + timedelta(number), grain)]
        for place, count in enumerate((matching, n, 1)):
            total[place] += count

    rows = []
    for period, (matching, n, days) in totals.items():
        rows.append(
            PeriodRow(
                run=1,
                period=period,
                handle=None,
                keyword="k",
                term=None,
                state="complete",
                documents=n,
                matched=matching,
                mentions=matching,
                share=None,
                share_low=None,
                share_high=None,
                polarity_mean=None,
                polarity_low=None,
                polarity_high=None,
                job=None,
                cut_off=days < grains.count_days(period),
            )
        )

    return rows


def find_share_surprises(matched: Counts, documents: Counts, first: date) -> Departures:
    """Return the events and the largest changes of a subject, of its months and its weeks."""
    days = matched.tolist(), documents.tolist()
    series = [
        Series("k", SHARE, count_periods(*days, first, grain))
        for grain in (Grain.MONTH, Grain.WEEK)
    ]
    return find_events(series)


def list_nulls(archive: Archive | None) -> Iterator[str]:
    """Yield the names of the kinds of series that can be made."""
    yield "documents"
    if archive is not None:
        yield from ("days", "weeks")

    yield from (f"memory of {memory} days" for memory in MEMORIES)


@dataclass(frozen=True)
class Subject:
    """A subject whose days are made: its share of documents, and the real words of about that."""

    share: float
    words: Sequence[str]


def make_null(
    rng: np.random.Generator, null: str, days: int, subject: Subject, archive: Archive | None
) -> tuple[Counts, Counts]:
    """Return the matching and all documents of each day of a series in which nothing changes."""
    if null == "documents":
        return deal_documents(rng, days, subject.share, archive)
    if null in {"days", "weeks"}:
        assert archive is not None
        word = subject.words[int(rng.integers(len(subject.words)))]
        return deal_days(rng, days, archive, word, whole_weeks=null == "weeks")

    memory = next(memory for memory in MEMORIES if f" {memory} " in null)
    return sway(rng, days, subject.share, memory, archive)


def measure_errors(rng: np.random.Generator, series: int, archive: Archive | None) -> bool:
    """Print in how many series there is any event; return whether they are too many."""
    harness.remark(f"{series:,} series of each kind in which nothing changes; with any event")
    first = date(2010, 1, 4)
    too_many = False
    for null in list_nulls(archive):
        for size, share in SIZES.items():
            words = archive.ordinary_words(share) if archive is not None else ()
            subject = Subject(share, words)
            for months in LENGTHS:
                days = (date(2010 + months // 12, 1, 31) - first).days
                found = []
                for _ in range(max(1, series * min(LENGTHS) // months)):
                    dealt = make_null(rng, null, days, subject, archive)
                    found.append(find_share_surprises(*dealt, first).events)

                too_many |= print_any_event(f"{null}; {size}; {months} months", found)

    return too_many


def measure_seasons(rng: np.random.Generator, series: int, archive: Archive | None) -> bool:
    """Print in how many series of a season there is any event after the first two years."""
    first = date(2010, 1, 4)
    season_begins = first.year + FEWEST_SEASON_YEARS
    too_many = False
    for size, share in SIZES.items():
        for years in (3, 5):
            days = [first + timedelta(number) for number in range(365 * years)]
            rates = np.array(
                [share * (TIMES_IN_DECEMBER if day.month == 12 else 1) for day in days]
            )

            later_events = []
            for _ in range(max(1, series * 2 // years)):
                dealt = sway(rng, len(days), rates, min(MEMORIES), archive)
                events = find_share_surprises(*dealt, first).events
                later_events.append(
                    [
                        event
                        for event in events
                        if grains.first_day(event.period).year >= season_begins
                    ]
                )

            label = f"each December; {size}; years 3 to {years}"
            too_many |= print_any_event(label, later_events)

    return too_many


def print_any_event(label: str, events_of_series: Sequence[Sequence[Event]]) -> bool:
    """Print how many of the series have any event; return whether they are too many."""
    count = len(events_of_series)
    eventful: Counter[str] = Counter()
    for events in events_of_series:
        event_grains = {event.grain.value for event in events}
        eventful.update(event_grains)
        eventful["any"] += bool(event_grains)

    note = f"{eventful['month'] / count:.1%} by month, {eventful['week'] / count:.1%} by week"
    harness.print_share(f"any event: {label}", eventful["any"] / count, most=WANTED, note=note)
    return eventful["any"] > most_by_chance(count)


def most_by_chance(series: int) -> int:
    """Return how many of *series* have an event in 99.7 % of all seeds where 5 % would."""
    return math.floor(WANTED * series + 3 * math.sqrt(series * WANTED * (1 - WANTED)))


# --- changes that were real ---


def find_rises(archive: Archive, word: str) -> dict[str, float]:
    """Return the months with at least three times the share of the year before, and how often."""
    counts = archive.matched[word].tolist(), archive.documents.tolist()
    rows = count_periods(*counts, archive.first, Grain.MONTH)
    rises = {}
    for place, row in enumerate(rows[2:], 2):
        before = rows[max(0, place - 12) : place]
        matched = sum(earlier.matched or 0 for earlier in before)
        usual = matched / sum(earlier.documents for earlier in before)
        now = (row.matched or 0) / row.documents
        if (row.matched or 0) >= FEWEST and now >= TIMES[0] * usual:
            rises[row.period] = now / usual if usual else math.inf

    return rises


def is_in_season(archive: Archive, word: str, period: str) -> bool:
    """Return whether a word had half its share of a month in the same month a year before."""
    year = int(period[:4]) - 1
    same_month = f"{year}{period[4:]}"
    counts = archive.matched[word].tolist(), archive.documents.tolist()
    rows = {row.period: row for row in count_periods(*counts, archive.first, Grain.MONTH)}
    if same_month not in rows:
        return False

    now, before = rows[period], rows[same_month]
    return 2 * (before.matched or 0) / before.documents >= (now.matched or 0) / now.documents


def choose_rising(archive: Archive) -> list[str]:
    """Return the words with a rise that depart most from an even spread over the months."""

    def largest_excess(word: str) -> float:
        counts = archive.matched[word].tolist(), archive.documents.tolist()
        rows = count_periods(*counts, archive.first, Grain.MONTH)
        share = sum(row.matched or 0 for row in rows) / sum(row.documents for row in rows)
        excesses = [
            ((row.matched or 0) - row.documents * share) / math.sqrt(row.documents * share)
            for row in rows
        ]
        return max(excesses)

    rising = [word for word in archive.matched if find_rises(archive, word)]
    return sorted(rising, key=largest_excess, reverse=True)


def measure_recall(archive: Archive, words: Sequence[str], name: str) -> None:
    """Print how many of the rises of *words* are told, by month, by month or week, and listed.

    Listed are events and the largest changes that are none, of a run with this word alone. A month
    as a year before is of a season, and not to be told.
    """
    told: Counter[tuple[int, str]] = Counter()
    for word in words:
        surprises = find_share_surprises(archive.matched[word], archive.documents, archive.first)
        months = {event.period for event in surprises.events if event.grain == Grain.MONTH}
        any_months = list_months_of(surprises.events)
        listed_months = any_months | list_months_of(surprises.changes)
        for period, ratio in find_rises(archive, word).items():
            for times in TIMES:
                if ratio >= times:
                    is_told = period in months
                    is_new = not is_in_season(archive, word, period)
                    told[times, "new"] += is_new
                    told[times, "new and told"] += is_new and is_told
                    told[times, "rises"] += 1
                    told[times, "month"] += is_told
                    told[times, "any"] += period in any_months
                    told[times, "listed"] += period in listed_months

    for times in TIMES:
        rises = told[times, "rises"]
        if rises:
            note = (
                f"of {rises}; {told[times, 'any'] / rises:.0%} by month or week; "
                f"{told[times, 'listed'] / rises:.0%} told or among the largest changes; "
                f"{told[times, 'new and told']} of the {told[times, 'new']} that are not as a year "
                "before"
            )
            percent = [100 * told[times, "month"] / rises]
            harness.print_figure(f"{times} times: {name}", percent, "%", note=note)


def list_months_of(events: Sequence[Event]) -> set[str]:
    """Return the months that hold a day of *events*."""
    months = set()
    for event in events:
        months |= {grains.period_of(day, Grain.MONTH) for day in grains.days_of(event.period)}

    return months


def count_ordinary_events(archive: Archive) -> None:
    """Print how many events the ordinary words of each size have in two years."""
    for size, share in SIZES.items():
        words = archive.ordinary_words(share)
        events = [
            len(
                find_share_surprises(archive.matched[word], archive.documents, archive.first).events
            )
            for word in words
        ]
        note = f"of {len(words)} words; {sum(map(bool, events))} have one"
        harness.print_figure(f"events: {size}", [sum(events)], "events", note=note)


def main() -> int:
    options = harness.parse_options(__doc__, series=400, seed=1, folder="")
    rng = np.random.default_rng(options.seed)
    archive = read_archive(Path(options.folder)) if options.folder else None
    if archive is None:
        harness.remark("the two years of headlines are not there: no real day, word or rise")

    too_many = measure_errors(rng, options.series, archive)
    too_many |= measure_seasons(rng, options.series, archive)
    if archive is not None:
        rising = choose_rising(archive)
        measure_recall(archive, rising[:RISING], f"the {RISING} words that rise most")
        measure_recall(archive, rising, f"all {len(rising)} words with a rise")
        count_ordinary_events(archive)

    return int(too_many)


if __name__ == "__main__":
    sys.exit(main())
